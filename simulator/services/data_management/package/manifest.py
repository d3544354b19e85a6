"""Manifest.xml and PackageHeader.xml: bytes to values and back.

Exported members are UTF-16 LE with BOM, no declaration, one line; UTF-8 is read as well. The
document is a data contract's: other namespaces are not understood. Sources: a captured export
package, "Data entities and packages".
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.sax.saxutils import escape

from windtunnel.contracts.csdl import CsdlError, Node
from windtunnel.contracts.csdl.read import parse_xml
from windtunnel.simulator.services.data_management.faults import ManifestBroken
from windtunnel.simulator.services.data_management.package.archive import HEADER, MANIFEST

NAMESPACE: Final = "http://schemas.microsoft.com/dynamics/2015/01/DataManagement"
INSTANCE: Final = "http://www.w3.org/2001/XMLSchema-instance"
MANIFEST_TYPE: Final = (
    "Microsoft.Dynamics.AX.Framework.Tools.DataManagement.Serialization."
    "DataManagementPackageManifest"
)
_CARRIAGE_RETURN: Final = {"\r": "&#13;"}
_ROOT: Final = "DataManagementPackageManifest"
_HEADER_ROOT: Final = "DataManagementPackageHeader"


@dataclass(frozen=True, slots=True)
class FieldMap:
    """One line of the mapping: a column of the file fills a field of the staging table."""

    entity_field: str
    xml_field: str
    is_auto_generated: bool = False
    is_auto_default: bool = False
    default: str = ""
    use_text_qualifier: bool = False
    conversions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PackageEntity:
    """One entity of a package: its file, its place in the order, its mapping."""

    name: str
    input_file: str
    source_format: str
    unit: int = 1
    level: int = 1
    sequence: int = 1
    fail_level_on_error: bool = False
    fail_unit_on_error: bool = False
    runs_logic: bool = True
    runs_validation: bool = True
    skips_staging: bool = False
    is_disabled: bool = False
    truncates: bool = False
    refresh_type: str = "FullPush"
    sheet: str = ""
    sample_file: str = ""
    maps: tuple[FieldMap, ...] = ()
    is_transformed: bool = False


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a package holds. `version` 1 is the old form, 2 today's."""

    name: str
    description: str = ""
    entities: tuple[PackageEntity, ...] = field(default=())
    version: str = "2"


# -- reading --------------------------------------------------------------------------------------


def read_manifest(manifest: bytes, header: bytes) -> Manifest:
    """Both members as one value. Raises ManifestBroken with file, line and column."""
    head = _root(header, HEADER, _HEADER_ROOT)
    kind = _text(head, "PackageType")
    if kind and kind != "DefinitionGroup":
        raise ManifestBroken(
            file=HEADER, line=head.line, reason=f"The package type '{kind}' is unknown."
        )
    root = _root(manifest, MANIFEST, _ROOT)
    listed = next(root.each("PackageEntityList"), None)
    nodes = listed.each("DataManagementPackageEntityData") if listed is not None else ()
    return Manifest(
        _text(root, "DefinitionGroupName"),
        _text(root, "Description") or _text(head, "Description"),
        tuple([_entity(node) for node in nodes]),
        _text(head, "PackageVersion") or "1",
    )


def _root(data: bytes, file: str, name: str) -> Node:
    try:
        node = parse_xml(data)
    except CsdlError as error:
        raise ManifestBroken(
            file=file, line=error.line, column=error.column, reason=error.message
        ) from error
    prefix, _, local = node.name.rpartition(":")
    space = node.get(f"xmlns:{prefix}" if prefix else "xmlns")
    if local != name or space != NAMESPACE:
        raise ManifestBroken(
            file=file,
            line=node.line,
            column=1,
            reason=f"Expecting element '{name}' from namespace '{NAMESPACE}'. Encountered "
            f"'Element' with name '{local}', namespace '{space}'.",
        )
    return node


def _entity(node: Node) -> PackageEntity:
    listed = next(node.each("EntityMapList"), None)
    maps = tuple([_map(item) for item in listed.each("EntityMap")] if listed is not None else ())
    name = _text(node, "EntityName")
    if not name:
        raise ManifestBroken(file=MANIFEST, line=node.line, reason="An entity has no EntityName.")
    return PackageEntity(
        name,
        _text(node, "InputFilePath"),
        _text(node, "SourceFormat"),
        _number(node, "ExecutionUnit"),
        _number(node, "LevelInExecutionUnit"),
        _number(node, "SequenceInLevel"),
        _flag(node, "FailLevelOnError"),
        _flag(node, "FailExecutionUnitOnError"),
        _flag(node, "RunBusinessLogic", default=True),
        _flag(node, "RunBusinessValidation", default=True),
        _flag(node, "SkipStaging"),
        _flag(node, "Disable"),
        _flag(node, "TruncateEntityData"),
        _text(node, "DefaultRefreshType") or "FullPush",
        _text(node, "ExcelSheetName"),
        _text(node, "SampleFilePath"),
        maps,
        any(item.children for item in node.each("EntityTransformList")),
    )


def _map(node: Node) -> FieldMap:
    listed = next(node.each("EntityFieldConversionList"), None)
    conversions = [
        (_text(item, "SourceValue"), _text(item, "TargetValue"))
        for item in (listed.children if listed is not None else ())
    ]
    return FieldMap(
        _text(node, "EntityField"),
        _text(node, "XMLField"),
        _flag(node, "IsAutoGenerated"),
        _flag(node, "IsAutoDefault"),
        _text(node, "DefaultValue"),
        _flag(node, "UseTextQualifier"),
        tuple(conversions),
    )


def _text(node: Node, name: str) -> str:
    found = next(node.each(name), None)
    return found.text.strip() if found is not None else ""


def _number(node: Node, name: str) -> int:
    text = _text(node, name)
    if not text:
        return 1
    if not text.isdecimal() or not text.isascii() or len(text) > 9:
        found = next(node.each(name))
        raise ManifestBroken(
            file=MANIFEST, line=found.line, reason=f"'{text}' is no number for {name}."
        )
    return int(text)


def _flag(node: Node, name: str, *, default: bool = False) -> bool:
    text = _text(node, name).lower()
    return text in {"true", "yes", "1"} if text else default


# -- writing --------------------------------------------------------------------------------------


def write_manifest(manifest: Manifest) -> bytes:
    """Manifest.xml in the form of an export. Children stand in alphabetical order."""
    entities = "".join([_entity_text(entity) for entity in manifest.entities])
    return _exported(
        f'<{_ROOT} xmlns:i="{INSTANCE}" xmlns="{NAMESPACE}">'
        f"{_element('DefinitionGroupName', manifest.name)}"
        f"{_element('Description', manifest.description)}"
        f"<PackageEntityList>{entities}</PackageEntityList></{_ROOT}>"
    )


def write_header(manifest: Manifest) -> bytes:
    """PackageHeader.xml in the form of an export."""
    return _exported(
        f'<{_HEADER_ROOT} xmlns:i="{INSTANCE}" xmlns="{NAMESPACE}">'
        f"{_element('Description', manifest.description)}"
        f"{_element('ManifestType', MANIFEST_TYPE)}"
        f"{_element('PackageType', 'DefinitionGroup')}"
        f"{_element('PackageVersion', manifest.version)}</{_HEADER_ROOT}>"
    )


def _exported(text: str) -> bytes:
    return codecs.BOM_UTF16_LE + text.encode("utf-16-le")


def _entity_text(entity: PackageEntity) -> str:
    maps = "".join(["".join(_map_text(line)) for line in entity.maps])
    pairs = (
        _element("DefaultRefreshType", entity.refresh_type),
        _element("Disable", entity.is_disabled),
        f"<EntityMapList>{maps}</EntityMapList>",
        _element("EntityName", entity.name),
        '<EntityTransformList i:nil="true"/>',
        _element("ExcelSheetName", entity.sheet),
        _element("ExecutionUnit", entity.unit),
        _element("FailExecutionUnitOnError", entity.fail_unit_on_error),
        _element("FailLevelOnError", entity.fail_level_on_error),
        _element("InputFilePath", entity.input_file),
        _element("LevelInExecutionUnit", entity.level),
        _element("RunBusinessLogic", entity.runs_logic),
        _element("RunBusinessValidation", entity.runs_validation),
        _element("SampleFilePath", entity.sample_file),
        _element("SequenceInLevel", entity.sequence),
        _element("SkipStaging", entity.skips_staging),
        _element("SourceFormat", entity.source_format),
        # unconfirmed: no capture has an element for truncation; the name is the OData field's.
        _element("TruncateEntityData", entity.truncates) if entity.truncates else "",
        _element("ValidationStatus", "Yes"),
    )
    return (
        "<DataManagementPackageEntityData>" + "".join(pairs) + "</DataManagementPackageEntityData>"
    )


def _map_text(line: FieldMap) -> Iterator[str]:
    yield "<EntityMap><ArrayIndex>0</ArrayIndex>"
    if line.default:
        yield _element("DefaultValue", line.default)
    yield _element("EntityField", line.entity_field)
    if line.conversions:
        yield "<EntityFieldConversionList>"
        for source, target in line.conversions:
            yield "<EntityFieldConversion>"
            yield _element("SourceValue", source) + _element("TargetValue", target)
            yield "</EntityFieldConversion>"
        yield "</EntityFieldConversionList>"
    else:
        yield '<EntityFieldConversionList i:nil="true"/>'
    yield _element("IsAutoDefault", line.is_auto_default)
    yield _element("IsAutoGenerated", line.is_auto_generated)
    yield _element("IsDefaultValueEqualNull", value=False)
    yield _element("UseTextQualifier", line.use_text_qualifier)
    yield _element("XMLField", line.xml_field)
    yield "</EntityMap>"


def _element(name: str, value: str | int | bool) -> str:
    if isinstance(value, bool):
        value = "true" if value else "false"
    return (
        f"<{name}>{escape(str(value), _CARRIAGE_RETURN)}</{name}>" if value != "" else f"<{name}/>"
    )

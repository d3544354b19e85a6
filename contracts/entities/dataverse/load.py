"""CSDL to table definitions: our own documents with their annotations, and anybody's without."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from xml.etree import ElementTree as ET

from windtunnel.contracts.entities.dataverse.definitions import (
    ColumnDefinition,
    Option,
    Relation,
    TableDefinition,
    metadata_id,
)

_EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
_OURS = "Windtunnel.V1."
_KEYS = "OData.Community.Keys.V1.AlternateKeys"
_DOCTYPE = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_TYPES = {
    "Edm.String": "String",
    "Edm.Int32": "Integer",
    "Edm.Int64": "BigInt",
    "Edm.Decimal": "Decimal",
    "Edm.Double": "Double",
    "Edm.Boolean": "Boolean",
    "Edm.DateTimeOffset": "DateTime",
    "Edm.Date": "DateTime",
    "Edm.Guid": "Uniqueidentifier",
    "Edm.Binary": "Image",
}
_KNOWN_IDS = {
    "account": "70816501-edb9-4740-a16c-6a5efbc05d84",
    "contact": "608861bc-50a4-4c5f-a02c-21fe1943e2cf",
    "opportunity": "30b0cd7e-0081-42e1-9a48-688442277fae",
    "incident": "e3fe4ff2-a630-49bb-a1e9-debc3a076815",
    "lead": "dc6574cb-92ce-446c-a5d6-885a75107d52",
}


class CsdlProblem(ValueError):
    """A document that cannot be read: `line` and `column` count from 1, 0 where unknown."""

    is_usage_error = True

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        self.line, self.column = line, column
        super().__init__(f"line {line}, column {column}: {message}" if line else message)


@cache
def standard_tables() -> tuple[TableDefinition, ...]:
    """The standard tables that ship with windtunnel."""
    document = files("windtunnel.contracts.entities.dataverse").joinpath("tables.xml")
    return tuple(tables_from_csdl(document.read_bytes(), is_custom=False))


def tables_from_csdl(document: bytes, *, is_custom: bool = True) -> list[TableDefinition]:
    """The tables of a $metadata or CSDL document, with all keys, lookups and choices it tells.

    Columns without our annotations get the AttributeType that their Edm type suggests. Raises
    CsdlProblem with line and column.
    """
    if _DOCTYPE.search(document[:65_536]):
        raise CsdlProblem("A document type or entity declaration is refused.")
    try:
        root = ET.fromstring(document)  # noqa: S314 - declarations of entities were refused above
    except ET.ParseError as error:
        line, column = error.position
        raise CsdlProblem(f"is not well-formed XML: {error.msg}", line, column + 1) from error
    types = {found.get("Name", ""): found for found in root.iter(f"{_EDM}EntityType")}
    sets = {
        (found.get("EntityType") or "").rpartition(".")[2]: found.get("Name", "")
        for found in root.iter(f"{_EDM}EntitySet")
    }
    if not sets:
        raise CsdlProblem("There is no EntitySet in the document.")
    return [
        _table(name, types, sets, is_custom)
        for name in types
        if name in sets and types[name].get("Abstract") != "true"
    ]


def _lineage(name: str, types: dict[str, ET.Element]) -> list[ET.Element]:
    """The type and its bases, the deepest base first."""
    chain: list[ET.Element] = []
    while name in types and types[name] not in chain:
        chain.append(types[name])
        name = (types[name].get("BaseType") or "").rpartition(".")[2]
    return chain[::-1]


def _notes(element: ET.Element) -> dict[str, str]:
    return {
        (note.get("Term") or "").removeprefix(_OURS): note.get("String", "")
        for note in element.findall(f"{_EDM}Annotation")
        if (note.get("Term") or "").startswith(_OURS)
    }


def _table(
    name: str, types: dict[str, ET.Element], sets: dict[str, str], is_custom: bool
) -> TableDefinition:
    lineage = _lineage(name, types)
    element = types[name]
    notes = _notes(element)
    keys = [ref for part in lineage for ref in part.findall(f"{_EDM}Key/{_EDM}PropertyRef")]
    if not keys:
        raise CsdlProblem(f"The entity type '{name}' has no key.")
    primary = keys[-1].get("Name", "")
    properties = [p for part in lineage for p in part.findall(f"{_EDM}Property")]
    columns = {p.get("Name", ""): _column(p, primary, is_custom) for p in properties}
    relations = {}
    for part in lineage:
        for navigation in part.findall(f"{_EDM}NavigationProperty"):
            relation = _relation(navigation, types, sets)
            if relation is not None:
                relations[relation.name] = relation
    label = notes.get("Label") or name
    return TableDefinition(
        logical_name=name,
        schema_name=notes.get("SchemaName") or (name if "_" in name else name.capitalize()),
        entity_set=sets[name],
        primary_id=primary,
        primary_name=notes.get("PrimaryName") or _likely_name(columns),
        columns=columns,
        relations=relations,
        keys=_alternate_keys(element),
        label=label,
        collection_label=notes.get("CollectionLabel") or f"{label}s",
        object_type_code=int(notes.get("ObjectTypeCode") or 10_000 + len(name)),
        ownership=notes.get("Ownership") or "UserOwned",
        default_status={
            int(pair.partition("=")[0]): int(pair.partition("=")[2])
            for pair in notes.get("DefaultStatus", "").split(";")
            if pair
        },
        is_custom=is_custom,
        metadata_id=_KNOWN_IDS.get(name) or metadata_id(name),
    )


def _likely_name(columns: dict[str, ColumnDefinition]) -> str:
    texts = [column.name for column in columns.values() if column.edm == "Edm.String"]
    named = [text for text in texts if text == "name" or text.endswith("_name")]
    return (named or texts or [""])[0]


def _column(element: ET.Element, primary: str, is_custom: bool) -> ColumnDefinition:
    name, edm = element.get("Name", ""), element.get("Type", "")
    notes = _notes(element)
    kind = notes.get("Type") or _TYPES.get(edm, "Virtual")
    if name.startswith("_") and name.endswith("_value"):
        kind = "Lookup"
    length = notes.get("MaxLength") or element.get("MaxLength")
    return ColumnDefinition(
        name=name,
        type="Uniqueidentifier" if name == primary else kind,
        edm=edm,
        label=notes.get("Label", ""),
        max_length=int(length) if length and length.isdigit() else None,
        options=_options(notes.get("Options", "")),
        required=notes.get("Required", "none"),
        minimum=float(notes["MinimumValue"]) if "MinimumValue" in notes else None,
        maximum=float(notes["MaximumValue"]) if "MaximumValue" in notes else None,
        is_custom=is_custom,
    )


def _options(text: str) -> tuple[Option, ...]:
    found = []
    for part in text.split(";"):
        value, _, label = part.partition("=")
        if value:
            number, _, state = value.partition("@")
            found.append(Option(int(number), label, int(state) if state else None))
    return tuple(found)


def _relation(
    element: ET.Element, types: dict[str, ET.Element], sets: dict[str, str]
) -> Relation | None:
    name, kind = element.get("Name", ""), element.get("Type", "")
    collection = kind.startswith("Collection(")
    target = kind.removeprefix("Collection(").removesuffix(")").rpartition(".")[2]
    if target not in sets:
        return None
    partner = element.get("Partner", "")
    if collection:
        back = next(
            (
                found
                for part in _lineage(target, types)
                for found in part.findall(f"{_EDM}NavigationProperty")
                if found.get("Name") == partner
            ),
            None,
        )
        pairs = tuple((far, own) for own, far in _pairs(back))
    else:
        pairs = _pairs(element)
    return Relation(name, target, collection, pairs, partner) if pairs else None


def _pairs(element: ET.Element | None) -> tuple[tuple[str, str], ...]:
    if element is None:
        return ()
    return tuple(
        (link.get("Property", ""), link.get("ReferencedProperty", ""))
        for link in element.findall(f"{_EDM}ReferentialConstraint")
    )


def _alternate_keys(element: ET.Element) -> dict[str, tuple[str, ...]]:
    keys: dict[str, tuple[str, ...]] = {}
    for note in element.findall(f"{_EDM}Annotation"):
        if not (note.get("Term") or "").endswith("AlternateKeys"):
            continue
        for record in note.iter(f"{_EDM}Record"):
            name, columns = "", []
            for value in record.findall(f"{_EDM}PropertyValue"):
                if value.get("Property") == "Name" and value.get("String"):
                    name = value.get("String", "")
                columns += [
                    inner.get("PropertyPath", "")
                    for inner in value.iter(f"{_EDM}PropertyValue")
                    if inner.get("Property") == "Name" and inner.get("PropertyPath")
                ]
            if columns:
                keys[name or "_".join(columns)] = tuple(columns)
    return keys

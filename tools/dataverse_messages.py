"""Writes contracts/entities/dataverse/messages.xml: the standard functions and actions.

Reads $metadata documents of real organisations from a folder given as argument. Standard is what
all of them have with the same parameters; their types come along. `NEWER` adds what came later.
"""

from __future__ import annotations

import gzip
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from xml.sax.saxutils import quoteattr

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
OUT = Path(__file__).parent.parent / "contracts/entities/dataverse/messages.xml"
DOCUMENTS = ("dataverse-ess-2022-10", "dataverse-lcrb-2020-11", "dataverse-dfa-2022-07.wire")
QUERY_FUNCTION_PARAMETER = "PropertyName"

# kind, name, bound to, parameters (name, type, required), result type
NEWER = [
    ("Action", "CreateMultiple", "Collection(crmbaseentity)", [("Targets", "Collection(crmbaseentity)", True)], "CreateMultipleResponse"),
    ("Action", "UpdateMultiple", "Collection(crmbaseentity)", [("Targets", "Collection(crmbaseentity)", True)], ""),
    ("Action", "UpsertMultiple", "Collection(crmbaseentity)", [("Targets", "Collection(crmbaseentity)", True)], ""),
    ("Action", "DeleteMultiple", "Collection(crmbaseentity)", [("Targets", "Collection(crmbaseentity)", True)], ""),
    ("Action", "CreateEntities", "", [("Entities", "Collection(ComplexEntityMetadata)", True), ("SolutionUniqueName", "Edm.String", False)], "CreateEntitiesResponse"),
    ("Action", "CreatePolymorphicLookupAttribute", "", [("Lookup", "ComplexLookupAttributeMetadata", False), ("OneToManyRelationships", "Collection(ComplexOneToManyRelationshipMetadata)", False), ("SolutionUniqueName", "Edm.String", False)], "CreatePolymorphicLookupAttributeResponse"),
    ("Action", "InitializeFileBlocksUpload", "", [("Target", "crmbaseentity", True), ("FileAttributeName", "Edm.String", True), ("FileName", "Edm.String", True)], "InitializeFileBlocksUploadResponse"),
    ("Action", "UploadBlock", "", [("BlockId", "Edm.String", True), ("BlockData", "Edm.Binary", True), ("FileContinuationToken", "Edm.String", True)], ""),
    ("Action", "CommitFileBlocksUpload", "", [("FileName", "Edm.String", True), ("MimeType", "Edm.String", True), ("BlockList", "Collection(Edm.String)", True), ("FileContinuationToken", "Edm.String", True)], "CommitFileBlocksUploadResponse"),
    ("Action", "InitializeFileBlocksDownload", "", [("Target", "crmbaseentity", True), ("FileAttributeName", "Edm.String", True)], "InitializeFileBlocksDownloadResponse"),
    ("Action", "DownloadBlock", "", [("Offset", "Edm.Int64", True), ("BlockLength", "Edm.Int64", True), ("FileContinuationToken", "Edm.String", True)], "DownloadBlockResponse"),
    ("Action", "DeleteFile", "", [("FileId", "Edm.Guid", True)], ""),
    ("Action", "InitializeAnnotationBlocksUpload", "", [("Target", "annotation", True)], "InitializeAnnotationBlocksUploadResponse"),
    ("Action", "CommitAnnotationBlocksUpload", "", [("Target", "annotation", True), ("BlockList", "Collection(Edm.String)", True), ("FileContinuationToken", "Edm.String", True)], "CommitAnnotationBlocksUploadResponse"),
    ("Action", "InitializeAnnotationBlocksDownload", "", [("Target", "annotation", True)], "InitializeAnnotationBlocksDownloadResponse"),
    ("Action", "InitializeAttachmentBlocksUpload", "", [("Target", "crmbaseentity", True)], "InitializeAttachmentBlocksUploadResponse"),
    ("Action", "CommitAttachmentBlocksUpload", "", [("Target", "crmbaseentity", True), ("BlockList", "Collection(Edm.String)", True), ("FileContinuationToken", "Edm.String", True)], "CommitAttachmentBlocksUploadResponse"),
    ("Action", "InitializeAttachmentBlocksDownload", "", [("Target", "crmbaseentity", True)], "InitializeAttachmentBlocksDownloadResponse"),
    ("Action", "searchquery", "", [("search", "Edm.String", True), *[(name, "Edm.String", False) for name in ("entities", "facets", "filter", "options", "orderby", "propertybag")], ("count", "Edm.Boolean", False), ("skip", "Edm.Int32", False), ("top", "Edm.Int32", False)], "searchqueryResponse"),
    ("Action", "searchsuggest", "", [("search", "Edm.String", True), *[(name, "Edm.String", False) for name in ("entities", "filter", "options", "orderby", "propertybag")], ("fuzzy", "Edm.Boolean", False), ("top", "Edm.Int32", False)], "searchsuggestResponse"),
    ("Action", "searchautocomplete", "", [("search", "Edm.String", True), *[(name, "Edm.String", False) for name in ("entities", "filter", "propertybag")], ("fuzzy", "Edm.Boolean", False)], "searchautocompleteResponse"),
    ("Function", "searchstatus", "", [], "searchstatusResponse"),
    ("Function", "searchstatistics", "", [], "searchstatisticsResponse"),
    ("Function", "GetAutoNumberSeed", "", [("EntityName", "Edm.String", True), ("AttributeName", "Edm.String", True)], "GetAutoNumberSeedResponse"),
    ("Function", "GetNextAutoNumberValue", "", [("EntityName", "Edm.String", True), ("AttributeName", "Edm.String", True)], "GetNextAutoNumberValueResponse"),
    ("Function", "ExecuteCosmosSqlQuery", "", [("QueryText", "Edm.String", True), ("EntityLogicalName", "Edm.String", True), ("QueryParameters", "crmbaseentity", False), ("PageSize", "Edm.Int64", False), ("PagingCookie", "Edm.String", False), ("PartitionId", "Edm.String", False)], "expando"),
]  # fmt: skip
NEWER_TYPES = {
    "CreateMultipleResponse": [("Ids", "Collection(Edm.Guid)")],
    "CreatePolymorphicLookupAttributeResponse": [
        ("RelationshipIds", "Collection(Edm.Guid)"),
        ("AttributeId", "Edm.Guid"),
    ],
    "CreateEntitiesResponse": [("EntityIds", "Collection(Edm.Guid)")],
    "InitializeFileBlocksUploadResponse": [("FileContinuationToken", "Edm.String")],
    "CommitFileBlocksUploadResponse": [("FileId", "Edm.Guid"), ("FileSizeInBytes", "Edm.Int64")],
    "InitializeFileBlocksDownloadResponse": [
        ("FileContinuationToken", "Edm.String"),
        ("FileSizeInBytes", "Edm.Int64"),
        ("FileName", "Edm.String"),
        ("IsChunkingSupported", "Edm.Boolean"),
    ],
    "DownloadBlockResponse": [("Data", "Edm.Binary")],
    "InitializeAnnotationBlocksUploadResponse": [("FileContinuationToken", "Edm.String")],
    "CommitAnnotationBlocksUploadResponse": [
        ("AnnotationId", "Edm.Guid"),
        ("FileSizeInBytes", "Edm.Int64"),
    ],
    "InitializeAnnotationBlocksDownloadResponse": [
        ("FileContinuationToken", "Edm.String"),
        ("FileSizeInBytes", "Edm.Int32"),
        ("FileName", "Edm.String"),
    ],
    "InitializeAttachmentBlocksUploadResponse": [("FileContinuationToken", "Edm.String")],
    "CommitAttachmentBlocksUploadResponse": [
        ("ActivityMimeAttachmentId", "Edm.Guid"),
        ("FileSizeInBytes", "Edm.Int64"),
    ],
    "InitializeAttachmentBlocksDownloadResponse": [
        ("FileContinuationToken", "Edm.String"),
        ("FileSizeInBytes", "Edm.Int32"),
        ("FileName", "Edm.String"),
    ],
    "searchqueryResponse": [("response", "Edm.String")],
    "searchsuggestResponse": [("response", "Edm.String")],
    "searchautocompleteResponse": [("response", "Edm.String")],
    "searchstatusResponse": [("response", "Edm.String")],
    "searchstatisticsResponse": [("response", "Edm.String")],
    "GetAutoNumberSeedResponse": [("AutoNumberSeedValue", "Edm.Int64")],
    "GetNextAutoNumberValueResponse": [("NextAutoNumberValue", "Edm.Int64")],
}

NEWER_MEMBERS = {"RolePrivilege": [("PrivilegeName", "Edm.String")]}
"""Members of older types that the documentation shows and the documents do not have yet."""
OPTIONAL = {("Merge", "UpdateContent")}
"""Parameters that the documentation calls optional although the documents do not."""


def schema_of(data: Path, name: str) -> ET.Element:
    with gzip.open(data / "csdl" / f"{name}.xml.gz") as file:
        found = ET.parse(file).getroot().find(f".//{EDM}Schema")
    assert found is not None
    return found


def signature(operation: ET.Element) -> tuple[str, ...]:
    parts = [operation.tag, operation.get("Name", "")]
    parts += [f"{p.get('Name')}:{p.get('Type')}" for p in operation.iter(f"{EDM}Parameter")]
    return tuple(parts)


def operations(schema: ET.Element) -> dict[tuple[str, ...], ET.Element]:
    return {
        signature(found): found
        for kind in ("Action", "Function")
        for found in schema.findall(EDM + kind)
    }


def is_query_function(operation: ET.Element) -> bool:
    return any(p.get("Name") == QUERY_FUNCTION_PARAMETER for p in operation.iter(f"{EDM}Parameter"))


def bare(kind: str) -> str:
    return kind.removeprefix("Collection(").removesuffix(")").removeprefix("mscrm.")


def types_in(element: ET.Element) -> Iterator[str]:
    for inner in element.iter():
        if inner.get("Type"):
            yield bare(inner.get("Type", ""))
    if element.get("BaseType"):
        yield bare(element.get("BaseType", ""))


def line(tag: str, **attributes: str) -> str:
    shown = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items() if value)
    return f"<{tag}{shown}/>"


def short(kind: str) -> str:
    return kind.replace("mscrm.", "")


def main(data: Path) -> None:
    schemas = [schema_of(data, name) for name in DOCUMENTS]
    found = [operations(schema) for schema in schemas]
    standard = {
        key: operation
        for key, operation in found[0].items()
        if all(key in other for other in found[1:])
        and "_" not in operation.get("Name", "")
        and not is_query_function(operation)
    }
    types = {
        t.get("Name", ""): t
        for schema in reversed(schemas)
        for tag in ("ComplexType", "EnumType")
        for t in schema.findall(EDM + tag)
    }
    wanted: set[str] = set()
    pending = [t for operation in standard.values() for t in types_in(operation)]
    pending.append("ComplexEntityMetadata")
    while pending:
        name = pending.pop()
        if name in types and name not in wanted:
            wanted.add(name)
            pending += list(types_in(types[name]))
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        "<!-- Standard functions and actions of the Web API and their types: facts from public metadata",
        "     of real organisations, in our own form; made by tools/dataverse_messages.py. -->",
        "<messages>",
    ]
    for name in sorted(wanted):
        element = types[name]
        if element.tag == f"{EDM}EnumType":
            flags = "1" if element.get("IsFlags") == "true" else ""
            lines.append(line("enum", name=name, flags=flags)[:-2] + ">")
            lines += [line("m", name=m.get("Name", ""), value=m.get("Value", "")) for m in element]
            lines.append("</enum>")
        else:
            opening = line(
                "complex",
                name=name,
                base=short(element.get("BaseType", "")),
                open="1" if element.get("OpenType") == "true" else "",
            )
            lines.append(opening[:-2] + ">")
            for member in element:
                if member.tag in {f"{EDM}Property", f"{EDM}NavigationProperty"}:
                    is_link = "1" if member.tag == f"{EDM}NavigationProperty" else ""
                    must = "1" if member.get("Nullable") == "false" else ""
                    lines.append(
                        line(
                            "p",
                            name=member.get("Name", ""),
                            type=short(member.get("Type", "")),
                            required=must,
                            link=is_link,
                        )
                    )
            lines += [line("p", name=n, type=t) for n, t in NEWER_MEMBERS.get(name, ())]
            lines.append("</complex>")
    for name, members in NEWER_TYPES.items():
        if name not in wanted:
            lines.append(f'<complex name="{name}">')
            lines += [line("p", name=n, type=t) for n, t in members]
            lines.append("</complex>")
    known = set()
    for operation in sorted(standard.values(), key=lambda o: (o.get("Name", ""), signature(o))):
        known.add(operation.get("Name"))
        parameters = list(operation.iter(f"{EDM}Parameter"))
        bound = ""
        if operation.get("IsBound") == "true":
            bound = short(parameters.pop(0).get("Type", ""))
            if operation.get("Name") == "UtcTimeFromLocalTime":
                bound = ""  # the documents bind it to a collection of resource groups by mistake
        returned = operation.find(f"{EDM}ReturnType")
        result = short(returned.get("Type", "")) if returned is not None else ""
        tag = operation.tag.removeprefix(EDM).lower()
        lines.append(
            line(tag, name=operation.get("Name", ""), bound=bound, result=result)[:-2] + ">"
        )
        for p in parameters:
            is_optional = (operation.get("Name"), p.get("Name")) in OPTIONAL
            must = "1" if p.get("Nullable") == "false" and not is_optional else ""
            lines.append(
                line("p", name=p.get("Name", ""), type=short(p.get("Type", "")), required=must)
            )
        lines.append(f"</{tag}>")
    for kind, name, bound, listed, result in NEWER:
        if name in known:
            continue
        tag = kind.lower()
        lines.append(line(tag, name=name, bound=bound, result=result)[:-2] + ">")
        lines += [line("p", name=n, type=t, required="1" if must else "") for n, t, must in listed]
        lines.append(f"</{tag}>")
    lines += ["</messages>", ""]
    OUT.write_text("\n".join(lines), "utf-8")
    print(OUT, len(standard), len(wanted), OUT.stat().st_size)


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Writes contracts/entities/dataverse/tables.xml: our own form of the standard tables' facts.

Reads $metadata documents of real organisations (standard columns are those in all of them) and
Common Data Model documents (lengths, choices, labels) from a folder given as argument; keeps
names, types, lengths, option values and labels, and none of their sentences.
"""

from __future__ import annotations

import gzip
import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
OUT = Path(__file__).parent.parent / "contracts/entities/dataverse/tables.xml"
DOCUMENTS = ("dataverse-ess-2022-10", "dataverse-lcrb-2020-11", "dataverse-dfa-2022-07.wire")

# logical name, label, plural label, object type code, primary name column, CDM document, ownership
TABLES = [
    ("account", "Account", "Accounts", 1, "name", "Account", "UserOwned"),
    ("contact", "Contact", "Contacts", 2, "fullname", "Contact", "UserOwned"),
    ("opportunity", "Opportunity", "Opportunities", 3, "name", "Opportunity", "UserOwned"),
    ("lead", "Lead", "Leads", 4, "fullname", "Lead", "UserOwned"),
    ("annotation", "Note", "Notes", 5, "subject", "Note", "UserOwned"),
    ("systemuser", "User", "Users", 8, "fullname", "User", "BusinessOwned"),
    ("team", "Team", "Teams", 9, "name", "Team", "BusinessOwned"),
    (
        "businessunit",
        "Business Unit",
        "Business Units",
        10,
        "name",
        "BusinessUnit",
        "BusinessOwned",
    ),
    ("organization", "Organization", "Organizations", 1019, "name", "", "None"),
    ("incident", "Case", "Cases", 112, "title", "Case", "UserOwned"),
    ("product", "Product", "Products", 1024, "name", "Product", "OrganizationOwned"),
    ("pricelevel", "Price List", "Price Lists", 1022, "name", "PriceList", "OrganizationOwned"),
    ("salesorder", "Order", "Orders", 1088, "name", "Order", "UserOwned"),
    (
        "salesorderdetail",
        "Order Product",
        "Order Products",
        1089,
        "salesorderdetailname",
        "OrderProduct",
        "None",
    ),
    ("task", "Task", "Tasks", 4212, "subject", "Task", "UserOwned"),
    (
        "transactioncurrency",
        "Currency",
        "Currencies",
        9105,
        "currencyname",
        "Currency",
        "OrganizationOwned",
    ),
    ("publisher", "Publisher", "Publishers", 7101, "friendlyname", "", "OrganizationOwned"),
    ("solution", "Solution", "Solutions", 7100, "friendlyname", "", "OrganizationOwned"),
    ("sdkmessage", "Sdk Message", "Sdk Messages", 4606, "name", "", "OrganizationOwned"),
    (
        "sdkmessagefilter",
        "Sdk Message Filter",
        "Sdk Message Filters",
        4607,
        "name",
        "",
        "OrganizationOwned",
    ),
    ("asyncoperation", "System Job", "System Jobs", 4700, "name", "", "UserOwned"),
    (
        "bulkdeleteoperation",
        "Bulk Delete Operation",
        "Bulk Delete Operations",
        4424,
        "name",
        "",
        "UserOwned",
    ),
]
MEMO = {
    "description",
    "notetext",
    "address1_composite",
    "address2_composite",
    "address3_composite",
    "documentbody",
    "messagename",
}
KEY_FIX = {"systemuser": "systemuserid", "team": "teamid"}


def read(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


def types_of(document: bytes) -> dict[str, ET.Element]:
    root = ET.fromstring(document)
    return {found.get("Name", ""): found for found in root.iter(f"{EDM}EntityType")}


def members(types: dict[str, ET.Element], name: str, kind: str) -> Iterator[ET.Element]:
    found = types[name]
    base = (found.get("BaseType") or "").rpartition(".")[2]
    if base in {"activitypointer", "principal"}:
        yield from members(types, base, kind)
    yield from found.findall(f"{EDM}{kind}")


def attributes(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    def walk(items: list[Any]) -> Iterator[dict[str, Any]]:
        for item in items:
            if "attributeGroupReference" in item:
                yield from walk(item["attributeGroupReference"].get("members", []))
            elif "sourceName" in item:
                yield item

    for definition in document["definitions"]:
        yield from walk(definition.get("hasAttributes", []))


def options_of(attribute: dict[str, Any]) -> str:
    kind = attribute.get("dataType")
    if not isinstance(kind, dict):
        return ""
    for trait in kind.get("appliedTraits", []):
        if isinstance(trait, dict) and trait.get("traitReference") == "does.haveDefault":
            rows = trait["arguments"][0]["entityReference"]["constantValues"]
            parts = []
            for row in rows:
                state = f"@{row[4]}" if len(row) > 4 else ""
                parts.append(f"{row[2]}{state}={row[1].replace(';', ',')}")
            return ";".join(parts)
    return ""


def kind_of(
    name: str, edm: str, options: str, names: set[str], attribute: dict[str, Any], key: str
) -> str:
    if name == key:
        return "Uniqueidentifier"
    if name.startswith("_"):
        return "Lookup"
    if name == "statecode":
        return "State"
    if name == "statuscode":
        return "Status"
    match edm:
        case "Edm.String":
            return "Memo" if name in MEMO or attribute.get("maximumLength", 0) > 4000 else "String"
        case "Edm.Int32":
            return (
                "Picklist"
                if options
                or (
                    name.endswith("code")
                    and name not in {"utcconversiontimezonecode", "timezonecode"}
                )
                else "Integer"
            )
        case "Edm.Int64":
            return "BigInt"
        case "Edm.Decimal":
            return "Money" if f"{name}_base" in names or name.endswith("_base") else "Decimal"
        case "Edm.DateTimeOffset" | "Edm.Date":
            return "DateTime"
        case "Edm.Guid":
            return "Uniqueidentifier"
        case "Edm.Binary":
            return "Image"
    return edm.removeprefix("Edm.")


def main(data: Path) -> None:
    documents = [types_of(read(data / "csdl" / f"{name}.xml.gz")) for name in DOCUMENTS]
    first = documents[0]
    sets = {}
    for found in ET.fromstring(read(data / "csdl" / f"{DOCUMENTS[0]}.xml.gz")).iter(
        f"{EDM}EntitySet"
    ):
        sets[(found.get("EntityType") or "").rpartition(".")[2]] = found.get("Name")
    known = {row[0] for row in TABLES}
    states = json.loads(
        (data / "entity-definitions/default-status-per-state.converted.json").read_text()
    )
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        "<!-- Standard tables of Dataverse: facts from public metadata of real organisations and from the",
        "     Common Data Model (CC-BY-4.0), in our own form; made by tools/dataverse_tables.py. -->",
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>',
        '<Schema Namespace="Microsoft.Dynamics.CRM" Alias="mscrm" xmlns="http://docs.oasis-open.org/odata/ns/edm">',
        '<EntityType Name="crmbaseentity" Abstract="true"/>',
    ]
    for name, label, plural, code, primary, cdm, ownership in TABLES:
        lines += table(
            documents, data, known, name, label, plural, code, primary, cdm, ownership, states
        )
    lines.append('<EntityContainer Name="System">')
    for name, *_ in TABLES:
        lines.append(f'<EntitySet Name="{sets[name]}" EntityType="mscrm.{name}"/>')
    lines += ["</EntityContainer>", "</Schema></edmx:DataServices></edmx:Edmx>", ""]
    OUT.write_text("\n".join(lines), "utf-8")
    print(OUT, len(first), OUT.stat().st_size)


def table(
    documents: Any,
    data: Path,
    known: set[str],
    name: str,
    label: str,
    plural: str,
    code: int,
    primary: str,
    cdm: str,
    ownership: str,
    states: Any,
) -> list[str]:
    first = documents[0]
    key = KEY_FIX.get(name) or first[name].find(f"{EDM}Key/{EDM}PropertyRef").get("Name")
    key = "activityid" if name == "task" else key
    properties = {p.get("Name", ""): p.get("Type", "") for p in members(first, name, "Property")}
    standard = [
        p
        for p in properties
        if all(
            name not in d or p in {q.get("Name") for q in members(d, name, "Property")}
            for d in documents
        )
    ]
    facts = {}
    if cdm:
        for attribute in attributes(
            json.loads(read(data / "cdm/dataverse" / f"{cdm}.cdm.json.gz"))
        ):
            facts[attribute["sourceName"].lower()] = attribute
    if key not in standard:
        standard.append(key)
        properties[key] = "Edm.Guid"
    if name in {"systemuser", "team"} and "ownerid" in standard:
        standard.remove("ownerid")
    standard.sort(key=lambda p: (p != key, p.strip("_")))
    names = set(standard)
    lines = [
        f'<EntityType Name="{name}" BaseType="mscrm.crmbaseentity"><Key><PropertyRef Name="{key}"/></Key>'
    ]
    for term, value in (
        ("Label", label),
        ("CollectionLabel", plural),
        ("ObjectTypeCode", str(code)),
        ("PrimaryName", primary),
        ("Ownership", ownership),
    ):
        lines.append(note(term, value))
    if name in states:
        pairs = states[name].items() if isinstance(states[name], dict) else states[name]
        shown = ";".join(f"{s}={v}" for s, v in pairs) if isinstance(states[name], dict) else ""
        if shown:
            lines.append(note("DefaultStatus", shown))
    for p in standard:
        lines.append(
            column(
                p,
                properties[p],
                facts.get(
                    p.removeprefix("_").removesuffix("_value") if p.startswith("_") else p, {}
                ),
                names,
                key,
            )
        )
    for navigation in members(first, name, "NavigationProperty"):
        lines += link(documents, name, navigation, known, names)
    lines.append("</EntityType>")
    return lines


def note(term: str, value: str) -> str:
    return f'<Annotation Term="Windtunnel.V1.{term}" String={quoteattr(value)}/>'


def column(p: str, edm: str, fact: dict[str, Any], names: set[str], key: str) -> str:
    options = options_of(fact)
    kind = kind_of(p, edm, options, names, fact, key)
    facets = (
        ' Unicode="false"'
        if edm == "Edm.String"
        else ' Scale="Variable"'
        if edm == "Edm.Decimal"
        else ""
    )
    notes = [note("Type", kind)]
    if fact.get("displayName"):
        notes.append(note("Label", fact["displayName"]))
    if options:
        notes.append(note("Options", options))
    if edm == "Edm.String":
        notes.append(
            note("MaxLength", str(fact.get("maximumLength") or (2000 if kind == "Memo" else 100)))
        )
    for trait in fact.get("appliedTraits", []):
        if isinstance(trait, dict) and trait.get("traitReference") == "is.requiredAtLevel":
            level = trait["arguments"][0]
            level = level["value"] if isinstance(level, dict) else level
            if level != "none":
                notes.append(note("Required", str(level)))
    for bound in ("minimumValue", "maximumValue"):
        if bound in fact:
            notes.append(note(bound[0].upper() + bound[1:], str(fact[bound])))
    return f'<Property Name="{p}" Type="{edm}"{facets}>{"".join(notes)}</Property>'


def link(
    documents: Any, name: str, navigation: ET.Element, known: set[str], names: set[str]
) -> list[str]:
    wire = navigation.get("Name", "")
    kind = navigation.get("Type", "")
    inner = kind.removeprefix("Collection(").removesuffix(")").rpartition(".")[2]
    if inner not in known or not all(
        name not in d or wire in {q.get("Name") for q in members(d, name, "NavigationProperty")}
        for d in documents
    ):
        return []
    partner = navigation.get("Partner", "")
    constraint = navigation.find(f"{EDM}ReferentialConstraint")
    if kind.startswith("Collection("):
        if not partner or wire == partner:
            return []
        back = {q.get("Name"): q for q in members(documents[0], inner, "NavigationProperty")}.get(
            partner
        )
        if back is None or (back.get("Type") or "").startswith("Collection("):
            return []
        return [
            f'<NavigationProperty Name="{wire}" Type="Collection(mscrm.{inner})" Partner="{partner}"/>'
        ]
    if constraint is None and partner and wire.endswith(f"_{name}"):
        # a type's own spelling of a base's lookup: the reader finds the base's constraint
        bases = {q.get("Name"): q for q in members(documents[0], name, "NavigationProperty")}
        base = bases.get(wire.removesuffix(f"_{name}"))
        if base is not None and base.get("Type") == kind:
            text = f'<NavigationProperty Name="{wire}" Type="mscrm.{inner}" Nullable="false"'
            return [f'{text} Partner="{partner}"/>']
    if constraint is None or constraint.get("Property") not in names:
        return []
    own, far = constraint.get("Property"), constraint.get("ReferencedProperty")
    far = KEY_FIX.get(inner, far) if far == "ownerid" else far
    return [
        f'<NavigationProperty Name="{wire}" Type="mscrm.{inner}" Nullable="false" Partner="{partner}">'
        f'<ReferentialConstraint Property="{own}" ReferencedProperty="{far}"/></NavigationProperty>'
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]))

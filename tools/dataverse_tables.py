"""Writes tables.jsonl and choices.jsonl of contracts/entities/dataverse: the standard tables' facts.

Reads $metadata documents of real organisations (standard columns are those in all of them) and
Common Data Model documents (lengths, choices, labels) from a folder given as argument; keeps
names, types, lengths, option values and labels, and none of their sentences.
"""

from __future__ import annotations

import gzip
import json
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from dataverse_annotations import cascade, note
from dataverse_facts import (
    ACTIVITY_TYPES,
    CHOICES,
    FOLLOWED,
    GLOBALS,
    KEY_FIX,
    LENGTHS,
    LISTED,
    LONGEST_FILE,
    MEMO,
    OF_APPS,
    PLAIN_INTEGERS,
    PLAIN_STATES,
    STATES,
    TABLES,
    YOUNGER,
)
from dataverse_new_tables import NEW_TABLES, back_link, new_table

from windtunnel.contracts.entities.dataverse import (
    Option,
    OptionSet,
    TableDefinition,
    tables_from_csdl,
)
from windtunnel.contracts.entities.dataverse.documents import option_set_document, table_document
from windtunnel.contracts.entities.dataverse.wire import MANAGED_PROPERTY, option_set_of

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
OUT = Path(__file__).parent.parent / "contracts/entities/dataverse/tables.jsonl"
DOCUMENTS = ("dataverse-ess-2022-10", "dataverse-lcrb-2020-11", "dataverse-dfa-2022-07.wire")


def _longest(name: str, kind: str) -> int:
    """The length of a text that no document states; Base64 of an attachment is long."""
    if name in {"body", "content", "contentjson", "fetchxml", "layoutxml", "query"}:
        return LONGEST_FILE
    for ending, length in LENGTHS.items():
        if name.endswith(ending):
            return length
    return 2000 if kind == "Memo" else 100


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
                if options or (name.endswith("code") and name not in PLAIN_INTEGERS)
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
        case mark if mark == MANAGED_PROPERTY:
            return "ManagedProperty"
    return edm.removeprefix("Edm.")


def main(data: Path) -> None:
    documents = [types_of(read(data / "csdl" / f"{name}.xml.gz")) for name in DOCUMENTS]
    first = documents[0]
    sets = {}
    for found in ET.fromstring(read(data / "csdl" / f"{DOCUMENTS[0]}.xml.gz")).iter(
        f"{EDM}EntitySet"
    ):
        sets[(found.get("EntityType") or "").rpartition(".")[2]] = found.get("Name")
    known = {row[0] for row in TABLES} | set(NEW_TABLES)
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
    for name in NEW_TABLES:
        lines += new_table(name)
    lines.append('<EntityContainer Name="System">')
    for name, *_ in TABLES:
        lines.append(f'<EntitySet Name="{sets[name]}" EntityType="mscrm.{name}"/>')
    for name, row in NEW_TABLES.items():
        lines.append(f'<EntitySet Name="{row[0]}" EntityType="mscrm.{name}"/>')
    lines += ["</EntityContainer>", "</Schema></edmx:DataServices></edmx:Edmx>", ""]
    choices = global_choices(data)
    found = with_list_members(tables_from_csdl("\n".join(lines).encode(), is_custom=False))
    tables = [with_global_choices(table, choices) for table in found]
    OUT.write_bytes(b"".join(orjson.dumps(table_document(table)) + b"\n" for table in tables))
    shown = (orjson.dumps(option_set_document(choice)) + b"\n" for choice in choices.values())
    OUT.with_name("choices.jsonl").write_bytes(b"".join(shown))
    print(OUT, len(first), OUT.stat().st_size)


def with_list_members(tables: Iterable[TableDefinition]) -> Iterator[TableDefinition]:
    """Members of marketing lists are rows of one table, whatever they are; no document says so."""
    for found in tables:
        if found.is_intersect and found.logical_name in {"listaccount", "listcontact", "listlead"}:
            continue
        own, far = ("_listid_value", "_entityid_value")[
            :: 1 if found.logical_name == "list" else -1
        ]
        relations = {
            name: replace(
                relation,
                intersect="listmember",
                pairs=((relation.pairs[0][0], own),),
                far_pairs=((far, relation.far_pairs[0][1]),),
            )
            if name in LISTED
            else relation
            for name, relation in found.relations.items()
        }
        yield replace(found, relations=relations)


def global_choices(data: Path) -> dict[str, OptionSet]:
    """Names, labels, values and ids of the global choices of an organisation, by name."""
    listed = json.loads(read(data / "entity-definitions/global-optionsets.converted.json.gz"))
    found = {}
    for body in sorted(listed, key=lambda body: str(body["Name"])):
        choice = option_set_of(body, is_custom=False)
        if choice.kind == "Picklist" and not choice.name.startswith(OF_APPS):
            options = tuple(Option(option.value, option.label) for option in choice.options)
            found[choice.name] = replace(choice, options=options, facts={})
    return found


def with_global_choices(
    table: TableDefinition, choices: Mapping[str, OptionSet]
) -> TableDefinition:
    """The table; columns named like a global choice take their options from it."""
    columns = dict(table.columns)
    for name, column in table.columns.items():
        choice = choices.get(GLOBALS.get((table.logical_name, name), name))
        values = {option.value for option in column.options}
        if column.type == "Picklist" and choice and values <= {o.value for o in choice.options}:
            columns[name] = replace(column, options=choice.options, option_set=choice.name)
    return replace(table, columns=columns)


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
    reference = first[name].find(f"{EDM}Key/{EDM}PropertyRef")
    key = KEY_FIX.get(name) or ("" if reference is None else reference.get("Name"))
    key = "activityid" if name in ACTIVITY_TYPES else key
    properties = {p.get("Name", ""): p.get("Type", "") for p in members(first, name, "Property")}
    standard = [
        p
        for p in properties
        if all(
            name not in d or p in {q.get("Name") for q in members(d, name, "Property")}
            for d in documents
        )
    ]
    for younger, edm in YOUNGER.get(name, {}).items():
        standard.append(younger)
        properties[younger] = edm
    facts = {}
    if cdm:
        for attribute in attributes(
            json.loads(read(data / "cdm/dataverse" / f"{cdm}.cdm.json.gz"))
        ):
            facts[attribute["sourceName"].lower()] = attribute
    if key not in standard:
        standard.append(key)
        properties[key] = "Edm.Guid"
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
        wire = p.removeprefix("_").removesuffix("_value") if p.startswith("_") else p
        given = choices(name, p, facts.get(wire, {}), states)
        lines.append(column(p, properties[p], facts.get(wire, {}), names, key, given))
    for navigation in members(first, name, "NavigationProperty"):
        lines += link(documents, name, navigation, known, names)
    for child, row in NEW_TABLES.items():
        lines += back_link(name, child, row[7])
    lines.append("</EntityType>")
    return lines


def choices(table: str, column: str, fact: dict[str, Any], states: Any) -> str:
    """Values and labels of a choice: our table of states first, then the document's."""
    if column in {"statecode", "statuscode"}:
        known = STATES.get(table)
        plain = {0: 1, 1: 2}
        given = (
            {int(s): int(v) for s, v in states.get(table, {}).items()} if table in states else None
        )
        if known is None and (given is None or given == plain) and not options_of(fact):
            known = PLAIN_STATES
        if known is not None and column == "statecode":
            return ";".join(f"{state}={label}" for state, (label, _) in known.items())
        if known is not None:
            return ";".join(
                f"{status}@{state}={label}"
                for state, (_, reasons) in known.items()
                for status, label in reasons.items()
            )
    options = options_of(fact)
    if not options:
        listed = CHOICES.get((table, column)) or CHOICES.get(("*", column)) or {}
        options = ";".join(f"{value}={label}" for value, label in listed.items())
    return options


def column(p: str, edm: str, fact: dict[str, Any], names: set[str], key: str, options: str) -> str:
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
        notes.append(note("MaxLength", str(fact.get("maximumLength") or _longest(p, kind))))
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
        if not partner:
            return []
        back = {q.get("Name"): q for q in members(documents[0], inner, "NavigationProperty")}.get(
            partner
        )
        if back is None:
            return []
        return [
            f'<NavigationProperty Name="{wire}" Type="Collection(mscrm.{inner})" Partner="{partner}"/>'
        ]
    if constraint is None:
        # Activities declare their lookups in the base type and the links again in their own.
        parts = wire.split("_")
        own = next(
            (
                f"_{'_'.join(parts[:n])}_value"
                for n in range(len(parts), 0, -1)
                if f"_{'_'.join(parts[:n])}_value" in names
            ),
            "",
        )
        followed = FOLLOWED.get((name, wire), "")
        own = followed or own
        if not followed and (name not in {*ACTIVITY_TYPES, "activityparty"} or not own):
            return []
        reference = documents[0][inner].find(f"{EDM}Key/{EDM}PropertyRef")
        far = "activityid" if reference is None else reference.get("Name")
    elif constraint.get("Property") not in names:
        return []
    else:
        own, far = constraint.get("Property"), constraint.get("ReferencedProperty")
    far = KEY_FIX.get(inner, far) if far == "ownerid" else far
    behaviour = cascade(name, own, inner)
    return [
        f'<NavigationProperty Name="{wire}" Type="mscrm.{inner}" Nullable="false" Partner="{partner}">'
        f'<ReferentialConstraint Property="{own}" ReferencedProperty="{far}"/>'
        f"{note('Cascade', behaviour) if behaviour else ''}</NavigationProperty>"
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]))

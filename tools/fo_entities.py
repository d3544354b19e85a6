"""Writes contracts/entities/finance_operations/entities.xml from collected facts on data entities.

`python tools/fo_entities.py FACTS.json.gz`: one object with `entities` (set, type, label, keys,
columns, nav) and `enums` (members by number). Labels nobody collected are the words of the name.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from windtunnel.contracts.entities.finance_operations.catalog import FACTS

PAGE = Path(__file__).parent.parent / "contracts/entities/finance_operations/entities.xml"
SPACE = "Microsoft.Dynamics.DataEntities"
TERM = "Microsoft.Dynamics.OData.Core.V1"
_AX = {
    "String": "String", "Decimal": "Real", "Int32": "Int32", "Int64": "Int64", "Guid": "Guid",
    "enum": "Enum", "DateTimeOffset": "Date",
}  # fmt: skip


def words(name: str) -> str:
    """`CustomerGroupId` as `Customer group id`."""
    parts = re.findall(r"[A-Z]{2,}(?=[A-Z][a-z]|\d|_|$)|[A-Z]?[a-z]+|[A-Z]+|\d+", name)
    return " ".join([parts[0][:1].upper() + parts[0][1:], *(_lower(part) for part in parts[1:])])


def _lower(part: str) -> str:
    return part if part.isupper() and len(part) > 1 else part.lower()


def _note(term: str, kind: str, value: str) -> str:
    return f"<Annotation Term={quoteattr(f'{TERM}.{term}')} {kind}={quoteattr(value)}/>"


def _property(column: dict[str, Any], set_name: str) -> str:
    name, kind = column["n"], column["t"]
    facts = FACTS[set_name]
    edm = f"{SPACE}.{column['e']}" if kind == "enum" else f"Edm.{kind}"
    is_plain = kind not in {"String", "enum", "Binary"}
    must = is_plain or (kind == "String" and column.get("key"))
    ax = str(column.get("ax", _AX[kind])).rstrip("?") if kind == "DateTimeOffset" else _AX[kind]
    notes = [
        _note("LabelId", "String", facts.labels.get(name) or words(name)),
        _note("AXType", "EnumMember", f"{TERM}.AXType/{ax}"),
    ]
    if column.get("cc"):
        notes.append(_note("CountryRegionCodes", "String", str(column["cc"])))
    if name in facts.required or column.get("req"):
        notes.append(_note("IsRequired", "Bool", "true"))
    if name in facts.read_only or column.get("noedit"):
        notes.append(_note("AllowEdit", "Bool", "false"))
    if name in facts.read_only or column.get("nocreate"):
        notes.append(_note("AllowEditOnCreate", "Bool", "false"))
    nullable = ' Nullable="false"' if must else ""
    head = f"<Property Name={quoteattr(name)} Type={quoteattr(edm)}{nullable}"
    return f"{head}>{''.join(notes)}</Property>"


def _navigation(owner: str, name: str) -> str:
    link = FACTS[owner].navigations[name]
    target = f"{SPACE}.{FACTS[link.target].type}"
    kind = f"Collection({target})" if link.many else target
    partner = f" Partner={quoteattr(link.partner)}" if link.partner else ""
    rules = "".join(
        f"<ReferentialConstraint Property={quoteattr(own)} ReferencedProperty={quoteattr(far)}/>"
        for own, far in link.pairs
    )
    nullable = "" if link.many else ' Nullable="false"'
    head = f"<NavigationProperty Name={quoteattr(name)} Type={quoteattr(kind)}{nullable}{partner}"
    return f"{head}>{rules}</NavigationProperty>"


def _entity(entity: dict[str, Any]) -> list[str]:
    name = entity["set"]
    keys = "".join(f"<PropertyRef Name={quoteattr(key)}/>" for key in entity["keys"])
    return [
        f"<EntityType Name={quoteattr(entity['type'])}>",
        f"<Key>{keys}</Key>",
        *(_property(column, name) for column in entity["columns"]),
        *(_navigation(name, link) for link in FACTS[name].navigations),
        _note("LabelId", "String", entity["label"]),
        "</EntityType>",
    ]


def _enum(name: str, members: dict[str, int]) -> list[str]:
    lines = [f"<EnumType Name={quoteattr(name)}>"]
    for member, value in members.items():
        note = _note("LabelId", "String", words(member))
        lines.append(f'<Member Name={quoteattr(member)} Value="{value}">{note}</Member>')
    return [*lines, "</EnumType>"]


def document(facts: dict[str, Any]) -> str:
    """The CSDL document of the entity sets that `FACTS` names, in its order."""
    by_set = {entity["set"]: entity for entity in facts["entities"]}
    entities = [by_set[name] for name in FACTS]
    enums = {column["e"] for entity in entities for column in entity["columns"] if "e" in column}
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">',
        f'<edmx:DataServices><Schema Namespace="{SPACE}" '
        'xmlns="http://docs.oasis-open.org/odata/ns/edm">',
    ]
    for entity in entities:
        lines += _entity(entity)
    for name in sorted(enums):
        lines += _enum(name, facts["enums"][name]["members"])
    lines.append('<EntityContainer Name="Resources">')
    for entity in entities:
        kind = f"{SPACE}.{entity['type']}"
        lines.append(f"<EntitySet Name={quoteattr(entity['set'])} EntityType={quoteattr(kind)}>")
        lines += [
            f"<NavigationPropertyBinding Path={quoteattr(name)} Target={quoteattr(link.target)}/>"
            for name, link in FACTS[entity["set"]].navigations.items()
        ]
        lines.append("</EntitySet>")
    lines.append("</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    with gzip.open(sys.argv[1], "rt", encoding="utf-8") as file:
        PAGE.write_text(document(json.load(file)), "utf-8")

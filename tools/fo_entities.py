"""Writes contracts/entities/finance_operations/entities.jsonl from collected facts on entities.

`python tools/fo_entities.py FACTS.json.gz`: one object with `entities` (set, type, aot, label,
staging, keys, columns, nav) and `enums` (members by number). Labels nobody collected are the words
of the name.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from pathlib import Path
from typing import Any

import orjson

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY, FACTS, EntityFacts
from windtunnel.contracts.entities.finance_operations.catalog.navigations import links
from windtunnel.contracts.entities.finance_operations.definitions import (
    NAMESPACE,
    EntityType,
    Enumeration,
    Navigation,
    Property,
)
from windtunnel.contracts.entities.finance_operations.wire import (
    X_TYPES,
    entity_json,
    enum_json,
)

LINES = Path(__file__).parent.parent / "contracts/entities/finance_operations/entities.jsonl"
_LINKS = links()
_MOMENTS = {"EmploymentStartDate", "EmploymentEndDate"}
"""Captured with a time: `2154-12-31T23:59:59Z`."""


def words(name: str) -> str:
    """`CustomerGroupId` as `Customer group id`."""
    parts = re.findall(r"[A-Z]{2,}(?=[A-Z][a-z]|\d|_|$)|[A-Z]?[a-z]+|[A-Z]+|\d+", name)
    return " ".join([parts[0][:1].upper() + parts[0][1:], *(_lower(part) for part in parts[1:])])


def spelled(enum: str) -> str:
    """An enumeration of one country: `InvoiceType_MY`, as live metadata spells those it has."""
    return re.sub(r"(?<=[a-z])(BR|IN|IT|MX|MY|RU|TH|US)$", r"_\1", enum)


def country_of(edm: str) -> str:
    """The country that an enumeration is of, by its name; its columns are there for that one."""
    found = re.search(r"_([A-Z]{2})$", edm)
    return found[1] if found else ""


def _lower(part: str) -> str:
    return part if part.isupper() and len(part) > 1 else part.lower()


def _property(column: dict[str, Any], facts: EntityFacts) -> Property:
    name, kind = column["n"], column["t"]
    edm = f"{NAMESPACE}.{spelled(column['e'])}" if kind == "enum" else f"Edm.{kind}"
    is_plain = kind not in {"String", "enum", "Binary"}
    x_type = X_TYPES.get(edm, "Enum")
    if kind == "DateTimeOffset":
        x_type = str(column.get("ax", x_type)).rstrip("?")
        x_type = "UtcDateTime" if name in _MOMENTS else x_type
    return Property(
        name,
        edm,
        not (is_plain or (kind == "String" and bool(column.get("key")))),
        facts.labels.get(name) or words(name),
        x_type,
        str(column.get("cc") or country_of(edm)),
        name in facts.required or bool(column.get("req")),
        not (name in facts.read_only or bool(column.get("noedit"))),
        not (name in facts.read_only or bool(column.get("nocreate"))),
        (("IsDimension", "Bool", "true"),) if column.get("dim") else (),
    )


def _navigations(entity: dict[str, Any], sets: dict[str, Any]) -> dict[str, Navigation]:
    """Those that lead to one of the sets, in the order of the metadata."""
    found = {}
    own_is_of_company = COMPANY in entity["keys"]
    for item in entity["nav"]:
        if item["to"] not in sets:
            continue
        target, partner, pairs = _LINKS[entity["set"], item["n"]]
        if target != item["to"]:
            raise ValueError(f"{entity['set']}.{item['n']} leads to {item['to']}, not {target}")
        far = sets[target]
        if own_is_of_company and COMPANY in far["keys"]:
            pairs = ((COMPANY, COMPANY), *pairs)
        found[item["n"]] = Navigation(item["n"], far["type"], bool(item["many"]), pairs, partner)
    return found


def _entity(entity: dict[str, Any], sets: dict[str, Any]) -> EntityType:
    facts = FACTS[entity["set"]]
    links_of = _navigations(entity, sets)
    return EntityType(
        name=entity["type"],
        entity_set=entity["set"],
        key=tuple(entity["keys"]),
        properties={column["n"]: _property(column, facts) for column in entity["columns"]},
        navigations=links_of,
        label=entity["label"] or words(entity["type"]),
        entity=entity["aot"] or facts.entity or f"{entity['type']}Entity",
        staging=entity["staging"] or "",
        is_read_only=facts.is_read_only,
        bindings=tuple((name, _LINKS[entity["set"], name][0]) for name in links_of),
    )


def lines(facts: dict[str, Any]) -> bytes:
    """The file: the sets in the order of `FACTS`, their enumerations, names of absent sets.

    With the last stand the navigation properties of the real metadata that lead to those.
    """
    sets = {entity["set"]: entity for entity in facts["entities"]}
    used = {c["e"] for entity in sets.values() for c in entity["columns"] if "e" in c}
    enums = (
        Enumeration(spelled(name), facts["enums"][name]["members"], _labels(facts["enums"][name]))
        for name in sorted(used)
    )
    absent = {item["to"] for entity in sets.values() for item in entity["nav"]} - set(sets)
    unserved = {
        name: found
        for name in FACTS
        if name in sets
        and (found := sorted(item["n"] for item in sets[name]["nav"] if item["to"] not in sets))
    }
    rows = [
        *(entity_json(_entity(sets[name], sets)) for name in FACTS if name in sets),
        *map(enum_json, enums),
        {"absent": sorted(absent), "absent_navigations": unserved},
    ]
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def _labels(enum: dict[str, Any]) -> dict[str, str]:
    return {member: words(member) for member in enum["members"]}


if __name__ == "__main__":
    with gzip.open(sys.argv[1], "rt", encoding="utf-8") as file:
        LINES.write_bytes(lines(json.load(file)))

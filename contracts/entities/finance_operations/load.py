"""The standard entity types, read from entities.jsonl: one line a set, one line an enumeration."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import Final

import orjson

from windtunnel.contracts.entities.finance_operations.definitions import (
    NAMESPACE,
    EntityTypes,
    Lazily,
    texts_of,
)
from windtunnel.contracts.entities.finance_operations.document import write_document
from windtunnel.contracts.entities.finance_operations.wire import entity_of, enum_of

__all__ = [
    "LINES",
    "NAMESPACE",
    "absent_navigations",
    "absent_sets",
    "document",
    "entity_types",
    "metadata_document",
]

LINES: Final = Path(__file__).with_name("entities.jsonl")
BY_HAND: Final = Path(__file__).with_name("data_management.jsonl")
"""Sets that the collected facts have in part or not at all; they stand in place of those."""
METADATA_API: Final = Path(__file__).with_name("metadata.xml")


@cache
def _lines() -> list[dict[str, object]]:
    files = (LINES, BY_HAND)
    return [orjson.loads(line) for file in files for line in file.read_bytes().splitlines()]


@cache
def entity_types() -> EntityTypes:
    """The types of the standard sets and the enumerations that they use."""
    sets = [line for line in _lines() if "set" in line]
    types = Lazily({str(line["set"]): partial(entity_of, line) for line in sets})
    enums = {str(line["enum"]): enum_of(line) for line in _lines() if "enum" in line}
    return EntityTypes(
        types,
        enums,
        {str(line["type"]): str(line["set"]) for line in sets},
        texts=texts_of(types.values(), enums.values()),
    )


@cache
def absent_sets() -> frozenset[str]:
    """Public collections of the real service that standard sets lead to and nobody serves here."""
    absent = {str(name) for line in _lines() for name in line.get("absent", ())}  # type: ignore[attr-defined]
    return frozenset(absent - {str(line["set"]) for line in _lines() if "set" in line})


@cache
def absent_navigations(entity_set: str) -> frozenset[str]:
    """Navigation properties of a standard set that lead to what nobody serves here."""
    named = (line.get("absent_navigations", {}) for line in _lines())
    return frozenset(name for found in named for name in found.get(entity_set, ()))  # type: ignore[attr-defined]


@cache
def document() -> bytes:
    """The $metadata document of the standard sets."""
    return write_document([entity_types()])


@cache
def metadata_document() -> bytes:
    """The CSDL of `/metadata`. Its types are reasoned from the responses that clients parse."""
    return METADATA_API.read_bytes()

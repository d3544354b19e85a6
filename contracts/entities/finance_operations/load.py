"""Reads entities.xml: types, enumerations and annotations as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from windtunnel.contracts import csdl

NAMESPACE: Final = "Microsoft.Dynamics.DataEntities"
METADATA_API: Final = Path(__file__).with_name("metadata.xml")
DOCUMENT: Final = Path(__file__).with_name("entities.xml")
_TERM: Final = "Microsoft.Dynamics.OData.Core.V1."


@dataclass(frozen=True, slots=True)
class Property:
    """A structural property; `edm` is its type, an enumeration's with its namespace."""

    name: str
    edm: str
    nullable: bool
    label: str
    x_type: str
    countries: str
    required: bool
    allow_edit: bool
    allow_edit_on_create: bool


@dataclass(frozen=True, slots=True)
class EntityType:
    """A type with its properties in metadata order; `entity_set` is its public collection."""

    name: str
    entity_set: str
    label: str
    key: tuple[str, ...]
    properties: dict[str, Property]


@dataclass(frozen=True, slots=True)
class EntityTypes:
    """All of the document: types by set name, enum members by enum name."""

    types: dict[str, EntityType]
    enums: dict[str, dict[str, int]]


@cache
def document() -> bytes:
    """The $metadata document as it is served."""
    return DOCUMENT.read_bytes()


@cache
def metadata_document() -> bytes:
    """The CSDL of `/metadata`. Its types are reasoned from the responses that clients parse."""
    return METADATA_API.read_bytes()


@cache
def entity_types() -> EntityTypes:
    """The parsed document."""
    parsed = csdl.parse_csdl(document())
    types = {
        name: _entity_type(name, parsed.entity_types[found.type.rpartition(".")[2]])
        for name, found in parsed.entity_sets.items()
    }
    return EntityTypes(types, {name: enum.members for name, enum in parsed.enum_types.items()})


def _entity_type(entity_set: str, found: csdl.EntityType) -> EntityType:
    label = _notes(found.node).get("LabelId", "")
    properties = {item.name: _property(item) for item in found.properties}
    return EntityType(found.name, entity_set, label, found.key, properties)


def _property(found: csdl.Property) -> Property:
    notes, has = _notes(found.node), dict(found.node.attributes)
    return Property(
        has["Name"],
        has["Type"],
        has.get("Nullable") != "false",
        notes.get("LabelId", ""),
        notes.get("AXType", "").rpartition("/")[2],
        notes.get("CountryRegionCodes", ""),
        notes.get("IsRequired") == "true",
        notes.get("AllowEdit") != "false",
        notes.get("AllowEditOnCreate") != "false",
    )


def _notes(node: csdl.Node) -> dict[str, str]:
    """Annotations by term without its namespace."""
    found = {}
    for note in node.children:
        if note.name == "Annotation":
            (_, term), (_, value), *_ = note.attributes
            found[term.removeprefix(_TERM)] = value
    return found

"""Reads entities.xml: plain data about types, enums and annotations; no service knows expat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final
from xml.parsers import expat

NAMESPACE: Final = "Microsoft.Dynamics.DataEntities"
DOCUMENT: Final = Path(__file__).with_name("entities.xml")
_TERM = "Microsoft.Dynamics.OData.Core.V1."


@dataclass(slots=True)
class Property:
    """A structural property; `edm` is its type, an enumeration's with its namespace."""

    name: str
    edm: str
    nullable: bool
    label: str = ""
    x_type: str = ""
    countries: str = ""
    required: bool = False
    allow_edit: bool = True
    allow_edit_on_create: bool = True

    def note(self, term: str, value: str) -> None:
        """Take an annotation."""
        match term:
            case "LabelId":
                self.label = value
            case "AXType":
                self.x_type = value.rpartition("/")[2]
            case "CountryRegionCodes":
                self.countries = value
            case "IsRequired":
                self.required = value == "true"
            case "AllowEdit":
                self.allow_edit = value != "false"
            case "AllowEditOnCreate":
                self.allow_edit_on_create = value != "false"
            case _:
                raise ValueError(f"entities.xml: unknown annotation {term}")


@dataclass(slots=True)
class EntityType:
    """A type with its properties in metadata order; `entity_set` is its public collection."""

    name: str
    entity_set: str = ""
    label: str = ""
    key: list[str] = field(default_factory=list)
    properties: dict[str, Property] = field(default_factory=dict)


@dataclass(slots=True)
class EntityTypes:
    """All of the document: types by set name, enum members by enum name."""

    types: dict[str, EntityType] = field(default_factory=dict)
    enums: dict[str, dict[str, int]] = field(default_factory=dict)


class _Reader:
    """Collects the elements of the document as they open."""

    def __init__(self) -> None:
        self.types: dict[str, EntityType] = {}
        self.found = EntityTypes()
        self._type = EntityType("")
        self._property: Property | None = None
        self._members: dict[str, int] = {}
        self._open: dict[str, Callable[[Mapping[str, str]], None]] = {
            "EntityType": self._entity_type,
            "PropertyRef": lambda has: self._type.key.append(has["Name"]),
            "Property": self._structural,
            "Annotation": self._annotation,
            "EnumType": self._enum,
            "Member": self._member,
            "EntitySet": self._entity_set,
        }
        self._in_member = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        handler = self._open.get(tag)
        if handler is not None:
            handler(attributes)

    def end(self, tag: str) -> None:
        if tag == "Property":
            self._property = None
        elif tag == "Member":
            self._in_member = False

    def _entity_type(self, has: Mapping[str, str]) -> None:
        self._type = self.types[has["Name"]] = EntityType(has["Name"])

    def _structural(self, has: Mapping[str, str]) -> None:
        made = Property(has["Name"], has["Type"], has.get("Nullable") != "false")
        self._property = self._type.properties[made.name] = made

    def _annotation(self, has: Mapping[str, str]) -> None:
        if self._in_member:
            return
        term = has["Term"].removeprefix(_TERM)
        value = has.get("String") or has.get("Bool") or has.get("EnumMember", "")
        if self._property is not None:
            self._property.note(term, value)
        elif term == "LabelId":
            self._type.label = value

    def _enum(self, has: Mapping[str, str]) -> None:
        self._members = self.found.enums[has["Name"]] = {}

    def _member(self, has: Mapping[str, str]) -> None:
        self._members[has["Name"]] = int(has["Value"])
        self._in_member = True

    def _entity_set(self, has: Mapping[str, str]) -> None:
        kind = self.types[has["EntityType"].rpartition(".")[2]]
        kind.entity_set = has["Name"]
        self.found.types[has["Name"]] = kind


@cache
def document() -> bytes:
    """The $metadata document as it is served."""
    return DOCUMENT.read_bytes()


@cache
def entity_types() -> EntityTypes:
    """The parsed document."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.Parse(document(), True)
    return reader.found

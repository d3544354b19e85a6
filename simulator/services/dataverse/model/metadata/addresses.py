"""Addresses of definitions: from path segments to the object or the list they lead to.

Source: "Query table definitions using the Web API", "Web API Metadata operations".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from windtunnel.contracts.entities.dataverse import TableDefinition
from windtunnel.simulator.odata.tree import Literal, Query
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.companions import companions
from windtunnel.simulator.services.dataverse.model.metadata import (
    csdl,
    queries,
    relationships,
    shapes,
)
from windtunnel.simulator.services.dataverse.model.metadata.csdl_operations import Operations
from windtunnel.simulator.services.dataverse.model.metadata.shapes import NAMESPACE
from windtunnel.simulator.services.dataverse.model.tables import Tables
from windtunnel.simulator.services.dataverse.paths import Segment, literal

Json = dict[str, Any]
SETS = frozenset(
    {
        "EntityDefinitions",
        "RelationshipDefinitions",
        "GlobalOptionSetDefinitions",
        "ManagedPropertyDefinitions",
    }
)
_TYPES = {
    "EntityDefinitions": "EntityMetadata",
    "RelationshipDefinitions": "RelationshipMetadataBase",
    "GlobalOptionSetDefinitions": "OptionSetMetadataBase",
    "ManagedPropertyDefinitions": "ManagedPropertyMetadata",
}
_KEYS = {
    "EntityMetadata": ("LogicalName", "MetadataId"),
    "AttributeMetadata": ("LogicalName", "SchemaName", "MetadataId"),
    "EntityKeyMetadata": ("LogicalName", "MetadataId"),
    "OptionSetMetadataBase": ("Name", "MetadataId"),
}
_ENUMS = frozenset({"Picklist", "State", "Status", "MultiSelectPicklist", "EntityName"})
SHAPES_KEPT = 48
ANSWERS_KEPT_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class Found:
    """Where an address leads: a list, an object, or the bare value of a member.

    `context` is the place with all keys; `shown` is the same without the last key, as the context
    of an answer has it.
    """

    value: Any
    type: str
    context: str
    shown: str
    is_count: bool = False


class Metadata:
    """Answers for $metadata and the definition sets, from the tables as they are now."""

    def __init__(self, tables: Tables, operations: Operations) -> None:
        self._tables, self._operations = tables, operations
        self._csdl = b""
        self._csdl_for = -1
        self._entities: dict[str, tuple[TableDefinition, Json]] = {}
        self._columns: dict[str, tuple[TableDefinition, list[Json]]] = {}

        self._answers: dict[tuple[str, str, str], bytes] = {}
        self._answers_for, self._answers_bytes = -1, 0

    def kept(self, path: str, query: str, base: str) -> bytes | None:
        """A finished answer, unless a definition changed since."""
        if self._answers_for != self._tables.version:
            self._answers.clear()
            self._answers_for, self._answers_bytes = self._tables.version, 0
        return self._answers.get((path, query, base))

    def keep(self, path: str, query: str, base: str, body: bytes) -> None:
        """Keep a finished answer; when they take too much memory all are dropped."""
        self._answers_bytes += len(body)
        if self._answers_bytes > ANSWERS_KEPT_BYTES:
            self._answers.clear()
            self._answers_bytes = len(body)
        self._answers[path, query, base] = body

    def csdl(self) -> bytes:
        """The $metadata document, kept until a definition changes."""
        if self._csdl_for != self._tables.version:
            self._csdl = csdl.document(list(self._tables.definitions.values()), self._operations)
            self._csdl_for = self._tables.version
        return self._csdl

    @property
    def etag(self) -> str:
        """The etag of every definition: it changes when any of them does."""
        return f'W/"{self._tables.stamp}"'

    def answer(self, parts: tuple[Segment, ...], query: Query, base: str) -> Json | int | None:
        """The JSON of a definitions address, or a count; None is no content."""
        queries.check_options(query)
        found = self.find(parts)
        options = query.options
        if found.is_count:
            return len(queries.filtered(found.value, options, found.type))
        context = f"{base}$metadata#{found.shown}{queries.shown_names(options)}"
        if isinstance(found.value, list) and found.type:
            items = queries.filtered(found.value, options, found.type)
            answer: Json = {"@odata.context": context}
            if query.count:
                answer["@odata.count"] = len(items)
            return {**answer, "value": [queries.shaped(i, options, found.type) for i in items]}
        if not found.type:
            if found.value is None:
                return None
            if isinstance(found.value, dict):
                return {"@odata.context": context, **found.value}
            return {"@odata.context": context, "value": found.value}
        item = queries.shaped(cast("Json", found.value), options, found.type)
        for expand in options.expand:
            name = expand.path[-1]
            one = "/$entity" if isinstance(item[name], dict) else ""
            item[f"{name}@odata.context"] = f"{base}$metadata#{found.context}/{name}{one}"
        return {"@odata.context": f"{context}/$entity", **item}

    def has_component(self, kind: int, component: str) -> bool:
        """Whether a definition of this component type has this MetadataId."""
        definitions = self._tables.definitions
        listed: Iterable[Json]
        match kind:
            case 1:
                return any(d.metadata_id == component for d in definitions.values())
            case 2:
                listed = (item for d in definitions.values() for item in self.columns(d))
            case 9:
                listed = self._set(Segment("GlobalOptionSetDefinitions"))
            case 14:
                listed = (key for d in definitions.values() for key in shapes.key_shapes(d))
            case _:
                listed = relationships.every(definitions)
        return any(item["MetadataId"] == component for item in listed)

    # -- walking ------------------------------------------------------------------------------

    def find(self, parts: tuple[Segment, ...]) -> Found:
        """Where the segments lead. Raises SegmentNotFound and what the service has for keys."""
        first = parts[0]
        place = Found(self._set(first), _TYPES[first.name], first.name, first.name)
        if first.arguments is not None:
            self._pick(place, first)
        for part in parts[1:]:
            self._step(place, part)
        return place

    def _set(self, first: Segment) -> list[Json]:
        definitions = self._tables.definitions
        match first.name:
            case "EntityDefinitions":
                wanted = _key_of(first, "LogicalName")
                if wanted in definitions:
                    return [self.entity(definitions[wanted])]
                return [self.entity(definition) for definition in definitions.values()]
            case "RelationshipDefinitions":
                return list(relationships.every(definitions))
            case "GlobalOptionSetDefinitions":
                choices = self._tables.choices.values()
                return [shapes.choice_shape(choice, is_global=True) for choice in choices]
            case _:
                return []

    def _step(self, place: Found, part: Segment) -> None:
        if part.is_qualified:
            self._cast(place, part)
        elif isinstance(place.value, list) and part.name == "$count":
            place.is_count = True
        elif isinstance(place.value, dict) and part.name in place.value:
            self._enter(place, part)
        else:
            raise errors.SegmentNotFound(segment=part.name)

    def _enter(self, place: Found, part: Segment) -> None:
        value = place.value[part.name]
        place.context = place.shown = f"{place.context}/{part.name}"
        if not callable(value):
            place.value, place.type = value, ""
            return
        place.value = value()
        place.type = queries.MEMBER_TYPES[part.name] if place.value is not None else ""
        if part.arguments is not None:
            self._pick(place, part)

    def _cast(self, place: Found, part: Segment) -> None:
        if not part.name.startswith(NAMESPACE):
            raise errors.SegmentNotFound(segment=part.name)
        kind = part.name.removeprefix(NAMESPACE)
        place.context, place.shown = f"{place.context}/{part.name}", f"{place.shown}/{part.name}"
        if isinstance(place.value, list):
            place.value = [item for item in place.value if _is_a(item, kind, place.type)]
        elif not _is_a(place.value, kind, place.type):
            raise errors.SegmentNotFound(segment=part.name)
        place.type = kind
        if part.arguments is not None:
            self._pick(place, part)

    @staticmethod
    def _pick(place: Found, part: Segment) -> None:
        arguments = part.arguments or (("", Literal("", "Edm.String")),)
        name, node = arguments[0]
        wanted = str(literal(node)).lower()
        member = name or "MetadataId"
        base = "AttributeMetadata" if place.type.endswith("AttributeMetadata") else place.type
        known = _KEYS.get(base, ("SchemaName", "Name", "LogicalName", "MetadataId"))
        if len(arguments) != 1 or member not in known:
            raise errors.BadKey(table=place.type)
        for item in place.value:
            if str(item.get(member, "")).lower() == wanted:
                place.value = item
                place.context = f"{place.context}({item['MetadataId']})"
                return
        raise not_found(place.type, member, wanted)

    # -- objects ------------------------------------------------------------------------------

    def entity(self, definition: TableDefinition) -> Json:
        """EntityMetadata with its navigation properties as callables; kept while it is current."""
        kept = self._entities.get(definition.logical_name)
        if kept is not None and kept[0] is definition:
            return kept[1]
        tables = self._tables.definitions
        item = {
            **shapes.table_shape(definition),
            "Attributes": lambda: self.columns(definition),
            "Keys": lambda: shapes.key_shapes(definition),
            "OneToManyRelationships": lambda: list(relationships.one_to_many(definition, tables)),
            "ManyToOneRelationships": lambda: list(relationships.many_to_one(definition, tables)),
            "ManyToManyRelationships": lambda: list(relationships.many_to_many(definition, tables)),
        }
        self._entities[definition.logical_name] = (definition, item)
        return item

    def columns(self, definition: TableDefinition) -> list[Json]:
        """The attributes of a table; those of the tables asked for last are kept."""
        kept = self._columns.get(definition.logical_name)
        if kept is not None and kept[0] is definition:
            return kept[1]
        repeated = (found.column for found in companions(definition))
        numbered = enumerate((*definition.columns.values(), *repeated), 1)
        items = [shapes.column_shape(definition, column, n) for n, column in numbered]
        if len(self._columns) >= SHAPES_KEPT:
            del self._columns[next(iter(self._columns))]
        self._columns[definition.logical_name] = (definition, items)
        return items


def _key_of(segment: Segment, name: str) -> str:
    """The value of a named key in a segment, in lower case; `` without it."""
    arguments = segment.arguments or ()
    if len(arguments) == 1 and arguments[0][0] == name:
        return str(literal(arguments[0][1])).lower()
    return ""


def _is_a(item: Json, kind: str, declared: str) -> bool:
    annotated = str(item.get("@odata.type") or "").removeprefix(f"#{NAMESPACE}")
    if kind in {declared, annotated}:
        return True
    if kind == "EnumAttributeMetadata":
        return annotated.removesuffix("AttributeMetadata") in _ENUMS
    return kind in {"MetadataBase", "crmmodelbaseentity"}


def not_found(kind: str, member: str, wanted: str) -> errors.DataverseError:
    """The error of a definition that is not there."""
    if kind == "EntityMetadata" and member == "LogicalName":
        return errors.TableNotFound(name=wanted)
    if member == "MetadataId":
        return errors.RecordNotFound(table=kind, id=wanted)
    return errors.DefinitionNotFound(kind=kind, name=wanted)

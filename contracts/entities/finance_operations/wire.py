"""Entity types as compact JSON lists: the form of entities.jsonl and of kept imports."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from windtunnel.contracts.entities.finance_operations.definitions import (
    NAMESPACE,
    EntityType,
    Enumeration,
    Navigation,
    Property,
)

Json: TypeAlias = Any
X_TYPES: Final = {
    "Edm.String": "String",
    "Edm.Decimal": "Real",
    "Edm.Int32": "Int32",
    "Edm.Int64": "Int64",
    "Edm.Guid": "Guid",
    "Edm.DateTimeOffset": "Date",
    "Edm.Binary": "Container",
    "Edm.Boolean": "Enum",
}
"""The X++ type behind an Edm type where nothing else is said; `Enum` for enumerations."""

_SPACE: Final = f"{NAMESPACE}."


def entity_json(kind: EntityType) -> Json:
    """An entity type as JSON."""
    return {
        "set": kind.entity_set,
        "type": kind.name,
        "entity": kind.entity,
        "label": kind.label,
        "staging": kind.staging,
        "read_only": kind.is_read_only,
        "key": kind.key,
        "columns": [_column(item) for item in kind.properties.values()],
        "links": [_trimmed(link) for link in kind.navigations.values()],
        "notes": kind.notes,
        "bindings": kind.bindings,
    }


def entity_of(body: Json) -> EntityType:
    """The entity type of `entity_json`."""
    return EntityType(
        name=body["type"],
        entity_set=body["set"],
        key=tuple(body["key"]),
        properties={item[0]: _property(*item) for item in body["columns"]},
        navigations={item[0]: _navigation(*item) for item in body["links"]},
        label=body["label"],
        entity=body["entity"],
        staging=body["staging"],
        is_read_only=body["read_only"],
        notes=_tuples(body["notes"]),
        bindings=_tuples(body["bindings"]),
    )


def enum_json(enum: Enumeration) -> Json:
    """An enumeration as JSON."""
    return {
        "enum": enum.name,
        "label": enum.label,
        "members": [[m, v, enum.labels.get(m, "")] for m, v in enum.members.items()],
    }


def enum_of(body: Json) -> Enumeration:
    """The enumeration of `enum_json`."""
    return Enumeration(
        body["enum"],
        {name: value for name, value, _ in body["members"]},
        {name: label for name, _, label in body["members"] if label},
        body["label"],
    )


def _column(item: Property) -> Json:
    flags = "".join(
        flag
        for flag, is_set in (
            ("n", not item.nullable),
            ("r", item.required),
            ("e", not item.allow_edit),
            ("c", not item.allow_edit_on_create),
        )
        if is_set
    )
    kind = item.edm.removeprefix(_SPACE)
    x_type = "" if item.x_type == X_TYPES.get(item.edm, "Enum") else item.x_type or "-"
    parts = [item.name, kind, item.label, flags, x_type, item.countries, item.notes]
    return _cut(parts)


def _property(
    name: str,
    kind: str,
    label: str = "",
    flags: str = "",
    x_type: str = "",
    countries: str = "",
    notes: Json = (),
) -> Property:
    edm = kind if "." in kind else _SPACE + kind
    return Property(
        name,
        edm,
        "n" not in flags,
        label,
        x_type.removeprefix("-") if x_type else X_TYPES.get(edm, "Enum"),
        countries,
        "r" in flags,
        "e" not in flags,
        "c" not in flags,
        _tuples(notes),
    )


def _trimmed(link: Navigation) -> Json:
    return _cut(
        [link.name, link.target, link.many, link.pairs, link.partner, link.nullable, link.notes]
    )


def _navigation(
    name: str,
    target: str,
    many: bool = False,
    pairs: Json = (),
    partner: str = "",
    nullable: bool = False,
    notes: Json = (),
) -> Navigation:
    return Navigation(name, target, many, _tuples(pairs), partner, nullable, _tuples(notes))


def _cut(parts: list[Json]) -> list[Json]:
    """Without the empty parts at the end."""
    while parts and not parts[-1]:
        parts.pop()
    return parts


def _tuples(items: Json) -> Any:
    return tuple([tuple(item) for item in items]) if items else ()

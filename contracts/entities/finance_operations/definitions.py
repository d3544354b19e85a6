"""Entity types as plain values: what $metadata tells of a set, and what it is called elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

NAMESPACE: Final = "Microsoft.Dynamics.DataEntities"

Notes = tuple[tuple[str, str, str], ...]
"""Annotations that have no field of their own: (term without namespace, attribute, value)."""


class Property(NamedTuple):
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
    notes: Notes = ()


class Navigation(NamedTuple):
    """A navigation property: the type it leads to, one or many, pairs of (own, other) columns."""

    name: str
    target: str
    many: bool
    pairs: tuple[tuple[str, str], ...]
    partner: str = ""
    nullable: bool = False
    notes: Notes = ()


@dataclass(frozen=True, slots=True)
class EntityType:
    """A type with its properties in metadata order; `entity_set` is its public collection.

    `entity` is the data entity's own name (AOT), `staging` its staging table; the label is also
    what the Data Management framework calls it.
    """

    name: str
    entity_set: str
    key: tuple[str, ...]
    properties: dict[str, Property]
    navigations: dict[str, Navigation] = field(default_factory=dict)
    label: str = ""
    entity: str = ""
    staging: str = ""
    is_read_only: bool = False
    notes: Notes = ()
    bindings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Enumeration:
    """An enumeration; `labels` by member name."""

    name: str
    members: dict[str, int]
    labels: dict[str, str] = field(default_factory=dict)
    label: str = ""


class Lazily(Mapping[str, EntityType]):
    """Entity types by set name, each made when it is first asked for."""

    def __init__(self, makers: Mapping[str, Callable[[], EntityType]]) -> None:
        self._makers = dict(makers)
        self._made: dict[str, EntityType] = {}

    def __getitem__(self, name: str) -> EntityType:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = self._makers[name]()
        return made

    def __contains__(self, name: object) -> bool:
        return name in self._makers

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


class Declared(NamedTuple):
    """An action that a document declares: the type it is bound to, or ``, and its element.

    `is_imported`: the container names it, so it is called at the root.
    """

    name: str
    bound_to: str
    many: bool
    is_imported: bool
    text: str


@dataclass(frozen=True, slots=True)
class EntityTypes:
    """Types by set name, enumerations by name, set names by type name, declared actions.

    `texts` are what labels say in place of an id; a member without a label is called by its name.
    """

    types: Mapping[str, EntityType]
    enums: Mapping[str, Enumeration]
    sets_by_type: Mapping[str, str]
    actions: tuple[Declared, ...] = ()
    texts: tuple[str, ...] = field(default=(), compare=False)


def texts_of(types: Iterable[EntityType], enums: Iterable[Enumeration]) -> tuple[str, ...]:
    """The `texts` of these, in their order."""
    found: dict[str, None] = {}
    for kind in types:
        found[kind.label] = None
        found.update(dict.fromkeys(item.label for item in kind.properties.values()))
    for enum in enums:
        found[enum.label] = None
        found.update(dict.fromkeys(enum.labels.get(name) or name for name in enum.members))
    return tuple(text for text in found if text and not text.startswith("@"))

"""What the query compiler must know of a table; services fill it from their contracts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class EnumType:
    """An enumeration: member name to value, in declaration order."""

    name: str
    members: Mapping[str, int]
    is_flags: bool = False


@dataclass(frozen=True, slots=True)
class Complex:
    """A complex type of which one member is kept; the others follow from it."""

    name: str
    member: str


@dataclass(frozen=True, slots=True)
class Column:
    """One structural property: its wire name, its SQL column, its type such as `Edm.String`.

    Of a complex property `edm` is the type of the member that is kept.
    """

    name: str
    edm: str
    sql: str = ""
    enum: EnumType | None = None
    nullable: bool = True
    max_length: int | None = None
    complex: Complex | None = None

    @property
    def column(self) -> str:
        """The SQL column, without quotes."""
        return self.sql or self.name


@dataclass(frozen=True, slots=True)
class Navigation:
    """A navigation property: rows of `target` where each pair (own, other column) is equal.

    Pairs are of wire names. For many-to-many, `intersect` names the table in between: `pairs` join
    this table to it, `far_pairs` join it to the target.
    """

    name: str
    target: str
    collection: bool
    pairs: tuple[tuple[str, str], ...]
    partner: str = ""
    intersect: str = ""
    far_pairs: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Table:
    """An entity set: its wire names, its SQL table, its columns by wire name and its keys."""

    entity_set: str
    entity_type: str
    sql: str
    columns: dict[str, Column]
    key: tuple[str, ...]
    navigations: dict[str, Navigation] = field(default_factory=dict)
    alternate_keys: dict[str, tuple[str, ...]] = field(default_factory=dict)


class Catalog(dict[str, Table]):
    """Tables by entity type name; navigation targets are looked up here."""

    def by_set(self, entity_set: str) -> Table | None:
        """The table behind an entity set name, which is case-sensitive."""
        return next((table for table in self.values() if table.entity_set == entity_set), None)

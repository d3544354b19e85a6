"""A FetchXML query as data: checked for its form, not yet for the names in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Attribute:
    """A column asked for. `shown` is its tag, for messages."""

    name: str
    alias: str = ""
    aggregate: str = ""
    groupby: bool = False
    dategrouping: str = ""
    distinct: bool = False
    rowaggregate: str = ""
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """A term of the order: a column (of a joined table, if `entityname`) or an alias."""

    attribute: str
    alias: str
    descending: bool
    entityname: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison. `valueof` names another column, perhaps as `alias.column`."""

    attribute: str
    operator: str
    values: tuple[str, ...] = ()
    valueof: str = ""
    entityname: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """Conditions, filters and filtering links, all or any of which must hold."""

    any: bool
    parts: tuple[Condition | Filter | Link, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """What an entity and a link have in common. `no_attributes` is `<no-attrs />`."""

    name: str
    attributes: tuple[Attribute, ...]
    all_attributes: bool
    no_attributes: bool
    orders: tuple[Order, ...]
    filters: tuple[Filter, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A join: `from_column` of the linked table equals `to_column` of the table around it."""

    source: Source
    kind: str
    from_column: str
    to_column: str
    alias: str
    shown: str


@dataclass(frozen=True, slots=True)
class Fetch:
    """A whole query. Numbers are 0 where not given; `skip` rows are left out before `top`."""

    entity: Source
    top: int = 0
    count: int = 0
    page: int = 0
    cookie: str = ""
    distinct: bool = False
    aggregate: bool = False
    wants_total: bool = False
    raw_choice_order: bool = False
    aggregate_limit: int = 0
    skip: int = 0


Part: TypeAlias = Condition | Filter | Link

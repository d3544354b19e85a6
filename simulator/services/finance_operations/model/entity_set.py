"""One entity set as the service sees it: table, records, stored forms and JSON forms."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY, FACTS
from windtunnel.contracts.entities.finance_operations.load import (
    NAMESPACE,
    EntityType,
    Property,
    entity_types,
)
from windtunnel.simulator.entity_sets.records import Records, Values
from windtunnel.simulator.entity_sets.values import BadValue, Checker, Fault, checker
from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.odata.schema import Catalog, Column, EnumType, Navigation, Table

REC_ID: Final = "RecId"
REC_VERSION: Final = "RecVersion"
HIDDEN: Final = (Column(REC_ID, "Edm.Int64"), Column(REC_VERSION, "Edm.Int32"))
EMPTY_DATE: Final = "1900-01-01T12:00:00Z"
EMPTY_MOMENT: Final = "1900-01-01T00:00:00Z"
LARGEST_DECIMAL: Final = 79_228_162_514_264_337_593_543_950_335
"""Source: System.Decimal.MaxValue, .NET documentation."""

_EMPTY: Final[Mapping[str, Any]] = {
    "Edm.String": "",
    "Edm.Guid": "00000000-0000-0000-0000-000000000000",
    "Edm.Boolean": 0,
    "Edm.Binary": b"",
}


class Upon(dict[str, Any]):
    """Values upon others: what nobody set here reads as it is there and is not an item."""

    __slots__ = ("_below",)

    def __init__(self, values: Mapping[str, Any], below: Mapping[str, Any]) -> None:
        super().__init__(values)
        self._below = below

    def __missing__(self, name: str) -> Any:
        """The value below: the empty one of a new row, the stored one of a changed row."""
        return self._below[name]


class EntitySet:
    """Names, rules and records of one public collection."""

    def __init__(self, kind: EntityType, table: Table, store: Store, changes: Changes) -> None:
        self.kind, self.table = kind, table
        self.name = kind.entity_set
        self.facts = FACTS[self.name]
        self.is_company_specific = table.key[0] == COMPANY
        self.checkers = {name: _checker(kind.properties[name], c) for name, c in _columns(table)}
        self.empties = {name: _empty(kind.properties[name], c) for name, c in _columns(table)}
        self.required = tuple(n for n, item in kind.properties.items() if item.required)
        self.never_created = frozenset(
            n for n, item in kind.properties.items() if not item.allow_edit_on_create
        )
        self.never_changed = frozenset(
            {n for n, item in kind.properties.items() if not item.allow_edit}
            | self.facts.fixed
            | set(table.key)
        )
        for name, value in self.facts.defaults.items():
            self.empties[name] = self.checkers[name](value)
        self.records = Records(
            store, changes, table, hidden=HIDDEN, decimal="NUMERIC", empties=self.empties
        )
        self.names = self.records.names
        self._outer_joined = ";0,0" * (self.facts.sources - 1)

    def etag(self, rec_version: int, rec_id: int) -> str:
        """`W/"..."`: version and record id of every data source, in Base64, quotes included."""
        text = f"'{rec_version},{rec_id}{self._outer_joined}'"
        return f'W/"{base64.b64encode(text.encode()).decode()}"'

    def stored(self, name: str, value: Any) -> Any:
        """The stored form of a JSON value: a null is the empty value where the type has one."""
        column = self.table.columns[name]
        if value is None and (column.edm == "Edm.String" or column.enum is not None):
            return self.empties[name]
        return self.checkers[name](value)

    def label(self, name: str) -> str:
        """What messages call a property."""
        return self.facts.labels.get(name) or self.kind.properties[name].label

    def shown_key(self, values: Values) -> str:
        """`Customer group: 10, Wholesales customers.` as in messages on duplicates."""
        last = self.table.key[-1]
        title = values[self.facts.title] if self.facts.title else ""
        shown = f"{self.label(last)}: {values[last]}"
        return f"{shown}, {title}" if title else shown

    @property
    def data_source(self) -> str:
        """`CustGroup (CustGroup)`."""
        return f"{self.facts.table} ({self.facts.table})"


def entity_sets(store: Store, changes: Changes) -> tuple[Catalog, dict[str, EntitySet]]:
    """The catalog for queries by type name, and the entity sets by public collection name."""
    found = entity_types()
    enums = enum_types()
    catalog = Catalog()
    sets: dict[str, EntitySet] = {}
    for name, kind in found.types.items():
        columns = {item.name: _column(item, enums) for item in kind.properties.values()}
        navigations = {
            link_name: Navigation(
                link_name, FACTS[link.target].type, link.many, link.pairs, link.partner
            )
            for link_name, link in FACTS[name].navigations.items()
        }
        table = Table(
            name, f"{NAMESPACE}.{kind.name}", f"fo_{name}", columns, tuple(kind.key), navigations
        )
        catalog[kind.name] = table
        sets[name] = EntitySet(kind, table, store, changes)
    return catalog, sets


def enum_types() -> dict[str, EnumType]:
    """The enumerations of the document by bare name."""
    return {
        name: EnumType(f"{NAMESPACE}.{name}", members)
        for name, members in entity_types().enums.items()
    }


def _columns(table: Table) -> list[tuple[str, Column]]:
    return list(table.columns.items())


def _column(item: Property, enums: Mapping[str, EnumType]) -> Column:
    enum = enums.get(item.edm.rpartition(".")[2]) if not item.edm.startswith("Edm.") else None
    return Column(item.name, item.edm, enum=enum, nullable=item.nullable)


def _checker(item: Property, column: Column) -> Checker:
    inner = checker(column)
    if item.x_type == "Date":
        return lambda value: _noon(inner(value))
    if item.edm == "Edm.Decimal":
        return lambda value: _in_range(column, inner(value))
    if item.name == COMPANY:
        return lambda value: _lower(column, value)
    return inner


def _noon(moment: str) -> str:
    """Dates without a time travel as noon, so that no time zone moves them to another day."""
    return f"{moment[:10]}T12:00:00Z"


def _in_range(column: Column, value: float) -> float:
    if abs(value) > LARGEST_DECIMAL:
        raise BadValue(column, value, Fault.RANGE)
    return value


def _lower(column: Column, value: Any) -> str:
    if not isinstance(value, str):
        raise BadValue(column, value, Fault.TYPE)
    return value.lower()


def _empty(item: Property, column: Column) -> Any:
    """What a property holds that nobody set: never null, except enumerations of other countries."""
    if column.enum is not None:
        if item.countries:
            return None
        values = column.enum.members.values()
        return 0 if 0 in values else next(iter(values))
    if column.edm == "Edm.DateTimeOffset":
        return EMPTY_DATE if item.x_type == "Date" else EMPTY_MOMENT
    return _EMPTY.get(column.edm, 0)

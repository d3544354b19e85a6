"""One entity set as the service sees it: table, records, stored forms and JSON forms.

What takes time is made when it is first asked for: imported documents bring thousands of sets.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from typing import Any, Final

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY, FACTS, EntityFacts
from windtunnel.contracts.entities.finance_operations.definitions import (
    NAMESPACE,
    EntityType,
    Property,
)
from windtunnel.contracts.entities.finance_operations.load import (
    absent_navigations,
    entity_types,
)
from windtunnel.simulator.entity_sets.records import EncodedRecords, Key, Records, Values
from windtunnel.simulator.entity_sets.values import (
    BadValue,
    Checker,
    Decoder,
    Fault,
    checker,
    decoder,
)
from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.store import Store, quoted
from windtunnel.simulator.odata.schema import Catalog, Column, EnumType, Navigation, Table
from windtunnel.simulator.services.finance_operations.model.kept_records import (
    ETAG,
    REC_VERSION,
    refreshing,
)
from windtunnel.simulator.services.finance_operations.model.schema import Schema
from windtunnel.simulator.services.finance_operations.model.views import VIEWS

REC_ID: Final = "RecId"
HIDDEN: Final = (Column(REC_ID, "Edm.Int64"), Column(REC_VERSION, "Edm.Int32"))
_PREFIX: Final = "fo_"
_APART: Final = "set_of_"
EMPTY_DATE: Final = "1900-01-01T12:00:00Z"
EMPTY_MOMENT: Final = "1900-01-01T00:00:00Z"
ETAGS_KEPT: Final = 16_384
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


class Checkers(dict[str, Checker]):
    """Checkers by property, each made when it is first asked for. Raises KeyError."""

    def __init__(
        self,
        properties: Mapping[str, Property],
        columns: Mapping[str, Column],
        lengths: Mapping[str, int],
    ) -> None:
        super().__init__()
        self._properties, self._columns, self._lengths = properties, columns, lengths

    def __missing__(self, name: str) -> Checker:
        """Make one."""
        column, length = self._columns[name], self._lengths.get(name)
        made = self[name] = _checker(self._properties[name], column, length)
        return made


class Etags(dict[tuple[int, int], str]):
    """`W/"..."` by record version and record id: Base64 of the pairs of all data sources.

    The quotes of the pairs are inside. Of a joined source without a row both are 0.
    """

    def __init__(self, sources: int) -> None:
        super().__init__()
        self._joined = ";0,0" * (sources - 1)

    def __missing__(self, row: tuple[int, int]) -> str:
        if len(self) >= ETAGS_KEPT:
            self.clear()
        text = f"'{row[0]},{row[1]}{self._joined}'"
        made = self[row] = f'W/"{base64.b64encode(text.encode()).decode()}"'
        return made


class EntitySet:
    """Names, rules and records of one public collection.

    Versions of one entity (`stored_with`) share `records`, which have the columns of all of them;
    `table` has this set's own.
    """

    def __init__(self, name: str, sets: Sets) -> None:
        self.name = name
        self.type = sets.schema.types_by_set[name]
        self.view = VIEWS.get(name, "")
        self.is_imported = name not in FACTS
        self._sets = sets

    @cached_property
    def kind(self) -> EntityType:
        """The type with its properties and navigation properties."""
        return self._sets.schema.types[self.name]

    @cached_property
    def facts(self) -> EntityFacts:
        """What the type does not say."""
        return self._sets.schema.facts(self.name)

    @cached_property
    def principal(self) -> EntitySet:
        """The set whose records these are: itself, or another version of the entity."""
        return self._sets[self.facts.stored_with] if self.facts.stored_with else self

    @cached_property
    def is_company_specific(self) -> bool:
        """Whether every record belongs to one company."""
        return self.kind.key[0] == COMPANY

    @property
    def sql(self) -> str:
        """The name of its table or view in the store; that of the counters is another table."""
        name = self.principal.name
        return f"{_PREFIX}{_APART}{name}" if name.lower() == "counters" else _PREFIX + name

    @cached_property
    def table(self) -> Table:
        """The set as queries see it."""
        kind, enums = self.kind, self._sets.schema.enums
        return Table(
            self.name,
            f"{NAMESPACE}.{kind.name}",
            self.sql,
            {name: _column(item, enums) for name, item in kind.properties.items()},
            kind.key,
            {
                link.name: Navigation(link.name, link.target, link.many, link.pairs, link.partner)
                for link in kind.navigations.values()
                if link.pairs and self._sets.schema.joins(kind, link)
            },
        )

    @cached_property
    def records(self) -> Records:
        """The records; their table is made by the first statement that names it."""
        if self.principal is not self:
            return self.principal.records
        table, empties = self.table, self.empties
        versions = list(self._sets.versions(self.name))
        if versions:
            columns = dict(table.columns)
            for version in versions:
                columns.update(version.table.columns)
                empties = {**version.empties, **empties}
            table = Table(table.entity_set, table.entity_type, table.sql, columns, table.key)
        store, changes = self._sets.store, self._sets.changes
        made = Records(store, changes, table, hidden=HIDDEN, decimal="NUMERIC", empties=empties)
        if self.view:
            made.encoded = EncodedRecords(folds=False, kept=0)
        made.encoded.refresh = refreshing(self._sets)
        return made

    def create(self) -> None:
        """Create the table or view, if it is not there."""
        if self.view:
            self._sets.store.write(
                f"CREATE VIEW IF NOT EXISTS {quoted(self.table.sql)} AS {self.view}"
            )
        elif self.principal is self:
            self.records.create()
            for columns in self._indexes():
                self.records.create_index(columns)
        else:
            self.principal.create()

    def _indexes(self) -> Iterator[tuple[str, ...]]:
        """Columns that owned records are found by; others are looked for at deletes only."""
        company = (COMPANY,) if self.is_company_specific else ()
        for name, relation in self.facts.relations.items():
            if relation.owned:
                yield (*company, name)

    @property
    def names(self) -> tuple[str, ...]:
        """All stored columns."""
        return self.records.names

    @cached_property
    def checkers(self) -> Checkers:
        """By property: JSON value in, stored value out; raises BadValue."""
        return Checkers(self.kind.properties, self.table.columns, self.facts.lengths)

    @cached_property
    def key_columns(self) -> tuple[Column, ...]:
        """The columns of the key, in its order."""
        return tuple([self.table.columns[name] for name in self.table.key])

    @cached_property
    def empties(self) -> dict[str, Any]:
        """By property: what it holds that nobody set, defaults included."""
        found = {
            name: _empty(self.kind.properties[name], column)
            for name, column in self.table.columns.items()
        }
        for name, value in self.facts.defaults.items():
            found[name] = self.checkers[name](value)
        return found

    @cached_property
    def whole(self) -> Mapping[str, Any]:
        """The empty values of all stored columns."""
        found: dict[str, Any] = {}
        if self.is_partial:
            enums = self._sets.schema.enums
            for name, item in entity_types().types[self.name].properties.items():
                found[name] = _empty(item, _column(item, enums))
        for version in self._sets.versions(self.principal.name):
            found.update(version.empties)
        return {**found, **self.principal.empties, **self.empties}

    @cached_property
    def required(self) -> tuple[str, ...]:
        """Properties that must not be empty."""
        return tuple(n for n, item in self.kind.properties.items() if item.required)

    @cached_property
    def country_columns(self) -> tuple[str, ...]:
        """Properties of standard sets that hold the country of an address."""
        if self.is_imported:
            return ()
        return tuple(n for n in self.kind.properties if n.endswith("AddressCountryRegionId"))

    @cached_property
    def unset(self) -> dict[str, tuple[Any, ...]]:
        """By mandatory property: the values that count as not filled in."""
        plain = {"Edm.String", "Edm.Decimal", "Edm.Int32", "Edm.Int64", "Edm.Guid"}
        columns = self.table.columns
        return {
            name: ("", 0, None, _EMPTY["Edm.Guid"]) if columns[name].edm in plain else (None,)
            for name in self.required
        }

    @cached_property
    def never_created(self) -> frozenset[str]:
        """Properties that a create must not send."""
        found = self.kind.properties.items()
        return frozenset(n for n, item in found if not item.allow_edit_on_create)

    @cached_property
    def never_changed(self) -> frozenset[str]:
        """Properties that an update must not send."""
        found = self.kind.properties.items()
        fixed = {n for n, item in found if not item.allow_edit}
        return frozenset(fixed | self.facts.fixed | set(self.kind.key))

    @cached_property
    def etags(self) -> Etags:
        """The etags of records, by their versions and ids."""
        return self._sets.etags.setdefault(self.facts.sources, Etags(self.facts.sources))

    @cached_property
    def decoders(self) -> dict[str, Decoder]:
        """By property: stored value in, JSON value out, where the two differ."""
        made = ((name, decoder(column)) for name, column in self.table.columns.items())
        return {name: decode for name, decode in made if decode is not None}

    @cached_property
    def blank(self) -> dict[str, Any]:
        """The JSON object of a record that nobody set anything of; its etag is to be filled in."""
        shown: dict[str, Any] = {ETAG: ""}
        for name in self.table.columns:
            value, decode = self.empties[name], self.decoders.get(name)
            shown[name] = value if value is None or decode is None else decode(value)
        return shown

    def shown(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON object of a record just stored with these values, the others empty."""
        record = self.blank.copy()
        self.show(values, record)
        record[ETAG] = self.etags[values[REC_VERSION], values[REC_ID]]
        return record

    def show(self, values: Mapping[str, Any], record: dict[str, Any]) -> None:
        """Let the JSON object of a record have what was just stored.

        It is what a read of the store gives: there a decimal without a fraction is a whole number.
        """
        decoders = self.decoders
        for name, value in values.items():
            if name in record:
                decode = decoders.get(name)
                if decode is not None and value is not None:
                    value = decode(value)  # noqa: PLW2901 - the JSON form
                elif isinstance(value, float) and value.is_integer() and abs(value) < 2**63:
                    value = int(value)  # noqa: PLW2901 - as stored
                record[name] = value

    def stored(self, name: str, value: Any) -> Any:
        """The stored form of a JSON value: a null is the empty value where the type has one."""
        column = self.table.columns[name]
        if value is None and (column.edm == "Edm.String" or column.enum is not None):
            return self.empties[name]
        return self.checkers[name](value)

    def label(self, name: str) -> str:
        """What messages call a property."""
        item = self.kind.properties.get(name)
        return self.facts.labels.get(name) or (item.label if item is not None else "") or name

    def shown_key(self, values: Values) -> str:
        """`Customer group: 10, Wholesales customers.` as in messages on duplicates."""
        last = self.kind.key[-1]
        title = values[self.facts.title] if self.facts.title else ""
        value = values[last]
        if isinstance(value, float):
            value = f"{value:g}"
        elif self.kind.properties[last].x_type == "Date":
            day = date.fromisoformat(value[:10])
            value = f"{day.month}/{day.day}/{day.year}"
        shown = f"{self.label(last)}: {value}"
        return f"{shown}, {title}" if title else shown

    def lacks_navigation(self, name: str) -> bool:
        """Whether a navigation property is one of the real service that is not served here."""
        return name not in self.table.navigations and (
            name in self.kind.navigations or name in absent_navigations(self.name)
        )

    def row(self, key: Key) -> Values | None:
        """A stored row as rules read it, or None."""
        found = self.records.get(key)
        return None if found is None else self.filled(found)

    def filled(self, row: Values) -> Values:
        """A row with empty values for what rules may read and an imported type does not have."""
        return {**self.whole, **row} if self.is_partial else row

    def keep_columns(self, values: Values) -> None:
        """Drop what rules set and an imported type of this name does not have."""
        if self.is_partial:
            known = self.records.columns
            for name in [name for name in values if name not in known]:
                del values[name]

    @cached_property
    def is_partial(self) -> bool:
        """Whether an imported document replaced a standard type."""
        standard = entity_types().types
        return not self.is_imported and self.kind is not standard[self.name]

    def key_of(self, values: Mapping[str, Any]) -> Key:
        """The key of a record's values."""
        return tuple([values[name] for name in self.kind.key])

    @property
    def data_source(self) -> str:
        """`CustGroup (CustGroup)`."""
        return f"{self.facts.table} ({self.facts.table})"


class Sets(dict[str, EntitySet]):
    """The entity sets by public collection name, and what they are made upon."""

    def __init__(self, store: Store, changes: Changes, schema: Schema) -> None:
        self.store, self.changes, self.schema = store, changes, schema
        self.etags: dict[int, Etags] = {}
        super().__init__({name: EntitySet(name, self) for name in schema.types})
        self.catalog = Tables(self)
        self._versions: dict[str, list[str]] = {}
        for name, facts in FACTS.items():
            if facts.stored_with:
                self._versions.setdefault(facts.stored_with, []).append(name)
        store.on_missing(self._make)

    def versions(self, principal: str) -> Iterator[EntitySet]:
        """Other versions of a set that are stored with it."""
        for name in self._versions.get(principal, ()):
            if name in self and self[name].principal.name == principal:
                yield self[name]

    def by_type(self, name: str) -> EntitySet:
        """The set of an entity type."""
        return self[self.schema.sets_by_type[name]]

    def standard(self) -> Iterator[EntitySet]:
        """The sets that come with the product."""
        return (self[name] for name in FACTS if name in self)

    def create(self) -> None:
        """Bring the tables of an earlier run up to date; others are made when they are used.

        Views are made at once: there are few, and whether they have records is another's affair.
        """
        there = self.store.tables()
        for entity_set in self.values():
            if entity_set.view or entity_set.sql in there:
                entity_set.create()

    def _make(self, table: str) -> bool:
        if not table.startswith(_PREFIX):
            return False
        name = table.removeprefix(_PREFIX)
        found = self.get(name) or self.get(name.removeprefix(_APART))
        if found is not None:
            found.create()
        return found is not None


class Tables(Catalog):
    """Tables by entity type, each made when a query names it."""

    def __init__(self, sets: Sets) -> None:
        super().__init__()
        self._sets = sets

    def __missing__(self, name: str) -> Table:
        return self._sets.by_type(name).table

    def get(self, name: str, default: Any = None) -> Any:
        """The table of a type."""
        return self[name] if name in self._sets.schema.sets_by_type else default


def _column(item: Property, enums: Mapping[str, EnumType]) -> Column:
    enum = enums.get(item.edm.rpartition(".")[2]) if not item.edm.startswith("Edm.") else None
    return Column(item.name, item.edm, enum=enum, nullable=item.nullable)


def _checker(item: Property, column: Column, length: int | None) -> Checker:
    inner = checker(column)
    if length is not None:
        # The kernel cuts what is longer than the field when it is assigned. unconfirmed: for OData.
        return lambda value: inner(value[:length] if isinstance(value, str) else value)
    if item.x_type == "Date":
        return lambda value: _noon(inner(value))
    if item.edm == "Edm.Decimal":
        return _within_decimal(column, inner)
    if item.name == COMPANY:
        return lambda value: _lower(column, value)
    return inner


def _noon(moment: str) -> str:
    """Dates without a time travel as noon, so that no time zone moves them to another day."""
    return f"{moment[:10]}T12:00:00Z"


def _within_decimal(column: Column, inner: Checker) -> Checker:
    def check(value: Any) -> Any:
        number = inner(value)
        if -LARGEST_DECIMAL <= number <= LARGEST_DECIMAL:
            return number
        raise BadValue(column, value, Fault.RANGE)

    return check


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
        return 0 if 0 in values else next(iter(values), None)
    if column.edm == "Edm.DateTimeOffset":
        return EMPTY_DATE if item.x_type == "Date" else EMPTY_MOMENT
    return _EMPTY.get(column.edm, 0)

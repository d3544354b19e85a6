"""The tables that are served: each definition with its records, its checks and its defaults."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from windtunnel.contracts.entities.dataverse import ColumnDefinition, OptionSet, TableDefinition
from windtunnel.contracts.entities.dataverse.wire import LOOKUPS
from windtunnel.simulator.entity_sets.records import Records
from windtunnel.simulator.entity_sets.values import (
    Checker,
    Decoder,
    Fault,
    Refusal,
    checker,
    decoder,
)
from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.store import Store, quoted
from windtunnel.simulator.odata.schema import Catalog, Column, Complex, Navigation, Table
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.kept_records import refreshing
from windtunnel.simulator.services.dataverse.model.managed_properties import (
    managed_checker,
    managed_decoder,
)

NAMESPACE = "Microsoft.Dynamics.CRM."
VERSION = "versionnumber"
ETAG_SQL = f"""'W/"' || t.{quoted(VERSION)} || '"'"""
"""The etag of a row of `t`."""
OWNED_BY_SYSTEM = frozenset(
    {
        "createdon",
        "modifiedon",
        "_createdby_value",
        "_modifiedby_value",
        "_createdonbehalfby_value",
        "_modifiedonbehalfby_value",
        "_owninguser_value",
        "_owningteam_value",
        "_owningbusinessunit_value",
        "versionnumber",
    }
)
"""Written by the service; what a client sends for them is ignored."""


EARLIEST = "1753-01-01"
"""The first day that a column of dates takes."""
PARTITION, TIME_TO_LIVE = "partitionid", "ttlinseconds"
"""Columns of elastic tables."""
LARGEST_PAGE, LARGEST_ELASTIC_PAGE = 5000, 500
"""Rows of a page. Source: "Query data using FetchXml", limit the number of rows."""
ROW_KEY: Final = "rowkey"
"""The stored column, no property, that tells the rows of an elastic table apart."""
AUDIT, CHANGE_DATA = "audit", "changedata"
"""The table of audited changes, and its stored column, no property, of old and new values."""
PRINCIPAL = "principal"
"""The type that `ownerid` points at: users and teams in one. It has no entity set."""
PRINCIPALS = frozenset({"systemuser", "team"})
"""Tables of principals. Their rows have two keys of one value: their own, and `ownerid`."""
_OWNERS = "_ownerid_value"
_PRINCIPAL_VIEW = (
    f"CREATE VIEW IF NOT EXISTS {PRINCIPAL} AS SELECT systemuserid AS ownerid, {VERSION} "
    f"FROM systemuser UNION ALL SELECT teamid, {VERSION} FROM team"
)


@dataclass(frozen=True)
class DataverseTable:
    """One table at run time."""

    definition: TableDefinition
    table: Table
    records: Records
    decoders: dict[str, Decoder]
    writable_lookups: dict[str, tuple[str, str]]
    """Navigation property to (lookup column, target table)."""
    lookup_columns: frozenset[str]
    """Columns that are written by a navigation property only."""
    is_elastic: bool = False

    @cached_property
    def checkers(self) -> dict[str, Checker]:
        """The checks of all columns: most tables of an environment are never written."""
        columns = self.table.columns
        return {
            name: _checked(self.definition, column, columns[name])
            for name, column in self.definition.columns.items()
        }

    @cached_property
    def writable(self) -> dict[str, Checker]:
        """The checks of the columns that the service does not keep for itself."""
        columns, entity_set = self.table.columns, self.definition.entity_set
        return {
            name: _in_body(entity_set, columns[name].edm, check)
            for name, check in self.checkers.items()
            if name not in OWNED_BY_SYSTEM
        }

    @cached_property
    def name(self) -> str:
        """The logical name."""
        return self.definition.logical_name

    @cached_property
    def entity_set(self) -> str:
        """The name in URLs."""
        return self.definition.entity_set

    @cached_property
    def primary_id(self) -> str:
        """The primary key column."""
        return self.definition.primary_id

    @cached_property
    def row_key(self) -> str:
        """The stored column that tells the rows apart: the primary key where no partitions are."""
        return ROW_KEY if self.is_elastic else self.definition.primary_id

    @cached_property
    def largest_page(self) -> int:
        """How many rows a page has at most, and where nobody asks for fewer."""
        return LARGEST_ELASTIC_PAGE if self.is_elastic else LARGEST_PAGE

    def has(self, column: str) -> bool:
        """Whether the table has a column, by wire name."""
        return column in self.table.columns


def row_key_of(key: str, partition: str) -> str:
    """What tells a row of an elastic table apart: its id, and its partition if that is another.

    A partition has no slash. The first 36 characters are the id.
    """
    return key if partition.lower() == key else f"{key}/{partition}"


ID_LENGTH: Final = 36


def id_in(row_key: str) -> str:
    """The id of a row by what tells rows apart."""
    return row_key[:ID_LENGTH]


class Tables:
    """All tables, by entity set and by logical name."""

    def __init__(self, store: Store, changes: Changes) -> None:
        self._store, self._changes = store, changes
        store.on_missing(self._make)
        self.catalog = Catalog()
        self.by_set: dict[str, DataverseTable] = {}
        self.by_name: dict[str, DataverseTable] = {}
        self.definitions: dict[str, TableDefinition] = {}
        self.choices: dict[str, OptionSet] = {}
        """Global choices by name."""
        self.readable: Callable[[DataverseTable], str] = lambda served: quoted(served.table.sql)
        """SQL to read a table from: the rows and columns that the present caller may see."""
        self.principal = self._served(
            TableDefinition(
                PRINCIPAL,
                "Principal",
                "principals",
                "ownerid",
                "",
                {"ownerid": ColumnDefinition("ownerid", "Uniqueidentifier", "Edm.Guid")},
            ),
            None,
        )
        self.version = 0
        """Of all definitions together: whoever keeps what follows from them looks at it."""
        self.stamp = 0
        """The version of the newest change at run time: durable, unlike `version`."""

    def add(self, definitions: Iterable[TableDefinition]) -> None:
        """Serve these tables; a definition of the same name replaces the older one.

        The records of a table that is replaced stay the same object, so that nobody who holds it
        reads or forgets beside the others.
        """
        self.version += 1
        self.catalog[PRINCIPAL] = self.principal.table
        for definition in definitions:
            older = self.by_name.get(definition.logical_name)
            if older is not None:
                self.by_set.pop(older.entity_set, None)
            served = self._served(definition, older)
            self.catalog[definition.logical_name] = served.table
            self.by_set[definition.entity_set] = served
            self.by_name[definition.logical_name] = served
            self.definitions[definition.logical_name] = definition

    def remove(self, name: str) -> None:
        """Serve a table no longer; its records stay where they are."""
        self.version += 1
        served = self.by_name.pop(name)
        self.by_set.pop(served.entity_set, None)
        self.catalog.pop(name, None)
        self.definitions.pop(name, None)

    def create(self) -> None:
        """Bring the tables of an earlier run up to date; others are made when they are used."""
        there = self._store.tables()
        for served in self.by_name.values():
            if served.table.sql in there:
                self.create_one(served)
        if {"systemuser", "team"} <= self.by_name.keys():
            self._store.write(_PRINCIPAL_VIEW)
        for served in (self.by_name[name] for name in PRINCIPALS & self.by_name.keys() & there):
            if served.has("ownerid"):  # rows of a database from before there was the column
                key = quoted(served.primary_id)
                self._store.write(
                    f"UPDATE {quoted(served.table.sql)} SET ownerid = {key} WHERE ownerid IS NULL"
                )

    def _make(self, name: str) -> bool:
        served = self.by_name.get(name)
        if served is not None:
            self.create_one(served)
        return served is not None

    def create_one(self, served: DataverseTable) -> None:
        """Create one table and its indexes, where they are not there yet."""
        served.records.create()
        for relation in served.definition.relations.values():
            if relation.collection:
                continue
            column = relation.pairs[0][0]
            own = served.definition.columns.get(column)
            if column in _INDEXED or (own is not None and own.is_custom):
                served.records.create_index((column,))
        if served.definition.is_intersect:
            _, *pair = served.table.key + _ends(served.definition)
            if len(pair) == 2:
                served.records.create_index(pair, unique=True)
                served.records.create_index((pair[1],))

    def target(self, navigation: Navigation) -> DataverseTable:
        """The table that a navigation property leads to."""
        if navigation.target == PRINCIPAL:
            return self.principal
        return self.by_name[navigation.target]

    def principal_table(self, key: str) -> DataverseTable:
        """The table of users or of teams, whichever has this key."""
        teams = self.by_name["team"]
        return teams if teams.records.exists((key,)) else self.by_name["systemuser"]

    def of_set(self, entity_set: str) -> DataverseTable:
        """A table by its entity set name. Raises SegmentNotFound."""
        found = self.by_set.get(entity_set)
        if found is None:
            raise errors.SegmentNotFound(segment=entity_set)
        return found

    def _served(self, definition: TableDefinition, older: DataverseTable | None) -> DataverseTable:
        columns = {name: _column(column) for name, column in definition.columns.items()}
        table = Table(
            definition.entity_set,
            NAMESPACE + definition.logical_name,
            definition.logical_name,
            columns,
            (definition.primary_id,),
            {
                relation.name: Navigation(
                    relation.name,
                    relation.target,
                    relation.collection,
                    relation.pairs,
                    relation.partner,
                    relation.intersect,
                    relation.far_pairs,
                )
                for relation in definition.relations.values()
            },
            dict(definition.keys),
        )
        if _OWNERS in columns and "ownerid" not in table.navigations:
            owner = Navigation("ownerid", PRINCIPAL, False, ((_OWNERS, "ownerid"),))
            table.navigations["ownerid"] = owner
        elastic = definition.facts.get("TableType") == "Elastic" and PARTITION in columns
        hidden = () if VERSION in columns else (Column(VERSION, "Edm.Int64"),)
        if elastic:
            hidden = (*hidden, Column(ROW_KEY, "Edm.String"))
        if definition.logical_name == AUDIT:
            hidden = (*hidden, Column(CHANGE_DATA, "Edm.String"))
        if older is None:
            key = (ROW_KEY,) if elastic else ()
            records = Records(
                *(self._store, self._changes, table), hidden=hidden, version=VERSION, key=key
            )
        else:
            records = older.records
            records.redefine(table, hidden)
        decoders = {
            name: decode
            for name, column in columns.items()
            if (decode := _decoder(column)) is not None
        }
        records.encoded.refresh = refreshing(VERSION, decoders)
        lookups = {
            relation.name: (relation.pairs[0][0], relation.target)
            for relation in definition.relations.values()
            if not relation.collection
        }
        own = frozenset(
            name for name, column in definition.columns.items() if column.type in LOOKUPS
        )
        return DataverseTable(definition, table, records, decoders, lookups, own, elastic)


_INDEXED = frozenset(
    {
        "_parentcustomerid_value",
        "_parentaccountid_value",
        "_customerid_value",
        "_primarycontactid_value",
        "_salesorderid_value",
        "_activityid_value",
        "_regardingobjectid_value",
        "_objectid_value",
        "_sdkmessageid_value",
    }
)


def _ends(definition: TableDefinition) -> tuple[str, ...]:
    """The two columns of an intersect table that hold the keys of what it joins."""
    return tuple(
        name
        for name, column in definition.columns.items()
        if column.edm == "Edm.Guid" and name != definition.primary_id
    )


_MANAGED = Complex(f"{NAMESPACE}BooleanManagedProperty", "Value")


def _column(column: ColumnDefinition) -> Column:
    if column.type == "ManagedProperty":
        return Column(column.name, "Edm.Boolean", complex=_MANAGED)
    return Column(column.name, column.edm)


def _decoder(column: Column) -> Decoder | None:
    return decoder(column) if column.complex is None else managed_decoder(column)


def _checked(definition: TableDefinition, column: ColumnDefinition, schema: Column) -> Checker:
    """The check of a JSON value, in the service's own words."""
    if column.type == "File":

        def refused(_: Any) -> Any:
            raise errors.FileColumnNotSettable(column=column.name)

        return refused
    if schema.complex is not None:
        return managed_checker(schema, _refusal(definition, column))
    length = column.max_length if schema.edm == "Edm.String" else None
    check = checker(replace(schema, max_length=length), _refusal(definition, column))
    bounded = _bounds(definition, column)
    if bounded is None:
        return check

    def checked(value: Any) -> Any:
        stored = check(value)
        if stored is not None:
            bounded(stored)
        return stored

    return checked


_WHOLE = re.compile(r"\s*[+-]?\d{1,10}\s*")
_YES_OR_NO = {"true": True, "false": False}
EXACT = frozenset({"Edm.Decimal", "Edm.Int64"})
"""Types whose numbers are texts where a body says `IEEE754Compatible=true`, and only there."""


def _in_body(entity_set: str, edm: str, check: Checker) -> Checker:
    """The check of a value in a body: a text may stand for some types and must not for others.

    Microsoft's sample of a create has `"numberofemployees":"200"` ("Create a table row using the
    Web API"); a text for a decimal is refused by the OData reader of the service.
    """

    def whole(value: Any) -> Any:
        is_number = isinstance(value, str) and _WHOLE.fullmatch(value) is not None
        return check(int(value) if is_number else value)

    def boolean(value: Any) -> Any:
        is_text = isinstance(value, str)
        return check(_YES_OR_NO.get(value.strip().lower(), value) if is_text else value)

    def exact(value: Any) -> Any:
        if isinstance(value, str):
            raise errors.PayloadError(
                set=entity_set,
                problem=f"Microsoft.OData.ODataException: Cannot convert a value to target type "
                f"'{edm}' because of conflict between input format string/number and parameter "
                "'IEEE754Compatible' false/true.",
            )
        return check(value)

    if edm in EXACT:
        return exact
    return {"Edm.Int32": whole, "Edm.Boolean": boolean}.get(edm, check)


def _check_day(value: str) -> None:
    if value < EARLIEST:
        raise errors.InvalidDateTime


OBJECT_TYPES = frozenset(
    {
        "baseentitytypecode",
        "matchingentitytypecode",
        "objecttypecode",
        "record1objecttypecode",
        "record2objecttypecode",
    }
)
"""Choices of a table by its number: any table's number, those of users included."""


def _bounds(definition: TableDefinition, column: ColumnDefinition) -> Callable[[Any], None] | None:
    table = definition.logical_name
    if column.type == "DateTime":
        return _check_day
    is_choice = column.type in {"Picklist", "State", "Status"}
    if column.options and is_choice and column.name not in OBJECT_TYPES:
        accepted = {option.value for option in column.options}

        def check_option(value: int) -> None:
            if value not in accepted:
                shown = ",".join(map(str, sorted(accepted)))
                raise errors.OptionOutOfRange(
                    value=value, column=column.name, table=table, accepted=shown
                )

        return check_option
    if column.minimum is not None or column.maximum is not None:
        low = float("-inf") if column.minimum is None else column.minimum
        high = float("inf") if column.maximum is None else column.maximum

        def check_range(value: float) -> None:
            if not low <= value <= high:
                raise errors.NumberOutOfRange(
                    is_integer=column.type in {"Integer", "BigInt"},
                    value=value,
                    column=column.name,
                    table=table,
                    low=low,
                    high=high,
                )

        return check_range
    return None


def _refusal(definition: TableDefinition, column: ColumnDefinition) -> Refusal:
    """Makes the service's error for a value that the column cannot take."""

    def refused(schema: Column, value: Any, fault: Fault) -> errors.DataverseError:
        if fault is Fault.CHARACTER:
            return errors.BadCharacter(column=column.name)
        if fault is Fault.LENGTH:
            return errors.TextTooLong(
                column=column.name, table=definition.logical_name, length=schema.max_length
            )
        return errors.PayloadError(
            set=definition.entity_set,
            problem=f"Microsoft.OData.ODataException: Cannot convert the literal '{value}' to "
            f"the expected type '{column.edm}'.",
        )

    return refused


def encode_rows(
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    decoders: dict[str, Decoder],
) -> list[dict[str, Any]]:
    """Stored rows as JSON objects."""
    fixes = [(name, decoders[name]) for name in names if name in decoders]
    objects = [dict(zip(names, row)) for row in rows]  # noqa: B905 - a value for each name
    for name, decode in fixes:
        for item in objects:
            value = item[name]
            if value is not None:
                item[name] = decode(value)
    return objects

"""Runs plans and makes the JSON objects of records. Source: captured answers of `/data`."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.contracts.entities.finance_operations.load import NAMESPACE
from windtunnel.simulator.entity_sets.indexes import IndexAdvisor
from windtunnel.simulator.entity_sets.records import Key
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.store import Store, quoted
from windtunnel.simulator.odata.pieces import bind
from windtunnel.simulator.odata.schema import Column, Navigation
from windtunnel.simulator.services.finance_operations.errors import BadQuery
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.kept_records import ETAG
from windtunnel.simulator.services.finance_operations.model.plans import (
    IN_COMPANY,
    Expansion,
    Plan,
)

Row: TypeAlias = tuple[Any, ...]
Json: TypeAlias = dict[str, Any]

_TOO_COMPLEX: Final = re.compile("stack overflow|too large|too many|too complex")
_TWICE: Final = re.compile(r"[/\\+%]")
"""What must be encoded twice in a key: see addresses.py."""
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~-]*\Z")
_ADVISED_AT: Final = frozenset({1, 8, 64})
_SHOWN_TYPES: Final = {
    "Edm.Decimal": "#Decimal",
    "Edm.DateTimeOffset": "#DateTimeOffset",
    "Edm.Int64": "#Int64",
    "Edm.Guid": "#Guid",
}


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a list as JSON; `total` when it was asked for; `next_skip` when there are more."""

    records: list[Json]
    total: int | None
    next_skip: int | None


class Reading:
    """Reads one environment's records."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._advisor = IndexAdvisor(store)

    def forget(self) -> None:
        """After a reset."""
        self._advisor.forget()

    def page(self, plan: Plan, company: str | None, size: int, level: str, root: str) -> Page:
        """One page of a list; `company` limits it, None means all companies."""
        return self._page(plan, *_scoped(plan, company), size, level, root)

    def count(self, plan: Plan, company: str | None) -> int:
        """How many records match."""
        return self._total(plan, *_scoped(plan, company))

    def one(self, plan: Plan, key: Key, level: str, root: str) -> Json | None:
        """One record with what the plan selects and expands, or None."""
        found = self.identified(plan, key, level, root)
        return None if found is None else found[0]

    def identified(self, plan: Plan, key: Key, level: str, root: str) -> tuple[Json, int] | None:
        """`one`, and its record id."""
        rows = self._store.read(plan.by_key, key).fetchall()
        return (self._records(plan, rows, level, root)[0], rows[0][-1]) if rows else None

    def linked(self, source: EntitySet, navigation: Navigation, key: Key) -> Row | None:
        """The values that lead from a record to what is behind a navigation, or None."""
        table = source.table
        columns = ", ".join(quoted(table.columns[own].column) for own, _ in navigation.pairs)
        condition = " AND ".join(f"{quoted(table.columns[name].column)}=?" for name in table.key)
        sql = f"SELECT {columns} FROM {quoted(table.sql)} WHERE {condition}"
        row: Row | None = self._store.read(sql, key).fetchone()
        return row

    def behind(
        self,
        plan: Plan,
        navigation: Navigation,
        values: Sequence[Any],
        size: int,
        level: str,
        root: str,
    ) -> Page:
        """Records that a navigation leads to from a record with these values."""
        return self._page(plan, *_link_condition(plan, navigation, values), size, level, root)

    def count_behind(self, plan: Plan, navigation: Navigation, values: Sequence[Any]) -> int:
        """How many records a navigation leads to."""
        where, parameters = _link_condition(plan, navigation, values)
        return self._total(plan, where, parameters)

    def _page(
        self, plan: Plan, where: str, parameters: Row, size: int, level: str, root: str
    ) -> Page:
        total = self._total(plan, where, parameters) if plan.is_counted else None
        wanted = size if plan.top is None else min(plan.top, size)
        rows = self._rows(plan, where, parameters, wanted + 1, plan.skip)
        is_cut = len(rows) > wanted and (plan.top is None or plan.top > wanted)
        records = self._records(plan, rows[:wanted], level, root)
        return Page(records, total, plan.skip + wanted if is_cut else None)

    def _rows(self, plan: Plan, where: str, parameters: Row, limit: int, skip: int) -> list[Row]:
        sql = plan.select + where + plan.order
        bound = bind((*parameters, *plan.order_parameters), self._clock.now())
        values = (*bound, limit, skip)
        plan.uses += 1
        rows = self._run(sql, values)
        if plan.uses in _ADVISED_AT:
            self._advise(plan, sql, values)
        return rows

    def _advise(self, plan: Plan, sql: str, values: Sequence[Any]) -> None:
        """Let a large table have an index for this plan; its company alone selects too little."""
        if plan.entity_set.view:
            return
        hints, equal = plan.hints, plan.hints.equal
        if IN_COMPANY in sql:
            sql = sql.replace(IN_COMPANY, f"+{IN_COMPANY}", 1)
            equal = (COMPANY, *equal)
        self._advisor.improve(
            plan.entity_set.records,
            sql,
            values,
            equal=equal,
            order=hints.order,
            compared=hints.compared,
        )

    def _run(self, sql: str, values: Sequence[Any]) -> list[Row]:
        try:
            rows: list[Row] = self._store.read(sql, values).fetchall()
        except sqlite3.OperationalError as error:
            if not _TOO_COMPLEX.search(str(error)):
                raise
            raise BadQuery(reason="The query is too complex.") from error
        return rows

    def _total(self, plan: Plan, where: str, parameters: Row) -> int:
        sql = f"SELECT count(*) FROM {quoted(plan.entity_set.table.sql)} t{where}"
        bound = bind(parameters, self._clock.now())
        return int(self._run(sql, bound)[0][0])

    # -- JSON ---------------------------------------------------------------------------------

    def _records(self, plan: Plan, rows: Sequence[Row], level: str, root: str) -> list[Json]:
        if not rows:
            return []
        *columns, versions, ids = zip(*rows, strict=True)
        etags = map(plan.entity_set.etags.__getitem__, zip(versions, ids, strict=True))
        names = plan.shown
        shown = zip(etags, *columns[: len(names) - 1])  # noqa: B905 - all are columns of one list
        records: list[Json] = [dict(zip(names, row)) for row in shown]  # noqa: B905 - one each
        for name, decode in plan.decoders:
            for record in records:
                value = record[name]
                if value is not None:
                    record[name] = decode(value)
        if level == "none":
            for record in records:
                del record[ETAG]
        elif level == "full":
            pairs = zip(records, rows, strict=True)
            records = [_annotated(plan.entity_set, item, plan, row, root) for item, row in pairs]
        if plan.expansions:
            for record, row in zip(records, rows, strict=True):
                for expansion in plan.expansions:
                    self._expand(plan, expansion, row, record, level, root)
        return records

    def _expand(
        self, plan: Plan, expansion: Expansion, row: Row, record: Json, level: str, root: str
    ) -> None:
        navigation, inner = expansion.navigation, expansion.plan
        values = [row[plan.link_places[own]] for own, _ in navigation.pairs]
        where, parameters = _link_condition(inner, navigation, values)
        if not navigation.collection:
            rows = self._rows(inner, where, parameters, 1, 0)
            records = self._records(inner, rows, level, root)
            record[navigation.name] = records[0] if records else None
            return
        if inner.is_counted:
            total = self._total(inner, where, parameters)
            record[f"{navigation.name}@odata.count"] = total
        limit = -1 if inner.top is None else inner.top
        rows = self._rows(inner, where, parameters, limit, inner.skip)
        record[navigation.name] = self._records(inner, rows, level, root)


def _scoped(plan: Plan, company: str | None) -> tuple[str, Row]:
    """WHERE with its parameters; `company` limits a company-specific set."""
    if company is None or not plan.entity_set.is_company_specific:
        return plan.everywhere, plan.parameters
    return plan.in_company, (company, *plan.parameters)


def _link_condition(plan: Plan, navigation: Navigation, values: Sequence[Any]) -> tuple[str, Row]:
    """An empty value links to nothing."""
    columns = plan.entity_set.table.columns
    conditions = [f"t.{quoted(columns[other].column)} = ?" for _, other in navigation.pairs]
    parameters = [None if value == "" else value for value in values]
    if plan.where is not None:
        conditions.append(plan.where.text)
        parameters += plan.where.parameters
    return f" WHERE {' AND '.join(conditions)}", tuple(parameters)


def _annotated(entity_set: EntitySet, record: Json, plan: Plan, row: Row, root: str) -> Json:
    """`odata.metadata=full`: types, addresses and links beside the values."""
    table = entity_set.table
    found = dict(zip(plan.link_places, row, strict=False))
    out: Json = {"@odata.type": f"#{NAMESPACE}.{entity_set.type}"}
    link = ""
    if all(name in found for name in table.key):
        link = address_of(entity_set, entity_set.key_of(found))
        out |= {"@odata.id": f"{root}/{link}", "@odata.editLink": link}
    for name, value in record.items():
        column = table.columns.get(name)
        shown = _SHOWN_TYPES.get(column.edm, "") if column is not None else ""
        if column is not None and column.enum is not None:
            shown = f"#{column.enum.name}"
        if shown:
            out[f"{name}@odata.type"] = shown
        out[name] = value
    for name in table.navigations if link else ():
        out[f"{name}@odata.associationLink"] = f"{root}/{link}/{name}/$ref"
        out[f"{name}@odata.navigationLink"] = f"{root}/{link}/{name}"
    return out


def _literal(column: Column, value: Any) -> str:
    """A key value as it stands in a URL: texts and enumeration members in quotes."""
    if column.edm == "Edm.String":
        if _PLAIN.match(value):
            return f"'{value}'"
        once = _TWICE.sub(lambda found: quote(found[0], safe=""), value.replace("'", "''"))
        return "'" + quote(once, safe="'") + "'"
    if column.enum is not None:
        names = (name for name, number in column.enum.members.items() if number == value)
        return f"{column.enum.name}'{next(names, value)}'"
    return str(value)


def address_of(entity_set: EntitySet, key: Key) -> str:
    """`CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')`."""
    pairs = zip(entity_set.key_columns, key, strict=True)
    parts = [f"{column.name}={_literal(column, value)}" for column, value in pairs]
    return f"{entity_set.name}({','.join(parts)})"

"""Runs plans and makes the JSON objects of records. Source: captured answers of `/data`."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping, Sequence
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
from windtunnel.simulator.odata.schema import Navigation
from windtunnel.simulator.services.finance_operations.errors import BadQuery
from windtunnel.simulator.services.finance_operations.model.entity_set import (
    REC_ID,
    REC_VERSION,
    EntitySet,
)
from windtunnel.simulator.services.finance_operations.model.plans import Expansion, Plan, scoped

Row: TypeAlias = tuple[Any, ...]
Json: TypeAlias = dict[str, Any]

_TOO_COMPLEX: Final = re.compile("stack overflow|too large|too many|too complex")
_TWICE: Final = re.compile(r"[/\\+%]")
"""What must be encoded twice in a key: see addresses.py."""
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
        conditions, parameters = scoped(plan, company)
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        total = self._total(plan, where, parameters) if plan.is_counted else None
        wanted = size if plan.top is None else min(plan.top, size)
        rows = self._rows(plan, where, parameters, wanted + 1, plan.skip)
        is_cut = len(rows) > wanted and (plan.top is None or plan.top > wanted)
        records = self._records(plan, rows[:wanted], level, root)
        return Page(records, total, plan.skip + wanted if is_cut else None)

    def count(self, plan: Plan, company: str | None) -> int:
        """How many records match."""
        conditions, parameters = scoped(plan, company)
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return self._total(plan, where, parameters)

    def one(self, plan: Plan, key: Key, level: str, root: str) -> Json | None:
        """One record with what the plan selects and expands, or None."""
        rows = self._store.read(f"{plan.select} WHERE {_key_condition(plan)}", key).fetchall()
        return self._records(plan, rows, level, root)[0] if rows else None

    def made(self, plan: Plan, values: Mapping[str, Any], root: str) -> Json:
        """A record that was just stored, from its stored values; `plan` is that of no options."""
        columns = plan.entity_set.table.columns
        row = [
            _as_stored(values[name]) if columns[name].edm == "Edm.Decimal" else values[name]
            for name in plan.names
        ]
        whole = (*row, values[REC_VERSION], values[REC_ID])
        return self._records(plan, [whole], "minimal", root)[0]

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
        where, parameters = _link_condition(plan, navigation, values)
        total = self._total(plan, where, parameters) if plan.is_counted else None
        wanted = size if plan.top is None else min(plan.top, size)
        rows = self._rows(plan, where, parameters, wanted + 1, plan.skip)
        is_cut = len(rows) > wanted and (plan.top is None or plan.top > wanted)
        records = self._records(plan, rows[:wanted], level, root)
        return Page(records, total, plan.skip + wanted if is_cut else None)

    def count_behind(self, plan: Plan, navigation: Navigation, values: Sequence[Any]) -> int:
        """How many records a navigation leads to."""
        where, parameters = _link_condition(plan, navigation, values)
        return self._total(plan, where, parameters)

    def _rows(
        self, plan: Plan, where: str, parameters: Sequence[Any], limit: int, skip: int
    ) -> list[Row]:
        order = ", ".join(piece.text for piece in plan.order)
        sql = f"{plan.select}{where} ORDER BY {order} LIMIT ? OFFSET ?"
        bound = [*parameters, *[value for piece in plan.order for value in piece.parameters]]
        values = (*bind(tuple(bound), self._clock.now()), limit, skip)
        plan.uses += 1
        rows = self._run(sql, values)
        if plan.uses in _ADVISED_AT:
            self._advise(plan, sql, values)
        return rows

    def _advise(self, plan: Plan, sql: str, values: Sequence[Any]) -> None:
        """Let a large table have an index for this plan; its company alone selects too little."""
        if plan.entity_set.view:
            return
        condition, equal = f" t.{quoted(COMPANY)} = ?", plan.equal
        if condition in sql:
            sql = sql.replace(condition, f" +{condition[1:]}", 1)
            equal = (COMPANY, *equal)
        self._advisor.improve(
            plan.entity_set.records, sql, values, equal=equal, order=plan.sorted_by
        )

    def _run(self, sql: str, values: Sequence[Any]) -> list[Row]:
        try:
            rows: list[Row] = self._store.read(sql, values).fetchall()
        except sqlite3.OperationalError as error:
            if not _TOO_COMPLEX.search(str(error)):
                raise
            raise BadQuery(reason="The query is too complex.") from error
        return rows

    def _total(self, plan: Plan, where: str, parameters: Sequence[Any]) -> int:
        sql = f"SELECT count(*) FROM {quoted(plan.entity_set.table.sql)} t{where}"
        bound = bind(tuple(parameters), self._clock.now())
        return int(self._run(sql, bound)[0][0])

    # -- JSON ---------------------------------------------------------------------------------

    def _records(self, plan: Plan, rows: Sequence[Row], level: str, root: str) -> list[Json]:
        etag, names, decoders = plan.entity_set.etag, plan.names, plan.decoders
        made: list[Json] = []
        for row in rows:
            record: Json = {} if level == "none" else {"@odata.etag": etag(row[-2], row[-1])}
            record.update(zip(names, row))  # noqa: B905 - rows end with hidden columns
            for name, decode in decoders:
                value = record[name]
                if value is not None:
                    record[name] = decode(value)
            if level == "full":
                record = _annotated(plan.entity_set, record, plan, row, root)
            for expansion in plan.expansions:
                self._expand(plan, expansion, row, record, level, root)
            made.append(record)
        return made

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


def _as_stored(value: Any) -> Any:
    """A decimal as the store gives it back: a whole number comes without a fraction."""
    is_whole = isinstance(value, float) and value.is_integer() and abs(value) < 2**63
    return int(value) if is_whole else value


def _key_condition(plan: Plan) -> str:
    table = plan.entity_set.table
    return " AND ".join(f"t.{quoted(table.columns[name].column)}=?" for name in table.key)


def _link_condition(
    plan: Plan, navigation: Navigation, values: Sequence[Any]
) -> tuple[str, list[Any]]:
    """An empty value links to nothing."""
    columns = plan.entity_set.table.columns
    conditions = [f"t.{quoted(columns[other].column)} = ?" for _, other in navigation.pairs]
    parameters = [None if value == "" else value for value in values]
    if plan.where is not None:
        conditions.append(plan.where.text)
        parameters += plan.where.parameters
    return f" WHERE {' AND '.join(conditions)}", parameters


def _annotated(entity_set: EntitySet, record: Json, plan: Plan, row: Row, root: str) -> Json:
    """`odata.metadata=full`: types, addresses and links beside the values."""
    table = entity_set.table
    found = dict(zip(plan.link_places, row, strict=False))
    out: Json = {"@odata.type": f"#{NAMESPACE}.{entity_set.type}"}
    link = ""
    if all(name in found for name in table.key):
        keys = ",".join(f"{name}={_literal(found[name])}" for name in table.key)
        link = f"{entity_set.name}({keys})"
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


def _literal(value: Any) -> str:
    """A key value as it stands in a URL."""
    if isinstance(value, str):
        once = _TWICE.sub(lambda found: quote(found[0], safe=""), value.replace("'", "''"))
        return "'" + quote(once, safe="'") + "'"
    return str(value)


def address_of(entity_set: EntitySet, key: Key) -> str:
    """`CustomersV3(dataAreaId='usmf',CustomerAccount='US-001')`."""
    pairs = zip(entity_set.table.key, key, strict=True)
    return f"{entity_set.name}({','.join(f'{name}={_literal(value)}' for name, value in pairs)})"

"""Reading: a record, pages of a list, counts; plans are kept by the text of the query."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from windtunnel.simulator.entity_sets.indexes import IndexAdvisor
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.store import Store, quoted
from windtunnel.simulator.odata import DATAVERSE, parse_query
from windtunnel.simulator.odata.pieces import Piece, bind
from windtunnel.simulator.odata.schema import Table
from windtunnel.simulator.odata.sql import Compiler, QueryFunction
from windtunnel.simulator.odata.tree import Expression, Query
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model import expands, filters, paging
from windtunnel.simulator.services.dataverse.model.aggregates import MOST_ROWS
from windtunnel.simulator.services.dataverse.model.annotations import Annotations
from windtunnel.simulator.services.dataverse.model.expansion import Expansion
from windtunnel.simulator.services.dataverse.model.kept_records import ETAG
from windtunnel.simulator.services.dataverse.model.list_plans import (
    COUNT_CAP,
    Plan,
    Planner,
    Restriction,
)
from windtunnel.simulator.services.dataverse.model.selections import selection, unselected
from windtunnel.simulator.services.dataverse.model.tables import (
    ETAG_SQL,
    LARGEST_PAGE,
    DataverseTable,
    Tables,
    encode_rows,
    id_in,
)
from windtunnel.simulator.services.dataverse.security import Security

PLANS_KEPT = 4096


@dataclass(slots=True)
class Page:
    """One page of a list: objects ready for JSON, and what the root says of them.

    `count` is one above COUNT_CAP where there are more.
    """

    context: str
    value: list[dict[str, Any]]
    count: int | None = None
    next_token: str = ""
    has_links: bool = False


_RecordPlan: TypeAlias = tuple[tuple[str, ...], str, str, list[str]]
"""Names read, context, SQL, and names read only to expand."""


class Reads:
    """Everything that only reads."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        tables: Tables,
        functions: dict[str, QueryFunction],
        security: Security,
    ) -> None:
        self._store, self._clock, self._tables = store, clock, tables
        self._security = security

        def source(table: Table) -> str:
            served = tables.by_name.get(table.sql)
            return tables.readable(served) if served is not None else quoted(table.sql)

        self._compiler = Compiler(tables.catalog, DATAVERSE, functions, source)
        self._planner = Planner(tables, self._compiler)
        self._expansion = Expansion(store, clock, tables, self._compiler)
        self._advisor = IndexAdvisor(store)
        self._plans: dict[tuple[str, str, int], Plan] = {}
        self._record_plans: dict[tuple[str, Query, int], _RecordPlan] = {}
        self.annotations = Annotations(store, tables)

    def forget(self) -> None:
        """Drop plans and what is known of indexes."""
        self._plans.clear()
        self._record_plans.clear()
        self._advisor.forget()

    # -- one record ---------------------------------------------------------------------------

    def record(
        self,
        served: DataverseTable,
        key: str,
        query: Query,
        annotate: str = "",
        user: str = "",
        page_size: int = 0,
    ) -> tuple[str, dict[str, Any], str] | None:
        """(context fragment, object, etag) of a record, or None when it is not there.

        `page_size` is for the collections of nested expansions. A link is where there is more.
        Sources: "Retrieve a table row using the Web API", "Multi-level $expand with
        collection-valued navigation properties".
        """
        plan = self._record_plans.get((served.entity_set, query, self._security.number))
        if plan is None:
            plan = self._record_plan(served, query)
        names, context, sql, hidden = plan
        row = self._store.read(sql, (key,)).fetchone()
        if row is None:
            return None
        [item] = encode_rows(names, [row[1:]], served.decoders)
        item = {ETAG: row[0], **item}
        if query.expand:
            preferred = page_size if expands.is_nested(query.expand) else 0
            size = min(preferred or LARGEST_PAGE, LARGEST_PAGE)
            self._expansion.expand(
                served, [item], query.expand, {id_in(key): item}, user, size, with_etags=True
            )
        for name in hidden:
            del item[name]
        if annotate:
            self.annotations.apply(served, [item], annotate)
        return context, item, str(row[0])

    def _record_plan(self, served: DataverseTable, query: Query) -> _RecordPlan:
        expands.check(self._tables, served, query.expand)
        filters.check(query.options)
        names, context = selection(self._tables, served, query.select, query.expand)
        hidden = unselected(served, query.select, names, query.expand)
        plan = (names, context, self._row_sql(served, names), hidden)
        if len(self._record_plans) >= PLANS_KEPT:
            self._record_plans.clear()
        self._record_plans[served.entity_set, query, self._security.number] = plan
        return plan

    def _row_sql(self, served: DataverseTable, names: Sequence[str]) -> str:
        columns = ", ".join(f"t.{quoted(name)}" for name in names)
        key = quoted(served.row_key)
        table = self._tables.readable(served)
        return f"SELECT {ETAG_SQL}, {columns} FROM {table} t WHERE t.{key} = ?"

    # -- lists --------------------------------------------------------------------------------

    def page(
        self,
        served: DataverseTable,
        raw_query: str,
        page_size: int,
        annotate: str = "",
        *,
        restriction: Restriction = None,
        user: str = "",
    ) -> Page:
        """One page of an entity set. `restriction` is SQL over `t` that limits it (navigation)."""
        token = ""
        if "skiptoken" in raw_query:
            token, raw_query = paging.split_token(raw_query)
        plan_key = (served.entity_set, raw_query, self._security.number)
        plan = self._plans.get(plan_key) if restriction is None else None
        if plan is None:
            plan = self._planner.compile(served, parse_query(raw_query, DATAVERSE), restriction)
            if restriction is None:
                if len(self._plans) >= PLANS_KEPT:
                    self._plans.clear()
                self._plans[plan_key] = plan
        now = self._clock.now()
        if plan.aggregate:
            self._check_size(served, plan, now, user)
            rows = self._store.read(plan.sql, bind(plan.parameters, now, user)).fetchall()
            value = [
                {k: v for k, v in zip(plan.names, row, strict=True) if v is not None}
                for row in rows
            ]
            for name, column in plan.sources.items():
                decode = served.decoders.get(column.name)
                if decode is not None:
                    for row in value:
                        if name in row:
                            row[name] = decode(row[name])
            if annotate:
                self.annotations.apply_to_results(served, value, plan.sources, annotate)
            return Page(plan.context, value)
        plan.uses += 1
        if plan.uses in {1, 8, 64}:
            self._advise(served, plan, now, user)
        return self._run(served, plan, page_size, token, now, user, annotate)

    def _run(
        self,
        served: DataverseTable,
        plan: Plan,
        page_size: int,
        token: str,
        now: float,
        user: str,
        annotate: str,
    ) -> Page:
        largest = served.largest_page
        size = min(page_size or largest, largest)
        number, cookie = paging.read_skip_token(token) if token else (1, None)
        offset = (number - 1) * size
        limit = size + 1
        if plan.top is not None and not page_size:
            limit = min(limit, max(plan.top - offset, 0))
        parameters = bind(plan.parameters, now, user)
        if cookie is None:
            rows = self._store.read(plan.sql, (*parameters, limit, offset)).fetchall()
        else:
            rows = self._behind(plan, cookie, parameters, limit)
        more = len(rows) > size
        rows = rows[:size]
        next_token = ""
        if more and rows:
            inner = paging.inner_cookie(number, plan.keys, rows[0], rows[-1])
            next_token = paging.skip_token(number + 1, inner)
        if plan.key_columns:
            rows = [row[: -plan.key_columns] for row in rows]
        value = encode_rows(plan.names, rows, served.decoders)
        count = self._count(plan, now, user) if plan.wants_count else None
        self._finish(served, plan, value, user, page_size)
        if annotate:
            self.annotations.apply(served, value, annotate)
        return Page(plan.context, value, count, next_token, bool(plan.expands))

    def _behind(
        self, plan: Plan, cookie: paging.Cookie, parameters: tuple[Any, ...], limit: int
    ) -> list[Any]:
        """The rows of the page behind the one that a cookie tells of."""
        before, behind = parameters[: plan.seek_at], parameters[plan.seek_at :]

        def read(condition: str, values: tuple[Any, ...], most: int) -> list[Any]:
            sql = plan.seek_sql.replace("{}", condition)
            return self._store.read(sql, (*before, *values, *behind, most, 0)).fetchall()

        return paging.seek(plan.keys, paging.values_of(plan.keys, cookie), limit, read)

    def _finish(
        self,
        served: DataverseTable,
        plan: Plan,
        value: list[dict[str, Any]],
        user: str,
        page_size: int,
    ) -> None:
        if plan.expands:
            by_key = {item[served.primary_id]: item for item in value}
            size = page_size if expands.is_nested(plan.expands) else 0
            self._expansion.expand(
                served, value, plan.expands, by_key, user, size, with_etags=False
            )
        if plan.extra:
            for name in plan.names[len(plan.names) - plan.extra :]:
                for item in value:
                    del item[name]

    def _count(self, plan: Plan, now: float, user: str) -> int:
        parameters = bind(plan.where_parameters, now, user)
        return int(self._store.read(plan.count_sql, parameters).fetchone()[0])

    def condition(self, served: DataverseTable, node: Expression) -> Piece:
        """A filter over `t`, which stands for the table. Raises ODataError."""
        return self._compiler.where(node, served.table)

    def count(
        self,
        served: DataverseTable,
        raw_query: str,
        restriction: Restriction = None,
        user: str = "",
    ) -> int:
        """`/$count`: how many records fit, 5,000 at most."""
        plan = self._planner.compile(served, parse_query(raw_query, DATAVERSE), restriction)
        return min(self._count(plan, self._clock.now(), user), COUNT_CAP)

    def _check_size(self, served: DataverseTable, plan: Plan, now: float, user: str) -> None:
        """Raise AggregateLimit when an aggregate looks at too many records."""
        if served.records.rough_count() <= MOST_ROWS:
            return
        parameters = bind(plan.where_parameters, now, user)
        if int(self._store.read(plan.count_sql, parameters).fetchone()[0]) > MOST_ROWS:
            raise errors.AggregateLimit

    def _advise(self, served: DataverseTable, plan: Plan, now: float, user: str) -> None:
        if not plan.hints.order:
            return
        parameters = (*bind(plan.parameters, now, user), 1, 0)
        equal = [name for name in plan.hints.equal if served.has(name)]
        compared = [name for name in plan.hints.compared if served.has(name)]
        self._advisor.improve(
            *(served.records, plan.sql, parameters),
            equal=equal,
            order=plan.hints.order,
            compared=compared,
        )

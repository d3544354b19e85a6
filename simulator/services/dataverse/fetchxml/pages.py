"""Queries run: plans kept by their text, pages sought by cookie, values with annotations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from windtunnel.contracts.entities.dataverse.wire import LOOKUPS
from windtunnel.simulator.entity_sets.indexes import IndexAdvisor
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.odata.pieces import bind
from windtunnel.simulator.services.dataverse import errors, query_errors
from windtunnel.simulator.services.dataverse.fetchxml.columns import Output
from windtunnel.simulator.services.dataverse.fetchxml.plans import (
    COUNT_CAP,
    Plan,
    Restriction,
    compile_plan,
)
from windtunnel.simulator.services.dataverse.fetchxml.reader import read
from windtunnel.simulator.services.dataverse.fetchxml.tree import Fetch
from windtunnel.simulator.services.dataverse.model import paging
from windtunnel.simulator.services.dataverse.model.annotations import (
    FORMATTED,
    LOOKUP_NAME,
    Annotations,
    asks_for,
    formatted_value,
)
from windtunnel.simulator.services.dataverse.model.conditions import Settings
from windtunnel.simulator.services.dataverse.model.tables import (
    LARGEST_PAGE,
    DataverseTable,
    Tables,
)
from windtunnel.simulator.services.dataverse.security import Security

ETAG = "@odata.etag"
ATTRIBUTE_NAME = "OData.Community.Display.V1.AttributeName"
PLANS_KEPT = 1024
SIMPLE_PAGING_LIMIT = 50_000


@dataclass(slots=True)
class FetchPage:
    """One page. `total` is None where it was not asked for; `inner` is the cookie in `cookie`."""

    context: str
    value: list[dict[str, Any]]
    more: bool = False
    cookie: str = ""
    total: int | None = None
    inner: str = ""


class FetchReads:
    """Runs FetchXML."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        tables: Tables,
        settings: Settings,
        annotations: Annotations,
        security: Security,
    ) -> None:
        self._security = security
        self._store, self._clock, self._tables = store, clock, tables
        self._settings, self._annotations = settings, annotations
        self._advisor = IndexAdvisor(store)
        self._plans: dict[tuple[str, str, int], Plan] = {}

    def forget(self) -> None:
        """Drop plans and what is known of indexes."""
        self._plans.clear()
        self._advisor.forget()

    def page(
        self,
        served: DataverseTable,
        text: str,
        annotate: str = "",
        *,
        user: str = "",
        restriction: Restriction = None,
        counts: bool = False,
    ) -> FetchPage:
        """One page of a FetchXML document over an entity set. Raises BadQuery.

        `counts` asks for the total as the document itself can do.
        """
        key = (served.entity_set, text, self._security.number)
        plan = self._plans.get(key) if restriction is None else None
        if plan is None:
            plan = compile_plan(self._tables, self._settings, served, read(text), restriction)
            if restriction is None:
                if len(self._plans) >= PLANS_KEPT:
                    self._plans.clear()
                self._plans[key] = plan
        return self.run(served, plan, annotate, user, counts=counts)

    def query(
        self,
        served: DataverseTable,
        fetch: Fetch,
        annotate: str = "",
        *,
        user: str = "",
        restriction: Restriction = None,
        counts: bool = False,
    ) -> FetchPage:
        """One page of a query that was read before. Raises BadQuery."""
        plan = compile_plan(self._tables, self._settings, served, fetch, restriction)
        return self.run(served, plan, annotate, user, counts=counts)

    def run(
        self, served: DataverseTable, plan: Plan, annotate: str, user: str, *, counts: bool = False
    ) -> FetchPage:
        """Read the page that the plan's query asks for."""
        now = self._clock.now()
        fetch = plan.fetch
        parameters = bind(plan.parameters, now, user)
        if plan.limit_rows:
            self._check_limit(served, plan, now, user)
        plan.uses += 1
        if plan.uses in {1, 8, 64}:
            self._advise(served, plan, parameters)
        size = fetch.top or min(fetch.count or LARGEST_PAGE, served.largest_page)
        number = max(fetch.page, 1)
        rows = self._read(plan, parameters, number, size, 0 if fetch.top else 1)
        more = len(rows) > size
        rows = rows[:size]
        cookie = inner = ""
        if more and plan.keys:
            inner = paging.inner_cookie(number, plan.keys, rows[0], rows[-1])
            cookie = paging.outer_cookie(number + 1, inner, times=2) if inner else ""
        wants_total = fetch.wants_total or (counts and not fetch.top and not fetch.aggregate)
        total = self._total(plan, now, user) if wants_total else None
        value = self._objects(plan, rows, annotate)
        if annotate and not fetch.aggregate:
            aliases = {output.key for output in plan.outputs if output.is_aliased}
            self._annotations.apply(served, value, annotate, aliases)
        return FetchPage(plan.context, value, more, cookie, total, inner)

    def _advise(self, served: DataverseTable, plan: Plan, parameters: tuple[Any, ...]) -> None:
        """Make the indexes that the order and the joins want, on tables that are large."""
        values = (*parameters, 1, 0)
        for linked, column in plan.searched:
            self._advisor.improve(
                linked.records, plan.sql, values, equal=(column,), order=(linked.primary_id,)
            )
        if plan.sorted_by:
            self._advisor.improve(
                served.records, plan.sql, values, equal=plan.equal, order=plan.sorted_by
            )

    def _check_limit(self, served: DataverseTable, plan: Plan, now: float, user: str) -> None:
        if served.records.rough_count() <= plan.limit_rows and "JOIN" not in plan.count_sql:
            return
        found = self._store.read(plan.count_sql, bind(plan.count_parameters, now, user))
        if int(found.fetchone()[0]) > plan.limit_rows:
            raise errors.AggregateLimit

    def _total(self, plan: Plan, now: float, user: str) -> int:
        sql = plan.count_sql
        found = self._store.read(sql, bind(plan.count_parameters, now, user)).fetchone()
        return int(found[0])

    def _read(
        self, plan: Plan, parameters: tuple[Any, ...], number: int, size: int, extra: int
    ) -> list[Any]:
        """The rows of a page, and one more if there is one."""
        cookie = paging.read_cookie(plan.fetch.cookie) if plan.fetch.cookie else None
        if cookie is None or not plan.keys or number != cookie.page + 1:
            offset = (number - 1) * size + plan.fetch.skip
            paged = not plan.keys and not plan.limit_rows and not plan.fetch.skip
            if paged and offset + size > SIMPLE_PAGING_LIMIT:
                raise query_errors.UnexpectedQuery(
                    problem="Paging cookie is required when trying to retrieve a set of records "
                    "on any high pages."
                )
            values = (*parameters, size + extra, offset)
            return self._store.read(plan.sql, values).fetchall()
        before, behind = parameters[: plan.seek_at], parameters[plan.seek_at :]

        def read_range(condition: str, values: tuple[Any, ...], most: int) -> list[Any]:
            sql = plan.seek_sql.replace("{}", condition)
            return self._store.read(sql, (*before, *values, *behind, most, 0)).fetchall()

        wanted = paging.values_of(plan.keys, cookie)
        return paging.seek(plan.keys, wanted, size + extra, read_range)

    # -- results ------------------------------------------------------------------------------

    def _objects(self, plan: Plan, rows: Sequence[Sequence[Any]], annotate: str) -> list[Any]:
        """Rows as JSON objects: what is null is left out."""
        formatted = bool(annotate) and asks_for(annotate, FORMATTED)
        named = bool(annotate) and asks_for(annotate, ATTRIBUTE_NAME)
        lookups = bool(annotate) and asks_for(annotate, LOOKUP_NAME)
        readers = [
            output.served.decoders.get(output.column.name) if output.form == "column" else None
            for output in plan.outputs
        ]
        labels = self._labels(plan, rows) if formatted or lookups else {}
        shift = int(plan.has_etag)
        objects = []
        for row in rows:
            item: dict[str, Any] = {ETAG: row[0]} if shift else {}
            for place, (output, reader) in enumerate(zip(plan.outputs, readers, strict=True)):
                value = row[place + shift]
                if value is None:
                    continue
                shown = reader(value) if reader is not None else value
                if output.is_aliased and annotate:
                    if named:
                        item[f"{output.key}@{ATTRIBUTE_NAME}"] = output.column.logical_name
                    label = labels.get(place, {}).get(value)
                    if lookups and label is not None:
                        item[f"{output.key}@{LOOKUP_NAME}"] = label[1]
                    text = label[2] if label is not None else self._formatted(output, shown)
                    if formatted and text:
                        item[f"{output.key}@{FORMATTED}"] = text
                item[output.key] = shown
            objects.append(item)
        return objects

    def _labels(
        self, plan: Plan, rows: Sequence[Sequence[Any]]
    ) -> dict[int, dict[Any, tuple[str, str, str]]]:
        """For aliased lookups: place to id to (navigation, table, name)."""
        found = {}
        for place, output in enumerate(plan.outputs):
            if output.is_aliased and output.form == "column" and output.column.type in LOOKUPS:
                keys = {row[place + plan.has_etag] for row in rows} - {None}
                found[place] = self._annotations.names(output.served, output.column.name, keys)
        return found

    def _formatted(self, output: Output, value: Any) -> str | None:
        if output.form == "fiscal-year":
            return f"FY{value}"
        if output.form == "fiscal-period":
            word = {1: "Annual", 2: "Semester", 4: "Quarter"}
            name = word.get(self._settings.fiscal.periods, "Period")
            return f"{name} {value % 1000} FY{value // 1000}"
        if output.form != "column":
            return f"{value:,}"
        return formatted_value(output.column, value)


__all__ = ["COUNT_CAP", "FetchPage", "FetchReads"]

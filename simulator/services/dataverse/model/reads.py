"""Reading: a record, lists by plans kept by query text, expansion, paging, counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from windtunnel.contracts.entities.dataverse import ColumnDefinition
from windtunnel.simulator.entity_sets.indexes import IndexAdvisor
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.store import Store, quoted
from windtunnel.simulator.odata import DATAVERSE, UnknownProperty, parse_query
from windtunnel.simulator.odata.hints import Hints, hints_of
from windtunnel.simulator.odata.pieces import Piece, bind
from windtunnel.simulator.odata.schema import Navigation, Table
from windtunnel.simulator.odata.sql import Compiler, QueryFunction
from windtunnel.simulator.odata.tree import (
    ExpandItem,
    Expression,
    Options,
    OrderItem,
    Property,
    Query,
    SelectItem,
)
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model import expands, paging
from windtunnel.simulator.services.dataverse.model.aggregates import (
    MOST_ROWS,
    aggregate_plan,
    ordered,
)
from windtunnel.simulator.services.dataverse.model.annotations import Annotations
from windtunnel.simulator.services.dataverse.model.kept_records import ETAG
from windtunnel.simulator.services.dataverse.model.tables import (
    NAMESPACE,
    PRINCIPALS,
    VERSION,
    DataverseTable,
    Tables,
    encode_rows,
)
from windtunnel.simulator.services.dataverse.security import Security

LARGEST_PAGE = 5000
COUNT_CAP = 5000
PLANS_KEPT = 4096
_ETAG_SQL = f"""'W/"' || t.{quoted(VERSION)} || '"'"""


@dataclass(slots=True)
class Page:
    """One page of a list: objects ready for JSON, and what the root says of them."""

    context: str
    value: list[dict[str, Any]]
    count: int | None = None
    next_token: str = ""
    has_links: bool = False


@dataclass(slots=True)
class Plan:
    """A compiled list query, kept by its text.

    `keys` are the terms of its order, `seek_sql` reads behind a row: `{}` is the condition, whose
    parameters stand at `seek_at` among `parameters`. `key_columns` are read for the order alone.
    """

    context: str
    names: tuple[str, ...]
    sql: str
    parameters: tuple[Any, ...]
    count_sql: str
    where_parameters: tuple[Any, ...]
    expands: tuple[ExpandItem, ...]
    top: int | None
    wants_count: bool
    is_ordered: bool
    extra: int
    hints: Hints
    aggregate: bool = False
    sources: Mapping[str, ColumnDefinition] = field(default_factory=dict)
    """Columns behind the results of an aggregate."""
    keys: tuple[paging.Key, ...] = ()
    seek_sql: str = ""
    seek_at: int = 0
    key_columns: int = 0
    uses: int = 0


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

        `page_size` is for the collections of nested expansions.
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
            size = page_size if expands.is_nested(query.expand) else 0
            self._expand(served, [item], query.expand, {key: item}, user, size, with_etags=True)
        for name in hidden:
            del item[name]
        if annotate:
            self.annotations.apply(served, [item], annotate)
        return context, item, str(row[0])

    def _record_plan(self, served: DataverseTable, query: Query) -> _RecordPlan:
        expands.check(self._tables, served, query.expand)
        names, context = self.selection(served, query.select, query.expand)
        hidden = self._unselected(served, query.select, names)
        plan = (names, context, self._row_sql(served, names), hidden)
        if len(self._record_plans) >= PLANS_KEPT:
            self._record_plans.clear()
        self._record_plans[served.entity_set, query, self._security.number] = plan
        return plan

    def _row_sql(self, served: DataverseTable, names: Sequence[str]) -> str:
        columns = ", ".join(f"t.{quoted(name)}" for name in names)
        key = quoted(served.primary_id)
        table = self._tables.readable(served)
        return f"SELECT {_ETAG_SQL}, {columns} FROM {table} t WHERE t.{key} = ?"

    def selection(
        self,
        served: DataverseTable,
        select: Sequence[SelectItem],
        expand: Sequence[ExpandItem] = (),
    ) -> tuple[tuple[str, ...], str]:
        """Column names to read, in order, and the context fragment. Raises ODataError."""
        table = served.table
        if not select or any(item.path == ("*",) for item in select):
            names = list(table.columns)
            shown = ""
        else:
            wanted = []
            for item in select:
                name = item.path[-1]
                if name not in table.columns:
                    if name in table.navigations and len(item.path) == 1:
                        continue
                    raise UnknownProperty("/".join(item.path), table.entity_type, item.position)
                wanted.append(name)
            wanted = list(dict.fromkeys(wanted))
            shown = ",".join(wanted)
            names = list(dict.fromkeys([*wanted, *self._always(served, wanted)]))
        for part in expand:
            navigation = self._navigation(served, part)
            names += [own for own, _ in navigation.pairs if own not in names]
        expanded = [self._expand_context(served, part) for part in expand]
        inner = ",".join([part for part in (shown, *expanded) if part])
        return tuple(names), f"{served.entity_set}({inner})" if inner else served.entity_set

    def _always(self, served: DataverseTable, wanted: Sequence[str]) -> list[str]:
        more = [served.primary_id]
        if served.name in PRINCIPALS and served.has("ownerid"):
            more.append("ownerid")
        columns = served.definition.columns
        if served.has("_transactioncurrencyid_value") and any(
            columns[name].type == "Money" for name in wanted
        ):
            more.append("_transactioncurrencyid_value")
        return more

    def _unselected(
        self, served: DataverseTable, select: Sequence[SelectItem], names: Sequence[str]
    ) -> list[str]:
        """Columns read only to expand."""
        if not select or any(item.path == ("*",) for item in select):
            return []
        wanted = [item.path[-1] for item in select if item.path[-1] in served.table.columns]
        keep = {*wanted, *self._always(served, wanted)}
        return [name for name in names if name not in keep]

    def _expand_context(self, served: DataverseTable, item: ExpandItem) -> str:
        target = self._target(self._navigation(served, item))
        options = item.options or Options()
        _, context = self.selection(target, options.select, options.expand)
        inner = context[len(target.entity_set) :]
        return f"{item.path[0]}{inner or '()'}"

    # -- lists --------------------------------------------------------------------------------

    def page(
        self,
        served: DataverseTable,
        raw_query: str,
        page_size: int,
        annotate: str = "",
        *,
        restriction: tuple[str, tuple[Any, ...]] | None = None,
        user: str = "",
    ) -> Page:
        """One page of an entity set. `restriction` is SQL over `t` that limits it (navigation)."""
        token = ""
        if "skiptoken" in raw_query:
            token, raw_query = paging.split_token(raw_query)
        plan_key = (served.entity_set, raw_query, self._security.number)
        plan = self._plans.get(plan_key) if restriction is None else None
        if plan is None:
            plan = self._compile(served, parse_query(raw_query, DATAVERSE), restriction)
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
        size = min(page_size or LARGEST_PAGE, LARGEST_PAGE)
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
            self._expand(served, value, plan.expands, by_key, user, size, with_etags=False)
        if plan.extra:
            for name in plan.names[len(plan.names) - plan.extra :]:
                for item in value:
                    del item[name]

    def _count(self, plan: Plan, now: float, user: str) -> int:
        parameters = bind(plan.where_parameters, now, user)
        return min(int(self._store.read(plan.count_sql, parameters).fetchone()[0]), COUNT_CAP)

    def condition(self, served: DataverseTable, node: Expression) -> Piece:
        """A filter over `t`, which stands for the table. Raises ODataError."""
        return self._compiler.where(node, served.table)

    def count(
        self,
        served: DataverseTable,
        raw_query: str,
        restriction: tuple[str, tuple[Any, ...]] | None = None,
        user: str = "",
    ) -> int:
        """`/$count`: how many records fit, 5,000 at most."""
        plan = self._compile(served, parse_query(raw_query, DATAVERSE), restriction)
        return self._count(plan, self._clock.now(), user)

    def _compile(
        self,
        served: DataverseTable,
        query: Query,
        restriction: tuple[str, tuple[Any, ...]] | None,
    ) -> Plan:
        if query.apply:
            return self._compile_aggregate(served, query, restriction)
        expands.check(self._tables, served, query.expand)
        names, context = self.selection(served, query.select, query.expand)
        where, where_parameters = self._where(served, query, restriction)
        hidden = self._unselected(served, query.select, names)
        ordered = sorted(names, key=lambda name: name in hidden)
        keys, computed = self._keys(served, query, (ETAG, *ordered))
        columns = [
            f"{_ETAG_SQL} AS e",
            *(f"t.{quoted(name)}" for name in ordered),
            *(key.text for key in computed),
        ]
        before = [value for key in computed for value in key.parameters]
        behind = [value for key in keys for value in key.parameters]
        table = self._tables.readable(served)
        head = f"SELECT {', '.join(columns)} FROM {table} t"
        tail = f"ORDER BY {', '.join(key.order for key in keys)} LIMIT ? OFFSET ?"
        condition = f"{where} AND {{}}" if where else " WHERE {}"
        return Plan(
            context,
            (ETAG, *ordered),
            f"{head}{where} {tail}",
            (*before, *where_parameters, *behind),
            f"SELECT count(*) FROM (SELECT 1 FROM {table} t{where} LIMIT {COUNT_CAP})",
            tuple(where_parameters),
            query.expand,
            query.top,
            bool(query.count),
            bool(query.orderby),
            len(hidden),
            hints_of(query.filter, (*query.orderby, OrderItem(Property(served.primary_id)))),
            keys=tuple(keys),
            seek_sql=f"{head}{condition} {tail}",
            seek_at=len(before) + len(where_parameters),
            key_columns=len(computed),
        )

    def _keys(
        self, served: DataverseTable, query: Query, names: tuple[str, ...]
    ) -> tuple[list[paging.Key], list[paging.Key]]:
        """The terms of the order with the primary key last, and those that no column shows."""
        keys: list[paging.Key] = []
        computed: list[paging.Key] = []
        pieces = self._compiler.order_values(query.orderby, served.table, aliases=query.aliases)
        for number, (item, piece) in enumerate(zip(query.orderby, pieces, strict=True)):
            node = item.expression
            name = node.name if isinstance(node, Property) else f"order{number}"
            plain = isinstance(node, Property) and node.of is None and name in names
            place = names.index(name) if plain else len(names) + len(computed)
            key = paging.Key(
                name, piece.text, piece.parameters, piece.edm, item.descending, True, place
            )
            keys.append(key)
            if not plain:
                computed.append(key)
        name = served.primary_id
        text = f"t.{quoted(name)}"
        keys.append(paging.Key(name, text, (), "Edm.Guid", False, False, names.index(name)))
        return keys, computed

    def _where(
        self,
        served: DataverseTable,
        query: Query,
        restriction: tuple[str, tuple[Any, ...]] | None,
    ) -> tuple[str, list[Any]]:
        conditions: list[str] = []
        parameters: list[Any] = []
        if restriction is not None:
            conditions.append(restriction[0])
            parameters += restriction[1]
        if query.filter is not None:
            piece = self._compiler.where(query.filter, served.table, aliases=query.aliases)
            conditions.append(piece.text)
            parameters += piece.parameters
        return (f" WHERE {' AND '.join(conditions)}" if conditions else ""), parameters

    def _compile_aggregate(
        self,
        served: DataverseTable,
        query: Query,
        restriction: tuple[str, tuple[Any, ...]] | None,
    ) -> Plan:
        where, parameters = self._where(served, query, restriction)
        found = aggregate_plan(
            *(self._compiler, served, self._tables.readable(served)),
            *(query.apply, where, tuple(parameters)),
        )
        found = ordered(found, query.orderby, query.top)
        context, counted = served.entity_set, (found.count_sql, found.count_parameters)
        return Plan(
            *(context, found.names, found.sql, found.parameters, *counted),
            expands=(),
            top=None,
            wants_count=False,
            is_ordered=True,
            extra=0,
            hints=Hints(),
            aggregate=True,
            sources=found.sources,
        )

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

    # -- expansion ----------------------------------------------------------------------------

    def _navigation(self, served: DataverseTable, item: ExpandItem) -> Navigation:
        name = item.path[0]
        navigation = served.table.navigations.get(name)
        if navigation is None:
            raise UnknownProperty(name, served.table.entity_type, item.position)
        return navigation

    def _target(self, navigation: Navigation) -> DataverseTable:
        return self._tables.target(navigation)

    def _expand(
        self,
        served: DataverseTable,
        items: list[dict[str, Any]],
        wanted: Sequence[ExpandItem],
        by_key: dict[str, dict[str, Any]],
        user: str,
        size: int,
        *,
        with_etags: bool,
    ) -> None:
        for item in wanted:
            navigation = self._navigation(served, item)
            target = self._target(navigation)
            if navigation.collection:
                self._expand_collection(served, navigation, target, item, by_key, user, size)
            else:
                self._expand_single(navigation, target, item, items, user, size, with_etags)

    def _expand_single(
        self,
        navigation: Navigation,
        target: DataverseTable,
        item: ExpandItem,
        items: list[dict[str, Any]],
        user: str,
        size: int,
        with_etags: bool,
    ) -> None:
        own, far = navigation.pairs[0]
        wanted = {row[own] for row in items if row.get(own) is not None}
        options = item.options or Options()
        found = self._related(target, far, list(wanted), options, user, size, with_etags)
        for row in items:
            related = found.get(row.get(own))
            if item.suffix == "$ref":
                link = {"@odata.id": f"{target.entity_set}({row[own]})"} if related else None
                row[navigation.name] = link
            else:
                row[navigation.name] = related[0] if related else None

    def _expand_collection(
        self,
        served: DataverseTable,
        navigation: Navigation,
        target: DataverseTable,
        item: ExpandItem,
        by_key: dict[str, dict[str, Any]],
        user: str,
        size: int,
    ) -> None:
        _, far = navigation.pairs[0]
        options = item.options or Options()
        if navigation.intersect:
            found = self._linked(navigation, target, list(by_key), options, user)
        else:
            found = self._related(target, far, list(by_key), options, user, size, with_etags=True)
        for key, row in by_key.items():
            related = found.get(key, [])
            link = _nested_link(served.entity_set, key, navigation.name, options)
            if size:
                row[navigation.name] = related[:size]
                if len(related) <= size:
                    continue
                joint = "&" if "?" in link else "?"
                link = f"{link}{joint}$skiptoken={paging.skip_token(2, '')}"
            row[navigation.name] = related[: size or None]
            row[f"{navigation.name}@odata.nextLink"] = link

    def _linked(
        self,
        navigation: Navigation,
        target: DataverseTable,
        keys: list[Any],
        options: Options,
        user: str,
    ) -> dict[Any, list[dict[str, Any]]]:
        """Objects linked by an intersect table, by the key they are linked to, in their order."""
        [(_, own)] = navigation.pairs
        [(far, far_key)] = navigation.far_pairs
        ends: dict[Any, set[Any]] = {}
        for start in range(0, len(keys), 500):
            chunk = keys[start : start + 500]
            marks = ", ".join("?" * len(chunk))
            rows = self._store.read(
                f"SELECT {quoted(own)}, {quoted(far)} FROM {quoted(navigation.intersect)} "
                f"WHERE {quoted(own)} IN ({marks})",
                chunk,
            )
            for key, other in rows:
                ends.setdefault(other, set()).add(key)
        every = replace(options, top=None)
        found = self._related(target, far_key, list(ends), every, user, 0, with_etags=True)
        groups: dict[Any, list[dict[str, Any]]] = {}
        for other, objects in found.items():
            for key in ends[other]:
                groups.setdefault(key, []).extend(dict(part) for part in objects)
        return {key: group[: options.top] for key, group in groups.items()}

    def _related(
        self,
        target: DataverseTable,
        far: str,
        keys: list[Any],
        options: Options,
        user: str,
        size: int,
        with_etags: bool,
    ) -> dict[Any, list[dict[str, Any]]]:
        """Related objects by the value of their `far` column."""
        names, _ = self.selection(target, options.select, options.expand)
        hidden = self._unselected(target, options.select, names)
        reads = names if far in names else (*names, far)
        groups: dict[Any, list[dict[str, Any]]] = {}
        for start in range(0, len(keys), 500):
            chunk = keys[start : start + 500]
            sql, parameters = self._related_sql(target, far, chunk, reads, options)
            rows = self._store.read(sql, bind(parameters, self._clock.now(), user)).fetchall()
            objects = encode_rows(reads, [row[1:] for row in rows], target.decoders)
            for row, item in zip(rows, objects, strict=True):
                key = item[far]
                whole = {ETAG: row[0], **item} if with_etags else item
                groups.setdefault(key, []).append(whole)
        every = [item for group in groups.values() for item in group]
        if options.expand:
            inner = {item[target.primary_id]: item for item in every}
            self._expand(target, every, options.expand, inner, user, size, with_etags=with_etags)
        drop = [*hidden, *(() if far in names else (far,))]
        for item in every:
            for name in drop:
                item.pop(name, None)
        if options.top is not None:
            groups = {key: group[: options.top] for key, group in groups.items()}
        return groups

    def _readable(self, target: DataverseTable) -> str:
        """Owners are named whoever asks; other tables show what the caller may read."""
        if target is self._tables.principal:
            return quoted(target.table.sql)
        return self._tables.readable(target)

    def _related_sql(
        self,
        target: DataverseTable,
        far: str,
        chunk: list[Any],
        reads: Sequence[str],
        options: Options,
    ) -> tuple[str, tuple[Any, ...]]:
        marks = ", ".join("?" * len(chunk))
        conditions = [f"t.{quoted(far)} IN ({marks})"]
        parameters: list[Any] = list(chunk)
        if options.filter is not None:
            piece = self._compiler.where(options.filter, target.table)
            conditions.append(piece.text)
            parameters += piece.parameters
        terms = self._compiler.order(options.orderby, target.table)
        for piece in terms:
            parameters += piece.parameters
        order = ", ".join([*(piece.text for piece in terms), f"t.{quoted(target.primary_id)}"])
        columns = ", ".join([_ETAG_SQL, *(f"t.{quoted(name)}" for name in reads)])
        sql = (
            f"SELECT {columns} FROM {self._readable(target)} t "
            f"WHERE {' AND '.join(conditions)} ORDER BY {order}"
        )
        return sql, tuple(parameters)


def _nested_link(entity_set: str, key: str, name: str, options: Options) -> str:
    from windtunnel.simulator.odata.printer import print_options

    nested = print_options(options, "&")
    return f"{entity_set}({key})/{name}{'?' + nested if nested else ''}"


__all__ = ["NAMESPACE", "Page", "Reads"]

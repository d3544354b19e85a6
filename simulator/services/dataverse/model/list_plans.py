"""Plans of lists: a query compiled to SQL once, with all that reading its pages takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from windtunnel.contracts.entities.dataverse import ColumnDefinition
from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.odata.hints import Hints, hints_of
from windtunnel.simulator.odata.sql import Compiler
from windtunnel.simulator.odata.tree import ExpandItem, OrderItem, Property, Query
from windtunnel.simulator.services.dataverse import query_errors
from windtunnel.simulator.services.dataverse.model import expands, filters, paging
from windtunnel.simulator.services.dataverse.model.aggregates import aggregate_plan, ordered
from windtunnel.simulator.services.dataverse.model.kept_records import ETAG
from windtunnel.simulator.services.dataverse.model.selections import selection, unselected
from windtunnel.simulator.services.dataverse.model.tables import ETAG_SQL, DataverseTable, Tables

COUNT_CAP = 5000
"""The most that a count says; one row more is looked for, to tell whether there are more."""
Restriction: TypeAlias = tuple[str, tuple[Any, ...]] | None
"""SQL over `t` with its parameters that limits a list, as a navigation does."""


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


class Planner:
    """Compiles queries."""

    def __init__(self, tables: Tables, compiler: Compiler) -> None:
        self._tables, self._compiler = tables, compiler

    def compile(
        self,
        served: DataverseTable,
        query: Query,
        restriction: Restriction,
    ) -> Plan:
        """The plan of a query. Raises ODataError."""
        filters.check(query.options)
        if query.apply:
            return self._compile_aggregate(served, query, restriction)
        if served.is_elastic and query.expand:
            raise query_errors.NoLinkEntities
        expands.check(self._tables, served, query.expand)
        names, context = selection(self._tables, served, query.select, query.expand)
        where, where_parameters = self._where(served, query, restriction)
        hidden = unselected(served, query.select, names, query.expand)
        ordered = sorted(names, key=lambda name: name in hidden)
        keys, computed = self._keys(served, query, (ETAG, *ordered))
        columns = [
            f"{ETAG_SQL} AS e",
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
            f"SELECT count(*) FROM (SELECT 1 FROM {table} t{where} LIMIT {COUNT_CAP + 1})",
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
        if served.is_elastic:
            place = len(names) + len(computed)
            text = f"t.{quoted(served.row_key)}"
            keys.append(paging.Key(served.row_key, text, (), "Edm.String", False, False, place))
            computed.append(keys[-1])
        return keys, computed

    def _where(
        self,
        served: DataverseTable,
        query: Query,
        restriction: Restriction,
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
        restriction: Restriction,
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

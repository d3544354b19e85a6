"""`$apply`: filter, groupby and aggregate as Dataverse takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from windtunnel.contracts.entities.dataverse import ColumnDefinition
from windtunnel.simulator.odata.errors import NotSupported, ODataError
from windtunnel.simulator.odata.pieces import Piece
from windtunnel.simulator.odata.sql import Compiler, Row, Scope
from windtunnel.simulator.odata.tree import (
    AggregateItem,
    CountOf,
    Expression,
    OrderItem,
    Property,
    Rollup,
    Transformation,
)
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable

_METHODS = {"sum": "sum", "min": "min", "max": "max", "average": "avg"}

MOST_ROWS = 50_000
"""Records that an aggregate may look at. Source: "Aggregate data using FetchXml"."""


_NO_NUMBERS = frozenset(
    {
        *("Edm.String", "Edm.Guid", "Edm.Boolean", "Edm.Binary"),
        *("Edm.DateTimeOffset", "Edm.Date", "Edm.TimeOfDay", "Edm.Duration"),
    }
)


@dataclass(frozen=True, slots=True)
class AggregatePlan:
    """Names of the results, the query, and the query that counts the records looked at."""

    names: tuple[str, ...]
    sql: str
    parameters: tuple[Any, ...]
    count_sql: str
    count_parameters: tuple[Any, ...]
    sources: dict[str, ColumnDefinition]
    """The columns that results come from, by the name of the result."""
    groups: frozenset[str] = frozenset()
    """Names of results that are grouped by."""


def aggregate_plan(
    compiler: Compiler,
    served: DataverseTable,
    table: str,
    steps: Sequence[Transformation],
    where: str,
    parameters: tuple[Any, ...],
) -> AggregatePlan:
    """The plan of `$apply`. Raises ODataError for what the service refuses."""
    scope = Scope(Row(served.table, "t"))
    names: list[str] = []
    columns: list[str] = []
    values: list[Any] = []
    groups: list[str] = []
    sources: dict[str, ColumnDefinition] = {}
    own = served.definition.columns
    for step in steps:
        if step.kind == "filter":
            if names:
                raise NotSupported("A filter behind aggregation is not supported.", step.position)
            piece = compiler.condition(step.arguments[0], scope)
            where += f" {'AND' if where else 'WHERE'} {piece.text}"
            parameters = (*parameters, *piece.parameters)
        elif step.kind == "groupby":
            for group in step.arguments[0]:
                piece = _group(compiler, served, group, scope)
                name, path = _group_names(compiler, served, group)
                names.append(name if name not in names else path)
                if isinstance(group, Property) and group.of is None and group.name in own:
                    sources[group.name] = own[group.name]
                columns.append(piece.text)
                groups.append(piece.text)
            for inner in step.arguments[1]:
                if inner.kind != "aggregate":
                    raise NotSupported(
                        f"The transformation '{inner.kind}' is not supported here.", inner.position
                    )
                _aggregate(compiler, inner, scope, names, columns, values)
        else:
            _aggregate(compiler, step, scope, names, columns, values)
    grouped = f" GROUP BY {', '.join(groups)}" if groups else ""
    source = f"FROM {table} t{where}"
    return AggregatePlan(
        tuple(names),
        f"SELECT {', '.join(columns)} {source}{grouped}",
        (*values, *parameters),
        f"SELECT count(*) FROM (SELECT 1 {source} LIMIT {MOST_ROWS + 1})",
        parameters,
        sources | _summed(steps, own),
        frozenset(names[: len(groups)]),
    )


def ordered(plan: AggregatePlan, orderby: Sequence[OrderItem], top: int | None) -> AggregatePlan:
    """The plan in an order, cut off. Raises NotSupported for an order by what is computed."""
    terms = []
    for item in orderby:
        node = item.expression
        name = node.name if isinstance(node, Property) and node.of is None else ""
        if name not in plan.names or name not in plan.groups:
            raise NotSupported(
                "The query node SingleValueOpenPropertyAccess is not supported.", node.position
            )
        terms.append(f"{plan.names.index(name) + 1}{' DESC' if item.descending else ''}")
    sql = plan.sql
    if terms:
        sql += f" ORDER BY {', '.join(terms)}"
    if top is not None:
        sql += f" LIMIT {int(top)}"
    return replace(plan, sql=sql)


def _summed(
    steps: Sequence[Transformation], own: Mapping[str, ColumnDefinition]
) -> dict[str, ColumnDefinition]:
    """Columns that are summed and compared, by the alias of the result."""
    found: dict[str, ColumnDefinition] = {}
    for step in steps:
        inner = step.arguments[1] if step.kind == "groupby" else [step]
        for item in (item for part in inner if part.kind == "aggregate" for item in part.arguments):
            node = item.expression
            if isinstance(node, Property) and node.of is None and node.name in own:
                found[item.alias] = own[node.name]
    return found


def _group(
    compiler: Compiler, served: DataverseTable, group: Expression | Rollup, scope: Scope
) -> Piece:
    if isinstance(group, Rollup):
        raise NotSupported("rollup is not supported.", -1)
    piece = compiler.value(group, scope)
    if piece.edm == "Edm.DateTimeOffset":
        raise NotSupported(f"Grouping {served.name} by a date and time is not supported.", -1)
    return piece


def _group_names(
    compiler: Compiler, served: DataverseTable, group: Expression | Rollup
) -> tuple[str, str]:
    """`primarycontactid/fullname` is answered as `contact_fullname`: the table and its column.

    The second is the whole path, for where two groups come to one name.
    Source: "Aggregate data using OData".
    """
    path: list[str] = []
    node: Any = group
    while isinstance(node, Property):
        path.insert(0, node.name)
        node = node.of
    table, short = served.table, path[-1:]
    for name in path[:-1]:
        target = table.navigations[name].target
        table, short = compiler.catalog[target], [target, path[-1]]
    return "_".join(short), "_".join(path)


def _aggregate(
    compiler: Compiler,
    step: Transformation,
    scope: Scope,
    names: list[str],
    columns: list[str],
    values: list[Any],
) -> None:
    for item in step.arguments:
        assert isinstance(item, AggregateItem)
        if isinstance(item.expression, CountOf):
            names.append(item.alias)
            columns.append("count(*)")
            continue
        method = _METHODS.get(item.method)
        if method is None or item.expression is None or item.sources:
            raise NotSupported(f"The aggregation '{item.method}' is not supported.", step.position)
        piece = compiler.value(item.expression, scope)
        if method in {"sum", "avg"} and piece.edm in _NO_NUMBERS:
            raise ODataError(f"A value of type {piece.edm} cannot be summed.", step.position)
        names.append(item.alias)
        columns.append(f"{method}({piece.text})")
        values += piece.parameters

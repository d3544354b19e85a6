"""A checked tree to SQL with parameters. Only names of the schema get into the text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from windtunnel.simulator.odata import scalar
from windtunnel.simulator.odata.dialect import Dialect
from windtunnel.simulator.odata.errors import NotSupported, ODataError, UnknownProperty
from windtunnel.simulator.odata.functions import BOOLEAN, COMPARISONS, KIND_NAMES
from windtunnel.simulator.odata.literals import stored
from windtunnel.simulator.odata.pieces import Now, Piece, combine, quoted, without_case
from windtunnel.simulator.odata.schema import Catalog, Column, Navigation, Table
from windtunnel.simulator.odata.tree import (
    Alias,
    Binary,
    Call,
    Case,
    Collection,
    CountOf,
    Expression,
    Lambda,
    Literal,
    OrderItem,
    Property,
    TypeCast,
    TypeName,
    Unary,
    Variable,
)

_SQL_COMPARISON = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_SQL_ARITHMETIC = {"add": "+", "sub": "-", "mul": "*", "div": "/", "mod": "%"}
# The store may keep a decimal without fraction as an integer, which SQLite divides as such.
_SQL_FRACTIONS = {
    "div": "(CAST({} AS REAL) / {})",
    "mod": "(CAST({} AS REAL) - {} * CAST(CAST({} AS REAL) / {} AS INTEGER))",
}
_FRACTIONS = frozenset({"Edm.Decimal", "Edm.Double", "Edm.Single"})
_NUMBERS = _FRACTIONS | {"Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64"}
_WIDEST = ("Edm.Double", "Edm.Single", "Edm.Decimal", "Edm.Int64")


@dataclass(frozen=True, slots=True)
class Row:
    """A table under an alias: what names are looked up on."""

    table: Table
    alias: str


@dataclass(slots=True)
class Scope:
    """The row that is filtered, and the rows of lambda variables around it."""

    row: Row
    variables: dict[str, Row] = field(default_factory=dict)


QueryFunction: TypeAlias = Callable[["Compiler", Call, Scope], Piece]
"""A service's own function in a filter, such as `Microsoft.Dynamics.CRM.LastXDays`."""


class Compiler:
    """Compiles for one service. `functions` are its own query functions by full name.

    `source` is what related tables are read from: SQL that has their columns.
    """

    def __init__(
        self,
        catalog: Catalog,
        dialect: Dialect,
        functions: Mapping[str, QueryFunction] | None = None,
        source: Callable[[Table], str] | None = None,
    ) -> None:
        self.catalog, self.dialect = catalog, dialect
        self._source = source or (lambda table: quoted(table.sql))
        self._functions = dict(functions or {})
        self._aliases: Mapping[str, Expression] = {}
        self._inside_alias = False
        self._number = 0

    def where(
        self,
        node: Expression,
        table: Table,
        alias: str = "t",
        aliases: Mapping[str, Expression] | None = None,
    ) -> Piece:
        """A condition over `alias`, which stands for `table`. Raises ODataError."""
        self._aliases = aliases or {}
        return self.condition(node, Scope(Row(table, alias)))

    def order(
        self,
        items: Sequence[OrderItem],
        table: Table,
        alias: str = "t",
        aliases: Mapping[str, Expression] | None = None,
    ) -> list[Piece]:
        """The terms of ORDER BY. Raises ODataError."""
        pieces = self.order_values(items, table, alias, aliases)
        return [
            Piece(f"{piece.text} DESC", piece.parameters, piece.edm) if item.descending else piece
            for item, piece in zip(items, pieces, strict=True)
        ]

    def order_values(
        self,
        items: Sequence[OrderItem],
        table: Table,
        alias: str = "t",
        aliases: Mapping[str, Expression] | None = None,
    ) -> list[Piece]:
        """The values that rows are sorted by. Raises ODataError."""
        self._aliases = aliases or {}
        scope = Scope(Row(table, alias))
        return [self.value(item.expression, scope) for item in items]

    def argument(self, node: Expression) -> Expression:
        """What stands for a function's argument: the value of an alias, or the node itself."""
        if isinstance(node, Alias):
            return self._aliases.get(node.name, Literal(None, "null", node.position))
        return node

    def column(self, name: str, table: Table, position: int = -1) -> Column:
        """A property by its wire name. Raises UnknownProperty."""
        column = table.columns.get(name)
        if column is None:
            raise UnknownProperty(name, table.entity_type, position)
        return column

    # -- conditions ---------------------------------------------------------------------------

    def condition(self, node: Expression, scope: Scope) -> Piece:
        """An expression that must be a Boolean."""
        piece = self.value(node, scope)
        if piece.edm not in {"Edm.Boolean", "null"}:
            raise ODataError(
                "The $filter expression must evaluate to a single boolean value.",
                getattr(node, "position", -1),
            )
        if not piece.is_condition:
            return Piece(f"({piece.text} = 1)", piece.parameters, "Edm.Boolean", True)
        return piece

    def value(self, node: Expression, scope: Scope) -> Piece:
        """Any expression with a single value."""
        match node:
            case Literal():
                return stored(node)
            case Property() | TypeCast() | Variable():
                return self._path(node, scope)
            case Binary("in", left, right):
                return self._in(node, left, right, scope)
            case Binary("has", left, right):
                return self._has(node, left, right, scope)
            case Binary("and" | "or", left, right):
                word = node.operator.upper()
                sides = (self.condition(left, scope), self.condition(right, scope))
                return combine(f"({{}} {word} {{}})", sides, "Edm.Boolean", condition=True)
            case Binary(operator, left, right) if operator in COMPARISONS:
                return self._compare(node, left, right, scope)
            case Binary():
                return self._arithmetic(node, scope)
            case Unary("not", operand):
                inner = self.condition(operand, scope)
                return combine("(NOT coalesce({}, 0))", (inner,), "Edm.Boolean", condition=True)
            case Unary():
                inner = self._numeric(self.value(node.operand, scope), node.position)
                return combine("(-{})", (inner,), inner.edm)
            case Lambda():
                return self._lambda(node, scope)
            case CountOf(of) if of is not None:
                return self._count(node, of, scope)
            case Call():
                return self._call(node, scope)
            case Alias():
                return self._alias(node, scope)
            case Case(branches):
                return self._case(branches, scope)
            case _:
                raise NotSupported(
                    f"The query node {type(node).__name__} is not supported.",
                    getattr(node, "position", -1),
                )

    def _alias(self, node: Alias, scope: Scope) -> Piece:
        """What an alias stands for: a value without aliases, null if it is not given."""
        target = self._aliases.get(node.name)
        if target is None:
            return Piece("NULL", (), "null")
        if self._inside_alias:
            raise ODataError(f"The alias {node.name} stands inside another alias.", node.position)
        self._inside_alias = True
        try:
            return self.value(target, scope)
        finally:
            self._inside_alias = False

    def _compare(self, node: Binary, left: Expression, right: Expression, scope: Scope) -> Piece:
        one, two = self.value(left, scope), self.value(right, scope)
        one, two = self._aligned(node, one, two)
        if node.operator in {"eq", "ne"}:
            is_equal = node.operator == "eq"
            if "null" in {one.edm, two.edm}:
                other = one if two.edm == "null" else two
                text = "({} IS NULL)" if is_equal else "({} IS NOT NULL)"
                return combine(text, (other,), "Edm.Boolean", condition=True)
            like = self._wildcard(one, two, is_equal)
            if like is not None:
                return like
            one, two = without_case(one, two)
            if isinstance(right, Literal) or isinstance(left, Literal):
                text = "({} = {})" if is_equal else "({} IS NOT {})"
            else:
                text = "({} IS {})" if is_equal else "({} IS NOT {})"
            return combine(text, (one, two), "Edm.Boolean", condition=True)
        text = f"({{}} {_SQL_COMPARISON[node.operator]} {{}})"
        return combine(text, without_case(one, two), "Edm.Boolean", condition=True)

    def _wildcard(self, one: Piece, two: Piece, is_equal: bool) -> Piece | None:
        """Finance and operations: `Name eq '*retail*'` is a pattern."""
        text = two.constant
        if not self.dialect.wildcard_equality or two.edm != "Edm.String":
            return None
        if text is None or "*" not in text:
            return None
        pattern = scalar.escaped(text).replace("*", "%")
        text = (
            "({} LIKE {} ESCAPE '\\')" if is_equal else "(coalesce({}, '') NOT LIKE {} ESCAPE '\\')"
        )
        sides = without_case(one, Piece("?", (pattern,), "Edm.String"))
        return combine(text, sides, "Edm.Boolean", condition=True)

    def _aligned(self, node: Binary, one: Piece, two: Piece) -> tuple[Piece, Piece]:
        """Both sides in one type; an enumeration's literal takes the column's numbers."""
        if "null" in {one.edm, two.edm}:
            return one, two
        if one.enum is not None or two.enum is not None:
            return self._enum_sides(node, one, two)
        if self.dialect.guids_as_text:
            one, two = scalar.as_guid(one, two.edm), scalar.as_guid(two, one.edm)
        first, second = _family(one.edm), _family(two.edm)
        if first != second and {first, second} != {"Edm.DateTimeOffset", "Edm.Date"}:
            raise _incompatible(one.edm, two.edm, node)
        if first != second:
            one, two = scalar.as_moment(one), scalar.as_moment(two)
        return one, two

    def _enum_sides(self, node: Binary, one: Piece, two: Piece) -> tuple[Piece, Piece]:
        sides = [one, two]
        for index, other in ((0, two), (1, one)):
            side = sides[index]
            if side.enum is not None or other.enum is None:
                continue
            if (
                side.edm != other.edm
                and side.edm.rpartition(".")[2] != other.enum.name.rpartition(".")[2]
            ):
                raise _incompatible(one.edm, two.edm, node)
            sides[index] = scalar.enum_number(side, other.enum, node.position)
        if node.operator not in {"eq", "ne"} and not self.dialect.enum_order:
            raise _incompatible(one.edm, two.edm, node)
        return sides[0], sides[1]

    def _in(self, node: Binary, left: Expression, right: Expression, scope: Scope) -> Piece:
        if isinstance(right, Alias):
            right = self._aliases.get(right.name, Collection(()))
        if not isinstance(right, Collection):
            raise NotSupported("The right side of 'in' must be a list.", node.position)
        one = self.value(left, scope)
        values = []
        has_null = False
        for item in right.items:
            piece = self.value(item, scope)
            if piece.edm == "null":
                has_null = True
                continue
            probe = Binary("eq", left, item, node.position)
            values.append(self._aligned(probe, one, piece)[1])
        marks = ", ".join(["{}"] * len(values))
        text = f"({{}} IN ({marks}))"
        found = combine(text, without_case(one, *values), "Edm.Boolean", condition=True)
        if has_null:
            empty = combine("({} IS NULL)", (one,), "Edm.Boolean", condition=True)
            return combine("({} OR {})", (found, empty), "Edm.Boolean", condition=True)
        return found

    def _has(self, node: Binary, left: Expression, right: Expression, scope: Scope) -> Piece:
        one, two = self.value(left, scope), self.value(right, scope)
        if one.enum is None:
            raise _incompatible(one.edm, two.edm, node)
        two = scalar.enum_number(two, one.enum, node.position)
        sides = (one, two, Piece(two.text, two.parameters, two.edm))
        return combine("(({} & {}) = {})", sides, "Edm.Boolean", condition=True)

    # -- values -------------------------------------------------------------------------------

    def _numeric(self, piece: Piece, position: int) -> Piece:
        if piece.edm not in _NUMBERS and piece.edm != "null":
            raise ODataError(
                "A unary operator with an incompatible type was detected. Found operand type "
                f"'{piece.edm}' for operator kind 'Negate'.",
                position,
            )
        return piece

    def _arithmetic(self, node: Binary, scope: Scope) -> Piece:
        one, two = self.value(node.left, scope), self.value(node.right, scope)
        if one.edm not in _NUMBERS or two.edm not in _NUMBERS:
            if {one.edm, two.edm} & {"Edm.Duration", "Edm.DateTimeOffset", "Edm.Date"}:
                raise NotSupported("Arithmetic on dates is not supported.", node.position)
            raise _incompatible(one.edm, two.edm, node)
        edm = next((wide for wide in _WIDEST if wide in {one.edm, two.edm}), "Edm.Int32")
        if node.operator == "divby":
            return combine("(CAST({} AS REAL) / {})", (one, two), "Edm.Decimal")
        if edm in _FRACTIONS and node.operator in _SQL_FRACTIONS:
            text, sides = _SQL_FRACTIONS[node.operator], (one, two, one, two)
            return combine(text, sides[: text.count("{}")], edm)
        operator = _SQL_ARITHMETIC[node.operator]
        return combine(f"({{}} {operator} {{}})", (one, two), edm)

    def _call(self, node: Call, scope: Scope) -> Piece:
        own = self._functions.get(node.name)
        if own is not None:
            return own(self, node, scope)
        if node.of is not None or node.named:
            raise NotSupported(self.dialect.refuse_function(node.name), node.position)
        if node.name == "now":
            return Piece("?", (Now(),), "Edm.DateTimeOffset")
        values = [item for item in node.arguments if not isinstance(item, TypeName)]
        arguments = [self.value(item, scope) for item in values]
        piece = scalar.call(node, arguments, like_patterns=self.dialect.like_patterns)
        if piece is None:
            raise NotSupported(self.dialect.refuse_function(node.name), node.position)
        if node.name in BOOLEAN:
            return Piece(piece.text, piece.parameters, "Edm.Boolean", True)
        return piece

    def _case(self, branches: tuple[tuple[Expression, Expression], ...], scope: Scope) -> Piece:
        parts, edm = [], "null"
        for condition, result in branches:
            parts += [self.condition(condition, scope), self.value(result, scope)]
            edm = parts[-1].edm if edm == "null" else edm
        text = "(CASE " + " ".join(["WHEN {} THEN {}"] * len(branches)) + " END)"
        return combine(text, parts, edm)

    # -- paths --------------------------------------------------------------------------------

    def _start(self, node: Expression, scope: Scope) -> tuple[Row, list[Property]]:
        """The row a path starts at, and its members in order."""
        members: list[Property] = []
        current: Expression | None = node
        while True:
            match current:
                case Property():
                    members.append(current)
                    current = current.of
                case TypeCast(_, of):
                    current = of
                case None:
                    return scope.row, members[::-1]
                case Variable("$it"):
                    return scope.row, members[::-1]
                case Variable(name, position):
                    row = scope.variables.get(name)
                    if row is None:
                        raise NotSupported(f"{name} is not supported here.", position)
                    return row, members[::-1]
                case _:
                    raise NotSupported(
                        f"A path behind {type(current).__name__} is not supported.",
                        getattr(current, "position", -1),
                    )

    def _path(self, node: Expression, scope: Scope) -> Piece:
        row, members = self._start(node, scope)
        if not members:
            raise NotSupported("A whole record is not a value.", getattr(node, "position", -1))
        *steps, last = members
        is_member = bool(steps) and self._ends_in_complex(row.table, steps, last)
        if is_member:
            *steps, last = steps
        if not steps:
            column = self.column(last.name, row.table, last.position)
            return _column_piece(column, row.alias, is_member=is_member)
        return self._through(row, steps, last, is_member=is_member)

    def _ends_in_complex(self, table: Table, steps: list[Property], last: Property) -> bool:
        """Whether the path ends in the member that is kept of a complex property."""
        *links, holder = steps
        for step in links:
            navigation = table.navigations.get(step.name)
            target = None if navigation is None else self.catalog.get(navigation.target)
            if target is None:
                return False
            table = target
        column = table.columns.get(holder.name)
        if column is None or column.complex is None:
            return False
        if last.name != column.complex.member:
            raise UnknownProperty(last.name, column.complex.name, last.position)
        return True

    def _through(
        self, row: Row, steps: list[Property], last: Property, *, is_member: bool = False
    ) -> Piece:
        """A member behind single-valued navigation: a scalar subquery by key."""
        joins: list[str] = []
        condition, current = "", row
        for number, step in enumerate(steps):
            navigation = self._navigation(step, current.table)
            if navigation.collection:
                raise ODataError(
                    f"The parent value for a property access of a property '{last.name}' is not a "
                    "single value. Property access can only be applied to a single value.",
                    step.position,
                )
            target = self._row(navigation)
            joined = _equal(current, target, navigation.pairs)
            if number == 0:
                condition = joined
                joins.append(f"{self._source(target.table)} {target.alias}")
            else:
                joins.append(f"JOIN {self._source(target.table)} {target.alias} ON {joined}")
            current = target
        column = self.column(last.name, current.table, last.position)
        piece = _column_piece(column, current.alias, is_member=is_member)
        text = f"(SELECT {piece.text} FROM {' '.join(joins)} WHERE {condition})"
        if piece.edm == "Edm.String":
            # A subquery loses the collation of the column that it selects.
            text = f"{text} COLLATE NOCASE"
        return Piece(text, (), piece.edm, False, piece.enum)

    def _navigation(self, step: Property, table: Table) -> Navigation:
        navigation = table.navigations.get(step.name)
        if navigation is None:
            raise UnknownProperty(step.name, table.entity_type, step.position)
        return navigation

    def _row(self, navigation: Navigation) -> Row:
        table = self.catalog.get(navigation.target)
        if table is None:
            raise NotSupported(f"The type '{navigation.target}' has no entity set.", -1)
        self._number += 1
        return Row(table, f"n{self._number}")

    def _collection(self, node: Expression, scope: Scope) -> tuple[str, str, Row]:
        """FROM and WHERE that give the members of a collection path, and their row."""
        row, members = self._start(node, scope)
        if not members:
            raise NotSupported("A collection is expected.", getattr(node, "position", -1))
        sources: list[str] = []
        conditions: list[str] = []
        for step in members:
            navigation = self._navigation(step, row.table)
            target = self._row(navigation)
            if navigation.intersect:
                self._number += 1
                between = f"n{self._number}"
                sources.append(f"{quoted(navigation.intersect)} {between}")
                conditions += [
                    f"{between}.{quoted(far)} = {row.alias}.{quoted(_sql_of(row.table, own))}"
                    for own, far in navigation.pairs
                ]
                conditions += [
                    f"{target.alias}.{quoted(_sql_of(target.table, far))} = {between}.{quoted(own)}"
                    for own, far in navigation.far_pairs
                ]
            else:
                conditions.append(_equal(row, target, navigation.pairs))
            sources.append(f"{self._source(target.table)} {target.alias}")
            row = target
        return ", ".join(sources), " AND ".join(conditions), row

    def _lambda(self, node: Lambda, scope: Scope) -> Piece:
        sources, joined, row = self._collection(node.of, scope)
        if node.predicate is None:
            text = f"EXISTS (SELECT 1 FROM {sources} WHERE {joined})"
            return Piece(text, (), "Edm.Boolean", True)
        inner = Scope(scope.row, {**scope.variables, node.variable: row})
        predicate = self.condition(node.predicate, inner)
        if node.kind == "any":
            text = f"EXISTS (SELECT 1 FROM {sources} WHERE {joined} AND {predicate.text})"
        else:
            text = (
                f"NOT EXISTS (SELECT 1 FROM {sources} WHERE {joined} "
                f"AND NOT coalesce({predicate.text}, 0))"
            )
        return Piece(text, predicate.parameters, "Edm.Boolean", True)

    def _count(self, node: CountOf, of: Expression, scope: Scope) -> Piece:
        sources, joined, row = self._collection(of, scope)
        if node.search is not None:
            raise NotSupported("$search in $count is not supported.", node.position)
        parameters: tuple[Any, ...] = ()
        if node.filter is not None:
            inner = self.condition(node.filter, Scope(row, scope.variables))
            joined, parameters = f"{joined} AND {inner.text}", inner.parameters
        return Piece(f"(SELECT count(*) FROM {sources} WHERE {joined})", parameters, "Edm.Int64")


def _sql_of(table: Table, name: str) -> str:
    return table.columns[name].column


def _equal(row: Row, target: Row, pairs: Sequence[tuple[str, str]]) -> str:
    return " AND ".join(
        f"{target.alias}.{quoted(_sql_of(target.table, other))} = "
        f"{row.alias}.{quoted(_sql_of(row.table, own))}"
        for own, other in pairs
    )


def _column_piece(column: Column, alias: str, *, is_member: bool = False) -> Piece:
    edm = column.edm if column.complex is None or is_member else column.complex.name
    return Piece(f"{alias}.{quoted(column.column)}", (), edm, False, column.enum)


def _family(edm: str) -> str:
    return "number" if edm in _NUMBERS else edm


def _incompatible(one: str, two: str, node: Binary) -> ODataError:
    return ODataError(
        "A binary operator with incompatible types was detected. Found operand types "
        f"'{one}' and '{two}' for operator kind '{KIND_NAMES[node.operator]}'.",
        node.position,
    )

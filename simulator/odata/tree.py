"""The parsed form of query options: frozen nodes that compare by meaning, not by position."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Literal:
    """A value. `edm` is its type: `Edm.Int32`, `null`, an enumeration's name, `json`, ...

    `value` is bool, int, float, Decimal-like text, str or None; enums keep their member text.
    """

    value: Any
    edm: str
    position: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Property:
    """A named member of `of`; of the row itself when `of` is None."""

    name: str
    of: Expression | None = None
    position: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Variable:
    """`$it`, `$root`, `$this`, `$these`, or the variable of a lambda."""

    name: str
    position: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Alias:
    """A parameter alias, `@name`."""

    name: str
    position: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Keyed:
    """A member of a collection by its key: `$root/Set(key)`."""

    of: Expression
    key: tuple[tuple[str, Expression], ...]
    position: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class TypeCast:
    """`of` seen as a derived type."""

    type: str
    of: Expression | None = None
    position: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type as an argument of `cast` and `isof`."""

    name: str
    position: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class CountOf:
    """`of/$count`, perhaps filtered or searched."""

    of: Expression | None
    filter: Expression | None = None
    search: Search | None = None
    position: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function: canonical ones by position, others by name; bound ones to `of`."""

    name: str
    arguments: tuple[Expression, ...] = ()
    named: tuple[tuple[str, Expression], ...] = ()
    of: Expression | None = None
    position: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Case:
    """`case(condition:value,...)`."""

    branches: tuple[tuple[Expression, Expression], ...]
    position: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Lambda:
    """`of/any(variable:predicate)` or `all`; `any()` has neither."""

    kind: str
    of: Expression
    variable: str = ""
    predicate: Expression | None = None
    position: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Unary:
    """`not` or `-`."""

    operator: str
    operand: Expression
    position: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """An operator between two expressions: or and eq ne gt ge lt le has in add sub mul div ..."""

    operator: str
    left: Expression
    right: Expression
    position: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Collection:
    """`(a,b)` behind `in`, or `[a,b]`."""

    items: tuple[Expression, ...]
    brackets: bool = False
    position: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Record:
    """`{"name":expression}`; an object of plain JSON is a literal."""

    members: tuple[tuple[str, Expression], ...]
    position: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Aggregated:
    """`of/aggregate(item)`: an aggregate as a value."""

    of: Expression
    item: AggregateItem
    position: int = field(default=-1, compare=False)


Expression: TypeAlias = (
    Literal
    | Property
    | Variable
    | Alias
    | Keyed
    | TypeCast
    | TypeName
    | CountOf
    | Call
    | Case
    | Lambda
    | Unary
    | Binary
    | Collection
    | Record
    | Aggregated
)


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a phrase of `$search`."""

    text: str
    phrase: bool = False


@dataclass(frozen=True, slots=True)
class SearchNot:
    """NOT."""

    operand: Search


@dataclass(frozen=True, slots=True)
class SearchPair:
    """`AND` or `OR` of two."""

    operator: str
    left: Search
    right: Search


Search: TypeAlias = Term | SearchNot | SearchPair


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One item of `$orderby`."""

    expression: Expression
    descending: bool = False


@dataclass(frozen=True, slots=True)
class ComputeItem:
    """One item of `$compute`."""

    expression: Expression
    alias: str


@dataclass(frozen=True, slots=True)
class SelectItem:
    """One path of `$select`: names, type casts, `*`, `Ns.*`, or a bound operation."""

    path: tuple[str, ...]
    options: Options | None = None
    parameters: tuple[str, ...] | None = None
    position: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class ExpandItem:
    """One path of `$expand`; `suffix` is ``, `$ref`, `$count` or `$value`."""

    path: tuple[str, ...]
    suffix: str = ""
    options: Options | None = None
    position: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class AggregateItem:
    """`expression with method from (name with method)... as alias`; `$count as alias`."""

    expression: Expression | None
    method: str = ""
    alias: str = ""
    sources: tuple[tuple[tuple[Expression, ...], str], ...] = ()


@dataclass(frozen=True, slots=True)
class Rollup:
    """`rollup(...)` inside groupby; `$all` is kept as the property of that name."""

    levels: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Transformation:
    """One step of `$apply`; its arguments by kind.

    aggregate: AggregateItem...; groupby: groups, then nested steps; filter: expression; search;
    expand: path, steps...; compute: ComputeItem...; concat: sequences of steps; orderby:
    OrderItem...; top, skip: number; topcount and its kin: two expressions; others: see apply.py.
    """

    kind: str
    arguments: tuple[Any, ...] = ()
    position: int = field(default=-1, compare=False)


@dataclass(frozen=True, slots=True)
class Options:
    """System query options, of a whole query or nested in `$select` and `$expand`."""

    filter: Expression | None = None
    orderby: tuple[OrderItem, ...] = ()
    select: tuple[SelectItem, ...] = ()
    expand: tuple[ExpandItem, ...] = ()
    top: int | None = None
    skip: int | None = None
    count: bool | None = None
    search: Search | None = None
    compute: tuple[ComputeItem, ...] = ()
    apply: tuple[Transformation, ...] = ()
    levels: int | str | None = None
    aliases: tuple[tuple[str, Expression], ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query string: its options, and what is not OData's (`custom`, in order)."""

    options: Options = Options()
    format: str = ""
    skiptoken: str = ""
    deltatoken: str = ""
    id: str = ""
    index: int | None = None
    schemaversion: str = ""
    custom: tuple[tuple[str, str], ...] = ()

    @property
    def filter(self) -> Expression | None:
        """`$filter`."""
        return self.options.filter

    @property
    def orderby(self) -> tuple[OrderItem, ...]:
        """`$orderby`."""
        return self.options.orderby

    @property
    def select(self) -> tuple[SelectItem, ...]:
        """`$select`."""
        return self.options.select

    @property
    def expand(self) -> tuple[ExpandItem, ...]:
        """`$expand`."""
        return self.options.expand

    @property
    def top(self) -> int | None:
        """`$top`."""
        return self.options.top

    @property
    def skip(self) -> int | None:
        """`$skip`."""
        return self.options.skip

    @property
    def count(self) -> bool | None:
        """`$count`."""
        return self.options.count

    @property
    def search(self) -> Search | None:
        """`$search`."""
        return self.options.search

    @property
    def compute(self) -> tuple[ComputeItem, ...]:
        """`$compute`."""
        return self.options.compute

    @property
    def apply(self) -> tuple[Transformation, ...]:
        """`$apply`."""
        return self.options.apply

    @property
    def aliases(self) -> dict[str, Expression]:
        """Parameter aliases by name with `@`."""
        return dict(self.options.aliases)

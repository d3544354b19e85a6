"""What a query compares and sorts by, for those who make indexes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from windtunnel.simulator.odata.tree import (
    Alias,
    Binary,
    Expression,
    Literal,
    OrderItem,
    Property,
)


@dataclass(frozen=True, slots=True)
class Hints:
    """`equal`: columns that equal one value. `order`: columns sorted by, empty unless one way.

    `compared`: other columns that every row is tested by.
    """

    equal: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()


def hints_of(condition: Expression | None, order: Sequence[OrderItem]) -> Hints:
    """Columns of the row itself only; what lies behind navigation has no index of its own."""
    equal = tuple(dict.fromkeys(_equal(condition)))
    names = [
        item.expression.name
        for item in order
        if isinstance(item.expression, Property) and item.expression.of is None
    ]
    one_way = len({item.descending for item in order[:-1]}) <= 1
    whole = len(names) == len(order)
    compared = tuple(name for name in dict.fromkeys(_compared(condition)) if name not in equal)
    return Hints(equal, tuple(names) if one_way and whole else (), compared)


def _compared(node: Expression | None) -> list[str]:
    match node:
        case Binary("and", left, right):
            return _compared(left) + _compared(right)
        case Binary(_, Property(name, None), Literal() | Alias()):
            return [name]
        case _:
            return []


def _equal(node: Expression | None) -> list[str]:
    match node:
        case Binary("and", left, right):
            return _equal(left) + _equal(right)
        case Binary("eq", Property(name, None), Literal() | Alias()):
            return [name]
        case _:
            return []

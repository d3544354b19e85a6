"""What `$filter` takes beyond its grammar. Source: "Filter rows using OData"."""

from __future__ import annotations

from collections.abc import Iterator

from windtunnel.simulator.odata import NotSupported
from windtunnel.simulator.odata.dialects.dataverse import PREFIX
from windtunnel.simulator.odata.functions import COMPARISONS
from windtunnel.simulator.odata.tree import (
    Binary,
    Call,
    Expression,
    Lambda,
    Options,
    Property,
    Transformation,
    Unary,
)
from windtunnel.simulator.services.dataverse import query_errors

MOST_CONDITIONS = 500


def check(options: Options) -> None:
    """Raise TooManyConditions or NotSupported for what the filters of a whole query hold."""
    waiting = list(_filters(options))
    conditions = 0
    while waiting:
        node = waiting.pop()
        match node:
            case Binary(operator, left, right):
                waiting += (left, right)
                conditions += operator in COMPARISONS or operator == "in"
            case Unary(_, operand):
                if isinstance(operand, Call) and operand.name.startswith(PREFIX):
                    raise NotSupported(
                        "Not operator along with the Custom Named Condition operators is not "
                        "allowed",
                        node.position,
                    )
                waiting.append(operand)
            case Call():
                conditions += 1
            case Lambda(_, of, _, predicate):
                _check_way(of)
                if predicate is not None:
                    waiting.append(predicate)
            case _:
                pass
        if conditions > MOST_CONDITIONS:
            raise query_errors.TooManyConditions


def _check_way(of: Expression) -> None:
    """Refuse `primarycontactid/Contact_Tasks/any()`: a collection behind a lookup."""
    if isinstance(of, Property) and isinstance(of.of, Property):
        # unconfirmed: the page says that it is not supported, not with which words.
        raise NotSupported(
            f"The collection '{of.name}' behind the lookup '{of.of.name}' cannot be filtered on.",
            of.position,
        )


def _filters(options: Options) -> Iterator[Expression]:
    if options.filter is not None:
        yield options.filter
    for step in options.apply:
        yield from _of_step(step)
    for item in options.expand:
        if item.options is not None:
            yield from _filters(item.options)


def _of_step(step: Transformation) -> Iterator[Expression]:
    if step.kind == "filter":
        yield step.arguments[0]

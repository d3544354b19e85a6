"""The grammar of `$apply`: OData Extension for Data Aggregation 4.01."""

from __future__ import annotations

from typing import Any

from windtunnel.simulator.odata.errors import NotSupported, ODataError
from windtunnel.simulator.odata.expressions import call, expression
from windtunnel.simulator.odata.options import alias_of, compute, number, orderby
from windtunnel.simulator.odata.reader import Reader
from windtunnel.simulator.odata.search import search_until
from windtunnel.simulator.odata.tree import (
    AggregateItem,
    CountOf,
    Expression,
    OrderItem,
    Property,
    Rollup,
    Transformation,
    TypeCast,
)

METHODS = frozenset({"sum", "min", "max", "average", "countdistinct"})
_PAIRS = frozenset(
    {
        "topcount",
        "topsum",
        "toppercent",
        "bottomcount",
        "bottomsum",
        "bottompercent",
    }
)
_HIERARCHY = frozenset({"ancestors", "descendants", "traverse"})
KINDS = (
    frozenset(
        {
            "aggregate",
            "groupby",
            "filter",
            "search",
            "expand",
            "compute",
            "concat",
            "identity",
            "nest",
            "addnested",
            "join",
            "outerjoin",
            "orderby",
            "top",
            "skip",
        }
    )
    | _PAIRS
    | _HIERARCHY
)


_KEEPING = _PAIRS | _HIERARCHY | {"filter", "identity", "orderby", "search", "skip", "top"}
"""Those whose output is rows of their input; custom ones may be."""


def _preserving(reader: Reader) -> tuple[Transformation, ...]:
    """Steps that leave out or sort rows, but make none."""
    steps = transformations(reader)
    for step in steps:
        if step.kind not in _KEEPING and step.kind != "custom":
            raise ODataError(
                f"The transformation '{step.kind}' does not preserve its input, at position "
                f"{step.position} in '{reader.text}'.",
                step.position,
            )
    return steps


def transformations(reader: Reader) -> tuple[Transformation, ...]:
    """Steps separated by `/`."""
    reader.deeper()
    steps = [_step(reader)]
    while reader.accept("/"):
        steps.append(_step(reader))
    reader.depth -= 1
    return tuple(steps)


def _step(reader: Reader) -> Transformation:
    token = reader.name("transformation")
    kind = token.text
    accepted = reader.dialect.transformations
    if accepted is not None and kind not in accepted:
        raise NotSupported(f"The transformation '{kind}' is not supported.", token.start)
    if kind == "identity":
        return Transformation("identity", position=token.start)
    if "." in kind:
        if not reader.is_punct("("):
            raise reader.error("'(' expected")
        return Transformation("custom", (call(reader, token, None),), token.start)
    if kind not in KINDS:
        raise ODataError(
            f"'{kind}' is not a transformation at position {token.start} in '{reader.text}'.",
            token.start,
        )
    reader.expect("(")
    arguments = _arguments(reader, kind)
    reader.expect(")")
    return Transformation(kind, arguments, token.start)


def _arguments(reader: Reader, kind: str) -> tuple[Any, ...]:
    match kind:
        case "aggregate":
            return _separated(reader, aggregate_item)
        case "groupby":
            return _groupby(reader)
        case "filter":
            return (expression(reader),)
        case "search":
            return (search_until(reader),)
        case "expand":
            return _expand_step(reader)
        case "compute":
            return compute(reader)
        case "concat":
            sequences = _separated(reader, transformations)
            if len(sequences) < 2:
                raise reader.error("',' expected")
            return sequences
        case "orderby":
            return orderby(reader)
        case "top" | "skip":
            return (number(reader, kind),)
        case "nest" | "addnested":
            return _nest(reader, kind)
        case "join" | "outerjoin":
            return _join(reader)
        case _ if kind in _PAIRS:
            first = expression(reader)
            reader.expect(",")
            return (first, expression(reader))
        case "traverse":
            return _traverse(reader)
        case _:
            return _relatives(reader)


def _separated(reader: Reader, read: Any) -> tuple[Any, ...]:
    items = [read(reader)]
    while reader.accept(","):
        items.append(read(reader))
    return tuple(items)


def _hierarchy(reader: Reader) -> tuple[Any, ...]:
    """`root, qualifier, path`: what every hierarchical transformation begins with."""
    if reader.token.text != "$root":
        raise reader.error("'$root' expected")
    root = expression(reader, binding=99)
    reader.expect(",")
    qualifier = reader.name("hierarchy qualifier").text
    reader.expect(",")
    return (root, qualifier, _path(reader))


def _path(reader: Reader, *, may_end_in_cast: bool = False) -> Expression:
    """A data aggregation path: properties and type casts, no term, key or function among them."""
    if reader.token.kind != "name":
        raise reader.error("a property path is expected")
    path = expression(reader, binding=99)
    if isinstance(path, TypeCast) and not may_end_in_cast:
        raise reader.error("a property is expected behind the type")
    step: Expression | None = path
    while step is not None:
        is_term = isinstance(step, Property) and step.name.startswith("@")
        if not isinstance(step, (Property, TypeCast)) or is_term:
            raise ODataError(
                f"Syntax error: a property path is expected at position {step.position} in "
                f"'{reader.text}'.",
                step.position,
            )
        step = step.of
    return path


def _joined(reader: Reader) -> Expression:
    """What `join` and `outerjoin` follow: a path, or the values of a term."""
    if reader.token.kind == "alias":
        return expression(reader, binding=99)
    return _path(reader, may_end_in_cast=True)


def _relatives(reader: Reader) -> tuple[Any, ...]:
    """Ancestors and descendants: `..., steps[, distance][, keep start]`."""
    hierarchy = _hierarchy(reader)
    reader.expect(",")
    steps = _preserving(reader)
    distance, keep = None, ""
    if reader.accept(","):
        if reader.token.kind == "number":
            distance = number(reader, "distance")
            if reader.accept(","):
                keep = _keep(reader)
        else:
            keep = _keep(reader)
    return (*hierarchy, steps, distance, keep)


def _keep(reader: Reader) -> str:
    if not reader.word("keep") or not reader.word("start"):
        raise reader.error("'keep start' expected")
    return "keep start"


def _traverse(reader: Reader) -> tuple[Any, ...]:
    """`..., preorder|postorder[, steps][, order...]`."""
    hierarchy = _hierarchy(reader)
    reader.expect(",")
    direction = reader.word("preorder", "postorder")
    if not direction:
        raise reader.error("'preorder' or 'postorder' expected")
    steps: tuple[Transformation, ...] = ()
    order: tuple[OrderItem, ...] = ()
    if reader.accept(","):
        following = reader.tokens[min(reader.index + 1, len(reader.tokens) - 1)]
        is_step = reader.token.text in KINDS and following.text == "("
        if is_step or reader.token.text == "identity":
            steps = _preserving(reader)
            order = orderby(reader) if reader.accept(",") else ()
        else:
            order = orderby(reader)
    return (*hierarchy, direction, steps, order)


def _expand_step(reader: Reader) -> tuple[Any, ...]:
    path = _path(reader, may_end_in_cast=True)
    steps: list[Any] = []
    while reader.accept(","):
        steps.append(transformations(reader))
    return (path, *steps)


def _nest(reader: Reader, kind: str) -> tuple[Any, ...]:
    path: tuple[Any, ...] = ()
    if kind == "addnested":
        path = (_path(reader, may_end_in_cast=True),)
        reader.expect(",")
    items = []
    while True:
        steps = transformations(reader)
        items.append((steps, alias_of(reader)))
        if not reader.accept(","):
            return (*path, *items)


def _join(reader: Reader) -> tuple[Any, ...]:
    path = _joined(reader)
    alias = alias_of(reader)
    steps = transformations(reader) if reader.accept(",") else ()
    return (path, alias, steps)


def _groupby(reader: Reader) -> tuple[Any, ...]:
    reader.expect("(")
    groups = () if reader.is_punct(")") else _separated(reader, _group)
    reader.expect(")")
    steps = transformations(reader) if reader.accept(",") else ()
    if not groups:
        raise reader.error("a grouping property is expected")
    return (groups, steps)


def _group(reader: Reader) -> Expression | Rollup | Transformation:
    token = reader.token
    following = reader.tokens[min(reader.index + 1, len(reader.tokens) - 1)]
    if token.kind == "name" and token.text == "rolluprecursive" and following.text == "(":
        reader.index += 2
        hierarchy = _hierarchy(reader)
        steps = _preserving(reader) if reader.accept(",") else ()
        reader.expect(")")
        return Transformation("rolluprecursive", (*hierarchy, steps), token.start)
    if token.kind == "name" and token.text == "rollup" and following.text == "(":
        reader.index += 2
        levels: list[Expression] = []
        while True:
            if reader.token.kind == "system" and reader.token.text == "$all":
                levels.append(Property("$all", None, reader.token.start))
                reader.index += 1
            else:
                levels.append(_path(reader))
            if not reader.accept(","):
                break
        if len(levels) == 1 and isinstance(levels[0], Property) and levels[0].of is not None:
            raise reader.error("',' expected")  # one alone is the name of a leveled hierarchy
        reader.expect(")")
        return Rollup(tuple(levels))
    return _path(reader)


def aggregate_item(reader: Reader, *, with_alias: bool = True) -> AggregateItem:
    """One item of `aggregate`; the function of that name has no alias."""
    token = reader.token
    inner: Expression
    if token.kind == "system" and token.text == "$count":
        reader.index += 1
        inner = CountOf(None, position=token.start)
    else:
        inner = expression(reader)
    is_rows = token.text == "$count"
    method = "" if is_rows else _method(reader)
    is_count = isinstance(inner, CountOf) and not method
    if not method and not isinstance(inner, (Property, CountOf)):
        raise reader.error("'with' expected")
    sources: list[tuple[tuple[Expression, ...], str]] = []
    while reader.token.spaced and reader.word("from"):
        names = _separated(reader, _path)
        sources.append((names, _method(reader)))
        if (method or is_count) and not sources[-1][1]:
            raise reader.error("'with' expected")
    if not with_alias:
        return AggregateItem(inner, method, "", tuple(sources))
    is_named = reader.token.kind == "name" and reader.token.text.lower() == "as"
    needed = bool(method or sources or is_count)
    alias = alias_of(reader) if is_named or needed else ""
    return AggregateItem(inner, method, alias, tuple(sources))


def _method(reader: Reader) -> str:
    if not (reader.token.spaced and reader.word("with")):
        return ""
    token = reader.name("aggregation method")
    if token.text not in METHODS and "." not in token.text:
        raise ODataError(
            f"'{token.text}' is not an aggregation method at position {token.start} in "
            f"'{reader.text}'.",
            token.start,
        )
    return token.text

"""A tree back to text: what parses to the same tree again."""

from __future__ import annotations

import math
from typing import Any
from urllib.parse import quote

import orjson

from windtunnel.simulator.odata.functions import BINDING, UNARY_BINDING
from windtunnel.simulator.odata.tree import (
    Aggregated,
    AggregateItem,
    Alias,
    Binary,
    Call,
    Case,
    Collection,
    ComputeItem,
    CountOf,
    ExpandItem,
    Expression,
    Keyed,
    Lambda,
    Literal,
    Options,
    OrderItem,
    Property,
    Query,
    Record,
    Rollup,
    Search,
    SearchNot,
    SearchPair,
    SelectItem,
    Term,
    Transformation,
    TypeCast,
    TypeName,
    Unary,
    Variable,
)

_BARE = frozenset({"Edm.Guid", "Edm.DateTimeOffset", "Edm.Date", "Edm.TimeOfDay", "json", "null"})
_PREFIXED = {
    "Edm.Duration": "duration",
    "Edm.Binary": "binary",
    "Edm.Geography": "geography",
    "Edm.Geometry": "geometry",
}


def print_filter(node: Expression) -> str:
    """The text of an expression."""
    return _expression(node, 0)


def _literal(node: Literal) -> str:
    value = node.value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"{value}L" if node.edm == "Edm.Int64" and abs(value) < 2**31 else str(value)
    if isinstance(value, float):
        return _float(value, node.edm)
    if node.edm == "Edm.String":
        return "'" + str(value).replace("'", "''") + "'"
    if node.edm in _BARE:
        return str(value)
    prefix = _PREFIXED.get(node.edm, node.edm)
    return f"{prefix}'" + str(value).replace("'", "''") + "'"


def _float(value: float, edm: str) -> str:
    if math.isinf(value):
        return "INF" if value > 0 else "-INF"
    if math.isnan(value):
        return "NaN"
    text = repr(value)
    return f"{text}{ {'Edm.Decimal': 'M', 'Edm.Single': 'f'}.get(edm, 'd') }"


def _expression(node: Expression, binding: int) -> str:
    match node:
        case Literal():
            return _literal(node)
        case Property(name, of):
            return _behind(of, name)
        case Variable(name) | Alias(name) | TypeName(name):
            return name
        case TypeCast(name, of):
            return _behind(of, name)
        case Keyed(of, key):
            pairs = [f"{k}={_expression(v, 0)}" if k else _expression(v, 0) for k, v in key]
            return f"{_expression(of, 99)}({','.join(pairs)})"
        case CountOf(of, condition, search):
            options = Options(filter=condition, search=search)
            nested = f"({print_options(options)})" if condition or search else ""
            return _behind(of, f"$count{nested}")
        case Call(name, arguments, named, of):
            parts = [_expression(argument, 0) for argument in arguments]
            parts += [f"{key}={_expression(value, 0)}" for key, value in named]
            return _behind(of, f"{name}({','.join(parts)})")
        case Case(branches):
            # Without the blank, two numbers could read as a time.
            pairs = [f"{_expression(c, 0)}: {_expression(v, 0)}" for c, v in branches]
            return f"case({','.join(pairs)})"
        case Lambda(kind, of, variable, predicate):
            inner = "" if predicate is None else f"{variable}:{_expression(predicate, 0)}"
            return _behind(of, f"{kind}({inner})")
        case Unary(operator, operand):
            inner = _expression(operand, UNARY_BINDING)
            needs = isinstance(operand, (Literal, Unary)) and operator == "-"
            needs = needs or inner.partition(" ")[0].lower() in BINDING
            inner = f"({inner})" if needs else inner
            text = f"not {inner}" if operator == "not" else f"-{inner}"
            return f"({text})" if binding > UNARY_BINDING else text
        case Binary(operator, left, right):
            power = BINDING[operator]
            same = power if operator in {"and", "or"} else power + 1
            text = f"{_expression(left, power)} {operator} {_expression(right, same)}"
            return f"({text})" if power < binding else text
        case Collection(items, brackets):
            inner = ",".join(_expression(item, 0) for item in items)
            return f"[{inner}]" if brackets else f"({inner})"
        case Record(members):
            pairs = [f"{_quoted(name)}:{_expression(value, 0)}" for name, value in members]
            return f"{{{','.join(pairs)}}}"
        case Aggregated(of, item):  # pragma: no branch - the type checker knows that it is last
            return _behind(of, f"aggregate({_aggregate(item)})")


def _quoted(name: str) -> str:
    return orjson.dumps(name).decode()


def _behind(of: Expression | None, text: str) -> str:
    return text if of is None else f"{_expression(of, 99)}/{text}"


def print_search(node: Search) -> str:
    """The text of a search."""
    match node:
        case Term(text, phrase):
            if phrase:
                return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
            return text
        case SearchNot(operand):
            inner = print_search(operand)
            return f"NOT ({inner})" if isinstance(operand, SearchPair) else f"NOT {inner}"
        case SearchPair(operator, left, right):  # pragma: no branch - it is the last
            sides = [
                f"({print_search(side)})" if isinstance(side, SearchPair) else print_search(side)
                for side in (left, right)
            ]
            return f" {operator} ".join(sides)


def print_orderby(items: tuple[OrderItem, ...]) -> str:
    """The text of `$orderby`."""
    return ",".join(
        _expression(item.expression, 0) + (" desc" if item.descending else "") for item in items
    )


def print_compute(items: tuple[ComputeItem, ...]) -> str:
    """The text of `$compute`."""
    return ",".join(f"{_expression(item.expression, 0)} as {item.alias}" for item in items)


def print_select(items: tuple[SelectItem, ...]) -> str:
    """The text of `$select`."""
    return ",".join(map(_select_item, items))


def _select_item(item: SelectItem) -> str:
    text = "/".join(item.path)
    if item.parameters is not None:
        return f"{text}({','.join(item.parameters)})"
    return text if item.options is None else f"{text}({print_options(item.options)})"


def print_expand(items: tuple[ExpandItem, ...]) -> str:
    """The text of `$expand`."""
    texts = []
    for item in items:
        parts = [*item.path, item.suffix] if item.suffix else list(item.path)
        nested = "" if item.options is None else f"({print_options(item.options)})"
        texts.append("/".join(parts) + nested)
    return ",".join(texts)


def print_apply(steps: tuple[Transformation, ...]) -> str:
    """The text of `$apply`."""
    return "/".join(map(_step, steps))


def _step(step: Transformation) -> str:
    arguments = step.arguments
    match step.kind:
        case "identity":
            return "identity"
        case "custom":
            return _expression(arguments[0], 0)
        case "aggregate":
            inner = ",".join(map(_aggregate, arguments))
        case "groupby":
            groups, nested = arguments
            inner = f"({','.join(map(_group, groups))})"
            inner += f",{print_apply(nested)}" if nested else ""
        case "search":
            inner = print_search(arguments[0])
        case "compute":
            inner = print_compute(arguments)
        case "orderby":
            inner = print_orderby(arguments)
        case "concat":
            inner = ",".join(print_apply(steps) for steps in arguments)
        case "top" | "skip":
            inner = str(arguments[0])
        case "filter":
            inner = _expression(arguments[0], 0)
        case "expand":
            path, *nested = arguments
            inner = ",".join([_expression(path, 0), *map(print_apply, nested)])
        case "nest" | "addnested":
            inner = ",".join(map(_nested, arguments))
        case "join" | "outerjoin":
            path, alias, nested = arguments
            inner = f"{_expression(path, 0)} as {alias}"
            inner += f",{print_apply(nested)}" if nested else ""
        case _ if len(arguments) == 2:
            inner = ",".join(_expression(argument, 0) for argument in arguments)
        case _:
            inner = _hierarchy(arguments)
    return f"{step.kind}({inner})"


def _nested(argument: tuple[tuple[Transformation, ...], str] | Expression) -> str:
    if isinstance(argument, tuple):
        steps, alias = argument
        return f"{print_apply(steps)} as {alias}"
    return _expression(argument, 0)


def _hierarchy(arguments: tuple[Any, ...]) -> str:
    """`root,qualifier,path` and what follows, empty parts left out."""
    root, qualifier, path, *rest = arguments
    parts = [_expression(root, 0), qualifier, _expression(path, 0)]
    for part in rest:
        if isinstance(part, tuple) and part:
            is_order = isinstance(part[0], OrderItem)
            parts.append(print_orderby(part) if is_order else print_apply(part))
        elif isinstance(part, (int, str)) and part != "":
            parts.append(str(part))
    return ",".join(parts)


def _group(group: Expression | Rollup | Transformation) -> str:
    if isinstance(group, Rollup):
        return f"rollup({','.join(_expression(level, 0) for level in group.levels)})"
    if isinstance(group, Transformation):
        return _step(group)
    return _expression(group, 0)


def _aggregate(item: AggregateItem) -> str:
    text = "" if item.expression is None else _expression(item.expression, 0)
    if item.method:
        text += f" with {item.method}"
    for names, method in item.sources:
        text += f" from {','.join(_expression(name, 0) for name in names)}"
        text += f" with {method}" if method else ""
    return f"{text} as {item.alias}" if item.alias else text


_PLAIN = "/,()$=';:@!*"
"""What stands in the query of a URL as it is, beside letters, digits and `-._~`."""


def print_options(options: Options, separator: str = ";") -> str:
    """The text of options as they stand nested in `$expand`; `&` makes a query string's."""
    parts: list[tuple[str, str]] = []
    if options.apply:
        parts.append(("$apply", print_apply(options.apply)))
    if options.compute:
        parts.append(("$compute", print_compute(options.compute)))
    if options.filter is not None:
        parts.append(("$filter", print_filter(options.filter)))
    if options.search is not None:
        parts.append(("$search", print_search(options.search)))
    if options.orderby:
        parts.append(("$orderby", print_orderby(options.orderby)))
    if options.select:
        parts.append(("$select", print_select(options.select)))
    if options.expand:
        parts.append(("$expand", print_expand(options.expand)))
    for name in ("top", "skip", "levels"):
        value = getattr(options, name)
        if value is not None:
            parts.append((f"${name}", str(value)))
    if options.count is not None:
        parts.append(("$count", "true" if options.count else "false"))
    parts += [(name, _expression(value, 0)) for name, value in options.aliases]
    if separator == "&":
        parts = [(name, quote(text, safe=_PLAIN)) for name, text in parts]
    return separator.join(f"{name}={text}" for name, text in parts)


def print_query(query: Query) -> str:
    """A query string, percent-encoded."""
    parts = [print_options(query.options, "&")] if query.options != Options() else []
    for name in ("format", "skiptoken", "deltatoken", "id", "index", "schemaversion"):
        value = getattr(query, name)
        if value not in {"", None}:
            parts.append(f"${name}={quote(str(value))}")
    parts += [f"{quote(name)}={quote(value)}" for name, value in query.custom]
    return "&".join(parts)

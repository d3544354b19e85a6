"""The grammar of query options, alone and nested in `$select` and `$expand`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from windtunnel.simulator.odata.errors import ODataError
from windtunnel.simulator.odata.expressions import expression
from windtunnel.simulator.odata.reader import Reader
from windtunnel.simulator.odata.search import search_until
from windtunnel.simulator.odata.tree import (
    ComputeItem,
    ExpandItem,
    Expression,
    Options,
    OrderItem,
    SelectItem,
)

LARGEST_NUMBER = 2**63 - 1


def orderby(reader: Reader) -> tuple[OrderItem, ...]:
    """`a,b desc`."""
    items = []
    while True:
        inner = expression(reader)
        direction = reader.word("asc", "desc") if reader.token.spaced else ""
        items.append(OrderItem(inner, direction == "desc"))
        if not reader.accept(","):
            return tuple(items)


def compute(reader: Reader) -> tuple[ComputeItem, ...]:
    """`Price mul Quantity as Total,...`."""
    items: dict[str, ComputeItem] = {}
    while True:
        inner = expression(reader)
        alias = alias_of(reader)
        if alias in items:
            raise ODataError(f"The alias '{alias}' is given twice.", reader.token.start)
        items[alias] = ComputeItem(inner, alias)
        if not reader.accept(","):
            return tuple(items.values())


def alias_of(reader: Reader) -> str:
    """`as Name`."""
    if not reader.token.spaced or not reader.word("as"):
        raise reader.error("'as' expected")
    return reader.identifier("alias").text


def number(reader: Reader, name: str) -> int:
    """The value of `$top` or `$skip`: a whole number that is not negative."""
    token = reader.token
    if token.kind != "number" or not token.text.isdigit() or len(token.text) > 19:
        shown = reader.text[token.start :] if token.kind != "end" else ""
        raise ODataError(
            f"Invalid value '{shown}' for {name} query option found. The {name} query option "
            "requires a non-negative integer value.",
            token.start,
        )
    value = int(token.text)
    if value > LARGEST_NUMBER:
        raise ODataError(f"Invalid value '{value}' for {name} query option found.", token.start)
    reader.index += 1
    return value


def boolean(reader: Reader, name: str) -> bool:
    """The value of `$count`."""
    word = reader.word("true", "false")
    if not word:
        token = reader.token
        raise ODataError(
            f"Invalid value '{reader.text[token.start :]}' for {name} query option found. Valid "
            "values are 'true' and 'false'.",
            token.start,
        )
    return word == "true"


def levels(reader: Reader, name: str) -> int | str:
    """The value of `$levels`: a number from 1, or `max`."""
    if reader.word("max"):
        return "max"
    token = reader.token
    if token.kind == "number" and token.text.startswith("0"):
        raise ODataError(
            f"Invalid value '{token.text}' for {name} query option found. It is a number from 1, "
            "or 'max'.",
            token.start,
        )
    return number(reader, name)


def select(reader: Reader) -> tuple[SelectItem, ...]:
    """`*`, names, paths, casts, `Ns.*`, bound operations, nested options."""
    items = []
    while True:
        items.append(_select_item(reader))
        if not reader.accept(","):
            return tuple(items)
        if reader.dialect.loose and reader.token.kind == "end":
            return tuple(items)


def _select_item(reader: Reader) -> SelectItem:
    start = reader.token.start
    if reader.accept("*"):
        return SelectItem(("*",), position=start)
    path: list[str] = []
    while True:
        token = reader.token
        if token.kind == "name" and token.text.endswith(".*"):
            reader.index += 1
            return SelectItem((*path, token.text), position=start)
        path.append(_member(reader, "identifier"))
        if not reader.accept("/"):
            break
        if reader.accept("*"):
            return SelectItem((*path, "*"), position=start)
    if not reader.is_punct("("):
        return SelectItem(tuple(path), position=start)
    following = reader.tokens[reader.index + 1]
    behind = reader.tokens[min(reader.index + 2, len(reader.tokens) - 1)]
    if following.kind in {"system", "alias"} or behind.text == "=":
        among = reader.dialect.select_options
        return SelectItem(tuple(path), nested_options(reader, among), position=start)
    reader.expect("(")
    names: list[str] = []
    if not reader.is_punct(")"):
        names.append(reader.identifier("parameter name").text)
        while reader.accept(","):
            names.append(reader.identifier("parameter name").text)
    reader.expect(")")
    return SelectItem(tuple(path), parameters=tuple(names), position=start)


def _member(reader: Reader, what: str) -> str:
    """A name or an annotation, `@Ns.Term#Qualifier`."""
    token = reader.token
    if token.kind == "alias":
        reader.index += 1
        return token.text
    return reader.name(what).text


def expand(reader: Reader) -> tuple[ExpandItem, ...]:
    """`*`, navigation paths, `/$ref`, `/$count`, nested options."""
    items = []
    while True:
        items.append(_expand_item(reader))
        if not reader.accept(","):
            return tuple(items)


def _expand_item(reader: Reader) -> ExpandItem:
    start = reader.token.start
    path: list[str] = []
    suffix = ""
    while True:
        token = reader.token
        if token.kind == "punct" and token.text == "*":
            reader.index += 1
            path.append("*")
            if reader.accept("/"):
                suffix = reader.expect("$ref").text
            break
        if token.kind == "system" and token.text in {"$ref", "$count", "$value"}:
            if not path and token.text != "$value":
                raise reader.error("a navigation property is expected")
            reader.index += 1
            suffix = token.text
            break
        path.append(_member(reader, "navigation property"))
        if not reader.accept("/"):
            break
    options = None
    if reader.is_punct("("):
        among = reader.dialect.expand_options
        if path[-1:] == ["*"] or suffix == "$value":
            among &= frozenset() if suffix else {"$levels"}
        elif suffix == "$count":
            among &= {"$filter", "$search"}
        elif suffix:
            among &= {"$filter", "$search", "$orderby", "$skip", "$top", "$count"}
        options = nested_options(reader, among)
    return ExpandItem(tuple(path), suffix, options, start)


def nested_options(reader: Reader, among: frozenset[str]) -> Options:
    """`($option=value;...)`; `among` are the names accepted here."""
    reader.deeper()
    reader.expect("(")
    found: dict[str, Any] = {}
    aliases: dict[str, Expression] = {}
    while True:
        token = reader.token
        if token.kind == "alias":
            if token.text in aliases:
                raise duplicate(token.text, token.start)
            reader.index += 1
            reader.expect("=")
            aliases[token.text] = expression(reader)
        else:
            name = _option_name(reader)
            reader.dialect.require_option(name, among, token.start)
            if name in found:
                raise duplicate(name, token.start)
            reader.expect("=")
            found[name] = READERS[name](reader, name)
        if not reader.accept(";"):
            break
    reader.expect(")")
    reader.depth -= 1
    return Options(
        **{name.removeprefix("$"): value for name, value in found.items()},
        aliases=tuple(aliases.items()),
    )


def _option_name(reader: Reader) -> str:
    token = reader.token
    name = token.text
    if reader.dialect.option_names_fold:
        name = name.lower()
        if token.kind == "name":
            name = f"${name}"
    if token.kind not in {"system", "name"} or name not in READERS:
        if token.kind == "system":
            raise ODataError(reader.dialect.refuse_option(token.text), token.start)
        raise reader.error("a query option is expected")
    reader.index += 1
    return name


def duplicate(name: str, position: int) -> ODataError:
    """The error for an option given twice."""
    return ODataError(
        f"Query option '{name}' was specified more than once, but it must be specified at most "
        "once.",
        position,
    )


def _apply(reader: Reader, name: str) -> Any:
    from windtunnel.simulator.odata.apply import transformations

    del name
    return transformations(reader)


READERS: dict[str, Callable[[Reader, str], Any]] = {
    "$filter": lambda reader, _: expression(reader),
    "$orderby": lambda reader, _: orderby(reader),
    "$select": lambda reader, _: select(reader),
    "$expand": lambda reader, _: expand(reader),
    "$compute": lambda reader, _: compute(reader),
    "$search": lambda reader, _: search_until(reader),
    "$apply": _apply,
    "$top": number,
    "$skip": number,
    "$count": boolean,
    "$levels": levels,
}
"""How each option is read; also inside `$expand` and `$select`."""

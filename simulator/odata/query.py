"""Whole query strings: percent-decoding, options by name, aliases, errors in the raw text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

from windtunnel.simulator.odata import apply as apply_grammar
from windtunnel.simulator.odata import options as grammar
from windtunnel.simulator.odata import search as search_grammar
from windtunnel.simulator.odata.dialect import EVERY_OPTION, ODATA_401, Dialect
from windtunnel.simulator.odata.errors import NotSupported, ODataError
from windtunnel.simulator.odata.expressions import expression
from windtunnel.simulator.odata.reader import Reader
from windtunnel.simulator.odata.tree import (
    ComputeItem,
    ExpandItem,
    Expression,
    Options,
    OrderItem,
    Query,
    Search,
    SelectItem,
    Transformation,
)

LONGEST_QUERY = 262_144
TALLEST = 120
"""Nodes on the longest way from the root of a tree to a leaf."""

_T = TypeVar("_T")
_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PERCENT = re.compile(r"((?:%[0-9A-Fa-f]{2})+)")
_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
_FREE_TEXT = frozenset({"$format", "$skiptoken", "$deltatoken", "$id", "$schemaversion"})
_VERSION = re.compile(r"\*|[A-Za-z0-9._~-]+")
_ALIAS = re.compile(r"@[^\W\d]\w*(?:\.\w+)*\Z")


def _whole(
    text: str,
    dialect: Dialect,
    read: Callable[[Reader], _T],
    encoded: frozenset[int] = frozenset(),
) -> _T:
    reader = Reader(text, dialect, encoded)
    result = read(reader)
    reader.finish()
    if len(reader.tokens) > TALLEST:
        _check_height(result)
    return result


def _check_height(tree: object) -> None:
    """Refuse a tree so tall that a recursive walk over it would end Python's stack."""
    level: list[object] = [tree]
    for _ in range(TALLEST):
        following: list[object] = []
        while level:
            node = level.pop()
            if isinstance(node, tuple):
                level += node
            elif is_dataclass(node):
                following += [getattr(node, field.name) for field in fields(node)]
        if not following:
            return
        level = following
    raise ODataError(
        f"The query is nested too deeply: the recursion limit of {TALLEST} is exceeded.", 0
    )


def _check_text(text: str) -> None:
    """Refuse halves of characters, which no URL holds and no store keeps."""
    if not text.isascii() and (half := _SURROGATE.search(text)):
        at = half.start()
        raise ODataError(f"The character at position {at} is half of a surrogate pair.", at)


def _value(text: str, dialect: Dialect, read: Callable[[Reader], _T]) -> _T:
    """Parse an option's value; one that has escapes outside of strings is decoded as a whole."""
    _check_text(text)
    try:
        return _whole(text, dialect, read)
    except ODataError as error:
        if error.position < 0 or not _ESCAPE.match(text, error.position):
            raise
    return _placed(text, 0, lambda value, marks: _whole(value, dialect, read, marks))


def parse_filter(text: str, dialect: Dialect = ODATA_401) -> Expression:
    """The tree of a `$filter` value. Raises ODataError."""
    return _value(text, dialect, expression)


def parse_orderby(text: str, dialect: Dialect = ODATA_401) -> tuple[OrderItem, ...]:
    """The items of an `$orderby` value. Raises ODataError."""
    return _value(text, dialect, grammar.orderby)


def parse_select(text: str, dialect: Dialect = ODATA_401) -> tuple[SelectItem, ...]:
    """The items of a `$select` value. Raises ODataError."""
    return _value(text, dialect, grammar.select)


def parse_expand(text: str, dialect: Dialect = ODATA_401) -> tuple[ExpandItem, ...]:
    """The items of an `$expand` value. Raises ODataError."""
    return _value(text, dialect, grammar.expand)


def parse_compute(text: str, dialect: Dialect = ODATA_401) -> tuple[ComputeItem, ...]:
    """The items of a `$compute` value. Raises ODataError."""
    return _value(text, dialect, grammar.compute)


def parse_apply(text: str, dialect: Dialect = ODATA_401) -> tuple[Transformation, ...]:
    """The steps of an `$apply` value. Raises ODataError."""
    return _value(text, dialect, apply_grammar.transformations)


def parse_search(text: str) -> Search:
    """The tree of a `$search` value. Raises ODataError."""
    _check_text(text)
    return search_grammar.parse(text)


def parse_query(text: str, dialect: Dialect = ODATA_401) -> Query:
    """The tree of a whole query string, percent-encoded or not, with or without a leading `?`.

    Positions of errors count in `text` as passed. Names that OData does not claim are kept in
    `custom`, in order. Raises ODataError.
    """
    if len(text) > LONGEST_QUERY:
        raise ODataError(f"The query string is longer than {LONGEST_QUERY} characters.", 0)
    _check_text(text)
    start = 1 if text[:1] == "?" else 0
    found: dict[str, Any] = {}
    free: dict[str, Any] = {}
    aliases: dict[str, Expression] = {}
    custom: list[tuple[str, str]] = []
    for raw in text[start:].split("&"):
        if raw:
            _read_pair(raw, start, dialect, found, free, aliases, custom)
        start += len(raw) + 1
    options = Options(**found, aliases=tuple(aliases.items()))
    return Query(options, **free, custom=tuple(custom))


def _read_pair(
    raw: str,
    start: int,
    dialect: Dialect,
    found: dict[str, Any],
    free: dict[str, Any],
    aliases: dict[str, Expression],
    custom: list[tuple[str, str]],
) -> None:
    raw_name, _, raw_value = raw.partition("=")
    value_start = start + min(len(raw_name) + 1, len(raw))
    name = decoded(raw_name, start)
    if name.startswith("@"):
        if not _ALIAS.match(name):
            raise ODataError(f"'{name}' is not a parameter alias.", start)
        if name in aliases:
            raise grammar.duplicate(name, start)
        aliases[name] = _placed(
            raw_value, value_start, lambda text, marks: _whole(text, dialect, expression, marks)
        )
        return
    option = _option(name, dialect)
    if not option:
        if name.startswith("$"):
            raise NotSupported(dialect.refuse_option(name), start)
        custom.append((name, decoded(raw_value, value_start)))
        return
    dialect.require_option(option, dialect.options, start)
    key = option.removeprefix("$")
    if (key in found or key in free) and option not in dialect.repeatable:
        raise grammar.duplicate(option, start)
    if option in _FREE_TEXT:
        value = decoded(raw_value, value_start)
        if not value or (option == "$schemaversion" and not _VERSION.fullmatch(value)):
            raise ODataError(
                f"Invalid value '{value}' for {option} query option found.", value_start
            )
        free[key] = value
    elif option == "$search":
        found[key] = _placed(raw_value, value_start, search_grammar.parse_in_url)
    elif option == "$index":
        free[key] = _placed(raw_value, value_start, _index)
    elif option == "$levels":
        raise NotSupported(dialect.refuse_option(name), start)
    else:
        read = grammar.READERS[option]
        found[key] = _placed(
            raw_value,
            value_start,
            lambda text, marks: _whole(text, dialect, lambda reader: read(reader, option), marks),
        )


def _index(text: str, marks: frozenset[int]) -> int:
    del marks
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ODataError(f"Invalid value '{text}' for $index query option found.", 0)
    return int(text)


def _option(name: str, dialect: Dialect) -> str:
    """The canonical name of a system query option, or `` for what is not one."""
    if name in EVERY_OPTION:
        return name
    if dialect.option_names_fold:
        folded = name.lower() if name.startswith("$") else f"${name.lower()}"
        if folded in EVERY_OPTION:
            return folded
    return ""


def decoded(raw: str, start: int) -> str:
    """Percent-decode one name or value; a plus is a blank, as both services read it."""
    if "%" not in raw:
        return raw.replace("+", " ") if "+" in raw else raw
    bad = _BAD_PERCENT.search(raw)
    if bad is not None:
        raise ODataError(
            f"The URI is malformed: '%' at position {start + bad.start()} does not begin an "
            "escape sequence.",
            start + bad.start(),
        )

    def decode(match: re.Match[str]) -> str:
        try:
            return bytes.fromhex(match[1].replace("%", "")).decode("utf-8")
        except UnicodeDecodeError as error:
            at = start + match.start() + error.start * 3
            raise ODataError(
                f"The URI is malformed: the escape sequence at position {at} is not UTF-8.", at
            ) from error

    return _PERCENT.sub(decode, raw.replace("+", " "))


def _placed(raw: str, start: int, parse: Callable[[str, frozenset[int]], _T]) -> _T:
    """Parse a decoded value; errors get their position in the raw query string."""
    text = decoded(raw, start)
    try:
        return parse(text, _encoded_marks(raw) if "%" in raw else frozenset())
    except ODataError as error:
        error.position = start + _raw_offset(raw, error.position)
        raise


def _encoded_marks(raw: str) -> frozenset[int]:
    """Where `;` and `#` of the decoded text were percent-encoded: in `$search` they differ."""
    if "%3b" not in (folded := raw.lower()) and "%23" not in folded:
        return frozenset()
    found: list[int] = []
    lost = 0
    for run in _PERCENT.finditer(raw):
        text = bytes.fromhex(run[1].replace("%", "")).decode()
        at = run.start() - lost
        found += [at + index for index, character in enumerate(text) if character in ";#"]
        lost += len(run[1]) - len(text)
    return frozenset(found)


def _raw_offset(raw: str, offset: int) -> int:
    """Where the character at `offset` of the decoded text begins in the raw text."""
    position, count = 0, 0
    while position < len(raw) and count < offset:
        if raw[position] == "%":
            first = int(raw[position + 1 : position + 3], 16)
            size = 1 if first < 0x80 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
            position += 3 * size
        else:
            position += 1
        count += 1
    return position

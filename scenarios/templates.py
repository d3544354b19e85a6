"""Templates: `${...}` in text of any value. A text that is one template keeps the value's type."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from windtunnel.scenarios.errors import ExpressionError
from windtunnel.scenarios.expressions import Expression, evaluate, parse
from windtunnel.scenarios.functions import plain, text_of

Part: TypeAlias = str | Expression
_OPEN = re.compile(r"\$\$\{|\$\{")
_INSIDE = re.compile(r"'(?:[^']|'')*'|[^'}]")


@lru_cache(maxsize=4096)
def parts_of(text: str) -> tuple[Part, ...]:
    """Literal texts and expressions in order; `$${` stands for a literal `${`."""
    parts: list[Part] = []
    literal, at = "", 0
    while match := _OPEN.search(text, at):
        literal += text[at : match.start()]
        at = match.end()
        if match[0] == "$${":
            literal += "${"
            continue
        start = at
        while inside := _INSIDE.match(text, at):
            at = inside.end()
        if text[at : at + 1] != "}":
            raise ExpressionError(f"'}}' is missing after ${{{text[start:]}")
        if literal:
            parts.append(literal)
            literal = ""
        parts.append(parse(text[start:at]))
        at += 1
    literal += text[at:]
    return (*parts, literal) if literal or not parts else tuple(parts)


def render(value: Any, scope: Mapping[str, Any]) -> Any:
    """A value with every template in it replaced; keys stay as they are."""
    if isinstance(value, str):
        return _text(value, scope) if "${" in value else value
    if isinstance(value, Mapping):
        return {key: render(item, scope) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [render(item, scope) for item in value]
    return value


def _text(text: str, scope: Mapping[str, Any]) -> Any:
    parts = parts_of(text)
    if len(parts) == 1:
        return parts[0] if isinstance(parts[0], str) else plain(evaluate(parts[0], scope))
    return "".join(p if isinstance(p, str) else text_of(evaluate(p, scope)) for p in parts)


def expressions_in(
    value: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text with a template in it, and where it is."""
    if isinstance(value, str):
        if "${" in value:
            yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from expressions_in(item, (*path, key))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from expressions_in(item, (*path, number))

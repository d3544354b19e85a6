"""Checks expected values of a document before anything runs: matchers exist, arguments fit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import AfterValidator

from windtunnel.scenarios.matchers import MATCHERS, TYPES


def check_expected(expected: Any) -> Any:
    """The value itself; ValueError says which matcher is wrong and what it takes."""
    if isinstance(expected, Mapping):
        dollars = [key for key in expected if isinstance(key, str) and key.startswith("$")]
        if dollars and len(dollars) < len(expected):
            raise ValueError(
                f"'{dollars[0]}' stands beside plain keys; "
                "matchers stand alone in their mapping, or write {$exact: {...}}"
            )
        for key, value in expected.items():
            if key in dollars:
                _check_matcher(key, value)
            else:
                check_expected(value)
    elif isinstance(expected, list | tuple):
        for item in expected:
            check_expected(item)
    return expected


Expected = Annotated[Any, AfterValidator(check_expected)]
"""A value with matchers."""


def _check_matcher(name: str, argument: Any) -> None:
    if name not in MATCHERS:
        near = get_close_matches(name, MATCHERS, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(MATCHERS)}"
        raise ValueError(f"there is no matcher '{name}'; {hint}")
    if isinstance(argument, str) and "${" in argument:
        return
    match name:
        case "$type" if argument not in TYPES:
            raise ValueError(f"$type {argument!r} is unknown; there are {', '.join(TYPES)}")
        case "$regex":
            _check_regex(argument)
        case "$unordered" | "$oneof" if not isinstance(argument, list | tuple):
            raise ValueError(f"{name} takes a list")
        case "$absent" if not isinstance(argument, bool):
            raise ValueError("$absent takes true or false")
        case "$gt" | "$gte" | "$lt" | "$lte" if isinstance(argument, bool) or not isinstance(
            argument, int | float | str
        ):
            raise ValueError(f"{name} takes a number or text")
        case "$approx":
            _check_approx(argument)
        case "$not" | "$each" | "$length" | "$contains" | "$unordered" | "$oneof":
            check_expected(argument)
        case _:
            pass


def _check_regex(argument: Any) -> None:
    if not isinstance(argument, str):
        raise ValueError("$regex takes text")  # noqa: TRY004 - pydantic reads ValueError only
    try:
        re.compile(argument)
    except re.error as error:
        raise ValueError(f"$regex {argument!r} cannot be read: {error}") from error


def _check_approx(argument: Any) -> None:
    if not isinstance(argument, Mapping) or set(argument) != {"value", "within"}:
        raise ValueError("$approx takes {value: ..., within: ...}; within of moments in seconds")
    within = argument["within"]
    if isinstance(within, str) and "${" in within:
        return
    if isinstance(within, bool) or not isinstance(within, int | float) or within < 0:
        raise ValueError("within of $approx is a number, 0 or more; of moments in seconds")

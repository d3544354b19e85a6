"""Expected against got: a pure comparison that reports every difference by path.

An expected object is a subset, a list is whole and in order, numbers compare by value. An object
whose keys begin with `$` is a set of matchers that must all hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import Any, TypeAlias
from uuid import UUID

from windtunnel.contracts.results import Mismatch

Matcher: TypeAlias = Callable[[Any, Any, str], list[Mismatch]]


class _Missing:
    def __repr__(self) -> str:
        return "nothing"


MISSING = _Missing()
"""Got in place of a value that is not there."""


def compare(expected: Any, actual: Any, path: str) -> list[Mismatch]:
    """Every difference; empty when `actual` is what was expected."""
    if is_matcher(expected):
        found: list[Mismatch] = []
        for name, argument in expected.items():
            if actual is MISSING and name not in {"$absent", "$not", "$oneof"}:
                return [_differs(path, expected, actual, "is not there")]
            found += MATCHERS[name](argument, actual, path)
        return found
    if actual is MISSING:
        return [_differs(path, expected, actual, "is not there")]
    if isinstance(expected, Mapping):
        return _object(expected, actual, path)
    if isinstance(expected, list | tuple):
        return _list(list(expected), actual, path)
    return [] if same(expected, actual) else [_differs(path, expected, actual)]


def is_matcher(expected: Any) -> bool:
    """Whether an expected value is a set of `$` matchers."""
    return (
        isinstance(expected, Mapping)
        and bool(expected)
        and all(isinstance(key, str) and key.startswith("$") for key in expected)
    )


def same(left: Any, right: Any) -> bool:
    """Equality as JSON means it: 1 equals 1.0, true does not equal 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, int | float) and isinstance(right, int | float):
        return left == right
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(same(v, right[k]) for k, v in left.items())
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    return type(left) is type(right) and bool(left == right)


def at(path: str, part: str | int) -> str:
    """The path one level down, as people write it."""
    if isinstance(part, int):
        return f"{path}[{part}]"
    if re.fullmatch(r"\w[\w-]*", part):
        return f"{path}.{part}" if path else part
    return f"{path}['{part}']"


def _differs(path: str, expected: Any, actual: Any, message: str = "") -> Mismatch:
    if actual is MISSING:
        return Mismatch(
            path=path, expected=expected, actual=None, message=message or "is not there"
        )
    return Mismatch(path=path, expected=expected, actual=actual, message=message)


def _object(expected: Mapping[str, Any], actual: Any, path: str) -> list[Mismatch]:
    if not isinstance(actual, Mapping):
        return [_differs(path, dict(expected), actual, "is not an object")]
    found: list[Mismatch] = []
    for key, value in expected.items():
        found += compare(value, actual.get(key, MISSING), at(path, key))
    return found


def _list(expected: list[Any], actual: Any, path: str) -> list[Mismatch]:
    if not isinstance(actual, list | tuple):
        return [_differs(path, expected, actual, "is not a list")]
    found: list[Mismatch] = []
    if len(expected) != len(actual):
        message = f"has {len(actual)} entries, not {len(expected)}"
        found.append(_differs(path, expected, list(actual), message))
    for number, (want, got) in enumerate(zip(expected, actual, strict=False)):
        found += compare(want, got, at(path, number))
    return found


def _any(argument: Any, actual: Any, path: str) -> list[Mismatch]:
    del argument, actual, path
    return []


def _absent(argument: Any, actual: Any, path: str) -> list[Mismatch]:
    if (actual is MISSING) == argument:
        return []
    return [_differs(path, {"$absent": argument}, actual, "is there" if argument else "")]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _reads_as(read: Callable[[str], Any]) -> Callable[[Any], bool]:
    def test(value: Any) -> bool:
        try:
            return isinstance(value, str) and read(value) is not None
        except ValueError:
            return False

    return test


TYPES: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": _is_number,
    "integer": lambda value: _is_number(value) and float(value).is_integer(),
    "boolean": lambda value: isinstance(value, bool),
    "object": lambda value: isinstance(value, Mapping),
    "array": lambda value: isinstance(value, list | tuple),
    "null": lambda value: value is None,
    "guid": _reads_as(lambda text: UUID(text) if len(text) == 36 else None),
    "date": _reads_as(lambda text: date.fromisoformat(text) if len(text) == 10 else None),
    "datetime": _reads_as(lambda text: datetime.fromisoformat(text) if "T" in text else None),
}


def _type(argument: str, actual: Any, path: str) -> list[Mismatch]:
    return [] if TYPES[argument](actual) else [_differs(path, {"$type": argument}, actual)]


def _regex(argument: str, actual: Any, path: str) -> list[Mismatch]:
    fits = isinstance(actual, str) and re.search(argument, actual)
    return [] if fits else [_differs(path, {"$regex": argument}, actual)]


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and not moment.tzinfo else moment


def _ordered(name: str, holds: Callable[[Any, Any], bool]) -> Matcher:
    def matcher(argument: Any, actual: Any, path: str) -> list[Mismatch]:
        left, right = actual, argument
        if isinstance(left, str) and isinstance(right, str):
            moments = _moment(left), _moment(right)
            left, right = moments if all(moments) else (left, right)
        elif not (_is_number(left) and _is_number(right)):
            return [_differs(path, {name: argument}, actual, "cannot be ordered")]
        return [] if holds(left, right) else [_differs(path, {name: argument}, actual)]

    return matcher


def _contains(argument: Any, actual: Any, path: str) -> list[Mismatch]:
    if isinstance(actual, str) and isinstance(argument, str):
        fits = argument in actual
    elif isinstance(actual, list | tuple):
        fits = any(not compare(argument, item, "") for item in actual)
    else:
        return [_differs(path, {"$contains": argument}, actual, "is neither text nor list")]
    return [] if fits else [_differs(path, {"$contains": argument}, actual)]


def _length(argument: Any, actual: Any, path: str) -> list[Mismatch]:
    if not isinstance(actual, str | list | tuple | Mapping):
        return [_differs(path, {"$length": argument}, actual, "has no length")]
    return compare(argument, len(actual), f"{path}.length()")


def _each(argument: Any, actual: Any, path: str) -> list[Mismatch]:
    if not isinstance(actual, list | tuple):
        return [_differs(path, {"$each": argument}, actual, "is not a list")]
    found: list[Mismatch] = []
    for number, item in enumerate(actual):
        found += compare(argument, item, at(path, number))
    return found


def _unordered(argument: list[Any], actual: Any, path: str) -> list[Mismatch]:
    """Each expected entry takes another of the got ones (the best assignment), none is left."""
    if not isinstance(actual, list | tuple):
        return [_differs(path, {"$unordered": argument}, actual, "is not a list")]
    fits = [[not compare(want, got, "") for got in actual] for want in argument]
    taker: dict[int, int] = {}

    def place(want: int, tried: set[int]) -> bool:
        for got, fit in enumerate(fits[want]):
            if fit and got not in tried:
                tried.add(got)
                if got not in taker or place(taker[got], tried):
                    taker[got] = want
                    return True
        return False

    missing = [want for want in range(len(argument)) if not place(want, set())]
    found = [_differs(path, argument[want], MISSING, "no entry fits") for want in missing]
    extra = [item for number, item in enumerate(actual) if number not in taker]
    unexpected = "was not expected"
    return found + [
        Mismatch(path=path, expected=None, actual=item, message=unexpected) for item in extra
    ]


def _approx(argument: Mapping[str, Any], actual: Any, path: str) -> list[Mismatch]:
    value, within = argument["value"], argument["within"]
    moments = _moment(value), _moment(actual)
    if moments[0] and moments[1]:
        near = abs((moments[1] - moments[0]).total_seconds()) <= within
    else:
        near = _is_number(actual) and _is_number(value) and abs(actual - value) <= within
    return [] if near else [_differs(path, {"$approx": dict(argument)}, actual)]


def _oneof(argument: list[Any], actual: Any, path: str) -> list[Mismatch]:
    fits = any(not compare(choice, actual, "") for choice in argument)
    return [] if fits else [_differs(path, {"$oneof": argument}, actual)]


def _not(argument: Any, actual: Any, path: str) -> list[Mismatch]:
    return [] if compare(argument, actual, path) else [_differs(path, {"$not": argument}, actual)]


def _exact(argument: Any, actual: Any, path: str) -> list[Mismatch]:
    if same(argument, actual):
        return []
    if isinstance(argument, Mapping) and isinstance(actual, Mapping):
        found: list[Mismatch] = []
        for key in {**argument, **actual}:
            want, got = argument.get(key, MISSING), actual.get(key, MISSING)
            if want is MISSING:
                found.append(Mismatch(path=at(path, key), expected=None, actual=got,
                                      message="was not expected"))  # fmt: skip
            else:
                found += (
                    [_differs(at(path, key), want, got)]
                    if got is MISSING
                    else _exact(want, got, at(path, key))
                )
        return found
    return [_differs(path, argument, actual)]


MATCHERS: dict[str, Matcher] = {
    "$any": _any,
    "$absent": _absent,
    "$type": _type,
    "$regex": _regex,
    "$gt": _ordered("$gt", lambda left, right: left > right),
    "$gte": _ordered("$gte", lambda left, right: left >= right),
    "$lt": _ordered("$lt", lambda left, right: left < right),
    "$lte": _ordered("$lte", lambda left, right: left <= right),
    "$contains": _contains,
    "$length": _length,
    "$each": _each,
    "$unordered": _unordered,
    "$approx": _approx,
    "$oneof": _oneof,
    "$not": _not,
    "$exact": _exact,
}

"""The expression language inside `${...}`: text -> tree -> value. Paths, sums, a few calls.

Grammar: sum = term (("+" | "-") term)*; term = number | duration | 'text' | true | false | null
| path | name "(" sum ")" | "(" sum ")"; path = name ("." name | "[" number | 'text' "]")*.
A name may hold hyphens before a letter (`headers.retry-after`): subtraction of names needs spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, NoReturn, TypeAlias

from windtunnel.scenarios.errors import ExpressionError
from windtunnel.scenarios.functions import FUNCTIONS, plain

MOST_CHARACTERS = 2_000
MOST_DEPTH = 20
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<duration>\d+(?:\.\d+)?(?:ms|min|s|m|h|d)\b)
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<text>'(?:[^']|'')*')
    | (?P<name>[A-Za-z_@][\w@]*(?:-[A-Za-z_]\w*)*)
    | (?P<sign>[-+().,\[\]])
    )""",
    re.VERBOSE,
)
_WORDS: dict[str, Any] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that stands in the text."""

    value: Any


@dataclass(frozen=True, slots=True)
class Path:
    """A value reached from a root by keys and indexes."""

    root: str
    parts: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the table below."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Sum:
    """Addition or subtraction; of moments and durations too."""

    left: Expression
    sign: str
    right: Expression


Expression: TypeAlias = Literal | Path | Call | Sum


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Read one expression; ExpressionError says where it ends to make sense."""
    if len(text) > MOST_CHARACTERS:
        raise ExpressionError(f"an expression has at most {MOST_CHARACTERS:,} characters")
    return _Parser(text).whole()


def paths(expression: Expression) -> Iterator[Path]:
    """Every path in an expression."""
    match expression:
        case Path():
            yield expression
        case Call(_, arguments):
            for argument in arguments:
                yield from paths(argument)
        case Sum(left, _, right):
            yield from paths(left)
            yield from paths(right)
        case Literal():
            return


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._kind = ""
        self._value = ""
        self._next()

    def whole(self) -> Expression:
        tree = self._sum()
        if self._kind:
            self._fail(f"'{self._value}' is not expected")
        return tree

    def _fail(self, problem: str) -> NoReturn:
        raise self._error(problem)

    def _error(self, problem: str) -> ExpressionError:
        return ExpressionError(f"{problem} in ${{{self._text}}}")

    def _next(self) -> tuple[str, str]:
        before = (self._kind, self._value)
        match = _TOKEN.match(self._text, self._at)
        if match and match.lastgroup:
            self._kind, self._value = match.lastgroup, match[match.lastgroup]
            self._at = match.end()
        elif self._text[self._at :].strip():
            self._fail(f"'{self._text[self._at :].strip()[0]}' is not expected")
        else:
            self._kind = self._value = ""
        return before

    def _take(self, sign: str) -> None:
        if self._value != sign or self._kind != "sign":
            self._fail(f"'{sign}' is missing")
        self._next()

    def _sum(self) -> Expression:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            self._fail("too many brackets")
        left = self._term()
        while self._kind == "sign" and self._value in "+-":
            _, sign = self._next()
            left = Sum(left, sign, self._term())
        self._depth -= 1
        return left

    def _term(self) -> Expression:
        kind, value = self._next()
        match kind:
            case "duration":
                number, unit = re.match(r"([\d.]+)(\w+)", value).groups()  # type: ignore[union-attr]  # the token has both
                return Literal(timedelta(seconds=float(number) * _UNITS[unit]))
            case "number":
                return Literal(float(value) if "." in value else int(value))
            case "text":
                return Literal(value[1:-1].replace("''", "'"))
            case "name" if value in _WORDS:
                return Literal(_WORDS[value])
            case "name":
                return self._call(value) if self._value == "(" else self._path(value)
            case "sign" if value == "(":
                inner = self._sum()
                self._take(")")
                return inner
            case _:
                problem = f"'{value}' is not expected" if value else "a value is missing"
                raise self._error(problem)

    def _call(self, name: str) -> Expression:
        if name not in FUNCTIONS:
            self._fail(f"there is no function '{name}'{_suggestion(name, FUNCTIONS)}")
        self._take("(")
        arguments: list[Expression] = []
        while self._value != ")":
            if arguments:
                self._take(",")
            arguments.append(self._sum())
        self._take(")")
        if len(arguments) != 1:
            self._fail(f"{name}() takes one value")
        return Call(name, tuple(arguments))

    def _path(self, root: str) -> Expression:
        parts: list[str | int] = []
        while self._kind == "sign" and self._value in ".[":
            _, sign = self._next()
            kind, value = self._next()
            if sign == "." and kind == "name":
                parts.append(value)
            elif sign == "[" and kind == "number" and "." not in value:
                parts.append(int(value))
                self._take("]")
            elif sign == "[" and kind == "text":
                parts.append(value[1:-1].replace("''", "'"))
                self._take("]")
            else:
                self._fail(f"after '{sign}' comes {'a name' if sign == '.' else 'a key'}")
        return Path(root, tuple(parts))


def evaluate(expression: Expression, scope: Mapping[str, Any]) -> Any:
    """The value of an expression; roots that are callable are called each time."""
    match expression:
        case Literal(value):
            return value
        case Path():
            return _reached(expression, scope)
        case Call(name, arguments):
            values = [evaluate(argument, scope) for argument in arguments]
            try:
                return FUNCTIONS[name](*values)
            except (TypeError, ValueError, OverflowError) as error:
                raise ExpressionError(f"{name}({values[0]!r}): {error}") from error
        case Sum(left, sign, right):
            return _summed(evaluate(left, scope), sign, evaluate(right, scope))


def path_shown(path: Path, count: int | None = None) -> str:
    """A path, or its first parts, as written."""
    text = path.root
    for part in path.parts[:count]:
        plain = isinstance(part, str) and re.fullmatch(r"[\w@-]+", part)
        text += f".{part}" if plain else f"[{part!r}]"
    return text


def _reached(path: Path, scope: Mapping[str, Any]) -> Any:
    if path.root not in scope:
        raise ExpressionError(f"'{path.root}' is unknown{_suggestion(path.root, scope)}")
    value = scope[path.root]
    value = value() if callable(value) else value
    for number, part in enumerate(path.parts):
        here = path_shown(path, number)
        if isinstance(value, Mapping) and isinstance(part, str):
            if part not in value:
                raise ExpressionError(f"{here} has no '{part}'{_suggestion(part, value)}")
            value = value[part]
        elif isinstance(value, Sequence) and not isinstance(value, str) and isinstance(part, int):
            if part >= len(value):
                raise ExpressionError(f"{here} has {len(value)} entries, none at [{part}]")
            value = value[part]
        else:
            raise ExpressionError(f"{here} is {_kind(value)}, it has no {part!r}")
    return value


def _suggestion(word: str, known: Mapping[str, Any]) -> str:
    names = [str(name) for name in known]
    near = get_close_matches(word, names, n=1)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; there are: {', '.join(sorted(names)[:20])}" if names else "; it is empty"


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds = {dict: "an object", list: "a list", str: "text", int: "a number", float: "a number"}
    return kinds.get(type(value), type(value).__name__)


def _summed(left: Any, sign: str, right: Any) -> Any:
    if not _can_sum(left, sign, right):
        raise ExpressionError(f"cannot compute {plain(left)!r} {sign} {plain(right)!r}")
    try:
        return left + right if sign == "+" else left - right
    except OverflowError as error:
        raise ExpressionError(f"cannot compute {plain(left)!r} {sign} ...: {error}") from error


def _can_sum(left: Any, sign: str, right: Any) -> bool:
    if isinstance(left, datetime):
        return isinstance(right, timedelta) or (sign == "-" and isinstance(right, datetime))
    if isinstance(left, date):
        return isinstance(right, timedelta) and not right % timedelta(days=1)
    if isinstance(left, timedelta):
        return isinstance(right, timedelta) or (sign == "+" and isinstance(right, datetime))
    if isinstance(left, str):
        return sign == "+" and isinstance(right, str)
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in (left, right))

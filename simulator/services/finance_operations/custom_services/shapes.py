"""Types of parameters and results: their JSON read, checked and written. Pure.

JSON is taken as leniently as the library behind the service takes it: numbers as texts and texts
as numbers where they fit, names of members in any case.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias, assert_never
from uuid import UUID

from windtunnel.simulator.odata.schema import EnumType


class BadValue(ValueError):
    """A value that cannot become what the type says; the text is the service's."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value by itself: its X++ name, its types in XSD and in .NET, its default."""

    name: str
    xsd: str
    net: str
    default: Any


@dataclass(frozen=True, slots=True)
class Enum:
    """An enumeration: numbers in JSON, names in SOAP."""

    enum: EnumType

    @property
    def name(self) -> str:
        """Its name, without namespace."""
        return self.enum.name.rpartition(".")[2]


@dataclass(slots=True)
class Contract:
    """A data contract; its members are in the order of their names, as they are serialised."""

    name: str
    members: dict[str, Shape] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list of one shape."""

    item: Scalar | Enum | Contract

    @property
    def name(self) -> str:
        """As settings write it."""
        return f"{self.item.name}[]"


Shape: TypeAlias = Scalar | Enum | Contract | ListOf

SCALARS: Final = {
    scalar.name: scalar
    for scalar in (
        Scalar("string", "xs:string", "System.String", ""),
        Scalar("int", "xs:int", "System.Int32", 0),
        Scalar("int64", "xs:long", "System.Int64", 0),
        Scalar("real", "xs:decimal", "System.Decimal", 0.0),
        Scalar("boolean", "xs:boolean", "System.Boolean", False),
        Scalar("date", "xs:dateTime", "System.DateTime", "1900-01-01T00:00:00"),
        Scalar("utcdatetime", "xs:dateTime", "System.DateTime", "1900-01-01T00:00:00Z"),
        Scalar("guid", "ser:guid", "System.Guid", "00000000-0000-0000-0000-000000000000"),
    )
}
_LARGEST: Final = {"int": 2**31, "int64": 2**63}
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")


def default_of(shape: Shape) -> Any:
    """What X++ has where nothing was sent."""
    match shape:
        case Scalar():
            return shape.default
        case Enum(enum):
            return next(iter(enum.members), "")
        case Contract():
            return None
        case ListOf():
            return []
        case _:
            assert_never(shape)


def read(shape: Shape, value: Any, path: str) -> Any:
    """A JSON value as functions get it. Raises BadValue."""
    if value is None:
        return default_of(shape)
    match shape:
        case Scalar():
            return scalar(shape, value, path)
        case Enum(enum):
            return _member(enum, value, path)
        case Contract():
            return _object(shape, value, path)
        case ListOf(item):
            values = value.get("$values") if isinstance(value, dict) else value
            if not isinstance(values, list):
                raise _inconvertible(value, f"System.Collections.Generic.List`1[{item.name}]", path)
            return [read(item, one, f"{path}[{n}]") for n, one in enumerate(values)]
        case _:
            assert_never(shape)


def _object(contract: Contract, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _inconvertible(value, f"Dynamics.AX.Application.{contract.name}", path)
    given = {str(name).lower(): one for name, one in value.items()}
    return {
        name: read(shape, given.get(name.lower()), f"{path}.{name}")
        for name, shape in contract.members.items()
    }


def _member(enum: EnumType, value: Any, path: str) -> str:
    if isinstance(value, str) and not _NUMBER.fullmatch(value):
        found = next((name for name in enum.members if name.lower() == value.lower()), None)
    else:
        number = int(value) if isinstance(value, int | str) and "." not in str(value) else None
        found = next((name for name, n in enum.members.items() if n == number), None)
    if found is None:
        raise _inconvertible(value, f"Dynamics.AX.Application.{enum.name.rpartition('.')[2]}", path)
    return found


def scalar(kind: Scalar, value: Any, path: str) -> Any:
    """A value by itself, from JSON or from a text. Raises BadValue."""
    if not isinstance(value, str | int | float | bool):
        raise _inconvertible(value, kind.net, path)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    match kind.name:
        case "string":
            return text
        case "boolean":
            if text.lower() in {"true", "false", "1", "0"}:
                return text.lower() in {"true", "1"}
        case "int" | "int64":
            if _NUMBER.fullmatch(text) and "." not in text and not isinstance(value, bool):
                number = int(text)
                if -_LARGEST[kind.name] <= number < _LARGEST[kind.name]:
                    return number
        case "real":
            if isinstance(value, float) or _NUMBER.fullmatch(text):
                return float(text)
        case "guid":
            try:
                return str(UUID(text))
            except ValueError as error:
                raise _inconvertible(value, kind.net, path) from error
        case _:
            return _moment(kind, value, path)
    raise _inconvertible(value, kind.net, path)


def _moment(kind: Scalar, value: Any, path: str) -> str:
    try:
        moment = datetime.fromisoformat(str(value))
        if kind.name == "date":
            return f"{moment.date().isoformat()}T00:00:00"
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise _inconvertible(value, kind.net, path) from error
    return f"{moment.replace(tzinfo=None, microsecond=0).isoformat()}Z"


def _inconvertible(value: Any, net: str, path: str) -> BadValue:
    shown = str(value).lower() if isinstance(value, bool) else str(value)[:200]
    return BadValue(f"Error converting value \"{shown}\" to type '{net}'. Path '{path}'.")


def checked(shape: Shape, value: Any, path: str = "result") -> Any:
    """What a function returned, in the form that `read` gives. Raises BadValue."""
    if isinstance(shape, Contract) and isinstance(value, Mapping):
        unknown = {name.lower() for name in value} - {name.lower() for name in shape.members}
        if unknown:
            raise BadValue(f"{path}: the contract {shape.name} has no {', '.join(sorted(unknown))}")
        value = dict(value)
    return read(shape, list(value) if isinstance(value, tuple) else value, path)


def json_of(shape: Shape, value: Any) -> Any:
    """The JSON of an answer: objects are numbered by `$id`, enumerations are numbers."""
    return _json(shape, value, itertools.count(1))


def _json(shape: Shape, value: Any, numbers: Iterator[int]) -> Any:
    match shape:
        case Scalar():
            return value
        case Enum(enum):
            return enum.members.get(value, 0)
        case Contract():
            if value is None:
                return None
            found: dict[str, Any] = {"$id": str(next(numbers))}
            for name, member in shape.members.items():
                found[name] = _json(member, value[name], numbers)
            return found
        case ListOf(item):
            return [_json(item, one, numbers) for one in value]
        case _:
            assert_never(shape)

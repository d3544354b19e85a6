"""Values between JSON and the store: a checker per Edm type, a decoder where the forms differ.

Stored forms: text, GUIDs (lower case) and moments (`2026-01-01T00:00:00Z`, whole seconds, UTC) as
TEXT; integers, booleans and enum members as INTEGER; Decimal and Double as REAL or NUMERIC; Binary
as BLOB.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, TypeAlias

from windtunnel.simulator.kernel.clock import iso_text
from windtunnel.simulator.odata.schema import Column

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z")
_SECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,7})?)?\Z")
_INTEGERS = {
    "Edm.Byte": (0, 255),
    "Edm.SByte": (-128, 127),
    "Edm.Int16": (-(2**15), 2**15 - 1),
    "Edm.Int32": (-(2**31), 2**31 - 1),
    "Edm.Int64": (-(2**63), 2**63 - 1),
}


class Fault(Enum):
    """Why a value was refused; each service has its own words for each."""

    TYPE = "wrong JSON type or form"
    RANGE = "outside the range of the type"
    LENGTH = "longer than the column"
    NULL = "null in a column that has none"
    MEMBER = "not a member of the enumeration"
    CHARACTER = "a control character"


class BadValue(ValueError):
    """A value that a column cannot take."""

    def __init__(self, column: Column, value: Any, fault: Fault) -> None:
        self.column, self.value, self.fault = column, value, fault
        super().__init__(f"{column.name}: {value!r} is {fault.value}")


Checker: TypeAlias = Callable[[Any], Any]
"""JSON value in, stored value out; raises BadValue. None passes when the column is nullable."""

Refusal: TypeAlias = Callable[[Column, Any, Fault], Exception]

Decoder: TypeAlias = Callable[[Any], Any]
"""Stored value in (never None), JSON value out."""


def checker(column: Column, refusal: Refusal = BadValue) -> Checker:
    """The function that checks a JSON value for a column and gives its stored form.

    `refusal` makes the error that it raises.
    """
    make = _CHECKERS.get(column.edm)
    if column.enum is not None:
        make = _enum_checker
    elif column.edm in _INTEGERS:
        make = _integer_checker
    if make is None:
        make = _string_checker
    return make(column, refusal)


def _none(column: Column, value: Any, refusal: Refusal) -> Any:
    """None, where the column has nulls and the value is one; for what has the wrong type anyway."""
    if value is not None:
        raise refusal(column, value, Fault.TYPE)
    if not column.nullable:
        raise refusal(column, value, Fault.NULL)
    return None


def decoder(column: Column) -> Decoder | None:
    """The function that gives the JSON form of a stored value, or None where they are the same."""
    if column.enum is not None:
        names = {value: name for name, value in column.enum.members.items()}
        return lambda value: names.get(value, str(value))
    if column.edm == "Edm.Boolean":
        return bool
    if column.edm == "Edm.Binary":
        return lambda value: base64.b64encode(value).decode("ascii")
    return None


def _string_checker(column: Column, refusal: Refusal) -> Checker:
    longest = column.max_length

    def check(value: Any) -> Any:
        if not isinstance(value, str):
            return _none(column, value, refusal)
        if longest is not None and len(value) > longest:
            raise refusal(column, value, Fault.LENGTH)
        if not value.isprintable() and _CONTROL.search(value):
            raise refusal(column, value, Fault.CHARACTER)
        return value

    return check


def _integer_checker(column: Column, refusal: Refusal) -> Checker:
    low, high = _INTEGERS[column.edm]
    text_allowed = column.edm == "Edm.Int64"

    def check(value: Any) -> Any:
        if text_allowed and isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            return _none(column, value, refusal)
        if not low <= value <= high:
            raise refusal(column, value, Fault.RANGE)
        return value

    return check


def _number_checker(column: Column, refusal: Refusal) -> Checker:
    special = column.edm in {"Edm.Double", "Edm.Single"}

    def check(value: Any) -> Any:
        if isinstance(value, str):
            try:
                value = float(value) if special or re.fullmatch(r"-?\d+(\.\d+)?", value) else value
            except ValueError:
                raise refusal(column, value, Fault.TYPE) from None
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            return _none(column, value, refusal)
        try:
            number = float(value) + 0.0  # the store knows no negative zero
        except OverflowError:
            raise refusal(column, value, Fault.RANGE) from None
        if not math.isfinite(number):
            raise refusal(column, value, Fault.RANGE)
        return number

    return check


def _boolean_checker(column: Column, refusal: Refusal) -> Checker:
    def check(value: Any) -> Any:
        if value is True:
            return 1
        if value is False:
            return 0
        return _none(column, value, refusal)

    return check


def _guid_checker(column: Column, refusal: Refusal) -> Checker:
    def check(value: Any) -> Any:
        if not isinstance(value, str):
            return _none(column, value, refusal)
        text = value.lower()
        if _GUID.match(text) is None:
            raise refusal(column, value, Fault.TYPE)
        return text

    return check


def _moment_checker(column: Column, refusal: Refusal) -> Checker:
    def check(value: Any) -> Any:
        if not isinstance(value, str):
            return _none(column, value, refusal)
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise refusal(column, value, Fault.TYPE) from None
        if _SECONDS.match(value):
            return value
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        try:
            return iso_text(moment.astimezone(UTC).replace(microsecond=0))
        except OverflowError:
            raise refusal(column, value, Fault.RANGE) from None

    return check


def _date_checker(column: Column, refusal: Refusal) -> Checker:
    def check(value: Any) -> Any:
        if not isinstance(value, str):
            return _none(column, value, refusal)
        try:
            return date.fromisoformat(value[:10]).isoformat()
        except ValueError:
            raise refusal(column, value, Fault.TYPE) from None

    return check


def _time_checker(column: Column, refusal: Refusal) -> Checker:
    def check(value: Any) -> Any:
        if not isinstance(value, str):
            return _none(column, value, refusal)
        if _TIME.match(value) is None:
            raise refusal(column, value, Fault.TYPE)
        return value if value.count(":") == 2 else f"{value}:00"

    return check


def _binary_checker(column: Column, refusal: Refusal) -> Checker:
    def check(value: Any) -> Any:
        if not isinstance(value, str):
            return _none(column, value, refusal)
        try:
            return base64.b64decode(value.replace("-", "+").replace("_", "/"), validate=True)
        except (binascii.Error, ValueError):
            raise refusal(column, value, Fault.TYPE) from None

    return check


def _enum_checker(column: Column, refusal: Refusal) -> Checker:
    assert column.enum is not None
    members = column.enum.members
    by_folded = {name.casefold(): value for name, value in members.items()}
    is_flags = column.enum.is_flags

    def check(value: Any) -> Any:
        if not isinstance(value, str):
            return _none(column, value, refusal)
        found = members.get(value, by_folded.get(value.casefold()))
        if found is not None:
            return found
        if is_flags and value:
            parts = [by_folded.get(part.strip().casefold()) for part in value.split(",")]
            total = 0
            for part in parts:
                if part is None:
                    raise refusal(column, value, Fault.MEMBER)
                total |= part
            return total
        if re.fullmatch(r"-?\d{1,10}", value) and int(value) in members.values():
            return int(value)
        raise refusal(column, value, Fault.MEMBER)

    return check


_CHECKERS: dict[str, Callable[[Column, Refusal], Checker]] = {
    "Edm.String": _string_checker,
    "Edm.Decimal": _number_checker,
    "Edm.Double": _number_checker,
    "Edm.Single": _number_checker,
    "Edm.Boolean": _boolean_checker,
    "Edm.Guid": _guid_checker,
    "Edm.DateTimeOffset": _moment_checker,
    "Edm.Date": _date_checker,
    "Edm.TimeOfDay": _time_checker,
    "Edm.Binary": _binary_checker,
}

_SQL_TYPES = {
    "Edm.Boolean": "INTEGER",
    "Edm.Byte": "INTEGER",
    "Edm.SByte": "INTEGER",
    "Edm.Int16": "INTEGER",
    "Edm.Int32": "INTEGER",
    "Edm.Int64": "INTEGER",
    "Edm.Double": "REAL",
    "Edm.Single": "REAL",
    "Edm.Binary": "BLOB",
    "Edm.Guid": "TEXT",
    "Edm.DateTimeOffset": "TEXT",
    "Edm.Date": "TEXT",
    "Edm.TimeOfDay": "TEXT",
    "Edm.Duration": "TEXT",
}


def sql_type(column: Column, decimal: str = "REAL") -> str:
    """The type a column is declared with; text compares without case, as both services do."""
    if column.enum is not None:
        return "INTEGER"
    if column.edm == "Edm.Decimal":
        return decimal
    return _SQL_TYPES.get(column.edm, "TEXT COLLATE NOCASE")

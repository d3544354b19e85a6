"""Tokens of values to literals: numbers, dates, durations, enumerations, binary, shapes on earth.

Source: OASIS OData ABNF 4.01, "Literal Data Values".
"""

from __future__ import annotations

import re
from typing import Final

from windtunnel.simulator.odata.errors import ODataError
from windtunnel.simulator.odata.tokens import Token
from windtunnel.simulator.odata.tree import Literal

_DURATION = re.compile(
    r"[+-]?P(?=.)(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?\Z", re.ASCII
)
# The last character of a group that is not full has no bits to spare.
_BINARY = re.compile(
    r"(?:[A-Za-z0-9_-]{4})*+"
    r"(?:[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048]=?|[A-Za-z0-9_-][AQgw](?:==)?)?\Z"
)
_MEMBER = r"(?:[^\W\d]\w*+|[+-]?[0-9]{1,19})"
_ENUM = re.compile(rf"\s*{_MEMBER}(?:\s*,\s*{_MEMBER})*\s*\Z")

_POSITION = (
    r"[-+]?[0-9]++(?:\.[0-9]++)?+(?:E[-+]?[0-9]++)?+(?: [-+]?[0-9]++(?:\.[0-9]++)?+"
    r"(?:E[-+]?[0-9]++)?+){1,3}"
)
_NEXT = r" ?, ?"
_POINT = rf"\({_POSITION}\)"
_RING = rf"\({_POSITION}(?:{_NEXT}{_POSITION})*+\)"
_LINE = rf"\({_POSITION}(?:{_NEXT}{_POSITION})++\)"
_SURFACE = rf"\({_RING}(?:{_NEXT}{_RING})*+\)"
_SHAPE = (
    rf"(?:Point ?{_POINT}|LineString ?{_LINE}|Polygon ?{_SURFACE}"
    rf"|MultiPoint ?\((?:{_POINT}(?:{_NEXT}{_POINT})*+)?\)"
    rf"|MultiLineString ?\((?:{_LINE}(?:{_NEXT}{_LINE})*+)?\)"
    rf"|MultiPolygon ?\((?:{_SURFACE}(?:{_NEXT}{_SURFACE})*+)?\))"
)
_GEO = re.compile(rf"SRID=[0-9]{{1,5}};{_SHAPE}\Z", re.IGNORECASE)
_SHAPES = re.compile(rf"(?:Geometry)?Collection ?\({_SHAPE}(?:{_NEXT}{_SHAPE})*+\)", re.IGNORECASE)
_DEEPEST_SHAPES = 10

_DATE = re.compile(r"(-?)([0-9]{4,6})-([0-9]{2})-([0-9]{2})")
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

SPECIAL: Final = {"INF": float("inf"), "NaN": float("nan")}
_LARGE = 1 << 63


def unrecognized(kind: str, token: Token, text: str) -> ODataError:
    """The error for a literal that is not of its kind; `text` is the whole option."""
    return ODataError(
        f"Unrecognized '{kind}' literal '{token.text}' at '{token.start}' in '{text}'.",
        token.start,
    )


def number(digits: str, start: int) -> Literal:
    """A number that may have a sign and one of the suffixes of OData 2 and 3."""
    if digits.isdecimal() and len(digits) < 10:
        return Literal(int(digits), "Edm.Int32", start)
    digits = digits.replace(" ", "+")  # as a plus reads in a URL
    suffix = digits[-1]
    body = digits[:-1] if suffix in "mMfFdDlL" else digits
    if suffix in "mM":
        return Literal(float(body), "Edm.Decimal", start)
    if suffix in "dDfF":
        return Literal(float(body), "Edm.Double" if suffix in "dD" else "Edm.Single", start)
    if any(mark in body for mark in ".eE"):
        value = float(body)
        if value in {float("inf"), float("-inf")}:
            raise ODataError(f"The value '{body}' is out of range.", start)
        return Literal(value, "Edm.Double" if "e" in body.lower() else "Edm.Decimal", start)
    whole = int(body) if len(body) < 40 else _LARGE
    if not -_LARGE <= whole < _LARGE:
        return Literal(float(body), "Edm.Decimal", start)
    is_long = suffix in "lL" or not -(1 << 31) <= whole < 1 << 31
    return Literal(whole, "Edm.Int64" if is_long else "Edm.Int32", start)


def guid(token: Token, text: str) -> Literal:
    """A GUID, which compares in lower case."""
    del text
    return Literal(token.text.lower(), "Edm.Guid", token.start)


def string(token: Token, text: str) -> Literal:
    """A string, its doubled quotes single."""
    del text
    return Literal(token.text[1:-1].replace("''", "'"), "Edm.String", token.start)


def date(token: Token, text: str) -> Literal:
    """A day that the calendar has."""
    if not _is_date(token.text):
        raise unrecognized("Edm.Date", token, text)
    return Literal(token.text, "Edm.Date", token.start)


def time_of_day(token: Token, text: str) -> Literal:
    """A time on the clock; second 60 is a leap second."""
    if not _is_time(token.text):
        raise unrecognized("Edm.TimeOfDay", token, text)
    return Literal(token.text, "Edm.TimeOfDay", token.start)


def moment(token: Token, text: str) -> Literal:
    """A day and a time with an offset; a blank in it was a plus before decoding."""
    value = token.text.replace(" ", "+").upper()
    day, _, rest = value.partition("T")
    clock, offset = (rest[:-1], "00:00") if rest.endswith("Z") else (rest[:-6], rest[-5:])
    if not (_is_date(day) and _is_time(clock) and _is_time(offset)):
        raise unrecognized("Edm.DateTimeOffset", token, text)
    return Literal(value, "Edm.DateTimeOffset", token.start)


def _is_date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    if found is None or (len(found[2]) > 4 and found[2][0] == "0"):
        return False
    year, month, day = int(found[2]), int(found[3]), int(found[4])
    if not (1 <= month <= 12 and 1 <= day <= _DAYS[month - 1]):
        return False
    is_leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return is_leap or (month, day) != (2, 29)


def _is_time(text: str) -> bool:
    return text[:2] <= "23" and text[3:5] <= "59" and text[6:8] <= "60"


def prefixed(token: Token, text: str) -> Literal:
    """`duration'...'`, `binary'...'`, `geography'...'`, or a member of an enumeration."""
    prefix, _, rest = token.text.partition("'")
    value = rest[:-1].replace("''", "'")
    if "." in prefix:
        if not _ENUM.match(value):
            raise _no_member(token)
        members = ",".join(part.strip() for part in value.split(","))
        return Literal(members, prefix, token.start)
    kind = prefix.lower()
    if kind == "duration" and _DURATION.match(value):
        return Literal(value, "Edm.Duration", token.start)
    if kind == "binary" and _BINARY.match(value):
        return Literal(value, "Edm.Binary", token.start)
    if kind in {"geography", "geometry"} and _is_shape(value):
        return Literal(value, f"Edm.{kind.title()}", token.start)
    if kind in _KINDS:
        raise unrecognized(_KINDS[kind], token, text)
    raise _no_member(token)


_KINDS: Final = {
    "duration": "Edm.Duration",
    "binary": "Edm.Binary",
    "geography": "Edm.Geography",
    "geometry": "Edm.Geometry",
    "guid": "Edm.Guid",
    "datetime": "Edm.DateTimeOffset",
    "datetimeoffset": "Edm.DateTimeOffset",
    "time": "Edm.TimeOfDay",
}
"""Prefixes of this and of older versions, which version 4 refuses."""


def _no_member(token: Token) -> ODataError:
    return ODataError(
        f"The string '{token.text}' is not a valid enumeration type constant.", token.start
    )


def _is_shape(text: str) -> bool:
    """Whether it is a shape; collections of shapes are taken for a point from the inside out."""
    for _ in range(_DEEPEST_SHAPES):
        if _GEO.match(text):
            return True
        text, count = _SHAPES.subn("Point(0 0)", text)
        if not count:
            return False
    return False

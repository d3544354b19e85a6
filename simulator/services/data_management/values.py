"""Texts of data files to values of a data entity and back, column by column.

Values are JSON values as `/data` takes them; an empty text is no value. Enumerations take the
symbol, the label or the number. Source: "Data import and export jobs", captured files.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Literal

from windtunnel.simulator.kernel.clock import iso_text
from windtunnel.simulator.services.data_management.faults import (
    DateInvalid,
    EnumUnmapped,
    FileFault,
    ValueInvalid,
)
from windtunnel.simulator.services.data_management.regional import Regional

FieldKind = Literal[
    "text", "integer", "number", "date", "moment", "enum", "boolean", "guid", "binary"
]
_EMPTY_DATE: Final = "1900-01-01"
_INTEGER: Final = re.compile(r"[+-]?\d{1,19}\Z", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?\Z", re.ASCII)
_GUID: Final = re.compile(r"\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?\Z")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_CONTROL_BYTES: Final = bytes([*range(9), 11, 12, *range(14, 32)])
_US_DATE: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\Z", re.ASCII)
_US_MOMENT: Final = re.compile(
    r"(\d{1,2}/\d{1,2}/\d{4}) (\d{1,2}):(\d\d)(?::(\d\d))?(?: ?([AaPp])[Mm])?\Z", re.ASCII
)
_TRUE: Final = frozenset({"true", "yes", "1"})
_FALSE: Final = frozenset({"false", "no", "0"})


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a data entity: `name` as in $metadata; members of an enumeration by symbol."""

    name: str
    kind: FieldKind = "text"
    enum: str = ""
    members: dict[str, int] = field(default_factory=dict)
    largest: int = 0
    longest: int = 0

    @property
    def width(self) -> int:
        """Characters of a fixed-width column."""
        if self.kind == "text":
            return self.longest or 255
        return max(map(len, self.members), default=0) + 1 if self.kind == "enum" else 40


Convert = Callable[[Sequence[str]], list[Any]]
"""Texts of one column in, values out; raises BadText for the first that is none."""


class BadText(Exception):
    """A text that is no value of its column: its place in the block, the fault and its values."""

    def __init__(self, row: int, fault: type[FileFault], values: dict[str, Any]) -> None:
        self.row, self.fault, self.values = row, fault, values
        super().__init__()


def bad_values(
    texts: Sequence[str], convert: Convert
) -> list[tuple[int, type[FileFault], dict[str, Any]]]:
    """Every text of a column that is no value: its place in the block and what is wrong."""
    bad = []
    for row, text in enumerate(texts):
        try:
            convert([text])
        except BadText as error:
            bad.append((row, error.fault, error.values))
    return bad


def converter(
    found: Field,
    conversions: Sequence[tuple[str, str]] = (),
    regional: Regional | None = None,
) -> Convert:
    """The function for a column, value conversions of the mapping first."""
    inner = _column(found, regional.reader(found.kind) if regional is not None else None)
    if not conversions:
        return inner
    swapped = dict(conversions)
    return lambda texts: inner([swapped.get(text, text) for text in texts])


def _column(found: Field, reads: Callable[[str], str] | None) -> Convert:
    if found.kind == "text":
        return _texts(found.longest)
    plain = _ONE[found.kind](found)
    one = plain if reads is None else lambda text: plain(reads(text))
    known: dict[str, Any] = {"": None}

    def convert(texts: Sequence[str]) -> list[Any]:
        try:
            return [known[text] for text in texts]
        except KeyError:
            pass
        if len(known) > 10_000:
            known.clear()
            known[""] = None
        for row, text in enumerate(texts):
            if text not in known:
                stripped = text.strip()
                known[text] = _checked(row, one, stripped) if stripped else None
        return [known[text] for text in texts]

    return convert


def _checked(row: int, one: Callable[[str], Any], text: str) -> Any:
    try:
        return one(text)
    except FileFault as fault:
        raise BadText(row, type(fault), fault.values) from None


def _texts(longest: int) -> Convert:
    def convert(texts: Sequence[str]) -> list[Any]:
        if longest or _is_doubtful("".join(texts)):
            for row, text in enumerate(texts):
                if longest and len(text) > longest:
                    reason = f"it is longer than {longest} characters"
                    raise BadText(row, ValueInvalid, {"value": text[:50], "reason": reason})
                if _CONTROL.search(text):
                    reason = "it holds a control character"
                    raise BadText(row, ValueInvalid, {"value": repr(text[:50]), "reason": reason})
        return [text or None for text in texts]

    return convert


def _is_doubtful(text: str) -> bool:
    """Whether a control character or half a surrogate pair may be in a text; fast for long ones."""
    try:
        data = text.encode()
    except UnicodeEncodeError:
        return True
    return len(data.translate(None, _CONTROL_BYTES)) != len(data)


def _integer(found: Field) -> Callable[[str], Any]:
    largest = found.largest or 2**63 - 1

    def one(text: str) -> int:
        plain = text.removesuffix(".0") if "." in text else text
        if _INTEGER.match(plain) is None:
            raise ValueInvalid(value=text[:50], reason="it is no whole number")
        value = int(plain)
        if not -largest - 1 <= value <= largest:
            raise ValueInvalid(value=text[:50], reason="it is out of range")
        return value

    return one


def _number(_: Field) -> Callable[[str], Any]:
    def one(text: str) -> float:
        if _NUMBER.match(text) is None:
            raise ValueInvalid(value=text[:50], reason="it is no number")
        value = float(text)
        if not math.isfinite(value) or abs(value) > 7.9e28:
            raise ValueInvalid(value=text[:50], reason="it is out of range")
        return int(value) if value.is_integer() and abs(value) < 2**53 else value

    return one


def _date(_: Field) -> Callable[[str], Any]:
    def one(text: str) -> str:
        return f"{_day(text)}T12:00:00Z"

    return one


def _moment(_: Field) -> Callable[[str], Any]:
    return _point


def _day(text: str) -> str:
    american = _US_DATE.match(text)
    try:
        if american is not None:
            month, day, year = map(int, american.groups())
            return date(year, month, day).isoformat()
        if len(text) <= 10:
            return date.fromisoformat(text).isoformat()
    except ValueError:
        raise DateInvalid(value=text[:50]) from None
    return _point(text)[:10]


def _point(text: str) -> str:
    american = _US_MOMENT.match(text)
    try:
        if american is not None:
            day, hour, minute, second, half = american.groups()
            hours = int(hour) % 12 + 12 * (half in {"P", "p"}) if half else int(hour)
            clock = f"{hours:02d}:{minute}:{second or '00'}"
            moment = datetime.fromisoformat(f"{_day(day)}T{clock}+00:00")
        elif _US_DATE.match(text) is not None:
            moment = datetime.fromisoformat(f"{_day(text)}T00:00:00+00:00")
        else:
            moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            moment -= moment.utcoffset() or _ZERO
        return iso_text(moment.replace(microsecond=0))
    except (ValueError, OverflowError):
        raise DateInvalid(value=text[:50]) from None


_ZERO: Final = timedelta()


def _enum(found: Field) -> Callable[[str], Any]:
    symbols = {name.casefold(): name for name in found.members}
    numbers = {str(number): name for name, number in found.members.items()}
    labels = {re.sub(r"[ _-]", "", name.casefold()): name for name in found.members}

    def one(text: str) -> str:
        folded = text.casefold()
        symbol = symbols.get(folded) or numbers.get(text) or labels.get(folded.replace(" ", ""))
        if symbol is None:
            raise EnumUnmapped(value=text[:50], enum=found.enum)
        return symbol

    return one


def _boolean(_: Field) -> Callable[[str], Any]:
    def one(text: str) -> bool:
        folded = text.casefold()
        if folded in _TRUE:
            return True
        if folded in _FALSE:
            return False
        raise ValueInvalid(value=text[:50], reason="it is neither true nor false")

    return one


def _guid(_: Field) -> Callable[[str], Any]:
    def one(text: str) -> str:
        if _GUID.match(text) is None:
            raise ValueInvalid(value=text[:50], reason="it is no GUID")
        return text.strip("{}").lower()

    return one


def _binary(_: Field) -> Callable[[str], Any]:
    return lambda text: text


_ONE: Final[dict[FieldKind, Callable[[Field], Callable[[str], Any]]]] = {
    "integer": _integer,
    "number": _number,
    "date": _date,
    "moment": _moment,
    "enum": _enum,
    "boolean": _boolean,
    "guid": _guid,
    "binary": _binary,
}


# -- values to texts ------------------------------------------------------------------------------


def shower(found: Field, regional: Regional | None = None) -> Callable[[Any], str] | None:
    """The function that gives the text of a stored value; None where the text is the value.

    unconfirmed: how an export writes dates without a setting of the source format; ISO here, and an
    empty date is an empty text.
    """
    match found.kind:
        case "text" | "guid":
            return None
        case "enum":
            names = {number: name for name, number in found.members.items()}
            return lambda value: names.get(value, str(value)) if value is not None else ""
        case "date":
            return lambda value: "" if value[:10] == _EMPTY_DATE else str(value[:10])
        case "moment":
            return lambda value: "" if value[:10] == _EMPTY_DATE else value[:19].replace("T", " ")
        case "boolean":
            return lambda value: "true" if value else "false"
        case "number":
            if regional is not None:
                return lambda value: regional.shown(_shown_number(value))
            return _shown_number
        case "binary":
            return lambda value: value.decode("latin-1") if isinstance(value, bytes) else str(value)
        case "integer":
            return str


def _shown_number(value: Any) -> str:
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)

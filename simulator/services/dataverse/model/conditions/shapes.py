"""What a condition is about and what it compares with: columns by kind, values from text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from windtunnel.contracts.entities.dataverse import ColumnDefinition
from windtunnel.simulator.odata.pieces import Late, Piece
from windtunnel.simulator.services.dataverse.model.conditions.periods import Fiscal
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable

_KINDS = {
    "String": "text",
    "Memo": "text",
    "EntityName": "text",
    "Integer": "number",
    "BigInt": "number",
    "Decimal": "number",
    "Double": "number",
    "Money": "number",
    "Picklist": "choice",
    "State": "choice",
    "Status": "choice",
    "Boolean": "choice",
    "ManagedProperty": "choice",
    "DateTime": "date",
    "Uniqueidentifier": "id",
    "Lookup": "id",
    "Customer": "id",
    "Owner": "id",
    "MultiSelectPicklist": "choices",
}
_SYSTEM_TYPES = {
    "Edm.String": "System.String",
    "Edm.Int32": "System.Int32",
    "Edm.Int64": "System.Int64",
    "Edm.Decimal": "System.Decimal",
    "Edm.Double": "System.Double",
    "Edm.Boolean": "System.Boolean",
    "Edm.Guid": "System.Guid",
    "Edm.DateTimeOffset": "System.DateTime",
    "Edm.Date": "System.DateTime",
}
_GUID = re.compile(r"\{?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\}?", re.IGNORECASE)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_AMERICAN = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{4})(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\s*([AP]M))?)?",
    re.IGNORECASE,
)
_INTEGER = re.compile(r"\s*[+-]?\d{1,18}(?:\.0*)?\s*")
_NUMBER = re.compile(r"\s*[+-]?(?:\d{1,28}(?:\.\d{0,28})?|\.\d{1,28})(?:[eE][+-]?\d{1,3})?\s*")


class BadOperand(ValueError):
    """A value that does not suit its column or operator. `fault`: value, date, count, operator."""

    def __init__(self, fault: str, problem: str) -> None:
        self.fault = fault
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class Settings:
    """What conditions must know of the environment. `tables` is by logical name."""

    tables: Mapping[str, DataverseTable]
    fiscal: Fiscal = field(default_factory=Fiscal)
    language: int = 1033


@dataclass(frozen=True, slots=True)
class Subject:
    """The column that a condition is about, as SQL, and its definition."""

    piece: Piece
    column: ColumnDefinition
    table: str

    @property
    def kind(self) -> str:
        """text, number, choice, choices, date, id or other."""
        if self.column.type == "Virtual" and self.column.edm == "Edm.String":
            return "choices" if self.column.options else "text"
        return _KINDS.get(self.column.type, "other")

    @property
    def is_date_only(self) -> bool:
        """Whether the column keeps days, not moments."""
        return self.column.edm == "Edm.Date"

    @property
    def shown(self) -> str:
        """The column's name for messages."""
        return f"{self.table}.{self.column.logical_name}"


@dataclass(frozen=True, slots=True)
class Caller(Late):
    """The id of the user who asks."""

    def at(self, now: float, user: str) -> str:
        """The id."""
        del now
        return user


def operand(subject: Subject, text: str) -> Any:
    """A value in the form that the store keeps for the column. Raises BadOperand."""
    kind = subject.kind
    if kind in {"text", "other"}:
        return text
    read: Callable[[Subject, str], Any] = _READERS[kind]
    return read(subject, text)


def _mismatch(subject: Subject, text: str) -> BadOperand:
    wanted = _SYSTEM_TYPES.get(subject.column.edm, subject.column.edm)
    del text
    return BadOperand(
        "value",
        f"Condition for attribute '{subject.shown}': expected argument(s) of type '{wanted}' but "
        "received 'System.String'.",
    )


def _number(subject: Subject, text: str) -> int | float:
    if subject.column.edm in {"Edm.Int32", "Edm.Int64"}:
        if not _INTEGER.fullmatch(text):
            raise _mismatch(subject, text)
        return int(text.strip().partition(".")[0])
    if not _NUMBER.fullmatch(text):
        raise _mismatch(subject, text)
    return float(text)


def _choice(subject: Subject, text: str) -> int:
    if subject.column.type in {"Boolean", "ManagedProperty"}:
        known = {"0": 0, "1": 1, "false": 0, "true": 1}
        value = known.get(text.strip().lower())
        if value is None:
            raise _mismatch(subject, text)
        return value
    if not _INTEGER.fullmatch(text):
        raise _mismatch(subject, text)
    return int(text.strip().partition(".")[0])


def _choices(subject: Subject, text: str) -> str:
    """Several values as the column keeps them: sorted, with commas."""
    parts = [part.strip() for part in text.split(",")]
    if not all(re.fullmatch(r"-?\d{1,10}", part) for part in parts):
        raise _mismatch(subject, text)
    return ",".join(str(number) for number in sorted({int(part) for part in parts}))


def _id(subject: Subject, text: str) -> str:
    found = _GUID.fullmatch(text.strip())
    if found is None:
        raise _mismatch(subject, text)
    return found[1].lower()


def _date(subject: Subject, text: str) -> str:
    moment = moment_of(text)
    if subject.is_date_only:
        return f"{moment.year:04}-{moment.month:02}-{moment.day:02}"
    shown = f"{moment.year:04}-{moment.month:02}-{moment.day:02}T{moment:%H:%M:%S}"
    return f"{shown}.{moment.microsecond:06}Z" if moment.microsecond else f"{shown}Z"


def moment_of(text: str) -> datetime:
    """A moment from ISO 8601 or from `month/day/year`, in UTC. Raises BadOperand."""
    bare = text.strip()
    try:
        if _DATE.fullmatch(bare):
            year, month, day = map(int, bare.split("-"))
            return datetime(year, month, day, tzinfo=UTC)
        american = _AMERICAN.fullmatch(bare)
        if american is not None:
            return _american(american)
        moment = datetime.fromisoformat(bare)
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadOperand(
            "date",
            f"The date-time format for {bare} is invalid, or value is outside the supported range.",
        ) from None


def _american(found: re.Match[str]) -> datetime:
    month, day, year = int(found[1]), int(found[2]), int(found[3])
    hour, minute, second = (int(found[number] or 0) for number in (4, 5, 6))
    if found[7]:
        if not 1 <= hour <= 12:
            raise ValueError(found[0])
        hour = hour % 12 + (12 if found[7].upper() == "PM" else 0)
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


_READERS: dict[str, Callable[[Subject, str], Any]] = {
    "number": _number,
    "choice": _choice,
    "choices": _choices,
    "id": _id,
    "date": _date,
}

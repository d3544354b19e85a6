"""Autonumber columns: what a format says, and the numbers that were given out.

Source: "Create autonumber columns"; the standard tables' prefixes from the settings of automatic
numbering that every organisation starts with.
"""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime

from windtunnel.contracts.entities.dataverse import ColumnDefinition
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.store import Store

FIRST = 1000
"""The number a column starts with where nobody set a seed."""
_TABLE = (
    "CREATE TABLE IF NOT EXISTS dataverse_autonumber "
    '(entity TEXT NOT NULL, "column" TEXT NOT NULL, seed INTEGER NOT NULL, next INTEGER NOT NULL, '
    'PRIMARY KEY (entity, "column"))'
)
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
_PART = re.compile(r"\{(SEQNUM|RANDSTRING|DATETIMEUTC):([^{}]+)\}")
_STANDARD = {
    ("incident", "ticketnumber"): "CAS-{SEQNUM:5}-{RANDSTRING:6}",
    ("quote", "quotenumber"): "QUO-{SEQNUM:5}-{RANDSTRING:6}",
    ("salesorder", "ordernumber"): "ORD-{SEQNUM:5}-{RANDSTRING:6}",
    ("invoice", "invoicenumber"): "INV-{SEQNUM:5}-{RANDSTRING:6}",
}
_MOMENT = re.compile(r"yyyy|MM|dd|HH|hh|mm|ss|yy|tt")
_DIRECTIVES = {
    "yyyy": "%Y",
    "yy": "%y",
    "MM": "%m",
    "dd": "%d",
    "HH": "%H",
    "hh": "%I",
    "mm": "%M",
    "ss": "%S",
    "tt": "%p",
}


def format_of(table: str, column: ColumnDefinition) -> str:
    """The AutoNumberFormat of a column; `` for one that is not numbered."""
    stated = column.facts.get("AutoNumberFormat")
    if isinstance(stated, str):
        return stated
    return _STANDARD.get((table, column.name), "")


def problem_of(text: str) -> str:
    """What is wrong with a format, or `` when it can be used."""
    bare = _PART.sub("", text)
    if "{" in bare or "}" in bare:
        return f"The autonumber format '{text}' has a placeholder that is not known."
    for kind, size in _PART.findall(text):
        if kind == "DATETIMEUTC":
            continue
        if not (size.isascii() and size.isdigit()) or not 1 <= int(size) <= 20:
            return f"The length '{size}' of {kind} in an autonumber format is not valid."
        if kind == "RANDSTRING" and int(size) > 6:
            return "RANDSTRING in an autonumber format takes a length from 1 to 6."
    return ""


def written(text: str, number: int, now: datetime, chance: random.Random) -> str:
    """The value that a format gives for a number."""

    def part(found: re.Match[str]) -> str:
        kind, size = found[1], found[2]
        if kind == "SEQNUM":
            return f"{number:0{int(size)}}"
        if kind == "RANDSTRING":
            return "".join(chance.choices(_LETTERS, k=int(size)))
        return _MOMENT.sub(lambda named: now.strftime(_DIRECTIVES[named[0]]), size)

    return _PART.sub(part, text)


class Numbers:
    """The next number of each column: in the store, so that none is given out twice."""

    def __init__(self, store: Store, clock: Clock, chance: random.Random) -> None:
        self._store, self._clock, self._chance = store, clock, chance

    def create(self) -> None:
        """Create what is not in the store yet."""
        self._store.write(_TABLE)

    def give(self, table: str, column: str, text: str) -> str:
        """The next value of a column of this format."""
        number = self._taken(table, column) if "{SEQNUM" in text else 0
        return written(text, number, datetime.fromtimestamp(self._clock.now(), UTC), self._chance)

    def next(self, table: str, column: str) -> int:
        """The number that the next record gets."""
        return self._state(table, column)[1]

    def seed(self, table: str, column: str) -> int:
        """The number that the column was told to start with."""
        return self._state(table, column)[0]

    def set_seed(self, table: str, column: str, value: int) -> None:
        """Let the column go on from a number."""
        self._put(table, column, value, value)

    def _state(self, table: str, column: str) -> tuple[int, int]:
        row = self._store.read(
            'SELECT seed, next FROM dataverse_autonumber WHERE entity=? AND "column"=?',
            (table, column),
        ).fetchone()
        return (FIRST, FIRST) if row is None else (int(row[0]), int(row[1]))

    def _put(self, table: str, column: str, seed: int, following: int) -> None:
        self._store.write(
            "INSERT OR REPLACE INTO dataverse_autonumber VALUES (?,?,?,?)",
            (table, column, seed, following),
        )

    def _taken(self, table: str, column: str) -> int:
        seed, number = self._state(table, column)
        self._put(table, column, seed, number + 1)
        return number

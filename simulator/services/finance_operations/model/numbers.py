"""Number sequences and record ids: counters in the store, so that they roll back with a write."""

from __future__ import annotations

from typing import Final

from windtunnel.contracts.entities.finance_operations.catalog import Sequence
from windtunnel.simulator.kernel.store import Store

FIRST_REC_ID: Final = 68_719_480_000
_TABLE = "fo_counters"


class Numbers:
    """Draws the next number of a name."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self) -> None:
        """Create the table, if it is not there."""
        self._store.write(
            f"CREATE TABLE IF NOT EXISTS {_TABLE} (name TEXT PRIMARY KEY, next INTEGER NOT NULL)"
        )

    def next(self, name: str, first: int = 1) -> int:
        """The next number of a counter, which begins with `first`."""
        rows = self._store.write(
            f"INSERT INTO {_TABLE} VALUES (?1, ?2 + 1) "
            "ON CONFLICT (name) DO UPDATE SET next = next + 1 RETURNING next - 1",
            (name, first),
        ).fetchall()
        return int(rows[0][0])

    def rec_id(self) -> int:
        """The record id of a new row."""
        return self.next("RecId", FIRST_REC_ID)

    def draw(self, name: str, sequence: Sequence, company: str) -> str:
        """The next number of a number sequence in its form."""
        scope = "" if sequence.is_shared else company
        number = self.next(f"{name}:{scope}", sequence.first)
        return sequence.form.format(company=company, number=number)

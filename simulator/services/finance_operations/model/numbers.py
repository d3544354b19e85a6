"""Number sequences and record ids: counters in the store, so that they roll back with a write."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from windtunnel.contracts.entities.finance_operations.catalog import Sequence
from windtunnel.simulator.kernel.store import Store

FIRST_REC_ID: Final = 68_719_480_000
BLOCK: Final = 250
_TABLE = "fo_counters"


class Numbers:
    """Draws the next number of a name."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: dict[str, int] | None = None
        self._next_id = self._end_id = 0
        store.on_rollback(self._forget_block)

    def create(self) -> None:
        """Create the table, if it is not there."""
        self._store.write(
            f"CREATE TABLE IF NOT EXISTS {_TABLE} (name TEXT PRIMARY KEY, next INTEGER NOT NULL)"
        )

    @contextmanager
    def held(self) -> Generator[None]:
        """Inside, counters are kept in memory; they are stored when all went well."""
        self._held = {}
        try:
            yield
            self._store.write_many(
                f"INSERT INTO {_TABLE} VALUES (?1, ?2) "
                "ON CONFLICT (name) DO UPDATE SET next = excluded.next",
                list(self._held.items()),
            )
        finally:
            self._held = None

    def taken(self) -> dict[str, int]:
        """The held counters as they are now, for `give_back`."""
        return dict(self._held or {})

    def give_back(self, taken: dict[str, int]) -> None:
        """Let held counters go on from what they were: what they numbered is not stored."""
        if self._held is not None:
            self._held.update(taken)
            for name in self._held.keys() - taken.keys():
                del self._held[name]

    def next(self, name: str, first: int = 1, count: int = 1) -> int:
        """The first of `count` next numbers of a counter, which begins with `first`."""
        if self._held is None:
            rows = self._store.write(
                f"INSERT INTO {_TABLE} VALUES (?1, ?2 + ?3) "
                "ON CONFLICT (name) DO UPDATE SET next = next + ?3 RETURNING next - ?3",
                (name, first, count),
            ).fetchall()
            return int(rows[0][0])
        number = self._held.get(name)
        if number is None:
            row = self._store.read(f"SELECT next FROM {_TABLE} WHERE name=?", (name,)).fetchone()
            number = first if row is None else int(row[0])
        self._held[name] = number + count
        return number

    def rec_id(self) -> int:
        """The record id of a new row; a server takes them in blocks, so there may be gaps."""
        if self._held is not None:
            return self.next("RecId", FIRST_REC_ID)
        if self._next_id >= self._end_id:
            self._next_id = self.next("RecId", FIRST_REC_ID, BLOCK)
            self._end_id = self._next_id + BLOCK
        self._next_id += 1
        return self._next_id - 1

    def _forget_block(self) -> None:
        """What was taken may have been given back: take another block."""
        self._next_id = self._end_id = 0

    def draw(self, name: str, sequence: Sequence, company: str) -> str:
        """The next number of a number sequence in its form."""
        scope = "" if sequence.is_shared else company
        number = self.next(f"{name}:{scope}", sequence.first)
        return sequence.form.format(company=company, number=number)

"""What checks read of other records: whether one is there, and some of its columns."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from windtunnel.simulator.entity_sets.records import Key, Records, Values
from windtunnel.simulator.kernel.store import Store, quoted
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet, Sets

REMEMBERED: Final = 100_000
SELECTS_KEPT: Final = 1_024
_EXISTS: Final = object()
_WRITTEN_WITH: Final = {
    "LedgerJournalLines": ("LedgerJournalHeaders",),
    "ReleasedProductCreationsV2": ("ReleasedProductsV2", "ProductsV2"),
}
"""Sets whose records change while rows of another are written."""


class Lookups:
    """Reads by key; between `remembering` it asks the store once for what is there."""

    def __init__(self, store: Store, sets: Sets) -> None:
        self._store, self._sets = store, sets
        self._is_remembering = False
        self._there: set[tuple[str, Key]] = set()
        self._rows: dict[tuple[str, tuple[str, ...], Key], Values] = {}
        self._changing: frozenset[str] = frozenset()
        self._selects: dict[tuple[str, tuple[str, ...]], str] = {}

    @contextmanager
    def remembering(self, changing: EntitySet) -> Generator[None]:
        """Remember what is found, inside; not of the sets that are written meanwhile."""
        self._is_remembering = True
        self._changing = frozenset({changing.principal.name, *_WRITTEN_WITH.get(changing.name, ())})
        try:
            yield
        finally:
            self._is_remembering = False
            self._there.clear()
            self._rows.clear()

    def exists(self, entity_set: EntitySet, key: Key) -> bool:
        """Whether a record of this key is there."""
        if not self._is_remembering:
            return _exists(entity_set.records, key)
        if (entity_set.name, key) in self._there:
            return True
        found = entity_set.records.exists(key)
        if (
            found
            and entity_set.principal.name not in self._changing
            and len(self._there) < REMEMBERED
        ):
            self._there.add((entity_set.name, key))
        return found

    def row(self, entity_set: str, key: Key, names: tuple[str, ...]) -> Values | None:
        """Some columns of a record, or None: not its hundreds of columns."""
        known = self._rows.get((entity_set, names, key))
        if known is not None:
            return known
        row: tuple[Any, ...] | None = self._store.read(
            self._select(entity_set, names), key
        ).fetchone()
        if row is None:
            return None
        found = dict(zip(names, row, strict=True))
        if (
            self._is_remembering
            and entity_set not in self._changing
            and (len(self._rows) < REMEMBERED)
        ):
            self._rows[entity_set, names, key] = found
        return found

    def has(self, entity_set: str, name: str, value: str) -> bool:
        """Whether a record of a set has this value in a column that is not its key."""
        if (entity_set, (value,)) in self._there:
            return True
        table = quoted(self._sets[entity_set].table.sql)
        found = self._store.read(
            f"SELECT 1 FROM {table} WHERE {quoted(name)}=? LIMIT 1", (value,)
        ).fetchone()
        if self._is_remembering and len(self._there) < REMEMBERED:
            # Who asks stores the record next.
            self._there.add((entity_set, (value,)))
        return found is not None

    def _select(self, entity_set: str, names: tuple[str, ...]) -> str:
        """The statement; columns that an imported type of this name lacks are empty."""
        known = self._selects.get((entity_set, names))
        if known is None:
            found = self._sets[entity_set]
            there = found.records.columns
            columns = ", ".join(quoted(name) if name in there else "''" for name in names)
            where = " AND ".join(f"{quoted(name)}=?" for name in found.kind.key)
            known = f"SELECT {columns} FROM {quoted(found.table.sql)} WHERE {where}"
            if len(self._selects) >= SELECTS_KEPT:
                self._selects.clear()
            self._selects[entity_set, names] = known
        return known


def _exists(records: Records, key: Key) -> bool:
    """Whether a record is there; kept beside its finished JSON, so a delete forgets it too."""
    if records.encoded.get(key, _EXISTS):
        return True
    found = records.exists(key)
    if found:
        records.encoded.put(key, _EXISTS, encoded=True)
    return found

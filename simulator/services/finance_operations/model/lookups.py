"""What checks read of other records: whether one is there, and some of its columns."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from windtunnel.simulator.entity_sets.records import Key, Values
from windtunnel.simulator.kernel.store import Store, quoted
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet

REMEMBERED: Final = 100_000


class Lookups:
    """Reads by key; between `remembering` it asks the store once for what is there."""

    def __init__(self, store: Store, sets: Mapping[str, EntitySet]) -> None:
        self._store, self._sets = store, sets
        self._is_remembering = False
        self._there: set[tuple[str, Key]] = set()
        self._rows: dict[tuple[str, tuple[str, ...], Key], Values] = {}
        self._changing = ""

    @contextmanager
    def remembering(self, changing: EntitySet) -> Generator[None]:
        """Remember what is found, inside; not of the set that is written meanwhile."""
        self._is_remembering, self._changing = True, changing.name
        try:
            yield
        finally:
            self._is_remembering = False
            self._there.clear()
            self._rows.clear()

    def exists(self, entity_set: EntitySet, key: Key) -> bool:
        """Whether a record of this key is there."""
        if not self._is_remembering:
            return entity_set.records.exists(key)
        if (entity_set.name, key) in self._there:
            return True
        found = entity_set.records.exists(key)
        if found and entity_set.name != self._changing and len(self._there) < REMEMBERED:
            self._there.add((entity_set.name, key))
        return found

    def row(self, entity_set: str, key: Key, names: tuple[str, ...]) -> Values | None:
        """Some columns of a record, or None: not its hundreds of columns."""
        known = self._rows.get((entity_set, names, key))
        if known is not None:
            return known
        table = self._sets[entity_set].table
        columns = ", ".join(map(quoted, names))
        where = " AND ".join(f"{quoted(name)}=?" for name in table.key)
        row: tuple[Any, ...] | None = self._store.read(
            f"SELECT {columns} FROM {quoted(table.sql)} WHERE {where}", key
        ).fetchone()
        if row is None:
            return None
        found = dict(zip(names, row, strict=True))
        if self._is_remembering and entity_set != self._changing and len(self._rows) < REMEMBERED:
            self._rows[entity_set, names, key] = found
        return found

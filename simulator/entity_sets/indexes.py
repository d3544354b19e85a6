"""Indexes made on demand: a query that scans or sorts a large table gets one for its next runs.

The real services index what customers query; here the query itself says what that is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from windtunnel.simulator.entity_sets.records import Records
from windtunnel.simulator.kernel.store import Store

SMALL_TABLE = 2_000
"""Records below which a scan is as good as an index."""

INDEXES_PER_TABLE = 12
COLUMNS_PER_INDEX = 6


class IndexAdvisor:
    """Looks at how SQLite runs a query and adds the index that would serve it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._made: dict[str, set[tuple[str, ...]]] = {}

    def improve(
        self,
        records: Records,
        sql: str,
        parameters: Sequence[Any],
        *,
        equal: Sequence[str],
        order: Sequence[str],
        compared: Sequence[str] = (),
    ) -> bool:
        """Create an index over `equal` and then `order` (wire names) if the query needs one.

        `equal` are columns compared with one value each, `order` those sorted by, all in one
        direction, with the key at the end. `compared` columns stand last, so that rows they refuse
        are not read. Returns whether an index was made.
        """
        columns = tuple(dict.fromkeys((*equal, *order, *compared)))[:COLUMNS_PER_INDEX]
        made = self._made.setdefault(records.table.sql, set())
        if not columns or columns in made or len(made) >= INDEXES_PER_TABLE:
            return False
        if columns == records.key or records.rough_count() < SMALL_TABLE:
            return False
        if not self._is_slow(sql, parameters):
            return False
        records.create_index(columns)
        records.analyze()
        made.add(columns)
        return True

    def _is_slow(self, sql: str, parameters: Sequence[Any]) -> bool:
        steps = self._store.read(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()
        return any(
            detail.startswith("SCAN") or "TEMP B-TREE FOR ORDER BY" in detail
            for *_, detail in steps
        )

    def forget(self) -> None:
        """After a reset the indexes made since are gone."""
        self._made.clear()

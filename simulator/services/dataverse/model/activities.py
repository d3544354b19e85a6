"""`activitypointer`: one row for every activity of whatever kind, kept in the same transaction.

Source: "Activity tables". A change of a row of `activitypointer` itself goes to the activity; rows
are made by making an activity only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windtunnel.simulator.kernel.changes import Change, Changes, Operation
from windtunnel.simulator.services.dataverse.model.tables import (
    NAMESPACE,
    VERSION,
    DataverseTable,
    Tables,
)

POINTER = "activitypointer"
_KEY, _TYPE = "activityid", "activitytypecode"


class Activities:
    """Follows the tables of activities, those of users included."""

    def __init__(self, changes: Changes, tables: Tables) -> None:
        self._changes, self._tables = changes, tables
        self._followed: set[str] = set()
        self._is_ours = False
        changes.hook(NAMESPACE + POINTER, self._pointer_changed)

    def follow(self) -> None:
        """Listen to the tables of activities that are served now."""
        for served in self._tables.by_name.values():
            if is_activity(served) and served.name not in self._followed:
                self._followed.add(served.name)
                self._changes.hook(served.table.entity_type, self._activity_changed)

    def _row(self, table: str, values: Mapping[str, Any]) -> dict[str, Any]:
        columns = self._tables.by_name[POINTER].table.columns
        return {**{name: v for name, v in values.items() if name in columns}, _TYPE: table}

    def _activity_changed(self, change: Change) -> None:
        """An activity was written: its row is written with it."""
        if self._is_ours:
            return
        table = change.entity.removeprefix(NAMESPACE)
        records = self._tables.by_name[POINTER].records
        self._is_ours = True
        try:
            if change.operation is Operation.DELETE:
                records.delete(change.key, user=change.user)
                return
            row = self._row(table, change.values)
            row.pop(VERSION, None)
            if change.operation is Operation.CREATE:
                records.insert({**row, _KEY: change.key[0]}, user=change.user)
            else:
                records.update(change.key, row, user=change.user)
        finally:
            self._is_ours = False

    def _pointer_changed(self, change: Change) -> None:
        """Somebody wrote a row of `activitypointer`: the activity behind it is written."""
        if self._is_ours:
            return
        self._is_ours = True
        try:
            for name in self._followed:
                served = self._tables.by_name.get(name)
                if served is None or not served.records.exists(change.key):
                    continue
                if change.operation is Operation.DELETE:
                    served.records.delete(change.key, user=change.user)
                else:
                    values = {n: v for n, v in change.values.items() if served.has(n)}
                    values.pop(VERSION, None)
                    served.records.update(change.key, values, user=change.user)
        finally:
            self._is_ours = False


def is_activity(served: DataverseTable) -> bool:
    """Whether records of this table are activities."""
    return served.primary_id == _KEY and served.name != POINTER

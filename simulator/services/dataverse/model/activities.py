"""`activitypointer`: one row for every activity of whatever kind, kept in the same transaction.

Source: "Activity tables". A change of a row of `activitypointer` itself goes to the activity; rows
are made by making an activity only. The owner of an activity and what it is about are parties of it
("ActivityParty table": Owner, Regarding), kept in step with the two lookups.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windtunnel.simulator.kernel.changes import Change, Changes, Operation
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.services.dataverse.model.tables import (
    NAMESPACE,
    VERSION,
    DataverseTable,
    Tables,
)

POINTER, PARTY = "activitypointer", "activityparty"
REGARDING, OWNER = 8, 9
_KEPT = {"_ownerid_value": OWNER, "_regardingobjectid_value": REGARDING}
"""Lookups of an activity and the kind of party that repeats them."""
KEPT_PARTIES = frozenset(_KEPT.values())
_PLAIN = dict.fromkeys(
    ("donotemail", "donotfax", "donotphone", "donotpostalmail", "ispartydeleted"), 0
) | {"instancetypecode": 0}
_KEY, _TYPE = "activityid", "activitytypecode"


class Activities:
    """Follows the tables of activities, those of users included."""

    def __init__(self, changes: Changes, tables: Tables, ids: Ids) -> None:
        self._changes, self._tables, self._ids = changes, tables, ids
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
        if change.operation is not Operation.DELETE and not _KEPT.keys().isdisjoint(change.values):
            self._keep_parties(change)
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
                    if not _KEPT.keys().isdisjoint(values):
                        self._keep_parties(change)
                    served.records.update(change.key, values, user=change.user)
        finally:
            self._is_ours = False

    def _keep_parties(self, change: Change) -> None:
        """Let the parties of an activity say what its lookups say."""
        records, key = self._tables.by_name[PARTY].records, change.key[0]
        owner = change.values.get("_ownerid_value")
        for column, kind in _KEPT.items():
            if column not in change.values:
                continue
            party, found = change.values[column], []
            if change.operation is not Operation.CREATE:
                wanted = {"_activityid_value": key, "participationtypemask": kind}
                found = records.find(wanted, 1)
            if party is None:
                for row in found:
                    records.delete((row["activitypartyid"],), user=change.user)
            elif found:
                told = {"_partyid_value": party}
                records.update((found[0]["activitypartyid"],), told, user=change.user)
            else:
                values = {
                    **_PLAIN,
                    "activitypartyid": self._ids.uuid(),
                    "_activityid_value": key,
                    "_partyid_value": party,
                    "participationtypemask": kind,
                    "_ownerid_value": owner,
                }
                records.insert(values, user=change.user)


def is_activity(served: DataverseTable) -> bool:
    """Whether records of this table are activities."""
    return served.primary_id == _KEY and served.name != POINTER

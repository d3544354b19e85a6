"""What comes with business units: each has a default team, and every role of the units above.

A role of a unit below is a row of its own that points at the root role; privileges are the root's.
Sources: "Security concepts in Microsoft Dataverse", "Role table reference".
"""

from __future__ import annotations

from typing import Any, Final

from windtunnel.simulator.kernel.changes import Change, Changes, Operation
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.services.dataverse.model.tables import NAMESPACE, Tables

_COPIED: Final[tuple[str, ...]] = (
    "name",
    "ismanaged",
    "createdon",
    "modifiedon",
    "_createdby_value",
    "_modifiedby_value",
    "_roletemplateid_value",
    "_parentrootroleid_value",
)


class Units:
    """Follows business units and roles as they come and go."""

    def __init__(self, changes: Changes, ids: Ids, tables: Tables) -> None:
        self._ids, self._tables = ids, tables
        changes.hook(f"{NAMESPACE}businessunit", self._unit_changed)
        changes.hook(f"{NAMESPACE}role", self._role_changed)

    def _unit_changed(self, change: Change) -> None:
        if change.operation is not Operation.CREATE:
            return
        unit, user = str(change.key[0]), change.user
        teams = self._tables.by_name["team"]
        key = self._ids.uuid()
        values: dict[str, Any] = {
            "teamid": key,
            "ownerid": key,
            "name": change.values.get("name"),
            "isdefault": 1,
            "teamtype": 0,
            "_businessunitid_value": unit,
            **{
                name: change.values[name]
                for name in ("createdon", "modifiedon", "_createdby_value", "_modifiedby_value")
                if name in change.values
            },
        }
        teams.records.insert({n: v for n, v in values.items() if teams.has(n)}, user=user)
        above = change.values.get("_parentbusinessunitid_value")
        for role in self._tables.by_name["role"].records.find(
            {"_businessunitid_value": above}, 10_000
        ):
            self._copy(role, unit, user)

    def _role_changed(self, change: Change) -> None:
        roles, key = self._tables.by_name["role"].records, str(change.key[0])
        if change.operation is Operation.DELETE:
            for copy in roles.find({"_parentroleid_value": key}, 10_000):
                roles.delete((copy["roleid"],), user=change.user)
        elif change.operation is Operation.UPDATE and "name" in change.values:
            for copy in roles.find({"_parentroleid_value": key}, 10_000):
                roles.update((copy["roleid"],), {"name": change.values["name"]}, user=change.user)
        elif change.operation is Operation.CREATE:
            if change.values.get("_parentrootroleid_value") is None:
                roles.update((key,), {"_parentrootroleid_value": key}, user=change.user)
            role = roles.get((key,)) or {}
            for unit in self._below(role.get("_businessunitid_value")):
                self._copy(role, unit, change.user)

    def _below(self, unit: str | None) -> list[str]:
        if unit is None:
            return []
        units = self._tables.by_name["businessunit"].records
        rows = units.find({"_parentbusinessunitid_value": unit}, 10_000)
        return [row["businessunitid"] for row in rows]

    def _copy(self, role: dict[str, Any], unit: str, user: str) -> None:
        """The role for a unit right below the role's own; its creation goes on downwards."""
        values = {name: role[name] for name in _COPIED if name in role}
        values["_parentrootroleid_value"] = role["_parentrootroleid_value"] or role["roleid"]
        key = self._ids.uuid()
        values |= {
            "roleid": key,
            "_parentroleid_value": role["roleid"],
            "_businessunitid_value": unit,
        }
        self._tables.by_name["role"].records.insert(values, user=user)

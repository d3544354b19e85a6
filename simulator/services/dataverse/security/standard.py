"""The rows behind security: privileges of all tables, standard roles, who has which role."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from windtunnel.contracts.entities.dataverse.roles import (
    ACCESS,
    BASIC,
    DEEP,
    GLOBAL,
    LOCAL,
    Privilege,
    standard_roles,
)
from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.clock import Clock, iso_seconds
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.dataverse.guard import DataverseUser
from windtunnel.simulator.services.dataverse.model.tables import VERSION, Tables

Row = dict[str, Any]


class Standard:
    """Writes and completes those rows. Ids of roles and links are drawn from `ids`."""

    def __init__(
        self, store: Store, changes: Changes, clock: Clock, ids: Ids, tables: Tables
    ) -> None:
        self._store, self._changes, self._clock = store, changes, clock
        self._ids, self._tables = ids, tables

    def prepare(self, users: Iterable[DataverseUser], privileges: Mapping[str, Privilege]) -> None:
        """On an environment without roles the standard ones, held as the settings say."""
        if not self._tables.by_name["role"].records.count():
            self._add_roles()
            self._assign(users)
        self.complete(privileges)

    def complete(self, privileges: Mapping[str, Privilege]) -> None:
        """Let the rows of privileges be those that the tables have; roles get the new ones."""
        rows = self._store.read("SELECT name, privilegeid FROM privilege").fetchall()
        there = dict(rows)
        gone = [key for name, key in rows if name not in privileges]
        for key in gone:
            self._store.write("DELETE FROM privilege WHERE privilegeid = ?", (key,))
            self._store.write("DELETE FROM roleprivileges WHERE privilegeid = ?", (key,))
        fresh = [found for name, found in privileges.items() if name not in there]
        if not fresh:
            return
        self._add("privilege", [_row_of(privilege) for privilege in fresh])
        self._grant(fresh)

    def _grant(self, privileges: Sequence[Privilege]) -> None:
        roles = self._roles()
        links: list[Row] = []
        for role in standard_roles():
            for key in roles.get(role.name, ()):
                for privilege in privileges:
                    served = self._tables.by_name.get(privilege.table)
                    custom = served is not None and served.definition.is_custom
                    depth = role.allows(privilege, is_custom=custom)
                    if depth:
                        links.append(
                            {
                                "roleprivilegeid": self._ids.uuid(),
                                "roleid": key,
                                "privilegeid": privilege.privilege_id,
                                "privilegedepthmask": depth,
                                "canbedeleted": 1,
                            }
                        )
        self._add("roleprivileges", links)

    def _roles(self) -> dict[str, list[str]]:
        """The rows of standard roles by name."""
        rows = self._store.read(
            'SELECT name, roleid FROM role WHERE ismanaged = 1 AND "_parentroleid_value" IS NULL'
        ).fetchall()
        found: dict[str, list[str]] = {}
        for name, key in rows:
            found.setdefault(name, []).append(key)
        return found

    def _add_roles(self) -> None:
        units = self._tables.by_name["businessunit"].records.find({}, 1)
        unit = units[0]["businessunitid"] if units else None
        templates = [
            {"roletemplateid": role.template_id, "name": role.name}
            for role in standard_roles()
            if role.template_id
        ]
        self._add("roletemplate", templates)
        rows: list[Row] = []
        for role in standard_roles():
            key = self._ids.uuid()
            rows.append(
                {
                    "roleid": key,
                    "roleidunique": self._ids.uuid(),
                    "name": role.name,
                    "_businessunitid_value": unit,
                    "_roletemplateid_value": role.template_id or None,
                    "_parentrootroleid_value": key,
                    "ismanaged": 1,
                    "iscustomizable": 1,
                    "canbedeleted": 1,
                }
            )
        self._add("role", rows)

    def _assign(self, users: Iterable[DataverseUser]) -> None:
        roles = self._roles()
        links: list[Row] = []
        for user in users:
            for name in user.roles:
                found = roles.get(name)
                if found is None:
                    known = ", ".join(sorted(roles))
                    raise UsageError(
                        f"there is no security role '{name}'",
                        where=f"dataverse_roles of {user.name}",
                        remedy=f"use one of: {known}",
                    )
                links.append(
                    {
                        "systemuserroleid": self._ids.uuid(),
                        "systemuserid": user.user_id,
                        "roleid": found[0],
                    }
                )
        self._add("systemuserroles", links)

    def _add(self, table: str, rows: Sequence[Row]) -> None:
        served = self._tables.by_name[table]
        if not rows:
            return
        now, whole = iso_seconds(self._clock.now()), []
        version = self._changes.last
        moments = [name for name in ("createdon", "modifiedon") if served.has(name)]
        for row in rows:
            version += 1
            kept = {name: value for name, value in row.items() if served.has(name)}
            whole.append({**kept, **dict.fromkeys(moments, now), VERSION: version})
        names = list(whole[0])
        served.records.seed(names, [[row[name] for name in names] for row in whole])
        self._changes.skip_to(version)


def _row_of(privilege: Privilege) -> Row:
    depths = privilege.depths
    return {
        "privilegeid": privilege.privilege_id,
        "name": privilege.name,
        "accessright": ACCESS.get(privilege.right, 0),
        "canbebasic": int(BASIC in depths),
        "canbelocal": int(LOCAL in depths),
        "canbedeep": int(DEEP in depths),
        "canbeglobal": int(GLOBAL in depths),
        "canbeentityreference": 0,
        "canbeparententityreference": 0,
        "ismanaged": 1,
    }

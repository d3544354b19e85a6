"""Roles, teams and business units of a principal, put together to one Access."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

from windtunnel.contracts.entities.dataverse.roles import (
    ADMINISTRATOR_TEMPLATE,
    BASIC,
    DEEP,
    GLOBAL,
    LOCAL,
    Privilege,
)
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.dataverse.security.access import Access, Reach
from windtunnel.simulator.services.dataverse.security.columns import permissions

Roles = list[tuple[str, str]]
"""Role ids, each with the business unit of the user or team that holds it."""

_TEAMS = (
    'SELECT t.teamid, t."_businessunitid_value" FROM team t WHERE t.teamid IN '
    "(SELECT teamid FROM teammembership WHERE systemuserid = ?) "
    'OR (t.isdefault = 1 AND t."_businessunitid_value" = ?)'
)
_BELOW = (
    "WITH RECURSIVE below(id) AS (SELECT ? UNION SELECT b.businessunitid FROM businessunit b "
    'JOIN below ON b."_parentbusinessunitid_value" = below.id) SELECT id FROM below'
)
_RESTRICTED = (
    "SELECT 1 FROM systemuser u WHERE u.isdisabled = 1 OR NOT EXISTS "
    "(SELECT 1 FROM systemuserroles x JOIN role r ON r.roleid = x.roleid "
    'WHERE x.systemuserid = u.systemuserid AND r."_roletemplateid_value" = ?) LIMIT 1'
)


class Builder:
    """Reads what gives rights. A default team has every user of its business unit as a member."""

    def __init__(self, store: Store) -> None:
        self._store, self._numbers = store, count(1)

    def has_restricted_users(self) -> bool:
        """Whether any user is disabled or no administrator by a role of its own."""
        return self._store.read(_RESTRICTED, (ADMINISTRATOR_TEMPLATE,)).fetchone() is not None

    def teams(self, user: str, unit: str) -> list[tuple[str, str]]:
        """The teams of a user, with their business units."""
        return [(team, at or "") for team, at in self._store.read(_TEAMS, (user, unit)).fetchall()]

    def roles(self, user: str, unit: str, teams: Iterable[tuple[str, str]]) -> Roles:
        """The roles of a user and of its teams."""
        own = self._store.read("SELECT roleid FROM systemuserroles WHERE systemuserid = ?", (user,))
        found = [(role, unit) for (role,) in own.fetchall()]
        for team, at in teams:
            found += self.team_roles(team, at)
        return found

    def team_roles(self, team: str, unit: str) -> Roles:
        """The roles of a team."""
        rows = self._store.read("SELECT roleid FROM teamroles WHERE teamid = ?", (team,))
        return [(role, unit) for (role,) in rows.fetchall()]

    def templates(self, user: str, unit: str) -> set[str]:
        """The templates that the roles of a user were made from."""
        found = set()
        for role, _ in self.roles(user, unit, self.teams(user, unit)):
            row = self._store.read(
                'SELECT "_roletemplateid_value" FROM role WHERE roleid = ?', (role,)
            ).fetchone()
            if row is not None and row[0]:
                found.add(row[0])
        return found

    def depths(self, roles: Roles) -> dict[str, dict[str, int]]:
        """Privilege name to its greatest depth in each business unit."""
        found: dict[str, dict[str, int]] = {}
        for role, unit in roles:
            rows = self._store.read(
                "SELECT p.name, x.privilegedepthmask FROM roleprivileges x "
                "JOIN privilege p ON p.privilegeid = x.privilegeid WHERE x.roleid = "
                '(SELECT coalesce(r."_parentrootroleid_value", r.roleid) FROM role r '
                "WHERE r.roleid = ?)",
                (role,),
            ).fetchall()
            for name, depth in rows:
                by_unit = found.setdefault(name, {})
                by_unit[unit] = max(by_unit.get(unit, 0), depth or BASIC)
        return found

    def build(
        self, user: Mapping[str, Any], privileges: Mapping[str, Privilege], cap: Access | None
    ) -> Access | None:
        """What a user (a row of systemuser) may do; None for everything.

        With `cap` only what another caller may do too, as far as both reach.
        """
        key, unit = user["systemuserid"], user["_businessunitid_value"] or ""
        teams = self.teams(key, unit)
        roles = self.roles(key, unit, teams)
        is_administrator = ADMINISTRATOR_TEMPLATE in self.templates(key, unit)
        if is_administrator and cap is None:
            return None
        depths = self.depths(roles)
        if is_administrator:
            depths = {name: {unit: GLOBAL} for name in privileges}
        if cap is not None:
            depths = _capped(depths, privileges, cap)
        owners = (key, *(team for team, _ in teams))
        return self._access(
            *(key, unit, owners, depths, privileges),
            role_count=len(roles),
            access_mode=int(user.get("accessmode") or 0),
        )

    def of_team(self, team: str, unit: str, privileges: Mapping[str, Privilege]) -> Access | None:
        """What the roles of a team allow; None for everything."""
        roles = self.team_roles(team, unit)
        for role, _ in roles:
            row = self._store.read(
                'SELECT "_roletemplateid_value" FROM role WHERE roleid = ?', (role,)
            ).fetchone()
            if row is not None and row[0] == ADMINISTRATOR_TEMPLATE:
                return None
        depths = self.depths(roles)
        return self._access(team, unit, (team,), depths, privileges, role_count=len(roles))

    def _access(
        self,
        principal: str,
        unit: str,
        owners: tuple[str, ...],
        depths: Mapping[str, Mapping[str, int]],
        privileges: Mapping[str, Privilege],
        *,
        role_count: int,
        access_mode: int = 0,
    ) -> Access:
        below: dict[str, frozenset[str]] = {}
        reaches: dict[tuple[str, str], Reach] = {}
        greatest: dict[str, int] = {}
        for name, by_unit in depths.items():
            privilege = privileges.get(name)
            if privilege is None:
                continue
            greatest[name] = max(by_unit.values())
            if privilege.table:
                reaches[privilege.table, privilege.right] = self._reach(by_unit, below)
        return Access(
            number=next(self._numbers),
            user_id=principal,
            unit=unit,
            owners=owners,
            reaches=reaches,
            others=frozenset(name for name in greatest if not privileges[name].table),
            columns=permissions(self._store, principal, owners[1:] or (principal,)),
            depths=greatest,
            role_count=role_count,
            privilege_count=len(greatest),
            access_mode=access_mode,
        )

    def _reach(self, by_unit: Mapping[str, int], below: dict[str, frozenset[str]]) -> Reach:
        units: set[str] = set()
        for unit, depth in by_unit.items():
            if depth >= GLOBAL:
                return Reach(everywhere=True)
            if depth >= DEEP:
                if unit not in below:
                    rows = self._store.read(_BELOW, (unit,)).fetchall()
                    below[unit] = frozenset(row[0] for row in rows)
                units |= below[unit]
            elif depth >= LOCAL:
                units.add(unit)
        return Reach(units=frozenset(units))


def _capped(
    depths: Mapping[str, Mapping[str, int]], privileges: Mapping[str, Privilege], cap: Access
) -> dict[str, dict[str, int]]:
    """Only privileges that the other has too, no deeper than the other has them."""
    return {
        name: {unit: min(depth, cap.depths[name]) for unit, depth in by_unit.items()}
        for name, by_unit in depths.items()
        if name in privileges and name in cap.depths
    }

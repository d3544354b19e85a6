"""Who the caller of the present request is, and whether what it does is allowed.

Everything that depends on roles, teams and business units is kept until one of them changes. While
every user is an administrator, requests do not come here at all (`is_needed`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final

from windtunnel.contracts.entities.dataverse.roles import (
    ACCESS,
    ACT_ON_BEHALF,
    RIGHTS,
    Privilege,
    governed_by,
    miscellaneous_privileges,
    privileges_of,
)
from windtunnel.simulator.exchange import Exchange, Identity, Request, Response
from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.store import Store, quoted
from windtunnel.simulator.kernel.tokens import Claims
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.tables import NAMESPACE, DataverseTable, Tables
from windtunnel.simulator.services.dataverse.security.access import (
    Access,
    Reach,
    condition,
    covers,
    places,
)
from windtunnel.simulator.services.dataverse.security.building import Builder
from windtunnel.simulator.services.dataverse.security.columns import secured_columns
from windtunnel.simulator.services.dataverse.security.refusals import no_access, no_privilege
from windtunnel.simulator.services.dataverse.security.shares import Shares

EVERYWHERE: Final = Reach(everywhere=True)
_OWN: Final = Reach()
_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_WATCHED: Final = (
    "systemuser",
    "team",
    "businessunit",
    "role",
    "privilege",
    "roleprivileges",
    "systemuserroles",
    "teamroles",
    "teammembership",
    "fieldsecurityprofile",
    "fieldpermission",
    "systemuserprofiles",
    "teamprofiles",
)


class Security:
    """The rights of callers. `current` is the access of the present one; None may do everything.

    `number` tells apart what was worked out for different callers; 0 for those who may do
    everything. `actor` is who really calls where the caller acts as another user.
    """

    def __init__(self, store: Store, changes: Changes, tables: Tables) -> None:
        self._store, self._tables = store, tables
        self.shares = Shares(store, tables)
        self._builder = Builder(store)
        self._known: dict[tuple[str, str], Access | None] = {}
        self._units: dict[str, str] = {}
        self._privileges: dict[tuple[str, str], Privilege] = {}
        self._by_name: dict[str, Privilege] = {}
        self._version = -1
        self._sources: dict[tuple[int, str], str] = {}
        self._stale = True
        self.is_needed = True
        self.current: Access | None = None
        self.number = 0
        self.actor = ""
        for name in _WATCHED:
            changes.hook(NAMESPACE + name, lambda _: self.forget())
        tables.readable = self.source

    def prepare(self) -> None:
        """The tables are there: make what checks search by, and look at the users."""
        self.shares.prepare()
        self._stale = True
        self.refresh()

    # -- what is known ------------------------------------------------------------------------

    def forget(self) -> None:
        """Something that rights depend on has changed: look again at the next request."""
        self._stale = self.is_needed = True
        self._units.clear()

    def refresh(self) -> None:
        """Drop what has gone stale, and find out whether requests have to be looked at."""
        if self._stale:
            self._stale = False
            self._known.clear()
            self._units.clear()
            self.is_needed = self._builder.has_restricted_users()
        self._names()

    def _names(self) -> dict[str, Privilege]:
        if self._version != self._tables.version:
            self._version = self._tables.version
            self._sources.clear()
            self._known.clear()
            every = [p for t in self._tables.definitions.values() for p in privileges_of(t)]
            self._privileges = {(p.table, p.right): p for p in every}
            self._by_name = {p.name: p for p in (*every, *miscellaneous_privileges())}
        return self._by_name

    @property
    def privileges(self) -> Mapping[str, Privilege]:
        """All privileges by name."""
        return self._names()

    def unit_of(self, user: str) -> str:
        """The business unit of a user; `` where there is no such user."""
        unit = self._units.get(user)
        if unit is None:
            row = self._tables.by_name["systemuser"].records.get((user,)) or {}
            unit = self._units[user] = row.get("_businessunitid_value") or ""
        return unit

    def access_of(self, user: str, cap: Access | None = None) -> Access | None:
        """What a user may do; None for everything. `cap` limits it to what another may do too.

        Raises NotMember for no user and UserDisabled.
        """
        key = (user, cap.user_id if cap is not None else "")
        if key not in self._known:
            row = self._tables.by_name["systemuser"].records.get((user,))
            if row is None:
                raise errors.NotMember
            if row["isdisabled"]:
                raise errors.UserDisabled
            self._known[key] = self._builder.build(row, self._names(), cap)
        return self._known[key]

    def depths_of_user(self, user: str) -> dict[str, dict[str, int]]:
        """Privilege name to depth by business unit, of a user and its teams."""
        unit = self.unit_of(user)
        return self._builder.depths(
            self._builder.roles(user, unit, self._builder.teams(user, unit))
        )

    def depths_of_team(self, team: str) -> dict[str, dict[str, int]]:
        """The same of a team."""
        return self._builder.depths(self._builder.team_roles(team, self.owner_of(team)[2]))

    def depths_of_roles(self, roles: list[tuple[str, str]]) -> dict[str, dict[str, int]]:
        """The same of roles, each with its business unit."""
        return self._builder.depths(roles)

    def user_of(self, claims: Claims) -> Identity | None:
        """The user of a token among the rows: one that was added while the environment ran."""
        users = self._tables.by_name["systemuser"].records
        rows: list[dict[str, Any]] = []
        if claims.app_id and not claims.user_name:
            rows = users.find({"applicationid": claims.app_id}, 1)
        if not rows and claims.object_id:
            rows = users.find({"azureactivedirectoryobjectid": claims.object_id}, 1)
        return _identity(rows[0]) if rows else None

    # -- requests -----------------------------------------------------------------------------

    def run(self, exchange: Exchange, step: Callable[[Exchange], Response]) -> Response:
        """Answer a request with the rights of its caller, who may act as another user."""
        self.refresh()
        caller = exchange.identity
        if not caller.user_id:
            return step(exchange)
        access = self.access_of(caller.user_id)
        acting = self._impersonated(exchange.request, access)
        actor = ""
        if acting is not None and acting.user_id != caller.user_id:
            access = self.access_of(acting.user_id, access)
            exchange.identity, actor = acting, caller.user_id
        try:
            with self._rights(access, actor):
                return step(exchange)
        finally:
            exchange.identity = caller

    @contextmanager
    def _rights(self, access: Access | None, actor: str = "") -> Generator[None]:
        before = self.current, self.number, self.actor
        self.current, self.actor = access, actor
        self.number = 0 if access is None else access.number
        try:
            yield
        finally:
            self.current, self.number, self.actor = before

    def acting_as(self, user: str) -> AbstractContextManager[None]:
        """With the rights of a user: work that was asked for earlier. Raises UserDisabled."""
        self.refresh()
        return self._rights(self.access_of(user))

    def as_service(self) -> AbstractContextManager[None]:
        """With all rights: what the service writes down by itself."""
        return self._rights(None, self.actor)

    def _impersonated(self, request: Request, access: Access | None) -> Identity | None:
        """The user named by CallerObjectId or MSCRMCallerID.

        Source: "Impersonate another user using the Web API".
        """
        by_object = request.header("callerobjectid").strip().strip("{}").lower()
        by_id = request.header("mscrmcallerid").strip().strip("{}").lower()
        if not (by_object or by_id):
            return None
        wanted = by_object or by_id
        if _GUID.fullmatch(wanted) is None:
            raise errors.BadCallerId(value=wanted)
        column = "azureactivedirectoryobjectid" if by_object else "systemuserid"
        rows = self._tables.by_name["systemuser"].records.find({column: wanted}, 1)
        if access is not None and ACT_ON_BEHALF not in access.others:
            raise errors.CannotActOnBehalf
        if not rows:
            raise errors.NotMember if by_object else errors.UnknownCallerId(id=wanted)
        return _identity(rows[0])

    # -- checks -------------------------------------------------------------------------------

    def reach(self, served: DataverseTable, right: str) -> Reach:
        """How far the caller's right on a table goes. Raises PrivilegeMissing."""
        access = self.current
        if access is None:
            return EVERYWHERE
        if served.definition.is_intersect:
            return EVERYWHERE if right == "Read" else self._linking(served)
        name = governed_by(served.definition)
        if not name:
            if right != "Read":
                raise errors.PrivilegeMissing(
                    problem=f"Records of '{served.name}' are written by the service."
                )
            return _OWN
        found = access.reaches.get((name, right))
        if found is None:
            raise no_privilege(access, served, self._privilege(name, right))
        return found

    def demand_everywhere(self, served: DataverseTable, right: str) -> None:
        """Raise PrivilegeMissing where the caller's right does not go to all rows of a table."""
        access = self.current
        if access is None or self.reach(served, right).everywhere or not any(places(served)):
            return
        raise no_privilege(access, served, self._privilege(governed_by(served.definition), right))

    def may(self, served: DataverseTable, right: str) -> bool:
        """Whether the caller has a right on a table at any depth."""
        access = self.current
        name = governed_by(served.definition)
        return access is None or not name or (name, right) in access.reaches

    def _linking(self, served: DataverseTable) -> Reach:
        """A link needs Append on one side and AppendTo on the other."""
        ends = [column[:-2] for column in served.definition.columns if column.endswith("id")]
        tables = [self._tables.by_name[end] for end in ends if end in self._tables.by_name]
        for right in ("Append", "AppendTo"):
            for end in tables:
                if end.name != served.name:
                    self.reach(end, right)
        return EVERYWHERE

    def _privilege(self, table: str, right: str) -> Privilege:
        found = self._privileges.get((table, right))
        return found or Privilege("00000000-0000-0000-0000-000000000000", f"prv{right}{table}")

    def demand(self, name: str) -> None:
        """Raise PrivilegeMissing where the caller lacks a privilege that belongs to no table."""
        access = self.current
        if access is not None and name not in access.others:
            raise no_privilege(access, None, self._by_name[name])

    def check(self, served: DataverseTable, key: str, *rights: str) -> None:
        """Raise PrivilegeMissing or AccessDenied where the caller lacks rights on a record.

        A record that is not there is nobody's: only the privileges are looked at.
        """
        if self.current is None:
            return
        for right in rights:
            self.reach(served, right)
        row = served.records.get((key,))
        if row is not None:
            for right in rights:
                self.check_row(served, row, right)

    def check_row(self, served: DataverseTable, row: Mapping[str, Any], right: str) -> None:
        """Raise PrivilegeMissing or AccessDenied where the caller lacks a right on this row."""
        access = self.current
        if access is None:
            return
        if not self.allows(access, served, row, right):
            raise no_access(access, served, row, right)

    def allows(
        self, access: Access, served: DataverseTable, row: Mapping[str, Any], right: str
    ) -> bool:
        """Whether a right holds for a row, by roles or by a share."""
        if covers(access, self.reach(served, right), served, row):
            return True
        return self.shares.has(access.owners, str(row[served.primary_id]), right)

    def check_file(self, served: DataverseTable, key: str, column: str, right: str) -> None:
        """Raise where the caller may not read or write a file or image column of a record."""
        if self.current is None:
            return
        self.check(served, key, right)
        if right == "Write":
            self.check_columns(served, {column: None}, is_new=False)
        elif column in self.unreadable(served):
            raise errors.ColumnReadDenied(
                column=served.definition.columns[column].logical_name,
                table=served.definition.label or served.name,
            )

    # -- reading ------------------------------------------------------------------------------

    def source(self, served: DataverseTable) -> str:
        """SQL to read a table from: itself, or the rows and columns that the caller may see."""
        access = self.current
        if access is None:
            return quoted(served.table.sql)
        text = self._sources.get((access.number, served.name))
        if text is None:
            text = self._source(access, served)
            if len(self._sources) > 4096:
                self._sources.clear()
            self._sources[access.number, served.name] = text
        return text

    def _source(self, access: Access, served: DataverseTable) -> str:
        where = condition(access, self.reach(served, "Read"), "Read", served)
        hidden = self.unreadable(served)
        table = quoted(served.table.sql)
        if not (where or hidden):
            return table
        shown = "*"
        if hidden:
            shown = ", ".join(
                f"NULL AS {quoted(name)}" if name in hidden else quoted(name)
                for name in served.records.names
            )
        return f"(SELECT {shown} FROM {table}{f' WHERE {where}' if where else ''})"

    def unreadable(self, served: DataverseTable) -> frozenset[str]:
        """The secured columns of a table that the caller sees as null."""
        return self._lacking(served, "Read")

    def _lacking(self, served: DataverseTable, right: str) -> frozenset[str]:
        access = self.current
        if access is None:
            return frozenset()
        return frozenset(
            name
            for name in secured_columns(served.definition)
            if right not in access.columns.get((served.name, name), ())
        )

    # -- writing ------------------------------------------------------------------------------

    def check_columns(
        self, served: DataverseTable, values: Mapping[str, Any], *, is_new: bool
    ) -> None:
        """Raise where a secured column is written without permission."""
        lacking = self._lacking(served, "Create" if is_new else "Update")
        for name in values:
            if name in lacking:
                kind = errors.ColumnCreateDenied if is_new else errors.ColumnUpdateDenied
                column = served.definition.columns[name].logical_name
                label = served.definition.label or served.name
                user = self.current.user_id if self.current is not None else ""
                raise kind(id=user, column=column, table=label)

    def owner_of(self, owner: str) -> tuple[str | None, str | None, str]:
        """(user, team, business unit) that an owner id stands for."""
        users, teams = self._tables.by_name["systemuser"], self._tables.by_name["team"]
        row = users.records.get((owner,))
        if row is not None:
            return owner, None, row["_businessunitid_value"] or ""
        row = teams.records.get((owner,)) or {}
        return None, owner, row.get("_businessunitid_value") or ""

    def kind_of_owner(self, owner: str) -> str:
        """The table of an owner: systemuser or team."""
        known = self._tables.by_name["systemuser"].records.exists((owner,))
        return "systemuser" if known else "team"

    def check_owner(self, served: DataverseTable, owner: str) -> None:
        """Raise PrivilegeMissing where a new owner could not even read the record."""
        name = governed_by(served.definition)
        user, team, unit = self.owner_of(owner)
        if not name:
            return
        access = (
            self._builder.of_team(owner, unit, self._names())
            if team is not None
            else self._quietly(user or "")
        )
        if access is not None and (name, "Read") not in access.reaches:
            raise no_privilege(
                access, served, self._privilege(name, "Read"), is_team=team is not None
            )

    def _quietly(self, user: str) -> Access | None:
        try:
            return self.access_of(user)
        except errors.UserDisabled:
            return None

    def rights_of(self, principal: str, served: DataverseTable, row: Mapping[str, Any]) -> int:
        """The AccessRights that a user or a team has on a row, as bits."""
        user, _, unit = self.owner_of(principal)
        names = self._names()
        access = (
            self.access_of(principal)
            if user is not None
            else self._builder.of_team(principal, unit, names)
        )
        table = governed_by(served.definition)
        if access is None:
            return sum(ACCESS[right] for right in RIGHTS)
        key, found = str(row[served.primary_id]), 0
        for right in RIGHTS:
            reach = access.reaches.get((table, right))
            if reach is None:
                continue
            shared = self.shares.has(access.owners, key, right)
            if shared or covers(access, reach, served, row):
                found |= ACCESS[right]
        return found


def _identity(row: Mapping[str, Any]) -> Identity:
    """A row of systemuser as one who calls."""
    return Identity(
        row["systemuserid"],
        row["fullname"] or "",
        row["applicationid"] or "",
        row["azureactivedirectoryobjectid"] or "",
    )

"""Functions and actions of sharing, assigning and roles.

Sources: "GrantAccess Action" and its kin, "RetrieveUserPrivileges Function",
"AddPrivilegesRole Action", "SetBusinessSystemUser Action" of the Web API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from windtunnel.contracts.entities.dataverse.roles import ACCESS, DEPTHS, governed_by
from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.references import reference, reference_in
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.model.tables import NAMESPACE, DataverseTable
from windtunnel.simulator.services.dataverse.security.shares import GIVEN

_PRINCIPALS: Final = {"systemuser", "team"}
_NAMES: Final = {bit: f"{right}Access" for right, bit in ACCESS.items()}
_SHAREABLE: Final = sum(ACCESS.values()) & ~ACCESS["Create"]
_DEPTH_NAMES: Final = {mask: name for name, mask in DEPTHS.items()}
_NUMBERED: Final = dict(enumerate(DEPTHS))
"""PrivilegeDepth as the Web API numbers it: Basic 0 to Global 3."""


# -- sharing --------------------------------------------------------------------------------------


def _shown(mask: int) -> str:
    return ", ".join(name for bit, name in sorted(_NAMES.items()) if mask & bit) or "None"


def _target(call: Call, right: str) -> tuple[DataverseTable, str]:
    """The record to share. Raises where it cannot be shared, or the caller may not."""
    served, key = reference(call, "Target")
    if not served.has("_ownerid_value"):
        raise errors.InvalidArgument(
            problem=f"The entity '{served.name}' is not owned by users: it cannot be shared."
        )
    call.there.security.check(served, key, right)
    return served, key


def _principal(call: Call, name: str, value: dict[str, Any]) -> tuple[str, str]:
    """(table, id) of a user or a team."""
    served, key = reference_in(call, name, value)
    if served.name not in _PRINCIPALS:
        raise errors.InvalidArgument(problem=f"'{name}' must be a user or a team.")
    return served.name, key


def _given(call: Call) -> tuple[tuple[str, str], int]:
    """The principal and the rights of a PrincipalAccess."""
    value = call.arguments.get("PrincipalAccess")
    principal = value.get("Principal") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(principal, dict):
        raise errors.RequiredFieldMissing(name="PrincipalAccess")
    return _principal(call, "Principal", principal), _mask(call, value.get("AccessMask"))


def _mask(call: Call, value: Any) -> int:
    """AccessRights by names or number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value & _SHAREABLE
    members = call.there.messages.enum_types["AccessRights"].members
    found = 0
    for name in str(value or "").split(","):
        text = name.strip()
        if text.isdigit():
            found |= int(text)
        elif text in members:
            found |= members[text]
        else:
            raise errors.InvalidArgument(problem=f"'{text}' is no value of AccessRights.")
    return found & _SHAREABLE


def _share(call: Call, *, adds: bool) -> Answer:
    served, key = _target(call, "Share")
    principal, mask = _given(call)
    security = call.there.security
    for right, bit in ACCESS.items():
        if mask & bit:
            security.check(served, key, right)
    if adds:
        mask |= security.shares.given(key, principal[1])
    _set(call, served, key, principal, mask)
    return None


def _set(
    call: Call, served: DataverseTable, key: str, principal: tuple[str, str], mask: int
) -> None:
    """Give a principal these rights on a record, and what follows on its children."""
    shares = call.there.security.shares
    before = shares.mask(key, principal[1])
    shares.put(served, key, principal, {GIVEN: mask}, call.there.ids.uuid)
    after = shares.mask(key, principal[1])
    if before != after:
        call.there.writes.inheritance.share(served, key, principal, before, after)


def _grant(call: Call) -> Answer:
    return _share(call, adds=True)


def _modify(call: Call) -> Answer:
    return _share(call, adds=False)


def _revoke(call: Call) -> Answer:
    served, key = _target(call, "Share")
    principal = _principal(call, "Revokee", call.arguments["Revokee"])
    _set(call, served, key, principal, 0)
    return None


def _principal_access(call: Call) -> Answer:
    served, key = reference(call, "Target")
    row = served.records.get((key,)) or {}
    mask = call.there.security.rights_of(call.key, served, row)
    return {"AccessRights": _shown(mask)}


def _shared_principals(call: Call) -> Answer:
    served, key = reference(call, "Target")
    call.there.security.check(served, key, "Read")
    found = [
        {
            "AccessMask": _shown(mask),
            "Principal": {
                "@odata.type": f"#{NAMESPACE}{table}",
                f"{table}id": principal,
                "ownerid": principal,
            },
        }
        for table, principal, mask in call.there.security.shares.of(key)
    ]
    return {"PrincipalAccesses": found}


# -- privileges -----------------------------------------------------------------------------------


def _role_privileges(depths: Mapping[str, Mapping[str, int]], call: Call) -> Answer:
    known = call.there.security.privileges
    found = [
        {
            "Depth": _DEPTH_NAMES[depth],
            "PrivilegeId": known[name].privilege_id,
            "BusinessUnitId": unit,
            "PrivilegeName": name,
        }
        for name, by_unit in sorted(depths.items())
        if name in known
        for unit, depth in sorted(by_unit.items())
    ]
    return {"RolePrivileges": found}


def _user_privileges(call: Call) -> Answer:
    security = call.there.security
    return _role_privileges(security.depths_of_user(call.key), call)


def _team_privileges(call: Call) -> Answer:
    return _role_privileges(call.there.security.depths_of_team(call.key), call)


def _privileges_of_role(call: Call) -> Answer:
    roles, key = call.there.tables.by_name["role"], call.arguments["RoleId"]
    call.there.security.check(roles, key, "Read")
    row = roles.records.get((key,))
    if row is None:
        raise errors.RecordNotFound(table=roles.name, id=key)
    unit = row["_businessunitid_value"] or ""
    return _role_privileges(call.there.security.depths_of_roles([(key, unit)]), call)


def _privilege_set(call: Call) -> Answer:
    served = call.there.tables.by_name["privilege"]
    rows = served.records.find({}, 100_000)
    shown = ("privilegeid", "name", "canbebasic", "canbelocal", "canbedeep", "canbeglobal")
    return {
        "value": [
            {n: served.decoders[n](row[n]) if n in served.decoders else row[n] for n in shown}
            for row in rows
        ]
    }


def _depth(value: Any) -> int:
    """A PrivilegeDepth by name or number as a mask."""
    text = str(value)
    name = _NUMBERED.get(int(text)) if text.isascii() and text.isdigit() else text
    if name not in DEPTHS:
        raise errors.InvalidArgument(problem=f"'{value}' is no value of PrivilegeDepth.")
    return DEPTHS[name]


def _wanted(call: Call) -> dict[str, int]:
    """Privilege id to depth of the argument Privileges."""
    privileges = call.there.tables.by_name["privilege"]
    found: dict[str, int] = {}
    for item in call.arguments.get("Privileges") or []:
        key = str(item.get("PrivilegeId", "")).lower()
        if not privileges.records.exists((key,)):
            raise errors.RecordNotFound(table=privileges.name, id=key)
        found[key] = _depth(item.get("Depth", "Basic"))
    return found


def _root(call: Call) -> str:
    """The role whose privileges count for the bound one: that of the unit it was made in."""
    row = call.bound.records.get((call.key,)) or {}
    return row.get("_parentrootroleid_value") or call.key


def _set_privileges(call: Call, wanted: Mapping[str, int], *, replaces: bool) -> None:
    """Nobody gives to a role what is not theirs to give: the role itself must be writable."""
    there = call.there
    there.security.check(there.tables.by_name["role"], call.key, "Write")
    links, role = there.tables.by_name["roleprivileges"], _root(call)
    present = {row["privilegeid"]: row for row in links.records.find({"roleid": role}, 100_000)}
    user = call.caller.user_id
    for key, depth in wanted.items():
        row = present.pop(key, None)
        if row is None:
            values = {
                links.primary_id: there.ids.uuid(),
                "roleid": role,
                "privilegeid": key,
                "privilegedepthmask": depth,
            }
            links.records.insert(values, user=user)
        else:
            change = {"privilegedepthmask": depth}
            links.records.update((row[links.primary_id],), change, user=user)
    if replaces:
        for row in present.values():
            links.records.delete((row[links.primary_id],), user=user)


def _add_privileges(call: Call) -> Answer:
    _set_privileges(call, _wanted(call), replaces=False)
    return None


def _replace_privileges(call: Call) -> Answer:
    _set_privileges(call, _wanted(call), replaces=True)
    return None


def _remove_privilege(call: Call) -> Answer:
    there = call.there
    there.security.check(there.tables.by_name["role"], call.key, "Write")
    value = {"@odata.type": "privilege", **call.arguments["Privilege"]}
    _, key = reference_in(call, "Privilege", value)
    links = there.tables.by_name["roleprivileges"]
    for row in links.records.find({"roleid": _root(call), "privilegeid": key}, 1):
        links.records.delete((row[links.primary_id],), user=call.caller.user_id)
    return None


# -- owners ---------------------------------------------------------------------------------------


def _reassign(call: Call, owner: str, other: str) -> None:
    """Give everything that one principal owns to another."""
    for served in list(call.there.tables.by_name.values()):
        if not (served.has("_ownerid_value") and governed_by(served.definition)):
            continue
        if served.name == "queue":  # a principal's own queue stays its own
            continue
        rows = call.there.store.read(
            f"SELECT {quoted(served.primary_id)} FROM {quoted(served.table.sql)} "
            "WHERE _ownerid_value = ?",
            (owner,),
        ).fetchall()
        for (key,) in rows:
            call.there.writes.change(served, key, {"_ownerid_value": other}, call.caller)


def _reassign_of_user(call: Call) -> Answer:
    value = call.arguments["ReassignPrincipal"]
    _reassign(call, call.key, _principal(call, "ReassignPrincipal", value)[1])
    return None


def _reassign_owner(call: Call) -> Answer:
    _, owner = _principal(call, "FromPrincipal", call.arguments["FromPrincipal"])
    _, other = _principal(call, "ToPrincipal", call.arguments["ToPrincipal"])
    _reassign(call, owner, other)
    return None


def _set_business_unit(call: Call) -> Answer:
    """The user moves, loses its roles, and its records go to the principal that is named."""
    there = call.there
    there.security.check(call.bound, call.key, "Write")
    value = {"@odata.type": "businessunit", **call.arguments["BusinessUnit"]}
    _, unit = reference_in(call, "BusinessUnit", value)
    _, other = _principal(call, "ReassignPrincipal", call.arguments["ReassignPrincipal"])
    there.writes.change(call.bound, call.key, {"_businessunitid_value": unit}, call.caller)
    links = there.tables.by_name["systemuserroles"]
    for row in links.records.find({"systemuserid": call.key}, 10_000):
        links.records.delete((row[links.primary_id],), user=call.caller.user_id)
    _reassign(call, call.key, other)
    return None


def _to_access_team(call: Call) -> Answer:
    call.there.writes.change(call.bound, call.key, {"teamtype": 1}, call.caller)
    return None


HANDLERS: Final[dict[str, Handler]] = {
    "GrantAccess": _grant,
    "ModifyAccess": _modify,
    "RevokeAccess": _revoke,
    "RetrievePrincipalAccess": _principal_access,
    "RetrieveSharedPrincipalsAndAccess": _shared_principals,
    "RetrieveUserPrivileges": _user_privileges,
    "RetrieveTeamPrivileges": _team_privileges,
    "RetrieveRolePrivilegesRole": _privileges_of_role,
    "RetrievePrivilegeSet": _privilege_set,
    "AddPrivilegesRole": _add_privileges,
    "ReplacePrivilegesRole": _replace_privileges,
    "RemovePrivilegeRole": _remove_privilege,
    "ReassignObjectsSystemUser": _reassign_of_user,
    "ReassignObjectsOwner": _reassign_owner,
    "SetBusinessSystemUser": _set_business_unit,
    "ConvertOwnerTeamToAccessTeam": _to_access_team,
}

"""Who stands above and below whom: managers, business units, members and queues of people."""

from __future__ import annotations

from typing import Any, Final

from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.references import reference
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.messages.whole_definitions import records
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable

_MANAGER: Final = "_parentsystemuserid_value"
_PARENT: Final = "_parentbusinessunitid_value"


def _below(call: Call, served: DataverseTable, column: str, key: str) -> list[str]:
    """The keys below a record, level by level; a circle is walked once."""
    found: list[str] = []
    level = [key]
    while level:
        marks = ", ".join("?" * len(level))
        sql = (
            f"SELECT {quoted(served.primary_id)} FROM {quoted(served.table.sql)} "
            f"WHERE {quoted(column)} IN ({marks})"
        )
        rows = call.there.store.read(sql, tuple(level)).fetchall()
        level = [str(row[0]) for row in rows if row[0] not in found and row[0] != key]
        found += level
    return found


def _child_users(call: Call) -> Answer:
    return records(call, call.bound, _below(call, call.bound, _MANAGER, call.key))


def _units(call: Call) -> Answer:
    below = _below(call, call.bound, _PARENT, call.key)
    return records(call, call.bound, [call.key, *below])


def _set_manager(call: Call) -> Answer:
    users, manager = reference(call, "Parent")
    if users.name != "systemuser":
        raise errors.InvalidArgument(problem="'Parent' must be a user.")
    if manager in {call.key, *_below(call, users, _MANAGER, call.key)}:
        raise errors.InvalidArgument(
            problem="Creating this parent association would create a loop in the hierarchy."
        )
    call.there.writes.change(call.bound, call.key, {_MANAGER: manager}, call.caller)
    if not call.arguments["KeepChildUsers"]:
        for (child,) in call.there.store.read(
            f"SELECT systemuserid FROM systemuser WHERE {quoted(_MANAGER)} = ?", (call.key,)
        ).fetchall():
            call.there.writes.change(call.bound, child, {_MANAGER: None}, call.caller)
    return None


def _remove_parent(call: Call) -> Answer:
    target, key = reference(call, "Target")
    columns = {"systemuser": _MANAGER}
    if target.name not in columns:
        raise errors.InvalidArgument(problem=f"A {target.name} has no parent to be removed.")
    call.there.writes.change(target, key, {columns[target.name]: None}, call.caller)
    return None


# -- queues ---------------------------------------------------------------------------------------


def _user_queues(call: Call) -> Answer:
    """The private queues of a user, and with `IncludePublic` all public ones."""
    queue = call.there.tables.by_name["queue"]
    sql = (
        "SELECT queueid FROM queue WHERE coalesce(statecode, 0) = 0 AND ((queueviewtype = 1 AND "
        "(_ownerid_value = ? OR queueid IN (SELECT queueid FROM queuemembership "
        "WHERE systemuserid = ?)))"
        + (" OR coalesce(queueviewtype, 0) = 0" if call.arguments["IncludePublic"] else "")
        + ") ORDER BY name LIMIT 5000"
    )
    rows = call.there.store.read(sql, (call.key, call.key)).fetchall()
    return records(call, queue, [str(row[0]) for row in rows])


def _add_principal(call: Call) -> Answer:
    """A user, or every member of a team, becomes a member of the queue."""
    principal, key = reference(call, "Principal")
    members = [key]
    if principal.name == "team":
        memberships = call.there.tables.by_name["teammembership"].records
        members = [str(row["systemuserid"]) for row in memberships.find({"teamid": key}, 10_000)]
    elif principal.name != "systemuser":
        raise errors.InvalidArgument(problem="'Principal' must be a user or a team.")
    call.there.security.check(call.bound, call.key, "Write")
    links = call.there.tables.by_name["queuemembership"]
    for member in members:
        ends: dict[str, Any] = {"queueid": call.key, "systemuserid": member}
        if not links.records.find(ends, 1):
            call.there.writes.insert(links, ends, call.caller)
    return None


HANDLERS: Final[dict[str, Handler]] = {
    "RetrieveAllChildUsersSystemUser": _child_users,
    "RetrieveBusinessHierarchyBusinessUnit": _units,
    "SetParentSystemUser": _set_manager,
    "RemoveParent": _remove_parent,
    "RetrieveUserQueues": _user_queues,
    "AddPrincipalToQueue": _add_principal,
}

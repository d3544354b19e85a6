"""Records as such: one made from another, two made one, states that may follow, teams' members."""

from __future__ import annotations

from typing import Any, Final

from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.copying import common
from windtunnel.simulator.services.dataverse.messages.references import reference, reference_in
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.model.tables import NAMESPACE, DataverseTable
from windtunnel.simulator.services.dataverse.replies import base_of

_MERGEABLE: Final = frozenset({"account", "contact", "lead", "incident"})


def _initialize(call: Call) -> Answer:
    source, key = reference(call, "EntityMoniker")
    target = call.there.tables.by_name.get(call.arguments["TargetEntityName"])
    if target is None:
        raise errors.InvalidArgument(
            problem=f"The entity with a name = '{call.arguments['TargetEntityName']}' was not "
            "found in the MetadataCache."
        )
    row = source.records.get((key,)) or {}
    found: dict[str, Any] = {
        "@odata.context": f"{base_of(call.exchange)}$metadata#{target.entity_set}/$entity",
        "@odata.type": f"#{NAMESPACE}{target.name}",
    }
    linked = _link_back(source, target)
    if linked:
        found[f"{linked}@odata.bind"] = f"{source.entity_set}({key})"
    for name, value in common(source, target, row).items():
        if name.startswith("_"):
            bound = _bind(call, target, name, value)
            if bound is not None and bound[0] not in found:
                found[bound[0]] = bound[1]
        else:
            decode = target.decoders.get(name)
            found[name] = decode(value) if decode else value
    return found


def _link_back(source: DataverseTable, target: DataverseTable) -> str:
    """The lookup of `target` that a record made from `source` points back with."""
    names = [
        relation.name
        for relation in target.definition.relations.values()
        if not relation.collection and relation.target == source.name
    ]
    wanted = (
        f"parent{source.name}id",
        f"parentcustomerid_{source.name}",
        f"customerid_{source.name}",
    )
    ranked = [name for name in (*wanted, f"{source.name}id") if name in names]
    ranked += [name for name in names if name.startswith(("parent", "regarding", "originating"))]
    return ranked[0] if ranked else ""


def _bind(call: Call, target: DataverseTable, column: str, value: Any) -> tuple[str, str] | None:
    for relation in target.definition.relations.values():
        if relation.collection or relation.pairs[0][0] != column:
            continue
        there = call.there.tables.by_name.get(relation.target)
        if there is not None and there.records.exists((value,)):
            return f"{relation.name}@odata.bind", f"{there.entity_set}({value})"
    return None


def _merge(call: Call) -> Answer:
    call.there.security.demand("prvMerge")
    target, key = reference(call, "Target")
    other, subordinate = reference(call, "Subordinate")
    if target.name != other.name or target.name not in _MERGEABLE:
        raise errors.InvalidArgument(
            problem="Merge takes two records of one table: account, contact, lead or incident."
        )
    if key == subordinate:
        raise errors.InvalidArgument(problem="A record cannot be merged with itself.")
    writes, caller = call.there.writes, call.caller
    if (other.records.get((subordinate,)) or {}).get("statecode") != 0:
        raise errors.ClosedAlready(table=other.definition.label, id=subordinate)
    content = {
        name: value
        for name, value in call.arguments.get("UpdateContent", {}).items()
        if not name.startswith("@") and name != target.primary_id
    }
    writes.update(target, key, content, caller)
    for link in writes.links_to(target):
        if link.merges:
            for child in link.keys(subordinate):
                if not (link.child.name == target.name and child == key):
                    writes.change(link.child, child, {link.column: key}, caller)
    status = 2000 if target.name == "incident" else target.definition.default_status.get(1, 2)
    state = 2 if target.name in {"incident", "lead"} else 1
    if target.name == "lead":
        status = target.definition.default_status.get(2, 4)
    values = {"statecode": state, "statuscode": status, "merged": 1, "_masterid_value": key}
    known = {name: value for name, value in values.items() if other.has(name)}
    writes.change(other, subordinate, known, caller)
    return None


def _valid_transition(call: Call) -> Answer:
    served, key = reference(call, "Entity")
    states = served.definition.columns.get("statecode")
    reasons = served.definition.columns.get("statuscode")
    if states is None or reasons is None:
        raise errors.InvalidArgument(problem=f"The table '{served.name}' has no states.")
    wanted = call.arguments["NewState"]
    state = next(
        (o.value for o in states.options if wanted in {o.label, str(o.value)}),
        None,
    )
    status = call.arguments["NewStatus"]
    fits = any(o.value == status and o.state == state for o in reasons.options)
    if state is None or not fits:
        return {"IsValid": False}
    row = served.records.get((key,)) or {}
    return {"IsValid": call.there.writes.states.is_valid(served, row, state, status)}


def _members(call: Call) -> list[str]:
    found = []
    for value in call.arguments["Members"]:
        if "@odata.type" not in value and "systemuserid" not in value:
            raise errors.NoKey  # a team has an `ownerid` too
        users, user = reference_in(call, "Members", {"@odata.type": "systemuser", **value})
        if users.name != "systemuser":
            raise errors.InvalidArgument(problem="Members of a team are users.")
        found.append(user)
    return found


def _add_members(call: Call) -> Answer:
    memberships = call.there.tables.by_name["teammembership"]
    for user in _members(call):
        pair = {"systemuserid": user, "teamid": call.key}
        if not memberships.records.find(pair, 1):
            call.there.writes.insert(memberships, dict(pair), call.caller)
    return None


def _remove_members(call: Call) -> Answer:
    memberships = call.there.tables.by_name["teammembership"]
    for user in _members(call):
        for row in memberships.records.find({"systemuserid": user, "teamid": call.key}, 1):
            call.there.writes.delete(memberships, row[memberships.primary_id], call.caller)
    return None


HANDLERS: Final[dict[str, Handler]] = {
    "InitializeFrom": _initialize,
    "Merge": _merge,
    "IsValidStateTransition": _valid_transition,
    "AddMembersTeam": _add_members,
    "RemoveMembersTeam": _remove_members,
}

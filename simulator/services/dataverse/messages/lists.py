"""Marketing lists: members are added, removed, copied and qualified.

Source: the Web API reference of AddMemberList, AddListMembersList, RemoveMemberList,
CopyMembersList, CopyDynamicListToStatic, QualifyMemberList; "Web service error codes".
"""

from __future__ import annotations

from typing import Any, Final

from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.copying import make_from
from windtunnel.simulator.services.dataverse.messages.references import (
    reference,
    reference_in,
    shown,
)
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.model.lists import KINDS, LIST, MEMBER
from windtunnel.simulator.services.dataverse.model.tables import NAMESPACE, DataverseTable

_MOST: Final = 1_000_000


def _list(call: Call, key: str) -> dict[str, Any]:
    """A list whose members may be changed."""
    served = call.there.tables.by_name[LIST]
    row = served.records.get((key,))
    if row is None:
        raise errors.RecordNotFound(table=LIST, id=key)
    call.there.security.check(served, key, "Write")
    if row["statecode"]:
        raise errors.ListNotActive
    if row["lockstatus"]:
        raise errors.ListLocked
    if row["type"]:
        raise errors.InvalidArgument(
            problem="Members of a dynamic list are found by its query: they cannot be set."
        )
    return row


def _kind(call: Call, row: dict[str, Any]) -> DataverseTable:
    name = KINDS.get(row.get("createdfromcode") or 0)
    if name is None:
        raise errors.UnsupportedListMember
    return call.there.tables.by_name[name]


def _add(call: Call, row: dict[str, Any], entity: str) -> str:
    """Add a record to a list; returns the id of its row, which may be there already."""
    served, kind = call.there.tables.by_name[MEMBER], _kind(call, row)
    if not kind.records.exists((entity,)):
        raise errors.RecordNotFound(table=kind.name, id=entity)
    call.there.security.check(kind, entity, "Read")
    ends = {"_listid_value": row["listid"], "_entityid_value": entity}
    found = served.records.find(ends, 1)
    if found:
        return str(found[0]["listmemberid"])
    values = {**ends, "entitytype": kind.name, "name": _name(kind, entity)}
    with call.there.security.as_service():
        return call.there.writes.insert(served, values, call.caller)


def _name(kind: DataverseTable, entity: str) -> Any:
    return (kind.records.get((entity,)) or {}).get(kind.definition.primary_name)


def _remove(call: Call, row: dict[str, Any], entity: str) -> None:
    served = call.there.tables.by_name[MEMBER]
    ends = {"_listid_value": row["listid"], "_entityid_value": entity}
    found = served.records.find(ends, 1)
    if not found:
        raise errors.NotInList
    served.records.delete((found[0]["listmemberid"],), user=call.caller.user_id)


def _entities(call: Call, row: dict[str, Any], name: str) -> list[str]:
    """The ids of records in an argument; they are of the kind that the list has."""
    kind, found = _kind(call, row), []
    for value in call.arguments[name]:
        typed = value if "@odata.type" in value or "@odata.id" in value else None
        known = typed or {"@odata.type": NAMESPACE + kind.name, **value}
        served, key = reference_in(call, name, known)
        if served.name != kind.name:
            raise errors.UnsupportedListMember
        found.append(key)
    return found


def _members(call: Call, key: str) -> list[str]:
    rows = call.there.tables.by_name[MEMBER].records.find({"_listid_value": key}, _MOST)
    return [str(row["_entityid_value"]) for row in rows]


def _add_member(call: Call) -> Answer:
    row = _list(call, call.key)
    return {"Id": _add(call, row, str(call.arguments["EntityId"]).lower())}


def _add_members(call: Call) -> Answer:
    _, key = reference(call, "List")
    row = _list(call, key)
    for entity in _entities(call, row, "Members"):
        _add(call, row, entity)
    return None


def _remove_member(call: Call) -> Answer:
    """The member is named by the id of its row, or of the record that it is."""
    row = _list(call, call.key)
    value = call.arguments["ListMember"]
    kind, rows = _kind(call, row), call.there.tables.by_name[MEMBER].records
    key = str(value.get("listmemberid") or value.get(kind.primary_id) or "").lower()
    link = value.get("@odata.id")
    if not key and isinstance(link, str):
        key = call.there.resolve(link)[1]
    found = rows.get((key,))
    if found is not None and found["_listid_value"] == call.key:
        key = str(found["_entityid_value"])
    _remove(call, row, key)
    return None


def _copy_members(call: Call) -> Answer:
    target, key = reference(call, "TargetList")
    source = call.bound.records.get((call.key,)) or {}
    row = _list(call, key)
    if source.get("createdfromcode") != row.get("createdfromcode") or target.name != LIST:
        raise errors.UnsupportedListMember
    entities = _found(call, source) if source.get("type") else _members(call, call.key)
    for entity in entities:
        _add(call, row, entity)
    return None


def _copy_to_static(call: Call) -> Answer:
    row = call.bound.records.get((call.key,)) or {}
    if not row.get("type"):
        raise errors.ListIsStatic
    entities = _found(call, row)
    values = {"listname": row.get("listname"), "type": 0, "query": None, "membercount": 0}
    key = make_from(call, call.bound, {**row, "query": None}, call.bound, values)
    made = _list(call, key)
    for entity in entities:
        _add(call, made, entity)
    return shown(call, call.bound, key)


def _found(call: Call, row: dict[str, Any]) -> list[str]:
    """What the query of a dynamic list finds now."""
    kind, xml = _kind(call, row), str(row.get("query") or "")
    page = call.there.fetch.page(kind, xml, "", user=call.caller.user_id)
    return [str(item[kind.primary_id]) for item in page.value]


def _qualify(call: Call) -> Answer:
    """Let these be the members and no others (override), or be members no longer."""
    row = _list(call, call.key)
    named = _entities(call, row, "ListMember")
    present = set(_members(call, call.key))
    if not call.arguments["OverrideorRemove"]:
        for entity in dict.fromkeys(named):
            _remove(call, row, entity)
        return None
    for entity in present.difference(named):
        _remove(call, row, entity)
    for entity in named:
        _add(call, row, entity)
    return None


HANDLERS: Final[dict[str, Handler]] = {
    "AddMemberList": _add_member,
    "AddListMembersList": _add_members,
    "RemoveMemberList": _remove_member,
    "CopyMembersList": _copy_members,
    "CopyDynamicListToStatic": _copy_to_static,
    "QualifyMemberList": _qualify,
}

"""Customer service: cases are closed and timed; queues hold work and give it to people."""

from __future__ import annotations

from typing import Any, Final

from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.references import reference
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.messages.sales import close, set_state
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable


def _close_incident(call: Call) -> Answer:
    close(call, "IncidentResolution", "incident", 1, (0,))
    return None


def _total_time(call: Call) -> Answer:
    total = 0
    for name in ("task", "phonecall", "appointment", "email", "letter", "fax"):
        served = call.there.tables.by_name[name]
        rows = served.records.find({"_regardingobjectid_value": call.key, "statecode": 1}, 100_000)
        total += sum(row["actualdurationminutes"] or 0 for row in rows)
    return {"TotalTime": total}


def _items(call: Call) -> DataverseTable:
    return call.there.tables.by_name["queueitem"]


def _add_to_queue(call: Call) -> Answer:
    target, key = reference(call, "Target")
    items = _items(call)
    properties = call.arguments.get("QueueItemProperties") or {}
    values, _ = call.there.writes.bodies.values_of(
        items, {k: v for k, v in properties.items() if not k.startswith("@")}
    )
    row = target.records.get((key,)) or {}
    values |= {
        "_objectid_value": key,
        "objecttypecode": target.definition.object_type_code,
        "_queueid_value": call.key,
        "title": row.get(target.definition.primary_name) if target.definition.primary_name else "",
    }
    known = {name: value for name, value in values.items() if items.has(name)}
    queued = items.records.find({"_objectid_value": key}, 1)
    if queued:
        made = str(queued[0][items.primary_id])
        call.there.writes.change(items, made, known, call.caller)
    else:
        made = call.there.writes.insert(items, known, call.caller)
    return {"QueueItemId": made}


def _pick(call: Call) -> Answer:
    users, user = reference(call, "SystemUser")
    if users.name != "systemuser":
        raise errors.InvalidArgument(problem="'SystemUser' must be a user.")
    if call.arguments["RemoveQueueItem"]:
        call.there.writes.delete(_items(call), call.key, call.caller)
    else:
        call.there.writes.change(_items(call), call.key, {"_workerid_value": user}, call.caller)
    return None


def _release(call: Call) -> Answer:
    call.there.writes.change(_items(call), call.key, {"_workerid_value": None}, call.caller)
    return None


def _remove(call: Call) -> Answer:
    call.there.writes.delete(_items(call), call.key, call.caller)
    return None


def _route(call: Call) -> Answer:
    target, key = reference(call, "Target")
    items, item = reference(call, "QueueItem")
    if items.name != "queueitem" or target.name not in {"queue", "systemuser", "team"}:
        raise errors.InvalidArgument(problem="A queue item is routed to a queue, a user or a team.")
    if target.name == "queue":
        values: dict[str, Any] = {"_queueid_value": key, "_workerid_value": None}
    else:
        values = {"_workerid_value": key}
    call.there.writes.change(items, item, values, call.caller)
    return None


def _send_email(call: Call) -> Answer:
    row = call.bound.records.get((call.key,)) or {}
    if row["statecode"] != 0:
        raise errors.ClosedAlready(table=call.bound.definition.label, id=call.key)
    if call.arguments["IssueSend"]:
        set_state(call, call.bound, call.key, 1, 3)
    return {"Subject": row.get("subject") or ""}


HANDLERS: Final[dict[str, Handler]] = {
    "CloseIncident": _close_incident,
    "CalculateTotalTimeIncident": _total_time,
    "AddToQueue": _add_to_queue,
    "PickFromQueue": _pick,
    "ReleaseToQueue": _release,
    "RemoveFromQueue": _remove,
    "RouteTo": _route,
    "SendEmail": _send_email,
}

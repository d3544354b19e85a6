"""Messages of duplicate detection: publish and unpublish rules, find duplicates of a record."""

from __future__ import annotations

from typing import Any, Final

from windtunnel.simulator.kernel.clock import iso_seconds
from windtunnel.simulator.odata.tree import Query
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.references import shown, table_of
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.model.duplicates import (
    CONDITION,
    PUBLISHED,
    RULE,
    UNPUBLISHED,
)
from windtunnel.simulator.services.dataverse.replies import base_of

PUBLISH_JOB = 7
"""The operation type of a system job that publishes a rule."""
SUCCEEDED = (3, 30)


def _publish(call: Call) -> Answer:
    """Publish a rule at once; answers the finished system job."""
    conditions = call.there.tables.by_name[CONDITION].records
    if not conditions.find({"_regardingobjectid_value": call.key}, 1):
        raise errors.InvalidArgument(problem="A rule without conditions cannot be published.")
    _set_state(call, call.key, PUBLISHED)
    jobs = call.there.tables.by_name["asyncoperation"]
    now = iso_seconds(call.there.clock.now())
    state, status = SUCCEEDED
    values: dict[str, Any] = {"name": "Publish duplicate rule", "operationtype": PUBLISH_JOB}
    values |= {"statecode": state, "statuscode": status, "startedon": now, "completedon": now}
    values["_regardingobjectid_value"] = call.key
    known = {name: value for name, value in values.items() if jobs.has(name)}
    with call.there.security.as_service():
        job = call.there.writes.insert(jobs, known, call.caller)
        return shown(call, jobs, job)


def _unpublish(call: Call) -> Answer:
    key = call.arguments["DuplicateRuleId"]
    if not call.there.tables.by_name[RULE].records.exists((key,)):
        raise errors.RecordNotFound(table=RULE, id=key)
    _set_state(call, key, UNPUBLISHED)
    return None


def _set_state(call: Call, key: str, state: tuple[int, int]) -> None:
    values: dict[str, Any] = {"statecode": state[0], "statuscode": state[1]}
    call.there.writes.change(call.there.tables.by_name[RULE], key, values, call.caller)


def _retrieve(call: Call) -> Answer:
    """The records of a table that are duplicates of one that is there or would be."""
    there, record = call.there, call.arguments["BusinessEntity"]
    served = table_of(call, "BusinessEntity", record)
    matching = there.tables.by_name.get(call.arguments["MatchingEntityName"].lower())
    if matching is None:
        raise errors.InvalidArgument(
            problem=f"The entity with a name = '{call.arguments['MatchingEntityName']}' was not "
            "found in the MetadataCache."
        )
    key = record.get(served.primary_id) or _key_in(call, record)
    values = (served.records.get((str(key).lower(),)) or {}) if key else {}
    given, _ = there.writes.bodies.values_of(
        served, {n: v for n, v in record.items() if "@" not in n}
    )
    there.security.reach(matching, "Read")
    found = there.writes.duplicates.find(served, {**values, **given}, matching)
    context = f"{base_of(call.exchange)}$metadata#{matching.entity_set}"
    records = (there.reads.record(matching, name, Query()) for name in found)
    return {"@odata.context": context, "value": [item[1] for item in records if item is not None]}


def _key_in(call: Call, record: dict[str, Any]) -> str:
    link = record.get("@odata.id")
    return call.there.resolve(link)[1] if isinstance(link, str) else ""


HANDLERS: Final[dict[str, Handler]] = {
    "PublishDuplicateRule": _publish,
    "UnpublishDuplicateRule": _unpublish,
    "RetrieveDuplicates": _retrieve,
}

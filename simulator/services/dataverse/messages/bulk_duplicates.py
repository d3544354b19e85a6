"""BulkDetectDuplicates: a system job that writes down which records are duplicates of which.

Source: "BulkDetectDuplicates Action", "Duplicate Record (DuplicateRecord) table".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from windtunnel.simulator.kernel.clock import iso_seconds
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.bulk import found_keys
from windtunnel.simulator.services.dataverse.messages.query_expressions import to_fetchxml
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers

KIND: Final = "dataverse.bulk_detect_duplicates"
TABLE: Final = "duplicaterecord"
_JOB_TYPE: Final = 8
_SUCCEEDED: Final = (3, 30)


def _plan(call: Call) -> Answer:
    """Plan the search through what a query finds; answers the id of the system job."""
    there, query = call.there, call.arguments.get("Query")
    if query is None:
        raise errors.RequiredFieldMissing(name="Query")
    served = there.tables.by_name.get(str(query.get("EntityName")))
    if served is None:
        raise errors.InvalidArgument(
            problem=f"The entity with a name = '{query.get('EntityName')}' was not found in the "
            "MetadataCache."
        )
    checked = to_fetchxml(query, (served.primary_id,))
    there.fetch.page(served, checked.replace("<fetch", '<fetch count="1"', 1))
    if not there.writes.duplicates.rules(served):
        raise errors.NoPublishedRules
    jobs, caller = there.tables.by_name["asyncoperation"], call.caller
    values: dict[str, Any] = {"name": call.arguments["JobName"], "operationtype": _JOB_TYPE}
    values |= {"statecode": 0, "statuscode": 0}
    with there.security.as_service():
        job = there.writes.insert(jobs, values, caller)
    given = {"job": job, "query": query, "user": caller.user_id}
    there.jobs.start(KIND, given, there.settings.bulk_delete, job)
    return {"JobId": job}


def run(there: Handlers, given: dict[str, Any]) -> None:
    """Look for duplicates of everything that the query finds now."""
    caller, started = there.caller_of(given["user"]), iso_seconds(there.clock.now())
    served = there.tables.by_name.get(given["query"]["EntityName"])
    rows: list[dict[str, Any]] = []
    if served is not None:
        with there.security.acting_as(caller.user_id):
            for key in found_keys(there, served, given["query"], caller):
                values = served.records.get((key,)) or {}
                for rule, other in there.writes.duplicates.pairs(served, values):
                    rows.append(
                        {
                            "_baserecordid_value": key,
                            "_duplicaterecordid_value": other,
                            "_duplicateruleid_value": rule,
                            "_asyncoperationid_value": given["job"],
                        }
                    )
    found, jobs = there.tables.by_name[TABLE], there.tables.by_name["asyncoperation"]
    state, status = _SUCCEEDED
    ended: dict[str, Any] = {"statecode": state, "statuscode": status, "startedon": started}
    ended |= {"completedon": iso_seconds(there.clock.now())}
    with there.security.as_service():
        for row in rows:
            there.writes.insert(found, row, caller)
        there.writes.change(jobs, given["job"], ended, caller)


HANDLERS: Final[dict[str, Handler]] = {"BulkDetectDuplicates": _plan}

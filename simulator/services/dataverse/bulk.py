"""CreateMultiple and its kin, and BulkDelete. Source: "Use bulk operation messages"."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from windtunnel.simulator.exchange import Exchange
from windtunnel.simulator.kernel.clock import iso_seconds
from windtunnel.simulator.services.dataverse import elastic, errors
from windtunnel.simulator.services.dataverse.messages.query_expressions import to_fetchxml
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.model.tables import (
    NAMESPACE,
    PARTITION,
    DataverseTable,
    id_in,
    row_key_of,
)
from windtunnel.simulator.services.dataverse.paths import segments

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers
    from windtunnel.simulator.services.dataverse.model.writes import Caller

BULK_DELETE: Final = "dataverse.bulk_delete"


def _targets(call: Call) -> list[dict[str, Any]]:
    targets: list[dict[str, Any]] = call.arguments["Targets"]
    served = call.bound
    for item in targets:
        kind = str(item.get("@odata.type", "")).lstrip("#")
        if kind != NAMESPACE + served.name:
            raise errors.PayloadError(
                set=served.entity_set,
                problem="Microsoft.OData.ODataException: A type named "
                f"'{kind}' does not fit; each target needs '@odata.type': "
                f"'{NAMESPACE}{served.name}'.",
            )
    return targets


def _charge(there: Handlers, exchange: Exchange, operation: str, rows: int) -> None:
    exchange.operation = operation
    exchange.units = rows
    exchange.cost_seconds += there.guard.check_time(operation, rows)


def create_multiple(call: Call) -> Answer:
    """Create all or none; answers the ids."""
    there, exchange, served = call.there, call.exchange, call.bound
    targets = _targets(call)
    _charge(there, exchange, "create_multiple", len(targets))
    caller = there.caller(exchange)
    if served.is_elastic:
        keys, failure = elastic.each(
            there, targets, lambda item: there.writes.create(served, item, caller), 201
        )
        return failure or {"Ids": keys}
    with there.store.atomic():
        return {"Ids": [there.writes.create(served, item, caller) for item in targets]}


def _key_of(there: Handlers, served: DataverseTable, item: dict[str, Any]) -> str | None:
    """The id a target names by primary key; None when it names an alternate key."""
    key = item.get(served.primary_id)
    if isinstance(key, str):
        key = key.lower()
        partition = item.get(PARTITION) if served.is_elastic else None
        return key if partition is None else row_key_of(key, str(partition))
    reference = item.get("@odata.id")
    if isinstance(reference, str):
        arguments = segments(reference.rpartition("/")[2])[0].arguments or ()
        if len(arguments) == 1 and arguments[0][0] in {"", served.primary_id}:
            return there.key_of(served, arguments)
        found = served.records.find(there.alternate_values(served, arguments), 1)
        return str(found[0][served.row_key]) if found else None
    raise errors.InvalidArgument(problem="A target has neither its primary key nor '@odata.id'.")


def update_multiple(call: Call) -> Answer:
    """Update all or none."""
    there, exchange, served = call.there, call.exchange, call.bound
    targets = _targets(call)
    _charge(there, exchange, "update_multiple", len(targets))
    caller = there.caller(exchange)

    def update(item: dict[str, Any]) -> str:
        key = _key_of(there, served, item)
        if key is None or not there.writes.update(served, key, dict(item), caller):
            if key is not None and not served.is_elastic:
                raise _absent(served, targets)
            known = id_in(key) if key else item.get("@odata.id", "")
            raise errors.RecordNotFound(table=served.name, id=known)
        return key

    return _all(call, targets, update)


def _absent(served: DataverseTable, targets: list[dict[str, Any]]) -> errors.RecordsNotFound:
    """What tells of all records that targets name by their primary key and that are not there."""
    keys = [str(item.get(served.primary_id) or "").lower() for item in targets]
    ids = ", ".join(key for key in keys if key and not served.records.exists((key,)))
    return errors.RecordsNotFound(label=served.definition.label or served.name, ids=ids)


def _all(call: Call, targets: list[dict[str, Any]], do: Callable[[dict[str, Any]], str]) -> Answer:
    """Change all or none; of an elastic table what can be changed."""
    if call.bound.is_elastic:
        return elastic.each(call.there, targets, do, 204)[1]
    with call.there.store.atomic():
        for item in targets:
            do(item)
    return None


def upsert_multiple(call: Call) -> Answer:
    """Update what is there, create what is not; all or none."""
    there, exchange, served = call.there, call.exchange, call.bound
    targets = _targets(call)
    _charge(there, exchange, "upsert_multiple", len(targets))
    caller = there.caller(exchange)

    def upsert(item: dict[str, Any]) -> str:
        key = _key_of(there, served, item)
        if key is not None and served.is_elastic and served.records.exists((key,)):
            elastic.overwrite(there, served, key, item, caller)
            return key
        if key is not None and there.writes.update(served, key, dict(item), caller):
            return key
        return there.writes.create(served, item, caller, _key_values(there, served, item, key))

    return _all(call, targets, upsert)


def _key_values(
    there: Handlers, served: DataverseTable, item: dict[str, Any], key: str | None
) -> dict[str, Any]:
    if key is not None:
        return {served.primary_id: id_in(key)}
    reference = str(item["@odata.id"]).rpartition("/")[2]
    arguments = segments(reference)[0].arguments or ()
    repeated = [name for name, _ in arguments if name in item]
    if repeated:
        raise errors.InvalidArgument(
            problem=f"The key column '{repeated[0]}' must not be repeated in the target."
        )
    return there.alternate_values(served, arguments)


def delete_multiple(call: Call) -> Answer:
    """Elastic tables only; the standard ones do not have it."""
    there, served = call.there, call.bound
    if not served.is_elastic:
        raise errors.NotImplementedMessage(message="DeleteMultiple")
    targets = _targets(call)
    _charge(there, call.exchange, "update_multiple", len(targets))

    def delete(item: dict[str, Any]) -> str:
        key = _key_of(there, served, item)
        if key is None or not there.writes.delete(served, key, call.caller):
            raise errors.RecordNotFound(table=served.name, id=id_in(key or ""))
        return key

    return _all(call, targets, delete)


def bulk_delete(call: Call) -> Answer:
    """Plan the deletion of what the queries find; answers the id of the system job."""
    there, body = call.there, call.arguments
    queries = body.get("QuerySet") or []
    if not queries:
        raise errors.RequiredFieldMissing(name="QuerySet")
    for query in queries:
        if query.get("EntityName") not in there.tables.by_name:
            raise errors.InvalidArgument(
                problem=f"The entity with a name = '{query.get('EntityName')}' was not found in "
                "the MetadataCache."
            )
        served = there.tables.by_name[query["EntityName"]]
        checked = to_fetchxml(query, (served.primary_id,))
        there.fetch.page(served, checked.replace("<fetch", '<fetch count="1"', 1))
    caller = call.caller
    there.security.demand("prvBulkDelete")
    with there.security.as_service():
        job, shown = _write_down(there, body["JobName"], caller)
    given = {"job": job, "progress": shown, "queries": queries, "user": caller.user_id}
    there.jobs.start(BULK_DELETE, given, there.settings.bulk_delete, job)
    return {"JobId": job}


def _write_down(there: Handlers, name: str, caller: Caller) -> tuple[str, str]:
    """The rows of a new job: the system job, and what tells of its progress."""
    jobs = there.tables.by_name["asyncoperation"]
    values: dict[str, Any] = {"name": name, "operationtype": 13, "statecode": 0, "statuscode": 0}
    job = there.writes.insert(jobs, {n: v for n, v in values.items() if jobs.has(n)}, caller)
    progress = there.tables.by_name["bulkdeleteoperation"]
    values = {"name": name, "_asyncoperationid_value": job, "isrecurring": 0}
    shown = there.writes.insert(
        progress, {n: v for n, v in values.items() if progress.has(n)}, caller
    )
    return job, shown


def run_bulk_delete(there: Handlers, given: dict[str, Any]) -> None:
    """Delete what the queries find now, record by record; what cannot be deleted stays."""
    caller = there.caller_of(given["user"])
    started = iso_seconds(there.clock.now())
    deleted = failed = 0
    for query in given["queries"]:
        served = there.tables.by_name.get(query["EntityName"])
        if served is None:
            continue
        with there.security.acting_as(caller.user_id):
            for key in found_keys(there, served, query, caller):
                try:
                    deleted += there.writes.delete(served, key, caller)
                except errors.DataverseError:
                    failed += 1
    ended = iso_seconds(there.clock.now())
    jobs = there.tables.by_name["asyncoperation"]
    message = f"{deleted} deleted, {failed} failed"
    values: dict[str, Any] = {"statecode": 3, "statuscode": 30, "message": message}
    values |= {"startedon": started, "completedon": ended}
    known = {name: value for name, value in values.items() if jobs.has(name)}
    with there.security.as_service():
        there.writes.change(jobs, given["job"], known, caller)
        counts = {"successcount": deleted, "failurecount": failed}
        there.writes.change(
            there.tables.by_name["bulkdeleteoperation"], given["progress"], counts, caller
        )


def found_keys(
    there: Handlers, served: DataverseTable, query: dict[str, Any], caller: Caller
) -> list[str]:
    """Keys of all records that a query finds."""
    names = (served.primary_id, *((PARTITION,) if served.is_elastic else ()))
    xml = to_fetchxml(query, names)
    keys: list[str] = []
    for number in count(1):
        paged = xml.replace("<fetch", f'<fetch page="{number}" count="{served.largest_page}"', 1)
        page = there.fetch.page(served, paged, "", user=caller.user_id)
        found = [[row[name] for name in names] for row in page.value]
        keys += [row_key_of(*row) if served.is_elastic else row[0] for row in found]
        if len(page.value) < served.largest_page:
            break
    return keys


HANDLERS: dict[str, Handler] = {
    "BulkDelete": bulk_delete,
    "CreateMultiple": create_multiple,
    "UpdateMultiple": update_multiple,
    "UpsertMultiple": upsert_multiple,
    "DeleteMultiple": delete_multiple,
}

"""CreateMultiple and its kin, and BulkDelete. Source: "Use bulk operation messages"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windtunnel.simulator.exchange import Exchange
from windtunnel.simulator.kernel.clock import iso_seconds
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.model.tables import NAMESPACE, DataverseTable
from windtunnel.simulator.services.dataverse.paths import segments

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers


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
    with there.store.atomic():
        return {"Ids": [there.writes.create(served, item, caller) for item in targets]}


def _key_of(there: Handlers, served: DataverseTable, item: dict[str, Any]) -> str | None:
    """The id a target names by primary key; None when it names an alternate key."""
    key = item.get(served.primary_id)
    if isinstance(key, str):
        return key.lower()
    reference = item.get("@odata.id")
    if isinstance(reference, str):
        arguments = segments(reference.rpartition("/")[2])[0].arguments or ()
        if len(arguments) == 1 and arguments[0][0] in {"", served.primary_id}:
            return there.key_of(served, arguments)
        found = served.records.find(there.alternate_values(served, arguments), 1)
        return str(found[0][served.primary_id]) if found else None
    raise errors.InvalidArgument(problem="A target has neither its primary key nor '@odata.id'.")


def update_multiple(call: Call) -> Answer:
    """Update all or none."""
    there, exchange, served = call.there, call.exchange, call.bound
    targets = _targets(call)
    _charge(there, exchange, "update_multiple", len(targets))
    caller = there.caller(exchange)
    with there.store.atomic():
        for item in targets:
            key = _key_of(there, served, item)
            if key is None or not there.writes.update(served, key, dict(item), caller):
                raise errors.RecordNotFound(table=served.name, id=key or item.get("@odata.id", ""))
    return None


def upsert_multiple(call: Call) -> Answer:
    """Update what is there, create what is not; all or none."""
    there, exchange, served = call.there, call.exchange, call.bound
    targets = _targets(call)
    _charge(there, exchange, "upsert_multiple", len(targets))
    caller = there.caller(exchange)
    with there.store.atomic():
        for item in targets:
            key = _key_of(there, served, item)
            if key is not None and there.writes.update(served, key, dict(item), caller):
                continue
            there.writes.create(served, {**item, **_key_values(there, served, item, key)}, caller)
    return None


def _key_values(
    there: Handlers, served: DataverseTable, item: dict[str, Any], key: str | None
) -> dict[str, Any]:
    if key is not None:
        return {served.primary_id: key}
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
    del call
    raise errors.NotImplementedMessage(message="DeleteMultiple")


def bulk_delete(call: Call) -> Answer:
    """Delete what the query set finds, as a job that is done at once; answers its id."""
    there, exchange, body = call.there, call.exchange, call.arguments
    jobs = there.tables.by_name["asyncoperation"]
    queries = body.get("QuerySet")
    if not isinstance(queries, list) or not queries:
        raise errors.InvalidArgument(problem="QuerySet must hold at least one query.")
    caller = there.caller(exchange)
    deleted = 0
    with there.store.atomic():
        for query in queries:
            served = there.tables.by_name.get(str(query.get("EntityName", "")))
            if served is None:
                raise errors.InvalidArgument(
                    problem=f"The entity '{query.get('EntityName')}' is not known."
                )
            for key in _keys_of(served, query.get("Criteria") or {}):
                deleted += there.writes.delete(served, key, caller)
        now = iso_seconds(there.clock.now())
        values: dict[str, Any] = {
            "name": str(body.get("JobName", "Bulk delete")),
            "operationtype": 13,
            "statecode": 3,
            "statuscode": 30,
            "completedon": now,
            "startedon": now,
            "message": f"{deleted} records deleted",
        }
        known = {name: value for name, value in values.items() if jobs.has(name)}
        job = there.writes.insert(jobs, known, caller)
    _charge(there, exchange, "delete_multiple", deleted)
    return {"JobId": job}


def _keys_of(served: DataverseTable, criteria: dict[str, Any]) -> list[str]:
    """Keys by a QueryExpression's conditions: equality and lists, as clients send them."""
    wanted: dict[str, set[Any]] = {}
    for condition in criteria.get("Conditions") or []:
        name = str(condition.get("AttributeName", ""))
        operator = str(condition.get("Operator", "Equal"))
        if operator not in {"Equal", "In"} or name not in served.checkers:
            raise errors.InvalidArgument(
                problem=f"The condition '{name} {operator}' is not supported in a bulk delete here."
            )
        values = {
            served.checkers[name](item.get("Value") if isinstance(item, dict) else item)
            for item in condition.get("Values") or []
        }
        wanted[name] = wanted.get(name, values) & values
    if not wanted:
        return [str(row[served.primary_id]) for row in served.records.find({}, 1_000_000)]
    first, values = next(iter(wanted.items()))
    rows = [row for value in values for row in served.records.find({first: value}, 1_000_000)]
    return [
        str(row[served.primary_id])
        for row in rows
        if all(row[name] in accepted for name, accepted in wanted.items())
    ]


HANDLERS: dict[str, Handler] = {
    "BulkDelete": bulk_delete,
    "CreateMultiple": create_multiple,
    "UpdateMultiple": update_multiple,
    "UpsertMultiple": upsert_multiple,
    "DeleteMultiple": delete_multiple,
}

"""Operations that are not plain records: navigation, references, properties, functions, batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from windtunnel.simulator.exchange import Absent, Exchange, Response
from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.odata import parse_query
from windtunnel.simulator.odata.schema import Navigation
from windtunnel.simulator.services.dataverse import bulk, errors, file_messages, many_to_many
from windtunnel.simulator.services.dataverse.model.annotations import asks_for
from windtunnel.simulator.services.dataverse.model.tables import NAMESPACE, DataverseTable
from windtunnel.simulator.services.dataverse.paths import Segment, literal
from windtunnel.simulator.services.dataverse.replies import base_of
from windtunnel.simulator.services.dataverse.search import requests

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers

VERSION = "9.2.24114.210"


def wants_totals(wanted: str) -> bool:
    """Whether totals are asked for among the annotations."""
    return asks_for(wanted, "Microsoft.Dynamics.CRM.totalrecordcount")


def navigate(
    there: Handlers,
    exchange: Exchange,
    served: DataverseTable,
    key: str,
    navigation: Navigation,
    parts: tuple[Segment, ...],
) -> Response:
    """`/accounts(id)/primarycontactid`, `/contact_customer_accounts`, with `/$ref`, `/$count`."""
    target = there.tables.by_name[navigation.target]
    row = served.records.get((key,))
    if row is None:
        raise errors.RecordNotFound(table=served.name, id=key)
    last = parts[-1].name
    method = exchange.request.method
    if last == "$ref" or (navigation.collection and len(parts) > 1 and method == "DELETE"):
        return _reference(there, exchange, served, key, navigation, target, parts)
    if not navigation.collection:
        own, _ = navigation.pairs[0]
        related = row[own]
        if related is None:
            return there.replies.empty(exchange)
        return there.record(exchange, target.entity_set, related)
    own, far = navigation.pairs[0]
    restriction = (f"t.{quoted(far)} = ?", (row[own],))
    if navigation.intersect:
        restriction = many_to_many.restriction(navigation, row[own])
    if last == "$count":
        return there.count(exchange, target, restriction)
    if method == "POST":
        created = _create_below(there, exchange, key, navigation, target)
        uri = f"{base_of(exchange)}{target.entity_set}({created})"
        return there.replies.empty(exchange, f"OData-EntityId: {uri}\r\n".encode())
    if method not in {"GET", "HEAD"}:
        raise errors.MethodNotAllowed(method=method)
    path = f"{served.entity_set}({key})/{navigation.name}"
    return there.list(exchange, target, restriction, path)


def _create_below(
    there: Handlers,
    exchange: Exchange,
    key: str,
    navigation: Navigation,
    target: DataverseTable,
) -> str:
    """A new record of a collection, linked to the record above it; returns its key."""
    caller, body = there.caller(exchange), there.body(exchange, target)
    if navigation.intersect:
        with there.store.atomic():
            created = there.writes.create(target, body, caller)
            many_to_many.associate(there, navigation, key, created, caller)
        return created
    values, _ = there.writes.values_of(target, body)
    values[navigation.pairs[0][1]] = key
    return there.writes.insert(target, values, caller)


def _reference(
    there: Handlers,
    exchange: Exchange,
    served: DataverseTable,
    key: str,
    navigation: Navigation,
    target: DataverseTable,
    parts: tuple[Segment, ...],
) -> Response:
    method, caller = exchange.request.method, there.caller(exchange)
    exchange.operation = "associate" if method in {"POST", "PUT"} else "disassociate"
    exchange.cost_seconds += there.guard.cost(exchange.operation)
    own, far = navigation.pairs[0]
    if method in {"GET", "HEAD"}:
        return _show_references(there, exchange, served, key, navigation, target)
    if method in {"POST", "PUT"}:
        reference = there.body(exchange, served).get("@odata.id")
        if not isinstance(reference, str):
            raise errors.PayloadError(
                set=served.entity_set,
                problem="Microsoft.OData.ODataException: '@odata.id' is expected.",
            )
        table, other = there.resolve(reference)
        if table.name != target.name:
            raise errors.PayloadError(
                set=served.entity_set,
                problem="Microsoft.OData.ODataException: The reference is to another type than "
                f"'{navigation.name}' takes.",
            )
    elif method == "DELETE":
        other = _deleted_reference(there, exchange, navigation, target, parts)
    else:
        raise errors.MethodNotAllowed(method=method)
    linked = None if method == "DELETE" else key
    if navigation.intersect:
        change = many_to_many.associate if linked else many_to_many.disassociate
        change(there, navigation, key, other, caller)
    elif navigation.collection:
        there.writes.change(target, other, {far: linked}, caller)
    else:
        there.writes.change(served, key, {own: other if method != "DELETE" else None}, caller)
    return there.replies.empty(exchange)


def _deleted_reference(
    there: Handlers,
    exchange: Exchange,
    navigation: Navigation,
    target: DataverseTable,
    parts: tuple[Segment, ...],
) -> str:
    if not navigation.collection:
        return ""
    if parts[0].arguments:
        return there.key_of(target, parts[0].arguments)
    query = parse_query(exchange.request.query)
    if query.id:
        return there.resolve(query.id)[1]
    raise errors.InvalidArgument(problem="The record to disassociate is not named: add ?$id=.")


def _show_references(
    there: Handlers,
    exchange: Exchange,
    served: DataverseTable,
    key: str,
    navigation: Navigation,
    target: DataverseTable,
) -> Response:
    base = base_of(exchange)
    own, far = navigation.pairs[0]
    row = served.records.get((key,)) or {}
    if not navigation.collection:
        if row.get(own) is None:
            return there.replies.empty(exchange)
        uri = f"{base}{target.entity_set}({row[own]})"
        return there.replies.object(
            exchange, {"@odata.context": f"{base}$metadata#$ref", "@odata.id": uri}
        )
    if navigation.intersect:
        where, parameters = many_to_many.restriction(navigation, row[own])
        related = there.store.read(
            f"SELECT t.{quoted(target.primary_id)} FROM {quoted(target.table.sql)} t WHERE {where}",
            parameters,
        ).fetchall()
        keys = [key for (key,) in related]
    else:
        found = target.records.find({far: row[own]}, 5000)
        keys = [row[target.primary_id] for row in found]
    links = [{"@odata.id": f"{base}{target.entity_set}({key})"} for key in keys]
    context = f"{base}$metadata#Collection($ref)"
    return there.replies.object(exchange, {"@odata.context": context, "value": links})


def single_property(
    there: Handlers,
    exchange: Exchange,
    served: DataverseTable,
    key: str,
    parts: tuple[Segment, ...],
) -> Response:
    """`/accounts(id)/name`: GET, PUT `{"value": ...}`, DELETE; `/$value` is the bare value."""
    name, method = parts[0].name, exchange.request.method
    row = served.records.get((key,))
    if row is None:
        raise errors.RecordNotFound(table=served.name, id=key)
    if method in {"GET", "HEAD"}:
        exchange.operation = "retrieve"
        exchange.cost_seconds += there.guard.cost("retrieve")
        value = row[name]
        if value is None:
            return there.replies.empty(exchange)
        decode = served.decoders.get(name)
        shown = decode(value) if decode else value
        if len(parts) > 1 and parts[1].name == "$value":
            return there.replies.text(exchange, str(shown).encode())
        context = f"{base_of(exchange)}$metadata#{served.entity_set}({key})/{name}"
        return there.replies.object(exchange, {"@odata.context": context, "value": shown})
    exchange.operation = "update"
    exchange.cost_seconds += there.guard.cost("update")
    if method == "PUT":
        body = there.body(exchange, served)
        there.writes.update(served, key, {name: body.get("value")}, there.caller(exchange))
    elif method == "DELETE":
        there.writes.update(served, key, {name: None}, there.caller(exchange))
    else:
        raise errors.MethodNotAllowed(method=method)
    return there.replies.empty(exchange)


def unbound(there: Handlers, exchange: Exchange, segment: Segment) -> Response:
    """Functions and actions at the root."""
    name, method = segment.name, exchange.request.method
    base = base_of(exchange)
    context = f"{base}$metadata#{NAMESPACE}{name}Response"
    exchange.operation = "function" if method == "GET" else "action"
    exchange.cost_seconds += there.guard.cost(exchange.operation)
    if name in requests.MESSAGES:
        reads_only = name in {"searchstatus", "searchstatistics"}
        if (method == "GET") is not reads_only:
            raise errors.NoRoute(uri=exchange.request.base_url + exchange.request.path)
        exchange.cost_seconds = 0.0
        return there.search.message(exchange, name, context)
    if method in {"GET", "HEAD"}:
        found = _function(there, exchange, segment, base)
        if found is not None:
            return there.replies.object(exchange, {"@odata.context": context, **found})
        if name in _POST_ONLY:
            raise errors.NoRoute(uri=exchange.request.base_url + exchange.request.path)
        if name in _ABSENT:
            raise Absent(f"the function {name}")
    elif method == "POST":
        if name == "BulkDelete":
            job = bulk.bulk_delete(there, exchange)
            return there.replies.object(exchange, {"@odata.context": context, "JobId": job})
        if name in file_messages.MESSAGES:
            with there.store.atomic():
                answer = file_messages.MESSAGES[name](there, exchange, there.arguments(exchange))
            if answer is None:
                return there.replies.empty(exchange)
            return there.replies.object(exchange, {"@odata.context": context, **answer})
        if name in _ABSENT:
            raise Absent(f"the action {name}")
    raise errors.SegmentNotFound(segment=name)


ENGLISH = 1033
"""The only language of the environment."""

_POST_ONLY = frozenset({"BulkDelete", *file_messages.MESSAGES})
_ABSENT = frozenset(
    {
        "InitializeFrom",
        "Merge",
        "GrantAccess",
        "ModifyAccess",
        "RevokeAccess",
        "RetrievePrincipalAccess",
        "WinOpportunity",
        "LoseOpportunity",
        "CloseIncident",
        "ExecuteCosmosSqlQuery",
    }
)


def _function(
    there: Handlers, exchange: Exchange, segment: Segment, base: str
) -> dict[str, Any] | None:
    organization = there.tables.by_name["organization"].records.find({}, 1)[0]
    match segment.name:
        case "WhoAmI":
            caller = there.caller(exchange)
            return {
                "BusinessUnitId": caller.business_unit_id,
                "UserId": caller.user_id,
                "OrganizationId": organization["organizationid"],
            }
        case "RetrieveVersion":
            return {"Version": VERSION}
        case "RetrieveTotalRecordCount":
            return {"EntityRecordCountCollection": _totals(there, exchange, segment)}
        case "RetrieveCurrentOrganization":
            return {"Detail": _organization(there, organization, base)}
        case "RetrieveAvailableLanguages":
            return {"LocaleIds": [ENGLISH]}
        case "RetrieveProvisionedLanguages" | "RetrieveInstalledLanguagePacks" as name:
            return {name: [ENGLISH]}
        case "RetrieveDeprovisionedLanguages" as name:
            return {name: []}
        case _:
            return None


def _totals(there: Handlers, exchange: Exchange, segment: Segment) -> dict[str, Any]:
    aliases = parse_query(exchange.request.query).aliases
    arguments = dict(segment.arguments or ())
    node = arguments.get("EntityNames")
    names = literal(node, aliases) if node is not None else None
    if not isinstance(names, list):
        raise errors.InvalidArgument(problem="EntityNames must be a list of table names.")
    counts = []
    for name in names:
        served = there.tables.by_name.get(str(name))
        if served is None:
            raise errors.InvalidArgument(
                problem=f"The entity with a name = '{name}' was not found in the MetadataCache."
            )
        counts.append(served.records.count())
    return {"Count": len(names), "IsReadOnly": False, "Keys": names, "Values": counts}


def _organization(there: Handlers, row: dict[str, Any], base: str) -> dict[str, Any]:
    root = base.split("/api/", maxsplit=1)[0]
    endpoints = [root + "/", f"{root}/XRMServices/2011/Organization.svc", f"{root}/api/data/"]
    names = ["WebApplication", "OrganizationService", "OrganizationDataService"]
    return {
        "OrganizationId": row["organizationid"],
        "FriendlyName": row["name"],
        "OrganizationVersion": VERSION,
        "EnvironmentId": row["organizationid"],
        "DatacenterId": "00000000-0000-0000-0000-000000000000",
        "Geo": "NA",
        "TenantId": there.tenant_id,
        "UrlName": row["name"],
        "UniqueName": row["name"],
        "Endpoints": {"Count": 3, "IsReadOnly": False, "Keys": names, "Values": endpoints},
        "State": "Enabled",
    }


def bound(
    there: Handlers,
    exchange: Exchange,
    served: DataverseTable,
    segment: Segment,
    key: str = "",
) -> Response:
    """Actions bound to an entity set or a record; names are qualified."""
    name = segment.name
    if not name.startswith(NAMESPACE):
        raise errors.SegmentNotFound(segment=name)
    message = name.removeprefix(NAMESPACE)
    handler = bulk.MULTIPLE.get(message)
    if handler is None or key:
        raise Absent(f"the bound operation {message}")
    if exchange.request.method != "POST":
        raise errors.NoRoute(uri=exchange.request.base_url + exchange.request.path)
    result = handler(there, exchange, served)
    if result is None:
        return there.replies.empty(exchange)
    context = f"{base_of(exchange)}$metadata#{NAMESPACE}{message}Response"
    return there.replies.json(exchange, orjson.dumps({"@odata.context": context, **result}), 200)


def batch(there: Handlers, exchange: Exchange) -> Response:
    """`$batch`: requests in order, change sets all or nothing."""
    from windtunnel.simulator.services.dataverse.batches import run

    return run(there, exchange)

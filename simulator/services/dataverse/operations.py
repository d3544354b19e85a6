"""Operations that are not plain records: navigation, references, properties, batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from windtunnel.simulator.exchange import Exchange, Response
from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.odata import parse_query
from windtunnel.simulator.odata.schema import Navigation
from windtunnel.simulator.services.dataverse import errors, many_to_many
from windtunnel.simulator.services.dataverse.model.tables import PRINCIPAL, DataverseTable
from windtunnel.simulator.services.dataverse.paths import Segment
from windtunnel.simulator.services.dataverse.replies import base_of

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers


def navigate(
    there: Handlers,
    exchange: Exchange,
    served: DataverseTable,
    key: str,
    navigation: Navigation,
    parts: tuple[Segment, ...],
) -> Response:
    """`/accounts(id)/primarycontactid`, `/contact_customer_accounts`, with `/$ref`, `/$count`."""
    row = served.records.get((key,))
    if row is None:
        raise errors.RecordNotFound(table=served.name, id=key)
    target = there.tables.target(navigation)
    if navigation.target == PRINCIPAL:
        target = there.tables.principal_table(row[navigation.pairs[0][0]])
    there.security.check_row(served, row, "Read")
    first, behind = parts[0], parts[1:]
    last = parts[-1].name
    method = exchange.request.method
    if last == "$ref" or (navigation.collection and len(parts) > 1 and method == "DELETE"):
        return _reference(there, exchange, served, key, navigation, target, parts)
    if not navigation.collection:
        if method == "DELETE" and not behind:
            # Not what disassociates: "Update and delete table rows using the Web API".
            raise errors.MethodNotAllowed(method=method)
        own, _ = navigation.pairs[0]
        related = row[own]
        if related is None or not target.records.exists((related,)):
            return there.replies.empty(exchange)
        return there.below(exchange, target, related, parts)
    own, far = navigation.pairs[0]
    restriction = (f"t.{quoted(far)} = ?", (row[own],))
    if navigation.intersect:
        restriction = many_to_many.restriction(navigation, row[own])
    if behind and behind[0].is_qualified:
        raise errors.SegmentNotFound(segment=behind[0].name)
    if last == "$count" and len(behind) == 1:
        return there.count(exchange, target, restriction)
    if first.arguments is not None:
        return _member(there, exchange, target, parts, restriction)
    if behind:
        raise errors.SegmentNotFound(segment=behind[0].name)
    if method == "POST":
        created = _create_below(there, exchange, key, navigation, target)
        uri = f"{base_of(exchange)}{target.entity_set}({created})"
        return there.replies.empty(exchange, f"OData-EntityId: {uri}\r\n".encode())
    if method == "PUT" and target.name == "activityparty":
        return _replace_parties(there, exchange, served, key, navigation)
    if method not in {"GET", "HEAD"}:
        raise errors.MethodNotAllowed(method=method)
    path = f"{served.entity_set}({key})/{navigation.name}"
    return there.list(exchange, target, restriction, path)


def _replace_parties(
    there: Handlers,
    exchange: Exchange,
    served: DataverseTable,
    key: str,
    navigation: Navigation,
) -> Response:
    """PUT of a collection, which only the parties of an activity take: these instead of those.

    Source: "Associate and disassociate table rows by using the Web API".
    """
    body = there.body(exchange, served)
    there.security.check(served, key, "Write")
    there.writes.replace_collection(
        served, key, navigation, body.get("value"), there.caller(exchange)
    )
    return there.replies.empty(exchange)


def _member(
    there: Handlers,
    exchange: Exchange,
    target: DataverseTable,
    parts: tuple[Segment, ...],
    restriction: tuple[str, tuple[Any, ...]],
) -> Response:
    """`/contact_customer_accounts(id)` and what is below it: one record of a collection."""
    key = there.key_of(target, parts[0].arguments or ())
    condition, values = restriction
    sql = (
        f"SELECT 1 FROM {quoted(target.table.sql)} t "
        f"WHERE t.{quoted(target.primary_id)} = ? AND {condition}"
    )
    if there.store.read(sql, (key, *values)).fetchone() is None:
        raise errors.RecordNotFound(table=target.name, id=key)
    return there.below(exchange, target, key, parts)


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
    values, _ = there.writes.new_values(target, body)
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
        fits = table.name == target.name
        if navigation.target == PRINCIPAL:
            fits = table.name in {"systemuser", "team"}
        if not fits:
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
    if there.security.current is not None:
        _check_link(there, served, key, navigation, target, other)
    if navigation.intersect:
        change = many_to_many.associate if linked else many_to_many.disassociate
        change(there, navigation, key, other, caller)
    elif navigation.collection:
        there.writes.change(target, other, {far: linked}, caller)
    else:
        there.writes.change(served, key, {own: other if method != "DELETE" else None}, caller)
    return there.replies.empty(exchange)


def _check_link(
    there: Handlers,
    served: DataverseTable,
    key: str,
    navigation: Navigation,
    target: DataverseTable,
    other: str,
) -> None:
    """The record that holds the lookup is appended to the other one."""
    ends = [(served, key), (target, other)]
    if navigation.collection and not navigation.intersect:
        ends.reverse()
    for (end, end_key), right in zip(ends, ("Append", "AppendTo"), strict=True):
        if end_key:
            there.security.check(end, end_key, right)


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
            f"SELECT t.{quoted(target.primary_id)} FROM {there.tables.readable(target)} t "
            f"WHERE {where}",
            parameters,
        ).fetchall()
        keys = [key for (key,) in related]
    else:
        related = there.store.read(
            f"SELECT {quoted(target.primary_id)} FROM {there.tables.readable(target)} "
            f"WHERE {quoted(far)} = ? LIMIT 5000",
            (row[own],),
        ).fetchall()
        keys = [key for (key,) in related]
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
    if len(parts) > 1 and (parts[1].name != "$value" or len(parts) > 2):
        raise errors.SegmentNotFound(segment=parts[-1].name)
    row = served.records.get((key,))
    if row is None:
        raise errors.RecordNotFound(table=served.name, id=key)
    if method in {"GET", "HEAD"}:
        exchange.operation = "retrieve"
        exchange.cost_seconds += there.guard.cost("retrieve")
        there.security.check_row(served, row, "Read")
        value = None if name in there.security.unreadable(served) else row[name]
        if value is None:
            return there.replies.empty(exchange)
        decode = served.decoders.get(name)
        shown = decode(value) if decode else value
        if len(parts) > 1:
            return there.replies.text(exchange, str(shown).encode())
        context = f"{base_of(exchange)}$metadata#{served.entity_set}({key})/{name}"
        return there.replies.object(exchange, {"@odata.context": context, "value": shown})
    exchange.operation = "update"
    exchange.cost_seconds += there.guard.cost("update")
    if method in {"PUT", "DELETE"} and name in served.lookup_columns:
        raise errors.LookupNotBound
    if method == "PUT":
        body = there.body(exchange, served)
        if "value" not in body:
            raise errors.PayloadError(
                set=served.entity_set,
                problem="Microsoft.OData.ODataException: A property with name 'value' is expected.",
            )
        there.writes.update(served, key, {name: body["value"]}, there.caller(exchange))
    elif method == "DELETE":
        there.writes.update(served, key, {name: None}, there.caller(exchange))
    else:
        raise errors.MethodNotAllowed(method=method)
    return there.replies.empty(exchange)


def batch(there: Handlers, exchange: Exchange) -> Response:
    """`$batch`: requests in order, change sets all or nothing."""
    from windtunnel.simulator.services.dataverse.batches import run

    return run(there, exchange)

"""POST, PATCH, PUT, DELETE of records. Source: captured calls of `/data`."""

from __future__ import annotations

from typing import Final

import orjson

from windtunnel.simulator.entity_sets.records import Key
from windtunnel.simulator.exchange import Exchange, Response
from windtunnel.simulator.services.finance_operations.addresses import Address
from windtunnel.simulator.services.finance_operations.errors import (
    TooManySelected,
    VerbNotSupported,
)
from windtunnel.simulator.services.finance_operations.handlers.reading import in_scope, no_route
from windtunnel.simulator.services.finance_operations.handlers.wire import (
    HEADS,
    VERSION,
    body_of,
    level_asked,
    root_of,
)
from windtunnel.simulator.services.finance_operations.model.access import in_company
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.environment import Environment
from windtunnel.simulator.services.finance_operations.model.kept_records import ETAG, etag_line
from windtunnel.simulator.services.finance_operations.model.reading import Json, address_of

_READ: Final = "GET, HEAD"
_OPERATIONS: Final = {"POST": "create", "PATCH": "update", "PUT": "update", "DELETE": "delete"}


def write(exchange: Exchange, environment: Environment, address: Address) -> Response:
    """A change of what an address names."""
    request = exchange.request
    entity_set, key, rest = address.entity_set, address.key, address.rest
    method = request.method
    exchange.operation = _OPERATIONS.get(method, "other")
    if entity_set is None:
        raise no_route(exchange)
    if rest:
        if not _is_readable(entity_set, key, rest):
            raise no_route(exchange)
        raise VerbNotSupported(method, _READ)
    if entity_set.facts.is_read_only or (entity_set.view and method != "POST"):
        # unconfirmed: 405; the real service may answer 400.
        is_made = key is None and not entity_set.facts.is_read_only
        raise VerbNotSupported(method, f"{_READ}, POST" if is_made else _READ)
    if method == "POST" and key is None:
        return create(exchange, environment, entity_set)
    if method not in _OPERATIONS or method == "POST":
        changes = "POST" if key is None else "PATCH, PUT, DELETE"
        raise VerbNotSupported(method, f"{_READ}, {changes}")
    if key is None:
        raise TooManySelected
    if method == "DELETE":
        return delete(exchange, environment, entity_set, key)
    return update(exchange, environment, entity_set, key)


def _is_readable(entity_set: EntitySet, key: Key | None, rest: tuple[str, ...]) -> bool:
    """Whether what stands behind a set or a record can be read, and so only that."""
    if key is None:
        return rest == ("$count",)
    name, table = rest[0], entity_set.table
    if name in table.columns:
        return rest[1:] in {(), ("$value",)}
    is_link = name in table.navigations or entity_set.lacks_navigation(name)
    return is_link and rest[1:] in {(), ("$count",)}


def create(exchange: Exchange, environment: Environment, entity_set: EntitySet) -> Response:
    """A new record: 201 with the whole row, defaults and drawn numbers included."""
    request = exchange.request
    user = exchange.identity.user_id
    level = level_asked(exchange, None)
    company = environment.users.of(user).company
    body = in_company(entity_set, body_of(request), company)
    made = environment.writing.create(entity_set, body, user)
    key, root = entity_set.key_of(made), root_of(request)
    record: Json | None
    if environment.writing.is_as_made(entity_set):
        record = entity_set.shown(made)
    else:
        plan = environment.plans.of(entity_set, "")
        record = environment.reading.one(plan, key, "minimal", root)
    if record is None:
        raise LookupError(f"{entity_set.name}{key} was stored and is not there")
    # An address has no line break, the root came in a header line.
    location = f"Location: {root}/{address_of(entity_set, key)}\r\n".encode("latin-1")
    etag = etag_line(record[ETAG])
    if level == "none":
        del record[ETAG]
        return Response(201, orjson.dumps(record), HEADS[level], location, etag)
    context = orjson.dumps(f"{root}/$metadata#{entity_set.name}/$entity")
    content = b'{"@odata.context":%b,%b' % (context, orjson.dumps(record)[1:])
    return Response(201, content, HEADS[level], location, etag)


def update(
    exchange: Exchange, environment: Environment, entity_set: EntitySet, key: Key
) -> Response:
    """A changed record: 204. PUT changes the sent fields only, as PATCH does."""
    environment.writing.update(
        entity_set,
        key,
        body_of(exchange.request),
        exchange.identity.user_id,
        if_match=exchange.request.header("if-match"),
        is_in_scope=in_scope(exchange, environment, entity_set, key),
    )
    return Response(204, b"", VERSION)


def delete(
    exchange: Exchange, environment: Environment, entity_set: EntitySet, key: Key
) -> Response:
    """A record and what it owns are gone: 204."""
    environment.writing.delete(
        entity_set,
        key,
        exchange.identity.user_id,
        if_match=exchange.request.header("if-match"),
        is_in_scope=in_scope(exchange, environment, entity_set, key),
    )
    return Response(204, b"", VERSION)

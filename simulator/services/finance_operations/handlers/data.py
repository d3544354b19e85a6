"""Everything below `/data`: the address decides, then the method."""

from __future__ import annotations

from windtunnel.contracts.entities.finance_operations.load import absent_sets
from windtunnel.simulator.exchange import Absent, Exchange, Response
from windtunnel.simulator.services.finance_operations.addresses import (
    Address,
    Addresses,
    NotAnAddress,
)
from windtunnel.simulator.services.finance_operations.errors import AccessDenied, VerbNotSupported
from windtunnel.simulator.services.finance_operations.handlers.actions import invoke, is_action
from windtunnel.simulator.services.finance_operations.handlers.batch import batch
from windtunnel.simulator.services.finance_operations.handlers.reading import (
    metadata,
    no_route,
    read,
    service_document,
)
from windtunnel.simulator.services.finance_operations.handlers.writing import write
from windtunnel.simulator.services.finance_operations.model.environment import Environment
from windtunnel.simulator.services.finance_operations.model.users import READ, WRITE

ROOT = "/data"
BELOW = f"{ROOT}/"


def data(exchange: Exchange, environment: Environment, addresses: Addresses) -> Response:
    """Answer a request for `/data` or below; its path is read as it came, decoded once more."""
    try:
        address = addresses.of(exchange.request.path[len(ROOT) :])
    except NotAnAddress:
        raise no_route(exchange) from None
    if address.entity_set is None:
        return _without_set(exchange, environment, addresses, address)
    need = READ if exchange.request.method in {"GET", "HEAD"} else WRITE
    if not environment.users.of(exchange.identity.user_id).may(need, address.entity_set.name):
        raise AccessDenied
    first, *behind = address.rest or ("",)
    if first and address.rest[-1] == "$ref":
        raise Absent("links ($ref)")
    if is_action(first):
        if behind:
            raise no_route(exchange)
        return invoke(exchange, environment, first, address.entity_set, address.key)
    if need is READ:
        return read(exchange, environment, address)
    return write(exchange, environment, address)


def _inside(exchange: Exchange, environment: Environment, addresses: Addresses) -> Response:
    """Answer one operation of a batch."""
    before, found, resource = exchange.request.path.partition(BELOW)
    if before or not found or resource.startswith("$batch"):
        raise no_route(exchange)
    return data(exchange, environment, addresses)


def _without_set(
    exchange: Exchange, environment: Environment, addresses: Addresses, address: Address
) -> Response:
    if not address.rest:
        return _only_get(exchange, service_document(exchange, environment))
    name = address.rest[0]
    if address.rest == ("$metadata",):
        return _only_get(exchange, metadata(exchange, environment))
    if address.rest == ("$batch",):
        return batch(exchange, environment, lambda inner: _inside(inner, environment, addresses))
    collection = name.partition("(")[0]
    if collection in absent_sets():
        raise Absent(f"entity set {collection}")
    if is_action(name) and len(address.rest) == 1:
        return invoke(exchange, environment, name)
    raise no_route(exchange)


def _only_get(exchange: Exchange, response: Response) -> Response:
    method = exchange.request.method
    if method not in {"GET", "HEAD"}:
        raise VerbNotSupported(method, "GET, HEAD")
    return response

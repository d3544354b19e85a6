"""`/api/services`: groups, services, operations, and calls of them as JSON.

Source: "Custom services"; captured calls and errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from windtunnel.simulator.entity_sets.custom_services import OperationRefused
from windtunnel.simulator.exchange import Exchange, Response
from windtunnel.simulator.kernel.json_bodies import BadJson, any_json_of
from windtunnel.simulator.services.finance_operations.addresses import Addresses
from windtunnel.simulator.services.finance_operations.custom_services.invoking import (
    Context,
    invoke,
)
from windtunnel.simulator.services.finance_operations.custom_services.registry import (
    ServedOperation,
    ServedService,
)
from windtunnel.simulator.services.finance_operations.custom_services.shapes import (
    BadValue,
    Shape,
    json_of,
    read,
)
from windtunnel.simulator.services.finance_operations.errors import (
    BadServiceCall,
    OperationFailed,
    UnsupportedMedia,
)
from windtunnel.simulator.services.finance_operations.handlers.reading import no_route
from windtunnel.simulator.services.finance_operations.model.environment import Environment

_HEAD = b"content-type: application/json; charset=utf-8\r\ncache-control: no-cache\r\n"


def list_groups(exchange: Exchange, environment: Environment, addresses: Addresses) -> Response:
    """The service groups."""
    del exchange, addresses
    return _reply({"ServiceGroups": _names(environment.custom_services.groups())})


def list_services(
    exchange: Exchange, environment: Environment, addresses: Addresses, group: str
) -> Response:
    """The services of a group."""
    del addresses
    services = environment.custom_services.services(group)
    if services is None:
        raise no_route(exchange)
    return _reply({"Services": _names(services)})


def list_operations(
    exchange: Exchange, environment: Environment, addresses: Addresses, group: str, service: str
) -> Response:
    """The operations of a service."""
    del addresses
    found = _service(exchange, environment, group, service)
    return _reply({"Operations": _names(found.operations)})


def describe_operation(
    exchange: Exchange,
    environment: Environment,
    addresses: Addresses,
    group: str,
    service: str,
    operation: str,
) -> Response:
    """The parameters and the result of an operation."""
    del addresses
    found = _operation(exchange, environment, group, service, operation)
    parameters = [{"Name": name, "Type": _type(shape)} for name, shape in found.parameters.items()]
    returns = "void" if found.returns is None else _type(found.returns)
    # unconfirmed: the names of these members
    return _reply({"Parameters": parameters, "Return": {"Name": "return", "Type": returns}})


def call_operation(
    exchange: Exchange,
    environment: Environment,
    addresses: Addresses,
    group: str,
    service: str,
    operation: str,
) -> Response:
    """Call an operation: one member of the body per parameter, the bare result back."""
    del addresses
    found = _operation(exchange, environment, group, service, operation)
    body = _body(exchange)
    try:
        done = invoke(exchange, environment, found, _arguments(found, body), _context(body))
    except OperationRefused as refusal:
        exchange.correlation_id = environment.new_id()
        raise OperationFailed(
            reason=str(refusal), kind=refusal.exception_type, activity=exchange.correlation_id
        ) from refusal
    if found.returns is None:
        return Response(200, b"", _HEAD)
    return _reply(json_of(found.returns, done.result))


def _arguments(operation: ServedOperation, body: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, shape in operation.parameters.items():
        if name not in body:
            raise BadServiceCall(
                reason=f"Parameter '{name}' is not found within the request content body."
            )
        try:
            found[name] = read(shape, body[name], name)
        except BadValue as error:
            raise BadServiceCall(reason=str(error)) from error
    return found


def _context(body: Mapping[str, Any]) -> Context:
    given = body.get("CallContext")
    if not isinstance(given, dict):
        return Context()
    return Context(str(given.get("Company") or ""), str(given.get("Language") or ""))


def _body(exchange: Exchange) -> dict[str, Any]:
    request = exchange.request
    if not request.body.strip():
        return {}
    media = request.header("content-type")
    if media.partition(";")[0].strip().lower() not in {"", "application/json", "text/json"}:
        raise UnsupportedMedia(media=media)
    try:
        body = any_json_of(request)
    except BadJson as error:
        raise BadServiceCall(reason=f"The request content body is not JSON. {error}") from error
    if not isinstance(body, dict):
        raise BadServiceCall(reason="The request content body is not a JSON object.")
    return body


def _service(
    exchange: Exchange, environment: Environment, group: str, service: str
) -> ServedService:
    found = environment.custom_services.service(group, service)
    if found is None:
        raise no_route(exchange)
    return found


def _operation(
    exchange: Exchange, environment: Environment, group: str, service: str, operation: str
) -> ServedOperation:
    found = _service(exchange, environment, group, service).operation(operation)
    if found is None:
        raise no_route(exchange)
    return found


def _names(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"Name": name} for name in names]


def _type(shape: Shape) -> str:
    return shape.name


def _reply(value: Any) -> Response:
    return Response(200, orjson.dumps(value), _HEAD)

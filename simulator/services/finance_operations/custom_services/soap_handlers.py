"""`/soap/services`: descriptions of service groups, and calls as SOAP.

Source: "Services home page"; the clients and service descriptions of Microsoft's samples.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from windtunnel.simulator.entity_sets.custom_services import OperationRefused
from windtunnel.simulator.exchange import Absent, Exchange, Request, Response
from windtunnel.simulator.services.finance_operations.addresses import Addresses
from windtunnel.simulator.services.finance_operations.custom_services import namespaces as ns
from windtunnel.simulator.services.finance_operations.custom_services.envelope import (
    Envelope,
    Fault,
    NotSoap,
    fault,
    operation_fault,
    read_envelope,
    result,
)
from windtunnel.simulator.services.finance_operations.custom_services.invoking import invoke
from windtunnel.simulator.services.finance_operations.custom_services.registry import (
    ServedOperation,
    ServedService,
)
from windtunnel.simulator.services.finance_operations.custom_services.shapes import BadValue
from windtunnel.simulator.services.finance_operations.custom_services.wsdl import (
    Description,
    action_of,
)
from windtunnel.simulator.services.finance_operations.custom_services.xml_values import (
    read_xml,
    write_xml,
)
from windtunnel.simulator.services.finance_operations.errors import (
    BadServiceCall,
    UnsupportedMedia,
    VerbNotSupported,
)
from windtunnel.simulator.services.finance_operations.handlers.reading import no_route
from windtunnel.simulator.services.finance_operations.model.environment import Environment

_XML = b"content-type: text/xml; charset=utf-8\r\n"
_TYPES = {
    ns.SOAP_11: b"content-type: text/xml; charset=utf-8\r\n",
    ns.SOAP_12: b"content-type: application/soap+xml; charset=utf-8\r\n",
}
_ACTION = re.compile(r'action="?([^";]+)"?', re.IGNORECASE)


def is_description(request: Request) -> bool:
    """Whether a request asks for WSDL or a schema, which needs no token."""
    query = request.query.lower()
    return (
        request.method in {"GET", "HEAD"}
        and request.path.startswith("/soap/services/")
        and query.startswith(("wsdl", "xsd=", "singlewsdl"))
    )


def describe(
    exchange: Exchange, environment: Environment, addresses: Addresses, group: str
) -> Response:
    """The description of a service group."""
    del addresses
    exchange.operation = "metadata"
    services = environment.custom_services.services(group)
    if services is None:
        raise no_route(exchange)
    request = exchange.request
    name = environment.custom_services.group_name(group)
    description = Description(name, services, f"{request.base_url}/soap/services/{name}")
    parameters = [
        (key.lower(), value) for key, value in parse_qsl(request.query, keep_blank_values=True)
    ]
    for kind, value in parameters:
        if kind == "singlewsdl":
            raise Absent("singleWsdl")
        if kind in {"wsdl", "xsd"}:
            found = description.document(kind, value.lower())
            if found is None:
                raise no_route(exchange)
            return Response(200, found.encode(), _XML)
    raise VerbNotSupported(request.method, "POST")


def call(
    exchange: Exchange, environment: Environment, addresses: Addresses, group: str
) -> Response:
    """Call the operation that the action names."""
    del addresses
    services = environment.custom_services.services(group)
    if services is None:
        raise no_route(exchange)
    request = exchange.request
    media = request.header("content-type")
    version = {
        "text/xml": ns.SOAP_11,
        "application/soap+xml": ns.SOAP_12,
    }.get(media.partition(";")[0].strip().lower())
    if version is None:
        raise UnsupportedMedia(media=media)
    try:
        envelope = read_envelope(request.body)
    except NotSoap as error:
        raise BadServiceCall(reason=str(error)) from error
    action = _action(request, media, envelope)
    for served in services.values():
        for operation in served.operations.values():
            if action == action_of(served, operation.name):
                return _called(exchange, environment, version, envelope, served, operation)
    text = (
        f"The message with Action '{action}' cannot be processed at the receiver, due to a "
        "ContractFilter mismatch at the EndpointDispatcher."
    )
    wrong = Fault("ActionNotSupported", text, code_space=ns.DISPATCHER)
    return Response(500, fault(version, wrong).encode(), _TYPES[version])


def _action(request: Request, media: str, envelope: Envelope) -> str:
    given = request.header("soapaction").strip().strip('"')
    if given:
        return given
    found = _ACTION.search(media)
    return found[1] if found is not None else envelope.action


def _called(
    exchange: Exchange,
    environment: Environment,
    version: str,
    envelope: Envelope,
    served: ServedService,
    operation: ServedOperation,
) -> Response:
    try:
        arguments = _arguments(envelope, operation)
    except BadValue as error:
        text = f"The formatter threw an exception while trying to deserialize the message: {error}"
        wrong = Fault("DeserializationFailed", text, code_space=ns.DISPATCHER)
        return Response(500, fault(version, wrong).encode(), _TYPES[version])
    try:
        done = invoke(exchange, environment, operation, arguments, envelope.context)
    except OperationRefused as refusal:
        exchange.correlation_id = environment.new_id()
        wrong = operation_fault(str(refusal), refusal.exception_type, exchange.correlation_id)
        return Response(500, fault(version, wrong).encode(), _TYPES[version])
    inner = ""
    if operation.returns is not None:
        inner = write_xml("result", operation.returns, done.result)
    body = result(version, served.service.namespace, operation.name, inner, done.infolog)
    return Response(200, body.encode(), _TYPES[version])


def _arguments(envelope: Envelope, operation: ServedOperation) -> dict[str, Any]:
    """Every parameter; one that was not sent has its default. Raises BadValue."""
    if envelope.operation.local != operation.name:
        raise BadValue(
            f"The body begins with {envelope.operation.local}, not with {operation.name}."
        )
    sent = {child.local: child for child in envelope.operation.children}
    return {
        name: read_xml(shape, sent.get(name), name) for name, shape in operation.parameters.items()
    }

"""Functions and actions of the Web API: `standard` has all that are simulated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from windtunnel.contracts.entities.dataverse.messages import standard_messages
from windtunnel.simulator.exchange import Exchange, Response
from windtunnel.simulator.kernel.settings import CustomApiSettings
from windtunnel.simulator.services.dataverse import (
    bulk,
    definitions,
    errors,
    file_messages,
    solutions,
)
from windtunnel.simulator.services.dataverse.messages import (
    auditing,
    bulk_duplicates,
    dependencies,
    duplicates,
    environment,
    fetch_expressions,
    lists,
    numbers,
    organization_tree,
    pricing,
    query_expressions,
    records,
    sales,
    service,
    whole_definitions,
)
from windtunnel.simulator.services.dataverse.messages.custom import declare
from windtunnel.simulator.services.dataverse.messages.registry import (
    Answer,
    Call,
    Handler,
    Registry,
)
from windtunnel.simulator.services.dataverse.model.tables import NAMESPACE
from windtunnel.simulator.services.dataverse.paths import Segment
from windtunnel.simulator.services.dataverse.replies import base_of
from windtunnel.simulator.services.dataverse.search import requests
from windtunnel.simulator.services.dataverse.security import messages as security

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.file_messages import Message
    from windtunnel.simulator.services.dataverse.handlers import Handlers


def _with_body(message: Message) -> Handler:
    def answer(call: Call) -> Answer:
        return message(call.there, call.exchange, dict(call.arguments))

    return answer


def _search(there: Handlers, exchange: Exchange, segment: Segment) -> Response:
    reads_only = segment.name in {"searchstatus", "searchstatistics"}
    if (exchange.request.method == "GET") is not reads_only:
        raise errors.NoRoute(uri=exchange.request.base_url + exchange.request.path)
    context = f"{base_of(exchange)}$metadata#{NAMESPACE}{segment.name}Response"
    exchange.operation = "function" if reads_only else "action"
    return there.search.message(exchange, segment.name, context)


def standard(custom: Iterable[CustomApiSettings] = ()) -> Registry:
    """The registry of an environment, with the custom APIs that its settings declare."""
    registry = Registry(standard_messages())
    for module in (
        *(
            auditing,
            bulk_duplicates,
            dependencies,
            duplicates,
            environment,
            fetch_expressions,
            lists,
            numbers,
        ),
        *(organization_tree, pricing, query_expressions, records, sales, service),
        whole_definitions,
    ):
        registry.handle(module.HANDLERS)
    registry.handle(bulk.HANDLERS)
    registry.handle(solutions.HANDLERS)
    registry.handle(security.HANDLERS)
    registry.handle({name: _with_body(m) for name, m in file_messages.MESSAGES.items()})
    registry.delegate(dict.fromkeys(definitions.MESSAGES, definitions.message))
    registry.delegate(dict.fromkeys(requests.MESSAGES, _search))
    declare(registry, custom)
    return registry

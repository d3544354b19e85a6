"""Requests for definitions: reads with etags here, changes by the customizations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from windtunnel.simulator.exchange import Absent, Exchange, Response
from windtunnel.simulator.odata import ODATA_401, parse_query
from windtunnel.simulator.services.dataverse.paths import Segment
from windtunnel.simulator.services.dataverse.replies import base_of

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers


def handle(there: Handlers, exchange: Exchange, parts: tuple[Segment, ...]) -> Response:
    """Any method below EntityDefinitions, RelationshipDefinitions, GlobalOptionSetDefinitions."""
    exchange.operation = "metadata"
    exchange.cost_seconds += there.guard.cost("metadata")
    if exchange.request.method not in {"GET", "HEAD"}:
        raise Absent("changing table definitions")
    return _read(there, exchange, parts)


def _read(there: Handlers, exchange: Exchange, parts: tuple[Segment, ...]) -> Response:
    """A definition or a list of them; 304 while nothing changed since the etag that is sent."""
    request, metadata = exchange.request, there.metadata
    etag = metadata.etag
    head = f"ETag: {etag}\r\n".encode()
    base = base_of(exchange)
    body = metadata.kept(request.path, request.query, base)
    if body is None:
        answer = metadata.answer(parts, parse_query(request.query, ODATA_401), base)
        if answer is None:
            return there.replies.empty(exchange)
        if isinstance(answer, int):
            return there.replies.text(exchange, str(answer).encode())
        body = orjson.dumps(answer)
        metadata.keep(request.path, request.query, base, body)
    if request.header("if-none-match").strip() == etag:
        return there.replies.empty(exchange, head, 304)
    return there.replies.json(exchange, body, 200, head)

"""Routes of business events under the control API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from windtunnel.contracts.events import CATALOGUE, sample_instance
from windtunnel.simulator.exchange import Exchange, Response, Route
from windtunnel.simulator.services.business_events.errors import BadRequest, NotThere
from windtunnel.simulator.services.business_events.service import BusinessEvents, check_url

ROOT = "/_windtunnel/events"


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Endpoint(_Body):
    name: str = Field(min_length=1)
    url: str


class _Activation(_Body):
    event: str
    endpoint: str
    company: str = ""


class _Raised(_Body):
    event: str
    company: str
    payload: dict[str, Any] = Field(default_factory=dict)


_Model = TypeVar("_Model", bound=_Body)


def _read(exchange: Exchange, model: type[_Model]) -> _Model:
    try:
        return model.model_validate_json(exchange.request.body or b"{}")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise BadRequest(problem=f"{place}: {first['msg']}") from error


def _reply(value: Any, status: int = 200) -> Response:
    return Response(status, orjson.dumps(value), b"content-type: application/json\r\n")


def _number(text: str, kind: str) -> int:
    if not text.isdigit() or len(text) > 18:
        raise NotThere(kind=kind, name=text)
    return int(text)


class _Handlers:
    """The handlers, each a method: exchange and path parameters in, answer out."""

    def __init__(self, events: BusinessEvents) -> None:
        self._events, self._outbox = events, events.outbox

    def catalog(self, exchange: Exchange) -> Response:
        """The catalogue of business events."""
        del exchange
        rows = [
            {
                "BusinessEventId": event.id,
                "Category": event.category,
                "Name": event.name,
                "Fields": [{"name": m.name, "type": m.kind} for m in event.members],
                "IsWindtunnel": event.is_ours,
            }
            for event in CATALOGUE.values()
        ]
        return _reply({"value": rows})

    def schema(self, exchange: Exchange, event: str) -> Response:
        """What "Download schema" gives: an instance with default values."""
        del exchange
        found = CATALOGUE.get(event)
        if found is None:
            raise NotThere(kind="business event", name=event)
        return _reply(sample_instance(found))

    def list_endpoints(self, exchange: Exchange) -> Response:
        """The endpoints."""
        del exchange
        return _reply({"value": self._outbox.endpoints()})

    def save_endpoint(self, exchange: Exchange) -> Response:
        """Add or change an endpoint; a test message goes to it."""
        body = _read(exchange, _Endpoint)
        check_url(body.url)
        self._outbox.save_endpoint(body.name, body.url)
        return _reply(body.model_dump(), 201)

    def delete_endpoint(self, exchange: Exchange, name: str) -> Response:
        """Remove an endpoint with its activations."""
        del exchange
        self._outbox.delete_endpoint(name)
        return Response(204)

    def list_activations(self, exchange: Exchange) -> Response:
        """What is active for whom."""
        del exchange
        return _reply({"value": self._outbox.activations()})

    def activate(self, exchange: Exchange) -> Response:
        """Send an event to an endpoint; a test message goes first."""
        body = _read(exchange, _Activation)
        number = self._outbox.activate(body.event, body.endpoint, body.company)
        return _reply({"id": number, **body.model_dump()}, 201)

    def deactivate(self, exchange: Exchange, activation: str) -> Response:
        """End an activation; the error log stays."""
        del exchange
        self._outbox.deactivate(_number(activation, "activation"))
        return Response(204)

    def raise_event(self, exchange: Exchange) -> Response:
        """Raise an event by hand, with members of its contract."""
        body = _read(exchange, _Raised)
        event = CATALOGUE.get(body.event)
        if event is None:
            raise NotThere(kind="business event", name=body.event)
        unknown = set(body.payload) - {member.name for member in event.members}
        if unknown:
            raise BadRequest(problem=f"{body.event} has no member {min(unknown)!r}")
        count = self._outbox.raise_event(body.event, body.company, body.payload)
        return _reply({"deliveries": count}, 202)

    def deliveries(self, exchange: Exchange) -> Response:
        """The outbox: what was sent where, with which outcome."""
        wanted = dict(parse_qsl(exchange.request.query))
        return _reply({"value": self._outbox.deliveries(wanted)})

    def errors(self, exchange: Exchange) -> Response:
        """The error log: events that all tries failed for."""
        del exchange
        return _reply({"value": self._outbox.deliveries({"state": "failed"})})

    def resend(self, exchange: Exchange, row: str) -> Response:
        """Send a failed event again, unchanged."""
        del exchange
        self._outbox.resend(_number(row, "failed event"))
        return Response(202)


def routes(events: BusinessEvents) -> list[Route]:
    """The table, bound to one environment's events."""
    h = _Handlers(events)
    table: list[tuple[str, str, Callable[..., Response]]] = [
        ("GET", "catalog", h.catalog),
        ("GET", "catalog/{event}/schema", h.schema),
        ("GET", "endpoints", h.list_endpoints),
        ("POST", "endpoints", h.save_endpoint),
        ("DELETE", "endpoints/{name}", h.delete_endpoint),
        ("GET", "activations", h.list_activations),
        ("POST", "activations", h.activate),
        ("DELETE", "activations/{activation}", h.deactivate),
        ("POST", "raise", h.raise_event),
        ("GET", "deliveries", h.deliveries),
        ("GET", "errors", h.errors),
        ("POST", "errors/{row}/resend", h.resend),
    ]
    return [Route(method, f"{ROOT}/{path}", handler) for method, path, handler in table]

"""Handlers of business events under the control API: read, ask the service, render."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar
from urllib.parse import parse_qsl

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from windtunnel.contracts.events import (
    TEST_EVENT,
    BusinessEvent,
    Kind,
    Member,
    sample_instance,
)
from windtunnel.simulator.exchange import Exchange, Response
from windtunnel.simulator.services.business_events.errors import BadRequest, NotThere
from windtunnel.simulator.services.business_events.model import State
from windtunnel.simulator.services.business_events.outbox import LOG_ROWS
from windtunnel.simulator.services.business_events.service import BusinessEvents, check_url

_HEAD = b"content-type: application/json\r\ncache-control: no-store\r\n"
_COLUMNS = frozenset({"event", "endpoint", "company", "state"})

_Name = Annotated[str, Field(min_length=1, max_length=200)]
_EventId = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,199}$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Definition(_Body):
    id: _EventId
    category: _Name = "Custom"
    name: str = ""
    description: str = ""
    members: dict[_EventId, Kind] = Field(default_factory=dict)


class _Endpoint(_Body):
    name: _Name
    url: _Name


class _Activation(_Body):
    event: str
    endpoint: str
    company: str = ""


class _Raised(_Body):
    event: str
    company: str
    payload: dict[str, Any] = Field(default_factory=dict)
    extra: dict[str, Any] = Field(default_factory=dict)


class _Resent(_Body):
    endpoint: str = ""


_Model = TypeVar("_Model", bound=_Body)


def _read(exchange: Exchange, model: type[_Model]) -> _Model:
    try:
        return model.model_validate_json(exchange.request.body or b"{}")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise BadRequest(problem=f"{place}: {first['msg']}") from error


def _reply(value: Any, status: int = 200) -> Response:
    return Response(status, orjson.dumps(value), _HEAD)


def _id(text: str, kind: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise NotThere(kind=kind, name=text)
    return int(text)


def _shown(event: BusinessEvent) -> dict[str, Any]:
    return {
        "BusinessEventId": event.id,
        "Category": event.category,
        "Name": event.name,
        "Description": event.description,
        "Fields": [{"name": member.name, "type": member.kind} for member in event.members],
        "Origin": event.origin,
    }


class Handlers:
    """Each takes the exchange and the path's parameters, and answers or raises a ServiceError."""

    def __init__(self, events: BusinessEvents) -> None:
        self._outbox = events.outbox

    def catalog(self, exchange: Exchange) -> Response:
        """The catalogue of business events."""
        del exchange
        return _reply({"value": [_shown(event) for event in self._outbox.catalogue()]})

    def define(self, exchange: Exchange) -> Response:
        """Add an event of your own: id, category, name, members as name to kind."""
        body = _read(exchange, _Definition)
        members = tuple(Member(name, kind) for name, kind in sorted(body.members.items()))
        event = BusinessEvent(
            body.id, body.category, body.name or body.id, members, "custom", body.description
        )
        self._outbox.define(event)
        return _reply(_shown(event), 201)

    def schema(self, exchange: Exchange, event: str) -> Response:
        """What "Download schema" gives: an instance with default values."""
        del exchange
        return _reply(sample_instance(self._outbox.event(event)))

    def list_endpoints(self, exchange: Exchange) -> Response:
        """The endpoints, with how the latest test message to each fared."""
        del exchange
        return _reply({"value": self._outbox.endpoints()})

    def save_endpoint(self, exchange: Exchange) -> Response:
        """Add or change an endpoint; a test message goes to it."""
        body = _read(exchange, _Endpoint)
        check_url(body.url)
        self._outbox.save_endpoint(body.name, body.url)
        return _reply(body.model_dump(), 201)

    def delete_endpoint(self, exchange: Exchange, name: str) -> Response:
        """Remove an endpoint with its activations; what waits for it goes to the error log."""
        del exchange
        self._outbox.delete_endpoint(name)
        return Response(204)

    def list_activations(self, exchange: Exchange) -> Response:
        """What is, or was, active for whom."""
        del exchange
        return _reply({"value": self._outbox.activations()})

    def activate(self, exchange: Exchange) -> Response:
        """Send an event of a company (none: all) to an endpoint; a test message goes first."""
        body = _read(exchange, _Activation)
        number = self._outbox.activate(body.event, body.endpoint, body.company)
        return _reply({"id": number, **body.model_dump()}, 201)

    def deactivate(self, exchange: Exchange, activation: str) -> Response:
        """End an activation; its errors stay."""
        del exchange
        self._outbox.deactivate(_id(activation, "activation"))
        return Response(204)

    def delete_activation(self, exchange: Exchange, activation: str) -> Response:
        """Remove an activation together with its errors."""
        del exchange
        self._outbox.delete_activation(_id(activation, "activation"))
        return Response(204)

    def raise_event(self, exchange: Exchange) -> Response:
        """Raise an event by hand: members of its contract in `payload`, others in `extra`."""
        body = _read(exchange, _Raised)
        count = self._outbox.raise_event(body.event, body.company, body.payload, extra=body.extra)
        return _reply({"deliveries": count}, 202)

    def deliveries(self, exchange: Exchange) -> Response:
        """The log of the outbox; `event`, `endpoint`, `company`, `state`, `since`, `limit`."""
        return _reply({"value": self._log(exchange)})

    def errors(self, exchange: Exchange) -> Response:
        """The error log: events that every try failed for; parameters as of the deliveries."""
        rows = self._log(exchange, state=State.FAILED)
        return _reply({"value": [row for row in rows if row["event"] != TEST_EVENT]})

    def _log(self, exchange: Exchange, **fixed: str) -> list[dict[str, Any]]:
        given = dict(parse_qsl(exchange.request.query, keep_blank_values=True)) | fixed
        since, limit = given.pop("since", "0"), given.pop("limit", str(LOG_ROWS))
        for name in given:
            if name not in _COLUMNS:
                known = ", ".join(sorted(_COLUMNS | {"since", "limit"}))
                raise BadRequest(problem=f"there is no parameter {name!r}; there are {known}")
        try:
            return self._outbox.deliveries(
                given, since=float(since), limit=min(max(0, int(limit)), 10**9)
            )
        except ValueError:
            raise BadRequest(problem="since and limit must be numbers") from None

    def resend(self, exchange: Exchange, row: str) -> Response:
        """Send a failed event again, unchanged; `endpoint` names another receiver."""
        body = _read(exchange, _Resent)
        self._outbox.resend(_id(row, "failed event"), body.endpoint)
        return Response(202)

    def resend_all(self, exchange: Exchange) -> Response:
        """Send the whole error log again, where the endpoint is still there."""
        del exchange
        return _reply({"resent": self._outbox.resend_all()}, 202)

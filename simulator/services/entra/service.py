"""Entra ID as the web assembly sees it: routes, tracing headers, CORS and the body of errors."""

from __future__ import annotations

import re
from typing import Any

import orjson

from windtunnel.simulator.exchange import Exchange, Response, ServiceError, header_lines
from windtunnel.simulator.kernel.routing import MethodNotAllowed, NotMatched, Router
from windtunnel.simulator.services.entra import errors as e
from windtunnel.simulator.services.entra.handlers.discovery import BY_NUMBER
from windtunnel.simulator.services.entra.handlers.wire import described, timestamp
from windtunnel.simulator.services.entra.model import Entra
from windtunnel.simulator.services.entra.routes import ROUTES

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*")
_HEAD = b"content-type: application/json; charset=utf-8\r\ncache-control: no-store, no-cache\r\n"
_SAFE = (
    b"strict-transport-security: max-age=31536000; includeSubDomains\r\n"
    b"x-content-type-options: nosniff\r\n"
)


class EntraService:
    """Serves one tenant; see `Service` in simulator/exchange.py."""

    name = "entra"

    def __init__(self, entra: Entra) -> None:
        self.entra = entra
        self._router = Router(ROUTES, ignore_case=True)

    def handle(self, exchange: Exchange) -> Response:
        """Answer a request, or raise a ServiceError."""
        self._trace(exchange)
        request = exchange.request
        match = self._router.match(request.method, request.path)
        if isinstance(match, NotMatched):
            raise e.NoSuchEndpoint(path=request.path)
        if isinstance(match, MethodNotAllowed):
            if request.method == "OPTIONS":
                return self._finished(_preflight(exchange, match.allowed), exchange)
            raise e.OnlyPost(
                headers={"allow": match.allowed}, allowed=match.allowed, method=request.method
            )
        exchange.operation = match.handler.__name__
        return self._finished(match.handler(exchange, self.entra, **match.params), exchange)

    def render_error(self, error: ServiceError, exchange: Exchange) -> Response:
        """Give an error Entra ID's body: OAuth's members, the AADSTS number and the tracing ids."""
        if not exchange.request_id:  # a fault may answer before `handle`
            self._trace(exchange)
        if isinstance(error, e.ManagedIdentityError):
            body: dict[str, Any] = {"error": error.code, "error_description": error.message}
        else:
            body = self._body(_as_entra_error(error), exchange)
        head = _HEAD + header_lines(error.headers)
        return self._finished(Response(error.status, orjson.dumps(body), head), exchange)

    def _body(self, error: e.EntraError, exchange: Exchange) -> dict[str, Any]:
        moment = timestamp(self.entra)
        body: dict[str, Any] = {
            "error": error.code,
            "error_description": described(error, exchange, self.entra),
            "error_codes": [error.number],
            "timestamp": moment,
            "trace_id": exchange.request_id,
            "correlation_id": exchange.correlation_id,
            "error_uri": f"{exchange.request.base_url}/error?code={error.number}",
        }
        if isinstance(error, e.ConsentRequired):
            body["suberror"] = "consent_required"
        return body

    def _trace(self, exchange: Exchange) -> None:
        asked = exchange.request.header("client-request-id")
        exchange.request_id = self.entra.new_id()
        exchange.correlation_id = asked if _GUID.fullmatch(asked) else self.entra.new_id()

    def _finished(self, response: Response, exchange: Exchange) -> Response:
        head = (
            f"x-ms-request-id: {exchange.request_id}\r\n"
            f"client-request-id: {exchange.correlation_id}\r\n"
        )
        origin = exchange.request.header("origin")
        if origin and _HEADER_VALUE.fullmatch(origin):
            head += f"access-control-allow-origin: {origin}\r\nvary: origin\r\n"
            head += "access-control-expose-headers: client-request-id,x-ms-request-id\r\n"
        response.head += _SAFE + head.encode("latin-1")
        return response


def _preflight(exchange: Exchange, allowed: str) -> Response:
    """What a browser asks before a script may call. Source: Fetch standard, CORS-preflight."""
    asked = exchange.request.header("access-control-request-headers")
    lines = {
        "allow": f"{allowed}, OPTIONS",
        "access-control-allow-methods": f"{allowed}, OPTIONS",
        "access-control-max-age": "3600",
    }
    if asked and _HEADER_VALUE.fullmatch(asked):
        lines["access-control-allow-headers"] = asked
    return Response(200, b"", header_lines(lines))


def _as_entra_error(error: ServiceError) -> e.EntraError:
    """The error itself; what a fault asked for (`AADSTS90033`, 503, ...) in Entra's words."""
    if isinstance(error, e.EntraError):
        return error
    digits = re.search(r"\d+", error.code)
    kind = BY_NUMBER.get(int(digits[0])) if digits else None
    if kind is None:
        kind = e.TenantThrottled if error.status == 429 else e.Transient
    made = kind()
    made.text = "{text}"
    made.values = {"text": error.message or kind.text}
    return made

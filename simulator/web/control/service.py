"""The control API as a service: its own routes and those that services add."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

from windtunnel.simulator.exchange import Exchange, Response, Route, ServiceError, header_lines
from windtunnel.simulator.kernel.routing import Matched, MethodNotAllowed, Router
from windtunnel.simulator.web.control.errors import NoSuchRoute, WrongMethod
from windtunnel.simulator.web.control.handlers import House, reply
from windtunnel.simulator.web.control.routes import ROOT, ROUTES


class ControlService:
    """Answers at the control origin; handlers of `more` take the exchange and their params."""

    name = "control"

    def __init__(self, house: House, more: Iterable[Route] = ()) -> None:
        self._house = house
        self._own = frozenset(route.handler for route in ROUTES)
        self.routes = [
            *ROUTES,
            *more,
            Route("GET", f"{ROOT}/openapi.json", self.openapi),
            Route("GET", "/", self.welcome),
        ]
        self._router = Router(self.routes)

    def handle(self, exchange: Exchange) -> Response:
        """Find the handler and call it."""
        request = exchange.request
        found = self._router.match(request.method, request.path)
        if isinstance(found, Matched):
            exchange.operation = found.handler.__name__
            if found.handler in self._own:
                return found.handler(exchange, self._house, **found.params)
            return found.handler(exchange, **found.params)
        if isinstance(found, MethodNotAllowed):
            raise WrongMethod(
                headers={"allow": found.allowed},
                path=request.path,
                allowed=found.allowed,
                method=request.method,
            )
        raise NoSuchRoute(path=request.path)

    def render_error(self, error: ServiceError, exchange: Exchange) -> Response:
        """`{"error": {"code", "message"}}` with the error's status."""
        del exchange
        answer = reply({"error": {"code": error.code, "message": error.message}}, error.status)
        answer.head += header_lines(error.headers)
        return answer

    def welcome(self, exchange: Exchange) -> Response:
        """What runs here, for somebody who opens the address."""
        del exchange
        return reply({**self._house.about(), "control": ROOT, "openapi": f"{ROOT}/openapi.json"})

    def openapi(self, exchange: Exchange) -> Response:
        """This API as an OpenAPI 3.1 document."""
        del exchange
        return reply(openapi(self.routes, str(self._house.about().get("version", ""))))


def openapi(routes: Iterable[Route], version: str) -> dict[str, Any]:
    """An OpenAPI 3.1 document of a route table; summaries are the handlers' docstrings."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        path = re.sub(r"\{(\w+):path\}", r"{\1}", route.path)
        about = (inspect.getdoc(route.handler) or "").split("\n", maxsplit=1)[0]
        operation: dict[str, Any] = {
            "operationId": f"{route.method.lower()}_{route.handler.__name__}",
            "summary": about,
            "responses": {
                "default": {"description": "Success, or an error object with code and message."}
            },
        }
        names = re.findall(r"\{(\w+)\}", path)
        if names:
            operation["parameters"] = [
                {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
                for name in names
            ]
        if route.method in {"POST", "PUT"}:
            operation["requestBody"] = {"content": {"application/json": {"schema": {}}}}
        paths.setdefault(path, {})[route.method.lower()] = operation
    info = {"title": "windtunnel control API", "version": version or "0"}
    return {"openapi": "3.1.0", "info": info, "paths": paths}

"""Pages of System administration under the control API: the load, and priorities of callers.

Source: "Priority-based throttling", Microsoft Learn: the page Throttling priority mapping.
"""

from __future__ import annotations

import orjson

from windtunnel.contracts.limits import Priority
from windtunnel.simulator.exchange import Exchange, Response, Route, ServiceError
from windtunnel.simulator.kernel.json_bodies import BadJson, any_json_of
from windtunnel.simulator.services.finance_operations.throttling import Throttling

ROOT = "/_windtunnel/finance-operations"
_HEAD = b"content-type: application/json\r\ncache-control: no-store\r\n"
_KNOWN = ", ".join(Priority)


class BadMapping(ServiceError):
    """The body does not map callers to priorities."""

    status = 400
    code = "bad_body"
    text = "{problem}"


class SetupPages:
    """The handlers of one environment."""

    def __init__(self, throttling: Throttling) -> None:
        self._throttling = throttling

    def load(self, exchange: Exchange) -> Response:
        """Size and load of the finance and operations environment, and who is refused how long."""
        del exchange
        return Response(200, orjson.dumps(self._throttling.readable()), _HEAD)

    def priorities(self, exchange: Exchange) -> Response:
        """The throttling priority mapping: client id or user id to priority."""
        del exchange
        mapping = {name: priority.value for name, priority in self._throttling.mapping.items()}
        return Response(200, orjson.dumps(mapping), _HEAD)

    def map_priorities(self, exchange: Exchange) -> Response:
        """Change the mapping: an object of client id or user id to a priority, or to null."""
        changes: dict[str, Priority | None] = {}
        try:
            given = any_json_of(exchange.request)
        except BadJson as error:
            raise BadMapping(problem=str(error)) from error
        if not isinstance(given, dict):
            raise BadMapping(problem="must be an object of client id or user id to priority")
        for name, value in given.items():
            try:
                changes[name] = None if value is None else Priority(value)
            except ValueError as error:
                problem = f"{name}: {value!r} is no priority; there are {_KNOWN}, and null for none"
                raise BadMapping(problem=problem) from error
        for name, priority in changes.items():
            self._throttling.map_priority(name, priority)
        return self.priorities(exchange)


def routes(throttling: Throttling) -> list[Route]:
    """The table, bound to one environment."""
    pages = SetupPages(throttling)
    return [
        Route("GET", f"{ROOT}/load", pages.load),
        Route("GET", f"{ROOT}/priorities", pages.priorities),
        Route("PUT", f"{ROOT}/priorities", pages.map_priorities),
    ]

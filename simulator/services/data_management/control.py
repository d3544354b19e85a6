"""Executions under the control API, which plays the page *Job history*: routes and handlers."""

from __future__ import annotations

from typing import Any, Final

import orjson

from windtunnel.simulator.exchange import Exchange, Response, Route, ServiceError
from windtunnel.simulator.kernel.clock import iso_seconds
from windtunnel.simulator.kernel.json_bodies import BadJson, any_json_of
from windtunnel.simulator.services.data_management.model.records import Execution, Step
from windtunnel.simulator.services.data_management.service import DataManagement

ROOT: Final = "/_windtunnel/data-management/executions"
_JSON: Final = b"content-type: application/json\r\ncache-control: no-store\r\n"


class BadRequest(ServiceError):
    """The body does not say which execution is meant."""

    status = 400
    code = "bad_request"
    text = "{problem}"


class NotThere(ServiceError):
    """No execution of this id."""

    status = 404
    code = "not_found"
    text = "There is no execution '{execution}'."


class NotRunning(ServiceError):
    """The execution ended before."""

    status = 409
    code = "not_running"
    text = "The execution '{execution}' is {status}: only one that waits or runs can be canceled."


class Handlers:
    """The handlers of one environment."""

    def __init__(self, framework: DataManagement) -> None:
        self._framework = framework

    def executions(self, exchange: Exchange) -> Response:
        """The executions of data projects with their entities, oldest first."""
        del exchange
        records = self._framework.records
        rows = [_readable(found, records.steps(found.id)) for found in records.all()]
        return Response(200, orjson.dumps({"value": rows}), _JSON)

    def cancel(self, exchange: Exchange) -> Response:
        """Cancel an execution that waits or runs, as its page does: `{"execution": "id"}`."""
        try:
            body = any_json_of(exchange.request)
        except BadJson as error:
            raise BadRequest(problem=str(error)) from error
        wanted = body.get("execution") if isinstance(body, dict) else None
        if not isinstance(wanted, str):
            raise BadRequest(problem='give {"execution": "id"}')
        found = self._framework.records.execution(wanted)
        if found is None:
            raise NotThere(execution=wanted)
        if not found.is_running:
            raise NotRunning(execution=found.id, status=found.status)
        self._framework.executions.cancel(found)
        return Response(204)


def control_routes(framework: DataManagement) -> list[Route]:
    """The table, bound to one environment."""
    h = Handlers(framework)
    return [Route("GET", ROOT, h.executions), Route("POST", f"{ROOT}/cancel", h.cancel)]


def _readable(found: Execution, steps: list[Step]) -> dict[str, Any]:
    return {
        "id": found.id,
        "kind": found.kind,
        "project": found.project,
        "company": found.company,
        "status": found.status,
        "created": iso_seconds(found.created),
        "ended": None if found.ended is None else iso_seconds(found.ended),
        "entities": [
            {
                "entity": step.entity,
                "staging": step.staging,
                "target": step.target,
                "staged": step.staged,
                "created": step.created,
                "updated": step.updated,
                "rejected": step.rejected,
                "failed": step.failed,
            }
            for step in steps
        ],
    }

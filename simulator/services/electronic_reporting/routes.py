"""Electronic reporting under the control API, which plays the batch: routes and their handlers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

import orjson

from windtunnel.simulator.exchange import Exchange, Response, Route
from windtunnel.simulator.kernel.clock import iso_seconds
from windtunnel.simulator.kernel.json_bodies import BadJson, any_json_of
from windtunnel.simulator.services.electronic_reporting.errors import BadRequest
from windtunnel.simulator.services.electronic_reporting.model import FileState, Job, SourceFile
from windtunnel.simulator.services.electronic_reporting.service import ElectronicReporting

ROOT: Final = "/_windtunnel/electronic-reporting"
_JSON: Final = b"content-type: application/json\r\ncache-control: no-store\r\n"
_XML: Final = b"content-type: application/xml\r\n"


class Handlers:
    """The handlers of one environment."""

    def __init__(self, reporting: ElectronicReporting) -> None:
        self._reporting = reporting

    def jobs(self, exchange: Exchange) -> Response:
        """The electronic reporting jobs, oldest first."""
        del exchange
        return _answer({"value": [_job(job) for job in self._reporting.jobs()]})

    def run(self, exchange: Exchange) -> Response:
        """Run a format for a company, as the batch does: `{"format": ..., "company": ...}`."""
        body = _body(exchange)
        name, company = body.get("format"), body.get("company", "")
        if not isinstance(name, str) or not isinstance(company, str):
            raise BadRequest(problem='give {"format": "name", "company": "usmf"}')
        return _answer(_job(self._reporting.run(name, company)), 201)

    def file(self, exchange: Exchange, job: str) -> Response:
        """The archived file of an electronic reporting job."""
        del exchange
        return Response(200, self._reporting.archived(job), _XML)

    def sources(self, exchange: Exchange) -> Response:
        """The electronic reporting sources with their files."""
        del exchange
        found = {name: self._reporting.files(name) for name in self._reporting.sources}
        return _answer({name: [_file(file) for file in files] for name, files in found.items()})

    def run_source(self, exchange: Exchange, source: str) -> Response:
        """Import one file of a source, the first that arrived; 204 when none is ready."""
        del exchange
        file = self._reporting.run_source(source)
        return Response(204) if file is None else _answer(_file(file))

    def hold(self, exchange: Exchange, source: str, file: str) -> Response:
        """Put a file of a source on hold, or make it ready: `{"state": "On hold"}`."""
        state = _body(exchange).get("state")
        if state not in {FileState.ON_HOLD, FileState.READY}:
            raise BadRequest(problem='give {"state": "On hold"} or {"state": "Ready"}')
        return _answer(_file(self._reporting.hold(source, file, FileState(state))))


def routes(reporting: ElectronicReporting) -> list[Route]:
    """The table, bound to one environment."""
    h = Handlers(reporting)
    return [
        Route("GET", f"{ROOT}/jobs", h.jobs),
        Route("POST", f"{ROOT}/jobs", h.run),
        Route("GET", f"{ROOT}/jobs/{{job}}/file", h.file),
        Route("GET", f"{ROOT}/sources", h.sources),
        Route("POST", f"{ROOT}/sources/{{source}}/run", h.run_source),
        Route("PUT", f"{ROOT}/sources/{{source}}/files/{{file}}", h.hold),
    ]


def _answer(value: Any, status: int = 200) -> Response:
    return Response(status, orjson.dumps(value), _JSON)


def _body(exchange: Exchange) -> dict[str, Any]:
    try:
        body = any_json_of(exchange.request)
    except BadJson as error:
        raise BadRequest(problem=str(error)) from error
    if not isinstance(body, dict):
        raise BadRequest(problem="must be an object")
    return body


def _job(job: Job) -> dict[str, Any]:
    return {
        **asdict(job),
        "started": iso_seconds(job.started),
        "completed": None if job.completed is None else iso_seconds(job.completed),
    }


def _file(file: SourceFile) -> dict[str, Any]:
    return {**asdict(file), "arrived": iso_seconds(file.arrived)}

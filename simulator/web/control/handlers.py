"""Handlers of the control API: read the body, ask the house, render JSON. No rule lives here."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from windtunnel.simulator.exchange import Exchange, Response
from windtunnel.simulator.kernel.clock import SteerableClock, iso_seconds
from windtunnel.simulator.kernel.jobs import Jobs
from windtunnel.simulator.kernel.journal import Entry, Journal
from windtunnel.simulator.kernel.json_bodies import BadJson, any_json_of
from windtunnel.simulator.web.control.errors import BadBody, BadParameter, NotFound
from windtunnel.simulator.web.faults import FaultRule, Faults

_JSON_HEAD = b"content-type: application/json\r\ncache-control: no-store\r\n"


class House(Protocol):
    """What the control API steers."""

    clock: SteerableClock
    journal: Journal
    faults: Faults
    jobs: Jobs

    def reset(self) -> None:
        """Back to the first content, clock and counters."""
        ...

    def about(self) -> Mapping[str, Any]:
        """Version, services and origins."""
        ...

    def save(self, name: str) -> None:
        """Keep the present data under a name."""
        ...

    def load(self, name: str) -> bool:
        """Go back to data kept under a name."""
        ...

    def reseed(self, seed: int) -> None:
        """Reset with another seed of ids and choices."""
        ...

    def limits(self) -> list[dict[str, Any]]:
        """The limits in force."""
        ...

    def override_limits(self, changes: Mapping[str, Any]) -> None:
        """Change limits. Raises ValueError that says what is wrong."""
        ...

    def limit_use(self) -> list[dict[str, Any]]:
        """How far each identity went into each limit."""
        ...

    def entities(self) -> list[dict[str, Any]]:
        """Entity sets and how many records each has."""
        ...


def reply(value: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(status, orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), _JSON_HEAD)


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Advance(_Body):
    seconds: float = Field(ge=0, le=31_536_000_000)


class _Pace(_Body):
    factor: float = Field(ge=0, le=1_000_000)


class _Seed(_Body):
    seed: int


_Model = TypeVar("_Model", bound=BaseModel)


def _body(exchange: Exchange, model: type[_Model]) -> _Model:
    try:
        return model.model_validate_json(exchange.request.body or b"{}")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "body"
        raise BadBody(problem=f"{place}: {first['msg']}") from error


def _parameters(exchange: Exchange, allowed: frozenset[str]) -> dict[str, str]:
    found = dict(parse_qsl(exchange.request.query, keep_blank_values=True))
    for name, value in found.items():
        if name not in allowed:
            known = ", ".join(sorted(allowed)) or "no parameters"
            raise BadParameter(name=name, value=value, problem=f"unknown; there are {known}")
    return found


def _number(parameters: Mapping[str, str], name: str, default: float) -> float:
    text = parameters.get(name)
    if text is None:
        return default
    try:
        return float(text)
    except ValueError:
        raise BadParameter(name=name, value=text, problem="not a number") from None


def health(exchange: Exchange, house: House) -> Response:
    """Whether the simulator runs, and what it is."""
    del exchange
    return reply({"status": "ok", **house.about()})


def reset(exchange: Exchange, house: House) -> Response:
    """Back to the first content, with clock, ids, journal, faults, limits and counters."""
    del exchange
    house.reset()
    return Response(204)


def reseed(exchange: Exchange, house: House) -> Response:
    """Reset, with another seed for ids and random choices."""
    house.reseed(_body(exchange, _Seed).seed)
    return Response(204)


def save_snapshot(exchange: Exchange, house: House, name: str) -> Response:
    """Keep the present data under a name."""
    del exchange
    house.save(name)
    return Response(204)


def load_snapshot(exchange: Exchange, house: House, name: str) -> Response:
    """Go back to data kept under a name."""
    del exchange
    if not house.load(name):
        raise NotFound(kind="snapshot", name=name)
    return Response(204)


def _clock(house: House) -> dict[str, Any]:
    clock = house.clock
    now = clock.now()
    return {"kind": clock.kind, "now": now, "iso": iso_seconds(now), "factor": clock.factor}


def show_clock(exchange: Exchange, house: House) -> Response:
    """The simulator's time."""
    del exchange
    return reply(_clock(house))


def freeze_clock(exchange: Exchange, house: House) -> Response:
    """Stop the clock: from now on it moves by `advance` only."""
    del exchange
    house.clock.pace(0.0)
    return reply(_clock(house))


def advance_clock(exchange: Exchange, house: House) -> Response:
    """Move the clock forward; everything that becomes due happens before the answer."""
    house.clock.advance(_body(exchange, _Advance).seconds)
    return reply(_clock(house))


def pace_clock(exchange: Exchange, house: House) -> Response:
    """Let the clock run at a factor of real time."""
    house.clock.pace(_body(exchange, _Pace).factor)
    return reply(_clock(house))


def show_limits(exchange: Exchange, house: House) -> Response:
    """The limits in force."""
    del exchange
    return reply({"value": house.limits()})


def change_limits(exchange: Exchange, house: House) -> Response:
    """Override limits: a JSON object of limit id to `{"allowance": n, "seconds": n}`."""
    try:
        changes = any_json_of(exchange.request)
    except BadJson as error:
        raise BadBody(problem=str(error)) from error
    if not isinstance(changes, dict):
        raise BadBody(problem="must be an object of limit id to numbers")
    try:
        house.override_limits(changes)
    except ValueError as error:
        raise BadBody(problem=str(error)) from error
    return reply({"value": house.limits()})


def show_limit_use(exchange: Exchange, house: House) -> Response:
    """How far each identity went into each limit since the last reset."""
    del exchange
    return reply({"value": house.limit_use()})


def add_fault(exchange: Exchange, house: House) -> Response:
    """Put a fault in force."""
    rule = house.faults.add(_body(exchange, FaultRule))
    return reply(rule.model_dump(), 201)


def list_jobs(exchange: Exchange, house: House) -> Response:
    """The jobs that wait: for a moment of the clock, or for a hand."""
    del exchange
    listed = [
        {
            "id": job.id,
            "kind": job.kind,
            "due": None if job.due is None else iso_seconds(job.due),
            "parameters": job.parameters,
        }
        for job in house.jobs.waiting()
    ]
    return reply({"value": listed})


def complete_job(exchange: Exchange, house: House, job: str) -> Response:
    """Do a waiting job now."""
    del exchange
    if not house.jobs.complete(job):
        raise NotFound(kind="job", name=job)
    return Response(204)


def list_faults(exchange: Exchange, house: House) -> Response:
    """The faults in force, with how often each acted."""
    del exchange
    return reply({"value": house.faults.listed()})


def clear_faults(exchange: Exchange, house: House) -> Response:
    """Take all faults out of force."""
    del exchange
    house.faults.clear()
    return Response(204)


def remove_fault(exchange: Exchange, house: House, name: str) -> Response:
    """Take one fault out of force."""
    del exchange
    if not house.faults.remove(name):
        raise NotFound(kind="fault", name=name)
    return Response(204)


_JOURNAL_PARAMETERS = frozenset(
    {
        "since",
        "until",
        "service",
        "method",
        "status",
        "identity",
        "path",
        "correlation_id",
        "throttled",
        "limit",
        "detail",
    }
)


def _selected(exchange: Exchange, house: House) -> list[Entry]:
    wanted = _parameters(exchange, _JOURNAL_PARAMETERS)
    since, until = _number(wanted, "since", 0.0), _number(wanted, "until", float("inf"))
    status = int(_number(wanted, "status", 0))
    limit = int(_number(wanted, "limit", 1000))
    try:
        path = re.compile(wanted.get("path", ""))
    except re.error as error:
        raise BadParameter(name="path", value=wanted["path"], problem=str(error)) from error

    def fits(entry: Entry) -> bool:
        there = entry.exchange
        who = there.identity
        was_throttled = "true" if there.throttled_by else "false"
        return (
            since <= there.received <= until
            and (not status or entry.status == status)
            and wanted.get("service", there.service) == there.service
            and wanted.get("method", there.request.method).upper() == there.request.method
            and wanted.get("identity", who.user_id) in {who.user_id, who.app_id, who.name}
            and wanted.get("correlation_id", there.correlation_id) == there.correlation_id
            and wanted.get("throttled", was_throttled) == was_throttled
            and path.search(there.request.path) is not None
        )

    found = [entry for entry in house.journal if fits(entry)]
    return found[-limit:] if limit > 0 else []


def query_journal(exchange: Exchange, house: House) -> Response:
    """Recorded requests, oldest first; `detail=false` leaves headers and bodies out."""
    short = dict(parse_qsl(exchange.request.query)).get("detail") == "false"
    entries = _selected(exchange, house)
    lines = [entry.summary() if short else entry.detail() for entry in entries]
    return reply({"count": house.journal.count, "value": lines})


def clear_journal(exchange: Exchange, house: House) -> Response:
    """Forget what was recorded."""
    del exchange
    house.journal.clear()
    return Response(204)


def export_har(exchange: Exchange, house: House) -> Response:
    """The journal as an HTTP archive (HAR 1.2)."""
    entries = [_har_entry(entry.detail()) for entry in _selected(exchange, house)]
    creator = {"name": "windtunnel", "version": str(house.about().get("version", ""))}
    return reply({"log": {"version": "1.2", "creator": creator, "entries": entries}})


def _har_entry(line: Mapping[str, Any]) -> dict[str, Any]:
    milliseconds = line["seconds"] * 1000
    _, _, query = line["url"].partition("?")
    body = line["request_body"]
    request: dict[str, Any] = {
        "method": line["method"],
        "url": line["url"],
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": n, "value": v} for n, v in line["request_headers"].items()],
        "queryString": [{"name": n, "value": v} for n, v in parse_qsl(query, True)],
        "headersSize": -1,
        "bodySize": len(body),
    }
    if body:
        mime = line["request_headers"].get("content-type", "application/octet-stream")
        request["postData"] = {"mimeType": mime, "text": body}
    headers = [{"name": n, "value": v} for n, v in line["response_headers"]]
    mime = next((h["value"] for h in headers if h["name"].lower() == "content-type"), "")
    text = line["response_body"]
    return {
        "startedDateTime": iso_seconds(line["at"]),
        "time": milliseconds,
        "request": request,
        "response": {
            "status": line["status"],
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": headers,
            "content": {"size": len(text), "mimeType": mime, "text": text},
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": len(text),
        },
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
    }


def stream_journal(exchange: Exchange, house: House) -> Response:
    """New journal lines as server-sent events, until the client leaves."""
    del exchange
    return Response(
        200,
        _events(house.journal),
        b"content-type: text/event-stream\r\ncache-control: no-store\r\n",
    )


async def _events(journal: Journal) -> AsyncIterator[bytes]:
    waiting: asyncio.Queue[Entry] = asyncio.Queue(maxsize=1000)

    def offer(entry: Entry) -> None:
        if not waiting.full():
            waiting.put_nowait(entry)

    stop = journal.listen(offer)
    try:
        yield b": windtunnel journal\n\n"
        while True:
            try:
                entry = await asyncio.wait_for(waiting.get(), timeout=15.0)
            except TimeoutError:
                yield b": still here\n\n"
                continue
            yield b"data: " + json.dumps(entry.summary()).encode() + b"\n\n"
    finally:
        stop()


def list_entities(exchange: Exchange, house: House) -> Response:
    """Entity sets and how many records each has."""
    del exchange
    return reply({"value": house.entities()})

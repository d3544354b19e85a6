"""Steps that look until something is so: `expect_record`, `expect_event`, `expect_calls`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from windtunnel.contracts.results import Mismatch
from windtunnel.scenarios import matchers
from windtunnel.scenarios.answers import Answer
from windtunnel.scenarios.frame import Found, Frame
from windtunnel.scenarios.records import query_options, record_path, set_path, with_query
from windtunnel.scenarios.step_models import ExpectCallsStep, ExpectEventStep, ExpectRecordStep
from windtunnel.scenarios.steps.calls import LOOK_HEADER, SCENARIO_HEADER, record_origin, send
from windtunnel.scenarios.waiting import through, until

AT_LEAST_ONE: dict[str, Any] = {"$gte": 1}


def expect_record(step: ExpectRecordStep, frame: Frame) -> Found:
    """Read until the record, or the query, is as expected; `absent` waits until it is gone."""
    look = _look_at_query if step.key is None else _look_at_record
    return until(frame, step.within, lambda: look(step, frame))


def _read(step: ExpectRecordStep, frame: Frame, path: str) -> Answer:
    origin = record_origin(step, frame)
    url = frame.run.environment.url(origin) + path
    url = with_query(url, query_options(origin, frame.render(step.query)))
    headers = {
        "accept": "application/json",
        "odata-version": "4.0",
        "odata-maxversion": "4.0",
        LOOK_HEADER: "1",
    }
    return send(frame, "GET", url, origin=origin, identity=step.identity, headers=headers)


def _look_at_record(step: ExpectRecordStep, frame: Frame) -> Found:
    origin = record_origin(step, frame)
    key = frame.render(step.key)
    answer = _read(step, frame, record_path(origin, step.entity_set, key))
    if answer.status == 404:
        if step.absent:
            return Found()
        missing = Mismatch(
            path="record",
            expected=frame.expected(step.record) or "a record",
            actual=None,
            message="is not there",
        )
        return Found([missing], answer.title())
    if answer.status != 200 or not answer.is_json:
        return Found(matchers.compare(200, answer.status, "status"), answer.title())
    record = answer.json
    found = matchers.compare(frame.expected(step.record), record, "record")
    if step.absent:
        there = Mismatch(path="record", expected=None, actual=record, message="is there")
        return Found([] if found else [there], answer.title())
    frame.keep(step.name, {"record": record})
    return Found(found, answer.title())


def _look_at_query(step: ExpectRecordStep, frame: Frame) -> Found:
    answer = _read(step, frame, set_path(record_origin(step, frame), step.entity_set))
    body = answer.json if answer.is_json else None
    rows = body.get("value") if isinstance(body, Mapping) else None
    if answer.status != 200 or not isinstance(rows, list):
        return Found(matchers.compare(200, answer.status, "status"), answer.title())
    fitting, nearest = select(rows, frame.expected(step.record), "record")
    frame.keep(step.name, {"records": fitting, "record": fitting[0] if fitting else None})
    message = f"{answer.title()} with {len(rows)} records, {len(fitting)} of them fit"
    return Found(_counted(step, frame, fitting, nearest, "record"), message)


def select(candidates: Sequence[Any], expected: Any, path: str) -> tuple[list[Any], list[Mismatch]]:
    """The candidates that fit; and what is wrong with the one that comes nearest."""
    fitting: list[Any] = []
    nearest: list[Mismatch] = []
    for candidate in candidates:
        wrong = matchers.compare(expected, candidate, path) if expected is not None else []
        if not wrong:
            fitting.append(candidate)
        elif not nearest or len(wrong) <= len(nearest):
            nearest = wrong
    return fitting, nearest


def _counted(
    step: Any, frame: Frame, fitting: list[Any], nearest: list[Mismatch], path: str
) -> list[Mismatch]:
    """Whether as many fit as the step wants; where none does, why the nearest does not."""
    if step.absent:
        return [
            Mismatch(path=f"{path}s[{number}]", expected=None, actual=item, message="is there")
            for number, item in enumerate(fitting)
        ]
    wanted = AT_LEAST_ONE if step.count is None else frame.expected(step.count)
    wrong = matchers.compare(wanted, len(fitting), f"{path}s.length()")
    return [*wrong, *nearest] if wrong and not fitting else wrong


def expect_event(step: ExpectEventStep, frame: Frame) -> Found:
    """Wait for events; `absent` watches until the deadline that none comes."""

    def look() -> Found:
        seen = _received(step, frame) if step.at else _delivered(step, frame)
        expected: dict[str, Any] = {}
        for name in ("payload", "headers", "delivery"):
            if name in step.model_fields_set:
                expected[name] = frame.expected(getattr(step, name))
        if step.event:
            expected["event"] = frame.text(step.event)
        fitting, nearest = select(seen, expected, "event")
        found = _counted(step, frame, fitting, nearest, "event")
        payloads = [event["payload"] for event in fitting]
        frame.keep(step.name, {"events": payloads, "event": payloads[0] if payloads else None})
        where = f"at {frame.run.listeners[step.at].url}" if step.at else "in the delivery log"
        return Found(found, f"{len(seen)} events {where}, {len(fitting)} of them fit")

    return (through if step.absent else until)(frame, step.within, look)


def _received(step: ExpectEventStep, frame: Frame) -> list[dict[str, Any]]:
    seen: list[dict[str, Any]] = []
    for request in frame.run.listeners[step.at].received():
        payload = request.payload()
        # Event Grid and some brokers send a list of events in one request.
        for one in payload if isinstance(payload, list) else [payload]:
            headers = {name.lower(): value for name, value in request.headers.items()}
            seen.append({"event": _event_name(one), "payload": one, "headers": headers})
    return seen


def _event_name(payload: Any) -> str:
    """The event's id as F&O, Event Grid and Dataverse spell it."""
    if isinstance(payload, Mapping):
        for member in ("BusinessEventId", "eventType", "type", "MessageName"):
            if isinstance(payload.get(member), str):
                return str(payload[member])
    return ""


def _delivered(step: ExpectEventStep, frame: Frame) -> list[dict[str, Any]]:
    control = frame.run.environment.need_control("expect_event without 'at'")
    event = frame.text(step.event)
    seen: list[dict[str, Any]] = []
    for delivery in control.deliveries(event, frame.run.started):
        payload = delivery.get("payload")
        if isinstance(payload, str):
            with suppress(ValueError):  # a payload that is text stays text
                payload = json.loads(payload)
        name = delivery.get("event") or _event_name(payload)
        seen.append({"event": name, "payload": payload, "delivery": delivery})
    return seen


def expect_calls(step: ExpectCallsStep, frame: Frame) -> Found:
    """Count requests in the journal since the scenario began."""
    control = frame.run.environment.need_control("expect_calls")
    wanted: dict[str, Any] = {
        "service": frame.text(step.service),
        "method": step.method.upper(),
        "path": frame.text(step.path),
        "status": step.status,
        "identity": frame.text(step.identity),
        "throttled": None if step.throttled is None else str(step.throttled).lower(),
        "since": frame.run.started,
        "limit": 10_000,
    }

    def look() -> Found:
        lines = [line for line in control.journal(**wanted) if _made_by(step, frame, line)]
        fitting, nearest = select(lines, frame.expected(step.call), "call")
        wanted_count = AT_LEAST_ONE if step.count is None else frame.expected(step.count)
        found = matchers.compare(wanted_count, len(fitting), "calls.length()")
        frame.keep(step.name, {"calls": fitting, "count": len(fitting)})
        message = f"{len(lines)} requests were selected, {len(fitting)} of them fit"
        return Found([*found, *nearest] if found and not fitting else found, message)

    return until(frame, step.within if step.within is not None else 0.0, look)


def _made_by(step: ExpectCallsStep, frame: Frame, line: Mapping[str, Any]) -> bool:
    """Whether the line is the scenario's own or another's, as the step asks."""
    headers: Mapping[str, str] = line.get("request_headers") or {}
    own = any(
        name.lower() == SCENARIO_HEADER and value == frame.run.id for name, value in headers.items()
    )
    return step.made_by == "anyone" or own == (step.made_by == "scenario")

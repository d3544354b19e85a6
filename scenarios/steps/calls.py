"""Steps that send: `call` and `change_record`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx

from windtunnel.contracts.results import Mismatch
from windtunnel.scenarios import matchers
from windtunnel.scenarios.answers import Answer
from windtunnel.scenarios.errors import StepError
from windtunnel.scenarios.frame import Found, Frame
from windtunnel.scenarios.records import query_options, record_path, set_path, with_query
from windtunnel.scenarios.step_models import CallStep, ChangeRecordStep
from windtunnel.scenarios.steps.responses import answer_mismatches
from windtunnel.scenarios.waiting import until

SCENARIO_HEADER = "x-windtunnel-scenario"
LOOK_HEADER = "x-windtunnel-look"
"""On reads by which a step looks whether a record is as expected, again and again."""
SUCCESS: dict[str, Any] = {"$gte": 200, "$lt": 300}
_ODATA = {"accept": "application/json", "odata-version": "4.0", "odata-maxversion": "4.0"}
_ODATA_ORIGINS = {"dataverse", "dataverse-http", "fo", "fo-http"}


def call(step: CallStep, frame: Frame) -> Found:
    """Send a request, with `until` until its answer fits."""
    if step.dropped:
        return _dropped(step, frame)
    if step.until is None:
        frame.keep_answer(step.name, _called(step, frame))
        return Found()
    wanted = step.until

    def look() -> Found:
        answer = _called(step, frame)
        frame.keep_answer(step.name, answer)
        return Found(answer_mismatches(wanted, answer, frame), answer.title())

    return until(frame, step.within, look)


def _called(step: CallStep, frame: Frame) -> Answer:
    origin = "" if step.url else step.origin or frame.run.scenario.defaults.origin or ""
    if step.url:
        url = frame.text(step.url)
    elif origin:
        path = frame.text(step.path)
        base = frame.run.environment.url(origin)
        url = base + ("" if path.startswith("/") else "/") + path
    else:
        raise StepError("the call names no origin; write 'origin: fo', or defaults.origin")
    content: dict[str, Any] = {"timeout": step.timeout}
    url = with_query(url, frame.render(step.query))
    if "json_body" in step.model_fields_set:
        content["json"] = frame.render(step.json_body)
    if step.form is not None:
        content["data"] = {k: _shown(v) for k, v in frame.render(step.form).items()}
    if step.body is not None:
        content["content"] = frame.text(step.body).encode()
    return send(
        frame,
        step.method,
        url,
        origin=origin,
        identity=step.identity,
        scope=frame.text(step.scope),
        headers=step.headers,
        content=content,
    )


def _dropped(step: CallStep, frame: Frame) -> Found:
    try:
        answer = _called(step, frame)
    except StepError as error:
        if isinstance(error.__cause__, httpx.TransportError):
            return Found()
        raise
    message = "the connection was to break without an answer"
    return Found([Mismatch(path="status", expected=None, actual=answer.status, message=message)])


def send(
    frame: Frame,
    method: str,
    url: str,
    *,
    origin: str = "",
    identity: str = "",
    scope: str = "",
    headers: Mapping[str, str] | None = None,
    content: Mapping[str, Any] | None = None,
) -> Answer:
    """Send one request as an identity. StepError when there is no answer."""
    run = frame.run
    sent = {SCENARIO_HEADER: run.id}
    for name, value in {**run.scenario.defaults.headers, **(headers or {})}.items():
        sent[name.lower()] = frame.text(value)
    token = _token(frame, url, origin, identity, scope)
    if token:
        sent.setdefault("authorization", f"Bearer {token}")
    started = run.environment.timing.monotonic()
    try:
        response = run.environment.http.request(method, url, headers=sent, **(content or {}))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise StepError(f"{method} {url}: no answer ({type(error).__name__}: {error})") from error
    return Answer.of(response, run.environment.timing.monotonic() - started)


def _token(frame: Frame, url: str, origin: str, identity: str, scope: str) -> str:
    """A token where one is due: OData origins by default, elsewhere when an identity is named."""
    run = frame.run
    name = identity or (run.scenario.defaults.identity if origin in _ODATA_ORIGINS else "none")
    if name == "none":
        return ""
    known = run.scenario.identities.get(name)
    parts = urlsplit(url)
    scope = scope or f"{parts.scheme}://{parts.netloc}/.default"
    return run.environment.token(
        frame.text(known.client_id) if known else "",
        frame.text(known.client_secret) if known else "",
        frame.text(known.tenant_id) if known else "",
        scope,
        run.clock,
    )


def record_origin(step: Any, frame: Frame) -> str:
    """The origin of a step that is about records."""
    origin = step.origin or frame.run.scenario.defaults.origin
    if origin not in {"dataverse", "fo"}:
        raise StepError("the step names no origin; write 'origin: dataverse' or 'origin: fo'")
    return str(origin)


def change_record(step: ChangeRecordStep, frame: Frame) -> Found:
    """Change a record; the step fails unless the service says that it did."""
    origin = record_origin(step, frame)
    record = frame.render(step.record)
    key = frame.render(step.key)
    if step.do == "upsert" and origin == "fo":
        answer = _fo_upsert(step, frame, key, record)
    else:
        answer = _changed(step, frame, origin, step.do, key, record)
    answer = replace(answer, record=answer.json if answer.is_json else record)
    frame.keep_answer(step.name, answer)
    if step.name:
        location = answer.headers.get("odata-entityid") or answer.headers.get("location") or ""
        found = location.rpartition("(")[2].rstrip(")")
        frame.run.named[step.name] |= {"id": found, "location": location}
    wanted = SUCCESS if step.status is None else frame.expected(step.status)
    return Found(matchers.compare(wanted, answer.status, "status"), answer.title())


def _changed(
    step: ChangeRecordStep, frame: Frame, origin: str, do: str, key: Any, record: Any
) -> Answer:
    base = frame.run.environment.url(origin)
    headers = dict(_ODATA)
    content: dict[str, Any] = {}
    if do == "create":
        method, path = "POST", set_path(origin, step.entity_set)
        if origin == "dataverse":
            headers["prefer"] = "return=representation"
    else:
        method = "DELETE" if do == "delete" else "PATCH"
        path = record_path(origin, step.entity_set, key)
        path = with_query(path, query_options(origin, {}))
        if do == "update" and origin == "dataverse":
            headers["if-match"] = "*"
    if do != "delete":
        content["json"] = record
    return send(
        frame,
        method,
        base + path,
        origin=origin,
        identity=step.identity,
        headers={**headers, **{name.lower(): value for name, value in step.headers.items()}},
        content=content,
    )


def _fo_upsert(step: ChangeRecordStep, frame: Frame, key: Any, record: Any) -> Answer:
    """F&O has no upsert: update, and where nothing is there, create with the key's columns."""
    if not isinstance(key, Mapping):
        raise StepError("an upsert in fo needs the key as a mapping of columns")
    answer = _changed(step, frame, "fo", "update", key, record)
    if answer.status == 404:
        answer = _changed(step, frame, "fo", "create", None, {**key, **record})
    return answer


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)

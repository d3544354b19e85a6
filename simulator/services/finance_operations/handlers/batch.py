"""`POST /data/$batch`: operations one after another, change sets all or nothing.

Source: "Open Data Protocol (OData)", batch requests; captured answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from windtunnel.contracts.limits import CostModel
from windtunnel.simulator.exchange import Exchange, Request, Response, ServiceError, header_lines
from windtunnel.simulator.odata.batch import (
    Answer,
    BatchError,
    BatchPart,
    BatchRules,
    ChangeSet,
    PartAnswer,
    parse_batch,
    render_batch,
)
from windtunnel.simulator.services.finance_operations.errors import (
    BatchRefused,
    VerbNotSupported,
)
from windtunnel.simulator.services.finance_operations.handlers.wire import (
    VERSION,
    error_response,
)
from windtunnel.simulator.services.finance_operations.model.environment import Environment

Run: TypeAlias = Callable[[Exchange], Response]


class _Failed(Exception):
    """An operation of a change set was refused: what was done before it is undone."""

    def __init__(self, answer: PartAnswer) -> None:
        self.answer = answer
        super().__init__()


def batch(exchange: Exchange, environment: Environment, run: Run) -> Response:
    """Answer a batch: 200 whatever became of its parts. `run` answers one operation."""
    request = exchange.request
    if request.method != "POST":
        raise VerbNotSupported(request.method, "POST")
    exchange.operation = "batch"
    rules = BatchRules(environment.batch_operations)
    try:
        items = parse_batch(request.header("content-type"), request.body, rules)
    except BatchError as error:
        raise BatchRefused(reason=error.message) from error
    for item in items:
        if isinstance(item, ChangeSet):
            _check_content_ids(item)
    keeps_on = "continue-on-error" in request.header("prefer")
    costs: list[float] = []
    answers: list[Answer] = []
    for item in items:
        if isinstance(item, ChangeSet):
            answers.append(_change_set(item, exchange, environment, run, costs))
            continue
        answer = _answer(item, exchange, run, environment.costs, costs)
        answers.append(answer)
        if not keeps_on and answer.status >= 400:
            break
    exchange.cost_seconds = environment.costs.batch_seconds(costs)
    names = [environment.new_id() for answer in answers if isinstance(answer, tuple)]
    media, body = render_batch(answers, environment.new_id(), names)
    return Response(200, body, header_lines({"Content-Type": media}) + VERSION)


def _check_content_ids(change_set: ChangeSet) -> None:
    """Refuse an id that stands twice, before anything runs. Source: texts of the OData library."""
    seen: set[str] = set()
    for part in change_set.parts:
        if part.content_id and part.content_id in seen:
            raise BatchRefused(
                reason=f"The content ID '{part.content_id}' was found more than once in the same "
                "change set. Content IDs have to be unique across all operations of a change set."
            )
        seen.add(part.content_id)


def _answer(
    part: BatchPart, outer: Exchange, run: Run, model: CostModel, costs: list[float]
) -> PartAnswer:
    request = _request(part, outer.request)
    inner = Exchange(request, outer.service, outer.received, outer.identity)
    try:
        response = run(inner)
    except ServiceError as error:
        response = error_response(error)
    costs.append(inner.cost_seconds or model.seconds(inner.operation or "other"))
    if not isinstance(response.body, bytes):
        raise TypeError("an answer inside a batch is bytes")
    return PartAnswer(response.status, response.head, response.body, part.content_id)


def _request(part: BatchPart, outer: Request) -> Request:
    """The operation as a request of its own; a relative address is one below `/data/`."""
    path, _, query = part.url.partition("?")
    scheme, found, rest = path.partition("://")
    if found and scheme.lower() in {"http", "https"}:
        path = "/" + rest.partition("/")[2]
    elif not path.startswith("/"):
        path = f"/data/{path}"
    headers = {b"host": outer.headers.get(b"host", b"localhost"), **part.headers}
    body = part.body.strip(b"\r\n")
    return Request(part.method, path, query, headers, body, outer.scheme, outer.client)


def _succeeded(answer: PartAnswer) -> PartAnswer:
    if answer.status >= 400:
        raise _Failed(answer)
    return answer


def _change_set(
    change_set: ChangeSet,
    outer: Exchange,
    environment: Environment,
    run: Run,
    costs: list[float],
) -> Answer:
    """The answers of all operations, or the one that failed, alone: then nothing is stored.

    It carries the content id of the first operation, whichever failed. Source: a captured answer.
    """
    try:
        with environment.store.atomic():
            return tuple(
                [
                    _succeeded(_answer(part, outer, run, environment.costs, costs))
                    for part in change_set.parts
                ]
            )
    except _Failed as failed:
        return (replace(failed.answer, content_id=change_set.parts[0].content_id),)

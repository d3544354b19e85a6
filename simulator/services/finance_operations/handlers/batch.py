"""`POST /data/$batch`: operations one after another, change sets all or nothing.

Source: "Open Data Protocol (OData)", batch requests; captured answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from windtunnel.contracts.limits import FINANCE_OPERATIONS_COSTS as COSTS
from windtunnel.simulator.exchange import Exchange, Response, ServiceError, header_lines
from windtunnel.simulator.services.finance_operations.errors import (
    BatchRefused,
    VerbNotSupported,
)
from windtunnel.simulator.services.finance_operations.handlers.wire import (
    VERSION,
    error_response,
)
from windtunnel.simulator.services.finance_operations.model.environment import Environment
from windtunnel.simulator.services.finance_operations.multipart import (
    Answer,
    ChangeSet,
    ChangeSetAnswers,
    MalformedBatch,
    Operation,
    read_batch,
    write_batch,
)

Run: TypeAlias = Callable[[Exchange], Response]


class _Failed(Exception):
    """An operation of a change set was refused: what was done before it is undone."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__()


def batch(exchange: Exchange, environment: Environment, run: Run) -> Response:
    """Answer a batch: 200 whatever became of its parts. `run` answers one operation."""
    request = exchange.request
    if request.method != "POST":
        raise VerbNotSupported(method=request.method)
    exchange.operation = "batch"
    most = environment.batch_operations
    try:
        items = read_batch(request.body, request.header("content-type"), request, most)
    except MalformedBatch as error:
        raise BatchRefused(reason=str(error)) from error
    keeps_on = "continue-on-error" in request.header("prefer")
    costs: list[float] = []
    answers: list[Answer | ChangeSetAnswers] = []
    for item in items:
        if isinstance(item, ChangeSet):
            answer = _change_set(item, exchange, environment, run, costs)
        else:
            answer = _answer(item, exchange, run, costs)
        answers.append(answer)
        if not keeps_on and isinstance(answer, Answer) and answer.response.status >= 400:
            break
    exchange.cost_seconds = COSTS.batch_seconds(costs)
    name = environment.new_id()
    head = {"Content-Type": f"multipart/mixed; boundary=batchresponse_{name}"}
    return Response(200, write_batch(answers, name), header_lines(head) + VERSION)


def _answer(operation: Operation, outer: Exchange, run: Run, costs: list[float]) -> Answer:
    inner = Exchange(operation.request, outer.service, outer.received, outer.identity)
    try:
        response = run(inner)
    except ServiceError as error:
        response = error_response(error)
    costs.append(inner.cost_seconds or COSTS.seconds(inner.operation or "other"))
    return Answer(response, operation.content_id)


def _succeeded(answer: Answer) -> Answer:
    if answer.response.status >= 400:
        raise _Failed(answer)
    return answer


def _change_set(
    change_set: ChangeSet,
    outer: Exchange,
    environment: Environment,
    run: Run,
    costs: list[float],
) -> Answer | ChangeSetAnswers:
    """The answers of all operations, or the one that failed, alone: then nothing is stored."""
    try:
        with environment.store.atomic():
            answers = [
                _succeeded(_answer(operation, outer, run, costs))
                for operation in change_set.operations
            ]
    except _Failed as failed:
        return failed.answer
    return ChangeSetAnswers(tuple(answers))

"""The way of every request, as one list of stages.

Journal, render, authenticate, fault, throttle, then the service. A fault may name an identity, so
it stands behind the token check.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import TypeAlias, cast

from windtunnel.simulator.exchange import (
    Absent,
    Exchange,
    GuardedService,
    Request,
    Response,
    Service,
    ServiceError,
    header_lines,
)
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.gzips import gzipped, takes_gzip
from windtunnel.simulator.kernel.journal import Journal
from windtunnel.simulator.web.faults import Faults, InjectedFault, distort
from windtunnel.simulator.web.http_server import DROP_CONNECTION

_log = logging.getLogger("windtunnel.web")

Step: TypeAlias = Callable[[Exchange], Response]
Stage: TypeAlias = Callable[[Step], Step]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the stages of one simulator share."""

    clock: Clock
    journal: Journal
    faults: Faults
    abort_turn: Callable[[], None]


def build(
    service: Service | GuardedService,
    around: Surroundings,
    leave_out: frozenset[str] = frozenset(),
) -> Callable[[Request], Response]:
    """The application of one service. `leave_out` names stages to go without (for measuring)."""
    stages: list[tuple[str, Stage]] = [
        ("journal", lambda step: _journal(step, around.journal)),
        ("render", lambda step: _render(step, service, around.abort_turn)),
    ]
    guard = cast(GuardedService, service) if hasattr(service, "authenticate") else None
    if getattr(service, "compresses", False):
        stages.insert(0, ("compress", _compress))
    if guard is not None:
        stages.append(("authenticate", lambda step: _authenticate(step, guard)))
    stages.append(("fault", lambda step: _fault(step, around.faults)))
    if guard is not None:
        stages.append(("throttle", lambda step: _throttle(step, guard)))
    step: Step = service.handle
    for name, stage in reversed(stages):
        if name not in leave_out:
            step = stage(step)
    name, now = service.name, around.clock.now

    def application(request: Request) -> Response:
        return step(Exchange(request, name, now()))

    return application


COMPRESSED_FROM = 2048
"""Bytes of a body from which on it is compressed, where the client takes gzip."""


def _compress(step: Step) -> Step:
    def stage(exchange: Exchange) -> Response:
        response = step(exchange)
        accepted = exchange.request.headers.get(b"accept-encoding")
        body = response.body
        if (
            accepted is not None
            and isinstance(body, bytes)
            and len(body) >= COMPRESSED_FROM
            and response.status != 206
            and takes_gzip(accepted)
            and b"content-encoding" not in response.head.lower()
        ):
            response.body = gzipped(body)
            response.head += b"Content-Encoding: gzip\r\n"
        return response

    return stage


def _journal(step: Step, journal: Journal) -> Step:
    record = journal.record

    def stage(exchange: Exchange) -> Response:
        started = perf_counter()
        response = step(exchange)
        record(exchange, response, perf_counter() - started)
        return response

    return stage


def _render(step: Step, service: Service, abort_turn: Callable[[], None]) -> Step:
    def stage(exchange: Exchange) -> Response:
        try:
            return step(exchange)
        except ServiceError as error:
            return rendered(error, service, exchange)
        except Exception:
            _log.exception("bug: %s %s", exchange.request.method, exchange.request.path)
            abort_turn()
            return Response(
                500,
                b"This is a bug of windtunnel, not an answer of Dynamics 365: see its log.",
                b"x-windtunnel-bug: 1\r\ncontent-type: text/plain; charset=utf-8\r\n",
            )

    return stage


def rendered(error: ServiceError, service: Service, exchange: Exchange) -> Response:
    """The answer of a service to an error, with the error's own headers."""
    if isinstance(error, Absent):
        exchange.absent = error.headers.get("x-windtunnel-absent", "")
    if isinstance(error, InjectedFault) and error.rule.body is not None:
        head = header_lines(error.headers)
        return Response(error.status, error.rule.body.encode(), head)
    return service.render_error(error, exchange)


def _fault(step: Step, faults: Faults) -> Step:
    def stage(exchange: Exchange) -> Response:
        if not faults.active:
            return step(exchange)
        rule = faults.match(exchange)
        if rule is None:
            return step(exchange)
        if rule.action == "drop_before":
            return Response(DROP_CONNECTION)
        if rule.action == "error":
            raise InjectedFault(rule)
        return distort(rule, step(exchange))

    return stage


def _authenticate(step: Step, service: GuardedService) -> Step:
    authenticate = service.authenticate

    def stage(exchange: Exchange) -> Response:
        authenticate(exchange)
        return step(exchange)

    return stage


def _throttle(step: Step, service: GuardedService) -> Step:
    admit, settle = service.admit, service.settle

    def stage(exchange: Exchange) -> Response:
        admit(exchange)
        try:
            response = step(exchange)
        except ServiceError as error:
            response = rendered(error, service, exchange)
        settle(exchange, response)
        return response

    return stage

"""The way of every request, in one place: `build` is the list of its stages.

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


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the stages of one simulator share. Without a journal nothing is recorded."""

    clock: Clock
    journal: Journal | None
    faults: Faults
    abort_turn: Callable[[], None]


def build(service: Service | GuardedService, around: Surroundings) -> Callable[[Request], Response]:
    """The application of one service."""
    if hasattr(service, "authenticate"):
        answer = _guarded(cast(GuardedService, service), around.faults)
    else:
        answer = _faulty(service.handle, around.faults)
    compresses = getattr(service, "compresses", False)
    name, now, journal = service.name, around.clock.now, around.journal

    def application(request: Request) -> Response:
        started = perf_counter()
        exchange = Exchange(request, name, now())
        try:
            response = answer(exchange)
        except ServiceError as error:
            response = rendered(error, service, exchange)
        except Exception:
            response = _bug(exchange)
            around.abort_turn()
        if journal is not None:
            journal.record(exchange, response, perf_counter() - started)
        return compressed(request, response) if compresses else response

    return application


def _guarded(service: GuardedService, faults: Faults) -> Step:
    """Authenticate, fault, throttle, handle; what was admitted is settled, errors too."""
    authenticate, admit, settle = service.authenticate, service.admit, service.settle
    handle = service.handle

    def admitted(exchange: Exchange) -> Response:
        admit(exchange)
        try:
            response = handle(exchange)
        except ServiceError as error:
            response = rendered(error, service, exchange)
        settle(exchange, response)
        return response

    behind_faults = _faulty(admitted, faults)

    def answer(exchange: Exchange) -> Response:
        authenticate(exchange)
        return behind_faults(exchange) if faults.armed else admitted(exchange)

    return answer


def _faulty(step: Step, faults: Faults) -> Step:
    """A step with the faults that are in force."""

    def stage(exchange: Exchange) -> Response:
        rule = faults.match(exchange)
        if rule is None:
            return step(exchange)
        if rule.action == "drop_before":
            return Response(DROP_CONNECTION)
        if rule.action == "error":
            raise InjectedFault(rule)
        return distort(rule, step(exchange))

    return stage


def rendered(error: ServiceError, service: Service, exchange: Exchange) -> Response:
    """The answer of a service to an error, with the error's own headers."""
    if isinstance(error, Absent):
        exchange.absent = error.headers.get("x-windtunnel-absent", "")
    if isinstance(error, InjectedFault) and error.rule.body is not None:
        head = header_lines(error.headers)
        return Response(error.status, error.rule.body.encode(), head)
    return service.render_error(error, exchange)


def _bug(exchange: Exchange) -> Response:
    _log.exception("bug: %s %s", exchange.request.method, exchange.request.path)
    return Response(
        500,
        b"This is a bug of windtunnel, not an answer of Dynamics 365: see its log.",
        b"x-windtunnel-bug: 1\r\ncontent-type: text/plain; charset=utf-8\r\n",
    )


COMPRESSED_FROM = 2048
"""Bytes of a body from which on it is compressed, where the client takes gzip."""


def compressed(request: Request, response: Response) -> Response:
    """The answer with its body compressed, where the client takes that and it is worth it."""
    accepted = request.headers.get(b"accept-encoding")
    if accepted is None:
        return response
    body, status = response.body, response.status
    if not isinstance(body, bytes) or len(body) < COMPRESSED_FROM or status == 206:
        return response
    if not takes_gzip(accepted) or b"content-encoding" in response.head.lower():
        return response
    pieces = (*response.pieces, b"Content-Encoding: gzip\r\n")
    return Response(status, gzipped(body), *pieces, delay_seconds=response.delay_seconds)

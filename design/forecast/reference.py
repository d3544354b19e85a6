"""The engine in plain Python: every request through the very meters that the servers use."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from heapq import heapify, heappop, heapreplace
from itertools import count, cycle, islice
from typing import Protocol, TypeAlias

from windtunnel.contracts.documents.plan import Retry
from windtunnel.contracts.limits import (
    ADMITTED,
    Caller,
    Limits,
    Priority,
    ProtectionRules,
    ResourceRules,
    ResourceThrottle,
    ServiceProtection,
    Verdict,
)
from windtunnel.contracts.limits.accounting import limit_uses, load_use
from windtunnel.contracts.results import LimitUse
from windtunnel.design.forecast.outcome import FlowOutcome, Outcome, by_minute
from windtunnel.design.forecast.plans import FlowPlan, MeterKey, meter_keys
from windtunnel.design.forecast.streams import HOUR_SECONDS, MASK, SHORTEST_WAIT, SPREAD, Streams

DAY_SECONDS = 86_400
TICK_SECONDS = 600


class Meter(Protocol):
    """What a sender meets."""

    def admit(self, now: float) -> Verdict:
        """Decide one request."""
        ...

    def finish(self, now: float, execution_seconds: float) -> None:
        """An admitted request ended."""
        ...


Request: TypeAlias = tuple[float, float, Meter, int]
"""Arrival, execution time, the meter it meets, its number."""


class Unlimited:
    """Flows that no request limit meets."""

    def admit(self, now: float) -> Verdict:  # noqa: ARG002 - the shape of a meter
        """Always."""
        return ADMITTED

    def finish(self, now: float, execution_seconds: float) -> None:
        """Nothing to count."""


class _Flow:
    """One flow while it runs."""

    def __init__(
        self,
        plan: FlowPlan,
        arrivals: array[float],
        first: int,
        meters: list[Meter],
        streams: Streams,
    ) -> None:
        mean, table = plan.mean_seconds, streams.exponential
        costs = [mean * table[(number * SPREAD) & MASK] for number in range(len(table))]
        self.retry: Retry = plan.retry
        self.arrivals = arrivals
        self.requests: Iterator[Request] = zip(
            arrivals,
            islice(cycle(costs), first & MASK, None),
            islice(cycle(meters), first % len(meters), None),
            count(first),
            strict=False,
        )
        self.completed, self.refused, self.given_up = array("d"), array("d"), array("d")
        self.longest_wait = 0.0
        self.longest_retry_after = 0


def simulate(
    plans: Sequence[FlowPlan], limits: Limits, streams: Streams, tick: Callable[[float], None]
) -> Outcome:
    """Run all flows; `tick` is told the virtual moment now and then."""
    throttle = ResourceThrottle(ResourceRules.of(limits))
    meters = {key: _meter(key, limits, throttle) for key in meter_keys(plans)}
    flows: list[_Flow] = []
    first = 0
    for plan, arrivals in zip(plans, streams.arrivals, strict=True):
        own = [meters[key] for key in meter_keys([plan])]
        flows.append(_Flow(plan, arrivals, first, own, streams))
        first += len(arrivals)
    senders = [
        flow for plan, flow in zip(plans, flows, strict=True) for _ in range(plan.parallelism)
    ]
    hour_waits = _run(senders, streams, tick)
    minutes = streams.days * 1440
    return Outcome(
        tuple(
            FlowOutcome(
                by_minute(flow.arrivals, minutes),
                by_minute(flow.completed, minutes),
                by_minute(flow.refused, minutes),
                by_minute(flow.given_up, minutes),
                flow.longest_wait,
                flow.longest_retry_after,
            )
            for flow in flows
        ),
        hour_waits,
        _uses(meters, throttle),
    )


def _meter(key: MeterKey, limits: Limits, throttle: ResourceThrottle) -> Meter:
    if key.service == "dataverse":
        return ServiceProtection(ProtectionRules.of(limits))
    if key.service == "finance_operations":
        own = ProtectionRules.of(limits, "fo")
        return Caller(key.caller, Priority(key.priority), key.throttling, throttle, own)
    return Unlimited()


def _uses(meters: dict[MeterKey, Meter], throttle: ResourceThrottle) -> tuple[LimitUse, ...]:
    uses: list[LimitUse] = []
    for key, meter in meters.items():
        own = meter.own if isinstance(meter, Caller) else meter
        if isinstance(own, ServiceProtection):
            uses.extend(limit_uses(own, key.identity, key.server))
    if any(key.service == "finance_operations" for key in meters):
        uses.append(load_use(throttle))
    return tuple(uses)


def _run(senders: list[_Flow], streams: Streams, tick: Callable[[float], None]) -> list[float]:
    """All events in order. A sender carries one request at a time, to its end."""
    horizon = float(streams.days * DAY_SECONDS)
    hour_waits = [0.0] * (streams.days * 24)
    nothing: Request = (0.0, 0.0, Unlimited(), 0)
    carried: list[Request] = [nothing] * len(senders)
    attempts = [0] * len(senders)
    tried = [0.0] * len(senders)
    waits = [0.0] * len(senders)
    running = [False] * len(senders)
    ended = [flow.completed.append for flow in senders]
    coming = [flow.requests for flow in senders]
    events: list[tuple[float, int]] = []
    for number, upcoming in enumerate([next(requests, None) for requests in coming]):
        if upcoming is not None:
            carried[number] = upcoming
            events.append((upcoming[0], number))
    heapify(events)
    admitted, replace = ADMITTED, heapreplace
    hour, hour_wait, boundary = 0, 0.0, 0.0
    while events:
        now, number = events[0]
        if now >= boundary:
            hour_waits[hour] = hour_wait
            tick(min(now, horizon))
            if now >= horizon:
                break
            if now >= (hour + 1) * HOUR_SECONDS:
                hour, hour_wait = int(now // HOUR_SECONDS), 0.0
            boundary = (now // TICK_SECONDS + 1) * TICK_SECONDS
        take = False
        if running[number]:
            request = carried[number]
            request[2].finish(now, request[1])
            ended[number](now)
            running[number] = False
            take = True
        while True:
            if take:
                upcoming = next(coming[number], None)
                if upcoming is None:
                    heappop(events)
                    break
                carried[number] = request = upcoming
                attempts[number] = 0
                if request[0] > now:
                    replace(events, (request[0], number))
                    break
            else:
                request = carried[number]
            verdict = request[2].admit(now)
            if verdict is admitted:
                running[number] = True
                waited = now - request[0]
                if waited > waits[number]:  # noqa: PLR1730 - a call of max costs more
                    waits[number] = waited
                if waited > hour_wait:  # noqa: PLR1730 - a call of max costs more
                    hour_wait = waited
                replace(events, (now + request[1], number))
                break
            attempt = attempts[number] = attempts[number] + 1
            if attempt == 1:
                tried[number] = now
            flow = senders[number]
            flow.refused.append(now)
            told = verdict.retry_after_seconds  # type: ignore[union-attr] # not ADMITTED
            flow.longest_retry_after = max(flow.longest_retry_after, told)
            again = next_try(flow.retry, now, tried[number], attempt, told, request[3], streams)
            if again is not None:
                replace(events, (again, number))
                break
            flow.given_up.append(now)
            take = True
    hour_waits[hour] = hour_wait
    for flow, waited in zip(senders, waits, strict=True):
        flow.longest_wait = max(flow.longest_wait, waited)
    return hour_waits


def next_try(
    retry: Retry,
    now: float,
    tried: float,
    attempt: int,
    retry_after: int,
    request: int,
    streams: Streams,
) -> float | None:
    """When a refused request is sent again, or None when its sender gives up."""
    if 429 not in retry.on or attempt == retry.attempts:
        return None
    wait = float(retry_after)
    if retry.wait == "fixed":
        wait = retry.first_seconds
    elif retry.wait == "exponential":
        wait = min(retry.first_seconds * 2.0 ** min(attempt - 1, 60), retry.longest_seconds)
    wait *= 1.0 + retry.jitter * streams.uniform[(request * SPREAD + attempt) & MASK]
    if retry.max_seconds is not None and now + wait - tried > retry.max_seconds:
        return None
    return now + max(wait, SHORTEST_WAIT)

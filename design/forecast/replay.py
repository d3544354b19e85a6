"""One arrival sequence through the limits, so that a live throttle can be held against it."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import NamedTuple

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
    throttling_rules,
)


class Arrival(NamedTuple):
    """One request: when, how long it runs, who sends it and to which web server."""

    at: float
    seconds: float
    identity: str = "app"
    server: str = ""
    priority: Priority = Priority.LOW


def replay(arrivals: Iterable[Arrival], limits: Limits) -> list[Verdict]:
    """The verdict of Dataverse on each arrival, in order; moments must not go back."""
    rules = ProtectionRules.of(limits)
    meters: dict[tuple[str, str], ServiceProtection] = {}
    verdicts: list[Verdict] = []
    for arrival in arrivals:
        key = (arrival.identity, arrival.server)
        meter = meters.get(key)
        if meter is None:
            meter = meters[key] = ServiceProtection(rules)
        verdicts.append(meter.run(arrival.at, arrival.seconds))
    return verdicts


def replay_environment(
    arrivals: Iterable[Arrival], limits: Limits, release: str = ""
) -> list[Verdict]:
    """The same for one environment of finance and operations in a release."""
    rules = throttling_rules(release, limits)
    load = ResourceThrottle(ResourceRules.of(limits))
    own = ProtectionRules.of(limits, "fo")
    callers: dict[tuple[str, str], Caller] = {}
    ends: list[tuple[float, int, Caller, float]] = []
    verdicts: list[Verdict] = []
    for number, arrival in enumerate(arrivals):
        while ends and ends[0][0] <= arrival.at:
            end, _, ended, seconds = heappop(ends)
            ended.finish(end, seconds)
        key = (arrival.identity, arrival.server)
        caller = callers.get(key)
        if caller is None:
            caller = Caller(arrival.identity, arrival.priority, rules, load, own)
            callers[key] = caller
        verdict = caller.admit(arrival.at)
        if verdict is ADMITTED:
            heappush(ends, (arrival.at + arrival.seconds, number, caller, arrival.seconds))
        verdicts.append(verdict)
    return verdicts

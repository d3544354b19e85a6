"""One arrival sequence through the limits, so that a live throttle can be held against it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from windtunnel.contracts.limits import Limits, ProtectionRules, ServiceProtection, Verdict


class Arrival(NamedTuple):
    """One request: when, how long it runs, who sends it and to which web server."""

    at: float
    seconds: float
    identity: str = "app"
    server: str = ""


def replay(arrivals: Iterable[Arrival], limits: Limits, prefix: str = "dataverse") -> list[Verdict]:
    """The verdict on each arrival, in order; moments must not go back."""
    rules = ProtectionRules.of(limits, prefix)
    meters: dict[tuple[str, str], ServiceProtection] = {}
    verdicts: list[Verdict] = []
    for arrival in arrivals:
        key = (arrival.identity, arrival.server)
        meter = meters.get(key)
        if meter is None:
            meter = meters[key] = ServiceProtection(rules)
        verdicts.append(meter.run(arrival.at, arrival.seconds))
    return verdicts

"""How far identities went into limits, as results show it."""

from __future__ import annotations

from typing import Protocol

from windtunnel.contracts.limits.resource_throttle import ResourceThrottle
from windtunnel.contracts.limits.table import Limit
from windtunnel.contracts.results import LimitUse


class Meter(Protocol):
    """A meter that knows its peaks."""

    def peaks(self) -> tuple[tuple[Limit, float, int], ...]:
        """Each limit with the most that was used of it and its refusals."""
        ...


def limit_uses(meter: Meter, identity: str, server: str = "") -> tuple[LimitUse, ...]:
    """One line per limit that a meter counts."""
    return tuple(
        LimitUse(
            limit=limit.id,
            identity=identity,
            server=server,
            peak=peak,
            allowance=limit.allowance,
            share=peak / limit.allowance if limit.allowance else float(peak > 0 or refusals > 0),
            refusals=refusals,
        )
        for limit, peak, refusals in meter.peaks()
    )


def load_use(throttle: ResourceThrottle, environment: str = "environment") -> LimitUse:
    """The highest load of an environment; its allowance is where low priority is refused."""
    allowed = throttle.rules.refuse_low
    return LimitUse(
        limit=throttle.rules.limit.id,
        identity=environment,
        peak=throttle.peak_load,
        allowance=allowed,
        share=throttle.peak_load / allowed if allowed else 0.0,
        refusals=sum(throttle.refused.values()),
    )

"""Requests per 24 hours: each licensed user has an allowance, application users share one.

Source: "Requests limits and allocations (Power Platform)". Reported; nothing is refused by it.
"""

from __future__ import annotations

from windtunnel.contracts.limits.table import Limit, Limits
from windtunnel.contracts.results import LimitUse

DAY = 86_400.0
POOL = "all applications"


class Days:
    """What one payer used today, until when, and on the busiest day before."""

    __slots__ = ("peak", "refused", "until", "used")

    def __init__(self) -> None:
        self.until = 0.0
        self.used = self.peak = self.refused = 0

    def count(self, units: int, now: float) -> None:
        """Count requests."""
        if now >= self.until:
            self._turn(now)
        self.used += units

    def _turn(self, now: float) -> None:
        """Another day begins."""
        self.peak = max(self.peak, self.used)
        self.used = 0
        self.until = (now // DAY + 1) * DAY


class Entitlement:
    """Counts requests by day of UTC. `allowance` of each kind comes from the limits."""

    def __init__(self, limits: Limits) -> None:
        self._user = limits["dataverse.entitlement.user"]
        self._pool = limits["dataverse.entitlement.application"]
        self._days: dict[str, Days] = {}

    def days_of(self, identity: str) -> Days:
        """The counter of a user, or of the pool of applications."""
        days = self._days.get(identity)
        if days is None:
            days = self._days[identity] = Days()
        return days

    def seconds_refused(self, identity: str, now: float) -> float:
        """Seconds until the next day where the allowance is used up, else 0."""
        days = self._days.get(identity)
        allowance = self._limit(identity).allowance
        if days is None or now >= days.until or days.used < allowance:
            return 0.0
        days.refused += 1
        return days.until - now

    def _limit(self, identity: str) -> Limit:
        return self._pool if identity == POOL else self._user

    def uses(self) -> list[LimitUse]:
        """The busiest day of each user and of the pool."""
        found = []
        for identity, days in self._days.items():
            limit, peak = self._limit(identity), max(days.peak, days.used)
            share = peak / limit.allowance if limit.allowance else float(peak > 0)
            found.append(
                LimitUse(
                    limit=limit.id,
                    identity=identity,
                    peak=peak,
                    allowance=limit.allowance,
                    share=share,
                    refusals=days.refused,
                )
            )
        return found

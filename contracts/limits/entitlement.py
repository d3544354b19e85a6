"""Requests per 24 hours: each licensed user has an allowance, application users share one.

Source: "Requests limits and allocations (Power Platform)". Reported; nothing is refused by it.
"""

from __future__ import annotations

from windtunnel.contracts.limits.table import Limit, Limits
from windtunnel.contracts.results import LimitUse

DAY = 86_400.0
POOL = "all applications"


class Entitlement:
    """Counts requests by day of UTC. `allowance` of each kind comes from the limits."""

    def __init__(self, limits: Limits) -> None:
        self._user = limits["dataverse.entitlement.user"]
        self._pool = limits["dataverse.entitlement.application"]
        self._used: dict[str, tuple[int, int]] = {}
        self._peaks: dict[str, int] = {}
        self._refused: dict[str, int] = {}

    def count(self, identity: str, units: int, now: float) -> None:
        """Count requests of a user, or of the pool of applications."""
        day = int(now // DAY)
        known = self._used.get(identity)
        used = units if known is None or known[0] != day else known[1] + units
        self._used[identity] = (day, used)
        if used > self._peaks.get(identity, 0):
            self._peaks[identity] = used

    def seconds_refused(self, identity: str, now: float) -> float:
        """Seconds until the next day where the allowance is used up, else 0."""
        day = int(now // DAY)
        known = self._used.get(identity)
        if known is None or known[0] != day or known[1] < self._limit(identity).allowance:
            return 0.0
        self._refused[identity] = self._refused.get(identity, 0) + 1
        return (day + 1) * DAY - now

    def _limit(self, identity: str) -> Limit:
        return self._pool if identity == POOL else self._user

    def uses(self) -> list[LimitUse]:
        """The busiest day of each user and of the pool."""
        return [
            LimitUse(
                limit=self._limit(identity).id,
                identity=identity,
                peak=peak,
                allowance=self._limit(identity).allowance,
                share=peak / self._limit(identity).allowance,
                refusals=self._refused.get(identity, 0),
            )
            for identity, peak in self._peaks.items()
        ]

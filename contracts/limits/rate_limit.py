"""A limit on how many in a window, without blocks: search, connectors, data events."""

from __future__ import annotations

from windtunnel.contracts.limits.sliding_window import CountWindow
from windtunnel.contracts.limits.table import Limit
from windtunnel.contracts.limits.verdict import ADMITTED, Refused, Verdict


class RateLimit:
    """One meter per scope of a row that has a window; refused ones are not counted."""

    __slots__ = ("_most", "_window", "limit", "peak", "refused")

    def __init__(self, limit: Limit) -> None:
        if not limit.seconds:
            raise ValueError(f"{limit.id} has no window")
        self.limit = limit
        self.peak = 0
        self.refused = 0
        self._most = int(limit.allowance)
        self._window = CountWindow(limit.seconds)

    def admit(self, now: float) -> Verdict:
        """Decide one; waiting the Retry-After is always enough unless the allowance is 0."""
        count = self._window.expire(now)
        if count >= self._most:
            self.refused += 1
            wait = self._window.wait(now, self._most) if self._most else round(self.limit.seconds)
            return Refused(self.limit, max(1, wait))
        self._window.add(now)
        if count >= self.peak:
            self.peak = count + 1
        return ADMITTED

    def left(self, now: float) -> int:
        """How many more the window allows."""
        return self._most - self._window.expire(now)

    def peaks(self) -> tuple[tuple[Limit, float, int], ...]:
        """The limit with the most that was used of it and its refusals."""
        return ((self.limit, self.peak, self.refused),)

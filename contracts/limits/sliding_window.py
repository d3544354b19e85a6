"""Exact sliding windows: what was added in the last so many seconds. No clock of their own."""

from __future__ import annotations

from array import array
from math import ceil

COMPACT_ABOVE = 1024
ROUNDING = 1e-6
"""Seconds: less than this above a whole second is taken for rounding, and checked."""


def whole_seconds(now: float, moment: float) -> int:
    """The fewest whole seconds, at least 1, after which `moment` is not in the future."""
    seconds = max(1, ceil(moment - now - ROUNDING))
    return seconds if now + seconds >= moment else seconds + 1


class CountWindow:
    """How many were added in the last `seconds`; amortised O(1), 8 bytes each.

    Moments must not go back: one before the newest is taken as the newest.
    """

    __slots__ = ("_head", "_moments", "seconds", "total")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.total = 0
        self._moments = array("d")
        self._head = 0

    def add(self, now: float) -> None:
        """Count one."""
        moments = self._moments
        moments.append(now if not moments or now >= moments[-1] else moments[-1])
        self.total += 1

    def expire(self, now: float) -> int:
        """Forget what left the window; return how many are in it."""
        total = self.total
        if not total:
            return 0
        moments, head = self._moments, self._head
        horizon = now - self.seconds
        if moments[head] > horizon:
            return total
        last = head + total
        while head < last and moments[head] <= horizon:
            head += 1
        self.total = last - head
        if head > COMPACT_ABOVE and head * 2 > last:
            del moments[:head]
            head = 0
        self._head = head
        return self.total

    def wait(self, now: float, allowance: int) -> int:
        """Whole seconds until fewer than `allowance` (at least 1) are left, if none is added."""
        excess = self.total - allowance
        if excess < 0:
            return 0
        moment = self._moments[self._head + excess]
        return seconds_until_outside(now, moment, self.seconds)


class SumWindow:
    """The sum of what was added in the last `seconds`, in whole units so that it never drifts.

    Amortised O(1), 16 bytes an entry. Moments must not go back: one before the newest is taken as
    the newest.
    """

    __slots__ = ("_amounts", "_head", "_moments", "seconds", "total")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.total = 0
        self._moments = array("d")
        self._amounts = array("q")
        self._head = 0

    def add(self, now: float, amount: int) -> None:
        """Add an amount."""
        moments = self._moments
        moments.append(now if not moments or now >= moments[-1] else moments[-1])
        self._amounts.append(amount)
        self.total += amount

    def expire(self, now: float) -> int:
        """Forget what left the window; return the sum of what is in it."""
        moments, head = self._moments, self._head
        last = len(moments)
        horizon = now - self.seconds
        if head == last or moments[head] > horizon:
            return self.total
        amounts, total = self._amounts, self.total
        while head < last and moments[head] <= horizon:
            total -= amounts[head]
            head += 1
        self.total = total
        if head > COMPACT_ABOVE and head * 2 > last:
            del moments[:head]
            del amounts[:head]
            head = 0
        self._head = head
        return total


def seconds_until_outside(now: float, moment: float, window: float) -> int:
    """The fewest whole seconds, at least 1, after which `moment` has left the window."""
    seconds = max(1, ceil(moment + window - now - ROUNDING))
    return seconds if moment <= now + seconds - window else seconds + 1

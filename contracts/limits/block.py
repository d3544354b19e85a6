"""How long a caller that went over a limit is refused, and how hammering lengthens it."""

from __future__ import annotations

from windtunnel.contracts.limits.sliding_window import ROUNDING, whole_seconds

PAUSE = 1.0 - ROUNDING
"""Seconds between two lengthenings of one block: one, but for rounding."""


class Block:
    """Refuses until a moment; a second with requests meanwhile lengthens Retry-After by `growth`.

    What counts is how long a caller hammers, not how many senders it has: requests that come within
    a second of the first refusal, or of the last lengthening, change nothing, so that senders of
    one caller that are refused together wait together. Hammering stretches one answer up to
    `retry_cap` seconds and one block up to `block_cap` seconds, so a caller that never learns still
    gets through in the end. The formula is ours: the services publish none.
    """

    __slots__ = ("_began", "_block_cap", "_changed", "_growth", "_last", "_retry_cap", "until")

    def __init__(self, growth: float, retry_cap: int, block_cap: int) -> None:
        self._growth, self._retry_cap, self._block_cap = growth, retry_cap, block_cap
        self._began = self._changed = 0.0
        self._last = 0
        self.until = float("-inf")

    def begin(self, now: float, seconds: int) -> int:
        """Refuse for so many seconds from now on."""
        self._began = self._changed = now
        self._last = seconds
        self.until = now + seconds
        return seconds

    def lengthen(self, now: float, at_least: int = 0) -> int:
        """A request came before the end: return its Retry-After."""
        until = max(self.until, now + at_least)
        if now - self._changed >= PAUSE:
            self._changed = now
            last = self._last
            if last < self._retry_cap:
                longer = last + max(1, int(last * self._growth + 0.5))
                last = self._last = min(longer, self._retry_cap)
            until = max(until, min(now + last, self._began + self._block_cap))
        self.until = until
        return whole_seconds(now, until)

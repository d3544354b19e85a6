"""How long a caller that went over a limit is refused, and how hammering lengthens it."""

from __future__ import annotations

from windtunnel.contracts.limits.sliding_window import whole_seconds


class Block:
    """Refuses until a moment; each request meanwhile lengthens Retry-After by `growth`.

    Hammering stretches one answer up to `retry_cap` seconds and one block up to `block_cap`
    seconds, so a caller that never learns still gets through in the end. The formula is ours: the
    services publish none.
    """

    __slots__ = ("_began", "_block_cap", "_growth", "_last", "_retry_cap", "until")

    def __init__(self, growth: float, retry_cap: int, block_cap: int) -> None:
        self._growth, self._retry_cap, self._block_cap = growth, retry_cap, block_cap
        self._began = 0.0
        self._last = 0
        self.until = float("-inf")

    def begin(self, now: float, seconds: int) -> int:
        """Refuse for so many seconds from now on."""
        self._began = now
        self._last = seconds
        self.until = now + seconds
        return seconds

    def lengthen(self, now: float, at_least: int = 0) -> int:
        """A request came before the end: return its Retry-After, which never shortens."""
        last = self._last
        if last < self._retry_cap:
            last = self._last = min(last + max(1, int(last * self._growth + 0.5)), self._retry_cap)
        end = max(min(now + last, self._began + self._block_cap), now + at_least)
        self.until = max(self.until, end)
        return whole_seconds(now, self.until)

"""The one source of time. Moments are seconds since 1970 UTC as float."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from math import floor
from typing import Protocol

DEFAULT_START = 1_767_225_600.0
"""2026-01-01T00:00:00Z: where clocks begin that do not follow the wall."""


class Clock(Protocol):
    """Time as the simulators see it; every timer in the house runs on it."""

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        ...

    def real_seconds(self, seconds: float) -> float | None:
        """How long `seconds` of this clock take in reality; None when only `advance` moves it."""
        ...


class ManualClock:
    """Stands still until told to move."""

    def __init__(self, start: float = DEFAULT_START) -> None:
        self._now = start

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move forward; time never goes back."""
        if seconds < 0:
            raise ValueError(f"a clock cannot go back: advance({seconds})")
        self._now += seconds

    def real_seconds(self, seconds: float) -> None:
        """None: no real time passes on this clock."""


class SteerableClock:
    """Runs `factor` times as fast as reality: 1 is real, 0 is manual; it can be moved and re-paced.

    Monotonic: it starts at the wall time (or `start`) and never goes back.
    """

    def __init__(self, factor: float = 1.0, start: float | None = None) -> None:
        self._start = time.time() if start is None else start
        self._began = time.monotonic()
        self._factor = 0.0
        self._steered: list[Callable[[], None]] = []
        self.pace(factor)

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return self._start + (time.monotonic() - self._began) * self._factor

    def real_seconds(self, seconds: float) -> float | None:
        """`seconds` divided by the factor, or None while the clock stands."""
        return seconds / self._factor if self._factor else None

    @property
    def kind(self) -> str:
        """`real`, `manual` or `scaled`."""
        return {1.0: "real", 0.0: "manual"}.get(self._factor, "scaled")

    @property
    def factor(self) -> float:
        """Seconds of this clock per real second."""
        return self._factor

    def pace(self, factor: float) -> None:
        """Go on from the present moment at another speed; 0 stops the clock."""
        if not 0.0 <= factor <= 1_000_000.0:
            raise ValueError(f"the factor of a clock is 0 to 1,000,000, not {factor}")
        self._start, self._began, self._factor = self.now(), time.monotonic(), factor
        self._tell()

    def advance(self, seconds: float) -> None:
        """Move forward; time never goes back."""
        if seconds < 0:
            raise ValueError(f"a clock cannot go back: advance({seconds})")
        self._start += seconds
        self._tell()

    def restart(self, moment: float) -> None:
        """Begin anew at `moment`: only for a reset of the whole simulator."""
        self._start, self._began = moment, time.monotonic()
        self._tell()

    def on_steer(self, listener: Callable[[], None]) -> None:
        """Call `listener` whenever the clock was moved or re-paced."""
        self._steered.append(listener)

    def _tell(self) -> None:
        for listener in self._steered:
            listener()


def iso_seconds(moment: float) -> str:
    """A moment as `2026-01-01T00:00:00Z`."""
    return _iso(floor(moment))


def iso_text(moment: datetime) -> str:
    """A moment in UTC as `0001-01-01T00:00:00Z`, with six digits more where it has a fraction.

    `strftime` pads years to four digits on no two systems alike.
    """
    return f"{moment.replace(tzinfo=None).isoformat()}Z"


@lru_cache(maxsize=1024)
def _iso(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

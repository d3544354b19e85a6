"""The one source of time: real, manual or scaled. Moments are seconds since 1970 UTC as float."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Time as the simulators see it; every timer in the house runs on it."""

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        ...

    def real_seconds(self, seconds: float) -> float | None:
        """How long `seconds` of this clock take in reality; None when only `advance` moves it."""
        ...


class RealClock:
    """The machine's clock, kept monotonic: it starts at the wall time and never steps back."""

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return self._offset + time.monotonic()

    def real_seconds(self, seconds: float) -> float:
        """The same number."""
        return seconds


class ManualClock:
    """Stands still until told to move."""

    def __init__(self, start: float = 1_767_225_600.0) -> None:
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


class ScaledClock:
    """Runs `factor` times as fast as the machine's clock."""

    def __init__(self, factor: float, start: float | None = None) -> None:
        if factor <= 0:
            raise ValueError(f"the factor of a scaled clock must be above 0, not {factor}")
        self._factor = factor
        self._began = time.monotonic()
        self._start = time.time() if start is None else start

    def now(self) -> float:
        """Seconds since 1970-01-01 UTC."""
        return self._start + (time.monotonic() - self._began) * self._factor

    def real_seconds(self, seconds: float) -> float:
        """`seconds` divided by the factor."""
        return seconds / self._factor


def iso_seconds(moment: float) -> str:
    """A moment as `2026-01-01T00:00:00Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""Deadlines on the scenario's clock: look, wait, look again."""

from __future__ import annotations

from collections.abc import Callable

from windtunnel.scenarios.frame import Found, Frame

FIRST_PAUSE = 0.01
LONGEST_PAUSE = 0.5
REAL_BUDGET = 5.0
"""A manual clock is moved through a whole deadline within at most this much real time."""
PARTS = 20


def until(frame: Frame, within: float | None, look: Callable[[], Found]) -> Found:
    """What `look` finds once it finds no mismatch, or last when the deadline has passed.

    A manual clock is moved in twentieths of the deadline while real time passes for what runs
    outside the simulators; with `defaults.advance: false` the deadline counts real seconds.
    """
    deadline = Deadline(frame, within)
    found = look()
    while found.mismatches and not deadline.passed():
        deadline.pause()
        found = look()
    return found


def through(frame: Frame, within: float | None, look: Callable[[], Found]) -> Found:
    """What `look` finds as soon as it finds a mismatch, or at the deadline."""
    deadline = Deadline(frame, within)
    found = look()
    while not found.mismatches and not deadline.passed():
        deadline.pause()
        found = look()
    return found


class Deadline:
    """`within` seconds of the scenario's clock from now on."""

    def __init__(self, frame: Frame, within: float | None) -> None:
        run = frame.run
        self._clock, self._timing = run.clock, run.environment.timing
        self._moves = run.scenario.defaults.advance
        self.within = run.scenario.defaults.within if within is None else within
        self._clock.look()
        self._end = self._clock.now() + self.within
        self._real_start = self._timing.monotonic()
        self._parts_done = 0
        self._next_pause = FIRST_PAUSE

    def passed(self) -> bool:
        """Whether the time is over."""
        if self._clock.is_manual:
            return self._real() >= self._budget and (
                not self._moves or self._parts_done >= PARTS or self._clock.now() >= self._end
            )
        return self._clock.now() >= self._end

    def pause(self) -> None:
        """Let some time pass, never beyond the deadline."""
        pause, self._next_pause = self._next_pause, min(self._next_pause * 1.5, LONGEST_PAUSE)
        if not self._clock.is_manual:
            left = (self._end - self._clock.now()) / self._clock.factor
            self._timing.pause(max(0.0, min(pause, left)))
            self._clock.look()
            return
        self._timing.pause(min(pause, self._budget / PARTS))
        part = self.within / PARTS
        if (
            self._moves
            and self._parts_done < PARTS
            and self._clock.now() + part <= self._end + 1e-6
        ):
            self._clock.advance(part)
            self._parts_done += 1

    @property
    def _budget(self) -> float:
        return min(self.within, REAL_BUDGET) if self._moves else self.within

    def _real(self) -> float:
        return self._timing.monotonic() - self._real_start

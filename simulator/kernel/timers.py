"""Callbacks at a moment of the simulator's clock, whichever kind of clock it is."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable

from windtunnel.simulator.kernel.clock import Clock


class Timers:
    """A heap of callbacks by moment. `run_due` runs what is due; with a loop it wakes itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wakeup: asyncio.TimerHandle | None = None

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wake up by this loop from now on."""
        self._loop = loop
        self._arm()

    def detach(self) -> None:
        """Stop waking up; what is planned stays planned."""
        if self._wakeup is not None:
            self._wakeup.cancel()
        self._loop = self._wakeup = None

    def call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        """Run `callback` once `seconds` of the clock have passed."""
        heapq.heappush(
            self._heap, (self._clock.now() + max(seconds, 0.0), next(self._order), callback)
        )
        self._arm()

    def run_due(self) -> int:
        """Run every callback whose moment has come, oldest first; returns how many."""
        ran = 0
        while self._heap and self._heap[0][0] <= self._clock.now():
            _, _, callback = heapq.heappop(self._heap)
            callback()
            ran += 1
        self._arm()
        return ran

    def run_all_due(self) -> None:
        """The same as `run_due`, for those who listen to a clock."""
        self.run_due()

    @property
    def next_moment(self) -> float | None:
        """When the next callback is due."""
        return self._heap[0][0] if self._heap else None

    def _arm(self) -> None:
        if self._wakeup is not None:
            self._wakeup.cancel()
            self._wakeup = None
        if self._loop is None or not self._heap:
            return
        wait = self._clock.real_seconds(self._heap[0][0] - self._clock.now())
        if wait is not None:
            self._wakeup = self._loop.call_later(max(wait, 0.0), self.run_due)

    async def sleep(self, seconds: float) -> None:
        """Wait `seconds` of the clock."""
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        self.call_later(seconds, lambda: None if done.done() else done.set_result(None))
        await done

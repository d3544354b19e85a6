"""Long work in slices: other requests are answered in between, and every slice is committed.

A piece of work is a generator that yields after a few milliseconds of doing: 0.0 to go on as soon
as others had their turn, or seconds of the clock to wait. What must be all or nothing stands
between two yields, inside `Store.atomic()`. Nothing here survives the process: whoever starts work
keeps in the store how far it came, and starts it again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from typing import TypeAlias

from windtunnel.simulator.kernel.timers import Timers

Work: TypeAlias = Generator[float, None, None]

SLICE_SECONDS = 0.015


class Slices:
    """How many items of a piece of work fill a slice, by what the last ones took.

    It counts the seconds of this thread: what others on the machine do makes no slice shorter.
    """

    def __init__(self, first: int, most: int) -> None:
        self._rows, self._most = first, most
        self.begin()

    def rows(self) -> int:
        """How many to do next."""
        return self._rows

    def begin(self) -> None:
        """A slice begins."""
        self._began = time.thread_time()

    def did(self, count: int) -> None:
        """It ended with so many done."""
        spent = max(time.thread_time() - self._began, 1e-6)
        self._rows = min(max(int(count * SLICE_SECONDS / spent), 1), self._most)


_log = logging.getLogger("windtunnel.background")


class Background:
    """Does pieces of work side by side, one step of each in turn."""

    def __init__(
        self,
        timers: Timers,
        commit: Callable[[], None],
        hold_back: Callable[[Callable[[], None]], bool] = lambda _: False,
    ) -> None:
        """`hold_back` says whether a slice has to wait, and calls later, from any thread."""
        self._timers, self._commit, self._hold_back = timers, commit, hold_back
        self._ready: deque[Work] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_planned = False
        self._epoch = 0

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Work on this loop from now on."""
        self._loop = loop
        self._plan()

    def detach(self) -> None:
        """Stop; what is ready stays ready."""
        self._loop, self._is_planned = None, False

    def start(self, work: Work) -> None:
        """Begin a piece of work; its first step is done after the present turn of the loop."""
        self._ready.append(work)
        self._plan()

    def forget(self) -> None:
        """Leave all work: the store was restored and knows another state of it."""
        self._epoch += 1
        for work in self._ready:
            work.close()
        self._ready.clear()

    def drain(self) -> None:
        """Do everything that is ready now, as a process without a loop does."""
        while self._ready:
            self._step()
        self._commit()

    @property
    def is_busy(self) -> bool:
        """Whether something can be done now."""
        return bool(self._ready)

    def _plan(self) -> None:
        if self._loop is not None and self._ready and not self._is_planned:
            self._is_planned = True
            self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        if self._loop is None or not self._hold_back(partial(self._wake, self._loop)):
            self._turn()

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        with suppress(RuntimeError):  # closed meanwhile: nothing is done on it any more
            loop.call_soon_threadsafe(self._turn)

    def _turn(self) -> None:
        self._is_planned = False
        if self._loop is None:
            return
        end = time.perf_counter() + SLICE_SECONDS
        while self._ready:
            self._step()
            if time.perf_counter() >= end:
                break
        self._commit()
        self._plan()

    def _step(self) -> None:
        work, epoch = self._ready.popleft(), self._epoch
        try:
            wait = next(work)
        except StopIteration:
            return
        except Exception:
            _log.exception("a piece of background work was left")
            return
        if epoch != self._epoch:
            work.close()
        elif wait > 0.0:
            self._timers.call_later(wait, lambda: self._go_on(work, epoch))
        else:
            self._ready.append(work)

    def _go_on(self, work: Work, epoch: int) -> None:
        if epoch == self._epoch:
            self.start(work)
        else:
            work.close()

"""Takes due rows from the outbox, sends them, notes how it ended. Its own loop, no polling."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.settings import BusinessEventsSettings
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.services.business_events.model import Outcome, Policy, after
from windtunnel.simulator.services.business_events.outbox import Delivery, Outbox
from windtunnel.simulator.services.business_events.poster import Poster

_log = logging.getLogger("windtunnel.business_events")


class Worker:
    """Sends bundles on a few threads of processing, which are tasks here.

    Events of one bundle go one after the other, bundles side by side: no order is promised. A row
    stays waiting until its outcome is committed, so what a killed process had under way is sent
    again: at least once.
    """

    def __init__(
        self,
        outbox: Outbox,
        post: Poster,
        clock: Clock,
        timers: Timers,
        settings: BusinessEventsSettings,
        commit: Callable[[], None],
    ) -> None:
        self._outbox, self._post, self._commit = outbox, post, commit
        self._clock, self._timers = clock, timers
        self._threads, self._bundle = settings.threads, settings.bundle_size
        self._timeout_seconds = settings.timeout_ms / 1000
        self._policy = Policy(settings.retry_count, settings.retry_wait_ms / 1000)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._busy: set[int] = set()
        self._planned: float | None = None
        self._epoch = 0

    def start(self) -> None:
        """Send from now on, on the running loop, beginning with what an earlier process left."""
        self._loop = asyncio.get_running_loop()
        self.pump()

    async def stop(self) -> None:
        """End; what is on its way stays waiting and is sent again by the next start."""
        self._loop = None
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def forget(self) -> None:
        """The store was restored: outcomes of what is on its way belong to nobody."""
        self._epoch += 1
        self._busy.clear()
        self._planned = None
        self.pump()

    def pump(self) -> None:
        """Send what is due as far as threads are free; plan the next look."""
        if self._loop is None:
            return
        while len(self._running) < self._threads:
            bundle = self._outbox.due(self._clock.now(), self._bundle, frozenset(self._busy))
            if not bundle:
                break
            self._busy.update(delivery.id for delivery in bundle)
            task = self._loop.create_task(self._send(bundle, self._epoch))
            self._running.add(task)
            task.add_done_callback(self._ended)
        self._plan()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a bundle of business events was left", exc_info=error)
        self.pump()

    def _plan(self) -> None:
        """Look again when the next row is due. What is due now waits for a free thread instead."""
        moment, now = self._outbox.next_moment(), self._clock.now()
        if moment is None or moment <= now:
            return
        if self._planned is None or moment < self._planned:
            self._planned = moment
            self._timers.call_later(moment - now, self._planned_look)

    def _planned_look(self) -> None:
        self._planned = None
        self.pump()

    async def _send(self, bundle: list[Delivery], epoch: int) -> None:
        try:
            for delivery in bundle:
                outcome = await self._try(delivery)
                if epoch != self._epoch:
                    return
                now = self._clock.now()
                standing = after(
                    self._policy, delivery.attempts, outcome, now, test=delivery.is_test
                )
                self._outbox.settle(delivery.id, standing)
                self._commit()
                self._busy.discard(delivery.id)
        finally:
            if epoch == self._epoch:
                self._busy.difference_update(delivery.id for delivery in bundle)

    async def _try(self, delivery: Delivery) -> Outcome:
        try:
            return Outcome(await self._post(delivery.url, delivery.body, self._timeout_seconds))
        except OSError as error:
            return Outcome(0, str(error) or type(error).__name__)

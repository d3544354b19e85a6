"""Posts that a service makes after the request that led to them: kept until somebody took them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

from windtunnel.simulator.kernel.jobs import Jobs
from windtunnel.simulator.services.business_events.poster import HttpPoster

KIND: Final = "callback"
SECONDS: Final = 60.0
"""How long a receiver may take to answer."""
RETRIES: Final = 3
FIRST_WAIT_SECONDS: Final = 5.0
"""Doubled from retry to retry. Number and waits are ours: no source says what the service does."""
_log = logging.getLogger("windtunnel.callbacks")


class Callbacks:
    """Sends in the background of the running loop; without one, at once and before it returns.

    A callback is a job, written in the transaction that it tells of. While one is under way, the
    job of its next attempt waits: what a killed process had under way is sent again, so a receiver
    may hear of it twice. Each attempt has a connection of its own; the last failure is in the log.
    """

    def __init__(
        self, make_poster: Callable[[], HttpPoster], jobs: Jobs, commit: Callable[[], None]
    ) -> None:
        self._make_poster, self._jobs, self._commit = make_poster, jobs, commit
        self._running: set[asyncio.Task[None]] = set()
        self._epoch = 0
        jobs.register(KIND, self._attempt)

    def __call__(self, url: str, body: bytes) -> None:
        """Post a JSON body to a URL."""
        given = {"url": url, "body": body.decode(), "attempt": 1}
        job = self._jobs.start(KIND, given, "time: 0")
        loop = _loop()
        if loop is None:
            self._jobs.complete(job)
        else:  # not by the timer: a clock that stands still would never send it
            loop.call_soon(self._begin, job)

    def _begin(self, job: str) -> None:
        if self._jobs.complete(job):
            self._commit()

    def forget(self) -> None:
        """The store was restored: what is under way belongs to nobody."""
        self._epoch += 1

    def _attempt(self, given: dict[str, Any]) -> None:
        """Send now; the next attempt is planned first, for the case that nothing comes of this."""
        following = ""
        if given["attempt"] <= RETRIES:
            wait = SECONDS + _wait(given["attempt"])
            following = self._jobs.start(KIND, _next(given), f"time: {wait}")
        loop = _loop()
        if loop is None:
            asyncio.run(self._send(given, following, self._epoch))
            return
        task = loop.create_task(self._send_and_commit(given, following, self._epoch))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _send_and_commit(self, given: dict[str, Any], following: str, epoch: int) -> None:
        await self._send(given, following, epoch)
        self._commit()

    async def _send(self, given: dict[str, Any], following: str, epoch: int) -> None:
        poster = self._make_poster()
        try:
            status = await poster(given["url"], given["body"].encode(), SECONDS)
            problem = f"was answered with {status}" if status >= 400 else ""
        except OSError as error:
            problem = f"was not sent: {error}"
        finally:
            await poster.close()
        if epoch == self._epoch:
            self._settle(given, following, problem)

    def _settle(self, given: dict[str, Any], following: str, problem: str) -> None:
        """An attempt has ended: it needs no other, or has one after its wait."""
        if following:
            self._jobs.cancel(following)
        if problem:
            _log.warning("the callback to %s %s", given["url"], problem)
        if problem and following:
            self._jobs.start(KIND, _next(given), f"time: {_wait(given['attempt'])}")

    async def finish(self) -> None:
        """Wait for what is on its way."""
        await asyncio.gather(*self._running, return_exceptions=True)


def _next(given: dict[str, Any]) -> dict[str, Any]:
    return {**given, "attempt": given["attempt"] + 1}


def _wait(attempt: int) -> float:
    return float(FIRST_WAIT_SECONDS * 2 ** (attempt - 1))


def _loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None

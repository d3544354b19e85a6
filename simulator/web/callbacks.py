"""Posts that a service makes once, after the request that led to them, whoever listens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from windtunnel.simulator.services.business_events.poster import HttpPoster

SECONDS = 60.0
_log = logging.getLogger("windtunnel.callbacks")


class Callbacks:
    """Sends in the background of the running loop; without one, at once and before it returns.

    Each has a connection of its own. There is one attempt; one that fails is in the log.
    """

    def __init__(self, make_poster: Callable[[], HttpPoster]) -> None:
        self._make_poster = make_poster
        self._running: set[asyncio.Task[None]] = set()

    def __call__(self, url: str, body: bytes) -> None:
        """Post a JSON body to a URL."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            asyncio.run(self._send(url, body))
            return
        task = loop.create_task(self._send(url, body))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _send(self, url: str, body: bytes) -> None:
        poster = self._make_poster()
        try:
            status = await poster(url, body, SECONDS)
        except OSError as error:
            _log.warning("the callback to %s was not sent: %s", url, error)
            return
        finally:
            await poster.close()
        if status >= 400:
            _log.warning("the callback to %s was answered with %d", url, status)

    async def finish(self) -> None:
        """Wait for what is on its way."""
        await asyncio.gather(*self._running, return_exceptions=True)

"""Business events at work: hooks into the change log, and a worker that delivers."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.changes import Change, Changes
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.settings import BusinessEventsSettings
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.services.business_events.errors import BadRequest
from windtunnel.simulator.services.business_events.model import Delivery, Outbox

Poster: TypeAlias = Callable[[str, bytes, float], Awaitable[int]]
"""Posts JSON to a URL within seconds; answers the status, raises OSError when there is none."""

Builder: TypeAlias = Callable[[Change], tuple[str, Mapping[str, Any]] | None]
"""A change to (company, members) of an event, or None when the change raises none."""


class BusinessEvents:
    """One environment's business events. `post` is how a body leaves; httpx by default."""

    def __init__(
        self,
        store: Store,
        changes: Changes,
        clock: Clock,
        timers: Timers,
        ids: Ids,
        settings: BusinessEventsSettings,
        *,
        ca_file: Callable[[], Path | None] = lambda: None,
        post: Poster | None = None,
    ) -> None:
        self._store, self._changes, self._clock, self._timers = store, changes, clock, timers
        self.outbox = Outbox(store, clock, ids, settings)
        self._settings = settings
        self._post = post or HttpPoster(ca_file)
        self._wake: asyncio.Event | None = None
        self._worker: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._busy: set[int] = set()
        self._epoch = 0
        store.on_commit(self._stir)

    def prepare(self) -> None:
        """Create the tables; register and activate what the settings name, once."""
        self.outbox.create()
        known = {endpoint["name"] for endpoint in self.outbox.endpoints()}
        for endpoint in self._settings.endpoints:
            if endpoint.name in known:
                continue
            try:
                check_url(endpoint.url)
            except BadRequest as error:
                where = f"business_events.endpoints {endpoint.name!r}"
                raise UsageError(error.message, where=where) from error
            self.outbox.save_endpoint(endpoint.name, endpoint.url)
            for event in endpoint.events:
                for company in endpoint.companies or ("",):
                    self.outbox.activate(event, endpoint.name, company)

    def watch(self, entity_type: str, event: str, build: Builder) -> None:
        """Raise `event` for changes of an entity, in the same transaction."""

        def hook(change: Change) -> None:
            built = build(change)
            if built is not None:
                company, members = built
                self.outbox.raise_event(event, company, members, at=change.at)

        self._changes.hook(entity_type, hook, wants_before=True)

    def forget(self) -> None:
        """After a reset: what is on its way belongs to the content of before."""
        self._epoch += 1
        self._busy.clear()
        self._stir()

    # -- the worker ---------------------------------------------------------------------------

    async def start(self) -> None:
        """Deliver from now on, beginning with what an earlier process left."""
        self._wake = asyncio.Event()
        self._worker = asyncio.get_running_loop().create_task(self._work())

    async def stop(self) -> None:
        """End; what is on its way counts as not delivered and is sent again by the next start."""
        if self._worker is not None:
            self._worker.cancel()
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._worker = self._wake = None

    def _stir(self) -> None:
        if self._wake is not None:
            self._wake.set()

    async def _work(self) -> None:
        assert self._wake is not None
        while True:
            self._wake.clear()
            free = self._settings.threads - len(self._running)
            if free > 0:
                for delivery in self.outbox.due(self._clock.now(), free, frozenset(self._busy)):
                    self._begin(delivery)
            self._plan()
            await self._wake.wait()

    def _begin(self, delivery: Delivery) -> None:
        self._busy.add(delivery.id)
        task = asyncio.get_running_loop().create_task(self._deliver(delivery, self._epoch))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        task.add_done_callback(lambda _: self._stir())

    def _plan(self) -> None:
        """Wake up when the next row is due."""
        moment = self.outbox.next_moment()
        if moment is not None and moment > self._clock.now():
            self._timers.call_later(moment - self._clock.now(), self._stir)

    async def _deliver(self, delivery: Delivery, epoch: int) -> None:
        status, error = 0, ""
        try:
            seconds = self._settings.timeout_ms / 1000
            status = await self._post(delivery.url, delivery.body, seconds)
            error = "" if 200 <= status < 300 else f"The endpoint answered {status}."
        except OSError as failure:
            error = f"{type(failure).__name__}: {failure}"
        if epoch == self._epoch:
            self._busy.discard(delivery.id)
            self.outbox.settle(delivery, status, error)
            self._store.commit()


class HttpPoster:
    """Posts by httpx; trusts the local certificate authority beside the public ones."""

    def __init__(self, ca_file: Callable[[], Path | None]) -> None:
        self._ca_file = ca_file
        self._client: Any = None

    async def __call__(self, url: str, body: bytes, seconds: float) -> int:
        """The status of the answer. Raises OSError when there is none."""
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(verify=self._context(), trust_env=False)
        try:
            answer = await self._client.post(
                url, content=body, timeout=seconds, headers={"content-type": "application/json"}
            )
        except httpx.HTTPError as error:
            raise OSError(str(error) or type(error).__name__) from error
        return int(answer.status_code)

    def _context(self) -> Any:
        import ssl

        context = ssl.create_default_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        file = self._ca_file()
        if file is not None:
            context.load_verify_locations(file)
        return context


def check_url(url: str) -> None:
    """An endpoint is https, or http on loopback. Raises BadRequest."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https" and host:
        return
    if parts.scheme == "http" and _is_loopback(host):
        return
    raise BadRequest(problem=f"'{url}' must be an https address (http on loopback only)")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

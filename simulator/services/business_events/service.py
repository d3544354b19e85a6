"""Business events at work: hooks into the change log, the settings' endpoints, the worker."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from windtunnel.simulator.exchange import ServiceError, UsageError
from windtunnel.simulator.kernel.changes import Change, Changes
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.settings import BusinessEventsSettings
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.services.business_events.errors import BadRequest
from windtunnel.simulator.services.business_events.outbox import Outbox
from windtunnel.simulator.services.business_events.poster import HttpPoster, Poster
from windtunnel.simulator.services.business_events.worker import Worker

Builder: TypeAlias = Callable[[Change], tuple[str, Mapping[str, Any]] | None]
"""A change to (company, members) of an event, or None when the change raises none."""


class BusinessEvents:
    """One environment's business events. `post` is how a body leaves; HTTP by default.

    `object_ids` are the directory object ids of users, by the name that changes carry.
    """

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
        object_ids: Mapping[str, str] | None = None,
    ) -> None:
        self._changes, self._settings, self._object_ids = changes, settings, object_ids or {}
        self.outbox = Outbox(store, clock, ids.uuid(), settings.endpoints_per_event)
        self.outbox.on_activated = self._hook
        self._http = HttpPoster(ca_file)
        self._worker = Worker(
            self.outbox, post or self._http, clock, timers, settings, store.commit
        )
        self._watched: dict[str, tuple[str, Builder]] = {}
        self._hooked: set[str] = set()
        store.on_commit(self._committed)

    # -- life ---------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Create the tables; register and activate what the settings name, once.

        Raises UsageError for a setting that is not possible.
        """
        self.outbox.create()
        known = {endpoint["name"]: endpoint["url"] for endpoint in self.outbox.endpoints()}
        there = {
            (a["event"], a["company"].lower(), a["endpoint"]) for a in self.outbox.activations()
        }
        for endpoint in self._settings.endpoints:
            name, url = endpoint.name, endpoint.url
            try:
                check_url(url)
                if name not in known:
                    self.outbox.save_endpoint(name, url)
                elif known[name] != url:
                    self.outbox.set_url(name, url)
                for event in endpoint.events:
                    for company in endpoint.companies or ("",):
                        if (event, company.lower(), name) not in there:
                            self.outbox.activate(event, name, company)
            except ServiceError as error:
                where = f"business_events.endpoints {name!r}"
                raise UsageError(error.message, where=where) from error

    async def start(self) -> None:
        """Deliver from now on, beginning with what an earlier process left."""
        self._worker.start()

    async def stop(self) -> None:
        """End; what is on its way is sent again by the next start."""
        await self._worker.stop()
        await self._http.close()

    def forget(self) -> None:
        """The store was reset."""
        self.outbox.forget()
        self._hook()
        self._worker.forget()

    def _committed(self) -> None:
        if self.outbox.has_news:
            self.outbox.has_news = False
            self._worker.pump()

    # -- hooks --------------------------------------------------------------------------------

    def watch(self, entity_type: str, event: str, build: Builder) -> None:
        """Raise `event` for changes of an entity, in the same transaction, once it is active."""
        self._watched[event] = (entity_type, build)
        self._hook()

    def _hook(self) -> None:
        """Listen to the changes of entities whose events anybody wants: others cost nothing."""
        for event in self.outbox.active_events() & set(self._watched) - self._hooked:
            self._hooked.add(event)
            entity_type, build = self._watched[event]
            self._changes.hook(entity_type, self._raiser(event, build), wants_before=True)

    def _raiser(self, event: str, build: Builder) -> Callable[[Change], None]:
        def raise_for(change: Change) -> None:
            if event not in self.outbox.active_events():
                return
            built = build(change)
            if built is not None:
                company, members = built
                object_id = self._object_ids.get(change.user, "")
                self.outbox.raise_event(event, company, members, user_object_id=object_id)

        return raise_for


def check_url(url: str) -> None:
    """An endpoint is https, or http on loopback. Raises BadRequest."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise BadRequest(problem=f"{url!r} is not an address: {error}") from error
    is_plain = url.isascii() and url.isprintable() and " " not in url
    if (
        is_plain
        and host
        and (parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host)))
    ):
        return
    raise BadRequest(problem=f"{url!r} must be an https address (http on loopback only)")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

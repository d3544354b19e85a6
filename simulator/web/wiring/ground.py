"""What the services of one simulator stand on: store, clock, timers, ids, jobs, limits, names."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from windtunnel.contracts.limits import LIMITS, CostModel, Limits
from windtunnel.simulator.exchange import Request, UsageError
from windtunnel.simulator.kernel.background import Background
from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.clock import DEFAULT_START, SteerableClock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.jobs import Jobs
from windtunnel.simulator.kernel.settings import Settings
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.services.business_events.poster import HttpPoster
from windtunnel.simulator.web.callbacks import Callbacks
from windtunnel.simulator.web.proxy.names import AUTHORITY, CloudNames
from windtunnel.simulator.web.tls import LocalCa, default_folder


class Ground:
    """Made once from the settings; no service is known here."""

    def __init__(self, settings: Settings) -> None:
        simulator = settings.simulator
        self.settings = settings
        self.clock = _clock(simulator.clock, simulator.clock_start)
        self.timers = Timers(self.clock)
        self.clock.on_steer(self.timers.run_all_due)
        self.limits, self.costs = _limits(settings)
        self.cloud = CloudNames(settings.proxy.hosts)
        self.store = _store(simulator.database)  # after what may refuse the settings
        self.ids = Ids(simulator.seed)
        self.changes = Changes(self.store, self.clock)
        self.jobs = Jobs(self.store, self.clock, self.timers, self.ids.child("jobs"))
        self.background = Background(self.timers, self.store.commit, self.store.hold_back)
        self.callbacks = Callbacks(
            lambda: HttpPoster(lambda: self.ca().path), self.jobs, self.store.commit
        )
        self.folder = simulator.data_folder or default_folder()
        self.urls: Mapping[str, str] = {}
        """Where each origin listens; empty until the listeners are open."""
        self._ca: LocalCa | None = None

    def ca(self) -> LocalCa:
        """The local certificate authority, made at first use."""
        if self._ca is None:
            self._ca = LocalCa(self.folder)
        return self._ca

    def url(self, origin: str) -> str:
        """Where an origin listens; empty until it does."""
        return self.urls.get(origin, "")

    def authority(self, request: Request) -> str:
        """Where callers of this request's host get tokens."""
        return AUTHORITY if self.cloud.is_cloud(request.header("host")) else self.url("entra")


def _store(path: Path | None) -> Store:
    try:
        return Store(path)
    except (sqlite3.DatabaseError, OSError) as error:
        raise UsageError(
            f"cannot be used as a database: {error}",
            where=str(path),
            remedy="Name another file with --db, or mend or remove this one.",
        ) from error


def _limits(settings: Settings) -> tuple[Limits, Mapping[str, CostModel]]:
    limits, costs = LIMITS, {}
    file = settings.simulator.limits_file
    if file is not None:
        from windtunnel.contracts.limits.overrides import load_limits

        allowances = load_limits(file)
        limits, costs = allowances.limits, dict(allowances.costs)
    for name, numbers in settings.limits.items():
        try:
            limits = limits.override(name, **numbers.model_dump(exclude_none=True))
        except ValueError as error:
            raise UsageError(
                str(error), where=f"[limits.{name}]", remedy="See docs/reference/limits.md."
            ) from error
    return limits, costs


def _clock(kind: str, start: str | None) -> SteerableClock:
    moment = None if start is None else datetime.fromisoformat(start).timestamp()
    if kind == "real":
        return SteerableClock(1.0, moment)
    if kind == "manual":
        return SteerableClock(0.0, DEFAULT_START if moment is None else moment)
    return SteerableClock(float(kind.removesuffix("x")), moment)

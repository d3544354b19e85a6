"""Work that takes time in reality, done at once, after a time of the clock, or by hand.

A job is a row: it survives the end of the process and goes with a reset. Who knows how to do a kind
of job registers for it; the job's parameters are JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.kernel.timers import Timers

_TABLE = """CREATE TABLE IF NOT EXISTS waiting_jobs (
 id TEXT PRIMARY KEY, kind TEXT NOT NULL, parameters TEXT NOT NULL, due REAL)"""

Runner: TypeAlias = Callable[[dict[str, Any]], None]
"""Does a job from its parameters; what goes wrong it records itself."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job that waits; `due` is None for one that waits for a hand."""

    id: str
    kind: str
    parameters: dict[str, Any]
    due: float | None


class Jobs:
    """Starts jobs and does them when their moment has come."""

    def __init__(self, store: Store, clock: Clock, timers: Timers, ids: Ids) -> None:
        self._store, self._clock, self._timers, self._ids = store, clock, timers, ids
        self._runners: dict[str, Runner] = {}
        store.write(_TABLE)
        store.commit()

    def register(self, kind: str, runner: Runner) -> None:
        """Let `runner` do jobs of a kind."""
        self._runners[kind] = runner

    def start(self, kind: str, parameters: dict[str, Any], work: str, job_id: str = "") -> str:
        """Do a job as `work` says: `immediate`, `time: SECONDS` or `manual`; returns its id."""
        job_id = job_id or self._ids.uuid()
        if work == "immediate":
            self._runners[kind](parameters)
            return job_id
        due = None
        if work != "manual":
            due = self._clock.now() + float(work.partition(":")[2])
        self._store.write(
            "INSERT INTO waiting_jobs VALUES (?,?,?,?)",
            (job_id, kind, orjson.dumps(parameters).decode(), due),
        )
        self._plan(job_id, due)
        return job_id

    def resume(self) -> None:
        """Plan what waited when the last process ended, or since a restored snapshot."""
        for job in self.waiting():
            self._plan(job.id, job.due)

    def waiting(self) -> list[Job]:
        """All jobs that wait, the earliest first, those for a hand last."""
        rows = self._store.read(
            "SELECT id, kind, parameters, due FROM waiting_jobs ORDER BY due IS NULL, due, rowid"
        )
        return [Job(job, kind, orjson.loads(given), due) for job, kind, given, due in rows]

    def complete(self, job_id: str) -> bool:
        """Do a waiting job now; False when no job of this id waits."""
        row = self._store.read(
            "SELECT kind, parameters FROM waiting_jobs WHERE id=?", (job_id,)
        ).fetchone()
        if row is None:
            return False
        with self._store.atomic():
            self._store.write("DELETE FROM waiting_jobs WHERE id=?", (job_id,))
            self._runners[row[0]](orjson.loads(row[1]))
        return True

    def cancel(self, job_id: str) -> bool:
        """Let a waiting job be; False when no job of this id waits."""
        sql = "DELETE FROM waiting_jobs WHERE id=?"
        return bool(self._store.write(sql, (job_id,)).rowcount)

    def _plan(self, job_id: str, due: float | None) -> None:
        if due is None:
            return

        def come() -> None:
            self.complete(job_id)
            self._store.commit()

        self._timers.call_later(due - self._clock.now(), come)

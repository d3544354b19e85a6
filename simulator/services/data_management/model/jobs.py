"""Executions from their start to their end: which entity is next, and how the whole ended.

Units run side by side; in a unit the levels one after another; in a level by sequence, equal ones
side by side. Source: "Data import and export jobs".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from windtunnel.simulator.exchange import Absent
from windtunnel.simulator.kernel.background import Background, Work
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.jobs import Jobs
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.services.data_management.errors import PackageActionRefused
from windtunnel.simulator.services.data_management.faults import FileFault
from windtunnel.simulator.services.data_management.model.exporting import (
    CONTAINER,
    Exporting,
    Stuck,
)
from windtunnel.simulator.services.data_management.model.importing import Importing
from windtunnel.simulator.services.data_management.model.pacing import Pace
from windtunnel.simulator.services.data_management.model.records import (
    ENDED,
    ErrorLine,
    Execution,
    Records,
    Step,
)
from windtunnel.simulator.services.data_management.ports import (
    BlobRefused,
    Blobs,
    Entities,
)

KIND: Final = "data_management.execution"
CLEAN_UP: Final = "data_management.clean_up"
RUNS: Final = "DataManagementExecutionJobs"
RUN_ENTITIES: Final = "DataManagementExecutionJobDetails"
_DAY: Final = 86_400.0
_log = logging.getLogger("windtunnel.data_management")


class Executions:
    """Starts, continues and ends executions."""

    def __init__(
        self,
        records: Records,
        entities: Entities,
        blobs: Blobs,
        jobs: Jobs,
        background: Background,
        clock: Clock,
        timers: Timers,
        pace: Pace,
        retention_days: float,
        prepare: Callable[[Execution], Sequence[Step]],
        working: Callable[[], Callable[[], None]],
    ) -> None:
        """`prepare` reads an import's package late and gives its steps. Raises what it refuses.

        `working` is called when the work on an entity begins, what it returns when it ends.
        """
        self._records, self._entities, self._blobs = records, entities, blobs
        self._jobs, self._background = jobs, background
        self._clock, self._timers, self._pace = clock, timers, pace
        self._retention = retention_days * _DAY
        self._prepare, self._working = prepare, working
        self._importing: Importing | None = None
        self._exporting: Exporting | None = None
        self._under_way: set[tuple[str, int]] = set()
        self._canceled: set[tuple[str, float]] = set()
        self._is_planned = False
        jobs.register(KIND, self._begin)

    def use(self, importing: Importing, exporting: Exporting) -> None:
        """Who does the work."""
        self._importing, self._exporting = importing, exporting

    # -- life ---------------------------------------------------------------------------------

    def start(self, execution: Execution, steps: Sequence[Step]) -> None:
        """Keep a new execution and let its job begin when it is time."""
        self._canceled.discard((execution.id, execution.created))
        self._records.add(execution, steps)
        self._entities.put(RUNS, {"JobId": execution.id, "Description": execution.project})
        for step in steps:
            self.show(step)
        is_now = bool(execution.options.get("withoutBatch"))
        work = self._pace.at_once() if is_now else self._pace.pickup()
        self._jobs.start(KIND, {"execution": execution.id}, work)

    def resume(self) -> None:
        """Go on with what an earlier process, or a restored snapshot, left under way."""
        self._under_way.clear()
        self._canceled.clear()
        self._is_planned = False
        if self._importing is not None:
            self._importing.forget()
        for execution in self._records.running():
            if execution.status == "Executing":
                self._begin({"execution": execution.id})
        for execution_id in self._records.forgotten():
            self._background.start(self._records.sweep(execution_id))
        self._plan_clean_up()

    def _begin(self, given: dict[str, Any]) -> None:
        execution = self._records.execution(given["execution"])
        if execution is None or not execution.is_running:
            return
        self._records.set_status(execution, "Executing")
        self._background.start(self._run(execution))

    def _run(self, execution: Execution) -> Work:
        if execution.kind == "import":
            if not self._records.steps(execution.id) and not self._unpack(execution):
                return
            self._advance(execution)
            return
        assert self._exporting is not None
        steps = self._records.steps(execution.id)
        try:
            for step in steps:
                self._records.clear_errors(step)
                step.created = step.failed = 0
            yield from self._loading(execution, self._exporting.run(execution, steps))
        except Stuck as stuck:
            _log.warning(
                "%s stays Executing: no field of '%s' is mapped", execution.id, stuck.args[0]
            )
            return
        except Exception:
            _log.exception("the export %s failed", execution.id)
            text = "An unexpected error occurred: see the log."
            self._records.blame(execution.id, [ErrorLine("", "", text)])
        if not self._is_canceled(execution):
            self._end(execution, self._records.steps(execution.id))

    def _unpack(self, execution: Execution) -> bool:
        """Read the package of an asynchronous call; False when it cannot be used."""
        try:
            steps = self._prepare(execution)
        except FileFault as fault:
            line = ErrorLine(str(fault.line or ""), fault.field, fault.full, "package")
        except (PackageActionRefused, BlobRefused, Absent) as refusal:
            line = ErrorLine("", "", str(refusal), "package")
        else:
            self._records.add_steps(steps)
            for step in steps:
                self.show(step)
            return True
        self._records.blame(execution.id, [line])
        self._end(execution, [])
        return False

    # -- order --------------------------------------------------------------------------------

    def _advance(self, execution: Execution) -> None:
        """Start every step whose turn it is; end the execution behind the last one."""
        steps = self._records.steps(execution.id)
        units: dict[int, list[Step]] = {}
        for step in steps:
            units.setdefault(step.spec.unit, []).append(step)
        for unit in units.values():
            for step in _next_of(unit, self._skip):
                place = (step.execution, step.position)
                if place not in self._under_way:
                    self._under_way.add(place)
                    self._background.start(self._step(execution, step))
        if all(step.has_ended for step in steps):
            self._end(execution, steps)

    def _skip(self, step: Step) -> None:
        step.staging = step.target = "NotRun"
        self._records.save(step)
        self.show(step)

    def _step(self, execution: Execution, step: Step) -> Work:
        assert self._importing is not None
        yield from self._loading(execution, self._importing.run(execution, step))
        self._under_way.discard((step.execution, step.position))
        if not self._is_canceled(execution):
            self._advance(execution)

    def _loading(self, execution: Execution, work: Work) -> Work:
        """The same work until it is canceled, told to the environment as long as it lasts."""
        end = self._working()
        try:
            for wait in work:
                yield wait
                if self._is_canceled(execution):
                    work.close()
                    return
        finally:
            end()

    # -- ends ---------------------------------------------------------------------------------

    def _end(self, execution: Execution, steps: Sequence[Step]) -> None:
        self._records.set_status(execution, _outcome(steps), self._clock.now())
        self._plan_clean_up()

    def _is_canceled(self, execution: Execution) -> bool:
        return (execution.id, execution.created) in self._canceled

    def cancel(self, execution: Execution) -> None:
        """Leave what has not been done; what is in the target stays.

        Source: "Data import and export jobs" (the page of a job, and its batch job, can cancel it).
        """
        self._canceled.add((execution.id, execution.created))
        for step in self._records.steps(execution.id):
            step.staging = step.staging if step.staging in ENDED else "Canceled"
            step.target = step.target if step.target in ENDED else "Canceled"
            self._records.save(step)
            self.show(step)
        self._records.set_status(execution, "Canceled", self._clock.now())
        self._plan_clean_up()

    def show(self, step: Step) -> None:
        """Write a step's state into the set that clients read."""
        execution = self._records.execution(step.execution)
        if execution is None:
            return
        self._entities.put(
            RUN_ENTITIES,
            {
                "JobId": step.execution,
                "EntityName": step.entity,
                "DefinitionGroupId": execution.project,
                "CompanyId": execution.company,
                "StagingStatus": step.staging,
                "TargetStatus": step.target,
                "StagingRecordsToBeProcessedCount": step.total or step.staged,
                "StagingRecordsCreatedCount": step.staged,
                "StagingErrorCount": step.rejected,
                "TargetRecordsCreatedCount": step.created,
                "TargetRecordsUpdatedCount": step.updated,
                "TargetErrorCount": step.failed,
            },
        )

    # -- retention ----------------------------------------------------------------------------

    def delete(self, execution: Execution) -> None:
        """Forget an execution, its staging data, its errors and its blobs."""
        if execution.is_running:
            self.cancel(execution)
        for blob in (execution.package, *self._records.files(execution.id)):
            if blob:
                self._blobs.delete(CONTAINER, blob)
        self._records.forget(execution.id)
        self._background.start(self._records.sweep(execution.id))
        self._entities.remove(RUNS, (execution.id,))

    def _plan_clean_up(self) -> None:
        """Look again when the history that ended first is too old."""
        first = self._records.first_end()
        if first is None or self._is_planned:
            return
        self._is_planned = True
        wait = first + self._retention - self._clock.now()
        self._timers.call_later(max(wait, 0.0), self._clean_up)

    def _clean_up(self) -> None:
        self._is_planned = False
        for execution in self._records.older_than(self._clock.now() - self._retention + 1.0):
            self.delete(execution)
        self._records.store.commit()
        self._plan_clean_up()


def _next_of(unit: Sequence[Step], skip: Callable[[Step], None]) -> list[Step]:
    """The steps of a unit that may run now; those that an error forbids are skipped."""
    if any(step.has_failed and step.spec.fail_unit_on_error for step in unit):
        for step in unit:
            if step.staging == "NotStarted":
                skip(step)
    for level in sorted({step.spec.level for step in unit}):
        steps = [step for step in unit if step.spec.level == level]
        if any(step.has_failed and step.spec.fail_level_on_error for step in steps):
            for step in steps:
                if step.staging == "NotStarted":
                    skip(step)
        waiting = [step for step in steps if not step.has_ended]
        if waiting:
            first = min(step.spec.sequence for step in waiting)
            return [step for step in waiting if step.spec.sequence == first]
    return []


def _outcome(steps: Sequence[Step]) -> str:
    """The summary status of an execution that ended."""
    if not steps:
        return "Failed"
    if not any(step.has_failed for step in steps):
        return "Succeeded"
    is_any_good = any(step.is_good for step in steps)
    return "PartiallySucceeded" if is_any_good else "Failed"

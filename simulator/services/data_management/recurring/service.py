"""Recurring integrations of one environment: enqueue and dequeue, and the batch in between."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, BinaryIO, Final

from windtunnel.contracts.limits import Limits
from windtunnel.simulator.kernel.clock import Clock, iso_seconds
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.services.data_management.recurring import errors as e
from windtunnel.simulator.services.data_management.recurring.model import (
    Body,
    DataJob,
    Ended,
    Framework,
    Message,
    MessageState,
    Spelling,
)
from windtunnel.simulator.services.data_management.recurring.queue_table import QueueTable

LOOK_AGAIN_SECONDS: Final = 0.5
OPEN: Final = frozenset({MessageState.PROCESSING, MessageState.PRE_PROCESSING})


class RecurringIntegrations:
    """Messages wait in the store until the recurrence of their data job takes them.

    Files are started in any order, unless their job processes messages in order: then the next one
    waits for the end of the one before. A recurrence that comes late runs once.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        timers: Timers,
        ids: Ids,
        framework: Framework,
        jobs: Iterable[DataJob],
        limits: Limits,
    ) -> None:
        self.jobs = {job.activity: job for job in jobs}
        self._store, self._clock, self._timers, self._ids = store, clock, timers, ids
        self._framework, self._limits = framework, limits
        self._table = QueueTable(store)
        self._generation = 0

    def use_limits(self, limits: Limits) -> None:
        """Other numbers from now on; a message that is hidden comes back when it was to."""
        self._limits = limits

    def prepare(self) -> None:
        """Create the table, and let the recurrences begin."""
        self._table.create()
        self.forget()

    def forget(self) -> None:
        """The store was reset: recurrences begin anew, by what it holds now."""
        self._generation += 1
        for job in self.jobs.values():
            self._plan(job, self._generation)

    # -- what clients call --------------------------------------------------------------------

    def data_job(self, activity: str, application: str) -> DataJob:
        """A data job for an application of its policy. Raises what is refused."""
        job = self.job_of(activity)
        if job is None:
            raise e.NoSuchDataJob(activity=activity.strip("{}"))
        if job.applications and application.lower() not in job.applications:
            raise e.NotInPolicy
        if not job.enabled:
            raise e.DataJobDisabled(name=job.name)
        return job

    def enqueue(self, job: DataJob, body: Body, *, entity: str, company: str, external: str) -> str:
        """Take a file or package; returns the id of its message."""
        _must_be(job, is_export=False, operation="enqueue")
        if not body:
            raise e.NothingSent
        if not job.is_package and not entity:
            raise e.NoEntity
        message = self._ids.uuid()
        self._framework.keep(message, body)
        self._table.put(
            message,
            job.activity,
            self._clock.now(),
            external=external,
            entity="" if job.is_package else entity,
            company=company or job.company,
            has_file=True,
        )
        if job.recurrence == "immediate":
            self.process(job)
        return message

    def dequeue(self, job: DataJob) -> Message | None:
        """The next exported message, hidden from others for a while; None when none waits.

        The moment in `dequeued` is that of the time before.
        """
        _must_be(job, is_export=True, operation="dequeue")
        self._follow(job)
        now = self._clock.now()
        message = self._table.next_visible(job.activity, now)
        if message is None:
            return None
        receipt = self._ids.uuid()
        self._table.change(
            message.id,
            state=MessageState.DEQUEUED,
            receipt=receipt,
            visible=now + self._limits["recurring.redelivery"].allowance,
            dequeued=now,
        )
        taken = self._table.get(message.id)
        if taken is None:
            raise LookupError(message.id)
        return replace(taken, dequeued=message.dequeued)

    def download(self, job: DataJob, message_id: str) -> BinaryIO:
        """The package of a message, to be closed."""
        message = self._of(job, message_id)
        file = self._framework.open(message.id) if message.has_file else None
        if file is None:
            raise e.NoSuchMessage(message=message_id)
        if message.state is MessageState.DEQUEUED:
            self._table.change(message.id, state=MessageState.DOWNLOADED)
        return file

    def acknowledge(self, job: DataJob, correlation: str, receipt: str) -> None:
        """A client has stored what it dequeued: the message is not offered again."""
        _must_be(job, is_export=True, operation="ack")
        message = self._table.get(correlation.lower())
        if message is None or message.activity != job.activity:
            raise e.BadAcknowledgement(reason=f"there is no message {correlation}.")
        if message.state is MessageState.ACKED and message.receipt == receipt:
            return
        if message.receipt != receipt or not receipt:
            raise e.BadAcknowledgement(reason="the pop receipt is not that of the last dequeue.")
        self._table.change(message.id, state=MessageState.ACKED)

    def status(self, job: DataJob, message_id: str) -> tuple[Message, Ended | None]:
        """A message, with the outcome of its execution once there is one."""
        self._follow(job)
        message = self._of(job, message_id)
        return message, self._framework.ended(message.execution) if message.execution else None

    def message(self, message_id: str) -> Message | None:
        """A message by its id alone, for the actions of the package API."""
        found = self._table.get(message_id.strip("{}").lower())
        if found is None or found.state not in OPEN:
            return found
        job = self.jobs.get(found.activity)
        if job is not None:
            self._follow(job)
        return self._table.get(found.id)

    def job_of(self, activity: str) -> DataJob | None:
        """A data job by its id, in braces or not."""
        return self.jobs.get(activity.strip("{}").lower())

    def messages(self, job: DataJob) -> list[Message]:
        """All messages of a data job, oldest first."""
        self._follow(job)
        return self._table.of(job.activity)

    def readable(self) -> list[dict[str, Any]]:
        """The data jobs, with how many messages are in each state."""
        return [
            {
                "id": job.activity,
                "name": job.name,
                "project": job.project,
                "direction": "export" if job.is_export else "import",
                "takes": "package" if job.is_package else "file",
                "recurrence": job.recurrence,
                "enabled": job.enabled,
                "messages": {
                    state.named("client"): count
                    for state, count in self._table.counts(job.activity).items()
                },
            }
            for job in self.jobs.values()
        ]

    # -- the batch ----------------------------------------------------------------------------

    def process(self, job: DataJob) -> None:
        """One recurrence: start what is enqueued, or make the next export."""
        life = self._limits["recurring.file-life"].allowance
        for message in self._table.with_old_files(self._clock.now() - life):
            self._framework.drop(message)
            self._table.change(message, has_file=False)
        if job.is_export:
            self._export(job)
        else:
            self._import(job)

    def _import(self, job: DataJob) -> None:
        self._follow(job)
        waiting = self._table.of(job.activity, MessageState.ENQUEUED)
        if job.in_order:
            for message in waiting:
                if self._table.of(job.activity, *OPEN, limit=1):
                    self._look_again(job)
                    return
                self._start(job, message)
                self._follow(job)
            return
        self._ids.random.shuffle(waiting)
        for message in waiting:
            self._start(job, message)
        self._follow(job)

    def _look_again(self, job: DataJob) -> None:
        """Without a recurrence of its own, what waits for the end of another is asked soon."""
        if job.recurrence != "immediate":
            return
        generation = self._generation

        def come() -> None:
            if generation == self._generation:
                self.process(job)
                self._store.commit()

        self._timers.call_later(LOOK_AGAIN_SECONDS, come)

    def _start(self, job: DataJob, message: Message) -> None:
        now, framework = self._clock.now(), self._framework
        company = message.company
        try:
            if job.is_package:
                execution = framework.import_package(job.project, company, message.id)
            else:
                execution = framework.import_file(
                    job.project, message.entity, company, message.external, message.id
                )
        except e.NotProcessable as error:
            self._table.change(
                message.id,
                state=MessageState.PRE_PROCESSING_ERROR,
                started=now,
                completed=now,
                log=str(error),
            )
            return
        self._table.change(
            message.id, state=MessageState.PROCESSING, execution=execution, started=now
        )

    def _export(self, job: DataJob) -> None:
        self._follow(job)
        now, message = self._clock.now(), self._ids.uuid()
        self._table.put(
            message, job.activity, now, state=MessageState.PROCESSING, company=job.company
        )
        try:
            execution = self._framework.export(job.project, job.company)
        except e.NotProcessable as error:
            self._table.change(
                message, state=MessageState.ENQUEUED, started=now, completed=now, log=str(error)
            )
            return
        self._table.change(message, execution=execution, started=now)
        self._follow(job)

    def _follow(self, job: DataJob) -> None:
        """Look what became of the executions under way."""
        for message in self._table.of(job.activity, *OPEN):
            ended = self._framework.ended(message.execution)
            if ended is None:
                continue
            state = MessageState.ENQUEUED
            has_file = message.has_file
            if job.is_export:
                if ended.records or not job.prevents_empty_upload:
                    has_file = self._framework.keep_export(message.execution, message.id)
            else:
                state = (
                    MessageState.PROCESSED_WITH_ERRORS
                    if ended.has_errors
                    else MessageState.PROCESSED
                )
            completed = max((run.completed for run in ended.entities), default=self._clock.now())
            self._table.change(
                message.id,
                state=state,
                completed=completed,
                records=ended.records,
                log=ended.log,
                has_file=has_file,
            )

    def _plan(self, job: DataJob, generation: int) -> None:
        kind, _, seconds = job.recurrence.partition(":")
        if kind != "time" or not job.enabled:
            return

        def come() -> None:
            if generation != self._generation:
                return
            self.process(job)
            self._store.commit()
            self._plan(job, generation)

        self._timers.call_later(float(seconds), come)

    def _of(self, job: DataJob, message_id: str) -> Message:
        message = self._table.get(message_id.strip("{}").lower())
        if message is None or message.activity != job.activity:
            raise e.NoSuchMessage(message=message_id)
        return message


def readable_message(message: Message) -> dict[str, Any]:
    """A message as the control API shows it."""

    def moment(value: float | None) -> str | None:
        return None if value is None else iso_seconds(value)

    return {
        "id": message.id,
        "external_identifier": message.external,
        "entity": message.entity,
        "company": message.company,
        "state": message.state.named("client"),
        "execution": message.execution,
        "enqueued": moment(message.enqueued),
        "started": moment(message.started),
        "completed": moment(message.completed),
        "dequeued": moment(message.dequeued),
        "records": message.records,
        "file_uploaded": message.has_file,
        "log": message.log,
    }


def _must_be(job: DataJob, *, is_export: bool, operation: str) -> None:
    if job.is_export is not is_export:
        direction = "export" if job.is_export else "import"
        raise e.WrongDirection(name=job.name, direction=direction, operation=operation)


class MessageStates:
    """`Messages` of the package actions; `spelling` is whose words the states have."""

    def __init__(self, recurring: RecurringIntegrations, spelling: Spelling) -> None:
        self._recurring = recurring
        self._spelling: Spelling = spelling

    def status(self, message_id: str) -> str | None:
        """The message's state, or None for an unknown message."""
        found = self._recurring.message(message_id)
        return None if found is None else found.state.named(self._spelling)

    def execution_id(self, message_id: str) -> str | None:
        """The execution that took the message; empty before, None for an unknown message."""
        found = self._recurring.message(message_id)
        return None if found is None else found.execution

"""Recurring integrations: queues of files and packages in front of a data project.

Pages: "Recurring integrations" (Microsoft Learn); Recurring Integrations Scheduler (GitHub) for the
shapes that clients read.
"""

from __future__ import annotations

from collections.abc import Iterable

from windtunnel.contracts.limits import Limits
from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.settings import RecurringJobSettings
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.services.data_management.errors import PackageActionRefused
from windtunnel.simulator.services.data_management.ports import Blobs
from windtunnel.simulator.services.data_management.recurring.model import DataJob
from windtunnel.simulator.services.data_management.recurring.packages import Packages
from windtunnel.simulator.services.data_management.recurring.service import (
    MessageStates,
    RecurringIntegrations,
)
from windtunnel.simulator.services.data_management.service import DataManagement

__all__ = ["MessageStates", "RecurringIntegrations", "recurring_integrations"]

_USER = "Admin"


def recurring_integrations(
    framework: DataManagement,
    blobs: Blobs,
    store: Store,
    clock: Clock,
    timers: Timers,
    ids: Ids,
    company: str,
    limits: Limits,
) -> RecurringIntegrations:
    """The data jobs of the settings with their projects. Raises UsageError that names a mistake."""
    packages = Packages(framework, blobs, clock, ids.uuid, _USER)
    settings = framework.settings
    for job in settings.recurring_jobs:
        is_export = job.direction == "export"
        try:
            if job.entities:
                packages.make_project(job.project, job.entities, is_export=is_export)
        except PackageActionRefused as refusal:
            raise UsageError(
                str(refusal), where=f"[[data_management.recurring_jobs]] {job.name}"
            ) from refusal
    made = RecurringIntegrations(
        store, clock, timers, ids, packages, _data_jobs(settings.recurring_jobs, company), limits
    )
    framework.messages = MessageStates(made, settings.message_states)
    made.prepare()
    return made


def _data_jobs(jobs: Iterable[RecurringJobSettings], company: str) -> list[DataJob]:
    return [
        DataJob(
            job.id.lower(),
            job.name,
            job.project,
            job.direction == "export",
            job.takes == "package",
            job.company or company,
            job.recurrence,
            frozenset(application.lower() for application in job.applications),
            job.enabled,
            job.in_order,
            job.prevent_upload_when_zero_records,
        )
        for job in jobs
    ]

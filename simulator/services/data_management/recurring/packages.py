"""Recurring integrations upon the package framework: a file becomes a package of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import BinaryIO, Final

from windtunnel.simulator.kernel.clock import Clock, iso_seconds
from windtunnel.simulator.kernel.settings import RecurringEntitySettings
from windtunnel.simulator.services.data_management.calls import ExportCall, ImportCall
from windtunnel.simulator.services.data_management.errors import (
    PackageActionRefused,
    PackageUnusable,
)
from windtunnel.simulator.services.data_management.model.exporting import CONTAINER
from windtunnel.simulator.services.data_management.model.projects import all_fields
from windtunnel.simulator.services.data_management.model.records import Execution, Step
from windtunnel.simulator.services.data_management.package.manifest import Manifest, PackageEntity
from windtunnel.simulator.services.data_management.ports import BlobRefused, Blobs
from windtunnel.simulator.services.data_management.recurring.errors import NotProcessable
from windtunnel.simulator.services.data_management.recurring.model import (
    Body,
    Ended,
    EntityRun,
    ExecutionState,
)
from windtunnel.simulator.services.data_management.service import DataManagement

_STATES: Final = {state.name.replace("_", "").lower(): state for state in ExecutionState}
FILES: Final = "recurring-integrations"
_LIFE_SECONDS: Final = 7 * 86_400.0


class Packages:
    """See `Framework` of the model. Works as one user, as the batch does."""

    def __init__(
        self,
        framework: DataManagement,
        blobs: Blobs,
        clock: Clock,
        new_id: Callable[[], str],
        user: str,
    ) -> None:
        self._framework, self._blobs, self._clock = framework, blobs, clock
        self._new_id, self._user = new_id, user

    def make_project(
        self, name: str, entities: Sequence[RecurringEntitySettings], *, is_export: bool
    ) -> None:
        """A project of these entities, unless there is one.

        Raises PackageActionRefused for an unknown label, format or column.
        """
        projects = self._framework.projects
        if projects.exists(name):
            return
        listed = []
        for place, wanted in enumerate(entities, 1):
            entity = projects.entity(wanted.name)
            extension = projects.source_format(wanted.source_format).extension
            maps = {line.xml_field: line for line in all_fields(projects.fields(entity))}
            columns = [column.upper() for column in wanted.columns] or list(maps)
            unknown = [column for column in columns if column not in maps]
            if unknown:
                raise PackageUnusable(reason=f"'{entity.name}' has no field {unknown[0]}.")
            listed.append(
                PackageEntity(
                    entity.name,
                    f"{entity.name}.{extension}",
                    wanted.source_format,
                    sequence=place,
                    maps=tuple([maps[column] for column in columns]),
                )
            )
        operation = "Export" if is_export else "Import"
        projects.write(name, Manifest(name, entities=tuple(listed)), operation)

    # -- files of messages --------------------------------------------------------------------

    def keep(self, message: str, body: Body) -> None:
        """Keep what a client sent as the file of a message."""
        if isinstance(body, bytes):
            self._blobs.store(FILES, message, [body])
        else:
            self._blobs.take(FILES, message, body)

    def open(self, message: str) -> BinaryIO | None:
        """The file of a message, to be closed; None when it is gone."""
        try:
            return self._blobs.open_url(self._url(message))
        except BlobRefused:
            return None

    def drop(self, message: str) -> None:
        """Forget the file of a message, if there is one."""
        self._blobs.delete(FILES, message)

    def _url(self, message: str) -> str:
        return self._blobs.read_url(FILES, message, _LIFE_SECONDS)

    # -- executions ---------------------------------------------------------------------------

    def import_file(
        self, project: str, entity: str, company: str, file_name: str, message: str
    ) -> str:
        """Import a message's file into an entity of a project, in the project's source format."""
        projects = self._framework.projects
        try:
            listed = projects.entities(project) if projects.exists(project) else []
        except PackageActionRefused as refusal:
            raise NotProcessable(str(refusal)) from refusal
        found = next((one for one in listed if one.name.lower() == entity.lower()), None)
        if found is None:
            raise NotProcessable(f"The data project '{project}' has no entity '{entity}'.")
        extension = projects.source_format(found.source_format).extension
        name = _plain(file_name) or f"{found.name}.{extension}"
        call = replace(self._call(project, company, message), is_file=True)
        try:
            return self._framework.import_file(call, replace(found, input_file=name))
        except PackageActionRefused as refusal:
            raise NotProcessable(str(refusal)) from refusal

    def import_package(self, project: str, company: str, message: str) -> str:
        """Import a message's data package by a project."""
        try:
            return self._framework.import_package(self._call(project, company, message))
        except PackageActionRefused as refusal:
            raise NotProcessable(str(refusal)) from refusal

    def export(self, project: str, company: str) -> str:
        """Export a project."""
        execution = self._execution_id(project, "Export")
        call = ExportCall(project, project, execution, company, self._user)
        try:
            return self._framework.export_package(call)
        except PackageActionRefused as refusal:
            raise NotProcessable(str(refusal)) from refusal

    def ended(self, execution: str) -> Ended | None:
        """What became of an execution; None while it runs."""
        records = self._framework.records
        found = records.execution(execution)
        if found is None:
            return Ended(has_errors=True, log="The execution's history was deleted.")
        if found.is_running:
            return None
        steps = records.steps(execution)
        runs = tuple([_run(found, step) for step in steps])
        lines = [] if runs else [message for _, _, message in records.errors(execution)]
        return Ended(found.status != "Succeeded", runs, "\n".join(lines))

    def keep_export(self, execution: str, message: str) -> bool:
        """Make the package of an export the file of a message; False when there is none."""
        found = self._framework.records.execution(execution)
        if found is None or not found.package:
            return False
        return self._blobs.copy((CONTAINER, found.package), (FILES, message))

    def _call(self, project: str, company: str, message: str) -> ImportCall:
        return ImportCall(
            self._url(message),
            project,
            self._execution_id(project, "Import"),
            company,
            self._user,
            recurring=True,
        )

    def _execution_id(self, project: str, kind: str) -> str:
        """`XXImport-2016-08-27T20:58:15-319F6ED2...`, as captured."""
        moment = iso_seconds(self._clock.now()).rstrip("Z")
        return f"{project}{kind}-{moment}-{self._new_id().upper()}"


def _plain(name: str) -> str:
    """A file's name without folders; empty when there is nothing left."""
    return name.replace("\\", "/").rpartition("/")[2].strip().strip(".")


def _run(execution: Execution, step: Step) -> EntityRun:
    return EntityRun(
        step.entity,
        execution.company,
        _STATES.get(step.staging.lower(), ExecutionState.NOT_STARTED),
        step.staged,
        step.rejected,
        _STATES.get(step.target.lower(), ExecutionState.NOT_STARTED),
        step.created + step.updated,
        step.failed,
        execution.created,
        execution.created if execution.ended is None else execution.ended,
    )

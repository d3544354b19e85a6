"""The framework as the house sees it: its parts put together, and the calls behind its actions.

It has no origin of its own: its actions are bound to sets of finance and operations, and its files
are blobs.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from windtunnel.simulator.exchange import Absent
from windtunnel.simulator.kernel.background import Background
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.jobs import Jobs
from windtunnel.simulator.kernel.settings import DataManagementSettings
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.services.data_management import errors as e
from windtunnel.simulator.services.data_management import faults as f
from windtunnel.simulator.services.data_management.calls import ExportCall, ImportCall
from windtunnel.simulator.services.data_management.model.error_files import ErrorFiles
from windtunnel.simulator.services.data_management.model.exporting import CONTAINER, Exporting
from windtunnel.simulator.services.data_management.model.importing import Importing
from windtunnel.simulator.services.data_management.model.jobs import Executions
from windtunnel.simulator.services.data_management.model.pacing import Pace
from windtunnel.simulator.services.data_management.model.projects import Projects
from windtunnel.simulator.services.data_management.model.records import (
    ErrorLine,
    Execution,
    Records,
    Step,
)
from windtunnel.simulator.services.data_management.package.archive import (
    HEADER,
    MANIFEST,
    Archive,
    Bounds,
)
from windtunnel.simulator.services.data_management.package.manifest import (
    Manifest,
    PackageEntity,
    read_manifest,
)
from windtunnel.simulator.services.data_management.ports import (
    BlobRefused,
    Blobs,
    Entities,
    Messages,
)

UPLOADS: Final = "dmf"


def _nothing() -> None:
    """Nobody is told."""


class DataManagement:
    """One environment's framework; `messages` are those of recurring integrations.

    `working` tells the environment that work on an entity begins; what it returns, that it ends.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        timers: Timers,
        jobs: Jobs,
        background: Background,
        ids: Ids,
        *,
        entities: Entities,
        blobs: Blobs,
        settings: DataManagementSettings,
        default_company: str,
        messages: Messages | None = None,
        working: Callable[[], Callable[[], None]] = lambda: _nothing,
    ) -> None:
        self.settings, self.clock, self.messages = settings, clock, messages
        self._ids, self._blobs, self._entities = ids, blobs, entities
        self._background, self._company = background, default_company
        self.records = Records(store)
        self.projects = Projects(entities, self.records, settings)
        self._bounds = Bounds(settings.package_bytes, settings.package_ratio)
        pace = Pace(settings)
        self.executions = Executions(
            self.records,
            entities,
            blobs,
            jobs,
            background,
            clock,
            timers,
            pace,
            settings.retention_days,
            self._late_steps,
            working,
        )
        show = self.executions.show
        self.executions.use(
            Importing(self.records, self.projects, entities, blobs, pace, self._bounds, show),
            Exporting(
                self.records,
                self.projects,
                entities,
                blobs,
                pace,
                settings.export_megabytes,
                ids.uuid,
                show,
            ),
        )
        self.error_files = ErrorFiles(self.records, self.projects, blobs, ids.uuid)

    # -- life ---------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Create the tables and list the entities, where they are not there."""
        self.records.create()
        self.projects.prepare()

    def resume(self) -> None:
        """Go on with what was under way when the last process ended, or in a restored store."""
        self.executions.resume()

    # -- packages in --------------------------------------------------------------------------

    def import_package(self, call: ImportCall) -> str:
        """Read the package, make the project, begin the job; returns the execution id."""
        execution = self._import_execution(call)
        steps = self._steps(execution)
        self.executions.start(execution, self._meeting(execution, steps))
        return execution.id

    def import_file(self, call: ImportCall, entity: PackageEntity) -> str:
        """Begin to import a data file as an entity of a project, which stays as it is."""
        execution = self._import_execution(call)
        self.executions.start(execution, self._in_order(execution, [entity]))
        return execution.id

    def import_package_later(self, call: ImportCall) -> str:
        """Begin a job that reads the package itself."""
        execution = self._import_execution(call)
        self.executions.start(execution, ())
        return execution.id

    def _import_execution(self, call: ImportCall) -> Execution:
        company = self._company_of(call.company)
        execution_id = call.execution_id or self._import_id(call.project)
        if self.records.execution(execution_id) is not None:
            raise e.ExecutionExists(id=execution_id)
        options = {
            "packageUrl": call.package_url,
            "execute": call.execute,
            "overwrite": call.overwrite,
            "recurring": call.recurring,
            "isFile": call.is_file,
            "failOnError": call.fail_on_error,
            "withoutBatch": call.without_batch,
        }
        return self._new(execution_id, "import", call.project, company, call.user, options)

    def _late_steps(self, execution: Execution) -> list[Step]:
        return self._meeting(execution, self._steps(execution))

    def _steps(self, execution: Execution) -> list[Step]:
        """The steps of an import, from its package; makes the project."""
        options, project = execution.options, execution.project
        with self._opened(options["packageUrl"]) as (archive, manifest):
            entities = [self._checked(archive, entity) for entity in manifest.entities]
        exists = self.projects.exists(project)
        if any(self.projects.composite(entity.name) is not None for entity in entities):
            self._check_composite(entities, exists=exists)
            stays = True
        else:
            stays = exists and bool(options.get("recurring"))
        if exists and not options["overwrite"] and not stays:
            raise e.ProjectExists(project=project)
        steps = self._in_order(execution, entities)
        if not stays:
            self.projects.write(project, replace(manifest, entities=tuple(entities)), "Import")
        return steps

    def _in_order(self, execution: Execution, entities: Sequence[PackageEntity]) -> list[Step]:
        """The steps of an import of these entities, by the project as it is and the call."""
        truncates = self.projects.truncates(execution.project)
        active = [
            replace(
                entity,
                truncates=entity.truncates or truncates,
                fail_unit_on_error=entity.fail_unit_on_error
                or execution.options.get("failOnError", False),
            )
            for entity in entities
            if not entity.is_disabled
        ]
        return [
            Step(execution.id, place, entity.name, entity) for place, entity in enumerate(active)
        ]

    @contextmanager
    def _opened(self, url: str) -> Generator[tuple[Archive, Manifest]]:
        """A package and its manifest. Raises PackageUnusable, or Absent for what is not here."""
        try:
            with self._blobs.open_url(url) as blob:
                archive = Archive(blob, self._bounds)
                header = archive.xml(HEADER)
                manifest = read_manifest(archive.xml(MANIFEST), header)
                if "resources" in archive.folders:
                    raise Absent("attachments in packages")
                if any(entity.is_transformed for entity in manifest.entities):
                    raise Absent("XSLT in packages")
                yield archive, manifest
        except BlobRefused as refusal:
            raise e.PackageUnusable(reason=str(refusal)) from refusal
        except f.PackageFault as fault:
            raise e.PackageUnusable(reason=fault.full) from fault

    @staticmethod
    def _check_composite(entities: Sequence[PackageEntity], *, exists: bool) -> None:
        """A composite goes alone into a project that is there, which stays as it is."""
        if not exists:
            raise e.CompositeNeedsProject
        if len(entities) > 1:
            raise e.CompositeNotAlone

    def _checked(self, archive: Archive, entity: PackageEntity) -> PackageEntity:
        """An entity of the manifest with its label as the environment spells it."""
        known = self.projects.entity(entity.name)
        source_format = self.projects.source_format(entity.source_format)
        if not entity.is_disabled:
            archive.size(entity.input_file or f"{entity.name}.{source_format.extension}")
        file = entity.input_file or f"{entity.name}.{source_format.extension}"
        return replace(entity, name=known.name, input_file=file)

    def _meeting(self, execution: Execution, steps: list[Step]) -> list[Step]:
        """Two runs of one project at once fail, in one way or another. Captured texts."""
        if self.settings.enhanced_parallel_package_import or execution.options.get("recurring"):
            return steps
        others = self.records.running(execution.project)
        if not any(item.id.lower() != execution.id.lower() for item in others):
            return steps
        failure = self._ids.random.choice((e.CannotEdit, e.CannotCreate, None))
        if failure is not None:
            raise failure
        fault: f.FileFault = self._ids.random.choice((f.Deadlocked(), f.XmlColumns(name="Name")))
        for step in steps:
            step.staging, step.target = "Error", "NotRun"
            line = ErrorLine("", "", fault.message, "staging", step.position)
            self.records.blame(execution.id, [line])
        return steps

    # -- packages out -------------------------------------------------------------------------

    def export_package(self, call: ExportCall) -> str:
        """Begin the export of a project; returns the execution id."""
        company = self._company_of(call.company)
        execution_id = call.execution_id or self._export_id()
        found = self.records.execution(execution_id)
        if found is not None and not call.again:
            return found.id
        refused = {
            "project": call.project,
            "package": call.package,
            "id": execution_id,
            "again": str(call.again).lower(),
            "company": company,
        }
        if not call.project or not self.projects.exists(call.project):
            raise e.ExportFailed(**refused)
        chosen = {name.strip().lower() for name in call.entities.split(",") if name.strip()}
        entities = [
            entity
            for entity in self.projects.entities(call.project)
            if not entity.is_disabled and (not chosen or entity.name.lower() in chosen)
        ]
        if not entities:
            raise e.ExportFailed(**refused)
        if found is not None:
            self.executions.delete(found)
        options = {"packageName": call.package, "delta": call.delta, "count": call.count}
        execution = self._new(execution_id, "export", call.project, company, call.user, options)
        steps = [
            Step(execution_id, place, entity.name, entity) for place, entity in enumerate(entities)
        ]
        if self.records.running(call.project) and not (
            self.settings.enhanced_parallel_package_import
        ):
            raise e.CannotEdit
        self.executions.start(execution, steps)
        return execution_id

    def export_from_package(self, call: ImportCall) -> str:
        """Make a project from a template package, then export it."""
        company = self._company_of(call.company)
        execution_id = call.execution_id or self._export_id()
        options = {"packageUrl": call.package_url, "overwrite": call.overwrite}
        execution = self._new(execution_id, "export", call.project, company, call.user, options)
        if self.records.execution(execution_id) is not None:
            raise e.ExecutionExists(id=execution_id)
        self._template(execution)
        return self.export_package(
            ExportCall(call.project, call.project, execution_id, call.company, call.user)
        )

    def _template(self, execution: Execution) -> None:
        with self._opened(execution.options["packageUrl"]) as (_, manifest):
            pass
        if self.projects.exists(execution.project) and not execution.options["overwrite"]:
            raise e.ProjectExists(project=execution.project)
        entities = []
        for entity in manifest.entities:
            known = self.projects.entity(entity.name)
            self.projects.source_format(entity.source_format)
            entities.append(replace(entity, name=known.name))
        made: Manifest = replace(manifest, entities=tuple(entities))
        self.projects.write(execution.project, made, "Export")

    # -- what became of it --------------------------------------------------------------------

    def execution(self, execution_id: str) -> Execution:
        """An execution whose details are there. Raises ExecutionNotFound."""
        found = self.records.execution(execution_id)
        ready = self.settings.details_after_seconds
        if found is None or (ready and self.clock.now() < found.created + ready):
            raise e.ExecutionNotFound(id=execution_id)
        return found

    def package_url(self, execution_id: str) -> str:
        """Where the package of an export can be read; empty until it is built."""
        found = self.execution(execution_id)
        if not found.package or found.ended is None:
            return ""
        if self.clock.now() < found.ended + self.settings.url_after_seconds:
            return ""
        return self._blobs.read_url(CONTAINER, found.package, self.settings.download_url_seconds)

    def error_file_url(self, execution_id: str, entity: str, stage: str) -> str:
        """Where an error file can be read; empty when there is none, or not yet."""
        self.execution(execution_id)
        blob = self.records.file(execution_id, entity, stage)
        if not blob:
            return ""
        return self._blobs.read_url(CONTAINER, blob, self.settings.download_url_seconds)

    def staging_error_file_url(self, execution_id: str, entity: str) -> str:
        """Where the rejected rows of an entity's file can be read, made at the first question."""
        self.execution(execution_id)
        self.projects.entity(entity)
        self._make_file(execution_id, entity, "staging")
        return self.error_file_url(execution_id, entity, "staging")

    def generate_error_keys(self, execution_id: str, entity: str) -> bool:
        """Whether rows of an entity failed; begins the file of their keys."""
        self.execution(execution_id)
        self.projects.entity(entity)
        return self._make_file(execution_id, entity, "target")

    def _make_file(self, execution_id: str, entity: str, stage: str) -> bool:
        step = self._step(execution_id, entity)
        if step is None or not self.records.has_errors(step, stage):
            return False
        if not self.records.file(execution_id, entity, stage):
            self._background.start(self.error_files.make(step, stage))
        return True

    def _step(self, execution_id: str, entity: str) -> Step | None:
        steps = self.records.steps(execution_id)
        return next((step for step in steps if step.entity.lower() == entity.lower()), None)

    def write_url(self, name: str) -> tuple[str, str]:
        """A blob id and a URL that lets its holder upload `name`."""
        if not name or "/" in name or "\\" in name or len(name) > 1_000:
            raise e.PackageUnusable(reason=f"'{name[:80]}' is not a file name.")
        url = self._blobs.write_url(UPLOADS, name, self.settings.write_url_seconds)
        return f"{{{self._ids.uuid().upper()}}}", url

    def delete(self, execution_id: str) -> None:
        """Forget an execution that has ended."""
        self.executions.delete(self.execution(execution_id))

    # -- small things -------------------------------------------------------------------------

    def _company_of(self, company: str) -> str:
        found = (company or self._company).lower()
        if not self._entities.company_exists(found):
            raise e.CompanyUnknown(company=company)
        return found

    def _new(
        self,
        execution_id: str,
        kind: str,
        project: str,
        company: str,
        user: str,
        options: dict[str, Any],
    ) -> Execution:
        now = self.clock.now()
        return Execution(execution_id, kind, project, company, user, "NotRun", options, now)

    def _import_id(self, project: str) -> str:
        """`CustomersImport-2026-01-31T08:00:00-GUID`. Source: a captured job status."""
        moment = datetime.fromtimestamp(self.clock.now(), UTC)
        return f"{project}Import-{moment:%Y-%m-%dT%H:%M:%S}-{self._ids.uuid().upper()}"

    def _export_id(self) -> str:
        """`ExportPackage-11/15/2018 02:57:10 pm`: one second fine, so two calls may share it."""
        moment = datetime.fromtimestamp(self.clock.now(), UTC)
        half = "pm" if moment.hour >= 12 else "am"
        made = f"ExportPackage-{moment:%m/%d/%Y %I:%M:%S} {half}"
        if self.settings.ensure_unique_execution_id:
            return f"{made}-{self._ids.uuid().upper()}"
        return made

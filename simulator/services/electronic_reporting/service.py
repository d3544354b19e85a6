"""Electronic reporting of one environment: formats out to destinations, files in by sources."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.jobs import Jobs
from windtunnel.simulator.kernel.kept_files import replace
from windtunnel.simulator.kernel.settings import (
    ElectronicReportingSettings,
    ErDestinationSettings,
    ErFormatSettings,
    ErSourceSettings,
)
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.electronic_reporting import errors as e
from windtunnel.simulator.services.electronic_reporting.documents import (
    BrokenDocument,
    parse,
    render,
)
from windtunnel.simulator.services.electronic_reporting.model import (
    FileState,
    Job,
    JobState,
    Records,
    SourceFile,
)
from windtunnel.simulator.services.electronic_reporting.tables import Tables

KIND: Final = "electronic-reporting"
_SHOWN: Final = 20


class _Undone(Exception):
    """A file whose records are taken back."""


class ElectronicReporting:
    """`folder` is where the folders of destinations and sources are: the place of SharePoint."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        jobs: Jobs,
        ids: Ids,
        settings: ElectronicReportingSettings,
        records: Records,
        folder: Path,
    ) -> None:
        self.folder = folder
        self._store, self._clock, self._jobs, self._ids = store, clock, jobs, ids
        self._settings, self._records = settings, records
        self.formats = {one.name: one for one in settings.formats}
        self.sources = {one.name: one for one in settings.sources}
        self._tables = Tables(store)
        jobs.register(KIND, lambda parameters: self._run(parameters["job"]))

    def prepare(self) -> None:
        """Create the tables. Raises UsageError for a format or source of no known entity set."""
        self._tables.create()
        for one in (*self.formats.values(), *self.sources.values()):
            if not self._records.has(one.entity_set):
                raise UsageError(
                    f"there is no entity set {one.entity_set!r}",
                    where=f"electronic_reporting: {one.name}",
                    remedy="Write the public collection name, such as CustomersV3.",
                )

    # -- out ----------------------------------------------------------------------------------

    def run(self, format_name: str, company: str) -> Job:
        """Start a job of a format for a company, as the batch does. Raises NotThere."""
        if format_name not in self.formats:
            raise e.NotThere(kind="format", name=format_name)
        job = self._ids.uuid()
        self._tables.add_job(job, format_name, company.lower(), self._clock.now())
        self._jobs.start(KIND, {"job": job}, self._settings.jobs, job)
        return self.job(job)

    def job(self, job_id: str) -> Job:
        """A job. Raises NotThere."""
        job = self._tables.job(job_id)
        if job is None:
            raise e.NotThere(kind="electronic reporting job", name=job_id)
        return job

    def jobs(self) -> list[Job]:
        """All jobs, oldest first."""
        return self._tables.jobs()

    def archived(self, job_id: str) -> bytes:
        """The file of a job in the archive. Raises NotThere."""
        content = self._tables.content(self.job(job_id).id)
        if content is None:
            raise e.NotThere(kind="archived file of the job", name=job_id)
        return content

    def _run(self, job_id: str) -> None:
        job = self.job(job_id)
        made = self.formats[job.format]
        name = made.file_name.format(
            format=made.name, company=job.company or "all", number=job.number
        )
        try:
            content = self._document(made, job.company)
        except KeyError as error:
            log = f"The model has no {error.args[0]!r}."
            self._tables.end_job(job_id, JobState.FAILED, self._clock.now(), "", None, log)
            return
        state, lost, archived = JobState.COMPLETED, [], False
        for destination in made.destinations:
            if destination.company.lower() not in {"", job.company}:
                continue
            archived = archived or destination.kind == "archive"
            problem = self._deliver(destination, name, content)
            if problem:
                lost.append(problem)
                if destination.stop_on_failure:
                    state = JobState.FAILED
                    break
        kept = content if archived and state is JobState.COMPLETED else None
        self._tables.end_job(job_id, state, self._clock.now(), name, kept, "\n".join(lost))

    def _document(self, made: ErFormatSettings, company: str) -> bytes:
        names, columns = list(made.columns), list(made.columns.values())
        rows = self._records.read(made.entity_set, columns, company)
        return render(made.root, made.record, (dict(zip(names, row, strict=True)) for row in rows))

    def _deliver(self, destination: ErDestinationSettings, name: str, content: bytes) -> str:
        """Put a file where it belongs; the reason when that is not possible."""
        if not destination.folder:
            return ""
        folder = self.folder / destination.folder
        if destination.create_folder:
            folder.mkdir(parents=True, exist_ok=True)
        try:
            if not folder.is_dir():
                return f"The document {name} was not delivered: {destination.folder} is not there."
            replace(folder / name, content, mode=0o644)
        except (OSError, UsageError) as error:
            return f"The document {name} was not delivered: {error}"
        return ""

    # -- in -----------------------------------------------------------------------------------

    def run_source(self, name: str) -> SourceFile | None:
        """Import one file of a source, the first that arrived; None when none is ready."""
        source = self.source(name)
        self._look(source)
        ready = [f for f in self._tables.files(name) if f.state is FileState.READY]
        if not ready:
            return None
        file = ready[0].name
        path = self.folder / source.folder / file
        try:
            content = path.read_bytes()
        except OSError as error:
            return self._ended(source, file, FileState.FAILED, log=f"{file}: {error.strerror}")
        try:
            count = self._import(source, content)
        except (BrokenDocument, _Undone) as error:
            self._put_away(path, source.error_folder, delete=False)
            return self._ended(source, file, FileState.FAILED, log=f"{file}: {error}")
        self._put_away(path, source.archive_folder, delete=True)
        return self._ended(source, file, FileState.IMPORTED, records=count)

    def source(self, name: str) -> ErSourceSettings:
        """A source. Raises NotThere."""
        found = self.sources.get(name)
        if found is None:
            raise e.NotThere(kind="electronic reporting source", name=name)
        return found

    def files(self, name: str) -> list[SourceFile]:
        """The files of a source in the order of their arrival."""
        self._look(self.source(name))
        return self._tables.files(name)

    def hold(self, name: str, file: str, state: FileState) -> SourceFile:
        """Put a file on hold, or make one ready (again). Raises NotThere."""
        self.files(name)
        self._tables.set_file(name, file, state)
        return self._file(name, file)

    def _look(self, source: ErSourceSettings) -> None:
        """Note the files of the folder that were not there before, the oldest first."""
        folder = self.folder / source.folder
        if not folder.is_dir():
            return
        found = [
            path for path in folder.iterdir() if path.is_file() and fnmatch(path.name, source.mask)
        ]
        for path in sorted(found, key=lambda path: (path.stat().st_mtime, path.name)):
            self._tables.see_file(source.name, path.name, self._clock.now())

    def _import(self, source: ErSourceSettings, content: bytes) -> int:
        """Write the records of a document, all or none."""
        rows: list[dict[str, Any]] = []
        for number, record in enumerate(parse(content, source.root, source.record), 1):
            unknown = sorted(set(record) - set(source.columns))
            if unknown:
                raise BrokenDocument(f"record {number}: the format has no element {unknown[0]!r}.")
            rows.append({source.columns[name]: value for name, value in record.items()})
        with self._store.atomic():
            try:
                refused = self._records.write(source.entity_set, rows, source.company)
            except KeyError as error:
                raise _Undone(f"the model has no {error.args[0]!r}.") from error
            if refused:
                raise _Undone(_listed(refused))
        return len(rows)

    def _put_away(self, path: Path, folder: str, *, delete: bool) -> None:
        if folder:
            target = self.folder / folder
            target.mkdir(parents=True, exist_ok=True)
            path.replace(target / path.name)
        elif delete:
            path.unlink()

    def _ended(
        self,
        source: ErSourceSettings,
        file: str,
        state: FileState,
        *,
        records: int = 0,
        log: str = "",
    ) -> SourceFile:
        self._tables.set_file(source.name, file, state, records=records, log=log)
        return self._file(source.name, file)

    def _file(self, source: str, name: str) -> SourceFile:
        for file in self._tables.files(source):
            if file.name == name:
                return file
        raise e.NotThere(kind="file", name=name)


def _listed(refused: Sequence[str]) -> str:
    more = f"\nand {len(refused) - _SHOWN} more" if len(refused) > _SHOWN else ""
    return "\n".join(refused[:_SHOWN]) + more

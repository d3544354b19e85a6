"""Jobs and files of sources in the store; whoever calls commits."""

from __future__ import annotations

from typing import Any, Final

from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.electronic_reporting.model import (
    FileState,
    Job,
    JobState,
    SourceFile,
)

_TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS er_job (number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " id TEXT NOT NULL UNIQUE, format TEXT NOT NULL, company TEXT NOT NULL, state TEXT NOT NULL,"
    " started REAL NOT NULL, completed REAL, file_name TEXT NOT NULL DEFAULT '',"
    " log TEXT NOT NULL DEFAULT '', content BLOB)",
    "CREATE TABLE IF NOT EXISTS er_file (source TEXT NOT NULL, name TEXT NOT NULL,"
    " arrived REAL NOT NULL, state TEXT NOT NULL, records INTEGER NOT NULL DEFAULT 0,"
    " log TEXT NOT NULL DEFAULT '', PRIMARY KEY (source, name))",
)
_JOB: Final = (
    "SELECT id, number, format, company, state, started, completed, file_name,"
    " content IS NOT NULL, log FROM er_job "
)
_FILE: Final = "SELECT source, name, arrived, state, records, log FROM er_file "


class Tables:
    """Rows of jobs and files."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self) -> None:
        """Create the tables where they are not there."""
        for table in _TABLES:
            self._store.write(table)

    # -- jobs ---------------------------------------------------------------------------------

    def add_job(self, job: str, format_name: str, company: str, now: float) -> None:
        """A job that waits for its batch."""
        self._store.write(
            "INSERT INTO er_job (id, format, company, state, started) VALUES (?,?,?,?,?)",
            (job, format_name, company, JobState.WAITING.value, now),
        )

    def end_job(
        self, job: str, state: JobState, now: float, file_name: str, content: bytes | None, log: str
    ) -> None:
        """What became of a job."""
        self._store.write(
            "UPDATE er_job SET state=?, completed=?, file_name=?, content=?, log=? WHERE id=?",
            (state.value, now, file_name, content, log, job),
        )

    def jobs(self) -> list[Job]:
        """All jobs, oldest first."""
        return [_job(row) for row in self._store.read(f"{_JOB} ORDER BY number").fetchall()]

    def job(self, job: str) -> Job | None:
        """A job by its id."""
        row = self._store.read(f"{_JOB} WHERE id=?", (job,)).fetchone()
        return None if row is None else _job(row)

    def content(self, job: str) -> bytes | None:
        """The archived file of a job."""
        row = self._store.read("SELECT content FROM er_job WHERE id=?", (job,)).fetchone()
        return None if row is None or row[0] is None else bytes(row[0])

    # -- files --------------------------------------------------------------------------------

    def see_file(self, source: str, name: str, now: float) -> None:
        """A file is there; one of that name that was imported before has come again."""
        self._store.write(
            "INSERT INTO er_file (source, name, arrived, state) VALUES (?,?,?,?)"
            " ON CONFLICT (source, name) DO UPDATE SET arrived=excluded.arrived,"
            " state=excluded.state, records=0, log='' WHERE er_file.state=?",
            (source, name, now, FileState.READY.value, FileState.IMPORTED.value),
        )

    def set_file(
        self, source: str, name: str, state: FileState, *, records: int = 0, log: str = ""
    ) -> None:
        """Another state of a file."""
        self._store.write(
            "UPDATE er_file SET state=?, records=?, log=? WHERE source=? AND name=?",
            (state.value, records, log, source, name),
        )

    def files(self, source: str) -> list[SourceFile]:
        """The files of a source in the order of their arrival."""
        rows = self._store.read(f"{_FILE} WHERE source=? ORDER BY arrived, rowid", (source,))
        return [_file(row) for row in rows.fetchall()]


def _job(row: tuple[Any, ...]) -> Job:
    values = list(row)
    values[4], values[8] = JobState(values[4]), bool(values[8])
    return Job(*values)


def _file(row: tuple[Any, ...]) -> SourceFile:
    values = list(row)
    values[3] = FileState(values[3])
    return SourceFile(*values)

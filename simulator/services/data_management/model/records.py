"""What the framework keeps of executions: rows of its own tables, in the house's store.

An execution has steps, one per entity. Staged rows stand in blocks of a file's rows, so that a
hundred thousand rows are a few hundred writes; how far a step came is in its own row, written in
the same transaction as the target's rows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

import orjson

from windtunnel.simulator.kernel.background import Work
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.data_management.package.manifest import (
    FieldMap,
    PackageEntity,
)

TABLES: Final = (
    "CREATE TABLE IF NOT EXISTS dmf_executions (id TEXT COLLATE NOCASE PRIMARY KEY, kind TEXT "
    "NOT NULL, project TEXT COLLATE NOCASE NOT NULL, company TEXT NOT NULL, user TEXT NOT NULL, "
    "status TEXT NOT NULL, options TEXT NOT NULL, created REAL NOT NULL, ended REAL, "
    "package TEXT NOT NULL DEFAULT '')",
    "CREATE TABLE IF NOT EXISTS dmf_steps (execution TEXT COLLATE NOCASE NOT NULL, position "
    "INTEGER NOT NULL, entity TEXT COLLATE NOCASE NOT NULL, spec TEXT NOT NULL, staging TEXT NOT "
    "NULL, target TEXT NOT NULL, total INTEGER NOT NULL, staged INTEGER NOT NULL, rejected "
    "INTEGER NOT NULL, next INTEGER NOT NULL, created INTEGER NOT NULL, updated INTEGER NOT NULL, "
    "failed INTEGER NOT NULL, is_truncated INTEGER NOT NULL, PRIMARY KEY (execution, position))",
    "CREATE TABLE IF NOT EXISTS dmf_staging (execution TEXT COLLATE NOCASE NOT NULL, position "
    "INTEGER NOT NULL, first INTEGER NOT NULL, rows BLOB NOT NULL, "
    "PRIMARY KEY (execution, position, first))",
    "CREATE TABLE IF NOT EXISTS dmf_keys (execution TEXT COLLATE NOCASE NOT NULL, position "
    "INTEGER NOT NULL, key TEXT NOT NULL, line INTEGER NOT NULL, "
    "PRIMARY KEY (execution, position, key)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS dmf_errors (id INTEGER PRIMARY KEY, execution TEXT COLLATE NOCASE "
    "NOT NULL, position INTEGER NOT NULL, stage TEXT NOT NULL, record TEXT NOT NULL, field TEXT "
    "NOT NULL, message TEXT NOT NULL, row TEXT)",
    "CREATE INDEX IF NOT EXISTS dmf_errors_execution ON dmf_errors (execution, position)",
    "CREATE TABLE IF NOT EXISTS dmf_files (execution TEXT COLLATE NOCASE NOT NULL, entity TEXT "
    "COLLATE NOCASE NOT NULL, stage TEXT NOT NULL, blob TEXT NOT NULL, "
    "PRIMARY KEY (execution, entity, stage))",
    "CREATE TABLE IF NOT EXISTS dmf_maps (project TEXT COLLATE NOCASE NOT NULL, entity TEXT "
    "COLLATE NOCASE NOT NULL, maps TEXT NOT NULL, PRIMARY KEY (project, entity))",
    "CREATE TABLE IF NOT EXISTS dmf_tokens (project TEXT COLLATE NOCASE NOT NULL, entity TEXT "
    "COLLATE NOCASE NOT NULL, company TEXT NOT NULL, seq INTEGER NOT NULL, "
    "PRIMARY KEY (project, entity, company))",
)
RUNNING: Final = frozenset({"NotRun", "Executing"})
_OF_EXECUTION: Final = ("dmf_steps", "dmf_errors", "dmf_files")
_BLOCKS: Final = 16
_KEYS: Final = 5_000
"""Staged blocks and keys that one slice deletes."""


@dataclass(slots=True)
class Execution:
    """One run of a project; `status` is a member of DMFExecutionSummaryStatus."""

    id: str
    kind: str
    project: str
    company: str
    user: str
    status: str
    options: dict[str, Any]
    created: float
    ended: float | None = None
    package: str = ""

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self.status in RUNNING


@dataclass(slots=True)
class Step:
    """One entity of a run. `next` counts the staged rows that the target step has taken."""

    execution: str
    position: int
    entity: str
    spec: PackageEntity
    staging: str = "NotStarted"
    target: str = "NotStarted"
    total: int = 0
    staged: int = 0
    rejected: int = 0
    next: int = 0
    created: int = 0
    updated: int = 0
    failed: int = 0
    is_truncated: bool = False

    @property
    def has_ended(self) -> bool:
        """Whether neither half will go on."""
        return self.target in ENDED and self.staging in ENDED

    @property
    def has_failed(self) -> bool:
        """Whether at least one row or the file is at fault."""
        return "Error" in {self.staging, self.target}

    @property
    def is_good(self) -> bool:
        """Whether something of it arrived, or there was nothing to do."""
        if self.created or self.updated:
            return True
        return not self.has_failed and "Finished" in {self.staging, self.target}


class StagedBlock(NamedTuple):
    """Staged rows: the number of the first, their lines in the file, the columns of fields."""

    first: int
    lines: list[int]
    rows: list[list[Any]]
    columns: dict[str, int] = {}  # noqa: RUF012 - never changed


ENDED: Final = frozenset({"Error", "Finished", "NotRun", "Canceled"})
_EXECUTION_COLUMNS: Final = tuple(item.name for item in dataclasses.fields(Execution))
_STEP_COLUMNS: Final = tuple(item.name for item in dataclasses.fields(Step))
_SAVED: Final = tuple(
    name for name in _STEP_COLUMNS if name not in {"execution", "position", "entity", "spec"}
)
_SAVE: Final = (
    f"UPDATE dmf_steps SET {', '.join(f'{name}=?' for name in _SAVED)} "
    "WHERE execution=? AND position=?"
)


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """One entry of the execution's errors; `row` are texts of a rejected row, or its key."""

    record: str
    field: str
    message: str
    stage: str = "target"
    position: int = 0
    row: Mapping[str, str] = dataclasses.field(default_factory=dict)


class Records:
    """Reads and writes these tables. The caller commits."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def create(self) -> None:
        """Create the tables, if they are not there."""
        for statement in TABLES:
            self.store.write(statement)

    # -- executions ---------------------------------------------------------------------------

    def add(self, execution: Execution, steps: Sequence[Step] = ()) -> None:
        """Keep a new execution."""
        values = asdict(execution)
        values["options"] = orjson.dumps(execution.options).decode()
        self._insert("dmf_executions", values)
        self.add_steps(steps)

    def add_steps(self, steps: Sequence[Step]) -> None:
        """Keep the steps of an execution."""
        for step in steps:
            self._insert("dmf_steps", _step_values(step))

    def execution(self, execution_id: str) -> Execution | None:
        """An execution by its id, whatever its case."""
        found = self._executions("WHERE id=?", (execution_id,))
        return found[0] if found else None

    def running(self, project: str = "") -> list[Execution]:
        """Executions that have not ended, of one project or of all."""
        more, values = (" AND project=?", (project,)) if project else ("", ())
        return self._executions(f"WHERE status IN ('NotRun','Executing'){more}", values)

    def all(self) -> list[Execution]:
        """Every execution that is kept, oldest first."""
        return self._executions("", ())

    def older_than(self, moment: float) -> list[Execution]:
        """Executions that ended before a moment."""
        return self._executions("WHERE ended<?", (moment,))

    def first_end(self) -> float | None:
        """When the execution ended that ended first, of those that are kept."""
        moment: float | None
        (moment,) = self.store.read("SELECT min(ended) FROM dmf_executions").fetchone()
        return moment

    def _executions(self, where: str, values: Sequence[Any]) -> list[Execution]:
        rows = self.store.read(
            f"SELECT {', '.join(_EXECUTION_COLUMNS)} FROM dmf_executions {where} "
            "ORDER BY created, rowid",
            values,
        )
        return [_execution(row) for row in rows]

    def set_status(self, execution: Execution, status: str, ended: float | None = None) -> None:
        """Change where an execution stands."""
        execution.status, execution.ended = status, ended
        self.store.write(
            "UPDATE dmf_executions SET status=?, ended=?, package=? WHERE id=?",
            (status, ended, execution.package, execution.id),
        )

    def forget(self, execution_id: str) -> None:
        """Delete an execution with all that belongs to it but staged rows: see `sweep`."""
        self.store.write("DELETE FROM dmf_executions WHERE id=?", (execution_id,))
        for table in _OF_EXECUTION:
            self.store.write(f"DELETE FROM {table} WHERE execution=?", (execution_id,))

    # -- steps --------------------------------------------------------------------------------

    def steps(self, execution_id: str) -> list[Step]:
        """The steps of an execution in the manifest's order."""
        rows = self.store.read(
            f"SELECT {', '.join(_STEP_COLUMNS)} FROM dmf_steps WHERE execution=? ORDER BY position",
            (execution_id,),
        )
        return [_step(row) for row in rows]

    def save(self, step: Step) -> None:
        """Write where a step stands."""
        self.store.write(
            _SAVE,
            (*[getattr(step, name) for name in _SAVED], step.execution, step.position),
        )

    # -- staging ------------------------------------------------------------------------------

    def stage(
        self,
        step: Step,
        lines: Sequence[int],
        rows: Sequence[Sequence[Any]],
        columns: Mapping[str, int],
    ) -> None:
        """Keep a block of staged rows behind those that are there.

        `columns` are the numbers of the fields' columns in the file.
        """
        self.store.write(
            "INSERT INTO dmf_staging VALUES (?,?,?,?)",
            (step.execution, step.position, step.staged, orjson.dumps([lines, rows, columns])),
        )

    def staged(self, step: Step, row: int) -> StagedBlock | None:
        """The block that holds a staged row."""
        found = self.store.read(
            "SELECT first, rows FROM dmf_staging WHERE execution=? AND position=? AND first<=? "
            "ORDER BY first DESC LIMIT 1",
            (step.execution, step.position, row),
        ).fetchone()
        if found is None:
            return None
        return StagedBlock(found[0], *orjson.loads(found[1]))

    def clear_staging(self, step: Step) -> Work:
        """Delete what is staged of a step."""
        yield from self._clear("dmf_staging", "first", _BLOCKS, step.execution, step.position)
        yield from self.clear_keys(step)

    def clear_keys(self, step: Step) -> Work:
        """Delete the keys that only staging needs."""
        yield from self._clear("dmf_keys", "key", _KEYS, step.execution, step.position)

    def _clear(self, table: str, column: str, most: int, execution: str, position: int) -> Work:
        sql = (
            f"DELETE FROM {table} WHERE execution=? AND position=? AND {column} IN "
            f"(SELECT {column} FROM {table} WHERE execution=? AND position=? "
            f"ORDER BY {column} LIMIT ?)"
        )
        values = (execution, position, execution, position, most)
        while self.store.write(sql, values).rowcount:
            yield 0.0

    def sweep(self, execution_id: str) -> Work:
        """Delete what is staged of an execution that was forgotten, unless its id is used anew."""
        for table, column, most in (
            ("dmf_staging", "first", _BLOCKS),
            ("dmf_keys", "key", _KEYS),
        ):
            rows = self.store.read(
                f"SELECT DISTINCT position FROM {table} WHERE execution=?", (execution_id,)
            ).fetchall()
            for (position,) in rows:
                for wait in self._clear(table, column, most, execution_id, position):
                    yield wait
                    if self.execution(execution_id) is not None:
                        return

    def forgotten(self) -> list[str]:
        """The executions that left staged rows behind them."""
        rows = self.store.read(
            "SELECT execution FROM dmf_staging UNION SELECT execution FROM dmf_keys "
            "EXCEPT SELECT id FROM dmf_executions"
        )
        return [execution for (execution,) in rows]

    # -- errors and files ---------------------------------------------------------------------

    def blame(self, execution_id: str, lines: Sequence[ErrorLine]) -> None:
        """Keep errors of an execution."""
        self.store.write_many(
            "INSERT INTO dmf_errors (execution, position, stage, record, field, message, row) "
            "VALUES (?,?,?,?,?,?,?)",
            [
                (
                    execution_id,
                    line.position,
                    line.stage,
                    line.record,
                    line.field,
                    line.message,
                    orjson.dumps(dict(line.row)).decode() if line.row else None,
                )
                for line in lines
            ],
        )

    def clear_errors(self, step: Step) -> None:
        """Delete the errors of a step that begins again."""
        self.store.write(
            "DELETE FROM dmf_errors WHERE execution=? AND position=?",
            (step.execution, step.position),
        )

    def errors(self, execution_id: str) -> Iterator[tuple[str, str, str]]:
        """Record, field and message of every error, oldest first."""
        yield from self.store.read(
            "SELECT record, field, message FROM dmf_errors WHERE execution=? ORDER BY id",
            (execution_id,),
        )

    def error_rows(
        self, step: Step, stage: str, after: int, most: int
    ) -> list[tuple[int, dict[str, str]]]:
        """Rows that errors of a stage are about, with the error's number, some at a time."""
        rows = self.store.read(
            "SELECT id, row FROM dmf_errors WHERE execution=? AND position=? AND stage=? AND "
            "id>? AND row IS NOT NULL ORDER BY id LIMIT ?",
            (step.execution, step.position, stage, after, most),
        ).fetchall()
        return [(number, orjson.loads(row)) for number, row in rows]

    def has_errors(self, step: Step, stage: str) -> bool:
        """Whether a step has errors with rows in a stage."""
        return bool(self.error_rows(step, stage, 0, 1))

    def file(self, execution_id: str, entity: str, stage: str) -> str:
        """The blob of an error file, or an empty text."""
        row = self.store.read(
            "SELECT blob FROM dmf_files WHERE execution=? AND entity=? AND stage=?",
            (execution_id, entity, stage),
        ).fetchone()
        return "" if row is None else str(row[0])

    def files(self, execution_id: str) -> list[str]:
        """The blobs of all error files of an execution."""
        rows = self.store.read("SELECT blob FROM dmf_files WHERE execution=?", (execution_id,))
        return [blob for (blob,) in rows if blob]

    def set_file(self, execution_id: str, entity: str, stage: str, blob: str) -> None:
        """Keep where an error file is."""
        self.store.write(
            "INSERT OR REPLACE INTO dmf_files VALUES (?,?,?,?)", (execution_id, entity, stage, blob)
        )

    # -- mappings and tokens ------------------------------------------------------------------

    def maps(self, project: str, entity: str) -> tuple[FieldMap, ...] | None:
        """The mapping of a project's entity, or None where nobody made one."""
        row = self.store.read(
            "SELECT maps FROM dmf_maps WHERE project=? AND entity=?", (project, entity)
        ).fetchone()
        return None if row is None else _maps(orjson.loads(row[0]))

    def set_maps(self, project: str, entity: str, maps: Sequence[FieldMap]) -> None:
        """Keep the mapping of a project's entity."""
        text = orjson.dumps([asdict(line) for line in maps]).decode()
        self.store.write("INSERT OR REPLACE INTO dmf_maps VALUES (?,?,?)", (project, entity, text))

    def drop_maps(self, project: str) -> None:
        """Delete the mappings of a project."""
        self.store.write("DELETE FROM dmf_maps WHERE project=?", (project,))

    def token(self, project: str, entity: str, company: str) -> int | None:
        """Where the last incremental export ended, or None before the first."""
        row = self.store.read(
            "SELECT seq FROM dmf_tokens WHERE project=? AND entity=? AND company=?",
            (project, entity, company),
        ).fetchone()
        return None if row is None else int(row[0])

    def set_token(self, project: str, entity: str, company: str, seq: int) -> None:
        """Keep where an incremental export ended."""
        self.store.write(
            "INSERT OR REPLACE INTO dmf_tokens VALUES (?,?,?,?)", (project, entity, company, seq)
        )

    def drop_tokens(self, project: str, entity: str) -> bool:
        """Let the next incremental export be full; False when none was made."""
        return bool(
            self.store.write(
                "DELETE FROM dmf_tokens WHERE project=? AND entity=?", (project, entity)
            ).rowcount
        )

    def _insert(self, table: str, values: Mapping[str, Any]) -> None:
        marks = ", ".join("?" * len(values))
        self.store.write(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", tuple(values.values())
        )


def _execution(row: Sequence[Any]) -> Execution:
    values = dict(zip(_EXECUTION_COLUMNS, row, strict=True))
    values["options"] = orjson.loads(values["options"])
    return Execution(**values)


def _step_values(step: Step) -> dict[str, Any]:
    values = {name: getattr(step, name) for name in _STEP_COLUMNS}
    values["spec"] = orjson.dumps(asdict(step.spec)).decode()
    return values


def _step(row: Sequence[Any]) -> Step:
    values = dict(zip(_STEP_COLUMNS, row, strict=True))
    spec = orjson.loads(values["spec"])
    spec["maps"] = _maps(spec["maps"])
    values["spec"] = PackageEntity(**spec)
    values["is_truncated"] = bool(values["is_truncated"])
    return Step(**values)


def _maps(listed: list[dict[str, Any]]) -> tuple[FieldMap, ...]:
    return tuple([_map(line) for line in listed])


def _map(line: dict[str, Any]) -> FieldMap:
    pairs = tuple([tuple(pair) for pair in line["conversions"]])
    values: dict[str, Any] = {**line, "conversions": pairs}
    return FieldMap(**values)

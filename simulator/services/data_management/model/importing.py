"""An import: every entity from its file into staging, then from staging into the target.

Good rows are committed, bad rows are errors. How far a step came is written with the rows, so a
process that was killed goes on behind the last row that is in the target; staging begins again.
Sources: "Data management package REST API", "Data import and export jobs".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from io import BufferedIOBase
from typing import Any, Final, cast

from windtunnel.simulator.kernel.background import Slices, Work
from windtunnel.simulator.services.data_management import faults as f
from windtunnel.simulator.services.data_management.errors import PackageActionRefused
from windtunnel.simulator.services.data_management.model import composites
from windtunnel.simulator.services.data_management.model.pacing import Pace
from windtunnel.simulator.services.data_management.model.projects import Projects
from windtunnel.simulator.services.data_management.model.records import (
    ErrorLine,
    Execution,
    Records,
    StagedBlock,
    Step,
)
from windtunnel.simulator.services.data_management.model.staging import Staging, mapping
from windtunnel.simulator.services.data_management.package.archive import Archive, Bounds, Member
from windtunnel.simulator.services.data_management.ports import (
    BlobRefused,
    Blobs,
    DataEntity,
    Entities,
    Refused,
    Stored,
)

_FIRST, _MOST = 100, 500
_COMPOSITES: Final = 10
_SILENT: Final = ("validateField failed on", "validateWrite failed on")
_log = logging.getLogger("windtunnel.data_management")


class Importing:
    """Does the work of one entity; who calls it decides which entity is next."""

    def __init__(
        self,
        records: Records,
        projects: Projects,
        entities: Entities,
        blobs: Blobs,
        pace: Pace,
        bounds: Bounds,
        show: Callable[[Step], None],
    ) -> None:
        """`show` writes a step's state where clients see it."""
        self._records, self._projects, self._entities = records, projects, entities
        self._blobs, self._pace, self._bounds, self._show = blobs, pace, bounds, show
        self._excel = ""

    def forget(self) -> None:
        """The store was restored."""
        self._excel = ""

    def run(self, execution: Execution, step: Step) -> Work:
        """The whole of one step. It always ends, and never raises for what a file holds."""
        try:
            if step.staging not in {"Finished", "Error"}:
                yield from self._to_staging(execution, step)
            if step.staging == "Finished" and step.target not in {"Finished", "Error"}:
                if execution.options.get("execute", True):
                    yield from self._to_target(execution, step)
                else:
                    step.target = "NotRun"
            elif step.staging == "Error":
                step.target = "NotRun"
        except Exception:
            _log.exception("step %s of %s failed", step.entity, execution.id)
            self._fail(step, [ErrorLine("", "", "An unexpected error occurred: see the log.")])
        if step.spec.skips_staging or step.staging == "Error":
            yield from self._records.clear_staging(step)
        else:
            yield from self._records.clear_keys(step)
        self._records.save(step)
        self._show(step)

    # -- source to staging --------------------------------------------------------------------

    def _to_staging(self, execution: Execution, step: Step) -> Work:
        records = self._records
        yield from records.clear_staging(step)
        records.clear_errors(step)
        step.staging, step.staged, step.rejected = "Executing", 0, 0
        records.save(step)
        self._show(step)
        composite = self._projects.composite(step.entity)
        if (
            not step.spec.maps and composite is None
        ):  # nothing is mapped: nothing arrives, and nobody says so
            step.staging = "Finished"
            return
        is_excel = False
        try:
            source_format = self._projects.source_format(step.spec.source_format)
            is_excel = source_format.kind == "excel"
            self._projects.check_type(step.spec.input_file, source_format)
            if composite is not None and not source_format.kind.startswith("xml"):
                raise f.CompositeNotXml(file=step.spec.input_file, entity=step.entity)
            if is_excel:
                self._lock_excel(step)
            with self._file(execution, step.spec.input_file) as member:
                if composite is not None:
                    blocks = composites.stage(records, composite, step, member)
                else:
                    entity = self._projects.entity(step.entity)
                    fields = self._projects.fields(entity)
                    blocks = Staging(records, entity, fields, step, source_format).run(member)
                for rows in blocks:
                    records.save(step)
                    yield self._pace.staging(step.entity, rows)
        except f.FileFault as fault:
            line = ErrorLine(str(fault.line or ""), fault.field, fault.full, "staging")
            self._fail(step, [line])
        except (BlobRefused, PackageActionRefused) as refusal:
            self._fail(step, [ErrorLine("", "", str(refusal), "staging")])
        finally:
            if is_excel and self._excel == step.execution:
                self._excel = ""
        records.save(step)
        self._show(step)

    @contextmanager
    def _file(self, execution: Execution, name: str) -> Generator[Member]:
        """The data file of a step: a member of the package, or what the URL leads to itself."""
        with self._blobs.open_url(execution.options["packageUrl"]) as blob:
            if execution.options.get("isFile"):
                yield Member(cast(BufferedIOBase, blob), name)
                return
            with Archive(blob, self._bounds).open(name) as member:
                yield member

    def _lock_excel(self, step: Step) -> None:
        if self._excel and self._excel != step.execution:
            raise f.ExcelLocked(file=step.spec.input_file)
        self._excel = step.execution

    def _fail(self, step: Step, lines: Sequence[ErrorLine]) -> None:
        """The entity is at fault as a whole."""
        if step.staging == "Finished":
            step.target = "Error"
        else:
            step.staging, step.staged = "Error", 0
        step.rejected = max(step.rejected, 1)
        placed = [
            ErrorLine(line.record, line.field, line.message, line.stage, step.position, line.row)
            for line in lines
        ]
        self._records.blame(step.execution, placed)

    # -- staging to target --------------------------------------------------------------------

    def _to_target(self, execution: Execution, step: Step) -> Work:
        records = self._records
        step.target = "Executing"
        records.save(step)
        self._show(step)
        composite = self._projects.composite(step.entity)
        if composite is not None:
            yield from self._composites_to_target(execution, step, composite)
        elif step.spec.maps:
            entity = self._projects.entity(step.entity)
            yield from self._truncate(execution, step, entity)
            yield from self._rows_to_target(execution, step, entity)
        step.target = "Error" if step.failed else "Finished"

    def _truncate(self, execution: Execution, step: Step, entity: DataEntity) -> Work:
        while step.spec.truncates and not step.is_truncated:
            with self._records.store.atomic():
                done = self._entities.delete_some(
                    entity.entity_set,
                    company=execution.company,
                    user=execution.user,
                    most=_MOST,
                )
                step.is_truncated = done < _MOST
                self._records.save(step)
            yield 0.0

    def _composites_to_target(
        self, execution: Execution, step: Step, composite: composites.Composite
    ) -> Work:
        while step.next < step.total:
            block = self._records.staged(step, step.next)
            if block is None:
                raise LookupError(f"row {step.next} of {step.entity} is not staged")
            at = step.next - block.first
            part = block.rows[at : at + _COMPOSITES]
            with self._records.store.atomic():
                composites.write(
                    self._records,
                    self._entities,
                    composite,
                    step,
                    part,
                    company=execution.company,
                    user=execution.user,
                )
                step.next += len(part)
                self._records.save(step)
            yield self._pace.target(step.entity, len(part), step.total)

    def _rows_to_target(self, execution: Execution, step: Step, entity: DataEntity) -> Work:
        maps = mapping(entity.name, self._projects.fields(entity), step.spec.maps)
        defaults = [(found.name, line.default) for line, found in maps if line.is_auto_default]
        names = [found.name for line, found in maps if not line.is_auto_generated]
        slices = Slices(_FIRST, _MOST)
        block = self._records.staged(step, 0)
        while step.next < step.total:
            if block is None or not block.first <= step.next < block.first + len(block.rows):
                block = self._records.staged(step, step.next)
            if block is None:
                raise LookupError(f"row {step.next} of {step.entity} is not staged")
            at = step.next - block.first
            part = block.rows[at : at + slices.rows()]
            slices.begin()
            with self._records.store.atomic():
                outcomes = self._entities.write(
                    entity.entity_set,
                    names,
                    _with_defaults(part, names, defaults),
                    company=execution.company,
                    user=execution.user,
                    validates=step.spec.runs_validation,
                    runs_logic=step.spec.runs_logic,
                )
                self._account(step, entity, names, block, at, outcomes)
                step.next += len(part)
                self._records.save(step)
            slices.did(len(part))
            yield self._pace.target(step.entity, len(part), step.total)

    def _account(
        self,
        step: Step,
        entity: DataEntity,
        names: Sequence[str],
        block: StagedBlock,
        at: int,
        outcomes: Sequence[Stored | Refused],
    ) -> None:
        errors: list[ErrorLine] = []
        for number, outcome in enumerate(outcomes, at):
            if isinstance(outcome, Stored):
                if outcome.is_new:
                    step.created += 1
                else:
                    step.updated += 1
                continue
            step.failed += 1
            line = block.lines[number]
            keys = {
                name.upper(): str(value if value is not None else "")
                for name, value in zip(names, block.rows[number], strict=True)
                if name in entity.key
            }
            column = block.columns.get(outcome.field, 0)
            place = f.placed(step.spec.input_file, line, column, outcome.field.upper())
            record = ", ".join(keys.values()) or str(line)
            errors += [
                ErrorLine(
                    record,
                    outcome.field.upper(),
                    f"{text} ({place})",
                    "target",
                    step.position,
                    keys,
                )
                for text in _texts(outcome.infolog)
            ]
        if errors:
            self._records.blame(step.execution, errors)


def _texts(infolog: Sequence[str]) -> list[str]:
    """Infolog entries without their levels; those that only name the method stay out."""
    texts = [entry.partition(": ")[2] or entry for entry in infolog]
    return [text for text in texts if not text.startswith(_SILENT)] or texts[:1]


def _with_defaults(
    rows: Sequence[Sequence[Any]], names: Sequence[str], defaults: Sequence[tuple[str, str]]
) -> Sequence[Sequence[Any]]:
    """Rows where a mapping's default fills what the file left empty."""
    places = [(names.index(name), value) for name, value in defaults if value]
    if not places:
        return rows
    filled = [list(row) for row in rows]
    for row in filled:
        for place, value in places:
            if row[place] is None:
                row[place] = value
    return filled

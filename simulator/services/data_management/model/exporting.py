"""An export: every entity of the project into a data file, all of them into one package.

Entities are read page by page and written into a draft of the blob, which becomes the blob when the
zip is whole; tokens of incremental exports move with the success of the job. Source: "Data
management package REST API", "Incremental export".
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any, BinaryIO, Final

from windtunnel.simulator.kernel.background import Slices, Work
from windtunnel.simulator.services.data_management import faults as f
from windtunnel.simulator.services.data_management.errors import PackageActionRefused
from windtunnel.simulator.services.data_management.formats.files import FileWriter, new_file
from windtunnel.simulator.services.data_management.model.composites import Composite, Writer
from windtunnel.simulator.services.data_management.model.pacing import Pace
from windtunnel.simulator.services.data_management.model.projects import Projects
from windtunnel.simulator.services.data_management.model.records import (
    ErrorLine,
    Execution,
    Records,
    Step,
)
from windtunnel.simulator.services.data_management.model.staging import mapping
from windtunnel.simulator.services.data_management.package.archive import (
    HEADER,
    MANIFEST,
    new_archive,
)
from windtunnel.simulator.services.data_management.package.manifest import (
    Manifest,
    PackageEntity,
    write_header,
    write_manifest,
)
from windtunnel.simulator.services.data_management.ports import Blobs, Draft, Entities
from windtunnel.simulator.services.data_management.regional import Regional
from windtunnel.simulator.services.data_management.values import Field, shower

CONTAINER: Final = "temporary-file"
_FIRST, _MOST = 1, 500
_MEGABYTE: Final = 1 << 20


class Stuck(Exception):
    """An entity without a mapping: the export stays Executing for ever. Source: measured."""


class Exporting:
    """Does the work of one export as a whole."""

    def __init__(
        self,
        records: Records,
        projects: Projects,
        entities: Entities,
        blobs: Blobs,
        pace: Pace,
        megabytes: int,
        new_id: Callable[[], str],
        show: Callable[[Step], None],
    ) -> None:
        self._records, self._projects, self._entities = records, projects, entities
        self._blobs, self._pace, self._megabytes = blobs, pace, megabytes
        self._new_id, self._show = new_id, show

    def run(self, execution: Execution, steps: Sequence[Step]) -> Work:
        """All entities into one package; ends with every step finished or failed. Raises Stuck."""
        with self._blobs.draft() as draft, new_archive(draft.file) as archive:
            tokens: list[tuple[str, int]] = []
            specs: list[PackageEntity] = []
            for step in steps:
                step.staging, step.target = "NotRun", "Executing"
                self._records.save(step)
                self._show(step)
                composite = self._projects.composite(step.entity)
                if not step.spec.maps and composite is None:
                    raise Stuck(step.entity)
                try:
                    seen = self._entities.version()
                    if composite is not None:
                        spec = yield from self._composite(execution, step, composite, archive.open)
                    else:
                        spec = yield from self._entity(execution, step, archive.open, draft.file)
                    if composite is None and self._since(execution, step)[0]:
                        tokens.append((step.entity, seen))
                except f.FileFault as fault:
                    self._blame(step, fault.full, fault.field)
                except PackageActionRefused as refusal:
                    self._blame(step, str(refusal), "")
                else:
                    specs.append(spec)
                    step.target = "Finished"
                self._records.save(step)
                self._show(step)
            manifest = Manifest(execution.project, execution.project, tuple(specs))
            archive.writestr(HEADER, write_header(manifest))
            archive.writestr(MANIFEST, write_manifest(manifest))
            archive.close()
            if specs:
                self._upload(execution, draft)
                for entity, seq in tokens:
                    self._records.set_token(execution.project, entity, execution.company, seq)

    def _blame(self, step: Step, text: str, field: str) -> None:
        step.target, step.failed = "Error", 1
        self._records.blame(step.execution, [ErrorLine("", field, text, "target", step.position)])

    def _upload(self, execution: Execution, draft: Draft) -> None:
        name = execution.options.get("packageName") or execution.project
        unique = f"{{{self._new_id().upper()}}}"
        execution.package = f"{unique}/{name}_{unique}_DMFPackage.zip"
        draft.store(CONTAINER, execution.package)

    # -- one entity ---------------------------------------------------------------------------

    def _since(self, execution: Execution, step: Step) -> tuple[bool, int | None]:
        """Whether the entity is exported by change tracking, and since when; None is full."""
        is_asked = execution.options.get("delta") or step.spec.refresh_type == "Incremental"
        entity = self._projects.entity(step.entity)
        if not is_asked or not self._projects.is_tracked(entity):
            return False, None
        return True, self._records.token(execution.project, step.entity, execution.company)

    def _entity(
        self,
        execution: Execution,
        step: Step,
        open_member: Callable[..., Any],
        file: BinaryIO,
    ) -> Generator[float, None, PackageEntity]:
        entity = self._projects.entity(step.entity)
        maps = mapping(entity.name, self._projects.fields(entity), step.spec.maps)
        source_format = self._projects.source_format(step.spec.source_format)
        name = f"{_file_name(entity.name)}.{source_format.extension}"
        made = new_file(
            source_format,
            [line.xml_field for line, _ in maps],
            element=entity.target,
            widths=[found.width for _, found in maps],
            file=name,
            sheet=step.spec.sheet,
        )
        left = execution.options.get("count") or None
        slices = Slices(_FIRST, _MOST)
        pages = self._entities.pages(
            entity.entity_set,
            [found.name for _, found in maps],
            company=execution.company,
            since=self._since(execution, step)[1],
            size=slices.rows,
            where=self._projects.filter(execution.project, step.entity),
        )
        show = _shower([found for _, found in maps], source_format.regional)
        with open_member(name, "w", force_zip64=True) as member:
            for found in pages:
                page = found if left is None else found[:left]
                member.write(made.write(show(page)))
                step.created += len(page)
                if file.tell() > self._megabytes * _MEGABYTE:
                    raise f.ExportTooLarge(file=name, megabytes=self._megabytes)
                slices.did(len(found))
                yield self._pace.export(step.entity, len(page))
                slices.begin()
                if left is not None:
                    left -= len(page)
                    if left <= 0:
                        break
            yield from _finish(made, member.write)
        step.total = step.staged = step.created
        return replace(step.spec, input_file=name, maps=tuple([line for line, _ in maps]))

    def _composite(
        self,
        execution: Execution,
        step: Step,
        composite: Composite,
        open_member: Callable[..., Any],
    ) -> Generator[float, None, PackageEntity]:
        source_format = self._projects.source_format(step.spec.source_format)
        name = f"{_file_name(step.entity)}.xml"
        if not source_format.kind.startswith("xml"):
            raise f.CompositeNotXml(file=name, entity=step.entity)
        made = Writer(self._entities, composite, source_format, name)
        header = composite.header
        slices = Slices(_FIRST, _MOST)
        left = execution.options.get("count") or None
        with open_member(name, "w", force_zip64=True) as member:
            member.write(made.begin())
            for found in self._entities.pages(
                header.entity.entity_set,
                [item.name for item in header.fields],
                company=execution.company,
                since=None,
                size=slices.rows,
                where=self._projects.filter(execution.project, step.entity),
            ):
                page = found if left is None else found[:left]
                member.write(made.write(page, execution.company))
                step.created += len(page)
                slices.did(len(found))
                yield self._pace.export(step.entity, len(page))
                slices.begin()
                if left is not None:
                    left -= len(page)
                    if left <= 0:
                        break
            member.write(made.end())
        step.total = step.staged = step.created
        return replace(step.spec, input_file=name)


def _finish(made: FileWriter, write: Callable[[bytes], object]) -> Work:
    for piece in made.end():
        write(piece)
        yield 0.0


def _file_name(entity: str) -> str:
    """The label, without what a file's name cannot hold."""
    return "".join("_" if c in '<>:"/\\|?*' or c < " " else c for c in entity)


def _shower(
    found: Sequence[Field], regional: Regional | None
) -> Callable[[Sequence[tuple[Any, ...]]], list[Sequence[str]]]:
    """Stored rows to rows of texts, column by column: a column mostly holds few values."""
    shows = [shower(item, regional) for item in found]
    known: list[dict[Any, str]] = [{} for _ in shows]

    def texts(column: Sequence[Any], place: int) -> Sequence[str]:
        show, seen = shows[place], known[place]
        if show is None:
            return column if None not in column else ["" if v is None else v for v in column]
        if len(seen) > 10_000:
            seen.clear()
        for value in set(column):
            if value not in seen:
                seen[value] = "" if value is None else show(value)
        return list(map(seen.__getitem__, column))

    def rows(page: Sequence[tuple[Any, ...]]) -> list[Sequence[str]]:
        columns = zip(*page, strict=True)
        shown = [texts(column, place) for place, column in enumerate(columns)]
        return list(zip(*shown, strict=True))

    return rows

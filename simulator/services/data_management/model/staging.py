"""Source to staging: a data file of the package, checked column by column, into staged blocks.

Whatever is at fault in the file fails the entity as a whole: the target is not touched. Faulty
values are collected up to a bound, so that one run names many. Source: "Data management error
descriptions".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from windtunnel.simulator.services.data_management import faults as f
from windtunnel.simulator.services.data_management.formats.files import open_file
from windtunnel.simulator.services.data_management.formats.source_format import (
    Block,
    Columns,
    Source,
    SourceFormat,
)
from windtunnel.simulator.services.data_management.model.records import (
    ErrorLine,
    Records,
    Step,
)
from windtunnel.simulator.services.data_management.package.manifest import FieldMap
from windtunnel.simulator.services.data_management.ports import DataEntity
from windtunnel.simulator.services.data_management.values import (
    BadText,
    Convert,
    Field,
    bad_values,
    converter,
)

MOST_ERRORS: Final = 1_000
_NOWHERE: Final = -1
"""The place of a column that the mapping's default value stands for."""


@dataclass(frozen=True, slots=True)
class Mapped:
    """One mapped column: its place in the file, the field it fills, how its texts become values."""

    place: int
    header: str
    field: Field
    convert: Convert


def mapping(
    entity: str, fields: Sequence[Field], maps: Sequence[FieldMap]
) -> list[tuple[FieldMap, Field]]:
    """The lines of a mapping with the fields they name. Raises FieldUnknown."""
    by_name = {item.name.upper(): item for item in fields}
    found = []
    for line in maps:
        known = by_name.get(line.entity_field.upper())
        if known is None:
            raise f.FieldUnknown(
                file="Manifest.xml",
                field=line.entity_field,
                name=line.entity_field,
                entity=entity,
            )
        found.append((line, known))
    return found


class Staging:
    """Stages one step; `run` gives the number of rows after each block."""

    def __init__(
        self,
        records: Records,
        entity: DataEntity,
        fields: Sequence[Field],
        step: Step,
        source_format: SourceFormat,
    ) -> None:
        self._records, self._entity, self._step = records, entity, step
        self._fields = fields
        self._format = source_format
        self._errors = 0

    def run(self, source: Source) -> Iterator[int]:
        """Stage the file, block by block. Raises FileFault; what was staged does not count then."""
        step = self._step
        maps = mapping(self._entity.name, self._fields, step.spec.maps)
        columns = yield from open_file(
            source,
            self._format,
            entity=step.entity,
            element=self._entity.target.upper(),
            mapped=[line.xml_field for line, _ in maps if not line.is_auto_generated],
            sheet=step.spec.sheet,
        )
        mapped = self._columns(columns, maps, source.name)
        keys = self._key_places(mapped)
        is_empty = True
        for block in columns.blocks:
            if block.rows:
                is_empty = False
                self._stage(block, mapped, keys, source.name)
            yield len(block.rows)
        if is_empty:
            raise f.FileEmpty(file=source.name)
        if self._errors:
            step.staging, step.staged = "Error", 0
        else:
            step.staging, step.total = "Finished", step.staged

    def _columns(
        self, columns: Columns, maps: Sequence[tuple[FieldMap, Field]], file: str
    ) -> list[Mapped]:
        """Mapped columns; the header and the mapping must name the same ones."""
        places = {name.upper(): place for place, name in enumerate(columns.header)}
        wanted = [(line, found) for line, found in maps if not line.is_auto_generated]
        if len(columns.header) == 1 and len(wanted) > 1 and self._format.kind == "delimited":
            raise f.DelimiterMissing(file=file, line=1, column=1)
        known = [line for line, _ in wanted if line.xml_field.upper() in places]
        if wanted and not known and not self._format.kind.startswith("xml"):
            header = ",".join(columns.header)[:100]
            raise f.ColumnsDiffer(file=file, line=1, column=1, header=header)
        mapped = []
        for line, found in wanted:
            place = places.pop(line.xml_field.upper(), None)
            if place is None and line.is_auto_default:
                place = _NOWHERE
            elif place is None:
                raise f.ColumnMissing(file=file, line=1, field=line.xml_field, name=line.xml_field)
            convert = converter(found, line.conversions, self._format.regional)
            mapped.append(Mapped(place, line.xml_field, found, convert))
        for name, place in places.items():
            raise f.ColumnUnmapped(
                file=file, line=1, column=place + 1, name=columns.header[place], field=name
            )
        return mapped

    def _key_places(self, mapped: Sequence[Mapped]) -> list[int]:
        """Where the key stands in a staged row; nowhere when part of it is not mapped."""
        names = [line.field.name for line in mapped]
        keys = [name for name in self._entity.key if name != "dataAreaId"]
        return [names.index(name) for name in keys] if set(keys) <= set(names) else []

    def _stage(
        self, block: Block, mapped: Sequence[Mapped], keys: Sequence[int], file: str
    ) -> None:
        texts = list(zip(*block.rows, strict=True))
        values: list[Sequence[Any]] = []
        bad: set[int] = set()
        for line in mapped:
            if line.place == _NOWHERE:
                values.append([None] * len(block.rows))
                continue
            try:
                values.append(line.convert(texts[line.place]))
            except BadText:
                bad |= self._reject(block, line, texts[line.place], mapped, file)
        self._step.rejected += len(bad)
        if self._errors:
            return
        rows = list(zip(*values, strict=True))
        with self._records.store.atomic():
            if keys:
                self._keep_keys(block, rows, keys, file, self._column_of(mapped[keys[-1]].place))
            places = {line.field.name: self._column_of(line.place) for line in mapped}
            self._records.stage(self._step, block.lines, rows, places)
            self._step.staged += len(rows)

    def _column_of(self, place: int) -> int:
        """A column's number in the file; 0 where there is none."""
        return 0 if self._format.kind.startswith("xml") else place + 1

    def _reject(
        self,
        block: Block,
        line: Mapped,
        texts: Sequence[str],
        mapped: Sequence[Mapped],
        file: str,
    ) -> set[int]:
        lines: list[ErrorLine] = []
        bad = set()
        for row, fault, values in bad_values(texts, line.convert):
            made = fault(
                file=file,
                line=block.lines[row],
                column=self._column_of(line.place),
                field=line.header,
                **values,
            )
            rejected = {
                item.header: block.rows[row][item.place]
                for item in mapped
                if item.place != _NOWHERE
            }
            bad.add(row)
            lines.append(self._error(str(block.lines[row]), made, rejected))
        left = MOST_ERRORS - self._errors
        self._errors += len(lines)
        self._records.blame(self._step.execution, lines[: max(left, 0)])
        return bad

    def _error(self, record: str, fault: f.FileFault, row: dict[str, str]) -> ErrorLine:
        return ErrorLine(record, fault.field, fault.full, "staging", self._step.position, row)

    def _keep_keys(
        self,
        block: Block,
        rows: Sequence[Sequence[Any]],
        keys: Sequence[int],
        file: str,
        column: int,
    ) -> None:
        """Refuse a key that a row before had; texts compare without case, as in the target."""
        step = self._step
        made = []
        for line, row in zip(block.lines, rows, strict=True):
            parts = [row[place] for place in keys]
            if any(part is None for part in parts):
                continue  # a number sequence or a default fills it in the target
            text = "\x1f".join([str(part) for part in parts]).casefold()
            made.append((step.execution, step.position, text, line))
        sql = "INSERT INTO dmf_keys VALUES (?,?,?,?)"
        try:
            with self._records.store.atomic():
                self._records.store.write_many(sql, made)
        except sqlite3.IntegrityError:
            shown = {
                line: [str(row[place]) for place in keys]
                for line, row in zip(block.lines, rows, strict=True)
            }
            raise self._twice(made, shown, file, column) from None

    def _twice(
        self,
        made: Sequence[tuple[Any, ...]],
        shown: Mapping[int, Sequence[str]],
        file: str,
        column: int,
    ) -> f.FileFault:
        seen: dict[str, int] = {}
        for execution, position, key, line in made:
            before = self._records.store.read(
                "SELECT line FROM dmf_keys WHERE execution=? AND position=? AND key=?",
                (execution, position, key),
            ).fetchone()
            first = before[0] if before else seen.setdefault(key, line)
            if first != line:
                names = [name.upper() for name in self._entity.key if name != "dataAreaId"]
                written = ", ".join([f"{n}: {v}" for n, v in zip(names, shown[line], strict=True)])
                return f.KeyTwice(
                    file=file, line=line, column=column, field=names[-1], key=written, first=first
                )
        raise LookupError("two rows of one key were not found again")

"""Composite entities: a record with the records of other entities inside, in and out as XML.

A composite is all or nothing: a line that is refused takes its header with it. Every entity must
have an element in each record, which may be empty. Sources: "Data entities and packages" and "Data
management error descriptions" (MAP011, DMF1830, DMF1963); names of the shipped ones are assumed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from windtunnel.simulator.services.data_management import faults as f
from windtunnel.simulator.services.data_management.formats import xml_files
from windtunnel.simulator.services.data_management.formats.source_format import (
    Source,
    SourceFormat,
)
from windtunnel.simulator.services.data_management.model.records import (
    ErrorLine,
    Records,
    Step,
)
from windtunnel.simulator.services.data_management.ports import (
    DataEntity,
    Entities,
    Refused,
)
from windtunnel.simulator.services.data_management.values import (
    BadText,
    Convert,
    Field,
    converter,
    shower,
)


@dataclass(frozen=True, slots=True)
class Part:
    """One entity inside; `pairs` are its columns and those of the header that they repeat."""

    entity: DataEntity
    fields: tuple[Field, ...]
    pairs: tuple[tuple[str, str], ...] = ()

    @property
    def element(self) -> str:
        """Its element in a file."""
        return self.entity.target.upper()


@dataclass(frozen=True, slots=True)
class Composite:
    """A header and what stands inside it; `target` is the composite's own AOT name."""

    name: str
    target: str
    header: Part
    lines: tuple[Part, ...]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The header first."""
        return (self.header, *self.lines)


class _LineRefused(Exception):
    def __init__(self, part: Part, line: int, refusal: Refused) -> None:
        self.part, self.line, self.refusal = part, line, refusal
        super().__init__()


# -- in -------------------------------------------------------------------------------------------


def stage(records: Records, composite: Composite, step: Step, source: Source) -> Iterator[int]:
    """Stage a file; gives the number of composites after each block. Raises FileFault."""
    readers = {part.element: _Reader(place, part) for place, part in enumerate(composite.parts)}
    lines: list[int] = []
    rows: list[Any] = []
    for found in xml_files.records(source, readers):
        for record in found:
            rows.append(_composite(composite, record, readers, source.name))
            lines.append(record[0])
        yield _keep(records, step, lines, rows) if rows else 0
        lines, rows = [], []
    if rows:
        yield _keep(records, step, lines, rows)
    if not step.staged:
        raise f.FileEmpty(file=source.name)
    step.staging, step.total = "Finished", step.staged


def _keep(records: Records, step: Step, lines: list[int], rows: list[Any]) -> int:
    with records.store.atomic():
        records.stage(step, lines, rows, {})
        step.staged += len(rows)
    return len(rows)


def _composite(
    composite: Composite, record: xml_files.Record, readers: Mapping[str, _Reader], file: str
) -> list[Any]:
    """Place of the part, line and values of the header and of every line that is not empty."""
    line, name, fields, children = record
    if name != composite.header.element:
        wanted = composite.header.element
        reason = f"the element '{name}' stands where a record '{wanted}' is expected."
        raise f.XmlBroken(file=file, line=line, reason=reason)
    there = {child[1] for child in children}
    for part in composite.lines:
        if part.element not in there:
            raise f.NodeMissing(file=file, line=line, name=part.element)
    made = [[0, line, readers[name].values(fields, line, file)]]
    for child_line, child, values, inside in children:
        if inside:
            raise f.XmlBroken(file=file, line=child_line, reason="a line holds another record.")
        if any(values.values()):
            reader = readers[child]
            made.append([reader.place, child_line, reader.values(values, child_line, file)])
    return made


class _Reader:
    """Texts of one part's records to values."""

    def __init__(self, place: int, part: Part) -> None:
        self.place = place
        self._fields: dict[str, tuple[Field, Convert]] = {
            item.name.upper(): (item, converter(item)) for item in part.fields
        }

    def values(self, texts: Mapping[str, str], line: int, file: str) -> dict[str, Any]:
        """Values by property. Raises FileFault."""
        made = {}
        for name, text in texts.items():
            known = self._fields.get(name)
            if known is None:
                raise f.ColumnUnmapped(file=file, line=line, field=name, name=name)
            item, convert = known
            try:
                (made[item.name],) = convert([text])
            except BadText as bad:
                raise bad.fault(file=file, line=line, field=name, **bad.values) from None
        return made


def write(
    records: Records,
    entities: Entities,
    composite: Composite,
    step: Step,
    rows: Sequence[Any],
    *,
    company: str,
    user: str,
) -> None:
    """Bring staged composites into the target, each of them whole or not at all."""
    for row in rows:
        try:
            with records.store.atomic():
                _write_one(entities, composite, step, row, company, user)
        except _LineRefused as refused:
            step.failed += 1
            place = f"(file '{step.spec.input_file}', line {refused.line})"
            texts = [entry.partition(": ")[2] or entry for entry in refused.refusal.infolog]
            records.blame(
                step.execution,
                [
                    ErrorLine(
                        str(row[0][1]),
                        refused.refusal.field.upper(),
                        f"{text} {place}",
                        "target",
                        step.position,
                    )
                    for text in texts
                ],
            )


def _write_one(
    entities: Entities, composite: Composite, step: Step, row: Any, company: str, user: str
) -> None:
    counts = [0, 0]
    header: dict[str, Any] = {}
    for place, line, values in row:
        part = composite.parts[place]
        sent = {**values, **{own: header[name] for own, name in part.pairs}}
        (outcome,) = entities.write(
            part.entity.entity_set,
            list(sent),
            [list(sent.values())],
            company=company,
            user=user,
            validates=step.spec.runs_validation,
            runs_logic=step.spec.runs_logic,
        )
        if isinstance(outcome, Refused):
            raise _LineRefused(part, line, outcome)
        counts[outcome.is_new] += 1
        if place == 0:
            header = {**values, **dict(zip(part.entity.key, outcome.key, strict=True))}
    step.updated += counts[0]
    step.created += counts[1]


# -- out ------------------------------------------------------------------------------------------


class Writer:
    """Composites of stored headers as XML."""

    def __init__(
        self, entities: Entities, composite: Composite, source_format: SourceFormat, file: str
    ) -> None:
        self._entities, self._composite, self._file = entities, composite, file
        self._as_attributes = source_format.kind == "xml-attribute"
        self._shows = {
            part.element: [(item.name.upper(), shower(item)) for item in part.fields]
            for part in composite.parts
        }
        self._names = [item.name for item in composite.header.fields]

    def begin(self) -> bytes:
        """The beginning of the file."""
        return f'<?xml version="1.0" encoding="utf-8"?>\n<{xml_files.ROOT}>\n'.encode()

    def end(self) -> bytes:
        """The end of the file."""
        return f"</{xml_files.ROOT}>\n".encode()

    def write(self, headers: Sequence[Sequence[Any]], company: str) -> bytes:
        """Headers with what stands inside. Raises ControlCharacter."""
        return "".join([self._one(header, company) for header in headers]).encode()

    def _one(self, header: Sequence[Any], company: str) -> str:
        stored = dict(zip(self._names, header, strict=True))
        inside = []
        for part in self._composite.lines:
            names = [item.name for item in part.fields]
            wanted = {own: stored[name] for own, name in part.pairs}
            rows = self._entities.related(part.entity.entity_set, names, wanted, company=company)
            inside += [self._element(part, row, ()) for row in rows]
            if not rows:
                inside.append(f"<{part.element} />")
        return self._element(self._composite.header, header, inside)

    def _element(self, part: Part, row: Sequence[Any], inside: Sequence[str]) -> str:
        texts = {
            name: ("" if value is None else value if show is None else show(value))
            for (name, show), value in zip(self._shows[part.element], row, strict=True)
        }
        return xml_files.nested(
            part.element, texts, inside, self._file, as_attributes=self._as_attributes
        )

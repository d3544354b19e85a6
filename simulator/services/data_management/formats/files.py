"""Any data file by its source format: opened as columns and blocks, written row by row."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from windtunnel.simulator.services.data_management.formats import (
    delimited,
    fixed_width,
    xml_files,
)
from windtunnel.simulator.services.data_management.formats.source_format import (
    Columns,
    Source,
    SourceFormat,
)

if TYPE_CHECKING:
    from windtunnel.simulator.services.data_management.formats import excel

# openpyxl, and the numpy that it brings, take a third of a second: only who has a workbook waits.


class FileWriter(Protocol):
    """A data file under construction."""

    def write(self, rows: Iterable[Sequence[str]]) -> bytes:
        """Add rows; returns the bytes that are ready. Raises FileFault."""
        ...

    def end(self) -> Iterator[bytes]:
        """The rest of the file."""
        ...


def open_file(
    source: Source,
    source_format: SourceFormat,
    *,
    entity: str,
    element: str,
    mapped: Sequence[str],
    sheet: str = "",
) -> Generator[int, None, Columns]:
    """Open a data file, in slices that give no row; `mapped` are the columns the mapping wants.

    Raises FileFault.
    """
    match source_format.kind:
        case "delimited":
            return delimited.read(source, source_format, entity)
        case "fixed":
            return fixed_width.read(source, source_format)
        case "excel":
            from windtunnel.simulator.services.data_management.formats import excel

            return (yield from excel.read(source, sheet))
        case "xml-element" | "xml-attribute":
            return xml_files.read(source, element, mapped)


def new_file(
    source_format: SourceFormat,
    header: Sequence[str],
    *,
    element: str,
    widths: Sequence[int],
    file: str,
    sheet: str = "",
) -> FileWriter:
    """Begin a data file. Raises FileFault."""
    match source_format.kind:
        case "delimited":
            return _Text(delimited.writer(source_format, header, file))
        case "fixed":
            return _Text(fixed_width.writer(source_format, header, widths, file))
        case "excel":
            from windtunnel.simulator.services.data_management.formats import excel

            return _Excel(excel.Writer(sheet or excel.sheet_of(element), header, file))
        case "xml-element" | "xml-attribute":
            write, end = xml_files.writer(source_format, element, header, file)
            return _Text(write, end)


class _Text:
    def __init__(self, write: WriteRows, end: bytes = b"") -> None:
        self._write, self._end = write, end
        self._is_begun = False

    def write(self, rows: Iterable[Sequence[str]]) -> bytes:
        self._is_begun = True
        return self._write(rows)

    def end(self) -> Iterator[bytes]:
        if not self._is_begun:
            yield self._write([])
        yield self._end


class _Excel:
    def __init__(self, book: excel.Writer) -> None:
        self._book = book

    def write(self, rows: Iterable[Sequence[str]]) -> bytes:
        return self._book.write(rows)

    def end(self) -> Iterator[bytes]:
        return self._book.pieces()


class WriteRows(Protocol):
    """A function from rows to bytes."""

    def __call__(self, rows: Iterable[Sequence[str]], /) -> bytes:
        """Bytes of these rows, the beginning of the file before the first."""
        ...

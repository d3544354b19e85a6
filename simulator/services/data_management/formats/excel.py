"""EXCEL: one worksheet, at most 255 columns, the first row are the names. By openpyxl.

Texts above 255 characters are cut on export, as the framework cuts them. A workbook is a zip of its
own: it is checked as a package is before a byte is unpacked. Source: "Data management error
descriptions and known limitations".
"""

from __future__ import annotations

import datetime as dt
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any, BinaryIO, Final, cast
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml.common import DefusedXmlException
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.utils.exceptions import IllegalCharacterError, InvalidFileException

from windtunnel.simulator.services.data_management.faults import (
    ControlCharacter,
    ExcelBroken,
    ExcelColumns,
    ExcelFull,
    FileEmpty,
    HeaderMissing,
    PackageFault,
    RowBroken,
)
from windtunnel.simulator.services.data_management.formats.delimited import check_header
from windtunnel.simulator.services.data_management.formats.source_format import (
    ROWS,
    Block,
    Columns,
    Source,
)
from windtunnel.simulator.services.data_management.package.archive import Archive, Bounds

MOST_COLUMNS: Final = 255
MOST_ROWS: Final = 1_048_576
LONGEST_TEXT: Final = 255
_BOUNDS: Final = Bounds(unpacked_bytes=1 << 29)
_PIECE: Final = 1 << 20
_BROKEN: Final = (
    zipfile.BadZipFile,
    InvalidFileException,
    ParseError,
    DefusedXmlException,
    KeyError,
    ValueError,
    TypeError,
    OSError,
    EOFError,
)
"""What openpyxl raises for a file that is no workbook."""


def sheet_of(entity: str) -> str:
    """`Customer groups` as the worksheet `Customer_groups`."""
    return "".join(c if c.isalnum() else "_" for c in entity)[:31] or "Sheet1"


def read(source: Source, sheet: str) -> Columns:
    """Open a workbook's sheet; the first one when none is named. Raises FileFault."""
    file = cast(
        BinaryIO,
        tempfile.SpooledTemporaryFile(max_size=8 << 20),  # noqa: SIM115 - the blocks close it
    )
    try:
        while piece := source.read(_PIECE):
            file.write(piece)
        rows = _rows(file, source.name, sheet.removesuffix("$"))
        first = _header(next(rows, []), source.name)
    except BaseException:
        file.close()
        raise
    return Columns(first, _blocks(rows, len(first), source.name, file))


def _header(first: list[str], file: str) -> tuple[str, ...]:
    while first and not first[-1]:
        first.pop()
    if not first:
        raise HeaderMissing(file=file, line=1)
    if len(first) > MOST_COLUMNS:
        raise ExcelColumns(file=file, line=1, count=len(first))
    check_header(first, file)
    return tuple(first)


def _rows(file: BinaryIO, name: str, sheet: str) -> Iterator[list[str]]:
    if not file.tell():
        raise FileEmpty(file=name)
    try:
        Archive(file, _BOUNDS).close()
        file.seek(0)
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        page = book[sheet] if sheet else book.worksheets[0]
        page.reset_dimensions()
        for row in page.iter_rows(values_only=True):
            yield [_text(value) for value in row]
    except PackageFault as error:
        raise ExcelBroken(file=name, reason=error.message) from error
    except _BROKEN as error:
        raise ExcelBroken(file=name, reason=f"this is no workbook: {error}") from error


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case _:
            return str(value)


def _blocks(rows: Iterator[list[str]], width: int, file: str, opened: IO[bytes]) -> Iterator[Block]:
    block, fault = Block([], []), None
    try:
        for number, row in enumerate(rows, 2):
            if not any(row):
                continue
            if any(row[width:]):
                fault = RowBroken(
                    file=file, line=number, column=width + 1, reason="it has too many values"
                )
                break
            block.lines.append(number)
            block.rows.append((row + [""] * (width - len(row)))[:width])
            if len(block.rows) >= ROWS:
                yield block
                block = Block([], [])
        if block.rows:
            yield block
        if fault is not None:
            raise fault
    finally:
        opened.close()


class Writer:
    """Collects rows in a temporary file; `pieces` is the finished workbook."""

    def __init__(self, sheet: str, header: Sequence[str], file: str) -> None:
        """Begin a sheet. Raises ExcelColumns."""
        if len(header) > MOST_COLUMNS:
            raise ExcelColumns(file=file, count=len(header))
        self._book = openpyxl.Workbook(write_only=True)
        self._page = self._book.create_sheet(sheet.removesuffix("$"))
        self._file, self._rows = file, 1
        self._page.append(list(header))

    def write(self, rows: Iterable[Sequence[str]]) -> bytes:
        """Add rows; nothing of the file is ready before its end. Raises FileFault."""
        for row in rows:
            if self._rows >= MOST_ROWS:
                raise ExcelFull(file=self._file)
            self._rows += 1
            try:
                self._page.append([self._cell(value[:LONGEST_TEXT]) for value in row])
            except IllegalCharacterError as error:
                raise ControlCharacter(file=self._file, line=self._rows) from error
        return b""

    def _cell(self, value: str) -> str | Cell:
        """The value as text, also where Excel would take it for a formula or an error."""
        if not value.startswith(("=", "#")):
            return value
        cell = WriteOnlyCell(self._page, value)
        cell.data_type = "s"
        return cell

    def pieces(self) -> Iterator[bytes]:
        """The workbook's bytes."""
        with tempfile.TemporaryFile() as file:
            self._book.save(file)
            file.seek(0)
            while piece := file.read(_PIECE):
                yield piece

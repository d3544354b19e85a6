"""EXCEL: one worksheet, at most 255 columns, the first row are the names. By openpyxl.

Texts above 255 characters are cut on export, as the framework cuts them. A workbook is a zip of its
own: it is checked as a package is before a byte is unpacked. Opening and saving go in slices, and
shared texts wait in a file. Source: "Data management error descriptions and known limitations".
"""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import zipfile
from array import array
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, BinaryIO, Final, cast
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml.common import DefusedXmlException
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.cell.text import Text
from openpyxl.reader.excel import ExcelReader
from openpyxl.utils.exceptions import IllegalCharacterError, InvalidFileException
from openpyxl.writer.excel import ExcelWriter
from openpyxl.xml.constants import SHARED_STRINGS, SHEET_MAIN_NS
from openpyxl.xml.functions import iterparse

from windtunnel.simulator.services.data_management.faults import (
    ControlCharacter,
    ExcelBroken,
    ExcelColumns,
    ExcelFull,
    FileEmpty,
    HeaderMissing,
    MemberMissing,
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
_PIECE: Final = 1 << 18
_TEXTS: Final = 1_000
"""Shared texts that are read in one slice."""
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


def read(source: Source, sheet: str) -> Generator[int, None, Columns]:
    """Open a workbook's sheet, in slices; the first one when none is named. Raises FileFault."""
    with ExitStack() as opened:
        file = cast(BinaryIO, opened.enter_context(tempfile.SpooledTemporaryFile(max_size=8 << 20)))
        while piece := source.read(_PIECE):
            file.write(piece)
            yield 0
        texts = opened.enter_context(_Texts())
        rows = _rows(file, source.name, sheet.removesuffix("$"), texts)
        first: list[str] | None = None
        for row in rows:
            if row is not None:
                first = row
                break
            yield 0
        header = _header(first or [], source.name)
        blocks = _blocks(rows, len(header), source.name, opened.pop_all())
        next(blocks)  # from here on it closes what it has, also when nobody goes on
        return Columns(header, blocks)


def _header(first: list[str], file: str) -> tuple[str, ...]:
    while first and not first[-1]:
        first.pop()
    if not first:
        raise HeaderMissing(file=file, line=1)
    if len(first) > MOST_COLUMNS:
        raise ExcelColumns(file=file, line=1, count=len(first))
    check_header(first, file)
    return tuple(first)


class _Texts(Sequence[str]):
    """The texts that cells share: in a file, for there may be millions; the last used at hand."""

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=8 << 20)  # noqa: SIM115 - see __exit__
        self._ends = array("Q", [0])
        self._read = lru_cache(4_096)(self._text)

    def __enter__(self) -> _Texts:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def append(self, text: str) -> None:
        """Add a text behind the last."""
        self._ends.append(self._ends[-1] + self._file.write(text.encode("utf-8", "surrogatepass")))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, place: Any) -> Any:
        return self._read(place)

    def _text(self, place: int) -> str:
        if not 0 <= place < len(self):
            raise ValueError(f"there is no shared text {place}")
        start, end = self._ends[place : place + 2]
        self._file.seek(start)
        return self._file.read(end - start).decode("utf-8", "surrogatepass")


class _Reader(ExcelReader):
    """openpyxl's, but for the shared texts, which `texts` are filled with in slices."""

    def __init__(self, file: BinaryIO, texts: _Texts) -> None:
        super().__init__(file, read_only=True, data_only=True, keep_links=False)
        self.shared_strings = texts  # type: ignore[assignment]  # read by place only

    def read_strings(self) -> None:
        """Left to `fill`."""

    def fill(self, texts: _Texts) -> Iterator[None]:
        """Read the shared texts; gives control back again and again."""
        part = self.package.find(SHARED_STRINGS)  # type: ignore[no-untyped-call]  # openpyxl
        if part is None:
            return
        item = f"{{{SHEET_MAIN_NS}}}si"
        with self.archive.open(part.PartName[1:]) as stream:
            root = None
            for event, node in iterparse(stream, events=("start", "end")):
                if root is None:
                    root = node
                elif event == "end" and node.tag == item:
                    text: Any = Text.from_tree(node)
                    texts.append(text.content.replace("x005F_", ""))
                    root.clear()
                    if len(texts) % _TEXTS == 0:
                        yield


def _rows(file: BinaryIO, name: str, sheet: str, texts: _Texts) -> Iterator[list[str] | None]:
    """The rows of a sheet; None before them gives control back."""
    if not file.tell():
        raise FileEmpty(file=name)
    try:
        Archive(file, _BOUNDS).close()
        file.seek(0)
        reader = _Reader(file, texts)
        reader.read()
        for _ in reader.fill(texts):
            yield None
        book = reader.wb
        page = book[sheet] if sheet else book.worksheets[0]
        page.reset_dimensions()
        for number, row in enumerate(page.iter_rows(values_only=True), 1):
            if number > MOST_ROWS:
                raise ExcelFull(file=name, line=number)
            yield [_text(value) for value in row]
    except MemberMissing as error:
        raise ExcelBroken(file=name, reason="this is no workbook of the type xlsx") from error
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


def _blocks(
    rows: Iterator[list[str] | None], width: int, file: str, opened: ExitStack
) -> Iterator[Block]:
    """Rows in blocks, which may be empty where the sheet is."""
    block, fault, seen = Block([], []), None, 0
    with opened:
        yield block
        for number, row in enumerate(rows, 2):
            if row is None:
                continue
            seen += 1
            if any(row[width:]):
                fault = RowBroken(
                    file=file, line=number, column=width + 1, reason="it has too many values"
                )
                break
            if any(row):
                block.lines.append(number)
                block.rows.append((row + [""] * (width - len(row)))[:width])
            if seen >= ROWS:
                yield block
                block, seen = Block([], []), 0
        if block.rows:
            yield block
        if fault is not None:
            raise fault


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
        """The workbook's bytes; empty ones while it is put together."""
        with tempfile.TemporaryFile() as file, tempfile.TemporaryDirectory() as folder:
            with _Patient(file, Path(folder)) as archive:
                ExcelWriter(self._book, archive).write_data()
                yield from archive.compress()
            file.seek(0)
            while piece := file.read(_PIECE):
                yield piece


class _Patient(zipfile.ZipFile):
    """A zip that takes whole files at once and compresses them later, in slices."""

    def __init__(self, file: IO[bytes], folder: Path) -> None:
        super().__init__(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=1)
        self._folder, self._later = folder, list[tuple[Path, str]]()

    def write(self, filename: Any, arcname: Any = None, *_: Any, **__: Any) -> None:
        """Take a file over; its owner, who will delete it, keeps an empty one."""
        kept = self._folder / str(len(self._later))
        shutil.move(filename, kept)
        Path(filename).touch()
        self._later.append((kept, str(arcname)))

    def compress(self) -> Iterator[bytes]:
        """Bring in the files that were taken; gives nothing but control."""
        for path, name in self._later:
            with path.open("rb") as source, self.open(name, "w", force_zip64=True) as member:
                while piece := source.read(_PIECE):
                    member.write(piece)
                    yield b""

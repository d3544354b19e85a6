"""Delimited text: CSV and its kin, with text qualifier and row delimiter.

Rows end with the format's row delimiter and with nothing else: a file of bare line feeds under a
format of CR LF has no rows that the framework could map. Source: "Data import and export jobs".
"""

from __future__ import annotations

import csv
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import StringIO
from typing import Any, Final

from windtunnel.simulator.services.data_management.faults import (
    AnsiOnly,
    ColumnTwice,
    FileFault,
    HeaderMissing,
    MappingIncorrect,
    RowBroken,
    ValueInvalid,
)
from windtunnel.simulator.services.data_management.formats.source_format import (
    BLOCK_CHARACTERS,
    LONGEST_ROW,
    ROWS,
    Block,
    Columns,
    Source,
    SourceFormat,
)
from windtunnel.simulator.services.data_management.formats.text import decoded, lines

_MOST_COLUMNS: Final = 4_096
_LINE: Final = 64
"""What a line counts beside its characters: blank ones take time, too."""
_NAMESPACE: Final = uuid.UUID("6f1d0f3e-57a0-5d0b-9a61-0000000d0f00")


def read(source: Source, source_format: SourceFormat, entity: str) -> Columns:
    """Open a delimited file. Raises FileFault."""
    delimiter = source_format.row_delimiter
    found = lines(decoded(source, source_format), delimiter, source.name)
    first = next(found, "")
    if not first.strip():
        raise HeaderMissing(file=source.name, line=1)
    if delimiter == "\r\n" and ("\n" in first or "\r" in first):
        field = uuid.uuid5(_NAMESPACE, f"{source.name}/{first[:200]}")
        raise MappingIncorrect(file=source.name, line=1, entity=entity, field_id=str(field).upper())
    options = _dialect(source_format)
    try:
        header = next(csv.reader([first], **options))
    except (csv.Error, StopIteration) as error:
        raise HeaderMissing(file=source.name, line=1) from error
    names = tuple([name.strip() for name in header])
    check_header(names, source.name)
    taken = _Taken()
    rest = _counted(_rows(found, source_format), taken)
    return Columns(names, _blocks(rest, taken, options, len(names), source.name))


def check_header(names: Sequence[str], file: str) -> None:
    """Raises FileFault for columns without a name or twice."""
    if len(names) > _MOST_COLUMNS:
        raise RowBroken(file=file, line=1, reason=f"it has more than {_MOST_COLUMNS} columns")
    seen: set[str] = set()
    for number, name in enumerate(names, 1):
        if not name:
            raise HeaderMissing(file=file, line=1, column=number)
        if name.upper() in seen:
            raise ColumnTwice(file=file, line=1, column=number, name=name)
        seen.add(name.upper())


def _dialect(source_format: SourceFormat) -> dict[str, Any]:
    qualifier = source_format.text_qualifier
    return {
        "delimiter": source_format.column_delimiter,
        "quotechar": qualifier or None,
        "quoting": csv.QUOTE_MINIMAL if qualifier else csv.QUOTE_NONE,
        "strict": True,
    }


def _rows(found: Iterator[str], source_format: SourceFormat) -> Iterator[str]:
    """Lines as csv takes them: a delimiter inside a qualified value stays what it is."""
    end, qualifier = source_format.row_delimiter, source_format.text_qualifier
    if end in {"\r\n", "\n", "\r"} or not qualifier:
        last = end if end in {"\r\n", "\n", "\r"} else "\n"
        for line in found:
            yield line + last
        return
    held = ""
    for line in found:
        held = f"{held}{end}{line}" if held else line
        if held.count(qualifier) % 2 == 0:
            yield held
            held = ""
    if held:
        yield held


class _Taken:
    """Characters that csv took since the last block, and the first line of the row it is at."""

    def __init__(self) -> None:
        self.characters, self.line = 0, ""


def _counted(found: Iterator[str], taken: _Taken) -> Iterator[str]:
    """The same lines, until a row takes too many of them."""
    for line in found:
        taken.characters += len(line) + _LINE
        if taken.characters > BLOCK_CHARACTERS + LONGEST_ROW:
            raise csv.Error("it does not end")
        if not taken.line:
            taken.line = line
        yield line


def _blocks(
    found: Iterator[str], taken: _Taken, options: dict[str, Any], width: int, file: str
) -> Iterator[Block]:
    """Rows in blocks; the fault of a row comes after the good rows before it."""
    reader = csv.reader(found, **options)
    block, blank, line = Block([], []), 0, 2
    fault: FileFault | None = None
    while fault is None:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            fault = _broken(error, taken.line, options, {"file": file, "line": line})
            break
        except FileFault as error:
            error.line = error.line or line
            fault = error
            break
        if not row:
            blank = blank or line
        elif blank:
            fault = RowBroken(file=file, line=blank, reason="it is blank")
        elif len(row) != width:
            few = "few" if len(row) < width else "many"
            fault = RowBroken(
                file=file,
                line=line,
                column=min(len(row), width) + 1,
                reason=f"it has too {few} values, {len(row)} instead of {width}",
            )
        else:
            block.lines.append(line)
            block.rows.append(row)
        line, taken.line = reader.line_num + 2, ""
        if len(block.rows) >= ROWS or taken.characters > BLOCK_CHARACTERS:
            yield block
            block, taken.characters = Block([], []), 0
    if block.rows:
        yield block
    if fault is not None:
        raise fault


def _broken(
    error: csv.Error, first: str, options: dict[str, Any], place: dict[str, Any]
) -> FileFault:
    """The fault of a row that begins with the line `first`."""
    text, longest = str(error), csv.field_size_limit()
    if "field larger than" in text:
        parts = first.split(options["delimiter"])
        column = next((n for n, part in enumerate(parts, 1) if len(part) > longest), 0)
        reason = f"it is longer than {longest} characters"
        return ValueInvalid(
            **place, column=column, value=f"{parts[column - 1][:50]}", reason=reason
        )
    lenient: dict[str, Any] = {**options, "strict": False}
    column = len(next(csv.reader([first], **lenient), []))
    if "unexpected end of data" in text:
        text = "the file ends inside a qualified value"
    elif "expected after" in text:
        text = "a text qualifier stands inside a value"
    return RowBroken(**place, column=column, reason=text)


def writer(
    source_format: SourceFormat, header: Sequence[str], file: str
) -> Callable[[Iterable[Sequence[str]]], bytes]:
    """A function from rows to bytes; the first call begins the file. Raises AnsiOnly."""
    encoding, end = source_format.encoding, source_format.row_delimiter
    if not source_format.text_qualifier:
        return _plain_writer(source_format, header, file)
    options: dict[str, Any] = {**_dialect(source_format), "lineterminator": end}
    if end != "\r\n":
        options["quoting"] = csv.QUOTE_ALL
    is_begun = False

    special = (source_format.column_delimiter, source_format.text_qualifier, "\r", "\n")

    def write(rows: Iterable[Sequence[str]]) -> bytes:
        nonlocal is_begun
        listed = list(rows)
        start = b""
        if not is_begun:
            is_begun, start = True, source_format.bom
            if source_format.has_header:
                listed.insert(0, header)
        values = "".join(map("".join, listed))
        if end == "\r\n" and len(header) > 1 and not any(c in values for c in special):
            # csv looks at every character: four times what finding out that it need not takes
            text = "".join([source_format.column_delimiter.join(row) + end for row in listed])
            return start + _encoded(text, encoding, file)
        out = StringIO(newline="")
        csv.writer(out, **options).writerows(listed)
        return start + _encoded(out.getvalue(), encoding, file)

    return write


def _plain_writer(
    source_format: SourceFormat, header: Sequence[str], file: str
) -> Callable[[Iterable[Sequence[str]]], bytes]:
    """Without a qualifier a value cannot hold a delimiter."""
    delimiter, end = source_format.column_delimiter, source_format.row_delimiter
    encoding, is_begun = source_format.encoding, False

    def write(rows: Iterable[Sequence[str]]) -> bytes:
        nonlocal is_begun
        listed = list(rows)
        for row in listed:
            for name, value in zip(header, row, strict=True):
                if delimiter in value or end in value or "\n" in value or "\r" in value:
                    raise ValueInvalid(
                        file=file, field=name, value=value[:50], reason="it holds a delimiter"
                    )
        start = b""
        if not is_begun:
            is_begun, start = True, source_format.bom
            if source_format.has_header:
                listed.insert(0, header)
        text = "".join([delimiter.join(row) + end for row in listed])
        return start + _encoded(text, encoding, file)

    return write


def _encoded(text: str, encoding: str, file: str) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError as error:
        raise AnsiOnly(file=file, encoding=encoding) from error

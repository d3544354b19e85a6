"""Fixed width: every column begins where its name begins in the header.

unconfirmed: no source says how widths travel; in a file of ours the header row shows them. Without
a header the widths are unknown and such a file cannot be imported again. Source: "Data management
error descriptions" (fields that are not mapped).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from windtunnel.simulator.services.data_management.faults import (
    AnsiOnly,
    HeaderMissing,
    RowBroken,
    ValueInvalid,
)
from windtunnel.simulator.services.data_management.formats.delimited import check_header
from windtunnel.simulator.services.data_management.formats.source_format import (
    BLOCK_CHARACTERS,
    ROWS,
    Block,
    Columns,
    Source,
    SourceFormat,
)
from windtunnel.simulator.services.data_management.formats.text import decoded, lines

_NAME: Final = re.compile(r"\S+")


def read(source: Source, source_format: SourceFormat) -> Columns:
    """Open a fixed-width file with a header. Raises FileFault."""
    found = lines(decoded(source, source_format), source_format.row_delimiter, source.name)
    first = next(found, "")
    places = [match.span() for match in _NAME.finditer(first)]
    if not places or not source_format.has_header:
        raise HeaderMissing(file=source.name, line=1)
    names = tuple([first[start:end] for start, end in places])
    check_header(names, source.name)
    starts = [start for start, _ in places]
    if starts[0] != 0:
        raise HeaderMissing(file=source.name, line=1, column=1)
    slices = [
        slice(start, following)
        for start, following in zip(starts, [*starts[1:], None], strict=True)
    ]
    return Columns(names, _blocks(found, slices, len(first), source.name))


def _blocks(
    found: Iterator[str], slices: Sequence[slice], width: int, file: str
) -> Iterator[Block]:
    block, fault, blank, size = Block([], []), None, 0, 0
    for number, line in enumerate(found, 2):
        size += len(line) or BLOCK_CHARACTERS // ROWS
        if size > BLOCK_CHARACTERS or len(block.rows) >= ROWS:
            yield block
            block, size = Block([], []), 0
        if not line:
            blank = blank or number
            continue
        if blank:
            fault = RowBroken(file=file, line=blank, reason="it is blank")
        elif len(line) != width:
            reason = f"it has {len(line)} characters instead of {width}"
            fault = RowBroken(file=file, line=number, column=len(line) + 1, reason=reason)
        if fault is not None:
            break
        block.lines.append(number)
        block.rows.append([line[place].rstrip(" ") for place in slices])
    if block.rows:
        yield block
    if fault is not None:
        raise fault


def writer(
    source_format: SourceFormat, header: Sequence[str], widths: Sequence[int], file: str
) -> Callable[[Iterable[Sequence[str]]], bytes]:
    """A function from rows to bytes; a column is a space wider than its name and its values."""
    room = [max(width, len(name)) + 1 for name, width in zip(header, widths, strict=True)]
    encoding, is_begun = source_format.encoding, False

    def line(values: Sequence[str]) -> str:
        parts: list[str] = []
        for name, value, width in zip(header, values, room, strict=True):
            if len(value) >= width or "\n" in value or "\r" in value:
                reason = f"it does not fit into {width - 1} characters of one line"
                raise ValueInvalid(file=file, field=name, value=value[:50], reason=reason)
            parts.append(value.ljust(width))
        return "".join(parts) + source_format.row_delimiter

    def write(rows: Iterable[Sequence[str]]) -> bytes:
        nonlocal is_begun
        made = [line(row) for row in rows]
        start = b""
        if not is_begun:
            is_begun, start = True, source_format.bom
            if source_format.has_header:
                made.insert(0, line(header))
        try:
            return start + "".join(made).encode(encoding)
        except UnicodeEncodeError as error:
            raise AnsiOnly(file=file, encoding=encoding) from error

    return write

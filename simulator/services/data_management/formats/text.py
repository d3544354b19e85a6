"""Bytes of a text file as its lines, with the place of the first byte that is no character."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

from windtunnel.simulator.services.data_management.faults import (
    BadEncoding,
    NotUnicode,
    RowBroken,
)
from windtunnel.simulator.services.data_management.formats.source_format import (
    LONGEST_ROW,
    Source,
    SourceFormat,
)

_PIECE = 1 << 16


def decoded(source: Source, source_format: SourceFormat) -> Iterator[str]:
    """The file's characters piece by piece, its byte order mark left out. Raises FileFault."""
    piece = source.read(_PIECE)
    encoding, bom = source_format.encoding, source_format.bom
    if bom:
        if not piece.startswith(bom):
            raise NotUnicode(file=source.name, line=1, column=1)
        piece = piece[len(bom) :]
    elif piece.startswith(codecs.BOM_UTF8):
        piece, encoding = piece[len(codecs.BOM_UTF8) :], "utf-8"
    decoder = codecs.getincrementaldecoder(encoding)()
    line = column = 1
    while piece:
        following = source.read(_PIECE)
        try:
            text = decoder.decode(piece, not following)
        except UnicodeDecodeError as error:
            good = error.object[: error.start].decode(encoding, "ignore")
            line, column = _moved(line, column, good)
            raise BadEncoding(
                file=source.name, line=line, column=column, encoding=encoding
            ) from error
        line, column = _moved(line, column, text)
        yield text
        piece = following


def _moved(line: int, column: int, text: str) -> tuple[int, int]:
    breaks = text.count("\n")
    if not breaks:
        return line, column + len(text)
    return line + breaks, len(text) - text.rindex("\n")


def lines(pieces: Iterator[str], delimiter: str, file: str) -> Iterator[str]:
    """Lines without their delimiter; the last one need not have it. Raises RowBroken."""
    held: list[str] = []
    size = number = 0
    tail = ""
    for piece in pieces:
        if delimiter in tail + piece:
            *whole, rest = ("".join(held) + piece).split(delimiter)
            number += len(whole)
            yield from whole
            held, size = [rest], len(rest)
        else:
            held.append(piece)
            size += len(piece)
        tail = "".join(held[-2:])[-len(delimiter) + 1 :] if len(delimiter) > 1 else ""
        if size > LONGEST_ROW:
            raise RowBroken(file=file, line=number + 1, reason="it does not end")
    rest = "".join(held)
    if rest:
        yield rest

"""XML-Element and XML-Attribute: `<Document>`, an element per record, fields inside or upon it.

Streamed through expat; declarations of types and entities are refused. Composite records hold the
records of other entities as children. Sources: "Data entities and packages", captured files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from windtunnel.simulator.services.data_management.faults import (
    ControlCharacter,
    FileFault,
    XmlBroken,
    XmlColumns,
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

ROOT: Final = "Document"
_PIECE: Final = 1 << 16
_DEEPEST: Final = 8
_MOST_FIELDS: Final = 4_096
_LONGEST_TOKEN: Final = 4 << 20
"""expat looks at a tag from its beginning with every piece of it."""
_BAD: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NO_RECORD: Final = "the element '{name}' stands where a record '{wanted}' is expected."
Record = tuple[int, str, dict[str, str], list["Record"]]
"""Line, element name, fields by upper-case name, child records."""


class _Handler:
    """Collects finished records; `wanted` are the elements that are records, by upper case."""

    def __init__(self, parser: expat.XMLParserType, file: str, wanted: frozenset[str]) -> None:
        self._parser, self._file, self._wanted = parser, file, wanted
        self.records: list[Record] = []
        self._open: list[Record] = []
        self._depth, self._field, self._size = 0, "", 0
        self._texts: list[str] = []

    def start(self, name: str, attributes: list[str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self.fault(f"elements are nested deeper than {_DEEPEST} levels.")
        if self._depth == 1:
            return
        upper = name.rpartition(":")[2].upper()
        if self._field:
            raise self.fault(f"the field '{self._field}' holds an element '{name}'.")
        if upper in self._wanted:
            pairs = zip(attributes[::2], attributes[1::2], strict=True)
            fields = {key.upper(): value for key, value in pairs if not key.startswith("xmlns")}
            record: Record = (self._parser.CurrentLineNumber, upper, fields, [])
            if not self._open:
                self._size = 0
            self._grow(sum(map(len, attributes)))
            (self._open[-1][3] if self._open else self.records).append(record)
            self._open.append(record)
            return
        if not self._open:
            raise self.fault(_NO_RECORD.format(name=name, wanted=", ".join(sorted(self._wanted))))
        if len(self._open[-1][2]) >= _MOST_FIELDS:
            raise self.fault(f"a record has more than {_MOST_FIELDS} fields.")
        if upper in self._open[-1][2]:
            raise self.fault(f"the field '{name}' is in one record twice.")
        self._field, self._texts = upper, []

    def end(self, name: str) -> None:
        del name
        self._depth -= 1
        if self._field:
            self._open[-1][2][self._field] = "".join(self._texts)
            self._field = ""
        elif self._open:
            self._open.pop()

    def text(self, data: str) -> None:
        if self._field:
            self._grow(len(data))
            self._texts.append(data)
        elif not data.isspace():
            raise self.fault("text stands between the elements.")

    def _grow(self, characters: int) -> None:
        self._size += characters
        if self._size > LONGEST_ROW:
            raise self.fault(f"a record has more than {LONGEST_ROW} characters.")

    def refuse(self, *_: object) -> None:
        raise self.fault("a document type or entity declaration is refused.")

    def fault(self, reason: str) -> FileFault:
        parser = self._parser
        return XmlBroken(
            file=self._file,
            line=parser.CurrentLineNumber,
            column=parser.CurrentColumnNumber + 1,
            reason=reason,
        )

    def take(self) -> list[Record]:
        """The records that are finished; the one under construction stays."""
        done = self.records[:-1] if self._open else self.records
        self.records = self.records[-1:] if self._open else []
        return done


def records(source: Source, elements: Iterable[str]) -> Iterator[list[Record]]:
    """The records of each piece of a file. Raises FileFault where it goes wrong."""
    parser = expat.ParserCreate()
    parser.ordered_attributes = True
    parser.buffer_text = True
    handler = _Handler(parser, source.name, frozenset(name.upper() for name in elements))
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    parser.StartDoctypeDeclHandler = handler.refuse
    parser.EntityDeclHandler = handler.refuse
    is_last, size = False, 0
    while not is_last:
        piece = source.read(_PIECE)
        is_last, size = not piece, size + len(piece)
        fault: FileFault | None = None
        try:
            parser.Parse(piece, is_last)
        except expat.ExpatError as error:
            fault = XmlBroken(
                file=source.name,
                line=error.lineno,
                column=error.offset + 1,
                reason=f"{expat.ErrorString(error.code)}.",
            )
        except (LookupError, ValueError) as error:
            fault = handler.fault(f"the encoding cannot be read: {error}.")
        except FileFault as error:
            fault = error
        else:
            if size - parser.CurrentByteIndex > _LONGEST_TOKEN:
                fault = handler.fault("a tag or a comment does not end.")
        yield handler.take()
        if fault is not None:
            raise fault


def read(source: Source, element: str, mapped: Sequence[str]) -> Columns:
    """Open a file of one entity's records; the header is what is mapped. Raises FileFault."""
    return Columns(tuple(mapped), _blocks(source, element, [name.upper() for name in mapped]))


def _blocks(source: Source, element: str, fields: list[str]) -> Iterator[Block]:
    block, missing, any_row = Block([], []), set(fields), False
    for number, found in enumerate(records(source, [element]), 1):
        for line, _, values, children in found:
            if children:
                raise XmlBroken(
                    file=source.name, line=children[0][0], reason="a record holds another record."
                )
            if missing:
                missing.difference_update(values)
            any_row = True
            block.lines.append(line)
            block.rows.append([values.get(name, "") for name in fields])
            if len(block.rows) >= ROWS:
                yield block
                block = Block([], [])
        if number % (BLOCK_CHARACTERS // _PIECE) == 0:
            yield block
            block = Block([], [])
    if block.rows:
        yield block
    if missing and any_row:
        name = next(name for name in fields if name in missing)
        raise XmlColumns(file=source.name, field=name, name=name)


def writer(
    source_format: SourceFormat, element: str, header: Sequence[str], file: str
) -> tuple[Callable[[Iterable[Sequence[str]]], bytes], bytes]:
    """A function from rows to bytes, and the end of the file. Raises ControlCharacter."""
    names = [name.upper() if source_format.upper_case else name for name in header]
    record = element.upper() if source_format.upper_case else element
    begin = f'<?xml version="1.0" encoding="utf-8"?>\n<{ROOT}>\n'
    is_begun = False
    as_attributes = source_format.kind == "xml-attribute"

    def one(row: Sequence[str]) -> str:
        if as_attributes:
            pairs = "".join([f" {n}={_quoted(value)}" for n, value in zip(names, row, strict=True)])
            return f"<{record}{pairs} />\n"
        parts = [f"<{n}>{_escaped(value)}</{n}>" for n, value in zip(names, row, strict=True)]
        return f"<{record}>{''.join(parts)}</{record}>\n"

    def write(rows: Iterable[Sequence[str]]) -> bytes:
        nonlocal is_begun
        text = "".join([one(row) for row in rows])
        if _BAD.search(text):
            raise ControlCharacter(file=file)
        if not is_begun:
            is_begun, text = True, begin + text
        return text.encode()

    return write, f"</{ROOT}>\n".encode()


def nested(
    record: str,
    fields: Mapping[str, str],
    inside: Iterable[str],
    file: str,
    *,
    as_attributes: bool,
) -> str:
    """One record as text with the text of others inside. Raises ControlCharacter."""
    if as_attributes:
        own = "".join([f" {name}={_quoted(value)}" for name, value in fields.items()])
        parts, begin = "", f"<{record}{own}>"
    else:
        own = parts = "".join([f"<{n}>{_escaped(value)}</{n}>" for n, value in fields.items()])
        begin = f"<{record}>"
    if _BAD.search(own):
        raise ControlCharacter(file=file)
    return f"{begin}{parts}{''.join(inside)}</{record}>\n"


def _escaped(value: str) -> str:
    return escape(value, {"\r": "&#13;"}) if value else ""


def _quoted(value: str) -> str:
    return quoteattr(value, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})

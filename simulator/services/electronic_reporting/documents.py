"""XML documents of formats: a root, an element per record, an element per field. No I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final
from xml.parsers import expat
from xml.sax.saxutils import escape

_MOST_RECORDS: Final = 1_000_000
_DEPTH: Final = 3


class BrokenDocument(Exception):
    """A file that is not the document of its format; the text names line and column."""


def render(root: str, record: str, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """The document of these rows, their members in the given order."""
    parts = [f'<?xml version="1.0" encoding="utf-8"?>\n<{root}>\n']
    for row in rows:
        fields = "".join(f"<{name}>{escape(_text(value))}</{name}>" for name, value in row.items())
        parts.append(f"<{record}>{fields}</{record}>\n")
    parts.append(f"</{root}>\n")
    return "".join(parts).encode()


def _text(value: Any) -> str:
    """A value as text; characters that XML does not have become a question mark."""
    text = ("true" if value else "false") if isinstance(value, bool) else str(value)
    return "".join(c if c >= " " or c in "\t\n\r" else "?" for c in text)


def parse(content: bytes, root: str, record: str) -> list[dict[str, str]]:
    """The records of a document, fields by element name. Raises BrokenDocument."""
    reader = _Reader(root, record)
    try:
        reader.parser.Parse(content, True)
    except expat.ExpatError as error:
        reason = expat.ErrorString(error.code)
        raise BrokenDocument(
            f"line {error.lineno}, column {error.offset + 1}: not well-formed XML: {reason}."
        ) from error
    return reader.records


class _Reader:
    def __init__(self, root: str, record: str) -> None:
        self.records: list[dict[str, str]] = []
        self._names = (root, record)
        self._path: list[str] = []
        self._texts: list[str] = []
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._texts.append
        self.parser.StartDoctypeDeclHandler = self._refuse

    def _fault(self, reason: str) -> BrokenDocument:
        parser = self.parser
        where = f"line {parser.CurrentLineNumber}, column {parser.CurrentColumnNumber + 1}"
        return BrokenDocument(f"{where}: {reason}")

    def _refuse(self, *declared: Any) -> None:
        del declared
        raise self._fault("a document type declaration is not accepted.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        del attributes
        depth = len(self._path)
        if depth == _DEPTH:
            raise self._fault(f"the field '{self._path[-1]}' holds an element '{name}'.")
        if depth < len(self._names) and name != self._names[depth]:
            raise self._fault(f"'{self._names[depth]}' is expected, not '{name}'.")
        if depth == 1:
            if len(self.records) == _MOST_RECORDS:
                raise self._fault(f"there are more than {_MOST_RECORDS} records.")
            self.records.append({})
        self._path.append(name)
        self._texts.clear()

    def _end(self, name: str) -> None:
        if len(self._path) == _DEPTH:
            if name in self.records[-1]:
                raise self._fault(f"the field '{name}' is in one record twice.")
            self.records[-1][name] = "".join(self._texts)
        self._path.pop()
        self._texts.clear()

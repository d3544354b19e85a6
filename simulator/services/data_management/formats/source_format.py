"""Source data formats by name: what kind of file, which code page, which delimiters.

Sources: "Data import and export jobs overview", "Data management error descriptions". The exact
names of the built-in formats beside CSV, CSV-Unicode, EXCEL, XML-Element and XML-Attribute are
assumed; `[[data_management.source_formats]]` declares others.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from windtunnel.simulator.services.data_management.regional import LANGUAGES, Regional

Kind = Literal["delimited", "fixed", "xml-element", "xml-attribute", "excel"]

CODE_PAGES: Final[Mapping[int, str]] = {
    1200: "utf-16-le",
    1201: "utf-16-be",
    12000: "utf-32-le",
    12001: "utf-32-be",
    65000: "utf-7",
    65001: "utf-8",
}
"""The Unicode code pages; others are `cp` with their number."""
BOMS: Final[Mapping[str, bytes]] = {
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}
ROWS: Final = 500
"""Rows of a block: enough to work by columns, few enough for a slice of time."""
BLOCK_CHARACTERS: Final = 1 << 20
"""A block of long rows ends here, so that memory does not grow with them."""
LONGEST_ROW: Final = 16 << 20
"""A row of more characters is refused: nobody knows how much of it is to come."""


@dataclass(frozen=True, slots=True)
class SourceFormat:
    """One row of the framework's source data formats."""

    name: str
    kind: Kind
    extension: str
    code_page: int = 65001
    column_delimiter: str = ","
    row_delimiter: str = "\r\n"
    text_qualifier: str = '"'
    has_header: bool = True
    upper_case: bool = True
    language: str = ""

    @property
    def regional(self) -> Regional | None:
        """How its language writes days and numbers; None reads ISO and American forms."""
        return LANGUAGES[self.language] if self.language else None

    @property
    def encoding(self) -> str:
        """Python's name of the code page."""
        return CODE_PAGES.get(self.code_page) or f"cp{self.code_page}"

    @property
    def is_unicode(self) -> bool:
        """Whether the code page has every character."""
        return self.code_page in CODE_PAGES

    @property
    def bom(self) -> bytes:
        """What a file begins with."""
        return BOMS.get(self.encoding, b"")


class Source(Protocol):
    """Bytes to read from the beginning."""

    name: str

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; none at the end."""
        ...


@dataclass(slots=True)
class Block:
    """Rows with the lines they began in; values in the order of the header.

    An empty one says that a part of the file without a row was read.
    """

    lines: list[int]
    rows: list[list[str]]


@dataclass(frozen=True, slots=True)
class Columns:
    """An opened file: its columns by name, and its rows block by block.

    `blocks` raises a FileFault where the file goes wrong; what came before it was good.
    """

    header: tuple[str, ...]
    blocks: Iterator[Block]


def _delimited(name: str, delimiter: str) -> tuple[SourceFormat, SourceFormat]:
    extension = "csv" if name == "CSV" else "txt"
    return (
        SourceFormat(name, "delimited", extension, column_delimiter=delimiter),
        SourceFormat(f"{name}-Unicode", "delimited", extension, 1200, delimiter),
    )


BUILT_IN: Final[Mapping[str, SourceFormat]] = {
    found.name.lower(): found
    for found in (
        *_delimited("CSV", ","),
        *_delimited("Semicolon", ";"),
        *_delimited("Tab", "\t"),
        *_delimited("Vertical bar", "|"),
        *_delimited("Colon", ":"),
        SourceFormat("Fixed width", "fixed", "txt", text_qualifier=""),
        SourceFormat("Fixed width-Unicode", "fixed", "txt", 1200, text_qualifier=""),
        SourceFormat("EXCEL", "excel", "xlsx"),
        SourceFormat("XML-Element", "xml-element", "xml"),
        SourceFormat("XML-Attribute", "xml-attribute", "xml"),
    )
}
"""The formats every environment has, by lower-case name."""

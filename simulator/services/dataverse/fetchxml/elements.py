"""XML to plain elements with positions. No document types, no entities, bounded depth and size."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from windtunnel.simulator.services.dataverse import query_errors

DEEPEST = 60
MOST_ELEMENTS = 20_000


@dataclass(slots=True)
class Element:
    """One element: `line` and `column` count from 1."""

    name: str
    attributes: dict[str, str]
    line: int
    column: int
    children: list[Element] = field(default_factory=list)
    text: str = ""

    @property
    def shown(self) -> str:
        """The opening tag, for messages."""
        parts = [f"{name}={quoteattr(value)}" for name, value in self.attributes.items()]
        return f"<{' '.join([self.name, *parts])} />"[:500]

    @property
    def where(self) -> str:
        """The position, for messages."""
        return f"Line {self.line}, position {self.column}."


class _Builder:
    def __init__(self) -> None:
        self.root: Element | None = None
        self.stack: list[Element] = []
        self.count = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.StartDoctypeDeclHandler = self.refuse
        self.parser.EntityDeclHandler = self.refuse

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.count += 1
        if len(self.stack) >= DEEPEST or self.count > MOST_ELEMENTS:
            raise query_errors.InvalidXml(
                problem=f"Invalid XML. The query is nested too deeply or too long. {self.position}"
            )
        line, column = self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1
        element = Element(name, attributes, line, column)
        if self.stack:
            self.stack[-1].children.append(element)
        else:
            self.root = element
        self.stack.append(element)

    def end(self, name: str) -> None:
        del name
        self.stack.pop()

    def characters(self, text: str) -> None:
        if self.stack:
            self.stack[-1].text += text

    @property
    def position(self) -> str:
        line, column = self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1
        return f"Line {line}, position {column}."

    def refuse(self, *_: object) -> None:
        raise query_errors.InvalidXml(
            problem="Invalid XML. For security reasons DTD is prohibited in this XML document. "
            + self.position
        )


def parse(text: str) -> Element:
    """The root element. Raises InvalidXml with the position."""
    builder = _Builder()
    bare = text.strip()
    if not bare:
        raise query_errors.InvalidXml(problem="Invalid XML. Root element is missing.")
    try:
        builder.parser.Parse(bare.encode("utf-8", "surrogatepass"), True)
    except (expat.ExpatError, UnicodeError, LookupError, ValueError) as error:
        shown = expat.ErrorString(error.code) if isinstance(error, expat.ExpatError) else "encoding"
        raise query_errors.InvalidXml(
            problem=f"Invalid XML. {(shown or '').capitalize()}. {builder.position}"
        ) from None
    assert builder.root is not None
    return builder.root

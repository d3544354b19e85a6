"""CSDL from bytes, by expat: declarations of types and entities refused, depth and size bounded."""

from __future__ import annotations

from xml.parsers import expat

from windtunnel.contracts.csdl.model import CsdlError, Document, Node

DEEPEST = 64
LARGEST_BYTES = 256 * 1024 * 1024
_REMEDY = "It must be the $metadata document of an OData 4 service."


class _Builder:
    """Nodes under construction, each in its place as soon as it begins."""

    def __init__(self, parser: expat.XMLParserType) -> None:
        self._parser = parser
        self._open: list[Node] = []
        self._texts: dict[int, list[str]] = {}  # pieces of what is open, by how deep it lies
        self.root: Node | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        above = self._open
        node = Node(name, attributes, [], "", self._parser.CurrentLineNumber)
        if not above:
            self.root = node
        elif len(above) >= DEEPEST:
            raise self.error(f"Elements are nested deeper than {DEEPEST} levels.")
        else:
            above[-1].children.append(node)
        above.append(node)

    def end(self, name: str) -> None:
        del name
        if self._texts:
            self._open[-1].text = "".join(self._texts.pop(len(self._open), ())).strip()
        self._open.pop()

    def text(self, data: str) -> None:
        if not data.isspace():
            self._texts.setdefault(len(self._open), []).append(data)

    def refuse(self, *_: object) -> None:
        raise self.error("A document type or entity declaration is refused.")

    def error(self, message: str) -> CsdlError:
        parser = self._parser
        return CsdlError(message, parser.CurrentLineNumber, parser.CurrentColumnNumber + 1, _REMEDY)


def parse_csdl(data: bytes) -> Document:
    """The model of a $metadata document. Raises CsdlError with line and column."""
    root = parse_xml(data)
    if root.local != "Edmx":
        raise CsdlError(f"The document begins with {root.name}, not with Edmx.", 1, 1, _REMEDY)
    document = Document(root, data.lstrip()[:5] == b"<?xml")
    _check(document)
    return document


def parse_xml(data: bytes) -> Node:
    """The tree of any XML document, under the same bounds. Raises CsdlError."""
    if len(data) > LARGEST_BYTES:
        raise CsdlError(f"The document is larger than {LARGEST_BYTES} bytes.", remedy=_REMEDY)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    builder = _Builder(parser)
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.text
    parser.StartDoctypeDeclHandler = builder.refuse
    parser.EntityDeclHandler = builder.refuse
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise CsdlError(
            f"This is not well-formed XML: {expat.ErrorString(error.code)}.",
            error.lineno,
            error.offset + 1,
            _REMEDY,
        ) from error
    except (LookupError, ValueError) as error:
        if isinstance(error, CsdlError):
            raise
        raise CsdlError(f"The encoding cannot be read: {error}.", remedy=_REMEDY) from error
    if builder.root is None:
        raise CsdlError("The document is empty.", 1, 1, _REMEDY)
    return builder.root


def _check(document: Document) -> None:
    if not document.schemas:
        raise CsdlError("There is no Schema in the document.", document.root.line, 1, _REMEDY)
    for schema in document.schemas:
        for child in schema.children:
            is_named = child.local not in {"Annotations", "Annotation"}
            if is_named and not child.get("Name"):
                raise CsdlError(f"A {child.local} has no Name.", child.line, 1, _REMEDY)
            if child.local == "EnumType":
                _check_members(child)


def _check_members(enum: Node) -> None:
    for member in enum.each("Member"):
        value = member.get("Value")
        if value and not value.lstrip("-").isdigit():
            raise CsdlError(
                f"The value '{value}' of {enum.get('Name')}.{member.get('Name')} is no number.",
                member.line,
                1,
                _REMEDY,
            )

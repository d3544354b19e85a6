"""A CSDL model as bytes: one line without white space, as the services send it."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from windtunnel.contracts.csdl.model import Document, Node

_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'


def write_csdl(document: Document) -> bytes:
    """The document; reading it again gives an equal model."""
    parts = [_DECLARATION] if document.declaration else []
    _write(document.root, parts)
    return "".join(parts).encode()


def write_node(node: Node) -> bytes:
    """One element, for a place inside a document."""
    parts: list[str] = []
    _write(node, parts)
    return "".join(parts).encode()


def _write(node: Node, parts: list[str]) -> None:
    attributes = "".join([f" {name}={_quoted(value)}" for name, value in node.attributes.items()])
    if not node.children and not node.text:
        parts.append(f"<{node.name}{attributes} />")
        return
    parts.append(f"<{node.name}{attributes}>{escape(node.text)}")
    for child in node.children:
        _write(child, parts)
    parts.append(f"</{node.name}>")


def _quoted(value: str) -> str:
    return quoteattr(value, {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})

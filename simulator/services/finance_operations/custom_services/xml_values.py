"""Values of operations as XML, read and written by their shapes."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, assert_never
from xml.sax.saxutils import escape

from windtunnel.contracts.csdl.model import Node
from windtunnel.simulator.services.finance_operations.custom_services.namespaces import (
    APPLICATION,
    ARRAYS,
)
from windtunnel.simulator.services.finance_operations.custom_services.shapes import (
    BadValue,
    Contract,
    Enum,
    ListOf,
    Scalar,
    Shape,
    default_of,
    read,
    scalar,
)

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_xml(shape: Shape, node: Node | None, path: str) -> Any:
    """A value as functions get it; nothing and `nil` are the default. Raises BadValue."""
    if node is None or _is_nil(node):
        return default_of(shape)
    match shape:
        case Scalar():
            if not node.text and shape.name != "string":
                raise BadValue(f"The value '' cannot be parsed as the type '{shape.net}': {path}.")
            return scalar(shape, node.text, path)
        case Enum():
            return read(shape, node.text, path)
        case Contract():
            found = {child.local: child for child in node.children}
            return {
                name: read_xml(member, found.get(name), f"{path}.{name}")
                for name, member in shape.members.items()
            }
        case ListOf(item):
            return [read_xml(item, child, f"{path}[{n}]") for n, child in enumerate(node.children)]
        case _:
            assert_never(shape)


def _is_nil(node: Node) -> bool:
    return any(
        name.rpartition(":")[2] == "nil" and value in {"true", "1"}
        for name, value in node.attributes.items()
    )


def write_xml(name: str, shape: Shape, value: Any) -> str:
    """One element with a value; its children are in the namespace of their type."""
    if value is None:
        return f'<{name} i:nil="true"/>'
    match shape:
        case Scalar() | Enum():
            return f"<{name}>{text_of(value)}</{name}>"
        case Contract():
            inner = "".join(
                write_xml(f"a:{member}", kind, value[member])
                for member, kind in shape.members.items()
            )
            return f'<{name} xmlns:a="{APPLICATION}">{inner}</{name}>'
        case ListOf(item):
            inner = "".join(write_xml(f"b:{element_of(item)}", item, one) for one in value)
            return f'<{name} xmlns:b="{namespace_of_list(item)}">{inner}</{name}>'
        case _:
            assert_never(shape)


def element_of(item: Scalar | Enum | Contract) -> str:
    """The name of the elements of a list: the XSD type's, or the contract's."""
    return item.xsd.partition(":")[2] if isinstance(item, Scalar) else item.name


def namespace_of_list(item: Scalar | Enum | Contract) -> str:
    """Where the type of a list is."""
    return ARRAYS if isinstance(item, Scalar) else APPLICATION


def text_of(value: Any) -> str:
    """A value by itself as XML text."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{Decimal(repr(value)):f}"
    return escape(_NOT_XML.sub("\N{REPLACEMENT CHARACTER}", str(value)))

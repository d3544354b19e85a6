"""The functions and actions of the Web API: names, parameters and results, with their types.

`messages.xml` holds the standard ones; custom ones are made by whoever declares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

from windtunnel.contracts.csdl import Node
from windtunnel.contracts.csdl.read import parse_xml

BASE_ENTITY = "crmbaseentity"
"""The type of a parameter that takes a record of any table."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of a message or member of a complex type.

    `type` is `Edm.…`, the name of a table, of a complex type or of an enumeration, or
    `Collection(…)` of one.
    """

    name: str
    type: str
    required: bool = False
    is_link: bool = False

    @property
    def item_type(self) -> str:
        """The type of one value: that of the items for a collection."""
        return item_type(self.type)

    @property
    def is_collection(self) -> bool:
        """Whether it takes an array."""
        return self.type.startswith("Collection(")


@dataclass(frozen=True, slots=True)
class MessageDefinition:
    """A function (GET) or an action (POST).

    `bound` is empty for one at the root, else the table, or `Collection(table)`, behind whose
    address it stands; `result` is empty for one that answers nothing.
    """

    name: str
    kind: Literal["function", "action"]
    parameters: tuple[Parameter, ...] = ()
    bound: str = ""
    result: str = ""


@dataclass(frozen=True, slots=True)
class ComplexType:
    """A structured value."""

    name: str
    members: tuple[Parameter, ...]
    base: str = ""
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class EnumType:
    """Named numbers; of flags several at once."""

    name: str
    members: dict[str, int]
    is_flags: bool = False


@dataclass(frozen=True, slots=True)
class MessageCatalogue:
    """Messages with the types that they use, by name."""

    messages: tuple[MessageDefinition, ...]
    complex_types: dict[str, ComplexType]
    enum_types: dict[str, EnumType]


@cache
def standard_messages() -> MessageCatalogue:
    """The functions and actions that every environment has, simulated or not."""
    document = files("windtunnel.contracts.entities.dataverse").joinpath("messages.xml")
    messages: list[MessageDefinition] = []
    complex_types: dict[str, ComplexType] = {}
    enum_types: dict[str, EnumType] = {}
    for node in parse_xml(document.read_bytes()).children:
        name = node.get("name")
        if node.name == "enum":
            members = {member.get("name"): int(member.get("value")) for member in node.children}
            enum_types[name] = EnumType(name, members, node.get("flags") == "1")
        elif node.name == "complex":
            is_open = node.get("open") == "1"
            complex_types[name] = ComplexType(name, _parameters(node), node.get("base"), is_open)
        else:
            kind: Literal["function", "action"] = (
                "function" if node.name == "function" else "action"
            )
            messages.append(
                MessageDefinition(
                    name, kind, _parameters(node), node.get("bound"), node.get("result")
                )
            )
    return MessageCatalogue(tuple(messages), complex_types, enum_types)


def item_type(kind: str) -> str:
    """`Collection(x)` and `x` to `x`."""
    return kind.removeprefix("Collection(").removesuffix(")")


def _parameters(node: Node) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(p.get("name"), p.get("type"), p.get("required") == "1", p.get("link") == "1")
        for p in node.children
    )

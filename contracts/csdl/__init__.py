"""CSDL, the language of $metadata: read into a model that keeps everything, and written again."""

from windtunnel.contracts.csdl.model import (
    Action,
    CsdlError,
    Document,
    EntitySet,
    EntityType,
    EnumType,
    NavigationProperty,
    Node,
    Property,
)
from windtunnel.contracts.csdl.read import parse_csdl
from windtunnel.contracts.csdl.write import write_csdl, write_node

__all__ = [
    "Action",
    "CsdlError",
    "Document",
    "EntitySet",
    "EntityType",
    "EnumType",
    "NavigationProperty",
    "Node",
    "Property",
    "parse_csdl",
    "write_csdl",
    "write_node",
]

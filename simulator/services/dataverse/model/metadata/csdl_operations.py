"""Functions, actions and their types in $metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from windtunnel.contracts.entities.dataverse.messages import (
    ComplexType,
    EnumType,
    MessageDefinition,
    Parameter,
    item_type,
)

_OPEN_BASE = "crmbaseentity"
_Naming = Callable[[str], str]


class Operations(Protocol):
    """All messages of an environment, with the types that they use."""

    complex_types: dict[str, ComplexType]
    enum_types: dict[str, EnumType]

    def __iter__(self) -> Iterator[MessageDefinition]:
        """Every message; several of one name differ by what they are bound to."""
        ...


def operation_parts(operations: Operations, tables: set[str]) -> tuple[list[str], list[str]]:
    """(children of the schema, children of the entity container).

    A parameter of a table that is not served takes the base type; a message bound to such a table
    is left out.
    """
    types = operations.complex_types.keys() | operations.enum_types.keys() | tables | {_OPEN_BASE}

    def named(kind: str) -> str:
        inner = item_type(kind)
        if not inner.startswith("Edm."):
            inner = f"mscrm.{inner if inner in types else _OPEN_BASE}"
        return f"Collection({inner})" if kind.startswith("Collection(") else inner

    schema = [_enum(found) for found in operations.enum_types.values()]
    schema += _complex_types(operations.complex_types, tables, named)
    imports = []
    for message in operations:
        if message.bound and item_type(message.bound) not in tables | {_OPEN_BASE}:
            continue
        schema.append(_message(message, named))
        if not message.bound:
            kind = message.kind.capitalize()
            imports.append(f'<{kind}Import Name="{message.name}" {kind}="mscrm.{message.name}" />')
    return schema, imports


def _enum(found: EnumType) -> str:
    flags = ' IsFlags="true"' if found.is_flags else ""
    members = "".join(
        f'<Member Name="{name}" Value="{value}" />' for name, value in found.members.items()
    )
    return f'<EnumType Name="{found.name}"{flags}>{members}</EnumType>'


def _complex_types(
    found: Mapping[str, ComplexType], tables: set[str], named: _Naming
) -> Iterator[str]:
    for kind in found.values():
        base = f' BaseType="mscrm.{kind.base}"' if kind.base in found else ""
        is_open = ' OpenType="true"' if kind.is_open else ""
        members = "".join(_member(member, tables, named) for member in kind.members)
        yield f'<ComplexType Name="{kind.name}"{base}{is_open}>{members}</ComplexType>'


def _member(member: Parameter, tables: set[str], named: _Naming) -> str:
    tag = "NavigationProperty" if member.is_link or member.item_type in tables else "Property"
    must = ' Nullable="false"' if member.required else ""
    return f'<{tag} Name="{member.name}" Type="{named(member.type)}"{must} />'


def _message(message: MessageDefinition, named: _Naming) -> str:
    tag = message.kind.capitalize()
    bound = ' IsBound="true"' if message.bound else ""
    listed = []
    if message.bound:
        listed.append(f'<Parameter Name="entity" Type="{named(message.bound)}" Nullable="false" />')
    for parameter in message.parameters:
        must = ' Nullable="false"' if parameter.required else ""
        listed.append(f'<Parameter Name="{parameter.name}" Type="{named(parameter.type)}"{must} />')
    result = ""
    if message.result:
        result = f'<ReturnType Type="{named(message.result)}" Nullable="false" />'
    return f'<{tag} Name="{message.name}"{bound}>{"".join(listed)}{result}</{tag}>'

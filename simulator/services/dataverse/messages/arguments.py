"""Arguments of a call: from the address or the body, checked against the message's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from windtunnel.contracts.entities.dataverse.messages import (
    EnumType,
    MessageDefinition,
    Parameter,
)
from windtunnel.simulator.entity_sets.values import BadValue, checker
from windtunnel.simulator.exchange import Exchange
from windtunnel.simulator.kernel.json_bodies import BadJson, odata_json_of
from windtunnel.simulator.odata import DATAVERSE, parse_query
from windtunnel.simulator.odata.schema import Column
from windtunnel.simulator.odata.tree import Alias, Collection, Expression, Literal, Record
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.registry import Registry
from windtunnel.simulator.services.dataverse.model.tables import NAMESPACE
from windtunnel.simulator.services.dataverse.paths import Segment


def of_function(
    registry: Registry, definition: MessageDefinition, segment: Segment, exchange: Exchange
) -> dict[str, Any]:
    """Arguments in the address, in parentheses or by `@alias`. Raises what the service answers."""
    query = parse_query(exchange.request.query, DATAVERSE)
    given = {
        name: plain(node, query.aliases)
        for name, node in segment.arguments or ()
        if not (name == "" and isinstance(node, Literal) and node.value is None)
    }
    names = {parameter.name for parameter in definition.parameters}
    if not set(given) <= names:
        raise errors.SegmentNotFound(segment=definition.name)
    return _checked(registry, definition, given)


def of_action(
    registry: Registry, definition: MessageDefinition, exchange: Exchange
) -> dict[str, Any]:
    """Arguments in the JSON body. Raises what the service answers."""
    body = json_object(exchange)
    names = {parameter.name for parameter in definition.parameters}
    for name in body:
        if name not in names and "@" not in name:
            raise _payload(
                f"The parameter '{name}' in the request payload is not a valid parameter for the "
                f"operation '{definition.name}'."
            )
    return _checked(registry, definition, {k: v for k, v in body.items() if k in names})


def json_object(exchange: Exchange) -> dict[str, Any]:
    """The JSON object of a body; no body is an empty one. Raises PayloadError."""
    body: Any = {}
    if exchange.request.body.strip():
        try:
            body = odata_json_of(exchange.request)
        except BadJson as error:
            raise errors.InvalidJson(problem=error) from error
    if not isinstance(body, dict):
        raise _payload(
            "An unexpected node was found when reading from the JSON reader. "
            "A 'StartObject' node was expected."
        )
    return body


def plain(node: Expression, aliases: Mapping[str, Expression]) -> Any:
    """An argument's expression as the JSON value it stands for. Raises ODataError."""
    if isinstance(node, Alias):
        node = aliases.get(node.name, Literal(None, "null"))
    if isinstance(node, Literal):
        return orjson.loads(str(node.value)) if node.edm == "json" else node.value
    if isinstance(node, Collection):
        return [plain(item, aliases) for item in node.items]
    if isinstance(node, Record):
        return {name: plain(value, aliases) for name, value in node.members}
    raise errors.QueryError(problem="A literal is expected as the value of a parameter.")


def _checked(
    registry: Registry, definition: MessageDefinition, given: Mapping[str, Any]
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for parameter in definition.parameters:
        value = given.get(parameter.name)
        if value is not None:
            found[parameter.name] = _value(registry, definition, parameter, value)
        elif parameter.required:
            if definition.kind == "function":
                raise errors.SegmentNotFound(segment=definition.name)
            raise errors.RequiredFieldMissing(name=parameter.name)
    return found


def _value(
    registry: Registry, definition: MessageDefinition, parameter: Parameter, value: Any
) -> Any:
    if not parameter.is_collection:
        return _item(registry, definition, parameter, value)
    if not isinstance(value, list):
        raise _wrong(definition, parameter, value)
    return [_item(registry, definition, parameter, item) for item in value]


def _item(
    registry: Registry, definition: MessageDefinition, parameter: Parameter, value: Any
) -> Any:
    kind = parameter.item_type
    if kind.startswith("Edm."):
        try:
            return checker(Column(parameter.name, kind))(value)
        except BadValue as error:
            raise _wrong(definition, parameter, value) from error
    choice = registry.enum_types.get(kind)
    if choice is not None:
        return _member(definition, parameter, choice, value)
    if isinstance(value, dict):
        return value
    raise _wrong(definition, parameter, value)


def _member(
    definition: MessageDefinition, parameter: Parameter, choice: EnumType, value: Any
) -> int:
    """The number of an enumeration's value: names (several of flags), or a number."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise _wrong(definition, parameter, value)
    number = 0
    bare = value.rpartition("'")[0].partition("'")[2] if value.endswith("'") else value
    for name in bare.split(","):
        text = name.strip()
        known = choice.members.get(text)
        if known is None and text.lstrip("-").isdigit():
            known = int(text)
        if known is None:
            raise _wrong(definition, parameter, value)
        number |= known
    return number


def _wrong(
    definition: MessageDefinition, parameter: Parameter, value: Any
) -> errors.DataverseError:
    kind = parameter.type
    if not kind.startswith(("Edm.", "Collection(Edm.")):
        kind = kind.replace("(", f"({NAMESPACE}") if "(" in kind else NAMESPACE + kind
    shown = orjson.dumps(value).decode()[:200]
    problem = f"Cannot convert the literal '{shown}' to the expected type '{kind}'."
    if definition.kind == "function":
        return errors.QueryError(problem=problem)
    return _payload(problem)


def _payload(problem: str) -> errors.PayloadError:
    return errors.PayloadError(set="", problem=f"Microsoft.OData.ODataException: {problem}")

"""Custom APIs: declared in `windtunnel.toml`, or as rows of `customapi` and its children.

One has a Python function behind it, or a fixed answer, or answers its response properties empty.
Source: "Create and use custom APIs".
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from windtunnel.contracts.entities.dataverse.messages import (
    BASE_ENTITY,
    ComplexType,
    MessageDefinition,
    Parameter,
)
from windtunnel.simulator.kernel.settings import CustomApiSettings
from windtunnel.simulator.kernel.user_functions import load_function
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.registry import (
    Answer,
    Call,
    Handler,
    Registry,
)

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.model.tables import Tables

_log = logging.getLogger("windtunnel.dataverse")

TYPES: Final = {
    "Boolean": "Edm.Boolean",
    "DateTime": "Edm.DateTimeOffset",
    "Decimal": "Edm.Decimal",
    "Entity": BASE_ENTITY,
    "EntityCollection": f"Collection({BASE_ENTITY})",
    "EntityReference": BASE_ENTITY,
    "Float": "Edm.Double",
    "Integer": "Edm.Int32",
    "Money": "Edm.Decimal",
    "Picklist": "Edm.Int32",
    "String": "Edm.String",
    "StringArray": "Collection(Edm.String)",
    "Guid": "Edm.Guid",
}
"""The types of request parameters and response properties, in the order of their choice values."""


class ApiRefused(Exception):
    """Raised by the function behind a custom API: the caller gets 400 with this text."""


@dataclass(frozen=True, slots=True)
class ApiCall:
    """What the function behind a custom API gets.

    `arguments` by name as JSON values; `table` and `record_id` of what a bound one stands behind.
    """

    name: str
    arguments: Mapping[str, Any]
    user_id: str
    table: str
    record_id: str
    _call: Call

    def retrieve(self, table: str, record_id: str) -> dict[str, Any] | None:
        """The stored values of a record, or None."""
        return self._call.there.tables.by_name[table].records.get((record_id,))

    def create(self, table: str, body: dict[str, Any]) -> str:
        """Create a record from a JSON body as the Web API takes it; returns its id."""
        served = self._call.there.tables.by_name[table]
        return self._call.there.writes.create(served, body, self._call.caller)

    def update(self, table: str, record_id: str, body: dict[str, Any]) -> bool:
        """Change a record by a JSON body; False when it is not there."""
        served = self._call.there.tables.by_name[table]
        return self._call.there.writes.update(served, record_id, body, self._call.caller)


ApiFunction: TypeAlias = Callable[[ApiCall], Mapping[str, Any] | None]


def declare(registry: Registry, apis: Iterable[CustomApiSettings]) -> None:
    """Add the custom APIs of the settings. Raises UsageError for a function that is not there."""
    for number, api in enumerate(apis):
        where = f"[[dataverse.custom_apis]] number {number + 1}, {api.name}"
        function: ApiFunction | None = load_function(api.function, where) if api.function else None
        declare_one(registry, api, function)


def declare_one(registry: Registry, api: CustomApiSettings, function: ApiFunction | None) -> None:
    """Add one custom API with the function behind it."""
    parameters = tuple(
        Parameter(p.name, _type(p.type, p.table), not p.optional) for p in api.parameters
    )
    properties = tuple(Parameter(p.name, _type(p.type, p.table)) for p in api.response)
    bound = f"Collection({api.bound_to})" if api.binding == "collection" else api.bound_to
    _add(
        registry,
        api.name,
        api.kind == "function",
        bound,
        parameters,
        properties,
        _answer(function, api.answer, properties),
    )


class DeclaredByRows:
    """Keeps the registry equal to the rows of `customapi` and its children."""

    def __init__(self, registry: Registry, tables: Tables) -> None:
        self._registry, self._tables = registry, tables
        self._known: set[str] = set()
        self.changed = True

    def change(self, change: object = None) -> None:
        """A row was written, or all of them came back: read them before the next call."""
        del change
        self.changed = True

    def refresh(self) -> bool:
        """Read the rows if they changed; whether they had."""
        if not self.changed:
            return False
        self.changed = False
        for name in self._known:
            self._registry.remove(name)
        self._known.clear()
        for row in self._rows("customapi"):
            name = str(row["uniquename"] or "")
            if not name or self._registry.is_known(name):
                continue
            table = str(row["boundentitylogicalname"] or "")
            bound = {1: table, 2: f"Collection({table})"}.get(row["bindingtype"] or 0, "")
            asked = self._rows("customapirequestparameter", row["customapiid"])
            given = self._rows("customapiresponseproperty", row["customapiid"])
            parameters = tuple(_row_parameter(p, required=not p["isoptional"]) for p in asked)
            properties = tuple(_row_parameter(p, required=False) for p in given)
            handler = _answer(None, {}, properties)
            is_function = bool(row["isfunction"])
            _add(self._registry, name, is_function, bound, parameters, properties, handler)
            self._known.add(name)
        return True

    def _rows(self, table: str, parent: str = "") -> list[dict[str, Any]]:
        wanted = {"_customapiid_value": parent} if parent else {}
        return self._tables.by_name[table].records.find(wanted, 10_000)


def _row_parameter(row: dict[str, Any], *, required: bool) -> Parameter:
    names = list(TYPES)
    number = row["type"] or 0
    kind = names[number] if number < len(names) else "String"
    return Parameter(
        str(row["uniquename"]), _type(kind, str(row["logicalentityname"] or "")), required
    )


def _type(kind: str, table: str) -> str:
    found = TYPES[kind]
    return found.replace(BASE_ENTITY, table) if table else found


def _add(
    registry: Registry,
    name: str,
    is_function: bool,
    bound: str,
    parameters: tuple[Parameter, ...],
    properties: tuple[Parameter, ...],
    handler: Handler,
) -> None:
    result = f"{name}Response" if properties else ""
    definition = MessageDefinition(
        name, "function" if is_function else "action", parameters, bound, result
    )
    registry.add(definition, ComplexType(result, properties), handler)


def _answer(
    function: ApiFunction | None, fixed: Mapping[str, Any], properties: tuple[Parameter, ...]
) -> Handler:
    def answer(call: Call) -> Answer:
        found: Mapping[str, Any] = fixed
        if function is not None:
            table = call.served.name if call.served is not None else ""
            api = ApiCall(
                call.definition.name, call.arguments, call.caller.user_id, table, call.key, call
            )
            found = _run(function, api) or {}
        if not properties:
            return None
        return {p.name: found.get(p.name, [] if p.is_collection else None) for p in properties}

    return answer


def _run(function: ApiFunction, api: ApiCall) -> Mapping[str, Any] | None:
    try:
        return function(api)
    except ApiRefused as refusal:
        raise errors.PluginRefused(text_of=str(refusal)) from refusal
    except errors.DataverseError:
        raise
    except Exception as problem:
        _log.exception("the function of the custom API %s failed", api.name)
        raise errors.PluginFailed(kind=type(problem).__name__, text_of=str(problem)) from problem

"""The actions of one environment: who offers what behind which set, checked arguments, their CSDL.

Services outside and users add theirs with `Actions.add`; see simulator/entity_sets/actions.py for
what they declare. Source: "Open Data Protocol (OData)", actions; captured calls.
"""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from windtunnel.contracts.csdl import Node
from windtunnel.contracts.entities.finance_operations.load import NAMESPACE
from windtunnel.simulator.entity_sets.actions import (
    Action,
    ActionCall,
    ActionFunction,
    ActionParameter,
    ActionRefused,
)
from windtunnel.simulator.entity_sets.values import BadValue, Checker, checker, decoder
from windtunnel.simulator.exchange import ServiceError, UsageError
from windtunnel.simulator.kernel.settings import ActionSettings
from windtunnel.simulator.kernel.user_functions import load_function
from windtunnel.simulator.odata.schema import Column, EnumType
from windtunnel.simulator.services.finance_operations.errors import BadArguments
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet

_log = logging.getLogger("windtunnel.finance_operations")

EDM: Final = frozenset(
    f"Edm.{name}"
    for name in (
        "Binary",
        "Boolean",
        "DateTimeOffset",
        "Decimal",
        "Guid",
        "Int32",
        "Int64",
        "String",
    )
)
"""The primitive types that occur in the real service's metadata."""


@dataclass(frozen=True, slots=True)
class Type:
    """The type of a parameter or a result; one of `edm`, `enum`, `entity_set` says of what."""

    name: str
    is_collection: bool
    enum: EnumType | None = None
    entity_set: EntitySet | None = None

    @property
    def qualified(self) -> str:
        """The name with its namespace, in `Collection()` where it is one."""
        return f"Collection({self.name})" if self.is_collection else self.name


@dataclass(frozen=True, slots=True)
class ServedAction:
    """An action with its types resolved against the environment."""

    action: Action
    bound_to: EntitySet | None
    parameters: tuple[tuple[ActionParameter, Type], ...]
    returns: Type | None

    @property
    def name(self) -> str:
        """Its name, without namespace."""
        return self.action.name

    @property
    def is_of_collection(self) -> bool:
        """Whether it stands behind a set."""
        return self.bound_to is not None and self.action.binding == "collection"

    def arguments(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Every parameter with its checked value. Raises BadArguments."""
        names = {parameter.name for parameter, _ in self.parameters}
        for name in body:
            if name not in names and "@" not in name:
                raise BadArguments(
                    reason=f"The parameter '{name}' in the request payload is not a valid "
                    f"parameter for the operation '{self.name}'."
                )
        return {
            parameter.name: self._argument(parameter, kind, body)
            for parameter, kind in self.parameters
        }

    def result(self, value: Any) -> Any:
        """What the function returned, in the one written form of its type. Raises BadArguments."""
        kind = self.returns
        if kind is None or kind.entity_set is not None or value is None:
            return value
        one = _reader(Column(self.name, kind.name, enum=kind.enum, nullable=False))
        if not kind.is_collection:
            return one(value)
        if not isinstance(value, list | tuple):
            raise _inconvertible(value, kind.qualified)
        return [one(item) for item in value]

    def _argument(self, parameter: ActionParameter, kind: Type, body: Mapping[str, Any]) -> Any:
        name = parameter.name
        if name not in body and not parameter.optional:
            raise BadArguments(
                reason="One or more parameters of the operation "
                f"'{self.name}' are missing from the request payload. The missing parameters are: "
                f"{name}."
            )
        value = body.get(name)
        if value is None:
            if name in body and not parameter.nullable:
                raise BadArguments(
                    reason=f"A null value was found for the parameter '{name}', which has the "
                    f"expected type '{kind.qualified}[Nullable=False]'."
                )
            return [] if kind.is_collection else "" if kind.name == "Edm.String" else None
        one = _reader(Column(name, kind.name, enum=kind.enum, nullable=False))
        if not kind.is_collection:
            return one(value)
        if not isinstance(value, list):
            raise _inconvertible(value, kind.qualified)
        return [one(item) for item in value]


class Actions:
    """The registry: filled when the house is assembled, read by requests and by metadata.

    `version` counts changes, for those who keep something made of it.
    """

    def __init__(self, sets: Mapping[str, EntitySet], enums: Mapping[str, EnumType]) -> None:
        self._sets, self._enums = sets, enums
        self._types = {entity_set.type: entity_set for entity_set in sets.values()}
        self._found: dict[tuple[str, bool, str], ServedAction] = {}
        self.version = 0

    def add(self, *actions: Action) -> None:
        """Offer these actions. Raises UsageError for an unknown set or type, or a second one."""
        for action in actions:
            served = self._resolved(action)
            place = (action.entity_set, served.is_of_collection, action.name)
            if place in self._found:
                raise UsageError(
                    f"there is already an action {action.name} "
                    + (f"bound to {action.entity_set}" if action.entity_set else "at the root"),
                    where=f"action {action.name}",
                    remedy="Give it another name.",
                )
            self._found[place] = served
            self.version += 1

    def bound(self, entity_set: str, name: str, *, to_record: bool) -> ServedAction | None:
        """The action of an unqualified name behind a record, or behind the set."""
        return self._found.get((entity_set, not to_record, name))

    def unbound(self, name: str) -> ServedAction | None:
        """The action of an unqualified name at the root."""
        return self._found.get(("", False, name))

    def of(self, entity_set: str) -> list[ServedAction]:
        """The actions behind a set and its records; of the root for an empty name."""
        return [found for place, found in self._found.items() if place[0] == entity_set]

    def __iter__(self) -> Iterator[ServedAction]:
        return iter(self._found.values())

    def _resolved(self, action: Action) -> ServedAction:
        where = f"action {action.name}"
        bound_to = None
        names = [parameter.name for parameter in action.parameters]
        if len(names) > len(set(names)):
            twice = next(name for name in names if names.count(name) > 1)
            raise UsageError(
                f"there are two parameters {twice}",
                where=where,
                remedy="Give one of them another name.",
            )
        if action.binding == "collection" and not action.entity_set:
            raise UsageError(
                'is bound to a collection (binding = "collection") and names no set',
                where=where,
                remedy='Say which: entity_set = "CustomersV3"; an unbound action has no binding.',
            )
        if action.entity_set:
            bound_to = self._sets.get(action.entity_set)
            if bound_to is None:
                raise UsageError(
                    f"there is no entity set '{action.entity_set}'",
                    where=where,
                    remedy=_similar(action.entity_set, self._sets),
                )
        parameters = [(p, self._type(p.type, where)) for p in action.parameters]
        for parameter, kind in parameters:
            if kind.entity_set is not None:
                raise UsageError(
                    f"parameter {parameter.name}: an entity cannot be passed",
                    where=where,
                    remedy="Pass its key.",
                )
        returns = self._type(action.returns, where) if action.returns else None
        return ServedAction(action, bound_to, tuple(parameters), returns)

    def _type(self, text: str, where: str) -> Type:
        is_collection = text.startswith("Collection(") and text.endswith(")")
        bare = text[len("Collection(") : -1] if is_collection else text
        if bare in EDM:
            return Type(bare, is_collection)
        name = bare.removeprefix(f"{NAMESPACE}.")
        enum, entity_set = self._enums.get(name), self._types.get(name)
        if enum is None and entity_set is None:
            raise UsageError(
                f"there is no type '{bare}'",
                where=where,
                remedy=_similar(bare, [*EDM, *self._enums, *self._types]),
            )
        return Type(f"{NAMESPACE}.{name}", is_collection, enum, None if enum else entity_set)


def declare(actions: Actions, declared: Iterable[ActionSettings]) -> None:
    """Add the actions of the settings. Raises UsageError for a function that is not there."""
    for number, settings in enumerate(declared):
        where = f"[[finance_operations.actions]] number {number + 1}, {settings.name}"
        function = _always(settings.answer)
        if settings.function:
            function = _guarded(settings.name, load_function(settings.function, where))
        parameters = tuple(
            ActionParameter(p.name, p.type, p.nullable, p.optional) for p in settings.parameters
        )
        action = Action(
            settings.name,
            function,
            settings.entity_set,
            settings.binding,
            parameters,
            settings.returns,
        )
        actions.add(action)
        if settings.answer is not None:
            _check_answer(actions.of(settings.entity_set)[-1], settings, where)


def _check_answer(served: ServedAction, settings: ActionSettings, where: str) -> None:
    if settings.function:
        raise UsageError(
            "has an answer and a function", where=where, remedy="Leave one of them out."
        )
    if served.returns is None:
        raise UsageError(
            "has an answer and returns nothing",
            where=where,
            remedy='Say of which type the answer is: returns = "Edm.String".',
        )
    try:
        served.result(settings.answer)
    except BadArguments as error:
        raise UsageError(
            str(error.values["reason"]),
            where=f"{where}, answer",
            remedy="Give an answer of the type that it returns.",
        ) from error


def _always(answer: Any) -> ActionFunction:
    return lambda call: answer  # noqa: ARG005 - the same answer for every call


def _guarded(name: str, function: ActionFunction) -> ActionFunction:
    """A user's function; its mistakes are logged and told as the service tells those of X++."""

    def call(call: ActionCall) -> Any:
        try:
            return function(call)
        except (ActionRefused, ServiceError):
            raise
        except Exception as problem:
            _log.exception("the function of the action %s failed", name)
            text = f"Exception has been thrown by the target of an invocation. {problem!r}"
            raise ActionRefused(text) from problem

    return call


def action_nodes(actions: Iterable[ServedAction]) -> list[Node]:
    """`Action` elements in the form of the real $metadata."""
    return [_action_node(served) for served in actions]


def import_nodes(actions: Iterable[ServedAction]) -> list[Node]:
    """`ActionImport` elements of the container, for what is not bound."""
    return [
        Node("ActionImport", {"Name": s.name, "Action": f"{NAMESPACE}.{s.name}"})
        for s in actions
        if s.bound_to is None
    ]


def _action_node(served: ServedAction) -> Node:
    attributes = {"Name": served.name}
    children: list[Node] = []
    if served.bound_to is not None:
        attributes["IsBound"] = "true"
        name = served.bound_to.type
        kind = f"{NAMESPACE}.{name}"
        kind = f"Collection({kind})" if served.is_of_collection else kind
        children.append(Node("Parameter", {"Name": name, "Type": kind}))
    for parameter, kind_of in served.parameters:
        described = {"Name": parameter.name, "Type": kind_of.qualified}
        if not parameter.nullable:
            described["Nullable"] = "false"
        children.append(Node("Parameter", described))
    if served.returns is not None:
        children.append(Node("ReturnType", {"Type": served.returns.qualified}))
    return Node("Action", attributes, children)


def _reader(column: Column) -> Checker:
    """JSON in, the same value in its one written form out. Raises BadArguments."""
    check, decode = checker(column), decoder(column)

    def read(value: Any) -> Any:
        try:
            stored = check(value)
        except BadValue as error:
            raise _inconvertible(value, column.edm) from error
        return decode(stored) if decode is not None else stored

    return read


def _inconvertible(value: Any, kind: str) -> BadArguments:
    shown = str(value).lower() if isinstance(value, bool) else str(value)[:200]
    return BadArguments(
        reason=f"Cannot convert the literal '{shown}' to the expected type '{kind}'."
    )


def _similar(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), 1)
    return f"Did you mean {close[0]}?" if close else "See /data/$metadata for what there is."

"""All functions and actions of an environment: what each takes and answers, and who handles it.

A message that is known but has no handler answers 501 by name; an unknown one 404.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from windtunnel.contracts.entities.dataverse.messages import (
    BASE_ENTITY,
    ComplexType,
    EnumType,
    MessageCatalogue,
    MessageDefinition,
    item_type,
)
from windtunnel.simulator.exchange import Exchange, Response
from windtunnel.simulator.services.dataverse.errors import DataverseError
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable
from windtunnel.simulator.services.dataverse.paths import Segment

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers
    from windtunnel.simulator.services.dataverse.model.writes import Caller


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a message: who calls what, on which record, with checked arguments.

    `served` and `key` are the table and record that a bound message stands behind.
    """

    there: Handlers
    exchange: Exchange
    definition: MessageDefinition
    arguments: Mapping[str, Any]
    served: DataverseTable | None = None
    key: str = ""

    @property
    def caller(self) -> Caller:
        """Who calls."""
        return self.there.caller(self.exchange)

    @property
    def bound(self) -> DataverseTable:
        """The table that a bound message stands behind."""
        assert self.served is not None
        return self.served


Answer: TypeAlias = dict[str, Any] | DataverseError | None
"""Members of the result beside its context; None for 204; an error that undoes nothing."""

Handler: TypeAlias = Callable[[Call], Answer]
Delegate: TypeAlias = "Callable[[Handlers, Exchange, Segment], Response]"
"""A handler that reads the request and writes the answer itself."""


class Registry:
    """Messages by name. Several of one name differ by what they are bound to."""

    def __init__(self, standard: MessageCatalogue) -> None:
        self._found: dict[str, list[MessageDefinition]] = {}
        self._handlers: dict[str, Handler] = {}
        self._delegates: dict[str, Delegate] = {}
        self.complex_types: dict[str, ComplexType] = dict(standard.complex_types)
        self.enum_types: dict[str, EnumType] = dict(standard.enum_types)
        self._custom: set[str] = set()
        for definition in standard.messages:
            self._found.setdefault(definition.name, []).append(definition)

    def handle(self, handlers: Mapping[str, Handler]) -> None:
        """Let these handlers answer the standard messages of their names."""
        for name, handler in handlers.items():
            if name not in self._found:
                raise KeyError(f"no standard message has the name {name}")
            self._handlers[name] = handler

    def delegate(self, names: Mapping[str, Delegate]) -> None:
        """Let these read and answer requests for the messages of their names by themselves."""
        for name, handler in names.items():
            self._found.setdefault(name, [MessageDefinition(name, "action")])
            self._delegates[name] = handler

    def add(self, definition: MessageDefinition, result: ComplexType, handler: Handler) -> None:
        """Add a custom message, or replace one; its result type comes along."""
        self._found[definition.name] = [definition]
        self._handlers[definition.name] = handler
        if definition.result:
            self.complex_types[result.name] = result
        self._custom.add(definition.name)

    def remove(self, name: str) -> None:
        """Take a custom message away."""
        if name in self._custom:
            self._custom.discard(name)
            for definition in self._found.pop(name):
                self.complex_types.pop(definition.result, None)
            del self._handlers[name]

    def delegated(self, name: str) -> Delegate | None:
        """Who answers requests for a message of this name without the registry's help."""
        return self._delegates.get(name)

    def handler(self, name: str) -> Handler | None:
        """Who answers the messages of a name."""
        return self._handlers.get(name)

    def unbound(self, name: str) -> MessageDefinition | None:
        """The message at the root of this name."""
        return next((found for found in self._found.get(name, ()) if not found.bound), None)

    def bound(self, name: str, table: str, *, to_record: bool) -> MessageDefinition | None:
        """The message of this name behind a record, or a set, of a table."""
        for found in self._found.get(name, ()):
            is_set = found.bound.startswith("Collection(")
            if is_set != to_record and item_type(found.bound) in {table, BASE_ENTITY}:
                return found
        return None

    def is_known(self, name: str) -> bool:
        """Whether any message has this name."""
        return name in self._found

    def is_custom(self, name: str) -> bool:
        """Whether the message of this name is the user's own."""
        return name in self._custom

    def is_simulated(self, name: str) -> bool:
        """Whether messages of this name are answered."""
        return name in self._handlers or name in self._delegates

    def __iter__(self) -> Iterator[MessageDefinition]:
        return (found for listed in self._found.values() for found in listed)

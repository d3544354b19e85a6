"""What an OData action of finance and operations is: parameters, result, the function behind it.

A service that offers actions declares them with these values and knows nothing of `/data`; whoever
assembles the house hands them to `FinanceOperations.actions.add`. So does a user's own module, by
`[[finance_operations.actions]]` in `windtunnel.toml`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias


class ActionRefused(Exception):
    """Raised by the function behind an action: its text is what X++ would have thrown.

    The caller gets `Exception occurred while executing action X on Entity Y: text`; what the
    function wrote is undone.
    """


@dataclass(frozen=True, slots=True)
class ActionParameter:
    """One parameter: of `Edm.X`, an enumeration (`NoYes`), or a `Collection()` of one.

    One that is not `optional` must be in the body. A null, or an optional one left out, arrives as
    an empty text for Edm.String and as None for other types; null is refused when not `nullable`.
    """

    name: str
    type: str = "Edm.String"
    nullable: bool = True
    optional: bool = False


class RecordAccess(Protocol):
    """Records of the environment, by set name and key in the order of $metadata.

    Values are JSON values as `/data` takes and gives them; writes keep every rule of the entity
    and raise what the service answers.
    """

    def retrieve(self, entity_set: str, key: tuple[Any, ...]) -> dict[str, Any] | None:
        """A record, or None."""
        ...

    def create(self, entity_set: str, body: Mapping[str, Any]) -> tuple[Any, ...]:
        """Create a record; returns its key."""
        ...

    def update(self, entity_set: str, key: tuple[Any, ...], body: Mapping[str, Any]) -> None:
        """Change a record."""
        ...

    def delete(self, entity_set: str, key: tuple[Any, ...]) -> None:
        """Delete a record."""
        ...


@dataclass(frozen=True, slots=True)
class ActionCall:
    """What the function behind an action gets.

    `arguments` has every declared parameter, as checked JSON values (enumerations by member name).
    `key` is that of the record a record-bound action stands behind, else empty. `company` is the
    record's, or the caller's default. `base_url` is what the client called, without `/data`.
    """

    name: str
    arguments: Mapping[str, Any]
    key: tuple[Any, ...]
    company: str
    user_id: str
    app_id: str
    base_url: str
    records: RecordAccess


ActionFunction: TypeAlias = Callable[[ActionCall], Any]
"""Returns the JSON value of the result; for an entity type a key, or a list of keys."""


@dataclass(frozen=True, slots=True)
class Action:
    """One action. Without `entity_set` it is unbound: `/data/Microsoft.Dynamics.DataEntities.Name`.

    Else it stands behind one record (`/data/Set(key)/Microsoft.Dynamics.DataEntities.Name`) or
    behind the set (`binding="collection"`). `returns` is a type as for parameters, or the name of
    an entity type, or a `Collection()` of one; empty means nothing is returned (204). The value of
    a `nested` one is answered as `{"value": {"value": ...}}`.
    """

    name: str
    function: ActionFunction
    entity_set: str = ""
    binding: Literal["record", "collection"] = "record"
    parameters: tuple[ActionParameter, ...] = ()
    returns: str = ""
    nested: bool = False

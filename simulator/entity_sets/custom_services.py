"""What a custom service of finance and operations is: operations, data contracts, functions.

Whoever offers services declares them with these values; `FinanceOperations.custom_services.add`
takes them. So does a user's own module, by `[[finance_operations.services]]` in `windtunnel.toml`.

A type is `string`, `int`, `int64`, `real`, `boolean`, `date`, `utcdatetime`, `guid`, the name of an
enumeration or of a data contract; with `[]` behind it, a list of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from windtunnel.simulator.entity_sets.actions import RecordAccess

DEFAULT_NAMESPACE = "http://tempuri.org"


class OperationRefused(Exception):
    """Raised by the function behind an operation: its text is what X++ would have thrown.

    The caller gets `An exception occured when invoking the operation - text`; what the function
    wrote is undone.
    """

    def __init__(self, text: str, exception_type: str = "ErrorException") -> None:
        super().__init__(text)
        self.exception_type = exception_type


@dataclass(frozen=True, slots=True)
class Member:
    """A parameter of an operation or a member of a data contract."""

    name: str
    type: str = "string"


@dataclass(frozen=True, slots=True)
class DataContract:
    """A data contract: a class with named members. Its name is known to all services."""

    name: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class InfologEntry:
    """A line of the Infolog, which SOAP answers bring along."""

    type: Literal["Info", "Warning", "Error"]
    message: str


@dataclass(frozen=True, slots=True)
class OperationCall:
    """What the function behind an operation gets.

    `arguments` has every declared parameter, as checked JSON values: contracts as objects with all
    members, enumerations by member name. `company` is that of the call context or the caller's
    default, `base_url` what the client called. `infolog` may be added to.
    """

    name: str
    arguments: Mapping[str, Any]
    company: str
    language: str
    user_id: str
    app_id: str
    base_url: str
    records: RecordAccess
    infolog: list[InfologEntry] = field(default_factory=list)


OperationFunction: TypeAlias = Callable[[OperationCall], Any]
"""Returns the JSON value of the result; where an operation returns nothing, it is ignored."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `returns` is a type, or empty."""

    name: str
    function: OperationFunction
    parameters: tuple[Member, ...] = ()
    returns: str = ""


@dataclass(frozen=True, slots=True)
class CustomService:
    """One service of a group. SOAP knows it by `external_name` (else its name) in `namespace`."""

    group: str
    name: str
    operations: tuple[Operation, ...]
    external_name: str = ""
    namespace: str = DEFAULT_NAMESPACE

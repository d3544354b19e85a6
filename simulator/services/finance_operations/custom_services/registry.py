"""The custom services of one environment: groups, services, operations, types resolved."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from windtunnel.simulator.entity_sets.custom_services import (
    CustomService,
    DataContract,
    Member,
    Operation,
    OperationCall,
    OperationFunction,
    OperationRefused,
)
from windtunnel.simulator.exchange import ServiceError, UsageError
from windtunnel.simulator.kernel.settings import (
    CustomServiceSettings,
    DataContractSettings,
    ServiceOperationSettings,
)
from windtunnel.simulator.kernel.user_functions import load_function
from windtunnel.simulator.odata.schema import EnumType
from windtunnel.simulator.services.finance_operations.custom_services.shapes import (
    SCALARS,
    BadValue,
    Contract,
    Enum,
    ListOf,
    Scalar,
    Shape,
    checked,
)

_T = TypeVar("_T")
_log = logging.getLogger("windtunnel.finance_operations")


@dataclass(frozen=True, slots=True)
class ServedOperation:
    """An operation with its types."""

    operation: Operation
    parameters: Mapping[str, Shape]
    returns: Shape | None

    @property
    def name(self) -> str:
        """Its name."""
        return self.operation.name


@dataclass(frozen=True, slots=True)
class ServedService:
    """A service with its operations by name."""

    service: CustomService
    operations: Mapping[str, ServedOperation]

    @property
    def name(self) -> str:
        """Its name in JSON."""
        return self.service.name

    @property
    def external_name(self) -> str:
        """Its name in SOAP."""
        return self.service.external_name or self.service.name

    def operation(self, name: str) -> ServedOperation | None:
        """An operation; X++ does not tell case."""
        return _by_name(self.operations, name)


class CustomServices:
    """The registry, filled when the house is assembled; names are found in any case."""

    def __init__(self, enums: Mapping[str, EnumType]) -> None:
        self._enums = dict(enums)
        self._contracts: dict[str, Contract] = {}
        self._groups: dict[str, dict[str, ServedService]] = {}

    # -- filling ------------------------------------------------------------------------------

    def add_enums(self, *enums: EnumType) -> None:
        """Know these enumerations too, where the entities have none of the name."""
        self._enums = {enum.name: enum for enum in enums} | self._enums

    def add_contracts(self, *contracts: DataContract) -> None:
        """Know these data contracts, which may refer to each other. Raises UsageError."""
        for contract in contracts:
            if {contract.name} & {*self._contracts, *SCALARS, *self._enums}:
                raise UsageError(
                    f"there is already a type {contract.name}",
                    where=f"data contract {contract.name}",
                    remedy="Give it another name.",
                )
            self._contracts[contract.name] = Contract(contract.name)
        for contract in contracts:
            where = f"data contract {contract.name}"
            _refuse_twice("member", contract.members, where)
            members = sorted(self._shapes(contract.members, where).items())
            self._contracts[contract.name].members.update(members)

    def add(self, *services: CustomService) -> None:
        """Offer these services. Raises UsageError for an unknown type or a second one of a name."""
        for service in services:
            where = f"custom service {service.group}/{service.name}"
            group = self._groups.setdefault(self.group_name(service.group), {})
            if _by_name(group, service.name) is not None:
                raise UsageError("is there already", where=where, remedy="Give it another name.")
            _refuse_twice("operation", service.operations, where)
            for operation in service.operations:
                _refuse_twice("parameter", operation.parameters, f"{where}/{operation.name}")
            group[service.name] = ServedService(
                service,
                {
                    operation.name: ServedOperation(
                        operation,
                        self._shapes(operation.parameters, f"{where}/{operation.name}"),
                        self._shape(operation.returns, f"{where}/{operation.name}")
                        if operation.returns
                        else None,
                    )
                    for operation in service.operations
                },
            )

    def declare(
        self,
        services: Iterable[CustomServiceSettings],
        contracts: Iterable[DataContractSettings],
    ) -> None:
        """Add what the settings declare. Raises UsageError for what is not possible."""
        self.add_contracts(
            *(
                DataContract(c.name, tuple(Member(m.name, m.type) for m in c.members))
                for c in contracts
            )
        )
        for number, service in enumerate(services):
            operations: list[Operation] = []
            for operation in service.operations:
                where = (
                    f"[[finance_operations.services]] number {number + 1}, "
                    f"{service.name}.{operation.name}"
                )
                if operation.answer is not None:
                    self._check_answer(operation, where)
                function = _always(operation.answer)
                if operation.function:
                    loaded = load_function(operation.function, where)
                    function = _guarded(f"{service.name}.{operation.name}", loaded)
                parameters = tuple(Member(p.name, p.type) for p in operation.parameters)
                operations.append(
                    Operation(operation.name, function, parameters, operation.returns)
                )
            self.add(
                CustomService(
                    service.group,
                    service.name,
                    tuple(operations),
                    service.external_name,
                    service.namespace,
                )
            )

    def _check_answer(self, operation: ServiceOperationSettings, where: str) -> None:
        if operation.function:
            raise UsageError(
                "has an answer and a function", where=where, remedy="Leave one of them out."
            )
        if not operation.returns:
            raise UsageError(
                "has an answer and returns nothing",
                where=where,
                remedy='Say of which type the answer is: returns = "string".',
            )
        try:
            checked(self._shape(operation.returns, where), operation.answer, "answer")
        except BadValue as error:
            raise UsageError(
                str(error), where=where, remedy="Give an answer of the type that it returns."
            ) from error

    def _shapes(self, members: Iterable[Member], where: str) -> dict[str, Shape]:
        return {member.name: self._shape(member.type, where) for member in members}

    def _shape(self, text: str, where: str) -> Shape:
        bare = text.removesuffix("[]")
        found: Scalar | Enum | Contract | None = SCALARS.get(bare) or self._contracts.get(bare)
        if found is None and bare in self._enums:
            found = Enum(self._enums[bare])
        if found is None:
            known = [*SCALARS, *self._contracts, *self._enums]
            close = difflib.get_close_matches(bare, known, 1)
            remedy = f"Did you mean {close[0]}?" if close else f"Use one of {', '.join(SCALARS)}."
            raise UsageError(f"there is no type '{bare}'", where=where, remedy=remedy)
        return ListOf(found) if text.endswith("[]") else found

    # -- finding ------------------------------------------------------------------------------

    def groups(self) -> Iterator[str]:
        """The names of the service groups."""
        yield from self._groups

    def services(self, group: str) -> Mapping[str, ServedService] | None:
        """The services of a group."""
        return _by_name(self._groups, group)

    def group_name(self, group: str) -> str:
        """A group's name as it was declared."""
        return next((name for name in self._groups if name.lower() == group.lower()), group)

    def service(self, group: str, name: str) -> ServedService | None:
        """A service of a group."""
        services = self.services(group)
        return None if services is None else _by_name(services, name)


def _by_name(things: Mapping[str, _T], name: str) -> _T | None:
    found = things.get(name)
    if found is not None:
        return found
    return next((thing for key, thing in things.items() if key.lower() == name.lower()), None)


def _refuse_twice(what: str, things: Iterable[Member | Operation], where: str) -> None:
    """Raises UsageError for a name that stands twice; X++ does not tell case."""
    seen: set[str] = set()
    for thing in things:
        if thing.name.lower() in seen:
            raise UsageError(
                f"there are two {what}s {thing.name}",
                where=where,
                remedy="Give one of them another name: case makes no difference.",
            )
        seen.add(thing.name.lower())


def _always(answer: Any) -> OperationFunction:
    return lambda call: answer  # noqa: ARG005 - the same answer for every call


def _guarded(name: str, function: OperationFunction) -> OperationFunction:
    """A user's function; its mistakes are logged and told as the service tells those of X++."""

    def call(call: OperationCall) -> Any:
        try:
            return function(call)
        except (OperationRefused, ServiceError):
            raise
        except Exception as problem:
            _log.exception("the function of the operation %s failed", name)
            text = f"Exception has been thrown by the target of an invocation. {problem!r}"
            raise OperationRefused(text, "TargetInvocationException") from problem

    return call

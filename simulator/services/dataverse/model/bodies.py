"""Bodies of writes: values checked by column, references bound, nested records put apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.odata.schema import Navigation
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable
from windtunnel.simulator.services.dataverse.security import Security

_BIND = "@odata.bind"
OWNERS = frozenset(
    {"_ownerid_value", "_owninguser_value", "_owningteam_value", "_owningbusinessunit_value"}
)

Resolver = Callable[[str], tuple[DataverseTable, str]]
"""A reference such as `/accounts(guid)` to its table and key; raises when there is no record."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Keys of existing records that a new one is to have in a collection."""

    keys: tuple[str, ...]


class Bodies:
    """Reads the bodies that clients send."""

    def __init__(self, resolve: Resolver, security: Security) -> None:
        self._resolve, self._security = resolve, security

    def values_of(
        self, served: DataverseTable, body: dict[str, Any]
    ) -> tuple[Values, list[tuple[str, Any]]]:
        """(stored values, nested objects by navigation property) of a body."""
        checkers = served.writable
        if not served.lookup_columns.isdisjoint(body):
            body = self._without_lookups(served, body)
        values: Values = {}
        nested: list[tuple[str, Any]] = []
        for name, value in body.items():
            if name in checkers:
                values[name] = checkers[name](value)
            else:
                self._other(served, name, value, values, nested)
        return values, nested

    @staticmethod
    def _without_lookups(served: DataverseTable, body: dict[str, Any]) -> dict[str, Any]:
        """A body without columns of lookups that are null. Raises LookupNotBound for others."""
        named = served.lookup_columns.intersection(body)
        if any(body[name] is not None for name in named):
            raise errors.LookupNotBound
        return {name: value for name, value in body.items() if name not in named}

    def _other(
        self,
        served: DataverseTable,
        name: str,
        value: Any,
        values: Values,
        nested: list[tuple[str, Any]],
    ) -> None:
        if name.endswith(_BIND):
            bound = name.removesuffix(_BIND)
            navigation = served.table.navigations.get(bound)
            if navigation is not None and navigation.collection:
                nested.append((bound, self._bound_all(served, navigation, value)))
            else:
                self._bind(served, bound, value, values)
            return
        if name == "@odata.type":
            self._check_type(served, value)
        if "@" in name:
            return
        if (check := served.checkers.get(name)) is not None:
            check(value)  # the system's own column: bound as any other, and then left as it is
            return
        lookup = served.writable_lookups.get(name)
        if lookup is not None and value is None:
            values[lookup[0]] = None
        elif name in served.table.navigations and name != "ownerid":
            nested.append((name, value))
        else:
            raise errors.UnknownProperty(set=served.entity_set, name=name, table=served.name)

    @staticmethod
    def _check_type(served: DataverseTable, value: Any) -> None:
        kind = str(value).rpartition("#")[2]
        if kind.rpartition(".")[2] not in {served.name, "crmbaseentity"}:
            raise errors.PayloadError(
                set=served.entity_set,
                problem=f"Microsoft.OData.ODataException: A resource with type '{kind}' was found, "
                "but it is not assignable to the expected type "
                f"'Microsoft.Dynamics.CRM.{served.name}'.",
            )

    def _bound_all(self, served: DataverseTable, navigation: Navigation, value: Any) -> Bound:
        """The records that an array of references names, which a new record is to have."""
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise misshapen(served, f"{navigation.name}@odata.bind", "an array of references")
        keys = []
        for item in value:
            table, key = self._resolve(item)
            if table.name != navigation.target:
                raise errors.PayloadError(
                    set=served.entity_set,
                    problem="Microsoft.OData.ODataException: A reference to "
                    f"'{table.entity_set}' does not fit the navigation property "
                    f"'{navigation.name}'.",
                )
            if self._security.current is not None:
                self._security.check(table, key, "Append")
                self._security.reach(served, "AppendTo")
            keys.append(key)
        return Bound(tuple(keys))

    def _bind(self, served: DataverseTable, name: str, value: Any, values: Values) -> None:
        lookup = served.writable_lookups.get(name)
        if lookup is None and name == "ownerid" and served.has("_ownerid_value"):
            lookup = "_ownerid_value", "systemuser"
        if lookup is None:  # "Use file data with Attachment and Note records": objectid_email
            lookup = served.writable_lookups.get(f"{name.rpartition('_')[0]}_activitypointer")
        if lookup is None:
            raise errors.UndeclaredBind(set=served.entity_set, name=name)
        column, target = lookup
        if value is None:
            values[column] = None
            return
        if not isinstance(value, str):
            raise errors.PayloadError(
                set=served.entity_set,
                problem=f"Microsoft.OData.ODataException: '{name}@odata.bind' must be a string.",
            )
        table, key = self._resolve(value)
        fits = table.name == target or self._is_owner(column, table.name)
        if not fits and not (target == "activitypointer" and table.primary_id == "activityid"):
            raise errors.PayloadError(
                set=served.entity_set,
                problem="Microsoft.OData.ODataException: A reference to "
                f"'{table.entity_set}' does not fit the navigation property '{name}'.",
            )
        values[column] = key
        if column not in OWNERS and self._security.current is not None:
            self._security.reach(served, "Append")
            self._security.check(table, key, "AppendTo")

    @staticmethod
    def _is_owner(column: str, table: str) -> bool:
        return column == "_ownerid_value" and table in {"systemuser", "team"}


def misshapen(served: DataverseTable, name: str, wanted: str) -> errors.PayloadError:
    """The error of a nested value of another shape than its property takes."""
    return errors.PayloadError(
        set=served.entity_set,
        problem=f"Microsoft.OData.ODataException: The property '{name}' takes {wanted}.",
    )

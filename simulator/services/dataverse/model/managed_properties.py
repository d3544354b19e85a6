"""Columns that say what the solution of a component lets be done with it.

Records of roles, views, web resources, steps and other components have them: `iscustomizable`,
`canbedeleted`, `ishidden`. Source: "BooleanManagedProperty ComplexType", "Use managed properties".
Only `Value` is kept: nothing here is locked by a managed solution, so all of them can be changed.
"""

from __future__ import annotations

from typing import Any

from windtunnel.simulator.entity_sets.values import Checker, Decoder, Fault, Refusal, checker
from windtunnel.simulator.odata.schema import Column

HIDDEN = "ishidden"
"""The one that starts with no; the others start with yes."""


def managed(name: str, value: bool = True, changeable: bool = True) -> dict[str, Any]:
    """A BooleanManagedProperty."""
    return {"Value": value, "CanBeChanged": changeable, "ManagedPropertyLogicalName": name}


def managed_decoder(column: Column) -> Decoder:
    """The whole complex value by the flag that is kept."""
    return lambda value: managed(column.name, bool(value))


def managed_checker(column: Column, refusal: Refusal) -> Checker:
    """The flag of a complex value; anything else is refused."""
    flag = checker(column, refusal)

    def check(value: Any) -> Any:
        if not isinstance(value, dict) or not isinstance(value.get("Value"), bool):
            raise refusal(column, value, Fault.TYPE)
        return flag(value["Value"])

    return check

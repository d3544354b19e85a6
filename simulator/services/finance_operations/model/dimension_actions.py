"""Actions that make display values of dimensions, so that no client needs to know their format.

Source: "MSDyn365FO. OData integration, how-to set financial dimensions" (a community page): names,
arrays and what is skipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from windtunnel.simulator.entity_sets.actions import (
    Action,
    ActionCall,
    ActionParameter,
    ActionRefused,
)
from windtunnel.simulator.services.finance_operations.model.dimensions import Dimensions

_STRINGS: Final = "Collection(Edm.String)"
_PAIRS: Final = (
    ActionParameter("_attributeNames", _STRINGS),
    ActionParameter("_attributeValues", _STRINGS),
)
_LEDGER: Final = "Ledger"


def dimension_actions(dimensions: Dimensions, sets: Mapping[str, Any]) -> list[Action]:
    """The actions of the sets that are there."""

    def display_value(call: ActionCall) -> str:
        return dimensions.joined(_parts(call), account=False)

    def combination(call: ActionCall) -> str:
        parts = _parts(call)
        if (call.arguments["_accountType"] or _LEDGER) == _LEDGER:
            return dimensions.joined(parts, account=True)
        # unconfirmed: an account of another type stands alone, whatever its attribute is called.
        if len(parts) != 1:
            text = "An account that is not a ledger account has one value."
            raise ActionRefused(text)
        return dimensions.escaped(*parts.values())

    found = [
        Action(
            "getSetDisplayValue",
            display_value,
            "DimensionSets",
            "collection",
            _PAIRS,
            "Edm.String",
        ),
        Action(
            "getCombinationDisplayValue",
            combination,
            "DimensionCombinations",
            "collection",
            (
                ActionParameter("_entityName"),
                ActionParameter("_propertyName"),
                *_PAIRS,
                # unconfirmed: its name; the type is documented.
                ActionParameter("_accountType", "LedgerJournalACType", optional=True),
            ),
            "Edm.String",
        ),
    ]
    return [action for action in found if action.entity_set in sets]


def _parts(call: ActionCall) -> dict[str, str]:
    """The values by the name of their dimension. Raises ActionRefused."""
    names, values = call.arguments["_attributeNames"], call.arguments["_attributeValues"]
    if len(names) != len(values):
        # unconfirmed: the text.
        text = f"{len(names)} names of attributes were given and {len(values)} values."
        raise ActionRefused(text)
    return dict(zip(names, values, strict=True))

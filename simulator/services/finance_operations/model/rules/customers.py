"""Customers. Source: "Customers V3"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.refusals import (
    Refusal,
    must_fill,
    refuse,
)
from windtunnel.simulator.services.finance_operations.model.rules.entity_rules import (
    EntityRules,
    Sent,
    Surroundings,
    address,
)

_ADDRESS: Final = (
    "AddressStreet",
    "AddressCity",
    "AddressState",
    "AddressZipCode",
    "AddressCountryRegionId",
)


class CustomerRules:
    """Customers and their groups."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def rules(self) -> Mapping[str, EntityRules]:
        """By entity set."""
        return {
            "CustomersV3": EntityRules(
                default=self._default, modified=self._modified, check=self._check
            ),
            "CustomerGroups": EntityRules(check=self._check_group),
        }

    def _default(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        del entity_set
        if values["PartyType"] == "Person":
            parts = (values[f"Person{part}Name"] for part in ("First", "Middle", "Last"))
            values["OrganizationName"] = " ".join(part for part in parts if part)
        name = values["OrganizationName"]
        values["NameAlias"] = values["NameAlias"] or name[:20]
        values["KnownAs"] = values["KnownAs"] or name
        if "PaymentTerms" not in sent:
            group = self._around.row(
                "CustomerGroups", values[COMPANY], values["CustomerGroupId"], ("PaymentTermId",)
            )
            values["PaymentTerms"] = group["PaymentTermId"] if group else ""
        values["FullPrimaryAddress"] = address(*[values[name] for name in _ADDRESS])

    def _modified(self, entity_set: EntitySet, values: Values, changed: Sent) -> None:
        del entity_set
        if not set(_ADDRESS).isdisjoint(changed):
            values["FullPrimaryAddress"] = address(*[values[name] for name in _ADDRESS])

    def _check(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        kind = values["PartyType"]
        if kind not in {"Organization", "Person"}:
            return refuse(entity_set, f"The value '{kind}' is not a party type.", "PartyType")
        if not values["OrganizationName"]:
            name = "PersonFirstName" if kind == "Person" else "OrganizationName"
            return must_fill(entity_set, name)
        if values["AddressDescription"] and not values["AddressCountryRegionId"]:
            return must_fill(entity_set, "AddressCountryRegionId")
        return self._check_group(entity_set, values)

    def _check_group(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        name = "DefaultDimensionDisplayValue"
        return self._around.dimensions.check_set(entity_set, name, values[name], values[COMPANY])

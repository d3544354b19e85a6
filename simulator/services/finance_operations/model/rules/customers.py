"""Customers. Source: "Customers V3"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.refusals import Refusal, must_fill
from windtunnel.simulator.services.finance_operations.model.rules.entity_rules import (
    EntityRules,
    Surroundings,
    address_in,
)
from windtunnel.simulator.services.finance_operations.model.rules.parties import (
    Parties,
    PartyColumns,
)

_CUSTOMER: Final = PartyColumns(
    kind="PartyType",
    name="OrganizationName",
    search_name="NameAlias",
    known_as="KnownAs",
    terms="PaymentTerms",
    group="CustomerGroupId",
    groups="CustomerGroups",
    group_terms="PaymentTermId",
    dimensions="DefaultDimensionDisplayValue",
    address=address_in("FullPrimaryAddress", "Address"),
)


class CustomerRules:
    """Customers and their groups."""

    def __init__(self, around: Surroundings) -> None:
        self._around, self._parties = around, Parties(around, _CUSTOMER)

    def rules(self) -> Mapping[str, EntityRules]:
        """By entity set."""
        return {
            "CustomersV3": EntityRules(
                default=self._parties.default,
                modified=_CUSTOMER.address.follow,
                check=self._check,
            ),
            "CustomerGroups": EntityRules(check=self._check_group),
        }

    def _check(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        refusal = self._parties.check(entity_set, values)
        if (
            refusal is None
            and values["AddressDescription"]
            and not values["AddressCountryRegionId"]
        ):
            return must_fill(entity_set, "AddressCountryRegionId")
        return refusal

    def _check_group(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        return self._around.check_dimensions(entity_set, values, _CUSTOMER.dimensions)

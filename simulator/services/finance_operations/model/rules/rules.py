"""Who knows the rules of which entity set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.refusals import (
    Refusal,
    refuse,
    undeletable,
)
from windtunnel.simulator.services.finance_operations.model.rules.customers import CustomerRules
from windtunnel.simulator.services.finance_operations.model.rules.entity_rules import (
    NONE,
    EntityRules,
    Surroundings,
)
from windtunnel.simulator.services.finance_operations.model.rules.ledger import LedgerRules
from windtunnel.simulator.services.finance_operations.model.rules.organization import (
    OrganizationRules,
)
from windtunnel.simulator.services.finance_operations.model.rules.products import ProductRules
from windtunnel.simulator.services.finance_operations.model.rules.purchase import PurchaseRules
from windtunnel.simulator.services.finance_operations.model.rules.sales import SalesRules
from windtunnel.simulator.services.finance_operations.model.rules.vendors import VendorRules

_AREAS = (
    CustomerRules,
    VendorRules,
    SalesRules,
    PurchaseRules,
    ProductRules,
    LedgerRules,
    OrganizationRules,
)


class Rules:
    """What the tables' own methods do; versions of one entity have the rules of the first."""

    def __init__(self, around: Surroundings) -> None:
        self._rules: dict[str, EntityRules] = {}
        for area in _AREAS:
            self._rules.update(area(around).rules())

    def of(self, entity_set: EntitySet) -> EntityRules:
        """The rules of a set; none where nothing is known, as for imported ones."""
        return self._rules.get(entity_set.principal.name, NONE)

    def default_row(self, entity_set: EntitySet, values: Values, sent: Mapping[str, Any]) -> None:
        """Fill what was not sent from what is known; sent values stay."""
        self.of(entity_set).default(entity_set, values, sent)

    def validate_create(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        """Against a new row."""
        rules = self.of(entity_set)
        return rules.check_new(entity_set, values) or rules.check(entity_set, values)

    def validate_update(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        """Against a changed row."""
        return self.of(entity_set).check(entity_set, values)

    def validate_open(self, entity_set: EntitySet, row: Values) -> Refusal | None:
        """Against changing this row at all: what is posted is closed."""
        text = self.of(entity_set).closed(row)
        return refuse(entity_set, text.replace("{done}", "changed")) if text else None

    def validate_delete(self, entity_set: EntitySet, row: Values) -> Refusal | None:
        """Against deleting this row."""
        rules = self.of(entity_set)
        text = rules.closed(row)
        if text:
            return undeletable(text.replace("{done}", "deleted"), entity_set.data_source)
        return rules.check_delete(entity_set, row)

    def modified(self, entity_set: EntitySet, values: Values, changed: Mapping[str, Any]) -> None:
        """What a change of fields changes with it."""
        self.of(entity_set).modified(entity_set, values, changed)

"""Records as the functions behind actions see them: JSON values, every rule of the entity kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.entity_sets.records import Key
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.plans import Plans
from windtunnel.simulator.services.finance_operations.model.reading import Json, Reading
from windtunnel.simulator.services.finance_operations.model.writing import Writing


def in_company(entity_set: EntitySet, body: Mapping[str, Any], company: str) -> Mapping[str, Any]:
    """A new record's body; without a company of its own it gets the caller's."""
    if not entity_set.is_company_specific or body.get(COMPANY):
        return body
    return {**body, COMPANY: company}


class Access:
    """See `RecordAccess` in simulator/entity_sets/actions.py."""

    def __init__(
        self,
        sets: Mapping[str, EntitySet],
        plans: Plans,
        reading: Reading,
        writing: Writing,
        user: str,
        company: str,
    ) -> None:
        self._sets, self._plans, self._user, self._company = sets, plans, user, company
        self._reading, self._writing = reading, writing

    def retrieve(self, entity_set: str, key: Key) -> Json | None:
        """A record, or None."""
        return self._reading.one(self._plans.of(self._sets[entity_set], ""), key, "none", "")

    def create(self, entity_set: str, body: Mapping[str, Any]) -> Key:
        """Create a record; returns its key. Raises FinanceOperationsError."""
        served = self._sets[entity_set]
        made = self._writing.create(served, in_company(served, body, self._company), self._user)
        return served.key_of(made)

    def update(self, entity_set: str, key: Key, body: Mapping[str, Any]) -> None:
        """Change a record. Raises FinanceOperationsError."""
        self._writing.update(self._sets[entity_set], key, body, self._user)

    def delete(self, entity_set: str, key: Key) -> None:
        """Delete a record. Raises FinanceOperationsError."""
        self._writing.delete(self._sets[entity_set], key, self._user)

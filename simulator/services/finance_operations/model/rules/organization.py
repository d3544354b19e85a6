"""Legal entities and people. Employees of either version and workers know of each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.services.finance_operations.model.entity_set import (
    EMPTY_MOMENT,
    EntitySet,
)
from windtunnel.simulator.services.finance_operations.model.rules.entity_rules import (
    EntityRules,
    Sent,
    Surroundings,
    address_in,
)

_OPEN_END: Final = "2154-12-31T23:59:59Z"
_ADDRESS: Final = address_in("FullPrimaryAddress", "Address")


class OrganizationRules:
    """Companies and who works there."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    def rules(self) -> Mapping[str, EntityRules]:
        """By entity set."""
        named = EntityRules(default=_default_person, modified=_modified_person)
        return {
            "LegalEntities": EntityRules(default=_default_company, modified=_ADDRESS.follow),
            "Workers": named,
            "Employees": EntityRules(default=self._default_employee, modified=_modified_person),
            "EmployeesV2": EntityRules(default=self._default_employee, modified=_modified_person),
        }

    def _default_employee(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        _default_person(entity_set, values, sent)
        if values["EmploymentStartDate"] == EMPTY_MOMENT:
            values["EmploymentStartDate"] = self._around.now()
        if values["EmploymentEndDate"] == EMPTY_MOMENT:
            values["EmploymentEndDate"] = _OPEN_END


def _default_company(entity_set: EntitySet, values: Values, sent: Sent) -> None:
    del entity_set, sent
    values["CompanyName"] = values["CompanyName"] or values["Name"]
    values["NameAlias"] = values["NameAlias"] or values["Name"][:20]
    _ADDRESS.show(values)


def _default_person(entity_set: EntitySet, values: Values, sent: Sent) -> None:
    _modified_person(entity_set, values, sent)
    values["NameAlias"] = values["NameAlias"] or values["Name"][:20]
    values["KnownAs"] = values["KnownAs"] or values["Name"]


def _modified_person(entity_set: EntitySet, values: Values, changed: Sent) -> None:
    del entity_set, changed
    parts = (values["FirstName"], values["MiddleName"], values["LastName"])
    values["Name"] = " ".join(part for part in parts if part)

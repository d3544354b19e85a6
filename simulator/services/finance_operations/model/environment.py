"""One environment: its entity sets and what reads and writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from windtunnel.contracts.entities.finance_operations.definitions import EntityTypes
from windtunnel.contracts.entities.finance_operations.load import entity_types
from windtunnel.contracts.limits import FINANCE_OPERATIONS_COSTS, CostModel, Limits
from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.settings import FinanceOperationsSettings
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.odata import FINANCE_AND_OPERATIONS, WITH_STRING_FUNCTIONS
from windtunnel.simulator.services.finance_operations.custom_services.registry import (
    CustomServices,
)
from windtunnel.simulator.services.finance_operations.custom_services.standard import (
    add_standard,
)
from windtunnel.simulator.services.finance_operations.model.access import Access
from windtunnel.simulator.services.finance_operations.model.actions import Actions, declare
from windtunnel.simulator.services.finance_operations.model.bulk import Bulk
from windtunnel.simulator.services.finance_operations.model.checks import Checks
from windtunnel.simulator.services.finance_operations.model.dimension_actions import (
    dimension_actions,
)
from windtunnel.simulator.services.finance_operations.model.dimensions import Dimensions
from windtunnel.simulator.services.finance_operations.model.document import Document
from windtunnel.simulator.services.finance_operations.model.entity_set import Sets
from windtunnel.simulator.services.finance_operations.model.lookups import Lookups
from windtunnel.simulator.services.finance_operations.model.metadata import Metadata
from windtunnel.simulator.services.finance_operations.model.numbers import Numbers
from windtunnel.simulator.services.finance_operations.model.plans import Plans
from windtunnel.simulator.services.finance_operations.model.reading import Reading
from windtunnel.simulator.services.finance_operations.model.rules import Rules
from windtunnel.simulator.services.finance_operations.model.rules.entity_rules import (
    Surroundings,
)
from windtunnel.simulator.services.finance_operations.model.schema import Schema
from windtunnel.simulator.services.finance_operations.model.scope import Companies
from windtunnel.simulator.services.finance_operations.model.seed import seed_rows
from windtunnel.simulator.services.finance_operations.model.standard_actions import (
    standard_actions,
)
from windtunnel.simulator.services.finance_operations.model.storing import Storing
from windtunnel.simulator.services.finance_operations.model.users import Users
from windtunnel.simulator.services.finance_operations.model.writing import (
    Writing,
)


class Environment:
    """The model behind `/data`; knows no HTTP."""

    def __init__(
        self,
        store: Store,
        changes: Changes,
        clock: Clock,
        ids: Ids,
        settings: FinanceOperationsSettings,
        limits: Limits,
        costs: CostModel = FINANCE_OPERATIONS_COSTS,
        imports: Sequence[EntityTypes] = (),
    ) -> None:
        self.costs = costs
        self.batch_operations = round(limits["fo.batch"].allowance)
        self.store, self.clock, self.settings = store, clock, settings
        self._ids = ids.child("finance_operations")
        schema = Schema([entity_types(), *imports])
        self.sets = Sets(store, changes, schema)
        self.companies = Companies(store, settings.default_company)
        self.users = Users(settings.users, settings.default_company)
        self.users.check(self.sets)
        self.actions = Actions(self.sets, schema.enums)
        self.document = Document(schema, self.actions)
        self.metadata = Metadata(schema, self.sets, self.actions)
        self.plans = Plans(
            self.sets,
            WITH_STRING_FUNCTIONS
            if settings.string_functions == "accepted"
            else FINANCE_AND_OPERATIONS,
            skip_tokens=settings.next_link == "skiptoken",
        )
        self.reading = Reading(store, clock)
        numbers, lookups = Numbers(store), Lookups(store, self.sets)
        dimensions = Dimensions(
            self.sets, lookups, settings.dimensions, settings.dimension_delimiter
        )
        surroundings = Surroundings(store, self.sets, lookups, clock, dimensions)
        rules, self._currency_of = Rules(surroundings), surroundings.currency
        storing = Storing(self.sets, lookups, numbers, rules, self._ids.random)
        checks = Checks(self.sets, lookups, self.companies, numbers, rules)
        self._numbers = numbers
        self.writing = Writing(
            store,
            self.sets,
            checks,
            rules,
            storing,
            lookups,
            settings.write_error_status,
        )
        self.actions.add(*standard_actions(self.sets, settings.release))
        self.actions.add(*dimension_actions(dimensions, self.sets))
        declare(self.actions, settings.actions)
        self.custom_services = CustomServices(schema.enums)
        add_standard(self.custom_services, self._company_info, self._is_administrator)
        self.custom_services.declare(settings.services, settings.contracts)
        self.bulk = Bulk(store, changes, checks, storing, lookups, numbers)

    def seed(self, *, sample_data: bool = True) -> None:
        """Create the tables and store the first records, where there are none."""
        self.sets.create()
        self._numbers.create()
        if self.sets["LegalEntities"].records.count():
            return
        seed_rows(self.sets, self._numbers, self._ids.child("seed"), sample_data=sample_data)

    def forget(self) -> None:
        """Drop what is kept in memory: the store was reset."""
        self.plans.forget()
        self.reading.forget()

    def access(self, user: str, company: str = "") -> Access:
        """Records for a function, as this user; without a company in the user's own."""
        company = company or self.users.of(user).company
        return Access(self.sets, self.plans, self.reading, self.writing, user, company)

    def _is_administrator(self, user: str) -> bool:
        return not self.users.of(user).access

    def _company_info(self, company: str) -> dict[str, Any]:
        """Time zone and currency of a company, as UserSessionInfo has them."""
        code = self._currency_of(company)
        currency = self.sets["Currencies"].records.get((code,)) or {}
        entity = self.sets["LegalEntities"].records.get((company,)) or {}
        zones = self.sets["LegalEntities"].table.columns["TimeZone"].enum
        names = {} if zones is None else {number: name for name, number in zones.members.items()}
        return {
            "CompanyTimeZone": names.get(entity.get("TimeZone", 0)),
            "CurrencyInfo": {
                "CurrencyCode": code,
                "Description": currency.get("Name", ""),
                "ExchangeRate": 100.0,
                "ISOCurrencyCode": code,
                "Prefix": currency.get("Symbol", ""),
            },
        }

    def new_id(self) -> str:
        """A GUID from the environment's own source."""
        return self._ids.uuid()

    def entities(self) -> list[tuple[str, int]]:
        """Each public collection with the number of its records."""
        there = self.sets.store.tables()
        return [
            (name, found.records.count() if found.sql in there else 0)
            for name, found in self.sets.items()
        ]

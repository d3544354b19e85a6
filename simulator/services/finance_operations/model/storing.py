"""Stores checked rows: record ids, versions, etags, and what goes with a row.

One place for single and bulk writes. Everything happens inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any, Final

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.entity_sets.records import Key, Values
from windtunnel.simulator.services.finance_operations.model.entity_set import (
    REC_ID,
    EntitySet,
    Sets,
    Upon,
)
from windtunnel.simulator.services.finance_operations.model.kept_records import REC_VERSION
from windtunnel.simulator.services.finance_operations.model.lookups import Lookups
from windtunnel.simulator.services.finance_operations.model.numbers import Numbers
from windtunnel.simulator.services.finance_operations.model.refusals import Refusal, duplicate
from windtunnel.simulator.services.finance_operations.model.rules import Rules
from windtunnel.simulator.services.finance_operations.model.rules.entity_rules import NONE

_SHOWN_ID: Final = {
    "MainAccounts": "MainAccountRecId",
    "ChartOfAccounts": "ChartOfAccountsRecId",
    "DimensionSets": "RecordId",
}
"""Columns that show the record id itself."""

_DIMENSIONS: Final = (
    "DefaultDimensionDisplayValue",
    "DefaultLedgerDimensionDisplayValue",
    "DimensionDisplayValue",
    "OffsetDefaultDimensionDisplayValue",
    "DefaultDimensionsForAccountDisplayValue",
    "DefaultDimensionsForOffsetAccountDisplayValue",
    "InventSiteDefaultDimensionDisplayValue",
)
_NO_EFFECT: Final = NONE.stored
_PEOPLE: Final = ("Workers", "Employees", "EmployeesV2")


class Storing:
    """Inserts, updates and deletes of rows that passed the checks."""

    def __init__(
        self, sets: Sets, lookups: Lookups, numbers: Numbers, rules: Rules, random: Random
    ) -> None:
        self._sets, self._lookups, self._numbers = sets, lookups, numbers
        self._rules, self._random = rules, random
        self._dimension_sets: dict[str, tuple[str, ...]] = {}
        self._one_statement: dict[str, bool] = {}

    def is_one_statement(self, entity_set: EntitySet) -> bool:
        """Whether a row of the set is stored by one statement and nothing is written beside it."""
        known = self._one_statement.get(entity_set.name)
        if known is None:
            known = self._one_statement[entity_set.name] = self._stands_alone(entity_set)
        return known

    def _stands_alone(self, entity_set: EntitySet) -> bool:
        return (
            self._rules.of(entity_set).stored is _NO_EFFECT
            and not self._dimensions_of(entity_set)
            and not entity_set.view
            and entity_set.name not in _PEOPLE
        )

    def insert(
        self, entity_set: EntitySet, made: Values, user: str, *, follows: bool = True
    ) -> Refusal | None:
        """Store a new row; a key that is there already refuses it without a trace.

        Without `follows`, what the table's own method writes to other records stays undone.
        """
        if entity_set.name == "ReleasedProductCreationsV2":
            return self._create_product(entity_set, made, user)
        if not self._add(entity_set, made, user):
            return duplicate(entity_set, made)
        if self.is_one_statement(entity_set):
            return None
        if entity_set.name in _PEOPLE:
            self._add_person(entity_set, made, user)
        self._follow(entity_set, None, made, user, follows)
        return None

    def update(
        self,
        entity_set: EntitySet,
        row: Values,
        values: Values,
        user: str,
        *,
        follows: bool = True,
    ) -> None:
        """Store changed values of a row; `follows` as in `insert`."""
        values[REC_VERSION] = self._random.getrandbits(30) + 2
        entity_set.records.update(entity_set.key_of(row), values, user=user)
        if not self.is_one_statement(entity_set):
            self._follow(entity_set, row, Upon(values, row), user, follows)

    def is_watched(self, entity_set: EntitySet) -> bool:
        """Whether somebody acts on changes of the set, in their transaction."""
        return self._sets.changes.has_hooks(entity_set.table.entity_type)

    def update_other(self, entity_set: EntitySet, key: Key, values: Values, user: str) -> bool:
        """Store values of a row that nothing goes with; False where none differs or no row is."""
        beside = {REC_VERSION: self._random.getrandbits(30) + 2}
        return entity_set.records.update_other(key, values, beside, user=user) is not None

    def delete(self, entity_set: EntitySet, row: Values, user: str) -> None:
        """Delete a row."""
        entity_set.records.delete(entity_set.key_of(row), user=user)
        self._rules.of(entity_set).stored(entity_set, row, None, user)

    def _add(self, entity_set: EntitySet, made: Values, user: str) -> bool:
        made[REC_ID], made[REC_VERSION] = self._numbers.rec_id(), 1
        shown = _SHOWN_ID.get(entity_set.name)
        if shown is not None:
            made[shown] = made[REC_ID]
        return entity_set.records.insert_new(made, user=user)

    def _follow(
        self,
        entity_set: EntitySet,
        before: Values | None,
        after: Values,
        user: str,
        follows: bool,
    ) -> None:
        if follows:
            self._rules.of(entity_set).stored(entity_set, before, after, user)
        for name in self._dimensions_of(entity_set):
            text = after.get(name)
            if text:
                self._keep_dimension_set(text, user)

    def _dimensions_of(self, entity_set: EntitySet) -> tuple[str, ...]:
        found = self._dimension_sets.get(entity_set.name)
        if found is None:
            there = entity_set.kind.properties
            found = tuple([name for name in _DIMENSIONS if name in there])
            self._dimension_sets[entity_set.name] = found
        return found

    def _keep_dimension_set(self, text: str, user: str) -> None:
        """Every combination of default dimensions is a record of its own, made at first use."""
        sets = self._sets["DimensionSets"]
        if not self._lookups.has("DimensionSets", "DisplayValue", text):
            self._add(sets, {"DisplayValue": text}, user)

    # -- entities that write several tables ---------------------------------------------------

    def _create_product(self, entity_set: EntitySet, made: Values, user: str) -> Refusal | None:
        """One create makes the shared product, where there is none, and the item of a company."""
        items, products = self._sets["ReleasedProductsV2"], self._sets["ProductsV2"]
        key = (made[COMPANY], made["ItemNumber"])
        if items.records.exists(key):
            return duplicate(entity_set, made)
        made["RetailProductCategoryName"] = made["RetailProductCategoryname"]
        if not products.records.exists((made["ProductNumber"],)):
            self._add(products, _shared(products, made), user)
        self._add(items, _shared(items, made), user)
        return None

    def _add_person(self, entity_set: EntitySet, made: Values, user: str) -> None:
        """The worker of an employee, the employee of the other version."""
        for name in _PEOPLE:
            other = self._sets[name]
            if other is entity_set or (entity_set.name == "Workers"):
                continue
            row = Upon(_shared(other, made), other.whole)
            if name == "EmployeesV2":
                row["EmploymentId"] = f"{self._numbers.next('EmploymentId:'):06d}"
            if not other.records.exists(other.key_of(row)):
                self._add(other, row, user)


def _shared(target: EntitySet, made: Mapping[str, Any]) -> Values:
    """What a row of one set tells of a row of another, by the names of columns."""
    columns = target.table.columns
    hidden = {REC_ID, REC_VERSION}
    return {n: v for n, v in made.items() if n in columns and n not in hidden}

"""The order of work of a write; what may not be written is a value, not an exception.

Create: initialize, set fields, validate fields, defaults, numbers, validate the row. Update: the
same upon the stored row. Source: "OData", order of CRUD methods.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.contracts.entities.finance_operations.countries import COUNTRIES
from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.services.finance_operations.model.entity_set import (
    EntitySet,
    Sets,
    Upon,
)
from windtunnel.simulator.services.finance_operations.model.lookups import Lookups
from windtunnel.simulator.services.finance_operations.model.numbers import Numbers
from windtunnel.simulator.services.finance_operations.model.refusals import (
    Refusal,
    must_fill,
    not_found,
)
from windtunnel.simulator.services.finance_operations.model.rules import Rules
from windtunnel.simulator.services.finance_operations.model.rules.entity_rules import NONE
from windtunnel.simulator.services.finance_operations.model.scope import Companies

_COUNTRY: Final = "Country/region"


class Checks:
    """Turns sent values into the values to store."""

    def __init__(
        self,
        sets: Sets,
        lookups: Lookups,
        companies: Companies,
        numbers: Numbers,
        rules: Rules,
    ) -> None:
        self._sets, self._lookups, self._companies = sets, lookups, companies
        self._numbers, self._rules = numbers, rules

    def company(self, entity_set: EntitySet, sent: Values) -> Refusal | None:
        """Put the company into a new row of a company-specific set."""
        if not entity_set.is_company_specific:
            return None
        company = sent[COMPANY] = sent.get(COMPANY) or self._companies.default
        if self._lookups.exists(self._sets["LegalEntities"], (company,)):
            return None
        return Refusal((f"Error: Company {company} does not exist.",), COMPANY)

    def new_row(
        self, entity_set: EntitySet, sent: Values, *, validates: bool = True
    ) -> Upon | Refusal:
        """The row to insert: sent values, defaults, drawn numbers; record id not yet.

        Where it is not validated, its fields are.
        """
        refusal = (
            read_only(entity_set, is_new=True)
            or self.company(entity_set, sent)
            or _not_editable(entity_set, sent, is_create=True)
            or self._relations(entity_set, sent, sent.get(COMPANY, ""))
        )
        if refusal is not None:
            return refusal
        values = Upon(sent, entity_set.whole)
        has_rules = self._rules.of(entity_set) is not NONE
        if has_rules:
            self._rules.default_row(entity_set, values, sent)
        self._draw(entity_set, values)
        if validates:
            refusal = _mandatory(entity_set, values)
            if has_rules:
                refusal = refusal or self._rules.validate_create(entity_set, values)
        if has_rules:
            entity_set.keep_columns(values)
        return values if refusal is None else refusal

    def changes(
        self, entity_set: EntitySet, row: Values, sent: Values, *, validates: bool = True
    ) -> Values | Refusal:
        """The values that an update stores: none when everything is as it was."""
        changed = {name: value for name, value in sent.items() if row[name] != value}
        refusal = (
            read_only(entity_set)
            or _not_editable(entity_set, changed, is_create=False)
            or self._relations(entity_set, changed, row.get(COMPANY, ""))
        )
        if self._rules.of(entity_set) is NONE:
            if validates:
                refusal = refusal or _mandatory(entity_set, Upon(changed, row))
            return refusal or changed
        refusal = refusal or self._rules.validate_open(entity_set, row)
        if refusal is not None:
            return refusal
        after = Upon(changed, row)
        self._rules.modified(entity_set, after, changed)
        if validates:
            refusal = _mandatory(entity_set, after)
            refusal = refusal or self._rules.validate_update(entity_set, after)
        if refusal is not None:
            return refusal
        entity_set.keep_columns(after)
        return {name: value for name, value in after.items() if row[name] != value}

    def _draw(self, entity_set: EntitySet, values: Values) -> None:
        key, principal = entity_set.kind.key, entity_set.principal.name
        for name, sequence in entity_set.facts.sequences.items():
            is_number = entity_set.table.columns[name].edm != "Edm.String"
            while not values[name]:
                scope = values[COMPANY] if entity_set.is_company_specific else ""
                counter = sequence.counter or f"{principal}.{name}"
                drawn: Any = self._numbers.draw(counter, sequence, scope)
                drawn = int(drawn) if is_number else drawn
                if name not in key or not entity_set.records.exists(
                    tuple([drawn if part == name else values[part] for part in key])
                ):
                    values[name] = drawn

    def _relations(
        self, entity_set: EntitySet, sent: Mapping[str, Any], company: str
    ) -> Refusal | None:
        found: list[Refusal] = []
        for name, relation in entity_set.facts.relations.items():
            value = sent.get(name)
            if not value:
                continue
            target = self._sets[relation.target]
            key = (company, value) if target.is_company_specific else (value,)
            if not self._lookups.exists(target, key):
                label = relation.label or target.facts.table_label
                found.append(not_found(entity_set, name, value, entity_set.label(name), label))
        for name in entity_set.country_columns:
            value = sent.get(name)
            if value and value.upper() not in COUNTRIES:
                # unconfirmed: the label of the table.
                found.append(not_found(entity_set, name, value, _COUNTRY, _COUNTRY))
        if not found:
            return None
        return Refusal(tuple(line for each in found for line in each.infolog), found[0].field)


def read_only(entity_set: EntitySet, *, is_new: bool = False) -> Refusal | None:
    """Against writes of an entity that only shows, or only creates. unconfirmed: the text."""
    if not entity_set.facts.is_read_only and (is_new or not entity_set.view):
        return None
    text = f"Error: Data entity {entity_set.facts.entity} is read-only and cannot be written."
    return Refusal((text,))


def _not_editable(
    entity_set: EntitySet, sent: Mapping[str, Any], *, is_create: bool
) -> Refusal | None:
    fixed = entity_set.never_created if is_create else entity_set.never_changed
    if fixed.isdisjoint(sent):
        return None
    for name in sent:
        if name in fixed and not (is_create and sent[name] == entity_set.empties[name]):
            return Refusal((f"Warning: Update not allowed for field '{name}'.",), name)
    return None


def _mandatory(entity_set: EntitySet, values: Values) -> Refusal | None:
    for name in entity_set.required:
        if values[name] in entity_set.unset[name]:
            return must_fill(entity_set, name)
    return None

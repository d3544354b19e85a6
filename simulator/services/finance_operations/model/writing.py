"""Create, update, delete in the order of the framework. Source: "OData", CRUD order of methods.

Create: initialize, set fields, validate fields, defaults, validate the row, insert.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any, Final

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.entity_sets.records import Key, KeyExists, Values
from windtunnel.simulator.entity_sets.values import BadValue, Fault
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.finance_operations.errors import (
    BadBody,
    DeleteFailed,
    EtagMismatch,
    NothingSelected,
    WriteFailed,
)
from windtunnel.simulator.services.finance_operations.model.entity_set import (
    REC_ID,
    REC_VERSION,
    EntitySet,
)
from windtunnel.simulator.services.finance_operations.model.numbers import Numbers
from windtunnel.simulator.services.finance_operations.model.rules import Rules
from windtunnel.simulator.services.finance_operations.model.scope import Companies

_ETAG: Final = re.compile(r'(?:W/)?"[^"]*"')


class Writing:
    """Writes records of one environment by its rules."""

    def __init__(
        self,
        store: Store,
        sets: Mapping[str, EntitySet],
        companies: Companies,
        numbers: Numbers,
        rules: Rules,
        random: Random,
        error_status: int,
    ) -> None:
        self._store, self._sets, self._companies = store, sets, companies
        self._numbers, self._rules, self._random = numbers, rules, random
        self._status = error_status
        self._dependents = _dependents(sets)

    # -- create -------------------------------------------------------------------------------

    def create(self, entity_set: EntitySet, body: Mapping[str, Any], user: str) -> Key:
        """Store a new record and return its key. Raises FinanceOperationsError."""
        sent = _given(entity_set, body)
        company = ""
        if entity_set.is_company_specific:
            company = sent.get(COMPANY) or self._companies.default
            sent[COMPANY] = company
            if not self._companies.exists(company):
                raise self._failed(entity_set, [f"Error: Company {company} does not exist."])
        with self._store.atomic():
            self._refuse_read_only(entity_set, sent, is_create=True)
            self._check_relations(entity_set, sent, company)
            values = {**entity_set.empties, **sent}
            self._rules.default_row(entity_set, values, sent)
            self._draw_numbers(entity_set, values, company)
            self._check_mandatory(entity_set, values)
            self._raise_for(entity_set, self._rules.validate_create(entity_set, values))
            values[REC_ID], values[REC_VERSION] = self._numbers.rec_id(), 1
            try:
                entity_set.records.insert(values, user=user)
            except KeyExists:
                raise self._failed(entity_set, [_duplicate(entity_set, values)]) from None
        return tuple([values[name] for name in entity_set.table.key])

    def _draw_numbers(self, entity_set: EntitySet, values: Values, company: str) -> None:
        for name, sequence in entity_set.facts.sequences.items():
            while not values[name]:
                drawn = self._numbers.draw(f"{entity_set.name}.{name}", sequence, company)
                key = tuple([drawn if n == name else values[n] for n in entity_set.table.key])
                if name not in entity_set.table.key or not entity_set.records.exists(key):
                    values[name] = drawn

    # -- update -------------------------------------------------------------------------------

    def update(
        self,
        entity_set: EntitySet,
        key: Key,
        body: Mapping[str, Any],
        user: str,
        *,
        if_match: str = "",
        is_in_scope: bool = True,
    ) -> None:
        """Change the sent fields of a record. Raises FinanceOperationsError."""
        sent = _given(entity_set, body)
        with self._store.atomic():
            row = self._selected(entity_set, key, if_match, is_in_scope=is_in_scope)
            changed = {name: value for name, value in sent.items() if row[name] != value}
            self._refuse_read_only(entity_set, changed, is_create=False)
            self._check_relations(entity_set, changed, row.get(COMPANY, ""))
            self._raise_for(entity_set, self._rules.validate_open(entity_set, row))
            after = {**row, **changed}
            self._rules.modified(entity_set, after, changed)
            self._check_mandatory(entity_set, after)
            self._raise_for(entity_set, self._rules.validate_update(entity_set, after))
            values = {name: value for name, value in after.items() if row[name] != value}
            if not values:
                return
            values[REC_VERSION] = self._random.randrange(2, 2**31)
            entity_set.records.update(key, values, user=user)

    def _selected(
        self, entity_set: EntitySet, key: Key, if_match: str, *, is_in_scope: bool
    ) -> Values:
        row = entity_set.records.get(key) if is_in_scope else None
        if row is None:
            raise NothingSelected
        if if_match and if_match.strip() != "*":
            current = entity_set.etag(row[REC_VERSION], row[REC_ID])
            wanted = {tag.removeprefix("W/") for tag in _ETAG.findall(if_match)}
            if current.removeprefix("W/") not in wanted:
                raise EtagMismatch
        return row

    # -- delete -------------------------------------------------------------------------------

    def delete(
        self,
        entity_set: EntitySet,
        key: Key,
        user: str,
        *,
        if_match: str = "",
        is_in_scope: bool = True,
    ) -> None:
        """Delete a record and what it owns. Raises FinanceOperationsError."""
        with self._store.atomic():
            row = self._selected(entity_set, key, if_match, is_in_scope=is_in_scope)
            reasons = self._rules.validate_delete(entity_set, row)
            if reasons:
                raise DeleteFailed(entity_set.facts.entity, reasons, self._status)
            for other, column, is_owned in self._dependents.get(entity_set.name, ()):
                wanted = {column: key[-1]}
                if other.is_company_specific and entity_set.is_company_specific:
                    wanted[COMPANY] = row[COMPANY]
                found = other.records.find(wanted, limit=10_000 if is_owned else 1)
                if found and not is_owned:
                    raise self._still_needed(entity_set, other)
                for child in found:
                    child_key = tuple([child[name] for name in other.table.key])
                    other.records.delete(child_key, user=user)
            entity_set.records.delete(key, user=user)

    def _still_needed(self, entity_set: EntitySet, other: EntitySet) -> DeleteFailed:
        label, rows = entity_set.facts.table_label, other.facts.rows
        text = f"Error: {label} cannot be deleted while dependent {rows} exist."
        return DeleteFailed(entity_set.facts.entity, [text], self._status)

    # -- checks -------------------------------------------------------------------------------

    def _failed(self, entity_set: EntitySet, infolog: list[str]) -> WriteFailed:
        return WriteFailed(entity_set.facts.entity, infolog, self._status)

    def _raise_for(self, entity_set: EntitySet, reasons: list[str]) -> None:
        if reasons:
            raise self._failed(entity_set, reasons)

    def _refuse_read_only(
        self, entity_set: EntitySet, sent: Mapping[str, Any], *, is_create: bool
    ) -> None:
        facts, properties = entity_set.facts, entity_set.kind.properties
        for name, value in sent.items():
            item = properties[name]
            may = item.allow_edit_on_create if is_create else item.allow_edit
            is_fixed = not is_create and (name in facts.fixed or name in entity_set.table.key)
            if (may and not is_fixed) or (is_create and value == entity_set.empties[name]):
                continue
            text = f"Warning: Update not allowed for field '{name}'."
            raise self._failed(entity_set, [text])

    def _check_relations(
        self, entity_set: EntitySet, sent: Mapping[str, Any], company: str
    ) -> None:
        lines: list[str] = []
        for name, relation in entity_set.facts.relations.items():
            value = sent.get(name)
            if not value:
                continue
            target = self._sets[relation.target]
            key = (company, value) if target.is_company_specific else (value,)
            if not target.records.exists(key):
                field = f"{entity_set.facts.entity}.{name}"
                lines += [
                    f"Warning: The value '{value}' in field '{entity_set.label(name)}' is not "
                    f"found in the related table '{target.facts.table_label}'.",
                    f"Warning: validateField failed on field '{field}'",
                ]
        self._raise_for(entity_set, lines)

    def _check_mandatory(self, entity_set: EntitySet, values: Values) -> None:
        for name in entity_set.required:
            if values[name] in {"", None}:
                self._raise_for(entity_set, must_fill(entity_set, name))


def must_fill(entity_set: EntitySet, name: str) -> list[str]:
    """The Infolog of a mandatory field that is empty."""
    return [
        f"Warning: Field '{entity_set.label(name)}' must be filled in.",
        f"Warning: validateWrite failed on data source '{entity_set.data_source}'",
    ]


def _duplicate(entity_set: EntitySet, values: Values) -> str:
    facts = entity_set.facts
    return (
        f"Info: Cannot create a record in {facts.table_label} ({facts.table}). "
        f"{entity_set.shown_key(values)}.\nThe record already exists."
    )


def _given(entity_set: EntitySet, body: Mapping[str, Any]) -> Values:
    """The sent properties in their stored form; annotations are left out. Raises BadBody."""
    values: Values = {}
    for name, value in body.items():
        if "@" in name:
            continue
        if name not in entity_set.table.columns:
            raise BadBody(
                reason=f"The property '{name}' does not exist on type "
                f"'{entity_set.table.entity_type}'. Make sure to only use property names that are "
                "defined by the type."
            )
        try:
            values[name] = entity_set.stored(name, value)
        except BadValue as error:
            raise BadBody(reason=_why(error)) from error
    return values


def _why(error: BadValue) -> str:
    column, value = error.column, error.value
    match error.fault:
        case Fault.MEMBER:
            return f"Requested value '{value}' was not found."
        case Fault.NULL:
            return (
                f"A null value was found for the property named '{column.name}', which has the "
                f"expected type '{column.edm}[Nullable=False]'. The expected type "
                f"'{column.edm}[Nullable=False]' does not allow null values."
            )
        case _:
            shown = str(value).lower() if isinstance(value, bool) else value
            return f"Cannot convert the literal '{shown}' to the expected type '{column.edm}'."


def _dependents(
    sets: Mapping[str, EntitySet],
) -> dict[str, list[tuple[EntitySet, str, bool]]]:
    found: dict[str, list[tuple[EntitySet, str, bool]]] = {}
    for other in sets.values():
        for column, relation in other.facts.relations.items():
            found.setdefault(relation.target, []).append((other, column, relation.owned))
    return found


def columns_to_index(sets: Mapping[str, EntitySet]) -> Iterable[tuple[EntitySet, tuple[str, ...]]]:
    """Columns that owned records are found by; other dependents are looked for at deletes only."""
    for entity_set in sets.values():
        for name, relation in entity_set.facts.relations.items():
            if relation.owned:
                yield entity_set, (COMPANY, name)

"""Create, update, delete in the order of the framework. Source: "OData", CRUD order of methods.

One record at a time; many at once are written by `Bulk`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.entity_sets.records import Key, Values
from windtunnel.simulator.entity_sets.values import BadValue, Fault
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.finance_operations.errors import (
    BadBody,
    DeleteFailed,
    EtagMismatch,
    NothingSelected,
    ValidationFailed,
    WriteFailed,
)
from windtunnel.simulator.services.finance_operations.model.checks import (
    Checks,
    read_only,
)
from windtunnel.simulator.services.finance_operations.model.entity_set import (
    REC_ID,
    EntitySet,
    Sets,
)
from windtunnel.simulator.services.finance_operations.model.kept_records import (
    REC_VERSION,
    names_version,
)
from windtunnel.simulator.services.finance_operations.model.lookups import Lookups
from windtunnel.simulator.services.finance_operations.model.refusals import Refusal
from windtunnel.simulator.services.finance_operations.model.rules import Rules
from windtunnel.simulator.services.finance_operations.model.rules.entity_rules import NONE
from windtunnel.simulator.services.finance_operations.model.storing import Storing


class Writing:
    """Writes records of one environment by its rules."""

    def __init__(
        self,
        store: Store,
        sets: Sets,
        checks: Checks,
        rules: Rules,
        storing: Storing,
        lookups: Lookups,
        error_status: int,
    ) -> None:
        self._store, self._checks, self._lookups = store, checks, lookups
        self._rules, self._storing = rules, storing
        self._status = error_status
        self._dependents = _dependents(sets)

    # -- create -------------------------------------------------------------------------------

    def create(self, entity_set: EntitySet, body: Mapping[str, Any], user: str) -> Values:
        """Store a new record and return its stored values. Raises FinanceOperationsError."""
        sent = _given(entity_set, body)
        draws = bool(entity_set.facts.sequences)
        with self._whole(entity_set, draws=draws):
            made = self._checks.new_row(entity_set, sent)
            if isinstance(made, Refusal):
                raise self._failed(entity_set, made)
            refusal = self._storing.insert(entity_set, made, user)
            if refusal is not None:
                raise self._failed(entity_set, refusal)
        return made

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
        if sent and is_in_scope and not if_match and self._is_plain(entity_set, sent):
            if not self._storing.update_other(entity_set, key, sent, user):
                self._selected(entity_set, {} if entity_set.records.exists(key) else None, "")
            return
        with self._whole(entity_set):
            row = self._row_to_change(entity_set, key, sent) if is_in_scope else None
            row = self._selected(entity_set, row, if_match)
            values = self._checks.changes(entity_set, row, sent)
            if isinstance(values, Refusal):
                raise self._failed(entity_set, values)
            if not values:
                return
            self._storing.update(entity_set, row, values, user)

    def is_as_made(self, entity_set: EntitySet) -> bool:
        """Whether a new record is in the store just as `create` returned it."""
        return self._storing.is_one_statement(entity_set)

    def _whole(self, entity_set: EntitySet, *, draws: bool = False) -> AbstractContextManager[None]:
        """All or nothing; what is one statement after all checks is that by itself.

        A record id that was drawn for nothing leaves a gap, as there are on the real service.
        """
        if not draws and self._storing.is_one_statement(entity_set):
            return nullcontext()
        return self._store.atomic()

    def _is_plain(self, entity_set: EntitySet, sent: Values) -> bool:
        """Whether what is sent can be judged by itself: nothing depends on what is stored."""
        required, facts = entity_set.unset, entity_set.facts
        return (
            self._storing.is_one_statement(entity_set)
            and self._rules.of(entity_set) is NONE
            and not facts.is_read_only
            and not self._storing.is_watched(entity_set)
            and entity_set.never_changed.isdisjoint(sent)
            and facts.relations.keys().isdisjoint(sent)
            and sent.keys().isdisjoint(entity_set.country_columns)
            and all(name in entity_set.kind.key for name in required if name not in sent)
            and all(sent[name] not in unset for name, unset in required.items() if name in sent)
        )

    def _row_to_change(self, entity_set: EntitySet, key: Key, sent: Values) -> Values | None:
        """The stored row, or None; of a set without rules what is looked at and no more."""
        if self._rules.of(entity_set) is not NONE or entity_set.is_partial:
            return entity_set.row(key)
        names = dict.fromkeys((*entity_set.kind.key, REC_ID, REC_VERSION, *entity_set.required))
        names |= sent
        return self._lookups.row(entity_set.name, key, tuple(names))

    def _selected(self, entity_set: EntitySet, row: Values | None, if_match: str) -> Values:
        """The row that a request is for. Raises NothingSelected or EtagMismatch."""
        if row is None:
            raise NothingSelected
        if if_match:
            current = entity_set.etags[row[REC_VERSION], row[REC_ID]]
            if not names_version(if_match, current):
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
            row = entity_set.row(key) if is_in_scope else None
            row = self._selected(entity_set, row, if_match)
            refusal = read_only(entity_set) or self._rules.validate_delete(entity_set, row)
            if refusal is not None:
                raise DeleteFailed(entity_set.facts.entity, list(refusal.infolog), self._status)
            for other, column, is_owned in self._dependents.get(entity_set.principal.name, ()):
                wanted = {column: key[-1]}
                if other.is_company_specific and entity_set.is_company_specific:
                    wanted[COMPANY] = row[COMPANY]
                found = other.records.find(wanted, limit=10_000 if is_owned else 1)
                if found and not is_owned:
                    raise self._still_needed(entity_set, other)
                for child in found:
                    self._storing.delete(other, other.filled(child), user)
            self._storing.delete(entity_set, row, user)

    def _still_needed(self, entity_set: EntitySet, other: EntitySet) -> DeleteFailed:
        label, rows = entity_set.facts.table_label, other.facts.rows
        text = f"Error: {label} cannot be deleted while dependent {rows} exist."
        return DeleteFailed(entity_set.facts.entity, [text], self._status)

    def _failed(self, entity_set: EntitySet, refusal: Refusal) -> WriteFailed:
        kind = ValidationFailed if refusal.is_validation else WriteFailed
        return kind(entity_set.facts.entity, list(refusal.infolog), self._status)


def _given(entity_set: EntitySet, body: Mapping[str, Any]) -> Values:
    """The sent properties in their stored form; annotations are left out. Raises BadBody."""
    values: Values = {}
    known = entity_set.checkers.get
    try:
        for name, value in body.items():
            check = known(name)
            if check is not None and value is not None:
                values[name] = check(value)
            elif name in entity_set.table.columns:
                values[name] = entity_set.stored(name, value)
            elif "@" not in name or name.endswith("@odata.bind"):
                raise BadBody(reason=_unknown(entity_set, name))
    except BadValue as error:
        raise BadBody(reason=why(error)) from error
    return values


def _unknown(entity_set: EntitySet, name: str) -> str:
    """Against a member that is no property: related records are written by requests of their own.

    unconfirmed: the text on navigation properties.
    """
    bare = name.partition("@")[0]
    if bare in entity_set.table.navigations or entity_set.lacks_navigation(bare):
        return (
            f"The navigation property '{bare}' cannot be written with its record: deep insert and "
            "links are not supported."
        )
    return (
        f"The property '{name}' does not exist on type '{entity_set.table.entity_type}'. Make sure "
        "to only use property names that are defined by the type."
    )


def why(error: BadValue) -> str:
    """What the service says of a value that a property cannot take."""
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
            shown = value if isinstance(value, str) else json.dumps(value, default=str)
            return (
                f"Cannot convert the literal '{shown[:200]}' to the expected type '{column.edm}'."
            )


def _dependents(
    sets: Sets,
) -> dict[str, list[tuple[EntitySet, str, bool]]]:
    found: dict[str, list[tuple[EntitySet, str, bool]]] = {}
    for other in sets.standard():
        if other.view or other.principal is not other:
            continue
        for column, relation in other.facts.relations.items():
            found.setdefault(relation.target, []).append((other, column, relation.owned))
    return found

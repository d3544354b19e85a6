"""Auditing: changes of tables and columns that are audited, written down as they are made.

Sources: "Configure auditing", "Retrieve the history of audited data changes".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from windtunnel.contracts.entities.dataverse import ColumnDefinition, TableDefinition
from windtunnel.simulator.kernel.changes import Change, Changes, Operation
from windtunnel.simulator.kernel.clock import Clock, iso_seconds
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.dataverse.model.metadata.shapes import AUDITED
from windtunnel.simulator.services.dataverse.model.tables import (
    AUDIT,
    CHANGE_DATA,
    NAMESPACE,
    Tables,
    id_in,
)
from windtunnel.simulator.services.dataverse.security import Security

CREATE, UPDATE, DELETE, ACTIVATE, DEACTIVATE, ASSIGN = 1, 2, 3, 4, 5, 13
LONGEST: Final = 5_000
"""Characters of a text that are kept; three dots tell of more."""

_OPERATIONS: Final = {Operation.CREATE: CREATE, Operation.UPDATE: UPDATE, Operation.DELETE: DELETE}
_OF_THE_SERVICE: Final = frozenset(
    {
        *("createdon", "modifiedon", "_createdby_value", "_modifiedby_value", "versionnumber"),
        *("_createdonbehalfby_value", "_modifiedonbehalfby_value", "_owninguser_value"),
        *("_owningteam_value", "_owningbusinessunit_value", "overriddencreatedon"),
    }
)
_NO_TRANSACTION: Final = "00000000-0000-0000-0000-000000000000"


class Auditing:
    """Follows the tables that are audited, in the transaction that changes them."""

    def __init__(
        self,
        store: Store,
        changes: Changes,
        clock: Clock,
        ids: Ids,
        tables: Tables,
        security: Security,
    ) -> None:
        self._changes, self._clock, self._ids = changes, clock, ids
        self._tables, self._security = tables, security
        self._hooked: set[str] = set()
        self._is_stale = False
        self._columns: dict[str, dict[str, int]] = {}
        changes.hook(NAMESPACE + "organization", lambda _: self.follow())
        store.on_rollback(self._doubt)

    def _doubt(self) -> None:
        """What was followed may be undone."""
        self._is_stale = True

    def prepare(self) -> None:
        """Create the index that the history of a record is found by."""
        self._tables.by_name[AUDIT].records.create_index(("_objectid_value",))
        self.follow()

    def follow(self) -> None:
        """Follow what the organization and the definitions say now."""
        self._is_stale = False
        self._columns.clear()
        rows = self._tables.by_name["organization"].records.find({}, 1)
        if not rows or not rows[0].get("isauditenabled"):
            return
        for name, definition in self._tables.definitions.items():
            if not _is_audited(definition):
                continue
            self._columns[name] = _audited_columns(definition)
            if name not in self._hooked:
                self._hooked.add(name)
                self._changes.hook(NAMESPACE + name, self._changed, wants_before=True)

    def _changed(self, change: Change) -> None:
        name = change.entity.removeprefix(NAMESPACE)
        if self._is_stale:
            self.follow()
        columns = self._columns.get(name)
        if columns is None:
            return
        before, after = change.before or {}, change.values
        if change.operation is Operation.DELETE:
            pairs = {n: (before.get(n), None) for n in columns}
        else:
            pairs = {n: (before.get(n), after[n]) for n in columns if n in after}
        changed = {n: (_capped(old), _capped(new)) for n, (old, new) in pairs.items() if old != new}
        if not changed:
            return
        values = {
            "auditid": self._ids.uuid(),
            "operation": _OPERATIONS[change.operation],
            "action": _action(change.operation, changed),
            "attributemask": ",".join(str(columns[n]) for n in changed),
            "objecttypecode": name,
            "_objectid_value": id_in(str(change.key[0])),
            "_userid_value": change.user or None,
            "_callinguserid_value": self._security.actor or None,
            "createdon": iso_seconds(self._clock.now()),
            "transactionid": _NO_TRANSACTION,
            CHANGE_DATA: orjson.dumps(changed).decode(),
        }
        self._tables.by_name[AUDIT].records.insert(values, user=change.user)


def old_and_new(row: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The stored values that a row of changes tells of, before and after; what was null is out."""
    changed = orjson.loads(row[CHANGE_DATA])
    old = {name: pair[0] for name, pair in changed.items() if pair[0] is not None}
    new = {name: pair[1] for name, pair in changed.items() if pair[1] is not None}
    return old, new


def _is_audited(definition: TableDefinition) -> bool:
    if definition.is_intersect or definition.logical_name == AUDIT:
        return False
    return _stated(definition.facts, definition.logical_name in AUDITED)


def _audited_columns(definition: TableDefinition) -> dict[str, int]:
    """Wire names to the ColumnNumber of the columns that are audited."""
    return {
        name: number
        for number, (name, column) in enumerate(definition.columns.items(), 1)
        if name not in _OF_THE_SERVICE and _is_kept(column)
    }


def _is_kept(column: ColumnDefinition) -> bool:
    return column.type not in {"File", "Image"} and _stated(column.facts, True)


def _stated(facts: Mapping[str, Any], otherwise: bool) -> bool:
    stated = facts.get("IsAuditEnabled")
    value = stated.get("Value") if isinstance(stated, dict) else stated
    return value if isinstance(value, bool) else otherwise


def _action(operation: Operation, changed: Mapping[str, tuple[Any, Any]]) -> int:
    """unconfirmed: that a state which alone changed tells of (de)activation."""
    if operation is not Operation.UPDATE:
        return _OPERATIONS[operation]
    if "_ownerid_value" in changed:
        return ASSIGN
    if "statecode" in changed:
        return ACTIVATE if changed["statecode"][1] == 0 else DEACTIVATE
    return UPDATE


def _capped(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST:
        return value[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"
    return value

"""Totals of sales documents: worked out anew in the transaction that changes a line or a discount.

Source: "CalculatePrice Action" and the columns of opportunity, quote, order and invoice.
"""

from __future__ import annotations

from typing import Any, Final

from windtunnel.simulator.kernel.changes import Change, Changes, Operation
from windtunnel.simulator.kernel.clock import Clock, iso_seconds
from windtunnel.simulator.services.dataverse.model import prices
from windtunnel.simulator.services.dataverse.model.derived import Derived
from windtunnel.simulator.services.dataverse.model.tables import (
    NAMESPACE,
    DataverseTable,
    Tables,
)

_LINE_RESULTS: Final = frozenset({"extendedamount", "tax", "manualdiscountamount"})

_HEAD_SOURCES: Final = prices.HEAD_SOURCES | {prices.PRICE_LIST}


class Totals:
    """Follows lines and documents."""

    def __init__(self, changes: Changes, clock: Clock, tables: Tables, derived: Derived) -> None:
        self._clock, self._tables, self._derived = clock, tables, derived
        for head, (line, _) in prices.LINES.items():
            changes.hook(NAMESPACE + line, self._line_changed, wants_before=True)
            changes.hook(NAMESPACE + head, self._head_changed)

    def prepare(self) -> None:
        """Create the indexes that lines of a document are found by."""
        for line, lookup in prices.LINES.values():
            self._tables.by_name[line].records.create_index((lookup,))

    def _line_changed(self, change: Change) -> None:
        name = change.entity.removeprefix(NAMESPACE)
        head, lookup = prices.DOCUMENTS[name]
        moved = lookup in change.values
        is_update = change.operation is Operation.UPDATE
        if is_update and not moved and _LINE_RESULTS.isdisjoint(change.values):
            return
        if not self._derived.prices.is_on():
            return
        before = change.before or {}
        keys = {change.values.get(lookup) if moved else before.get(lookup), before.get(lookup)}
        served = self._tables.by_name[head]
        for key in sorted(key for key in keys if key is not None):
            self.add_up(served, key, change.user)

    def _head_changed(self, change: Change) -> None:
        if change.operation is Operation.DELETE:
            return
        served = self._tables.by_name[change.entity.removeprefix(NAMESPACE)]
        key = str(change.key[0])
        if change.operation is Operation.CREATE:
            told = {name for name in prices.HEAD_SOURCES if change.values.get(name)}
            if not told or change.values.get("totalamount") is not None:
                return
        elif _HEAD_SOURCES.isdisjoint(change.values):
            return
        if not self._derived.prices.is_on():
            return
        if prices.PRICE_LIST in change.values and change.operation is Operation.UPDATE:
            self.calculate(served, key, change.user)
        else:
            self.add_up(served, key, change.user)

    def calculate(self, served: DataverseTable, key: str, user: str) -> None:
        """Price every line of a document anew, then add them up."""
        table, lookup = prices.LINES[served.name]
        lines = self._tables.by_name[table]
        for row in lines.records.find({lookup: key}, prices.MOST_LINES):
            line = str(row[lines.primary_id])
            values = {name: row[name] for name in ("quantity",) if name in row}
            self._derived.complete_change(lines, line, values)
            changed = {n: v for n, v in values.items() if row.get(n) != v}
            if changed:
                lines.records.update((line,), changed, user=user)
        self.add_up(served, key, user)

    def add_up(self, served: DataverseTable, key: str, user: str) -> None:
        """Set the totals of a document from its lines as they are."""
        head = served.records.get((key,))
        if head is None:
            return
        table, lookup = prices.LINES[served.name]
        lines = self._tables.by_name[table].records.find({lookup: key}, prices.MOST_LINES)
        found = prices.totals(head, lines)
        values: dict[str, Any] = {
            name: value
            for name, value in found.items()
            if served.has(name) and head.get(name) != value
        }
        if not values:
            return
        self._derived.complete_change(served, key, values)
        values["modifiedon"] = iso_seconds(self._clock.now())
        if user:
            values["_modifiedby_value"] = user
        served.records.update((key,), values, user=user)

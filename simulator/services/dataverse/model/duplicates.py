"""Duplicate detection: published rules, and the records that match one by them.

Sources: "Duplicate rule tables", "Detect duplicate data using code" and "Detect duplicate data
using the Web API".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.store import Store, quoted
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.deletes import INDEX_ABOVE
from windtunnel.simulator.services.dataverse.model.tables import (
    NAMESPACE,
    DataverseTable,
    Tables,
)

RULE, CONDITION = "duplicaterule", "duplicaterulecondition"
UNPUBLISHED, PUBLISHED = (0, 0), (1, 2)
"""State and status reason of a rule."""
_FIRST, _LAST, _DATE = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Condition:
    """A column of the new record that is compared with one of the matching table."""

    base: str
    matching: str
    operator: int
    length: int
    ignores_blanks: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A published rule of a table."""

    id: str
    matching: DataverseTable
    conditions: tuple[Condition, ...]
    skips_inactive: bool
    is_case_sensitive: bool


class Duplicates:
    """Finds records that published rules call duplicates of another."""

    def __init__(self, store: Store, changes: Changes, tables: Tables) -> None:
        self._store, self._tables = store, tables
        self._rules: dict[str, tuple[Rule, ...]] = {}
        for table in (RULE, CONDITION):
            changes.hook(NAMESPACE + table, self._forget_rules)
        store.on_rollback(self._rules.clear)

    def forget(self) -> None:
        """Rules may have changed: read them anew."""
        self._rules.clear()

    def _forget_rules(self, change: object) -> None:
        del change
        self._rules.clear()

    def check(self, served: DataverseTable, values: Mapping[str, Any]) -> None:
        """Raise DuplicatesFound when a rule finds a record like this one, itself apart."""
        for rule in self.rules(served):
            if next(self._matches(served, rule, values), None) is not None:
                raise errors.DuplicatesFound

    def find(
        self, served: DataverseTable, values: Mapping[str, Any], matching: DataverseTable
    ) -> list[str]:
        """Keys of the records of `matching` that are duplicates of a record."""
        found: dict[str, None] = {}
        for rule in self.rules(served):
            if rule.matching.name == matching.name:
                found.update(dict.fromkeys(self._matches(served, rule, values)))
        return list(found)

    def pairs(self, served: DataverseTable, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """(rule, duplicate) of everything that any rule calls a duplicate of a record."""
        for rule in self.rules(served):
            for key in self._matches(served, rule, values):
                yield rule.id, key

    def rules(self, served: DataverseTable) -> tuple[Rule, ...]:
        """The published rules of a table."""
        found = self._rules.get(served.name)
        if found is None:
            found = self._rules[served.name] = tuple(self._read(served))
        return found

    def _read(self, served: DataverseTable) -> Iterator[Rule]:
        wanted = {"baseentityname": served.name, "statecode": 1, "statuscode": 2}
        for row in self._tables.by_name[RULE].records.find(wanted, 100):
            matching = self._tables.by_name.get(str(row["matchingentityname"] or served.name))
            if matching is None:
                continue
            conditions = tuple(self._conditions(served, matching, str(row["duplicateruleid"])))
            if conditions:
                yield Rule(
                    str(row["duplicateruleid"]),
                    matching,
                    conditions,
                    bool(row["excludeinactiverecords"]),
                    bool(row["iscasesensitive"]),
                )

    def _conditions(
        self, served: DataverseTable, matching: DataverseTable, rule: str
    ) -> Iterator[Condition]:
        rows = self._tables.by_name[CONDITION].records.find({"_regardingobjectid_value": rule}, 100)
        for row in rows:
            own = _wire_name(served, row["baseattributename"])
            other = _wire_name(matching, row["matchingattributename"] or row["baseattributename"])
            if own and other:
                yield Condition(
                    own,
                    other,
                    row["operatorcode"] or 0,
                    row["operatorparam"] or 0,
                    bool(row["ignoreblankvalues"]) or len(rows) == 1,
                )

    def _matches(
        self, served: DataverseTable, rule: Rule, values: Mapping[str, Any]
    ) -> Iterator[str]:
        key = quoted(rule.matching.primary_id)
        terms, parameters = [], []
        for condition in rule.conditions:
            value = values.get(condition.base)
            column = quoted(condition.matching)
            if value is None or value == "":
                if condition.ignores_blanks:
                    return
                terms.append(f"coalesce({column}, '') = ''")
                continue
            left, right = _compared(condition, column)
            terms.append(
                f"{left} = {right} COLLATE {'BINARY' if rule.is_case_sensitive else 'NOCASE'}"
            )
            parameters += [value] * right.count("?")
        if rule.matching.name == served.name:
            terms.append(f"{key} <> ?")
            parameters.append(values.get(served.primary_id, ""))
        if rule.skips_inactive and rule.matching.has("statecode"):
            terms.append("statecode = 0")
        if rule.matching.records.rough_count() > INDEX_ABOVE:
            rule.matching.records.create_index((rule.conditions[0].matching,))
        table = quoted(rule.matching.table.sql)
        sql = f"SELECT {key} FROM {table} WHERE {' AND '.join(terms)} ORDER BY {key} LIMIT 5000"
        for (found,) in self._store.read(sql, parameters):
            yield str(found)


def _wire_name(served: DataverseTable, logical: Any) -> str:
    name = str(logical or "").lower()
    if served.has(name):
        return name
    lookup = f"_{name}_value"
    return lookup if served.has(lookup) else ""


def _compared(condition: Condition, column: str) -> tuple[str, str]:
    """Both sides of a comparison, in SQL."""
    length = int(condition.length)
    if condition.operator == _FIRST and length:
        return f"substr({column}, 1, {length})", f"substr(?, 1, {length})"
    if condition.operator == _LAST and length:
        return f"substr({column}, -{length})", f"substr(?, -{length})"
    if condition.operator == _DATE:
        return f"substr({column}, 1, 10)", "substr(?, 1, 10)"
    return column, "?"

"""What the service works out of a record's own values: defaults, names, addresses, base amounts.

Sources: "Default column values", "Transaction currency (currency) table", "Create autonumber
columns", and the column descriptions of the standard tables.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from windtunnel.contracts.entities.dataverse import ColumnDefinition, TableDefinition
from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model import numbering
from windtunnel.simulator.services.dataverse.model.addresses import PARTS, composed
from windtunnel.simulator.services.dataverse.model.managed_properties import HIDDEN
from windtunnel.simulator.services.dataverse.model.numbering import Numbers
from windtunnel.simulator.services.dataverse.model.prices import (
    DOCUMENTS,
    LINE_SOURCES,
    Prices,
)
from windtunnel.simulator.services.dataverse.model.tables import (
    PARTITION,
    ROW_KEY,
    DataverseTable,
    Tables,
    row_key_of,
)

LONGEST_PARTITION = 1024
_NOT_IN_PARTITION = re.compile(r"[/<>*%&:\\?]")
CURRENCY, RATE = "_transactioncurrencyid_value", "exchangerate"
_TRUE = frozenset({"followemail", "isregularactivity", "directioncode"})
"""Yes-no columns of the standard tables that start with yes."""
_UNSET = frozenset(
    {"address3_addresstypecode", "address3_freighttermscode", "address3_shippingmethodcode"}
)
"""Choices whose only option is not their default."""
_STANDARD_CHOICES: Mapping[str, Mapping[str, int]] = {
    "account": {"preferredcontactmethodcode": 1},
    "contact": {"preferredcontactmethodcode": 1},
    "lead": {"preferredcontactmethodcode": 1, "prioritycode": 1, "leadqualitycode": 2},
    "opportunity": {"opportunityratingcode": 2, "prioritycode": 1, "pricingerrorcode": 0},
    "incident": {"prioritycode": 2, "severitycode": 1},
    "quote": {"pricingerrorcode": 0},
    "salesorder": {"pricingerrorcode": 0},
    "invoice": {"pricingerrorcode": 0},
}
_ACTIVITY_CHOICES = {"prioritycode": 1, "instancetypecode": 0, "deliveryprioritycode": 1}


@dataclass(frozen=True, slots=True)
class Money:
    """An amount, the column of its base amount, and its own digits (None: the currency's)."""

    column: str
    base: str
    digits: int | None


@dataclass(frozen=True, slots=True)
class Rules:
    """What is worked out for one table."""

    served: DataverseTable
    defaults: tuple[tuple[str, Any], ...]
    numbers: tuple[tuple[str, str], ...]
    texts: tuple[tuple[str, frozenset[str], Callable[[Mapping[str, Any]], str | None]], ...]
    """(column, the columns it is made of, how)."""
    money: tuple[Money, ...]
    customers: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    """(lookup of a customer, the plain lookups by table that repeat it)."""
    digits: tuple[tuple[str, int], ...]
    """Decimal columns with the digits they keep."""
    sources: frozenset[str]
    """Columns whose change makes others change."""
    new_sources: frozenset[str]
    """Those of them that make others in a new record."""
    is_line: bool
    """Whether rows are lines of sales documents, whose amounts follow from prices."""
    not_new: frozenset[str]
    not_changed: frozenset[str]
    """Columns that clients cannot set on create, on update: what they send is ignored."""


class Derived:
    """Completes the values of new and changed records."""

    def __init__(self, tables: Tables, numbers: Numbers) -> None:
        self._tables, self.numbers = tables, numbers
        self.prices = Prices(tables)
        self._kept: dict[str, Rules] = {}

    def rules(self, served: DataverseTable) -> Rules:
        """The rules of a table."""
        found = self._kept.get(served.name)
        if found is None or found.served is not served:
            found = self._kept[served.name] = _rules(served)
        return found

    def for_create(self, served: DataverseTable, values: Values) -> None:
        """Leave out what a client cannot set on create."""
        ignored = self.rules(served).not_new
        if not ignored.isdisjoint(values):
            for name in ignored.intersection(values):
                del values[name]

    def for_update(self, served: DataverseTable, values: Values) -> None:
        """Leave out what a client cannot set on update."""
        ignored = self.rules(served).not_changed
        if not ignored.isdisjoint(values):
            for name in ignored.intersection(values):
                del values[name]

    def complete_new(self, served: DataverseTable, values: Values) -> None:
        """Set what follows from the values of a new record."""
        rules = self.rules(served)
        for name, value in rules.defaults:
            if name not in values:
                values[name] = value
        if served.is_elastic:
            _set_partition(served, values)
        for name, text in rules.numbers:
            if values.get(name) is None:
                values[name] = self.numbers.give(served.name, name, text)
        if not rules.new_sources.isdisjoint(values):
            self._complete(rules, values, {})

    def complete_change(self, served: DataverseTable, key: str, values: Values) -> None:
        """Set what follows from the new values of a record."""
        rules = self.rules(served)
        if not rules.sources.isdisjoint(values):
            self._complete(rules, values, served.records.get((key,)) or {})

    def _complete(self, rules: Rules, values: Values, current: Mapping[str, Any]) -> None:
        if rules.is_line and not LINE_SOURCES.isdisjoint(values):
            self.prices.complete_line(rules.served, values, current)
        for name, places in rules.digits:
            value = values.get(name)
            if value is not None:
                values[name] = round(value, places)
        whole = {**current, **values}
        for name, sources, text_of in rules.texts:
            if not sources.isdisjoint(values):
                values[name] = text_of(whole)
        for name, repeated in rules.customers:
            if name in values:
                self._repeat_customer(values, values[name], repeated)
        if rules.money:
            self._complete_money(rules, values, whole)

    def _repeat_customer(
        self, values: Values, key: Any, repeated: tuple[tuple[str, str], ...]
    ) -> None:
        for column, table in repeated:
            known = key is not None and self._tables.by_name[table].records.exists((key,))
            values[column] = key if known else None

    def cleared(self, served: DataverseTable, column: str) -> Values:
        """What changes when a lookup is emptied."""
        values: Values = {column: None}
        for name, repeated in self.rules(served).customers:
            if name == column:
                values.update((other, None) for other, _ in repeated)
        return values

    def _complete_money(self, rules: Rules, values: Values, whole: Mapping[str, Any]) -> None:
        amounts = [(money, whole.get(money.column)) for money in rules.money]
        currency = whole.get(CURRENCY)
        if currency is None:
            if all(amount is None for _, amount in amounts):
                return
            currency = self.base_currency()
        row = self._tables.by_name["transactioncurrency"].records.get((currency,))
        if row is None:
            return
        values[CURRENCY] = currency
        rate = values[RATE] = row["exchangerate"] or 1.0
        digits = row["currencyprecision"]
        for money, amount in amounts:
            if amount is None:
                if money.column in values:
                    values[money.base] = None
                continue
            places = money.digits if money.digits is not None else digits
            rounded = amount if places is None else round(amount, places)
            if money.column in values:
                values[money.column] = rounded
            values[money.base] = round(rounded / rate, 4)

    def base_currency(self) -> str | None:
        """The currency of the organization."""
        found = self._tables.by_name["organization"].records.find({}, 1)
        return found[0].get("_basecurrencyid_value") if found else None


def _set_partition(served: DataverseTable, values: Values) -> None:
    """The partition of a row is its id where nothing else is said. Raises BadPartition."""
    given = values.get(PARTITION)
    if given is None:
        values[PARTITION] = values[served.primary_id]
    elif len(given.encode()) > LONGEST_PARTITION or _NOT_IN_PARTITION.search(given):
        raise errors.BadPartition(value=given[:100])
    values[ROW_KEY] = row_key_of(values[served.primary_id], values[PARTITION])


# -- the rules of a table ---------------------------------------------------------------------


def _rules(served: DataverseTable) -> Rules:
    definition = served.definition
    columns = definition.columns
    texts = [*_full_names(columns), *_addresses(columns), *_owner_key(definition)]
    money = _money(columns)
    numbers = [
        (name, text)
        for name, column in columns.items()
        if column.type == "String"
        and (text := numbering.format_of(definition.logical_name, column))
    ]
    digits = tuple(
        (name, column.precision)
        for name, column in columns.items()
        if column.type in {"Decimal", "Double"} and column.precision is not None and name != RATE
    )
    sources = {name for name, _ in digits}.union(*(parts for _, parts, _ in texts))
    customers = tuple(_customers(columns))
    sources.update(name for name, _ in customers)
    if money:
        sources |= {CURRENCY, "statecode", *(item.column for item in money)}
    is_line = definition.logical_name in DOCUMENTS
    if is_line:
        sources |= LINE_SOURCES
    fixed = {PARTITION} if served.is_elastic else set()
    made = {name for name, _, _ in texts} | {item.base for item in money}
    made.update(other for _, repeated in customers for other, _ in repeated)
    if money:
        made.add(RATE)
    return Rules(
        served,
        tuple(_defaults(definition)),
        tuple(numbers),
        tuple(texts),
        money,
        customers,
        digits,
        frozenset(sources),
        frozenset(sources - {"statecode"}),
        is_line,
        frozenset(made | _closed(columns, "IsValidForCreate")),
        frozenset(made | _closed(columns, "IsValidForUpdate") | fixed),
    )


def _closed(columns: Mapping[str, ColumnDefinition], fact: str) -> set[str]:
    return {
        name
        for name, column in columns.items()
        if column.facts.get(fact) is False and column.type not in {"File", "Image"}
    }


def _defaults(definition: TableDefinition) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    standard = _STANDARD_CHOICES.get(definition.logical_name, {})
    is_activity = definition.primary_id == "activityid"
    for name, column in definition.columns.items():
        if column.type == "Boolean":
            stated = column.facts.get("DefaultValue")
            is_true = stated if isinstance(stated, bool) else name in _TRUE
            found.append((name, int(is_true)))
        elif column.type == "ManagedProperty":
            found.append((name, int(name != HIDDEN)))
        elif column.type == "Picklist" and name not in _UNSET:
            value = _default_choice(column, standard.get(name))
            if value is None and is_activity:
                value = _ACTIVITY_CHOICES.get(name)
            if value is not None:
                found.append((name, value))
        elif name == "activitytypecode" and definition.logical_name != "activitypointer":
            found.append((name, definition.logical_name))
    return found


def _default_choice(column: ColumnDefinition, standard: int | None) -> int | None:
    stated = column.facts.get("DefaultFormValue")
    if isinstance(stated, int) and not isinstance(stated, bool):
        return stated if any(option.value == stated for option in column.options) else None
    if standard is not None:
        return standard
    return next((item.value for item in column.options if item.label == "Default Value"), None)


Made = tuple[str, frozenset[str], Callable[[Mapping[str, Any]], str | None]]


def _full_names(columns: Mapping[str, ColumnDefinition]) -> list[Made]:
    """`fullname` by the organisation's convention: first, middle and last name."""
    parts = ("firstname", "middlename", "lastname")
    if "fullname" not in columns or not columns.keys() >= {"firstname", "lastname"}:
        return []

    def plain(row: Mapping[str, Any]) -> str | None:
        return " ".join(str(row[part]) for part in parts if row.get(part)) or None

    def spoken(row: Mapping[str, Any]) -> str | None:
        found = [row.get(f"yomi{part}") or row.get(part) for part in parts]
        return " ".join(str(part) for part in found if part) or None

    made: list[Made] = [("fullname", frozenset(parts), plain)]
    if "yomifullname" in columns:
        sources = frozenset((*parts, *(f"yomi{part}" for part in parts)))
        made.append(("yomifullname", sources, spoken))
    return made


def _owner_key(definition: TableDefinition) -> list[Made]:
    """Users and teams have their id once more, as the key of what can own records."""
    key = definition.primary_id
    if "ownerid" not in definition.columns or key == "ownerid":
        return []
    return [("ownerid", frozenset({key}), lambda row: row[key])]


def _addresses(columns: Mapping[str, ColumnDefinition]) -> list[Made]:
    return [
        _address(name.removesuffix("composite")) for name in columns if name.endswith("_composite")
    ]


def _address(prefix: str) -> Made:
    names = tuple(prefix + part for part in PARTS)

    def text(row: Mapping[str, Any]) -> str | None:
        *lines, city, state, code, country = (row.get(name) for name in names)
        return composed(lines, city, state, code, country) or None

    return f"{prefix}composite", frozenset(names), text


def _customers(
    columns: Mapping[str, ColumnDefinition],
) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """`customerid` is repeated by `accountid` and `contactid`, a contact's parent likewise."""
    found = []
    for name in ("_customerid_value", "_parentcustomerid_value"):
        if name not in columns:
            continue
        repeated = [("_accountid_value", "account"), ("_contactid_value", "contact")]
        if name == "_parentcustomerid_value":
            repeated[1] = ("_parentcontactid_value", "contact")
        found.append((name, tuple(pair for pair in repeated if pair[0] in columns)))
    return found


def _money(columns: Mapping[str, ColumnDefinition]) -> tuple[Money, ...]:
    if CURRENCY not in columns or RATE not in columns:
        return ()
    found = []
    for name, column in columns.items():
        if column.type == "Money" and f"{name}_base" in columns:
            by_column = column.facts.get("PrecisionSource") == 0
            found.append(Money(name, f"{name}_base", column.precision if by_column else None))
    return tuple(found)

"""Formatted values, lookup logical names and associated navigation properties, where asked for.

Source: "Query data using the Web API", request annotations.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from windtunnel.contracts.entities.dataverse import ColumnDefinition
from windtunnel.contracts.entities.dataverse.wire import LOOKUPS
from windtunnel.simulator.kernel.store import Store, quoted
from windtunnel.simulator.services.dataverse.model.tables import AUDIT, DataverseTable, Tables

FORMATTED = "OData.Community.Display.V1.FormattedValue"
CRM = "Microsoft.Dynamics.CRM."
LOOKUP_NAME = f"{CRM}lookuplogicalname"
NAVIGATION = f"{CRM}associatednavigationproperty"

_OWNER = "_ownerid_value"
_CURRENCY = "_transactioncurrencyid_value"
DOLLARS = "$", 2


def asks_for(wanted: str, name: str) -> bool:
    """Whether the value of include-annotations covers an annotation: names, `*`, `prefix.*`."""
    for part in wanted.split(","):
        pattern = part.strip()
        if pattern in {"*", name} or (pattern.endswith("*") and name.startswith(pattern[:-1])):
            return True
    return False


def of_list(wanted: str, total: int | None, most: int, stamp: int) -> dict[str, Any]:
    """What is asked for at the root of a list: its total, where it was counted, up to `most`.

    `stamp` changes with every change of definitions. Sources: "Count rows using OData",
    "Compose HTTP requests and handle errors" (request annotations).
    """
    known: dict[str, Any] = {
        "totalrecordcount": -1 if total is None else min(total, most),
        "totalrecordcountlimitexceeded": (total or 0) > most,
        "globalmetadataversion": str(stamp),
    }
    return {f"@{CRM}{name}": value for name, value in known.items() if asks_for(wanted, CRM + name)}


def targets_of(served: DataverseTable) -> dict[str, list[tuple[str, str]]]:
    """Lookup column to the (navigation property, table) pairs it may point at."""
    found: dict[str, list[tuple[str, str]]] = {}
    for navigation, (column, target) in served.writable_lookups.items():
        found.setdefault(column, []).append((navigation, target))
    if served.has(_OWNER) and _OWNER not in found:
        found[_OWNER] = [("ownerid", "systemuser"), ("ownerid", "team")]
    return found


class Annotations:
    """Adds annotations to objects that were read."""

    def __init__(self, store: Store, tables: Tables) -> None:
        self._store, self._tables = store, tables

    def apply(
        self,
        served: DataverseTable,
        items: list[dict[str, Any]],
        wanted: str,
        aliases: Collection[str] = (),
    ) -> None:
        """Rewrite the objects in place, each annotation before the property it is about.

        `aliases` are properties that stay as they are, whatever the table has of that name.
        """
        formatted = asks_for(wanted, FORMATTED)
        is_audit = served.name == AUDIT
        lookups = asks_for(wanted, LOOKUP_NAME), asks_for(wanted, NAVIGATION) and not is_audit
        if not formatted and not any(lookups):
            return
        targets = {c: pairs for c, pairs in targets_of(served).items() if c not in aliases}
        names = self._names(served, items, targets) if formatted else {}
        columns = served.definition.columns
        currencies = self._currencies(served, items) if formatted else {}
        for item in items:
            fresh: dict[str, Any] = {}
            currency = currencies.get(item.get(_CURRENCY, ""), DOLLARS)
            about = self._tables.by_name.get(item.get("objecttypecode", "")) if is_audit else None
            for name, value in item.items():
                column = None if name in aliases else columns.get(name)
                if about is not None and name in {"_objectid_value", "objecttypecode"}:
                    _record_of_audit(fresh, name, about, lookups[0], formatted)
                elif column is not None and value is not None:
                    if column.type in LOOKUPS:
                        self._lookup(fresh, name, value, targets, names, lookups, formatted)
                    elif formatted:
                        text = formatted_value(column, value, currency)
                        if text is not None:
                            fresh[f"{name}@{FORMATTED}"] = text
                fresh[name] = value
            item.clear()
            item.update(fresh)
        for target, related in self._expanded(served, items, aliases):
            self.apply(target, related, wanted)

    def _expanded(
        self, served: DataverseTable, items: list[dict[str, Any]], aliases: Collection[str]
    ) -> list[tuple[DataverseTable, list[dict[str, Any]]]]:
        """Tables with the records of them that are expanded in the objects."""
        found = []
        for name in items[0] if items else ():
            navigation = served.table.navigations.get(name)
            if navigation is None or name in aliases:
                continue
            related = []
            for item in items:
                value = item.get(name)
                related += value if isinstance(value, list) else [value] if value else []
            related = [part for part in related if "@odata.id" not in part]
            found.append((self._tables.target(navigation), related))
        return found

    def _currencies(
        self, served: DataverseTable, items: list[dict[str, Any]]
    ) -> dict[str, tuple[str, int]]:
        """Symbol and digits of the currencies that the objects name."""
        if not served.has(_CURRENCY) or not any(item.get(_CURRENCY) for item in items):
            return {}
        rows = self._store.read(
            "SELECT transactioncurrencyid, currencysymbol, currencyprecision "
            "FROM transactioncurrency"
        )
        return {
            key: (symbol or "", 2 if digits is None else digits) for key, symbol, digits in rows
        }

    def apply_to_results(
        self,
        served: DataverseTable,
        items: list[dict[str, Any]],
        sources: Mapping[str, ColumnDefinition],
        wanted: str,
    ) -> None:
        """Rewrite the results of an aggregate in place; `sources` are the columns they are of."""
        formatted = asks_for(wanted, FORMATTED)
        lookups = asks_for(wanted, LOOKUP_NAME), asks_for(wanted, NAVIGATION)
        if not formatted and not any(lookups):
            return
        known = {
            alias: self.names(served, column.name, {row[alias] for row in items if alias in row})
            for alias, column in sources.items()
            if column.type in LOOKUPS
        }
        for item in items:
            fresh: dict[str, Any] = {}
            for name, value in item.items():
                column = sources.get(name)
                if name in known:
                    pairs = targets_of(served)
                    self._lookup(fresh, name, value, pairs, known, lookups, formatted)
                elif formatted:
                    text = formatted_value(column, value) if column else _number(value)
                    if text is not None:
                        fresh[f"{name}@{FORMATTED}"] = text
                fresh[name] = value
            item.clear()
            item.update(fresh)

    def names(
        self, served: DataverseTable, column: str, keys: Iterable[str]
    ) -> dict[str, tuple[str, str, str]]:
        """For ids in a lookup column: (navigation property, table, name of the record)."""
        targets = {column: targets_of(served).get(column, [])}
        return self._names(served, [{column: key} for key in keys], targets).get(column, {})

    def _names(
        self,
        served: DataverseTable,
        items: list[dict[str, Any]],
        targets: dict[str, list[tuple[str, str]]],
    ) -> dict[str, dict[str, tuple[str, str, str]]]:
        """Column to key to (navigation, table, name of the record)."""
        found: dict[str, dict[str, tuple[str, str, str]]] = {}
        for column, pairs in targets.items():
            keys = list({item[column] for item in items if item.get(column)})
            if not keys:
                continue
            known = found.setdefault(column, {})
            for navigation, target in pairs:
                table = self._tables.by_name[target]
                for key, name in self._read_names(table, keys):
                    known[key] = (navigation, target, name)
        del served
        return found

    def _read_names(self, table: DataverseTable, keys: list[str]) -> list[tuple[str, str]]:
        label = table.definition.primary_name
        if not table.has(label):
            return []
        rows: list[tuple[str, str]] = []
        for start in range(0, len(keys), 500):
            chunk = keys[start : start + 500]
            marks = ", ".join("?" * len(chunk))
            rows += self._store.read(
                f"SELECT {quoted(table.primary_id)}, coalesce({quoted(label)}, '') "
                f"FROM {quoted(table.table.sql)} WHERE {quoted(table.primary_id)} IN ({marks})",
                chunk,
            ).fetchall()
        return rows

    def _lookup(
        self,
        fresh: dict[str, Any],
        name: str,
        value: str,
        targets: dict[str, list[tuple[str, str]]],
        names: dict[str, dict[str, tuple[str, str, str]]],
        lookups: tuple[bool, bool],
        formatted: bool,
    ) -> None:
        pairs = targets.get(name, [])
        known = names.get(name, {}).get(value)
        navigation, target, label = known or (*(pairs[0] if pairs else ("", "")), "")
        if lookups[1] and navigation:
            fresh[f"{name}@{NAVIGATION}"] = navigation
        if lookups[0] and target:
            fresh[f"{name}@{LOOKUP_NAME}"] = target
        if formatted and label:
            fresh[f"{name}@{FORMATTED}"] = label


def _record_of_audit(
    fresh: dict[str, Any], name: str, about: DataverseTable, is_lookup: bool, formatted: bool
) -> None:
    """The table of the record whose change is told of, which no relationship names."""
    if name == "_objectid_value" and is_lookup:
        fresh[f"{name}@{LOOKUP_NAME}"] = about.name
    if name == "objecttypecode" and formatted:
        fresh[f"{name}@{FORMATTED}"] = about.definition.label


def formatted_value(
    column: ColumnDefinition, value: Any, currency: tuple[str, int] = DOLLARS
) -> str | None:
    """A value as the service shows it to an English user; None where it has no other form."""
    match column.type:
        case "Picklist" | "State" | "Status":
            return next((o.label for o in column.options if o.value == value), None)
        case "MultiSelectPicklist":
            labels = {str(option.value): option.label for option in column.options}
            return "; ".join(labels.get(chosen, chosen) for chosen in str(value).split(","))
        case "Boolean":
            said = (option.label for option in column.options if option.value == int(value))
            return next(said, "Yes" if value else "No")
        case "Money":
            symbol, digits = currency
            sign = "-" if value < 0 else ""
            return f"{sign}{symbol}{abs(value):,.{digits}f}"
        case "Integer" | "BigInt":
            return f"{value:,}"
        case "Decimal" | "Double":
            return f"{value:,.2f}"
        case "DateTime":
            only = column.edm == "Edm.Date" or column.facts.get("Format") == "DateOnly"
            return _date(str(value), "Edm.Date" if only else column.edm)
        case _:
            return None


def _number(value: Any) -> str | None:
    return f"{value:,}" if isinstance(value, int | float) else None


def _date(text: str, edm: str) -> str:
    moment = datetime.fromisoformat(text)
    day = f"{moment.month}/{moment.day}/{moment.year}"
    if edm == "Edm.Date":
        return day
    hour = moment.hour % 12 or 12
    return f"{day} {hour}:{moment.minute:02} {'AM' if moment.hour < 12 else 'PM'}"

"""What an area may say of one entity set, and what its functions read with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.kernel.clock import Clock, iso_seconds
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.finance_operations.model.dimensions import Dimensions
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet, Sets
from windtunnel.simulator.services.finance_operations.model.lookups import Lookups
from windtunnel.simulator.services.finance_operations.model.refusals import Refusal

Sent: TypeAlias = Mapping[str, Any]
Check: TypeAlias = Callable[[EntitySet, Values], Refusal | None]
Effect: TypeAlias = Callable[[EntitySet, Values | None, Values | None, str], None]


def _nothing(entity_set: EntitySet, values: Values, sent: Sent) -> None:
    del entity_set, values, sent


def _fine(entity_set: EntitySet, values: Values) -> Refusal | None:
    del entity_set, values
    return None


def _open(values: Values) -> str:
    del values
    return ""


def _no_effect(
    entity_set: EntitySet, before: Values | None, after: Values | None, user: str
) -> None:
    del entity_set, before, after, user


@dataclass(frozen=True, slots=True)
class EntityRules:
    """The tables' own methods; values are stored forms by wire name.

    `default` fills a new row, `modified` follows changed fields. `check_new` looks at new rows,
    `check` at new and changed ones. `closed` gives the text against changing or deleting a stored
    row at all, with `{done}` for which; `check_delete` looks at deletes. `stored` writes what goes
    with a row that is new (nothing before), changed or gone (nothing after), in its transaction.
    """

    default: Callable[[EntitySet, Values, Sent], None] = _nothing
    modified: Callable[[EntitySet, Values, Sent], None] = _nothing
    check_new: Check = _fine
    check: Check = _fine
    closed: Callable[[Values], str] = _open
    check_delete: Check = _fine
    stored: Effect = _no_effect


NONE: Final = EntityRules()


class Surroundings:
    """What rules read: other records, the clock, the format of dimensions."""

    def __init__(
        self, store: Store, sets: Sets, lookups: Lookups, clock: Clock, dimensions: Dimensions
    ) -> None:
        self.store, self.sets, self.lookups = store, sets, lookups
        self.clock, self.dimensions = clock, dimensions

    def row(
        self, entity_set: str, company: str, value: str, names: tuple[str, ...]
    ) -> Values | None:
        """Columns of a record of a company, or None; an empty value names none."""
        return self.lookups.row(entity_set, (company, value), names) if value else None

    def shared_row(self, entity_set: str, value: str, names: tuple[str, ...]) -> Values | None:
        """Columns of a record without a company, or None."""
        return self.lookups.row(entity_set, (value,), names) if value else None

    def today(self) -> str:
        """Today as dates are stored: at noon."""
        return f"{self.now()[:10]}T12:00:00Z"

    def now(self) -> str:
        """The present moment as it is stored."""
        return iso_seconds(self.clock.now())

    def currency(self, company: str) -> str:
        """The accounting currency of a company, by its country."""
        found = self.shared_row("LegalEntities", company, ("AddressCountryRegionId",))
        return _CURRENCIES.get(found["AddressCountryRegionId"], "USD") if found else "USD"

    def warehouse_implies_site(self, values: Values, sent: Sent, site: str, warehouse: str) -> None:
        """Fill the site of a warehouse, where none was sent."""
        if values[warehouse] and not sent.get(site):
            name = ("OperationalSiteId",)
            found = self.row("Warehouses", values[COMPANY], values[warehouse], name)
            if found is not None:
                values[site] = found["OperationalSiteId"]

    def check_dimensions(self, entity_set: EntitySet, values: Values, name: str) -> Refusal | None:
        """Against a display value of default dimensions that the active format does not read."""
        return self.dimensions.check_set(entity_set, name, values[name], values[COMPANY])

    def is_stocked(self, company: str, item: str) -> bool:
        """Whether an item is one that is kept in stock."""
        found = self.row("ReleasedProductsV2", company, item, ("ProductType",))
        return found is not None and found["ProductType"] == 1


_EURO: Final = ("DEU", "FRA", "ITA", "ESP", "NLD", "BEL", "AUT", "IRL", "FIN", "PRT", "GRC")
_CURRENCIES: Final = {
    "GBR": "GBP",
    "CHE": "CHF",
    "CAN": "CAD",
    "JPN": "JPY",
    **dict.fromkeys(_EURO, "EUR"),
}
"""Where it is not the US dollar."""

SITE_MISSING: Final = Refusal(
    (
        "Warning: Inventory dimension Site is mandatory and must consequently be specified.",
        "Error: Update has been canceled.",
    )
)


def copy(source: Values, values: Values, sent: Sent, pairs: Mapping[str, str]) -> None:
    """Fill what was not sent from another record, where that has a value."""
    for name, origin in pairs.items():
        if name not in sent and source[origin] not in {"", None}:
            values[name] = source[origin]


@dataclass(frozen=True, slots=True)
class AddressColumns:
    """`shown` has the text, `parts` are street, city, state, zip code, country."""

    shown: str
    parts: tuple[str, str, str, str, str]

    def show(self, values: Values) -> None:
        """Write the text of a new row."""
        values[self.shown] = address(*[values[name] for name in self.parts])

    def follow(self, entity_set: EntitySet, values: Values, changed: Sent) -> None:
        """Write the text anew where a part changed: what `EntityRules.modified` asks for."""
        del entity_set
        if self.is_in(changed):
            self.show(values)

    def is_in(self, changed: Sent) -> bool:
        """Whether a part is among these."""
        return not changed.keys().isdisjoint(self.parts)


def address_in(shown: str, prefix: str, state: str = "State") -> AddressColumns:
    """The usual names behind a prefix; the state is `State` or `StateId`."""
    parts = (f"{prefix}{part}" for part in ("Street", "City", state, "ZipCode", "CountryRegionId"))
    street, city, state_name, zip_code, country = parts
    return AddressColumns(shown, (street, city, state_name, zip_code, country))


def address(street: str, city: str, state: str, zip_code: str, country: str) -> str:
    """An address as the service formats it: a blank stands before the last line break."""
    if not (street or city or zip_code):
        return ""
    place = f"{city}, {state} {zip_code} " if state or zip_code else f"{city} "
    return "\n".join(part for part in (street, place, country) if part.strip())

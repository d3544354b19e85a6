"""Rows of all sets under construction, and the companies they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from windtunnel.simulator.entity_sets.values import BadValue
from windtunnel.simulator.services.finance_operations.model.entity_set import REC_ID, Sets
from windtunnel.simulator.services.finance_operations.model.kept_records import REC_VERSION

FIRST_REC_ID: Final = 5_637_144_576
"""Record ids of sample records, as of demo data; they have never been changed."""


@dataclass(frozen=True, slots=True)
class Company:
    """One company of the sample."""

    id: str
    name: str
    currency: str
    country: str
    prefix: str

    @property
    def language(self) -> str:
        """The language of its papers."""
        return "de" if self.country == "DEU" else "en-us"


COMPANIES: Final = (
    Company("usmf", "Contoso Entertainment System USA", "USD", "USA", "US"),
    Company("usrt", "Contoso Retail USA", "USD", "USA", "RT"),
    Company("demf", "Contoso Entertainment System Germany", "EUR", "DEU", "DE"),
    Company("gbsi", "Contoso Consulting GB", "GBP", "GBR", "GB"),
)


class Rows:
    """Sparse rows by set; what is left out is the table's empty value."""

    def __init__(self, sets: Sets) -> None:
        self._sets = sets
        self._rows: dict[str, dict[tuple[str, ...], list[tuple[Any, ...]]]] = {}
        self._rec_id = FIRST_REC_ID

    def add(self, entity_set: str, **values: Any) -> int:
        """Add a row of JSON values; returns its record id.

        Columns and members that an imported type of this name lacks are left out.
        """
        found = self._sets[entity_set]
        row: dict[str, Any] = {}
        for name, value in values.items():
            if name in found.table.columns:
                try:
                    row[name] = found.checkers[name](value)
                except BadValue:
                    if not found.is_partial:
                        raise
        self._rec_id += 1
        row[REC_ID], row[REC_VERSION] = self._rec_id, 0
        shapes = self._rows.setdefault(entity_set, {})
        shapes.setdefault(tuple(row), []).append(tuple(row.values()))
        return self._rec_id

    def store(self) -> None:
        """Write everything."""
        for name, shapes in self._rows.items():
            for names, rows in shapes.items():
                self._sets[name].records.seed(names, rows)


def address(company: Company, number: int) -> Mapping[str, str]:
    """Street, city, postal code and state of a made-up address."""
    cities = _CITIES[company.country]
    city, state = cities[(number - 1) % len(cities)]
    street = f"{number * 7} {_STREETS[number % len(_STREETS)]} Street"
    return {"street": street, "city": city, "state": state, "zip": f"{10_000 + number * 137}"}


def business(number: int) -> str:
    """The name of a made-up business."""
    return f"{_FIRST[number % len(_FIRST)]} {_SECOND[number % len(_SECOND)]}"


_FIRST: Final = [
    "Birch",
    "Cave",
    "Desert",
    "Forest",
    "Grotto",
    "Harbor",
    "Island",
    "Lake",
    "Maple",
    "Meadow",
    "Oak",
    "Pelican",
    "River",
    "Shrike",
    "Sparrow",
    "Sunset",
    "Thistle",
    "Valley",
    "Willow",
    "Yew",
]
_SECOND: Final = [
    "Wholesales",
    "Retail",
    "Electronics",
    "Markets",
    "Sound",
    "Stores",
    "Trading",
    "Supplies",
]
_STREETS: Final = ["Station", "Mill", "Church", "Harbor", "Park", "Market", "River", "School"]
_CITIES: Final = {
    "USA": [
        ("San Diego", "CA"),
        ("Seattle", "WA"),
        ("Denver", "CO"),
        ("Austin", "TX"),
        ("Chicago", "IL"),
        ("Boston", "MA"),
        ("Atlanta", "GA"),
    ],
    "DEU": [
        (c, "") for c in ["Berlin", "Hamburg", "Köln", "München", "Leipzig", "Bremen", "Kassel"]
    ],
    "GBR": [
        (c, "") for c in ["London", "Leeds", "Bristol", "Glasgow", "Cardiff", "York", "Belfast"]
    ],
}

"""The records every server is measured on and the requests it is asked; seeded, always the same.

Knows no server: paths and answers of each are its peer's business.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from uuid import UUID

Record: TypeAlias = dict[str, Any]

SEED = 365
KEY = "wt_customerid"
ENTITY = "wt_customer"
ENTITY_SET = "wt_customers"
GROUPS = tuple(str(number) for number in range(1, 21))
THRESHOLDS = tuple(range(0, 50_000, 1_000))
SELECTED = (KEY, "wt_name", "wt_group", "wt_creditlimit")
TOP = 50
KEYS_ASKED = 10_000


@dataclass(frozen=True, slots=True)
class Column:
    """One property of the table: its wire name, EDM type, and length where it is text."""

    name: str
    edm: str = "Edm.String"
    length: int = 100


COLUMNS = (
    Column(KEY, "Edm.Guid"),
    Column("wt_name", length=160),
    Column("wt_accountnumber", length=20),
    Column("wt_group", length=10),
    Column("wt_creditlimit", "Edm.Decimal"),
    Column("wt_searchname"),
    Column("wt_street", length=250),
    Column("wt_city", length=80),
    Column("wt_postalcode", length=20),
    Column("wt_state", length=50),
    Column("wt_country", length=10),
    Column("wt_email"),
    Column("wt_phone", length=50),
    Column("wt_fax", length=50),
    Column("wt_website", length=200),
    Column("wt_language", length=10),
    Column("wt_currency", length=3),
    Column("wt_paymentterms", length=20),
    Column("wt_paymentmethod", length=20),
    Column("wt_deliveryterms", length=20),
    Column("wt_deliverymode", length=20),
    Column("wt_district", length=50),
    Column("wt_taxgroup", length=20),
    Column("wt_taxnumber", length=30),
    Column("wt_site", length=10),
    Column("wt_warehouse", length=10),
    Column("wt_pricegroup", length=10),
    Column("wt_description", length=2000),
    Column("wt_employees", "Edm.Int32"),
    Column("wt_riskscore", "Edm.Int32"),
    Column("wt_creditdays", "Edm.Int32"),
    Column("wt_segment", "Edm.Int32"),
    Column("wt_balance", "Edm.Decimal"),
    Column("wt_revenue", "Edm.Decimal"),
    Column("wt_discount", "Edm.Decimal"),
    Column("wt_onhold", "Edm.Boolean"),
    Column("wt_onetime", "Edm.Boolean"),
    Column("wt_taxexempt", "Edm.Boolean"),
    Column("wt_openedon", "Edm.DateTimeOffset"),
    Column("wt_lastorderon", "Edm.DateTimeOffset"),
)
POSTED = (
    "wt_name",
    "wt_accountnumber",
    "wt_group",
    "wt_creditlimit",
    "wt_city",
    "wt_country",
    "wt_email",
    "wt_employees",
    "wt_onhold",
    "wt_openedon",
)
PATCHED = ("wt_creditlimit", "wt_phone")

_FIRST = [
    "Alpine",
    "Baltic",
    "Coral",
    "Delta",
    "Emerald",
    "Fabrikam",
    "Global",
    "Harbor",
    "Island",
    "Jade",
]
_SECOND = [
    "Bakery",
    "Clinics",
    "Dairy",
    "Energy",
    "Foods",
    "Glass",
    "Hotels",
    "Imports",
    "Joinery",
    "Kitchens",
]
_STREETS = ("Main", "Oak", "Pine", "Maple", "Cedar", "Elm", "View", "Lake", "Hill", "Park")
_CITIES = [
    "Aarhus",
    "Berlin",
    "Chicago",
    "Dallas",
    "Essen",
    "Fresno",
    "Ghent",
    "Houston",
    "Innsbruck",
    "Jackson",
]
_STATES = ("AZ", "CA", "CO", "FL", "IL", "NY", "OR", "TX", "UT", "WA")
_COUNTRIES = ("DNK", "DEU", "USA", "BEL", "AUT", "FRA", "NLD", "ESP", "ITA", "POL")
_CURRENCIES = ("USD", "EUR", "DKK", "GBP", "PLN")
_TERMS = ("Net10", "Net14", "Net30", "Net45", "Net60")
_METHODS = ("CHECK", "SEPA", "WIRE", "CARD", "CASH")
_DELIVERY = ("EXW", "FCA", "CPT", "DAP", "DDP")
_MODES = ("Truck", "Rail", "Air", "Sea", "Parcel")
_LANGUAGES = ("en-us", "de", "da", "fr", "nl")


def records(count: int, seed: int = SEED) -> Iterator[Record]:
    """Yield `count` customers of 40 values; the first n are the same for every `count`."""
    draw = random.Random(seed)
    for number in range(count):
        yield _record(draw, number)


def _record(draw: random.Random, number: int) -> Record:
    below = draw.randrange
    pick = draw.choice
    first, second = pick(_FIRST), pick(_SECOND)
    digits = f"{number:07d}"
    name = f"{first} {second} {digits}"
    place = below(10)
    return {
        KEY: str(UUID(int=draw.getrandbits(128), version=4)),
        "wt_name": name,
        "wt_accountnumber": f"US-{digits}",
        "wt_group": pick(GROUPS),
        "wt_creditlimit": below(10_000_000) / 100,
        "wt_searchname": name.upper(),
        "wt_street": f"{below(1, 9_999)} {pick(_STREETS)} Street",
        "wt_city": _CITIES[place],
        "wt_postalcode": f"{below(10_000, 99_999)}",
        "wt_state": _STATES[place],
        "wt_country": _COUNTRIES[place],
        "wt_email": f"sales{digits}@{second.lower()}.example",
        "wt_phone": _phone(draw),
        "wt_fax": _phone(draw),
        "wt_website": f"https://{first.lower()}{second.lower()}{digits}.example/",
        "wt_language": pick(_LANGUAGES),
        "wt_currency": pick(_CURRENCIES),
        "wt_paymentterms": pick(_TERMS),
        "wt_paymentmethod": pick(_METHODS),
        "wt_deliveryterms": pick(_DELIVERY),
        "wt_deliverymode": pick(_MODES),
        "wt_district": f"District {below(40)}",
        "wt_taxgroup": f"TAX{below(12)}",
        "wt_taxnumber": f"DE{below(100_000_000, 999_999_999)}",
        "wt_site": str(below(1, 9)),
        "wt_warehouse": f"{below(1, 9)}{below(1, 9)}",
        "wt_pricegroup": f"PG{below(8)}",
        "wt_description": f"{first} customer since {below(1990, 2025)}, visited every quarter.",
        "wt_employees": below(1, 5_000),
        "wt_riskscore": below(100),
        "wt_creditdays": pick((10, 14, 30, 45, 60)),
        "wt_segment": 100_000_000 + below(5),
        "wt_balance": below(-1_000_000, 5_000_000) / 100,
        "wt_revenue": below(1_000_000_000) / 100,
        "wt_discount": below(2_500) / 100,
        "wt_onhold": below(20) == 0,
        "wt_onetime": below(50) == 0,
        "wt_taxexempt": below(10) == 0,
        "wt_openedon": _moment(draw),
        "wt_lastorderon": _moment(draw),
    }


def _phone(draw: random.Random) -> str:
    return f"+1 {draw.randrange(200, 999)} 555 {draw.randrange(10_000):04d}"


def _moment(draw: random.Random) -> str:
    below = draw.randrange
    day = f"{below(2015, 2026)}-{below(1, 13):02d}-{below(1, 29):02d}"
    return f"{day}T{below(24):02d}:{below(60):02d}:{below(60):02d}Z"


def keys_asked(rows: Sequence[Record], seed: int = SEED) -> list[str]:
    """Keys for GET and PATCH: every record up to `KEYS_ASKED`, else a sample; in random order."""
    draw = random.Random(f"keys {seed}")
    return [row[KEY] for row in draw.sample(rows, min(len(rows), KEYS_ASKED))]


def lists_asked(seed: int = SEED) -> list[tuple[str, int]]:
    """Every (group, credit limit above) once, in random order: 20 groups by 50 thresholds."""
    asked = [(group, threshold) for group in GROUPS for threshold in THRESHOLDS]
    random.Random(f"lists {seed}").shuffle(asked)
    return asked


def list_answer(rows: Sequence[Record], group: str, above: float) -> list[str]:
    """The keys a LIST must answer, in order: worked out here, with no query language."""
    found = [row for row in rows if row["wt_group"] == group and row["wt_creditlimit"] > above]
    found.sort(key=lambda row: str(row["wt_name"]))
    return [row[KEY] for row in found[:TOP]]


def patches(count: int, seed: int = SEED) -> Iterator[Record]:
    """Bodies of PATCH: new values of two columns, spread as those of the data set are."""
    draw = random.Random(f"patch {seed}")
    for _ in range(count):
        yield {"wt_creditlimit": draw.randrange(10_000_000) / 100, "wt_phone": _phone(draw)}


def posts(count: int, seed: int = SEED) -> Iterator[Record]:
    """Bodies of POST: ten columns, no key (the server gives one)."""
    for row in records(count, seed + 1):
        yield {name: row[name] for name in POSTED}


def write_csv(path: Path, rows: Sequence[Record]) -> None:
    """Write the records as CSV with a header; booleans as true and false."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([column.name for column in COLUMNS])
        for row in rows:
            writer.writerow([str(v).lower() if isinstance(v, bool) else v for v in row.values()])

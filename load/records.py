"""Bodies of the records that a load writes: seeded, of the planned size, made before the run."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from faker import Faker

UNIQUE: Final = "{unique}"
VARIETY: Final = 64


@dataclass(frozen=True, slots=True)
class Template:
    """How records of an entity set are written.

    `columns` maps a column to a faker method, to `{unique}`, or to a literal after `=`.
    `borrowed` columns take a value that exists: (entity set, column). `filler` is stretched to
    the planned size as far as its `longest` text goes. `scoped` records belong to a company.
    """

    columns: Mapping[str, str]
    key: str
    filler: str = ""
    longest: int = 1_000_000
    borrowed: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    scoped: bool = False


TEMPLATES: Final[dict[tuple[str, str], Template]] = {
    ("dataverse", "accounts"): Template(
        {
            "name": "company",
            "accountnumber": UNIQUE,
            "telephone1": "msisdn",
            "address1_city": "city",
            "address1_postalcode": "postcode",
        },
        "accountid",
        "description",
        2_000,
    ),
    ("dataverse", "contacts"): Template(
        {
            "firstname": "first_name",
            "lastname": "last_name",
            "employeeid": UNIQUE,
            "telephone1": "msisdn",
            "address1_city": "city",
        },
        "contactid",
        "description",
        2_000,
    ),
    ("finance_operations", "CustomersV3"): Template(
        {"CustomerAccount": UNIQUE, "OrganizationName": "company", "SalesCurrencyCode": "=USD"},
        "CustomerAccount",
        "SalesMemo",
        borrowed={"CustomerGroupId": ("CustomerGroups", "CustomerGroupId")},
        scoped=True,
    ),
    ("finance_operations", "SalesOrderHeadersV2"): Template(
        {"CustomersOrderReference": UNIQUE, "SalesOrderName": "company", "CurrencyCode": "=USD"},
        "SalesOrderNumber",
        borrowed={
            "OrderingCustomerAccountNumber": ("CustomersV3", "CustomerAccount"),
            "InvoiceCustomerAccountNumber": ("CustomersV3", "CustomerAccount"),
        },
        scoped=True,
    ),
    ("finance_operations", "SalesOrderLines"): Template(
        {"OrderedSalesQuantity": "=1", "LineDescription": "company"},
        "InventoryLotId",
        borrowed={
            "SalesOrderNumber": ("SalesOrderHeadersV2", "SalesOrderNumber"),
            "ItemNumber": ("ReleasedProductsV2", "ItemNumber"),
        },
        scoped=True,
    ),
    ("finance_operations", "ReleasedProductsV2"): Template(
        {"ProductSearchName": "word"}, "ItemNumber", scoped=True
    ),
}


@dataclass(frozen=True, slots=True)
class Bodies:
    """JSON bodies with a place for a unique value (none where the second half is empty)."""

    halves: tuple[tuple[bytes, bytes], ...]
    prefix: str

    def body(self, number: int) -> bytes:
        """The body of the n-th request; its unique value is used by no other."""
        before, after = self.halves[number % len(self.halves)]
        if not after:
            return before
        return before + f"{self.prefix}{number:07d}".encode() + after


def make_bodies(
    template: Template,
    *,
    size: int,
    seed: str,
    prefix: str,
    company: str,
    borrowed: Mapping[str, tuple[Any, ...]],
    partial: bool,
) -> Bodies:
    """Bodies of about `size` bytes; `partial` ones leave out the key and what stays as it was."""
    faker = Faker("en_US")
    faker.seed_instance(seed)
    chance = random.Random(seed)
    halves: list[tuple[bytes, bytes]] = []
    for _ in range(VARIETY):
        record: dict[str, Any] = {}
        if template.scoped and not partial:
            record["dataAreaId"] = company
        for column, recipe in template.columns.items():
            if partial and (column == template.key or recipe.startswith("=")):
                continue
            record[column] = _value(faker, recipe)
        if not partial:
            record |= {name: chance.choice(values) for name, values in borrowed.items() if values}
        halves.append(_split(_filled(record, template, size, faker)))
    return Bodies(tuple(halves), prefix)


def _value(faker: Faker, recipe: str) -> Any:
    if recipe == UNIQUE:
        return UNIQUE
    if recipe.startswith("="):
        literal = recipe[1:]
        return int(literal) if literal.isdigit() else literal
    return getattr(faker, recipe)()


def _filled(record: dict[str, Any], template: Template, size: int, faker: Faker) -> str:
    """A record of the size; white space fills what its text column does not take."""
    text = json.dumps(record, separators=(",", ":"))
    missing = min(size - len(text) - len(template.filler) - 6, template.longest)
    if template.filler and missing > 0:
        words = " ".join(faker.words(missing // 3 + 2))
        text = json.dumps({**record, template.filler: words[:missing]}, separators=(",", ":"))
    return f"{text[:-1]}{' ' * (size - len(text))}}}"


def _split(text: str) -> tuple[bytes, bytes]:
    before, _, after = text.partition(UNIQUE)
    return before.encode(), after.encode()

"""Sample records, seeded: customers, a catalogue, sales from lead to invoice, cases."""

from __future__ import annotations

from random import Random
from typing import Any

from windtunnel.simulator.services.dataverse.seed.names import city, company, person, telephone
from windtunnel.simulator.services.dataverse.seed.system import Add, Row

ACCOUNTS = 100
CONTACTS = 200
PRODUCTS = 30
ORDERS = 50
FEW = 20
COMPANIES = {
    "USMF": "Contoso Entertainment System USA",
    "USRT": "Contoso Retail USA",
    "DEMF": "Contoso Entertainment System Germany",
    "GBSI": "Contoso Services UK",
}
"""Companies of the demo set, as dual-write brings them."""


class Samples:
    """Adds records that refer to one another; `unit` is (unit group, unit)."""

    def __init__(self, add: Add, chance: Random, unit: tuple[str, str]) -> None:
        self._add, self._chance = add, chance
        self._group, self._unit = unit
        self._accounts: list[str] = []
        self._products: list[tuple[str, str, float]] = []
        self._price_list = ""

    def add(self) -> None:
        """Everything, in an order in which what is referred to is there."""
        companies = COMPANIES.items()
        self._add("cdm_company", [{"cdm_companycode": c, "cdm_name": n} for c, n in companies])
        self._customers()
        self._catalogue()
        self._sales()
        self._service()

    def _customers(self) -> None:
        chance = self._chance
        self._accounts = self._add(
            "account",
            [
                {
                    "name": company(chance),
                    "accountnumber": f"AC{number:05}",
                    "telephone1": telephone(chance),
                    "address1_city": city(chance),
                    "address1_country": "USA",
                    "revenue": float(chance.randrange(100_000, 5_000_000)),
                    "numberofemployees": chance.randrange(5, 5000),
                    "accountcategorycode": chance.choice((1, 2)),
                    "creditonhold": 0,
                }
                for number in range(1, ACCOUNTS + 1)
            ],
        )
        people = []
        for _ in range(CONTACTS):
            first, last = person(chance)
            people.append(
                {
                    "firstname": first,
                    "lastname": last,
                    "fullname": f"{first} {last}",
                    "emailaddress1": f"{first}.{last}@example.com".lower(),
                    "_parentcustomerid_value": chance.choice(self._accounts),
                }
            )
        self._add("contact", people)

    def _catalogue(self) -> None:
        [self._price_list] = self._add("pricelevel", [{"name": "Default"}])
        rows: list[Row] = [
            {
                "name": f"Product {n}",
                "productnumber": f"P-{n:04}",
                "price": 10.0 * n,
                "quantitydecimal": 2,
                "productstructure": 1,
                "_defaultuomscheduleid_value": self._group,
                "_defaultuomid_value": self._unit,
                "_pricelevelid_value": self._price_list,
            }
            for n in range(1, PRODUCTS + 1)
        ]
        keys = self._add("product", rows)
        self._products = [(k, r["name"], r["price"]) for k, r in zip(keys, rows, strict=True)]
        self._add(
            "productpricelevel",
            [
                {
                    "_pricelevelid_value": self._price_list,
                    "_productid_value": key,
                    "_uomid_value": self._unit,
                    "_uomscheduleid_value": self._group,
                    "amount": price,
                    "pricingmethodcode": 1,
                    "quantitysellingcode": 1,
                }
                for key, _, price in self._products
            ],
        )

    def _lines(self, parents: list[str], column: str) -> tuple[list[Row], list[float]]:
        """Two lines for each parent, and what they come to."""
        rows, totals = [], []
        for parent in parents:
            total = 0.0
            for number, (product, name, price) in enumerate(self._chance.sample(self._products, 2)):
                quantity = float(self._chance.randrange(1, 10))
                total += quantity * price
                rows.append(
                    {
                        column: parent,
                        "_productid_value": product,
                        "_uomid_value": self._unit,
                        "productdescription": None,
                        "quantity": quantity,
                        "priceperunit": price,
                        "baseamount": quantity * price,
                        "extendedamount": quantity * price,
                        "ispriceoverridden": 0,
                        "isproductoverridden": 0,
                        "lineitemnumber": number + 1,
                        _NAMES[column]: name,
                    }
                )
            totals.append(total)
        return rows, totals

    def _head(self, name: str, number: int, total: float, **more: Any) -> Row:
        return {
            "name": f"{name} {number}",
            "_customerid_value": self._chance.choice(self._accounts),
            "_pricelevelid_value": self._price_list,
            "totallineitemamount": total,
            "totalamountlessfreight": total,
            "totalamount": total,
            **more,
        }

    def _sales(self) -> None:
        chance = self._chance
        leads = []
        for number in range(1, FEW + 1):
            first, last = person(chance)
            leads.append(
                {
                    "subject": f"Interest {number}",
                    "firstname": first,
                    "lastname": last,
                    "fullname": f"{first} {last}",
                    "companyname": company(chance),
                    "leadqualitycode": chance.choice((1, 2, 3)),
                }
            )
        self._add("lead", leads)
        for table, lines, column, name, count in _DOCUMENTS:
            keys = [self._key() for _ in range(count)]
            rows, totals = self._lines(keys, column)
            heads = []
            for number, (key, total) in enumerate(zip(keys, totals, strict=True), 1):
                more: dict[str, Any] = {f"{table}id": key}
                if table in _NUMBERS:
                    column_name, prefix = _NUMBERS[table]
                    more[column_name] = f"{prefix}-{number:05}"
                else:
                    more |= {"estimatedvalue": total, "isrevenuesystemcalculated": 1}
                heads.append(self._head(name, number, total, **more))
            self._add(table, heads)
            self._add(lines, rows)

    def _key(self) -> str:
        text = f"{self._chance.getrandbits(128):032x}"
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"

    def _service(self) -> None:
        chance = self._chance
        self._add(
            "incident",
            [
                {
                    "title": f"Case {number}",
                    "ticketnumber": f"CAS-{number:05}-W1N1",
                    "_customerid_value": chance.choice(self._accounts),
                    "prioritycode": chance.choice((1, 2, 3)),
                }
                for number in range(1, FEW + 1)
            ],
        )


_NAMES = {
    "_opportunityid_value": "opportunityproductname",
    "_quoteid_value": "quotedetailname",
    "_salesorderid_value": "salesorderdetailname",
    "_invoiceid_value": "invoicedetailname",
}
_DOCUMENTS = (
    ("opportunity", "opportunityproduct", "_opportunityid_value", "Opportunity", FEW),
    ("quote", "quotedetail", "_quoteid_value", "Quote", FEW),
    ("salesorder", "salesorderdetail", "_salesorderid_value", "Order", ORDERS),
    ("invoice", "invoicedetail", "_invoiceid_value", "Invoice", FEW),
)
_NUMBERS = {
    "quote": ("quotenumber", "QUO"),
    "salesorder": ("ordernumber", "ORD"),
    "invoice": ("invoicenumber", "INV"),
}

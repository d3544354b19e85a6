"""The first content of an environment: organisation, users, and sample records, seeded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.clock import Clock, iso_seconds
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.settings import DataverseSettings
from windtunnel.simulator.services.dataverse.guard import DataverseUser
from windtunnel.simulator.services.dataverse.model.derived import Derived
from windtunnel.simulator.services.dataverse.model.tables import VERSION, DataverseTable, Tables
from windtunnel.simulator.services.dataverse.seed_names import city, company, person, telephone
from windtunnel.simulator.services.dataverse.seed_views import saved_queries

ACCOUNTS = 100
CONTACTS = 200
ORDERS = 50
MESSAGES = ("Create", "Update", "Delete", "CreateMultiple", "UpdateMultiple", "UpsertMultiple")


class _Seeder:
    def __init__(self, tables: Tables, ids: Ids, clock: Clock, derived: Derived) -> None:
        self._tables, self._ids, self._derived = tables, ids, derived
        self._now = iso_seconds(clock.now())
        self.version = 0
        self.user = self.unit = self.currency = ""

    def add(self, table: str, rows: list[dict[str, Any]]) -> list[str]:
        """Store rows with what the service would have set; returns their keys."""
        served = self._tables.by_name[table]
        if not rows:
            return []
        whole = [self._complete(served, row) for row in rows]
        names = list(whole[0])
        served.records.seed(names, [[row[name] for name in names] for row in whole])
        return [row[served.primary_id] for row in whole]

    def _complete(self, served: DataverseTable, row: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        values = {
            "createdon": self._now,
            "modifiedon": self._now,
            "_createdby_value": self.user or None,
            "_modifiedby_value": self.user or None,
            "_ownerid_value": self.user or None,
            "_owninguser_value": self.user or None,
            "_owningbusinessunit_value": self.unit or None,
            "_transactioncurrencyid_value": self.currency or None,
            "statecode": 0,
            "statuscode": served.definition.default_status.get(0, 1),
        }
        known = {name: value for name, value in values.items() if served.has(name)}
        key = row.get(served.primary_id) or self._ids.uuid()
        whole = {**known, VERSION: self.version, **row, served.primary_id: key}
        self._derived.complete_new(served, whole)
        return whole


def seed(
    tables: Tables,
    changes: Changes,
    ids: Ids,
    clock: Clock,
    settings: DataverseSettings,
    users: Iterable[DataverseUser],
    sample_data: bool,
    derived: Derived,
) -> None:
    """Fill an empty environment."""
    there = _Seeder(tables, ids.child("dataverse"), clock, derived)
    dollar = ids.child("dataverse base currency").uuid()
    organization = {"name": settings.organization, "_basecurrencyid_value": dollar}
    there.add("organization", [{**organization, "currencydecimalprecision": 2}])
    [there.unit] = there.add("businessunit", [{"name": settings.organization}])
    people = [
        {
            "systemuserid": user.user_id,
            "fullname": user.name,
            "domainname": user.name,
            "applicationid": user.app_id or None,
            "azureactivedirectoryobjectid": user.object_id or None,
            "_businessunitid_value": there.unit,
            "isdisabled": 0,
        }
        for user in users
    ]
    keys = there.add("systemuser", people)
    there.user = keys[0] if keys else ""
    team = {"name": settings.organization, "_businessunitid_value": there.unit, "isdefault": 1}
    there.add("team", [team])
    [there.currency, _] = there.add(
        "transactioncurrency",
        [
            {
                "transactioncurrencyid": dollar,
                "currencyname": "US Dollar",
                "isocurrencycode": "USD",
                "currencysymbol": "$",
                "exchangerate": 1.0,
                "currencyprecision": 2,
            },
            {
                "currencyname": "Euro",
                "isocurrencycode": "EUR",
                "currencysymbol": "€",
                "exchangerate": 0.92,
                "currencyprecision": 2,
            },
        ],
    )
    _seed_messages(tables, there)
    if sample_data:
        _seed_records(there, ids.child("dataverse sample"))
    there.add("savedquery", saved_queries(tables))
    _seed_duplicate_rules(tables, there)
    changes.skip_to(there.version)


def _seed_messages(tables: Tables, there: _Seeder) -> None:
    keys = there.add("sdkmessage", [{"name": name} for name in MESSAGES])
    filters = [
        {"_sdkmessageid_value": key, "primaryobjecttypecode": name}
        for key in keys
        for name in tables.by_name
    ]
    there.add("sdkmessagefilter", filters)


def _seed_duplicate_rules(tables: Tables, there: _Seeder) -> None:
    """The published rules of every new environment: the same address of e-mail."""
    for name in ("account", "contact", "lead"):
        label = tables.by_name[name].definition.collection_label
        rule = {
            "name": f"{label} with the same e-mail address",
            "baseentityname": name,
            "matchingentityname": name,
            "statecode": 1,
            "statuscode": 2,
        }
        [key] = there.add("duplicaterule", [rule])
        condition = {
            "_regardingobjectid_value": key,
            "baseattributename": "emailaddress1",
            "matchingattributename": "emailaddress1",
            "operatorcode": 0,
            "ignoreblankvalues": 1,
        }
        there.add("duplicaterulecondition", [condition])


def _seed_records(there: _Seeder, ids: Ids) -> None:
    chance = ids.random
    companies = [
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
    ]
    accounts = there.add("account", companies)
    people = []
    for _ in range(CONTACTS):
        first, last = person(chance)
        people.append(
            {
                "firstname": first,
                "lastname": last,
                "fullname": f"{first} {last}",
                "emailaddress1": f"{first}.{last}@example.com".lower(),
                "_parentcustomerid_value": chance.choice(accounts),
            }
        )
    there.add("contact", people)
    [price_list] = there.add("pricelevel", [{"name": "Default"}])
    there.add(
        "product",
        [
            {"name": f"Product {n}", "productnumber": f"P-{n:04}", "price": 10.0 * n}
            for n in range(1, 31)
        ],
    )
    there.add(
        "salesorder",
        [
            {
                "name": f"Order {number}",
                "ordernumber": f"ORD-{number:05}",
                "_customerid_value": chance.choice(accounts),
                "_pricelevelid_value": price_list,
                "totalamount": float(chance.randrange(100, 10_000)),
            }
            for number in range(1, ORDERS + 1)
        ],
    )

"""The first content of an environment: organisation, users, and sample records, seeded."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.clock import Clock, iso_seconds
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.settings import DataverseSettings
from windtunnel.simulator.services.dataverse.guard import DataverseUser
from windtunnel.simulator.services.dataverse.model.activities import POINTER, is_activity
from windtunnel.simulator.services.dataverse.model.derived import Derived
from windtunnel.simulator.services.dataverse.model.tables import VERSION, DataverseTable, Tables
from windtunnel.simulator.services.dataverse.seed import system
from windtunnel.simulator.services.dataverse.seed.samples import Samples
from windtunnel.simulator.services.dataverse.seed.views import saved_queries

_READ_WRITE, _NON_INTERACTIVE = 0, 4
_ORGANIZATION = {
    "languagecode": 1033,
    "localeid": 1033,
    "currencydecimalprecision": 2,
    "basecurrencyprecision": 2,
    "basecurrencysymbol": "$",
    "currencysymbol": "$",
    "weekstartdaycode": 0,
    "oobpricecalculationenabled": 1,
    "expirechangetrackingindays": 7,
    "maxuploadfilesize": 5_242_880,
}


class _Seeder:
    def __init__(self, tables: Tables, ids: Ids, clock: Clock, derived: Derived) -> None:
        self._tables, self._ids, self._derived = tables, ids, derived
        self._now = iso_seconds(clock.now())
        self.version = 0
        self.user = self.unit = self.currency = ""

    def key(self) -> str:
        """The key of a row that others refer to before it is added."""
        return self._ids.uuid()

    def add(self, table: str, rows: list[dict[str, Any]]) -> list[str]:
        """Store rows with what the service would have set; returns their keys."""
        served = self._tables.by_name[table]
        if not rows:
            return []
        whole = [self._complete(served, row) for row in rows]
        names = list(whole[0])
        served.records.seed(names, [[row[name] for name in names] for row in whole])
        if is_activity(served):
            pointer = self._tables.by_name[POINTER].records
            kept = [name for name in names if name in pointer.table.columns]
            pointer.seed(kept, [[row[name] for name in kept] for row in whole])
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
    there.add("organization", [{**organization, **_ORGANIZATION}])
    [there.unit] = there.add("businessunit", [{"name": settings.organization}])
    known = list(users)
    queues = {user.user_id: there.key() for user in known}
    people = [
        {
            "systemuserid": user.user_id,
            "fullname": user.name,
            "lastname": user.name,
            "accessmode": _NON_INTERACTIVE if user.app_id else _READ_WRITE,
            "_queueid_value": queues[user.user_id],
            "domainname": user.name,
            "applicationid": user.app_id or None,
            "azureactivedirectoryobjectid": user.object_id or None,
            "_businessunitid_value": there.unit,
            "isdisabled": 0,
        }
        for user in known
    ]
    keys = there.add("systemuser", people)
    there.user = keys[0] if keys else ""
    team_queue = there.key()
    team = {"name": settings.organization, "_businessunitid_value": there.unit, "isdefault": 1}
    team |= {"_queueid_value": team_queue, "_administratorid_value": there.user or None}
    [everybody] = there.add("team", [{**team, "teamtype": 0}])
    there.add("teammembership", [{"teamid": everybody, "systemuserid": key} for key in keys])
    owned = [(queues[user.user_id], user.name, user.user_id) for user in known]
    owned.append((team_queue, settings.organization, there.user))
    system.queues(there.add, owned)
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
    system.publishers_and_solutions(there.add, settings.organization)
    system.messages(there.add, list(tables.by_name))
    unit = system.units(there.add)
    if sample_data:
        Samples(there.add, ids.child("dataverse sample").random, unit).add()
    there.add("savedquery", saved_queries(tables))
    _seed_duplicate_rules(tables, there)
    changes.skip_to(there.version)


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

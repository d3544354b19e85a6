"""Functions about the environment and the caller: who, which version, how many rows, what time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.messages.time_zones import ZONES, zone_of
from windtunnel.simulator.services.dataverse.model.addresses import composed
from windtunnel.simulator.services.dataverse.replies import base_of

VERSION: Final = "9.2.24114.210"
LANGUAGE: Final = 1033


def _organization_row(call: Call) -> dict[str, Any]:
    return call.there.tables.by_name["organization"].records.find({}, 1)[0]


def _who_am_i(call: Call) -> Answer:
    caller = call.caller
    return {
        "BusinessUnitId": caller.business_unit_id,
        "UserId": caller.user_id,
        "OrganizationId": _organization_row(call)["organizationid"],
    }


def _version(call: Call) -> Answer:
    del call
    return {"Version": VERSION}


def _totals(call: Call) -> Answer:
    names, counts = call.arguments["EntityNames"], []
    for name in names:
        served = call.there.tables.by_name.get(name)
        if served is None:
            raise errors.InvalidArgument(
                problem=f"The entity with a name = '{name}' was not found in the MetadataCache."
            )
        counts.append(served.records.count())
    found = {"Count": len(names), "IsReadOnly": False, "Keys": names, "Values": counts}
    return {"EntityRecordCountCollection": found}


def _organization(call: Call) -> Answer:
    row = _organization_row(call)
    root = base_of(call.exchange).split("/api/", maxsplit=1)[0]
    endpoints = [root + "/", f"{root}/XRMServices/2011/Organization.svc", f"{root}/api/data/"]
    names = ["WebApplication", "OrganizationService", "OrganizationDataService"]
    detail = {
        "OrganizationId": row["organizationid"],
        "FriendlyName": row["name"],
        "OrganizationVersion": VERSION,
        "EnvironmentId": row["organizationid"],
        "DatacenterId": "00000000-0000-0000-0000-000000000000",
        "Geo": "NA",
        "TenantId": call.there.tenant_id,
        "UrlName": row["name"],
        "UniqueName": row["name"],
        "Endpoints": {"Count": 3, "IsReadOnly": False, "Keys": names, "Values": endpoints},
        "State": "Enabled",
    }
    return {"Detail": detail}


def _languages(member: str) -> Handler:
    def answer(call: Call) -> Answer:
        del call
        return {member: [LANGUAGE]}

    return answer


def _no_languages(call: Call) -> Answer:
    del call
    return {"RetrieveDeprovisionedLanguages": []}


def _address(call: Call) -> Answer:
    given = call.arguments
    place = (given[name] for name in ("City", "StateOrProvince", "PostalCode", "Country"))
    return {"Address": composed([given["Line1"]], *place)}


def _zone_code(call: Call) -> Answer:
    wanted = call.arguments["LocalizedStandardName"]
    for code, (name, _) in ZONES.items():
        if name == wanted:
            return {"TimeZoneCode": code}
    raise errors.InvalidArgument(problem=f"There is no time zone with the name '{wanted}'.")


def _zone(call: Call) -> ZoneInfo:
    code = call.arguments["TimeZoneCode"]
    found = zone_of(code)
    if found is None:
        raise errors.InvalidArgument(problem=f"There is no time zone with the code {code}.")
    return found


def _local_time(call: Call) -> Answer:
    moment = datetime.fromisoformat(call.arguments["UtcTime"])
    local = moment.astimezone(_zone(call))
    return {"LocalTime": local.strftime("%Y-%m-%dT%H:%M:%SZ")}


def _utc_time(call: Call) -> Answer:
    local = datetime.fromisoformat(call.arguments["LocalTime"]).replace(tzinfo=_zone(call))
    return {"UtcTime": local.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}


def _exchange_rate(call: Call) -> Answer:
    currencies = call.there.tables.by_name["transactioncurrency"]
    key = call.arguments["TransactionCurrencyId"]
    row = currencies.records.get((key,))
    if row is None:
        raise errors.RecordNotFound(table=currencies.name, id=key)
    return {"ExchangeRate": row["exchangerate"] or 1.0}


def _timestamp(call: Call) -> Answer:
    return {"Timestamp": f"{call.there.changes.last}!{call.there.clock.now():.0f}"}


HANDLERS: Final[dict[str, Handler]] = {
    "WhoAmI": _who_am_i,
    "RetrieveVersion": _version,
    "RetrieveTotalRecordCount": _totals,
    "RetrieveCurrentOrganization": _organization,
    "RetrieveAvailableLanguages": _languages("LocaleIds"),
    "RetrieveProvisionedLanguages": _languages("RetrieveProvisionedLanguages"),
    "RetrieveInstalledLanguagePacks": _languages("RetrieveInstalledLanguagePacks"),
    "RetrieveDeprovisionedLanguages": _no_languages,
    "FormatAddress": _address,
    "GetTimeZoneCodeByLocalizedName": _zone_code,
    "LocalTimeFromUtcTime": _local_time,
    "UtcTimeFromLocalTime": _utc_time,
    "RetrieveExchangeRate": _exchange_rate,
    "RetrieveTimestamp": _timestamp,
}

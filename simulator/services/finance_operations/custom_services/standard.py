"""The standard services that integrations meet; those that nothing stands behind answer 501.

Source: service descriptions in Microsoft's samples; captured calls.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn

from windtunnel.simulator.entity_sets.custom_services import (
    CustomService,
    DataContract,
    Member,
    Operation,
    OperationCall,
    OperationFunction,
)
from windtunnel.simulator.exchange import Absent
from windtunnel.simulator.odata.schema import EnumType
from windtunnel.simulator.services.finance_operations.custom_services.namespaces import SERVICES
from windtunnel.simulator.services.finance_operations.custom_services.registry import (
    CustomServices,
)

_UTC: Final = "GMT_COORDINATEDUNIVERSALTIME"
ENUMS: Final = (
    EnumType("PreferredCalendar", {"Gregorian": 0, "Hijri": 1, "UmAlQura": 2}),
    EnumType(
        "AccessRight",
        {"NoAccess": 0, "View": 1, "Edit": 2, "Add": 3, "Correction": 4, "Delete": 5},
    ),
    EnumType(
        "AccessControlledType",
        {
            name: number
            for number, name in enumerate(
                (
                    "MenuItemDisplay",
                    "MenuItemOutput",
                    "MenuItemAction",
                    "WebUrlItem",
                    "WebActionItem",
                    "WebManagedContentItem",
                    "Table",
                    "TableField",
                )
            )
        },
    ),
)
CONTRACTS: Final = (
    DataContract(
        "UserSessionInfo",
        (
            Member("AOSLocaleName"),
            Member("AXLanguage"),
            Member("Company"),
            Member("CompanyTimeZone", "Timezone"),
            Member("CurrencyInfo", "CurrencyInfo"),
            Member("IsSysAdmin", "boolean"),
            Member("UserId"),
            Member("UserPreferredCalendar", "PreferredCalendar"),
            Member("UserPreferredTimeZone", "Timezone"),
        ),
    ),
    DataContract(
        "CurrencyInfo",
        (
            Member("CurrencyCode"),
            Member("Description"),
            Member("ExchangeRate", "real"),
            Member("ISOCurrencyCode"),
            Member("Prefix"),
            Member("Suffix"),
        ),
    ),
    DataContract(
        "AccessControlledItemKey",
        (Member("ItemName"), Member("ItemType", "AccessControlledType"), Member("SubItemName")),
    ),
)


def add_standard(
    registry: CustomServices,
    company_info: Callable[[str], dict[str, Any]],
    is_administrator: Callable[[str], bool],
) -> None:
    """Offer the standard services. `company_info`: what UserSessionInfo tells of a company."""

    def session(call: OperationCall) -> dict[str, Any]:
        return {
            "AOSLocaleName": "en-US",
            "AXLanguage": call.language,
            "Company": call.company,
            **company_info(call.company),
            "IsSysAdmin": is_administrator(call.user_id),
            "UserId": call.user_id,
            "UserPreferredCalendar": "Gregorian",
            "UserPreferredTimeZone": _UTC,
        }

    def rights(call: OperationCall) -> list[str]:
        right = "Delete" if is_administrator(call.user_id) else "NoAccess"
        return [right for _ in call.arguments["_keys"]]

    registry.add_enums(*ENUMS)
    registry.add_contracts(*CONTRACTS)
    zoned = (Member("dateTime", "utcdatetime"), Member("timeZoneOffset", "int"))
    registry.add(
        CustomService(
            "UserSessionService",
            "AifUserSessionService",
            (
                Operation("ApplyTimeZone", _shifted(1), zoned, "utcdatetime"),
                Operation(
                    "GetAccessRights",
                    rights,
                    (Member("_keys", "AccessControlledItemKey[]"),),
                    "AccessRight[]",
                ),
                Operation("GetPartitionKey", lambda _: "initial", returns="string"),
                Operation("GetPartitionKeysForUser", lambda _: ["initial"], returns="string[]"),
                Operation("GetUserSessionInfo", session, returns="UserSessionInfo"),
                Operation("IsSinglePartitionSystem", lambda _: True, returns="boolean"),
                Operation("RemoveTimeZone", _shifted(-1), zoned, "utcdatetime"),
            ),
            "UserSessionService",
            SERVICES,
        ),
        CustomService(
            "SysSqlDiagnosticService",
            "SysSqlDiagnosticServiceOperations",
            (
                *(
                    Operation(name, _absent(name))
                    for name in (
                        "GetAxSqlExecuting",
                        "GetAxSqlBlocking",
                        "GetAxSqlLockInfo",
                        "GetAxSqlDisabledIndexes",
                    )
                ),
                Operation(
                    "GetAxSqlResourceStats",
                    _absent("GetAxSqlResourceStats"),
                    (Member("start", "utcdatetime"), Member("end", "utcdatetime")),
                ),
            ),
        ),
        CustomService(
            "ERConfigurationServices",
            "ERConfigurationListService",
            (Operation("getSolutions", _absent("getSolutions")),),
        ),
        CustomService(
            "DMFServiceGroup",
            "DataManagementTemplate",
            (Operation("Export", _absent("DataManagementTemplate.Export")),),
        ),
    )


def _shifted(sign: int) -> OperationFunction:
    """A moment by an offset of minutes. Assumed: no source says the unit."""

    def shift(call: OperationCall) -> str:
        moment = datetime.fromisoformat(call.arguments["dateTime"])
        try:
            moved = moment + timedelta(minutes=sign * call.arguments["timeZoneOffset"])
        except OverflowError:
            moved = moment
        return moved.isoformat()

    return shift


def _absent(name: str) -> OperationFunction:
    def refuse(call: OperationCall) -> NoReturn:
        del call
        raise Absent(f"custom service operation {name}")

    return refuse

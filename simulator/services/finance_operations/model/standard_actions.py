"""Actions of the platform that clients call to know the environment: versions, modules, entities.

Sources: calls that public clients make; "Open Data Protocol (OData)".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from windtunnel.simulator.entity_sets.actions import Action, ActionCall, ActionParameter
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet

PLATFORM_BUILD: Final = "7.0.7521.60"
"""A build that was seen; which release has which platform build is not public."""
_PLATFORM: Final = ("ApplicationPlatform", "ApplicationFoundation", "Directory", "Dimensions")
_MODULES: Final = """
    AccountsPayableMobile|Accounts Payable Mobile
    ApplicationCommon|Application Common
    ApplicationFoundation|Application Foundation
    ApplicationPlatform|Application Platform
    ApplicationSuite|Application Suite
    CaseManagement|Case Management
    ContactPerson|Contact Person
    Currency|Currency
    DataImpExpApplication|Data Import Export Application
    Dimensions|Dimensions
    Directory|Directory
    ElectronicReporting|Electronic Reporting
    FiscalBooks|Fiscal Books
    GeneralLedger|General Ledger
    Ledger|Ledger
    PersonnelManagement|Personnel Management
    Project|Project
    Retail|Retail
    SourceDocumentation|Source Documentation
    SubledgerAccounting|Subledger
    Tax|Tax
    UnitOfMeasure|Unit Of Measure
"""
_STRINGS: Final = "Collection(Edm.String)"
_NUMBERS: Final = "Collection(Edm.Int32)"
_FILTERS: Final = (
    ("categoryFilters", _NUMBERS, "Category"),
    ("isSharedFilters", _NUMBERS, "IsShared"),
    ("configKeyFilters", _STRINGS, "ConfigurationKeyName"),
    ("countryRegionCodeFilters", _STRINGS, "CountryRegionCodes"),
    ("moduleFilters", _STRINGS, "Modules"),
    ("tagFilters", _STRINGS, "Tags"),
)
"""Parameters of `query`, and the column that each looks at; an empty list lets all through."""


def standard_actions(sets: Mapping[str, EntitySet], release: str) -> list[Action]:
    """The actions of the sets that are there."""
    numbers = f"{release}.0" if release.count(".") == 2 else release
    answers = {
        "GetApplicationVersion": release,
        "GetPlatformBuildVersion": PLATFORM_BUILD,
        "GetApplicationBuildVersion": numbers,
    }
    entities = "DataManagementEntities"
    found = [
        Action(name, _always(answer), entities, "collection", returns="Edm.String")
        for name, answer in answers.items()
    ]
    found.append(_query(sets, entities))
    found.append(
        Action(
            "GetInstalledModules",
            _always(installed_modules(numbers)),
            "SystemNotifications",
            "collection",
            returns=_STRINGS,
        )
    )
    return [action for action in found if action.entity_set in sets]


def installed_modules(application: str) -> list[str]:
    """The lines of GetInstalledModules; platform modules carry the platform's version."""
    lines = []
    for line in _MODULES.split("\n"):
        name, bar, shown = line.strip().partition("|")
        if bar:
            version = PLATFORM_BUILD if name in _PLATFORM else application
            lines.append(
                f"Name: {name} | Version: {version} | Module: {name} | "
                f"Publisher: Microsoft Corporation | DisplayName: {shown}"
            )
    return lines


def _always(answer: Any) -> Callable[[ActionCall], Any]:
    return lambda call: answer  # noqa: ARG005 - the same for every call


def _query(sets: Mapping[str, EntitySet], name: str) -> Action:
    """`query`: the entities that pass every filter."""

    def run(call: ActionCall) -> list[tuple[Any, ...]]:
        entity_set = sets[name]
        rows = entity_set.records.find({}, 100_000)
        key = entity_set.table.key
        return [tuple([row[part] for part in key]) for row in rows if _passes(row, call.arguments)]

    parameters = tuple(ActionParameter(parameter, kind) for parameter, kind, _ in _FILTERS)
    return Action("query", run, name, "collection", parameters, "Collection(DataManagementEntity)")


def _passes(row: Mapping[str, Any], filters: Mapping[str, Any]) -> bool:
    """Whether a row passes; texts hold several values between commas or semicolons."""
    for parameter, kind, column in _FILTERS:
        wanted = filters[parameter]
        if not wanted:
            continue
        value = row[column]
        if kind == _NUMBERS:
            if value not in wanted:
                return False
            continue
        have = {part.strip().casefold() for part in re.split(r"[,;]", str(value or ""))}
        if have.isdisjoint(part.casefold() for part in wanted):
            return False
    return True

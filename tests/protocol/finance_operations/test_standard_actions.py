"""Actions of the platform: versions, installed modules, the query of data management entities."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.protocol.finance_operations.conftest import Rig

NS = "Microsoft.Dynamics.DataEntities"
ALL: dict[str, list[Any]] = {
    "categoryFilters": [],
    "isSharedFilters": [],
    "configKeyFilters": [],
    "countryRegionCodeFilters": [],
    "moduleFilters": [],
    "tagFilters": [],
}
ROWS = {
    "Masters A": ("Master", "Yes", "Accounts receivable, Sales", "TagOne"),
    "Masters B": ("Master", "No", "Ledger", ""),
    "Settings": ("Configuration", "No", "Ledger;Tax", "tagone; TagTwo"),
}


@pytest.fixture
def entities(rig: Rig) -> Rig:
    """Three data management entities and no others."""
    served = rig.service.environment.sets["DataManagementEntities"]
    for row in served.records.find({}, 10_000):
        served.records.delete(served.key_of(row))
    for number, (name, (category, shared, modules, tags)) in enumerate(ROWS.items()):
        values = {
            **served.whole,
            "EntityName": name,
            "Category": served.stored("Category", category),
            "IsShared": served.stored("IsShared", shared),
            "Modules": modules,
            "Tags": tags,
            "RecId": 5_000 + number,
            "RecVersion": 1,
        }
        served.records.insert(values)
    return rig


@pytest.mark.parametrize(
    ("action", "form"),
    [
        ("GetApplicationVersion", r"10\.0\.\d+"),
        ("GetPlatformBuildVersion", r"7\.0\.\d+\.\d+"),
        ("GetApplicationBuildVersion", r"10\.0\.\d+\.\d+"),
    ],
)
def test_versions(rig: Rig, action: str, form: str) -> None:
    answer = rig.call("POST", f"/data/DataManagementEntities/{NS}.{action}", {})
    assert answer.json()["@odata.context"] == "https://fo.test/data/$metadata#Edm.String"
    assert re.fullmatch(form, answer.json()["value"])


def test_the_version_is_the_release_of_the_settings(new_rig: type[Rig]) -> None:
    rig = new_rig(release="10.0.38")
    path = f"/data/DataManagementEntities/{NS}.GetApplicationVersion"
    assert rig.call("POST", path).json()["value"] == "10.0.38"


def test_installed_modules_are_lines_of_five_parts(rig: Rig) -> None:
    answer = rig.call("POST", f"/data/SystemNotifications/{NS}.GetInstalledModules", {})
    context = "https://fo.test/data/$metadata#Collection(Edm.String)"
    assert answer.json()["@odata.context"] == context
    form = re.compile(
        r"Name: (\w+) \| Version: [\d.]+ \| Module: \1 \| Publisher: Microsoft Corporation \| "
        r"DisplayName: [\w ]+"
    )
    lines = answer.json()["value"]
    assert len(lines) > 10
    assert all(form.fullmatch(line) for line in lines)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, {"Masters A", "Masters B", "Settings"}),
        ({"categoryFilters": [0]}, {"Masters A", "Masters B"}),
        ({"categoryFilters": [0, 1], "isSharedFilters": [0]}, {"Masters B", "Settings"}),
        ({"moduleFilters": ["ledger"]}, {"Masters B", "Settings"}),
        ({"moduleFilters": ["Sales", "Tax"]}, {"Masters A", "Settings"}),
        ({"tagFilters": ["TagOne"], "categoryFilters": [1]}, {"Settings"}),
        ({"countryRegionCodeFilters": ["BR"]}, set()),
    ],
)
def test_query_answers_the_entities_that_pass_every_filter(
    entities: Rig, filters: dict[str, list[Any]], expected: set[str]
) -> None:
    path = f"/data/DataManagementEntities/{NS}.query"
    answer = entities.call("POST", path, {**ALL, **filters})
    assert answer.json()["@odata.context"].endswith("$metadata#DataManagementEntities")
    assert {row["EntityName"] for row in answer.json()["value"]} == expected


def test_query_wants_all_six_filters(rig: Rig) -> None:
    path = f"/data/DataManagementEntities/{NS}.query"
    answer = rig.call("POST", path, {"categoryFilters": [], "isSharedFilters": []})
    assert rig.infolog(answer) == "InvokeAction - Model state is invalid."


def display_value(rig: Rig, action: str, **body: Any) -> Any:
    entity_set = "DimensionSets" if action == "getSetDisplayValue" else "DimensionCombinations"
    answer = rig.call("POST", f"/data/{entity_set}/{NS}.{action}", body)
    return answer.json()["value"] if answer.status_code == 200 else rig.infolog(answer)


def test_a_display_value_has_the_order_of_the_format_and_no_other_dimension(rig: Rig) -> None:
    made = display_value(
        rig,
        "getSetDisplayValue",
        _attributeNames=["CostCenter", "Project", "BusinessUnit"],
        _attributeValues=["007", "P-1", "001"],
    )
    assert made == "001--007-"
    group = {"CustomerGroupId": "dv", "DefaultDimensionDisplayValue": made}
    assert rig.call("POST", "/data/CustomerGroups", group).status_code == 201


def test_a_combination_begins_with_the_main_account(rig: Rig) -> None:
    of = {"_entityName": "LedgerJournalLine", "_propertyName": "Account"}
    made = display_value(
        rig,
        "getCombinationDisplayValue",
        **of,
        _attributeNames=["Department", "MainAccount"],
        _attributeValues=["022", "401100"],
        _accountType="Ledger",
    )
    assert made == "401100--022--"
    vendor = display_value(
        rig,
        "getCombinationDisplayValue",
        **of,
        _attributeNames=["Vendor"],
        _attributeValues=["US-101"],
        _accountType="Vend",
    )
    assert vendor == "US\\-101"
    line = {"JournalName": "GenJrn"}
    number = rig.call("POST", "/data/LedgerJournalHeaders", line).json()["JournalBatchNumber"]
    for place, (kind, account) in enumerate({"Ledger": made, "Vend": vendor}.items(), 1):
        sent = {
            "JournalBatchNumber": number,
            "LineNumber": place,
            "AccountType": kind,
            "AccountDisplayValue": account,
            "DebitAmount": 1,
        }
        answer = rig.call("POST", "/data/LedgerJournalLines", sent)
        assert answer.status_code == 201, answer.text


def test_names_and_values_of_dimensions_come_in_pairs(rig: Rig) -> None:
    text = display_value(
        rig, "getSetDisplayValue", _attributeNames=["CostCenter"], _attributeValues=[]
    )
    assert text == (
        "Exception occurred while executing action getSetDisplayValue on Entity DimensionSet: "
        "1 names of attributes were given and 0 values."
    )

"""The metadata API: what clients read of entities, enumerations and labels, and how they ask."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from windtunnel.contracts.csdl import parse_csdl
from windtunnel.simulator.entity_sets.actions import Action, ActionParameter

if TYPE_CHECKING:
    from tests.protocol.finance_operations.conftest import Rig

NS = "Microsoft.Dynamics.DataEntities"


def ask(rig: Rig, path: str) -> dict[str, Any]:
    """The JSON of a GET below the host."""
    answer = rig.call("GET", path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("root", ["metadata", "Metadata"])
def test_both_spellings_answer_with_their_own_context(rig: Rig, root: str) -> None:
    document = ask(rig, f"/{root}")
    assert document["@odata.context"] == f"https://fo.test/{root}/$metadata"
    names = [entry["name"] for entry in document["value"]]
    assert names == ["DataEntities", "PublicEntities", "PublicEnumerations", "Labels"]


def test_a_data_entity_by_its_aot_name(rig: Rig) -> None:
    found = ask(rig, "/metadata/DataEntities('CustCustomerV3Entity')")
    label = found.pop("LabelId")
    assert found == {
        "@odata.context": "https://fo.test/metadata/$metadata#DataEntities/$entity",
        "Name": "CustCustomerV3Entity",
        "PublicEntityName": "CustomerV3",
        "PublicCollectionName": "CustomersV3",
        "DataServiceEnabled": True,
        "DataManagementEnabled": True,
        "EntityCategory": "Master",
        "IsReadOnly": False,
    }
    assert label.startswith("@")


def test_a_public_entity_by_its_type_name_with_properties_and_navigations(rig: Rig) -> None:
    found = ask(rig, "/metadata/PublicEntities('CustomerV3')")
    assert found["EntitySetName"] == "CustomersV3"
    columns = {column["Name"]: column for column in found["Properties"]}
    assert [name for name, column in columns.items() if column["IsKey"]] == [
        "dataAreaId",
        "CustomerAccount",
    ]
    group = columns["CustomerGroupId"]
    label = group.pop("LabelId")
    assert group == {
        "Name": "CustomerGroupId",
        "TypeName": "Edm.String",
        "DataType": "String",
        "IsKey": False,
        "IsMandatory": True,
        "ConfigurationEnabled": True,
        "AllowEdit": True,
        "AllowEditOnCreate": True,
        "IsDimension": False,
        "DimensionRelation": None,
        "IsDynamicDimension": False,
        "DimensionLegalEntityProperty": None,
        "DimensionTypeProperty": None,
    }
    language = "Language='en-US'"
    assert ask(rig, f"/metadata/Labels(Id='{label}',{language})")["Value"] == "Customer group"
    assert columns["OnHoldStatus"]["DataType"] == "Enum"
    lines = ask(rig, "/metadata/PublicEntities('SalesOrderLine')")["NavigationProperties"]
    header = next(link for link in lines if link["Name"] == "SalesOrderHeaderV2")
    assert header["RelatedEntity"].startswith("SalesOrderHeaderV2")
    assert header["Cardinality"] == "Single"
    assert {
        "@odata.type": "#Microsoft.Dynamics.Metadata.ReferentialConstraint",
        "Property": "SalesOrderNumber",
        "ReferencedProperty": "SalesOrderNumber",
    } in header["Constraints"]


def test_an_enumeration_with_numbers_and_labels(rig: Rig) -> None:
    found = ask(rig, "/metadata/PublicEnumerations('NoYes')")
    assert [(m["Name"], m["Value"], m["LabelId"].lower()) for m in found["Members"]] == [
        ("No", 0, "@sys2048"),
        ("Yes", 1, "@sys5461"),
    ]


def test_actions_stand_with_their_entity_and_a_later_one_appears(new_rig: type[Rig]) -> None:
    rig = new_rig()
    assert ask(rig, "/metadata/PublicEntities('CustomerGroup')")["Actions"] == []
    parameter = ActionParameter("_flag", "NoYes")
    for name, binding in (("one", "record"), ("many", "collection")):
        rig.service.actions.add(
            Action(name, lambda call: "", "CustomerGroups", binding, (parameter,), "Edm.String")  # type: ignore[arg-type]
        )
    one, many = ask(rig, "/metadata/PublicEntities('CustomerGroup')")["Actions"]
    assert one == {
        "Name": "one",
        "BindingKind": "BoundToEntityInstance",
        "Parameters": [
            {
                "Name": "CustomerGroup",
                "Type": {"TypeName": f"{NS}.CustomerGroup", "IsCollection": False},
            },
            {"Name": "_flag", "Type": {"TypeName": f"{NS}.NoYes", "IsCollection": False}},
        ],
        "ReturnType": {"TypeName": "Edm.String", "IsCollection": False},
        "FieldLookup": None,
    }
    assert many["BindingKind"] == "BoundToEntitySet"
    assert many["Parameters"][0]["Type"]["IsCollection"] is True


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("$filter=contains(tolower(Name), 'customerv3')", {"CustCustomerV3Entity"}),
        ("$filter=PublicCollectionName eq 'CustomersV3'", {"CustCustomerV3Entity"}),
        (
            "$filter=EntityCategory eq Microsoft.Dynamics.Metadata.EntityCategory'Reference' and "
            "DataServiceEnabled eq true and startswith(Name,'Curr')",
            {"CurrencyEntity"},
        ),
        ("$filter=not (IsReadOnly eq false)&$top=0", set()),
    ],
)
def test_lists_are_filtered(rig: Rig, query: str, expected: set[str]) -> None:
    rows = ask(rig, f"/metadata/DataEntities?{query}")["value"]
    assert {row["Name"] for row in rows} == expected


def test_lists_are_counted_selected_ordered_and_cut(rig: Rig) -> None:
    whole = ask(rig, "/metadata/DataEntities")["value"]
    page = ask(
        rig, "/metadata/DataEntities?$orderby=Name desc&$skip=1&$top=2&$select=Name&$count=true"
    )
    names = sorted((row["Name"] for row in whole), key=str.lower, reverse=True)
    assert page["value"] == [{"Name": name} for name in names[1:3]]
    assert page["@odata.count"] == len(whole)
    assert page["@odata.context"].endswith("$metadata#DataEntities(Name)")
    assert rig.call("GET", "/metadata/DataEntities/$count").text == str(len(whole))


def test_labels_in_a_language_that_has_none_are_english_and_unknown_ones_are_404(rig: Rig) -> None:
    assert ask(rig, "/metadata/Labels(Id='@SYS5461',Language='de')")["Value"] == "Yes"
    assert ask(rig, "/metadata/Labels(Language='en-us',Id='@sys5461')")["Value"] == "Yes"
    for key in ("Id='@SYS0',Language='en-us'", "Id='@SYS5461',Language='no language'"):
        answer = rig.call("GET", f"/metadata/Labels({key})")
        assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("Nothing", 404),
        ("PublicEntities('Nobody')", 404),
        ("PublicEntities(Wrong='x')", 404),
        ("PublicEntities(1)", 404),
        ("Labels('x')", 404),
        ("DataEntities('CustCustomerV3Entity')/Name", 404),
        ("DataEntities?$filter=Nothing eq 1", 400),
        ("DataEntities?$select=Nothing", 400),
        ("DataEntities?$filter=length(Name) eq 1", 400),
        ("DataEntities?$expand=Actions", 400),
        ("DataEntities?$filter=", 400),
        ("DataEntities?$format=atom", 400),
    ],
)
def test_what_is_not_there_is_refused(rig: Rig, path: str, status: int) -> None:
    assert rig.call("GET", f"/metadata/{path}").status_code == status


def test_metadata_is_read_only(rig: Rig) -> None:
    answer = rig.call("POST", "/metadata/DataEntities", {})
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_its_own_document_describes_every_member_that_is_sent(rig: Rig) -> None:
    document = parse_csdl(rig.call("GET", "/metadata/$metadata").content)
    for name, placed in document.entity_sets.items():
        kind = document.entity_types[placed.type.rpartition(".")[2]]
        row = ask(rig, f"/metadata/{name}?$top=1")["value"][0]
        assert [item.name for item in kind.properties] == list(row)
        for item in kind.properties:
            inner = item.type.removeprefix("Collection(Microsoft.Dynamics.Metadata.")
            known = document.complex_types.get(inner.removesuffix(")"))
            if known is not None and row[item.name]:
                assert [p.name for p in known.properties] == list(row[item.name][0])


@pytest.mark.parametrize("path", ["/data/Currencies", "/data/Nothing", "/metadata", "/nowhere"])
def test_every_answer_says_activity_and_duration(rig: Rig, path: str) -> None:
    for token in ("sync", "expired"):
        headers = rig.call("GET", path, token=token).headers
        assert re.fullmatch(r"[0-9a-f-]{36}", headers["ms-dyn-aid"])
        assert re.fullmatch(r"dur=\d+", headers["server-timing"])

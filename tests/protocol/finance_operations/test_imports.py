"""Sets of imported documents below /data: keys, enumerations, navigations, actions at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from windtunnel.contracts import csdl
from windtunnel.contracts.entities.finance_operations.definitions import NAMESPACE
from windtunnel.contracts.entities.finance_operations.imports import imported
from windtunnel.contracts.entities.finance_operations.load import entity_types

if TYPE_CHECKING:
    from tests.protocol.finance_operations.conftest import Rig

OWN = f"""<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
<edmx:DataServices><Schema Namespace="{NAMESPACE}">
<EntityType Name="ContosoAsset"><Key><PropertyRef Name="dataAreaId"/>
<PropertyRef Name="AssetId"/></Key>
<Property Name="dataAreaId" Type="Edm.String" Nullable="false"/>
<Property Name="AssetId" Type="Edm.String" Nullable="false"/>
<Property Name="Kind" Type="{NAMESPACE}.ContosoKind"/>
<Property Name="Active" Type="{NAMESPACE}.NoYes"/>
<Property Name="Value" Type="Edm.Decimal" Nullable="false"/>
<Property Name="Bought" Type="Edm.DateTimeOffset" Nullable="false">
<Annotation Term="Microsoft.Dynamics.OData.Core.V1.AXType"
 EnumMember="Microsoft.Dynamics.OData.Core.V1.AXType/Date"/></Property>
<Property Name="OwnerName" Type="Edm.String">
<Annotation Term="Microsoft.Dynamics.OData.Core.V1.IsRequired" Bool="true"/></Property>
<Property Name="Score" Type="Edm.Int32" Nullable="false">
<Annotation Term="Microsoft.Dynamics.OData.Core.V1.AllowEdit" Bool="false"/>
<Annotation Term="Microsoft.Dynamics.OData.Core.V1.AllowEditOnCreate" Bool="false"/></Property>
<NavigationProperty Name="Parts" Type="Collection({NAMESPACE}.ContosoPart)" Partner="Asset">
<ReferentialConstraint Property="dataAreaId" ReferencedProperty="dataAreaId"/>
<ReferentialConstraint Property="AssetId" ReferencedProperty="AssetId"/></NavigationProperty>
</EntityType>
<EntityType Name="ContosoPart"><Key><PropertyRef Name="dataAreaId"/><PropertyRef Name="AssetId"/>
<PropertyRef Name="PartNumber"/></Key>
<Property Name="dataAreaId" Type="Edm.String" Nullable="false"/>
<Property Name="AssetId" Type="Edm.String" Nullable="false"/>
<Property Name="PartNumber" Type="Edm.Int64" Nullable="false"/>
<NavigationProperty Name="Asset" Type="{NAMESPACE}.ContosoAsset" Nullable="false" Partner="Parts">
<ReferentialConstraint Property="dataAreaId" ReferencedProperty="dataAreaId"/>
<ReferentialConstraint Property="AssetId" ReferencedProperty="AssetId"/></NavigationProperty>
</EntityType>
<EntityType Name="CustomerGroup"><Key><PropertyRef Name="dataAreaId"/>
<PropertyRef Name="CustomerGroupId"/></Key>
<Property Name="dataAreaId" Type="Edm.String" Nullable="false"/>
<Property Name="CustomerGroupId" Type="Edm.String" Nullable="false"/>
<Property Name="Description" Type="Edm.String"/>
<Property Name="ContosoColor" Type="Edm.String"/>
</EntityType>
<EnumType Name="ContosoKind"><Member Name="None" Value="0"/><Member Name="Truck" Value="5"/>
</EnumType>
<Action Name="depreciate" IsBound="true"><Parameter Name="ContosoAsset"
 Type="{NAMESPACE}.ContosoAsset"/><ReturnType Type="Edm.Decimal"/></Action>
<Action Name="GetApplicationVersion" IsBound="true"><Parameter Name="DataManagementEntity"
 Type="Collection({NAMESPACE}.DataManagementEntity)"/><ReturnType Type="Edm.String"/></Action>
<EntityContainer Name="Resources">
<EntitySet Name="ContosoAssets" EntityType="{NAMESPACE}.ContosoAsset"/>
<EntitySet Name="ContosoParts" EntityType="{NAMESPACE}.ContosoPart"/>
<EntitySet Name="CustomerGroups" EntityType="{NAMESPACE}.CustomerGroup"/>
</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"""

ORDER = {"OrderingCustomerAccountNumber": "US-001"}
ASSET = {"AssetId": "A-1", "Kind": "Truck", "OwnerName": "Ann", "Value": 12.5}
KEY = "ContosoAssets(dataAreaId='usmf',AssetId='A-1')"


@pytest.fixture(scope="module")
def mixed(new_rig: type[Rig]) -> Rig:
    return new_rig(imports=[imported({"own": OWN.encode()}, entity_types().enums)])


@pytest.fixture
def rig(mixed: Rig) -> Rig:
    mixed.store.rollback()
    mixed.store.reset()
    mixed.service.forget()
    return mixed


def post(rig: Rig, entity_set: str, **sent: Any) -> dict[str, Any]:
    answer = rig.call("POST", f"/data/{entity_set}", sent)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_an_own_set_is_there_and_empty(rig: Rig) -> None:
    names = {item["name"] for item in rig.get("").json()["value"]}
    assert {"ContosoAssets", "ContosoParts", "CustomersV3"} <= names
    assert rig.rows("ContosoAssets") == []
    assert rig.get("ContosoAssets/$count").text == "0"
    assert rig.get(KEY).status_code == 404


def test_an_own_record_lives_by_the_rules_of_its_type(rig: Rig) -> None:
    made = post(rig, "ContosoAssets", **ASSET)
    assert (made["dataAreaId"], made["Kind"], made["Active"]) == ("usmf", "Truck", "No")
    assert made["Bought"] == "1900-01-01T12:00:00Z"
    again = rig.call("POST", "/data/ContosoAssets", ASSET)
    assert "Cannot create a record in ContosoAsset (ContosoAsset). AssetId: A-1." in rig.infolog(
        again
    )
    nobody = rig.call("POST", "/data/ContosoAssets", {**ASSET, "AssetId": "A-2", "OwnerName": ""})
    assert "Field 'OwnerName' must be filled in." in rig.infolog(nobody)
    fixed = rig.call("PATCH", f"/data/{KEY}", {"Score": 7})
    assert "Update not allowed for field 'Score'." in rig.infolog(fixed)
    wrong = rig.call("PATCH", f"/data/{KEY}", {"Kind": "Boat"})
    assert rig.infolog(wrong) == "Requested value 'Boat' was not found."
    assert rig.call("PATCH", f"/data/{KEY}", {"Active": "Yes"}).status_code == 204
    wanted = f"ContosoAssets?$filter=Kind eq {NAMESPACE}.ContosoKind'Truck' and Value gt 12"
    assert [row["Active"] for row in rig.rows(wanted)] == ["Yes"]
    assert rig.call("DELETE", f"/data/{KEY}").status_code == 204


ODD = OWN.replace(
    '<Property Name="Value"',
    f'<Property Name="Nothing" Type="{NAMESPACE}.ContosoNothing"/><Property Name="Value"',
).replace(
    '<NavigationProperty Name="Parts"',
    f'''<NavigationProperty Name="Owner" Type="{NAMESPACE}.CustomerV3">
<ReferentialConstraint Property="OwnerId" ReferencedProperty="CustomerAccount"/>
</NavigationProperty><NavigationProperty Name="Group" Type="{NAMESPACE}.CustomerGroup">
<ReferentialConstraint Property="OwnerName" ReferencedProperty="GroupName"/>
</NavigationProperty><NavigationProperty Name="Alone" Type="{NAMESPACE}.CustomerGroup"/>
<NavigationProperty Name="Parts"''',
)
ODD = ODD.replace('<EnumType Name="', '<EnumType Name="ContosoNothing"/><EnumType Name="', 1)


@pytest.mark.parametrize("name", ["Owner", "Group", "Alone"])
def test_a_navigation_by_columns_that_are_not_there_is_absent(
    new_rig: type[Rig], name: str
) -> None:
    rig = new_rig(imports=[imported({"odd": ODD.encode()}, entity_types().enums)])
    post(rig, "ContosoAssets", **ASSET)
    for path in (f"{KEY}/{name}", f"{KEY}?$expand={name}", f"ContosoAssets?$expand={name}"):
        answer = rig.get(path)
        assert answer.status_code == 501
        feature = f"navigation property ContosoAssets/{name}"
        assert answer.headers["x-windtunnel-absent"] == feature
    assert rig.get(f"{KEY}/Parts").json()["value"] == []


def test_a_standard_navigation_to_a_column_that_a_replaced_type_lacks_is_absent(
    rig: Rig,
) -> None:
    record = rig.rows("DimensionSets?$top=1")[0]["RecordId"]
    answer = rig.get(f"DimensionSets({record})/DefaultDimensionSet")
    assert answer.status_code == 501


def test_an_enumeration_without_members_holds_null(new_rig: type[Rig]) -> None:
    rig = new_rig(imports=[imported({"odd": ODD.encode()}, entity_types().enums)])
    made = post(rig, "ContosoAssets", **ASSET)
    assert made["Nothing"] is None
    assert rig.get(KEY).json()["Nothing"] is None
    refused = rig.call("PATCH", f"/data/{KEY}", {"Nothing": "Any"})
    assert "Requested value 'Any' was not found." in rig.infolog(refused)


def test_an_own_set_may_be_called_counters(new_rig: type[Rig]) -> None:
    raw = OWN.replace('"ContosoParts"', '"Counters"')
    rig = new_rig(imports=[imported({"own": raw.encode()}, entity_types().enums)])
    post(rig, "ContosoAssets", **ASSET)
    post(rig, "Counters", AssetId="A-1", PartNumber=1)
    assert [row["PartNumber"] for row in rig.rows("Counters")] == [1]
    assert [row["PartNumber"] for row in rig.get(f"{KEY}/Parts").json()["value"]] == [1]
    assert rig.call("POST", "/data/SalesOrderHeadersV2", ORDER).status_code == 201


def test_own_sets_lead_to_each_other(rig: Rig) -> None:
    assert rig.rows("ContosoAssets?$expand=Parts") == []
    post(rig, "ContosoAssets", **ASSET)
    for number in (1, 2):
        post(rig, "ContosoParts", AssetId="A-1", PartNumber=number)
    [row] = rig.rows("ContosoAssets?$expand=Parts($select=PartNumber)")
    assert [part["PartNumber"] for part in row["Parts"]] == [1, 2]
    path = "ContosoParts(dataAreaId='usmf',AssetId='A-1',PartNumber=2)/Asset"
    assert rig.get(path).json()["Kind"] == "Truck"
    assert len(rig.rows("ContosoParts?$filter=Asset/OwnerName eq 'Ann'")) == 2


def test_a_table_that_was_taken_back_is_made_again(rig: Rig) -> None:
    query = "ContosoParts?$filter=Asset/OwnerName eq 'Ann'"
    assert rig.rows(query) == []
    post(rig, "ContosoAssets", **ASSET)
    rig.store.reset()
    rig.service.forget()
    assert rig.rows(query) == []
    environment = rig.service.environment

    def create_and_fail() -> None:
        with rig.store.atomic():
            environment.writing.create(environment.sets["ContosoAssets"], ASSET, "Admin")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        create_and_fail()
    assert rig.rows(query) == []
    assert post(rig, "ContosoAssets", **ASSET)["AssetId"] == "A-1"


def test_a_document_replaces_a_standard_type(rig: Rig) -> None:
    made = post(rig, "CustomerGroups", CustomerGroupId="77", ContosoColor="red")
    assert made["ContosoColor"] == "red"
    assert "PaymentTermId" not in made
    customer = post(
        rig,
        "CustomersV3",
        CustomerGroupId="77",
        SalesCurrencyCode="USD",
        OrganizationName="Fabrikam",
    )
    assert customer["PaymentTerms"] == ""
    assert rig.get("CustomerGroups(dataAreaId='usmf',CustomerGroupId='10')").is_success


def test_metadata_tells_of_own_types_enums_and_actions_once(rig: Rig) -> None:
    found = csdl.parse_csdl(rig.get("$metadata").content)
    assert len(found.entity_sets) == len(entity_types().types) + 2
    assert found.entity_types["ContosoPart"].key == ("dataAreaId", "AssetId", "PartNumber")
    assert found.enum_types["ContosoKind"].members == {"None": 0, "Truck": 5}
    names = [action.name for action in found.actions]
    assert names.count("depreciate") == names.count("GetApplicationVersion") == 1
    public = rig.call("GET", "/metadata/PublicEntities('ContosoAsset')").json()
    assert public["EntitySetName"] == "ContosoAssets"


def test_an_action_that_is_only_declared_is_absent(rig: Rig) -> None:
    post(rig, "ContosoAssets", **ASSET)
    answer = rig.call("POST", f"/data/{KEY}/{NAMESPACE}.depreciate", {})
    assert (answer.status_code, answer.headers["x-windtunnel-absent"]) == (501, "action depreciate")
    assert rig.call("POST", f"/data/{KEY}/{NAMESPACE}.nothing", {}).status_code == 404
    path = f"/data/DataManagementEntities/{NAMESPACE}.GetApplicationVersion"
    assert rig.call("POST", path, {}).status_code == 200


def test_a_change_of_an_own_record_is_written_where_it_changes_something(rig: Rig) -> None:
    path = "ContosoAssets(dataAreaId='usmf',AssetId='Ch-1')"
    made = {"AssetId": "Ch-1", "OwnerName": "ann", "Value": 2.5, "Kind": "Truck"}
    assert rig.call("POST", "/data/ContosoAssets", made).status_code == 201
    last = rig.changes.last
    for same in ({"OwnerName": "ann"}, {"Value": 2.5, "Kind": "Truck"}, {}):
        assert rig.call("PATCH", f"/data/{path}", same).status_code == 204
    assert rig.changes.last == last
    before = rig.get(path).headers["etag"]
    assert rig.call("PATCH", f"/data/{path.lower()[:13]}", {}).status_code == 404
    for change in ({"OwnerName": "Ann"}, {"Value": 3, "Kind": "None"}, {"Kind": None, "Value": 4}):
        changed = rig.call("PATCH", f"/data/{path.replace('Ch', 'CH')}", change)
        assert changed.status_code == 204, changed.text
        after = rig.get(path)
        assert after.headers["etag"] != before
        before = after.headers["etag"]
    row = rig.get(path).json()
    assert (row["AssetId"], row["OwnerName"], row["Value"], row["Kind"]) == (
        "Ch-1",
        "Ann",
        4,
        "None",
    )
    assert rig.infolog(rig.call("PATCH", f"/data/{path}", {"OwnerName": ""})).count(
        "must be filled"
    )
    assert rig.infolog(rig.call("PATCH", f"/data/{path}", {"Score": 1})).count("not allowed")
    absent = rig.call("PATCH", "/data/ContosoAssets(dataAreaId='usmf',AssetId='no')", {"Value": 1})
    assert rig.infolog(absent) == "No resources were found when selecting for update."

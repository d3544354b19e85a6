"""Metadata documents of a real environment, imported by `dataverse.schemas`: served at once."""

from __future__ import annotations

import gzip
import json
import os
import time
from pathlib import Path

import pytest

from windtunnel.contracts.entities.dataverse import standard_tables
from windtunnel.contracts.entities.dataverse.imports import imported
from windtunnel.contracts.entities.imports import ImportProblem
from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.settings import load
from windtunnel.simulator.services.dataverse.imports import read_imports
from windtunnel.simulator.web.house import House

DATA = Path(os.environ.get("WT_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))
KNOWN = {table.logical_name: table for table in standard_tables()}

real = pytest.mark.skipif(
    not (DATA / "csdl").exists(), reason="the metadata documents of real environments are not here"
)


def label(text):
    return {"LocalizedLabels": [{"Label": text, "LanguageCode": 1033}], "UserLocalizedLabel": None}


SHIP = {
    "LogicalName": "new_ship",
    "SchemaName": "new_Ship",
    "EntitySetName": "new_ships",
    "PrimaryIdAttribute": "new_shipid",
    "PrimaryNameAttribute": "new_name",
    "OwnershipType": "OrganizationOwned",
    "ObjectTypeCode": 10_123,
    "IsCustomEntity": True,
    "MetadataId": "11111111-2222-3333-4444-555555555555",
    "DisplayName": label("Ship"),
    "DisplayCollectionName": label("Ships"),
    "Attributes": [
        {"LogicalName": "new_shipid", "AttributeType": "Uniqueidentifier"},
        {
            "@odata.type": "#Microsoft.Dynamics.CRM.StringAttributeMetadata",
            "AttributeType": "String",
            "LogicalName": "new_name",
            "SchemaName": "new_Name",
            "MaxLength": 10,
            "DisplayName": label("Name"),
        },
        {
            "@odata.type": "#Microsoft.Dynamics.CRM.PicklistAttributeMetadata",
            "AttributeType": "Picklist",
            "LogicalName": "new_kind",
            "SchemaName": "new_Kind",
            "OptionSet": {"Options": [{"Value": 5, "Label": label("Tug")}]},
        },
        {
            "@odata.type": "#Microsoft.Dynamics.CRM.LookupAttributeMetadata",
            "AttributeType": "Lookup",
            "LogicalName": "new_ownerid",
            "SchemaName": "new_OwnerId",
            "Targets": ["account"],
        },
        {
            "AttributeType": "Virtual",
            "LogicalName": "new_kindname",
            "AttributeOf": "new_kind",
            "SchemaName": "new_kindName",
        },
    ],
    "Keys": [{"SchemaName": "new_NameKey", "KeyAttributes": ["new_name"]}],
    "ManyToOneRelationships": [
        {
            "SchemaName": "new_account_ships",
            "ReferencedEntity": "account",
            "ReferencedAttribute": "accountid",
            "ReferencingEntity": "new_ship",
            "ReferencingAttribute": "new_ownerid",
            "ReferencingEntityNavigationPropertyName": "new_OwnerId",
            "ReferencedEntityNavigationPropertyName": "new_account_ships",
            "IsCustomRelationship": True,
        },
        {
            "SchemaName": "nowhere",
            "ReferencedEntity": "nowhere",
            "ReferencedAttribute": "nowhereid",
            "ReferencingEntity": "new_ship",
            "ReferencingAttribute": "new_ownerid",
            "ReferencingEntityNavigationPropertyName": "nowhere",
        },
    ],
}  # fmt: skip


def house_of(tmp_path, new_environment, *files):
    overrides = {
        "simulator.data_folder": tmp_path / "data",
        "simulator.clock": "manual",
        "simulator.tls": False,
        "dataverse.schemas": files,
    }
    return new_environment(House(load(overrides=overrides, environment={})))


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_entity_definitions_are_served_with_keys_lookups_and_labels(
    tmp_path, new_environment, pack
):
    file = tmp_path / "definitions.json"
    file.write_bytes(pack(json.dumps({"value": [SHIP]}).encode()))
    for _ in ("cold", "from what was kept"):
        there = house_of(tmp_path, new_environment, file)
        account = there.create("accounts", name="A")
        bind = {"new_OwnerId@odata.bind": f"/accounts({account})"}
        key = there.create("new_ships", new_name="Tuga", new_kind=5, **bind)
        row = there.ask("GET", "new_ships(new_name='Tuga')?$expand=new_OwnerId($select=name)").json
        assert (row["new_shipid"], row["new_OwnerId"]["name"]) == (key, "A")
        expand = "$expand=new_account_ships($select=new_name)"
        owner = there.ask("GET", f"accounts({account})?$select=name&{expand}").json
        assert [ship["new_name"] for ship in owner["new_account_ships"]] == ["Tuga"]
        long = there.ask("POST", "new_ships", {"new_name": "x" * 11})
        assert long.error == (400, "0x80044331")
        wrong = there.ask("POST", "new_ships", {"new_kind": 6})
        assert wrong.error == (400, "0x8004431a")
        table = there.ask("GET", f"EntityDefinitions({SHIP['MetadataId']})").json
        assert table["DisplayName"]["LocalizedLabels"][0]["Label"] == "Ship"
        assert "nowhere" not in there.ask("GET", "$metadata").body.decode()
        there.house.close()
    assert len(list((tmp_path / "data" / "imports").iterdir())) == 1


def test_tables_that_nobody_used_are_not_in_the_store_but_behave_as_empty_ones(
    tmp_path, new_environment
):
    file = tmp_path / "definitions.json"
    file.write_text(json.dumps({"value": [SHIP]}))
    there = house_of(tmp_path, new_environment, file)
    assert "new_ship" not in there.house.store.tables()
    counts = "RetrieveTotalRecordCount(EntityNames=@p)?@p=['new_ship','account']"
    assert there.ask("GET", counts).json["EntityRecordCountCollection"]["Values"][0] == 0
    account = there.create("accounts", name="A")
    assert there.ask("DELETE", f"accounts({account})").status == 204
    assert "new_ship" not in there.house.store.tables()
    query = "accounts?$select=name&$top=1&$expand=new_account_ships($select=new_name)"
    assert there.ask("GET", query).json["value"][0]["new_account_ships"] == []
    assert "new_ship" in there.house.store.tables()
    there.house.close()


@pytest.mark.parametrize("used", [False, True])
def test_columns_of_an_imported_table_come_and_go_whether_it_was_used_or_not(
    tmp_path, new_environment, used
):
    file = tmp_path / "definitions.json"
    file.write_text(json.dumps({"value": [SHIP]}))
    there = house_of(tmp_path, new_environment, file)
    if used:
        there.create("new_ships", new_name="first")
    table = "EntityDefinitions(LogicalName='new_ship')"
    lookup = "RelationshipDefinitions(SchemaName='new_account_ships')"
    assert there.ask("DELETE", lookup).status == 204
    mast = {
        "@odata.type": "Microsoft.Dynamics.CRM.StringAttributeMetadata",
        "SchemaName": "new_Mast",
        "FormatName": {"Value": "Text"},
        "MaxLength": 10,
        "DisplayName": label("Mast"),
    }
    assert there.ask("POST", f"{table}/Attributes", mast).status == 204
    there.create("new_ships", new_name="second", new_mast="oak")
    [*_, row] = there.ask("GET", "new_ships?$orderby=new_name").json["value"]
    assert row["new_mast"] == "oak"
    assert "_new_ownerid_value" not in row
    there.house.close()


BROKEN = [
    b"",
    b"nonsense",
    b"{",
    b"{}",
    b"[1]",
    b'{"value": [{"LogicalName": "new_x", "ObjectTypeCode": "many"}]}',
    b'{"value": [{"LogicalName": "new_x", "Keys": [7]}]}',
    b'{"value": [{"Name": "c", "OptionSetType": "Picklist", "Options": [{"Value": "x"}]}]}',
    b"<a/>",
    b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>",
    b"\x1f\x8bnonsense",
    gzip.compress(b"{}" * 100, mtime=0)[:-9],
]


@pytest.mark.parametrize("document", BROKEN)
def test_a_document_that_cannot_be_read_is_named(tmp_path, document):
    file = tmp_path / "broken"
    file.write_bytes(document)
    with pytest.raises(ImportProblem):
        imported({"broken": document}, KNOWN)
    with pytest.raises(UsageError) as caught:
        read_imports([file], tmp_path)
    assert caught.value.where == str(file)
    assert not (tmp_path / "imports").exists()


EDMX = (
    '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">\n'
    '<edmx:DataServices><Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="m">\n'
    '<EntityType Name="x"><Key><PropertyRef Name="{key}"/></Key>'
    '<Property Name="xid" Type="Edm.Guid"/></EntityType>\n'
    '<EntityContainer Name="C"><EntitySet Name="xs" EntityType="m.{type}"/></EntityContainer>'
    "</Schema></edmx:DataServices></edmx:Edmx>"
)
SAID = [
    ('{"value":[{"LogicalName":5}]}', "5 is not the name of a definition."),
    ('{"value":[{"LogicalName":"a b"}]}', '"a b" is not the name of a definition.'),
    ('{"value":[{"LogicalName":"new_x","Attributes":5}]}', "Attributes of the definition of"),
    ('{"value":[{"LogicalName":"new_x","Keys":[7]}]}', "Keys of the definition of 'new_x' is not"),
    ('{"value":[{"LogicalName":"new_x","Attributes":[{"LogicalName":5}]}]}', "5 is not the name"),
    ('\ufeff{"value":[', "unexpected end of data: line 1 column 11"),
    ('{"value":' + "[" * 5000, "depth limit exceeded"),
    (
        EDMX.format(key="xid", type="y"),
        "line 4, column 1: The entity set 'xs' is of the type 'm.y'",
    ),
    (EDMX.format(key="other", type="x"), "line 3, column 1: The key 'other' of the entity type"),
    ("<a>" * 1000, "nested deeper than 64 levels"),
    ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "entity declaration is refused"),
]


@pytest.mark.parametrize(("document", "text"), SAID)
def test_a_document_that_cannot_be_read_says_what_is_wrong(tmp_path, document, text):
    file = tmp_path / "broken"
    file.write_text(document, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_imports([file], tmp_path)
    assert str(caught.value).startswith(f"{file}: ")
    assert text in str(caught.value)
    assert "It must be a $metadata document" in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(UsageError, match="Check the paths of the setting") as caught:
            read_imports([path], tmp_path)
        assert caught.value.where == str(path)


@real
def test_a_whole_environment_is_served_with_its_true_labels(tmp_path, new_environment):
    files = [
        DATA / "csdl/dataverse-dfa-2022-07.wire.xml.gz",
        DATA / "entity-definitions/lead.converted.json.gz",
        DATA / "entity-definitions/global-optionsets.converted.json.gz",
    ]
    there = house_of(tmp_path, new_environment, *(file.resolve() for file in files))
    sets = {item["name"] for item in there.ask("GET", "").json["value"]}
    assert {"dfa_projects", "accounts", "leads"} & sets >= {"accounts", "leads"}
    assert len(sets) > 300
    lead = there.ask("GET", "EntityDefinitions(LogicalName='lead')?$expand=Attributes").json
    assert lead["MetadataId"] == "dc6574cb-92ce-446c-a5d6-885a75107d52"
    languages = {entry["LanguageCode"] for entry in lead["DisplayName"]["LocalizedLabels"]}
    assert {1030, 1033, 1053} <= languages
    choices = there.ask("GET", "GlobalOptionSetDefinitions").json["value"]
    assert len(choices) >= 170
    for name in sorted(sets)[::20]:
        assert there.ask("GET", f"{name}?$top=1").status == 200, name
    there.house.close()


@real
def test_more_than_ten_megabytes_are_read_in_time(tmp_path):
    files = sorted((DATA / "csdl").glob("*.xml.gz"))
    assert sum(len(gzip.decompress(file.read_bytes())) for file in files) > 10_000_000
    began = time.process_time()
    cold = read_imports(files, tmp_path)
    between = time.process_time()
    kept = read_imports(files, tmp_path)
    assert kept == cold
    assert between - began < 8.0
    assert time.process_time() - between < 2.0

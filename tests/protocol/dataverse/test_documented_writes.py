"""Bodies of Microsoft's pages on writes: "Create a table row using the Web API" and its kin."""

from __future__ import annotations

import base64

import pytest

CRM = "Microsoft.Dynamics.CRM."
EXACT = (
    "Cannot convert a value to target type 'Edm.Decimal' because of conflict between input format "
    "string/number and parameter 'IEEE754Compatible' false/true."
)


def test_a_text_may_stand_for_a_whole_number_and_for_yes_or_no(dataverse):
    sample = {
        "@odata.context": "https://localhost:3/api/data/v9.0/$metadata#accounts/$entity",
        "@odata.type": "#Microsoft.Dynamics.CRM.account",
        "name": "Contoso Ltd",
        "numberofemployees": "200",
        "creditonhold": "true",
        "accountcategorycode": "1",
        "address1_line1": "100 Maple St.",
        "fax": "73737",
    }
    key = dataverse.create("accounts", **sample)
    select = "$select=numberofemployees,creditonhold,accountcategorycode"
    row = dataverse.ask("GET", f"accounts({key})?{select}").json
    assert row["numberofemployees"] == 200
    assert row["creditonhold"] is True
    assert row["accountcategorycode"] == 1
    changed = dataverse.ask("PUT", f"accounts({key})/numberofemployees", {"value": "-0"})
    assert changed.status == 204
    too_many = dataverse.ask("PATCH", f"accounts({key})", {"accountcategorycode": "99"})
    assert too_many.error == (400, "0x8004431a")


@pytest.mark.parametrize("write", ["POST accounts", "PATCH accounts({})"])
def test_a_text_stands_for_a_decimal_only_where_the_body_says_so(dataverse, write):
    method, path = write.format(dataverse.create("accounts", name="A")).split()
    body = {"name": "B", "revenue": "5000.5"}
    refused = dataverse.ask(method, path, body, content_type="application/json")
    assert refused.error == (400, "0x80048d19")
    assert refused.json["error"]["message"].endswith(EXACT)
    media = "application/json;IEEE754Compatible=true"
    assert dataverse.ask(method, path, body, content_type=media).status == 204
    found = dataverse.ask("GET", "accounts?$select=revenue&$filter=name eq 'B'").json["value"]
    assert [row["revenue"] for row in found] == [5000.5]


PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)


@pytest.fixture
def pictured(dataverse):
    """An account with a file and an image in columns of its table."""
    for kind, name in (("Image", "sample_Picture"), ("File", "sample_Document")):
        label = {"LocalizedLabels": [{"Label": name, "LanguageCode": 1033}]}
        column = {"SchemaName": name, "DisplayName": label, "MaxSizeInKB": 1024}
        column["@odata.type"] = f"{CRM}{kind}AttributeMetadata"
        made = dataverse.ask("POST", "EntityDefinitions(LogicalName='account')/Attributes", column)
        assert made.status == 204, made.body
    key = dataverse.create("accounts", name="Pictured")
    assert dataverse.ask("PATCH", f"accounts({key})", {"sample_picture": PIXEL}).status == 204
    upload = {"content_type": "application/octet-stream", "x_ms_file_name": "a.txt"}
    path = f"accounts({key})/sample_document"
    assert dataverse.ask("PATCH", path, b"text", **upload).status == 204
    return key


@pytest.mark.parametrize(
    ("method", "below", "body"),
    [
        ("PATCH", "", {"sample_picture": None}),
        ("PUT", "/sample_picture", {"value": None}),
        ("DELETE", "/sample_picture", None),
    ],
)
def test_an_image_is_deleted_in_three_ways(dataverse, pictured, method, below, body):
    path = f"accounts({pictured})"
    assert base64.b64decode(dataverse.ask("GET", path).json["sample_picture"])[1:4] == b"PNG"
    headers = {"content_type": "application/json"} if body else {}
    assert dataverse.ask(method, path + below, body, **headers).status == 204
    row = dataverse.ask("GET", path).json
    assert (row["sample_picture"], row["sample_picture_url"]) == (None, None)


def test_files_and_images_stay_with_their_record(dataverse, pictured):
    link = f"{{'@odata.id':'accounts({pictured})'}}"
    kind = f"{CRM}TargetFieldType'ValidForCreate'"
    prepared = dataverse.ask(
        "GET",
        "InitializeFrom(EntityMoniker=@p1,TargetEntityName=@p2,TargetFieldType=@p3)"
        f"?@p1={link}&@p2='account'&@p3={kind}",
    ).json
    assert not [name for name in prepared if name.startswith("sample_")]
    assert dataverse.ask("POST", "accounts", prepared).status == 204


def test_deleting_what_a_lookup_points_at_needs_its_own_address(dataverse):
    contact = dataverse.create("contacts", lastname="Kept")
    account = dataverse.create(
        "accounts", **{"primarycontactid@odata.bind": f"contacts({contact})"}
    )
    path = f"accounts({account})/primarycontactid"
    assert dataverse.ask("DELETE", path).error == (405, "0x80060888")
    assert dataverse.ask("GET", path).json["contactid"] == contact
    assert dataverse.ask("DELETE", f"{path}/$ref").status == 204
    assert dataverse.ask("GET", path).status == 204
    assert dataverse.ask("DELETE", path).error == (405, "0x80060888")


def test_a_user_is_named_by_the_id_of_the_directory(dataverse):
    directory_id = "e1341054-98ed-489b-a522-15e9e277b737"
    user = dataverse.colleague("Ann", {"prvReadAccount": "Global"})
    change = {"azureactivedirectoryobjectid": directory_id}
    assert dataverse.ask("PATCH", f"systemusers({user})", change).status == 204
    named = f"systemusers(azureactivedirectoryobjectid={directory_id})"
    answer = dataverse.ask("GET", f"{named}?$select=fullname")
    assert (answer.status, answer.json["systemuserid"]) == (200, user)
    account = dataverse.create("accounts", name="A")
    owner = {"ownerid@odata.bind": f"https://localhost:3/api/data/v9.2/{named}"}
    assert dataverse.ask("PATCH", f"accounts({account})", owner).status == 204
    row = dataverse.ask("GET", f"accounts({account})?$select=_ownerid_value").json
    assert row["_ownerid_value"] == user
    nobody = named.replace("e134", "0134")
    assert dataverse.ask("GET", nobody).error == (404, "0x80060891")
    missing = {"ownerid@odata.bind": nobody}
    assert dataverse.ask("PATCH", f"accounts({account})", missing).error == (404, "0x80060891")


def test_a_table_has_one_primary_image(dataverse, pictured):
    table = "EntityDefinitions(LogicalName='account')"
    images = f"{table}/Attributes/{CRM}ImageAttributeMetadata?$select=LogicalName,IsPrimaryImage"

    def primary():
        stated = dataverse.ask("GET", f"{table}?$select=PrimaryImageAttribute").json
        flags = dataverse.ask("GET", images).json["value"]
        [only] = [row["LogicalName"] for row in flags if row["IsPrimaryImage"]]
        assert stated["PrimaryImageAttribute"] == only
        return only

    def make_primary(column):
        path = f"{table}/Attributes(LogicalName='{column}')"
        definition = dataverse.ask("GET", f"{path}/{CRM}ImageAttributeMetadata").json
        definition["IsPrimaryImage"] = True
        assert dataverse.ask("PUT", path, definition).status == 204

    assert primary() == "entityimage"
    refused = dataverse.ask("POST", "accounts", {"sample_picture": PIXEL})
    assert refused.error == (400, "0x80090487")
    make_primary("sample_picture")
    assert primary() == "sample_picture"
    assert dataverse.ask("POST", "accounts", {"sample_picture": PIXEL}).status == 204
    assert dataverse.ask("POST", "accounts", {"entityimage": PIXEL}).error == (400, "0x80090487")
    make_primary("entityimage")
    assert primary() == "entityimage"
    make_primary("sample_picture")
    path = f"{table}/Attributes(LogicalName='sample_picture')"
    assert dataverse.ask("DELETE", path).status == 204
    stated = dataverse.ask("GET", f"{table}?$select=PrimaryImageAttribute").json
    assert stated["PrimaryImageAttribute"] is None
    make_primary("entityimage")
    assert primary() == "entityimage"
    assert dataverse.ask("POST", "accounts", {"entityimage": PIXEL}).status == 204


@pytest.mark.parametrize(
    "body", [{"ownerid@odata.bind": None}, {"statecode": None}, {"name": "B", "statecode": None}]
)
def test_an_update_takes_neither_owner_nor_state_away(dataverse, body):
    key = dataverse.create("accounts", name="A")
    refused = dataverse.ask("PATCH", f"accounts({key})", body)
    assert refused.error == (400, "0x80040203")
    assert "cannot be set to NULL" in refused.json["error"]["message"]
    row = dataverse.ask("GET", f"accounts({key})").json
    assert (row["name"], row["statecode"]) == ("A", 0)
    assert row["_ownerid_value"]


def test_nulls_of_owner_and_state_leave_their_defaults(dataverse):
    nothing = {"statecode": None, "statuscode": None, "ownerid@odata.bind": None}
    key = dataverse.create("accounts", name="A", **nothing)
    assert dataverse.ask("PATCH", f"accounts({key})", {"statuscode": None}).status == 204
    row = dataverse.ask("GET", f"accounts({key})").json
    assert (row["statecode"], row["statuscode"]) == (0, 1)
    assert row["_ownerid_value"] == dataverse.ask("GET", "WhoAmI").json["UserId"]

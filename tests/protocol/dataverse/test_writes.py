"""Writes beyond the plain ones: binds of collections, paths below records, cascades, states."""

from __future__ import annotations

import json

import pytest

ROOT = "https://localhost:3/api/data/v9.2/"
NOBODY = "00000000-0000-0000-0000-00000000dead"
REFUSED_LOOKUP = (
    "CRM do not support direct update of Entity Reference properties, "
    "Use Navigation properties instead."
)


def test_a_new_record_takes_existing_ones_into_its_collections(dataverse):
    contacts = [dataverse.create("contacts", lastname=name) for name in "AB"]
    leads = [dataverse.create("leads", lastname="C")]
    account = dataverse.create(
        "accounts",
        name="A",
        **{
            "contact_customer_accounts@odata.bind": [f"/contacts({key})" for key in contacts],
            "accountleads_association@odata.bind": [f"{ROOT}leads({leads[0]})"],
        },
    )
    found = dataverse.ask("GET", f"accounts({account})/contact_customer_accounts").json["value"]
    assert {row["contactid"] for row in found} == set(contacts)
    found = dataverse.ask("GET", f"accounts({account})/accountleads_association").json["value"]
    assert [row["leadid"] for row in found] == leads


COLLECTION_BINDS = [
    ("POST", "contacts(x)", "0x80048d19"),
    ("POST", [f"accounts({NOBODY})"], "0x80040217"),
    ("POST", [5], "0x80048d19"),
    ("PATCH", [], "0x80048d19"),
]


@pytest.mark.parametrize(("method", "value", "code"), COLLECTION_BINDS)
def test_binds_of_collections_that_cannot_be_are_refused(dataverse, method, value, code):
    path = "accounts"
    if method == "PATCH":
        path = f"accounts({dataverse.create('accounts', name='A')})"
    body = {"contact_customer_accounts@odata.bind": value}
    answer = dataverse.ask(method, path, body)
    assert answer.json["error"]["code"] == code
    assert dataverse.ask("GET", "accounts/$count").status == 200


def test_a_collection_takes_records_of_its_own_table_only_and_then_nothing_is_made(dataverse):
    other = dataverse.create("accounts", name="Other")
    before = dataverse.ask("GET", "accounts/$count").body
    body = {"name": "A", "contact_customer_accounts@odata.bind": [f"accounts({other})"]}
    assert dataverse.ask("POST", "accounts", body).error == (400, "0x80048d19")
    assert dataverse.ask("GET", "accounts/$count").body == before


def test_the_column_of_a_lookup_is_not_written(dataverse):
    contact = dataverse.create("contacts", lastname="L")
    account = dataverse.create("accounts", name="A", _primarycontactid_value=None)
    body = {"_primarycontactid_value": contact}
    for answer in (
        dataverse.ask("POST", "accounts", body),
        dataverse.ask("PATCH", f"accounts({account})", body),
        dataverse.ask("PUT", f"accounts({account})/_primarycontactid_value", {"value": contact}),
        dataverse.ask("DELETE", f"accounts({account})/_primarycontactid_value"),
    ):
        assert answer.error == (400, "0x80060888")
        assert answer.json["error"]["message"] == REFUSED_LOOKUP


def test_paths_go_on_behind_lookups_and_members_of_collections(dataverse):
    contact = dataverse.create("contacts", firstname="Ada", lastname="King")
    account = dataverse.create(
        "accounts", name="A", **{"primarycontactid@odata.bind": f"contacts({contact})"}
    )
    ask = dataverse.ask
    path = f"accounts({account})/primarycontactid"
    assert ask("GET", f"{path}/fullname").json["value"] == "Ada King"
    assert ask("GET", f"{path}/fullname/$value").body.decode("utf-8-sig") == "Ada King"
    assert ask("GET", f"{path}/account_primary_contact/$count").body.endswith(b"1")
    assert ask("GET", f"{path}/createdby?$select=fullname").json["fullname"]
    assert ask("PATCH", path, {"jobtitle": "Countess"}).status == 204
    assert ask("GET", f"contacts({contact})/jobtitle").json["value"] == "Countess"
    ask("POST", f"accounts({account})/contact_customer_accounts/$ref",
        {"@odata.id": f"contacts({contact})"})  # fmt: skip
    member = f"accounts({account})/contact_customer_accounts({contact})"
    assert ask("GET", f"{member}?$select=fullname").json["fullname"] == "Ada King"
    assert ask("GET", f"{member}/jobtitle").json["value"] == "Countess"
    stranger = dataverse.create("contacts", lastname="S")
    elsewhere = f"accounts({account})/contact_customer_accounts({stranger})"
    assert ask("GET", elsewhere).error == (404, "0x80040217")
    assert ask("GET", f"{path}/nosuch").error == (404, "0x8006088a")
    behind = f"accounts({account})/contact_customer_accounts/fullname"
    assert ask("GET", behind).error == (404, "0x8006088a")


def test_a_single_property_takes_a_value(dataverse):
    path = f"accounts({dataverse.create('accounts', name='A')})"
    assert dataverse.ask("PUT", f"{path}/name", {"x": "B"}).error == (400, "0x80048d19")
    assert dataverse.ask("PUT", f"{path}/name", {"value": 5}).error == (400, "0x80048d19")
    assert dataverse.ask("PUT", f"{path}/name", {"value": None}).status == 204
    assert dataverse.ask("GET", f"{path}/name").status == 204


def test_a_body_may_begin_with_a_byte_order_mark(dataverse):
    body = b"\xef\xbb\xbf" + json.dumps({"name": "A"}).encode()
    assert dataverse.ask("POST", "accounts", body).status == 204


def test_preferences_that_were_applied_are_named_together(dataverse):
    prefer = 'return=representation,odata.include-annotations="*"'
    answer = dataverse.ask("POST", "accounts?$select=revenue", {"revenue": 5}, prefer=prefer)
    assert answer.status == 201
    assert answer.json["revenue@OData.Community.Display.V1.FormattedValue"] == "$5.00"
    assert answer.headers["preference-applied"] == prefer


def test_the_representation_of_an_update_expands_nothing(dataverse):
    body = {"name": "A", "primarycontactid": {"lastname": "L"}}
    query = "?$select=name&$expand=primarycontactid($select=lastname)"
    made = dataverse.ask("POST", f"accounts{query}", body, prefer="return=representation").json
    assert made["primarycontactid"]["lastname"] == "L"
    path = f"accounts({made['accountid']}){query}"
    changed = dataverse.ask("PATCH", path, {"name": "B"}, prefer="return=representation")
    assert (changed.status, changed.json["name"]) == (200, "B")
    assert "primarycontactid" not in changed.json


def test_an_assigned_record_takes_its_children_along_as_its_relationships_say(dataverse):
    ask = dataverse.ask
    unit = ask("GET", "WhoAmI").json["BusinessUnitId"]
    account = dataverse.create("accounts", name="A")
    contact = dataverse.create(
        "contacts", lastname="L", **{"parentcustomerid_account@odata.bind": f"accounts({account})"}
    )
    task = dataverse.create(
        "tasks",
        subject="T",
        **{"regardingobjectid_contact_task@odata.bind": f"contacts({contact})"},
    )
    other = dataverse.create(
        "accounts", name="B", **{"primarycontactid@odata.bind": f"contacts({contact})"}
    )
    team = dataverse.create(
        "teams", name="T", **{"businessunitid@odata.bind": f"businessunits({unit})"}
    )
    role = ask("GET", "roles?$filter=name eq 'System Administrator'").json["value"][0]["roleid"]
    linked = ask("POST", f"teams({team})/teamroles_association/$ref",
                 {"@odata.id": f"{ROOT}roles({role})"})  # fmt: skip
    assert linked.status == 204, linked.body
    answer = ask("PATCH", f"accounts({account})", {"ownerid@odata.bind": f"/teams({team})"})
    assert answer.status == 204, answer.body
    for path in (f"accounts({account})", f"contacts({contact})", f"tasks({task})"):
        row = ask("GET", path).json
        assert (row["_ownerid_value"], row["_owningteam_value"]) == (team, team), path
        assert row["_owninguser_value"] is None
    assert ask("GET", f"accounts({other})").json["_ownerid_value"] != team


CLOSING = [
    ("opportunities", {"statecode": 1}, "won"),
    ("opportunities", {"statecode": 2, "statuscode": 4}, "lost"),
    ("incidents", {"statecode": 1, "statuscode": 5}, "Resolved"),
]


@pytest.mark.parametrize(("entity_set", "body", "word"), CLOSING)
def test_some_states_are_set_by_their_own_message_only(dataverse, entity_set, body, word):
    path = f"{entity_set}({dataverse.create(entity_set)})"
    answer = dataverse.ask("PATCH", path, body)
    assert answer.error == (400, "0x80100005")
    assert f"to {word}." in answer.json["error"]["message"]
    assert dataverse.ask("GET", path).json["statecode"] == 0


@pytest.mark.parametrize(("day", "status"), [("1752-12-31", 400), ("1753-01-01", 204)])
def test_days_begin_in_1753(dataverse, day, status):
    answer = dataverse.ask("POST", "accounts", {"lastusedincampaign": f"{day}T00:00:00Z"})
    assert answer.status == status
    if status == 400:
        assert answer.error == (400, "0x80040239")


def test_a_record_can_be_dated_back(dataverse):
    key = dataverse.create("accounts", name="A", overriddencreatedon="2020-05-06T07:08:09Z")
    row = dataverse.ask("GET", f"accounts({key})").json
    assert row["createdon"] == "2020-05-06T07:08:09Z"
    assert row["overriddencreatedon"] == row["modifiedon"] == "2026-01-01T00:00:00Z"


def test_relationships_made_at_run_time_cascade_at_once(dataverse):
    parent, child = (
        dataverse.create("accounts", name="P"),
        dataverse.create("contacts", lastname="C"),
    )
    assert (
        dataverse.ask("DELETE", f"accounts({dataverse.create('accounts', name='X')})").status == 204
    )
    relation = {
        "@odata.type": "Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata",
        "SchemaName": "new_account_contact_own",
        "ReferencedEntity": "account",
        "ReferencedAttribute": "accountid",
        "ReferencingEntity": "contact",
        "CascadeConfiguration": {"Delete": "Cascade", "Assign": "NoCascade"},
        "Lookup": {
            "@odata.type": "Microsoft.Dynamics.CRM.LookupAttributeMetadata",
            "SchemaName": "new_OwnId",
            "DisplayName": {"LocalizedLabels": [{"Label": "Own", "LanguageCode": 1033}]},
        },
    }
    made = dataverse.ask("POST", "RelationshipDefinitions", relation)
    assert made.status == 204, made.body
    bind = {"new_OwnId@odata.bind": f"accounts({parent})"}
    assert dataverse.ask("PATCH", f"contacts({child})", bind).status == 204
    assert dataverse.ask("DELETE", f"accounts({parent})").status == 204
    assert dataverse.ask("GET", f"contacts({child})").error == (404, "0x80040217")


def test_rows_between_two_tables_are_made_by_association_only(dataverse):
    account, lead = dataverse.create("accounts", name="A"), dataverse.create("leads", lastname="L")
    body = {"accountid": account, "leadid": lead}
    refused = dataverse.ask("POST", "accountleadscollection", body)
    if refused.status == 404:
        refused = dataverse.ask("POST", "accountleadsset", body)
    assert refused.error == (400, "0x80040800")
    assert refused.json["error"]["message"].startswith("The 'Create' method does not support")
    link = f"accounts({account})/accountleads_association/$ref"
    assert dataverse.ask("POST", link, {"@odata.id": f"leads({lead})"}).status == 204

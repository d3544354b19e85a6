"""Marketing lists and their members."""

from __future__ import annotations

import pytest

CRM = "Microsoft.Dynamics.CRM."
ACCOUNT, CONTACT = 1, 2


def make_list(dataverse, name="L", kind=CONTACT, **more):
    return dataverse.create("lists", listname=name, createdfromcode=kind, type=False, **more)


def contacts(dataverse, *names):
    return [dataverse.create("contacts", lastname=name) for name in names]


def act(dataverse, key, message, **arguments):
    return dataverse.ask("POST", f"lists({key})/{CRM}{message}", arguments)


def members(dataverse, key):
    path = f"lists({key})/listcontact_association?$select=lastname&$orderby=lastname"
    return [row["lastname"] for row in dataverse.ask("GET", path).json["value"]]


def count(dataverse, key):
    return dataverse.ask("GET", f"lists({key})?$select=membercount").json["membercount"]


def ref(key):
    return {"@odata.type": f"{CRM}contact", "contactid": key}


def test_members_are_added_one_by_one_and_removed(dataverse):
    key = make_list(dataverse)
    ann, ben = contacts(dataverse, "Ann", "Ben")
    made = act(dataverse, key, "AddMemberList", EntityId=ann)
    assert made.status == 200, made.body
    again = act(dataverse, key, "AddMemberList", EntityId=ann)
    assert again.json["Id"] == made.json["Id"]
    act(dataverse, key, "AddMemberList", EntityId=ben)
    assert (members(dataverse, key), count(dataverse, key)) == (["Ann", "Ben"], 2)
    row = dataverse.ask("GET", f"listmembers({made.json['Id']})").json
    assert (row["_entityid_value"], row["entitytype"], row["_listid_value"]) == (
        ann,
        "contact",
        key,
    )
    by_row = {"listmemberid": made.json["Id"]}
    assert act(dataverse, key, "RemoveMemberList", ListMember=by_row).status == 204
    by_record = {"listmemberid": ben}
    assert act(dataverse, key, "RemoveMemberList", ListMember=by_record).status == 204
    assert (members(dataverse, key), count(dataverse, key)) == ([], 0)
    gone = act(dataverse, key, "RemoveMemberList", ListMember=by_record)
    assert gone.error == (400, "0x80048458")


def test_many_members_are_added_at_once_and_copied(dataverse):
    one, two = make_list(dataverse, "One"), make_list(dataverse, "Two")
    people = contacts(dataverse, "Ann", "Ben", "Cid")
    body = {"List": {"listid": one}, "Members": [ref(key) for key in people]}
    assert dataverse.ask("POST", "AddListMembersList", body).status == 204
    act(dataverse, two, "AddMemberList", EntityId=people[0])
    assert act(dataverse, one, "CopyMembersList", TargetList={"listid": two}).status == 204
    assert members(dataverse, two) == ["Ann", "Ben", "Cid"]
    assert count(dataverse, two) == 3
    found = f"contacts({people[0]})/listcontact_association?$select=listname&$orderby=listname"
    assert [row["listname"] for row in dataverse.ask("GET", found).json["value"]] == ["One", "Two"]
    other = make_list(dataverse, kind=ACCOUNT)
    refused = act(dataverse, one, "CopyMembersList", TargetList={"listid": other})
    assert refused.error == (400, "0x80040301")


@pytest.mark.parametrize(("override", "left"), [(True, ["Ben", "Dan"]), (False, ["Ann", "Cid"])])
def test_members_are_qualified(dataverse, override, left):
    key = make_list(dataverse)
    ann, ben, cid, dan = contacts(dataverse, "Ann", "Ben", "Cid", "Dan")
    for one in (ann, ben, cid) if override else (ann, ben, cid, dan):
        act(dataverse, key, "AddMemberList", EntityId=one)
    arguments = {"ListMember": [ref(ben), ref(dan)], "OverrideorRemove": override}
    done = act(dataverse, key, "QualifyMemberList", **arguments)
    assert done.status == 204, done.body
    assert members(dataverse, key) == left


def test_a_list_takes_records_of_its_kind_only(dataverse):
    key = make_list(dataverse, kind=ACCOUNT)
    [ann] = contacts(dataverse, "Ann")
    assert act(dataverse, key, "AddMemberList", EntityId=ann).error == (404, "0x80040217")
    body = {"List": {"listid": key}, "Members": [ref(ann)]}
    assert dataverse.ask("POST", "AddListMembersList", body).error == (400, "0x80040301")
    account = dataverse.create("accounts", name="A")
    assert act(dataverse, key, "AddMemberList", EntityId=account).status == 200


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"lockstatus": True}, "0x80040302"),
        ({"statecode": 1}, "0x8004033a"),
        ({"type": True}, "0x80040203"),
    ],
)
def test_members_of_some_lists_cannot_be_changed(dataverse, change, code):
    key = make_list(dataverse)
    [ann] = contacts(dataverse, "Ann")
    assert dataverse.ask("PATCH", f"lists({key})", change).status == 204
    assert act(dataverse, key, "AddMemberList", EntityId=ann).error == (400, code)


def test_a_dynamic_list_becomes_a_static_one(dataverse):
    contacts(dataverse, "Zoe One", "Zoe Two", "Other")
    query = (
        "<fetch><entity name='contact'><attribute name='contactid'/><filter>"
        "<condition attribute='lastname' operator='begins-with' value='Zoe'/></filter>"
        "</entity></fetch>"
    )
    key = dataverse.create("lists", listname="D", createdfromcode=CONTACT, type=True, query=query)
    made = act(dataverse, key, "CopyDynamicListToStatic")
    assert made.status == 200, made.body
    assert made.json["type"] is False
    copy = made.json["listid"]
    assert copy != key
    assert members(dataverse, copy) == ["Zoe One", "Zoe Two"]
    assert count(dataverse, copy) == 2
    assert act(dataverse, copy, "CopyDynamicListToStatic").error == (400, "0x8004f704")


def test_members_come_by_reference_too_and_go_with_their_list_and_record(dataverse):
    key = make_list(dataverse)
    ann, ben = contacts(dataverse, "Ann", "Ben")
    for one in (ann, ben):
        link = {"@odata.id": f"https://localhost:3/api/data/v9.2/contacts({one})"}
        path = f"lists({key})/listcontact_association/$ref"
        assert dataverse.ask("POST", path, link).status == 204
    assert (members(dataverse, key), count(dataverse, key)) == (["Ann", "Ben"], 2)
    rows = dataverse.ask("GET", "listmembers?$select=entitytype").json["value"]
    assert {row["entitytype"] for row in rows} == {"contact"}
    assert dataverse.ask("DELETE", f"contacts({ann})").status == 204
    assert (members(dataverse, key), count(dataverse, key)) == (["Ben"], 1)
    assert dataverse.ask("DELETE", f"lists({key})").status == 204
    assert dataverse.ask("GET", "listmembers").json["value"] == []


def test_the_price_list_of_a_territory_is_the_default(dataverse):
    path = f"pricelevels/{CRM}GetDefaultPriceLevel(EntityName='opportunity')"
    assert dataverse.ask("GET", path).json["value"] == []
    me = dataverse.ask("GET", "WhoAmI").json["UserId"]
    territory = dataverse.create("territories", name="North")
    prices = dataverse.create("pricelevels", name="Northern prices")
    bind = {"territoryid@odata.bind": f"/territories({territory})"}
    assert dataverse.ask("PATCH", f"systemusers({me})", bind).status == 204
    ends = {
        "record1id_pricelevel@odata.bind": f"/pricelevels({prices})",
        "record2id_territory@odata.bind": f"/territories({territory})",
    }
    dataverse.create("connections", **ends)
    found = dataverse.ask("GET", path).json
    assert [row["name"] for row in found["value"]] == ["Northern prices"]
    assert found["@odata.context"].endswith("$metadata#pricelevels")
    assert dataverse.ask("PATCH", f"pricelevels({prices})", {"statecode": 1}).status == 204
    assert dataverse.ask("GET", path).json["value"] == []
    wrong = path.replace("opportunity", "account")
    assert dataverse.ask("GET", wrong).error == (400, "0x80040203")

"""Requests and answers of "Use Web API functions", "Use Web API actions" and "Merge table rows"."""

from __future__ import annotations

import pytest

CRM = "Microsoft.Dynamics.CRM."


@pytest.fixture
def me(dataverse):
    """Who calls."""
    return dataverse.ask("GET", "WhoAmI()").json


@pytest.fixture
def queue(dataverse):
    """A queue."""
    return dataverse.create("queues", name="Letters")


def test_bound_messages_need_their_full_name(dataverse, me, queue):
    refused = [
        dataverse.ask("POST", f"queues({queue})/AddToQueue", {}),
        dataverse.ask("GET", f"systemusers({me['UserId']})/RetrieveUserPrivileges"),
        dataverse.ask("POST", "accounts/CreateMultiple", {"Targets": []}),
    ]
    for answer in refused:
        assert answer.status == 400
        assert answer.json["error"]["message"] == "Request message has unresolved parameters"
    unknown = dataverse.ask("POST", f"accounts({queue})/AddToQueue", {})
    assert unknown.status == 404


def test_privileges_of_a_user_are_named(dataverse, me):
    path = f"systemusers({me['UserId']})/{CRM}RetrieveUserPrivileges"
    answer = dataverse.ask("GET", path).json
    assert answer["@odata.context"].endswith(f"#{CRM}RetrieveUserPrivilegesResponse")
    found = {row["PrivilegeId"]: row["PrivilegeName"] for row in answer["RolePrivileges"]}
    listed = dataverse.ask("GET", "privileges?$select=name").json["value"]
    names = {row["privilegeid"]: row["name"] for row in listed}
    assert found == {key: names[key] for key in found}
    assert "prvReadAccount" in found.values()


def test_composable_functions_take_options(dataverse, me):
    units = [
        dataverse.create(
            "businessunits",
            name=f"Unit {number}",
            **{"parentbusinessunitid@odata.bind": f"businessunits({me['BusinessUnitId']})"},
        )
        for number in (1, 2, 3)
    ]
    path = f"businessunits({me['BusinessUnitId']})/{CRM}RetrieveBusinessHierarchyBusinessUnit()"
    options = "$select=name&$filter=startswith(name,'Unit')&$orderby=name desc"
    answer = dataverse.ask("GET", f"{path}?{options}", prefer="odata.maxpagesize=2").json
    assert answer["@odata.context"].endswith("$metadata#businessunits(name)")
    seen = answer["value"]
    assert set(seen[0]) == {"@odata.etag", "name", "businessunitid"}
    link = answer["@odata.nextLink"].removeprefix("https://localhost:3/api/data/v9.2/")
    assert link.startswith(path)
    seen += dataverse.ask("GET", link, prefer="odata.maxpagesize=2").json["value"]
    assert [row["businessunitid"] for row in seen] == units[::-1]


def test_a_parameter_of_any_table_names_its_type(dataverse, queue):
    letter = dataverse.create("letters", subject="Dear")
    path = f"queues({queue})/{CRM}AddToQueue"
    target = {"activityid": letter, "@odata.type": f"{CRM}letter"}
    answer = dataverse.ask("POST", path, {"Target": target})
    assert answer.status == 200
    assert answer.json["@odata.context"].endswith(f"#{CRM}AddToQueueResponse")
    item = dataverse.ask("GET", f"queueitems({answer.json['QueueItemId']})").json
    assert item["_objectid_value"] == letter


def test_members_of_a_team_are_named_by_the_key_of_owners_and_their_type(dataverse, me):
    team = dataverse.create(
        "teams",
        name="T",
        **{"businessunitid@odata.bind": f"businessunits({me['BusinessUnitId']})"},
    )
    path, member = f"teams({team})/{CRM}AddMembersTeam", {"ownerid": me["UserId"]}
    refused = dataverse.ask("POST", path, {"Members": [member]})
    assert refused.status == 400
    text = "EdmEntityObject passed should have the key property value set."
    assert refused.json["error"]["message"] == text
    typed = {"Members": [{"@odata.type": f"{CRM}systemuser", **member}]}
    assert dataverse.ask("POST", path, typed).status == 204
    members = f"teams({team})/teammembership_association?$select=fullname"
    [only] = dataverse.ask("GET", members).json["value"]
    assert only["systemuserid"] == me["UserId"]
    assert dataverse.ask("POST", path.replace("Add", "Remove"), typed).status == 204
    assert dataverse.ask("GET", members).json["value"] == []


@pytest.mark.parametrize("more", [{}, {"UpdateContent": {"accountnumber": "1234"}}])
def test_content_to_update_is_optional_in_a_merge(dataverse, more):
    kind = {"@odata.type": f"{CRM}account"}
    keys = [dataverse.create("accounts", name=f"Account {number}") for number in (1, 2)]
    target, subordinate = ({"accountid": key, **kind} for key in keys)
    body = {"Target": target, "Subordinate": subordinate, "PerformParentingChecks": False}
    more = {name: {**value, **kind} for name, value in more.items()}
    assert dataverse.ask("POST", "Merge", {**body, **more}).status == 204
    kept, merged = (dataverse.ask("GET", f"accounts({key})").json for key in keys)
    assert kept["accountnumber"] == ("1234" if more else None)
    assert (merged["statecode"], merged["merged"]) == (1, True)
    assert merged["_masterid_value"] == keys[0]

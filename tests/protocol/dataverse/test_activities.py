"""Activities of all kinds in `activitypointers`, and the parties of an activity."""

from __future__ import annotations

import pytest

from tests.protocol.dataverse.test_metadata_changes import BANK, column


def first(environment, entity_set, key):
    [row] = environment.ask("GET", f"{entity_set}?$top=1&$select={key}").json["value"]
    return row[key]


def pointers(environment, query=""):
    answer = environment.ask("GET", f"activitypointers?$select=subject,activitytypecode{query}")
    return {row["activityid"]: row for row in answer.json["value"]}


@pytest.mark.parametrize(
    "entity_set", ["tasks", "phonecalls", "emails", "appointments", "letters", "faxes"]
)
def test_an_activity_is_in_activitypointers_from_its_first_to_its_last_moment(
    dataverse, entity_set
):
    account = first(dataverse, "accounts", "accountid")
    kind = dataverse.house.dataverse.tables.of_set(entity_set).name
    key = dataverse.create(
        entity_set,
        subject="Call them",
        **{f"regardingobjectid_account_{kind}@odata.bind": f"/accounts({account})"},
    )
    row = pointers(dataverse)[key]
    assert (row["subject"], row["activitytypecode"]) == ("Call them", kind)
    dataverse.ask("PATCH", f"{entity_set}({key})", {"subject": "Write to them"})
    related = dataverse.ask(
        "GET", f"accounts({account})?$select=name&$expand=Account_ActivityPointers($select=subject)"
    )
    assert [a["subject"] for a in related.json["Account_ActivityPointers"]] == ["Write to them"]
    assert dataverse.ask("DELETE", f"{entity_set}({key})").status == 204
    assert key not in pointers(dataverse)


def test_what_is_done_to_activitypointers_is_done_to_the_activity(dataverse):
    key = dataverse.create("tasks", subject="One")
    changed = dataverse.ask("PATCH", f"activitypointers({key})", {"subject": "Two"})
    assert changed.status == 204, changed.body
    assert dataverse.ask("GET", f"tasks({key})").json["subject"] == "Two"
    assert dataverse.ask("DELETE", f"activitypointers({key})").status == 204
    assert dataverse.ask("GET", f"tasks({key})").status == 404
    refused = dataverse.ask("POST", "activitypointers", {"subject": "Nothing of a kind"})
    assert refused.error == (501, "0x80040219")
    assert "x-windtunnel-absent" not in refused.headers
    assert not pointers(dataverse)


def test_a_failed_change_set_leaves_no_row_in_activitypointers(dataverse):
    boundary = "batch_1"
    lines = [
        f"--{boundary}", 'Content-Type: multipart/mixed; boundary="c"', "",
        "--c", "Content-Type: application/http", "Content-Transfer-Encoding: binary",
        "Content-ID: 1", "", "POST /api/data/v9.2/tasks HTTP/1.1",
        "Content-Type: application/json", "", '{"subject":"half"}',
        "--c", "Content-Type: application/http", "Content-Transfer-Encoding: binary",
        "Content-ID: 2", "", "POST /api/data/v9.2/tasks HTTP/1.1",
        "Content-Type: application/json", "", '{"nothing":1}',
        "--c--", f"--{boundary}--", "",
    ]  # fmt: skip
    dataverse.ask(
        "POST",
        "$batch",
        "\r\n".join(lines).encode(),
        content_type=f"multipart/mixed; boundary={boundary}",
    )
    assert not pointers(dataverse)
    assert dataverse.ask("GET", "tasks").json["value"] == []


def test_activities_of_a_user_s_own_kind_are_followed_too(dataverse):
    body = {
        **BANK,
        "SchemaName": "new_Visit",
        "IsActivity": True,
        "HasActivities": False,
        "Attributes": [column("String", "Subject", IsPrimaryName=True, MaxLength=200)],
    }
    body["Attributes"][0]["SchemaName"] = "new_Title"
    made = dataverse.ask("POST", "EntityDefinitions", body)
    assert made.status == 204, made.body
    key = dataverse.create("new_visits", new_title="At theirs")
    assert pointers(dataverse)[key]["activitytypecode"] == "new_visit"


def test_parties_are_made_with_an_activity_listed_and_replaced(dataverse):
    account = first(dataverse, "accounts", "accountid")
    contact = first(dataverse, "contacts", "contactid")
    me = dataverse.ask("GET", "WhoAmI").json["UserId"]
    to, sender, owner = 2, 1, 9
    key = dataverse.create(
        "emails",
        subject="Offer",
        email_activity_parties=[
            {
                "partyid_account@odata.bind": f"/accounts({account})",
                "participationtypemask": to,
            },
            {
                "partyid_systemuser@odata.bind": f"/systemusers({me})",
                "participationtypemask": sender,
            },
        ],
    )
    shown = "email_activity_parties($select=participationtypemask,_partyid_value)"
    email = dataverse.ask("GET", f"emails({key})?$select=subject&$expand={shown}").json
    found = {
        p["participationtypemask"]: p["_partyid_value"] for p in email["email_activity_parties"]
    }
    assert found == {to: account, sender: me, owner: me}
    replaced = dataverse.ask(
        "PUT",
        f"emails({key})/email_activity_parties",
        {
            "value": [
                {
                    "partyid_contact@odata.bind": f"/contacts({contact})",
                    "participationtypemask": to,
                }
            ]
        },
    )
    assert replaced.status == 204, replaced.body
    parties = dataverse.ask("GET", f"emails({key})/email_activity_parties").json["value"]
    kinds = {p["participationtypemask"]: p["_partyid_value"] for p in parties}
    assert kinds == {to: contact, owner: me}
    to_them = f"email_activity_parties/any(p:p/_partyid_value eq {contact})"
    sent = dataverse.ask("GET", f"emails?$select=subject&$filter={to_them}")
    assert [row["subject"] for row in sent.json["value"]] == ["Offer"]
    dataverse.ask("DELETE", f"emails({key})")
    assert dataverse.ask("GET", "activityparties").json["value"] == []


def parties(environment, key):
    query = f"activityparties?$filter=_activityid_value eq {key} and participationtypemask ge 8"
    rows = environment.ask("GET", query).json["value"]
    return {row["participationtypemask"]: row["_partyid_value"] for row in rows}


def test_the_owner_and_what_an_activity_is_about_are_its_parties(dataverse):
    account = first(dataverse, "accounts", "accountid")
    contact = first(dataverse, "contacts", "contactid")
    me = dataverse.ask("GET", "WhoAmI").json["UserId"]
    user = dataverse.colleague("Ann", {"prvReadActivity": "Basic"})
    bind = "regardingobjectid_{}_task@odata.bind"
    key = dataverse.create(
        "tasks", subject="T", **{bind.format("account"): f"/accounts({account})"}
    )
    assert parties(dataverse, key) == {8: account, 9: me}
    about = {bind.format("contact"): f"/contacts({contact})"}
    assert dataverse.ask("PATCH", f"tasks({key})", about).status == 204
    owner = {"ownerid@odata.bind": f"/systemusers({user})"}
    assert dataverse.ask("PATCH", f"tasks({key})", owner).status == 204
    assert parties(dataverse, key) == {8: contact, 9: user}
    link = f"tasks({key})/regardingobjectid_contact_task/$ref"
    assert dataverse.ask("DELETE", link).status == 204
    assert parties(dataverse, key) == {9: user}
    found = dataverse.ask("GET", f"contacts({contact})/contact_activity_parties").json["value"]
    assert found == []
    assert dataverse.ask("DELETE", f"tasks({key})").status == 204
    assert parties(dataverse, key) == {}


def test_a_change_through_activitypointers_keeps_the_parties(dataverse):
    user = dataverse.colleague("Ann", {"prvReadActivity": "Basic"})
    key = dataverse.create("phonecalls", subject="Call")
    owner = {"ownerid@odata.bind": f"/systemusers({user})"}
    assert dataverse.ask("PATCH", f"activitypointers({key})", owner).status == 204
    assert parties(dataverse, key) == {9: user}
    assert dataverse.ask("DELETE", f"activitypointers({key})").status == 204
    assert dataverse.ask("GET", "activityparties").json["value"] == []

"""Change tracking, request by request as "Use change tracking to synchronize data" shows it."""

from __future__ import annotations

import dataclasses
import re
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

TRACK = {"prefer": "odata.track-changes"}
DAY = 86_400


def follow(dataverse, link: str, **headers: str):
    """GET a link the service gave, as it stands."""
    parts = urlsplit(link)
    return dataverse.ask("GET", f"{parts.path}?{parts.query}", **headers)


def start(dataverse, path: str = "accounts?$select=name,accountnumber"):
    answer = dataverse.ask("GET", path, **TRACK)
    assert answer.status == 200, answer.body
    return answer


def test_the_first_answer_has_all_rows_and_a_delta_link(dataverse):
    answer = start(dataverse)
    rows = answer.json["value"]
    assert len(rows) == 100
    assert rows[0]["@odata.etag"].startswith('W/"')
    assert answer.headers["preference-applied"] == "odata.track-changes"
    assert "@odata.nextLink" not in answer.json
    link = answer.json["@odata.deltaLink"]
    assert "$select=name,accountnumber&$deltatoken=" in link
    token = link.rpartition("$deltatoken=")[2]
    assert re.fullmatch(r"\d+!\d\d/\d\d/\d{4} \d\d:\d\d:\d\d", unquote(token))
    assert "%21" in token
    assert "%2f" in token


def test_the_delta_has_new_and_changed_rows_by_version_and_then_deletions(dataverse):
    first, second, third = (dataverse.create("accounts", name=n) for n in "ABC")
    link = start(dataverse).json["@odata.deltaLink"]
    dataverse.ask("PATCH", f"accounts({third})", {"name": "C2"})
    created = dataverse.create("accounts", name="D")
    dataverse.ask("PATCH", f"accounts({first})", {"name": "A2"})
    dataverse.ask("DELETE", f"accounts({second})")
    brief = dataverse.create("accounts", name="E")
    dataverse.ask("DELETE", f"accounts({brief})")
    answer = follow(dataverse, link, **TRACK)
    base = "https://localhost:3/api/data/v9.2/$metadata#accounts"
    assert answer.json["@odata.context"] == f"{base}(name,accountnumber)/$delta"
    shown = [row.get("name") or row["id"] for row in answer.json["value"]]
    assert shown == ["C2", "D", "A2", second, brief]
    assert answer.json["value"][1]["accountid"] == created
    deleted = {"@odata.context": f"{base}/$deletedEntity", "id": second, "reason": "deleted"}
    assert answer.json["value"][3] == deleted
    assert follow(dataverse, answer.json["@odata.deltaLink"]).json["value"] == []


def test_a_delta_can_be_counted(dataverse):
    token = start(dataverse).json["@odata.deltaLink"].rpartition("=")[2]
    key = dataverse.create("accounts", name="N")
    dataverse.create("accounts", name="M")
    dataverse.ask("DELETE", f"accounts({key})")
    answer = dataverse.ask("GET", f"accounts/$count?$deltatoken={token}")
    assert answer.body == b"\xef\xbb\xbf2"


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("$filter=name eq 'x'", "filter"),
        ("$orderby=name", "orderby"),
        ("$expand=primarycontactid", "expand"),
        ("$top=3", "top"),
    ],
)
def test_options_that_restrict_are_refused(dataverse, option, name):
    refused = dataverse.ask("GET", f"accounts?{option}", **TRACK)
    assert refused.status == 400
    message = f'The "${name}" query parameter isn\'t supported when Change Tracking is enabled.'
    assert refused.json["error"]["message"] == message


def test_pages_follow_by_next_links_and_the_last_has_the_delta_link(dataverse):
    prefer = {"prefer": "odata.track-changes,odata.maxpagesize=40"}
    page = dataverse.ask("GET", "accounts?$select=name", **prefer)
    seen = list(page.json["value"])
    while "@odata.nextLink" in page.json:
        assert 'istracking="True"' in unquote(page.json["@odata.nextLink"])
        assert "@odata.deltaLink" not in page.json
        page = follow(dataverse, page.json["@odata.nextLink"], **prefer)
        seen += page.json["value"]
    assert len({row["accountid"] for row in seen}) == len(seen) == 100
    link = page.json["@odata.deltaLink"]
    keys = [dataverse.create("accounts", name=f"p{n}") for n in range(5)]
    for key in keys[:2]:
        dataverse.ask("DELETE", f"accounts({key})")
    small = {"prefer": "odata.maxpagesize=2"}
    page, found = follow(dataverse, link, **small), []
    while True:
        found += [row.get("name") or row["id"] for row in page.json["value"]]
        assert len(page.json["value"]) <= 2
        if "@odata.nextLink" not in page.json:
            break
        page = follow(dataverse, page.json["@odata.nextLink"], **small)
    assert found == ["p2", "p3", "p4", *keys[:2]]
    assert follow(dataverse, page.json["@odata.deltaLink"]).json["value"] == []


def test_a_token_ends_after_seven_days(dataverse, monkeypatch):
    link = start(dataverse).json["@odata.deltaLink"]
    dataverse.house.clock.advance(6.9 * DAY)
    monkeypatch.setattr(dataverse, "token", dataverse._token())
    assert follow(dataverse, link).status == 200
    dataverse.house.clock.advance(0.2 * DAY)
    monkeypatch.setattr(dataverse, "token", dataverse._token())
    refused = follow(dataverse, link)
    assert refused.error == (400, "0x80044352")
    assert refused.json["error"]["message"].startswith("Version stamp associated with the client")


@pytest.mark.parametrize("token", ["x", "1", "1!13/45/2020 00:00:00", "%00", "-1!01/01/2026"])
def test_a_token_that_is_none_is_refused(dataverse, token):
    assert dataverse.ask("GET", f"accounts?$deltatoken={token}").status == 400


STEPS = st.lists(
    st.tuples(st.sampled_from(["create", "update", "delete", "sync"]), st.integers(0, 9)),
    max_size=25,
)


@given(steps=STEPS)
@settings(max_examples=25)
def test_a_delta_applied_to_an_old_copy_gives_the_new_state(dataverse, steps):
    prefer = {"prefer": "odata.track-changes,odata.maxpagesize=3"}

    def sync(link: str, copy: dict[str, str]) -> str:
        while True:
            page = follow(dataverse, link, **prefer).json
            for row in page["value"]:
                if row.get("reason") == "deleted":
                    copy.pop(row["id"], None)
                else:
                    copy[row["activityid"]] = row["subject"]
            if "@odata.nextLink" not in page:
                return str(page["@odata.deltaLink"])
            link = page["@odata.nextLink"]

    copy: dict[str, str] = {}
    link = sync("https://localhost:3/api/data/v9.2/tasks?$select=subject", copy)
    keys: list[str] = []
    for number, (what, which) in enumerate(steps):
        if what == "create":
            keys.append(dataverse.create("tasks", subject=f"t{number}"))
        elif what == "sync":
            link = sync(link, copy)
        elif keys:
            key = keys[which % len(keys)]
            if what == "update":
                dataverse.ask("PATCH", f"tasks({key})", {"subject": f"t{number}"}, if_match="*")
            else:
                dataverse.ask("DELETE", f"tasks({key})")
    sync(link, copy)
    rows = dataverse.ask("GET", "tasks?$select=subject").json["value"]
    assert copy == {row["activityid"]: row["subject"] for row in rows}


def test_a_table_without_change_tracking_refuses(dataverse, monkeypatch):
    tables = dataverse.house.dataverse.tables
    served = tables.by_set["tasks"]
    definition = dataclasses.replace(served.definition, facts={"ChangeTrackingEnabled": False})
    other = dataclasses.replace(served, definition=definition)
    monkeypatch.setitem(tables.by_set, "tasks", other)
    refused = dataverse.ask("GET", "tasks", **TRACK)
    assert refused.error == (400, "0x80072491")
    assert refused.json["error"]["message"] == "Entity task isn't enabled for change tracking."


def test_changes_are_for_those_who_may_read_all_rows(dataverse):
    some = dataverse.colleague("Some", {"prvReadAccount": "Local"})
    everyone = dataverse.colleague("All", {"prvReadAccount": "Global"})
    link = start(dataverse).json["@odata.deltaLink"].partition("localhost:3")[2]
    for path, headers in (("accounts", TRACK), (link, {})):
        refused = dataverse.ask("GET", path, MSCRMCallerID=some, **headers)
        assert refused.error == (403, "0x80040220")
        assert "prvReadAccount" in refused.json["error"]["message"]
        assert dataverse.ask("GET", path, MSCRMCallerID=everyone, **headers).status == 200

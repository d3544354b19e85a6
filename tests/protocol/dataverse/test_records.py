"""Records over the Web API: the documented requests, one by one."""

from __future__ import annotations

import pytest

NOBODY = "00000000-0000-0000-0000-00000000dead"


def test_a_created_record_is_named_by_its_entity_id(dataverse):
    answer = dataverse.ask(
        "POST", "accounts", {"name": "A", "revenue": 5000.5, "creditonhold": True}
    )
    assert answer.status == 204
    assert answer.body == b""
    uri = answer.headers["odata-entityid"]
    assert uri.startswith("https://localhost:3/api/data/v9.2/accounts(")
    record = dataverse.ask("GET", uri.removeprefix("https://localhost:3")).json
    assert (record["name"], record["revenue"], record["creditonhold"]) == ("A", 5000.5, True)
    assert record["@odata.context"].endswith("$metadata#accounts/$entity")
    assert record["statecode"] == 0
    assert record["statuscode"] == 1
    assert record["createdon"] == "2026-01-01T00:00:00Z"


def test_the_representation_comes_back_when_it_is_preferred(dataverse):
    answer = dataverse.ask(
        "POST", "accounts?$select=name", {"name": "A"}, prefer="return=representation"
    )
    assert answer.status == 201
    assert answer.json["name"] == "A"
    assert "revenue" not in answer.json
    assert "return=representation" in answer.headers["preference-applied"]
    key = answer.json["accountid"]
    changed = dataverse.ask(
        "PATCH", f"accounts({key})", {"name": "B"}, prefer="return=representation"
    )
    assert (changed.status, changed.json["name"]) == (200, "B")


def test_a_supplied_id_is_used_and_cannot_be_used_twice(dataverse):
    key = "11111111-1111-1111-1111-111111111111"
    assert dataverse.create("accounts", name="A", accountid=key) == key
    assert dataverse.ask("POST", "accounts", {"accountid": key}).error == (412, "0x80040237")


CONDITIONS = [
    ({"if_match": "*"}, True, 204, None),
    ({"if_match": "*"}, False, 404, "0x80040217"),
    ({"if_none_match": "*"}, True, 412, "0x80040237"),
    ({"if_none_match": "*"}, False, 204, None),
    ({}, False, 204, None),
    ({"if_match": 'W/"1"'}, True, 412, "0x80060882"),
    ({"if_none_match": "null"}, True, 204, None),
]


@pytest.mark.parametrize(("headers", "there", "status", "code"), CONDITIONS)
def test_conditions_decide_between_update_and_create(dataverse, headers, there, status, code):
    key = dataverse.create("accounts", name="A") if there else NOBODY
    answer = dataverse.ask("PATCH", f"accounts({key})", {"name": "B"}, **headers)
    assert answer.status == status
    if code:
        assert answer.error == (status, code)
    else:
        assert dataverse.ask("GET", f"accounts({key})").json["name"] == "B"


def test_the_etag_of_a_read_guards_an_update_and_a_delete(dataverse):
    key = dataverse.create("accounts", name="A")
    etag = dataverse.ask("GET", f"accounts({key})").headers["etag"]
    assert dataverse.ask("PATCH", f"accounts({key})", {"name": "B"}, if_match=etag).status == 204
    assert dataverse.ask("DELETE", f"accounts({key})", if_match=etag).error == (412, "0x80060882")
    newer = dataverse.ask("GET", f"accounts({key})").headers["etag"]
    assert newer != etag
    assert dataverse.ask("GET", f"accounts({key})", if_none_match=newer).status == 304
    assert dataverse.ask("DELETE", f"accounts({key})", if_match=newer).status == 204
    assert dataverse.ask("DELETE", f"accounts({key})").error == (404, "0x80040217")


def test_what_does_not_bind_is_refused_in_the_service_s_words(dataverse):
    cases = [
        ({"nope": 1}, "0x80048d19", "Invalid property 'nope' was found in entity"),
        ({"numberofemployees": "x"}, "0x80048d19", "Cannot convert the literal 'x'"),
        ({"parentcustomerid@odata.bind": "/contacts(1)"}, "0x80048d19", "undeclared property"),
        ({"name": "x" * 161}, "0x80044331", "exceeded the maximum allowed length of '160'"),
        ({"accountcategorycode": 99}, "0x8004431a", "outside the valid range"),
        ({"statecode": 0, "statuscode": 2}, "0x80048408", "not a valid status code"),
        ({"name": "a\u0001"}, "0x80040278", "invalid characters"),
        ({"primarycontactid@odata.bind": f"/contacts({NOBODY})"}, "0x80040217", "Does Not Exist"),
    ]
    for body, code, text in cases:
        answer = dataverse.ask("POST", "accounts", body)
        assert answer.json["error"]["code"] == code, answer.json
        assert text in answer.json["error"]["message"]
    assert dataverse.ask("POST", "accounts", b"{").error == (400, "0x80048d19")
    assert dataverse.ask("POST", "accounts", b"[]").error == (400, "0x80048d19")


def test_lookups_are_bound_cleared_and_shown(dataverse):
    contact = dataverse.create("contacts", lastname="C")
    key = dataverse.create(
        "accounts", **{"name": "A", "primarycontactid@odata.bind": f"/contacts({contact})"}
    )
    assert dataverse.ask("GET", f"accounts({key})").json["_primarycontactid_value"] == contact
    related = dataverse.ask("GET", f"accounts({key})/primarycontactid?$select=lastname").json
    assert related["lastname"] == "C"
    dataverse.ask("PATCH", f"accounts({key})", {"primarycontactid": None})
    assert dataverse.ask("GET", f"accounts({key})").json["_primarycontactid_value"] is None


def test_a_deep_insert_makes_all_or_nothing(dataverse):
    before = dataverse.ask("GET", "accounts/$count").body
    body = {
        "name": "Parent",
        "primarycontactid": {"lastname": "Inside"},
        "contact_customer_accounts": [{"lastname": "One"}, {"lastname": "Two"}],
    }
    key = dataverse.create("accounts", **body)
    children = dataverse.ask("GET", f"accounts({key})/contact_customer_accounts?$select=lastname")
    assert [c["lastname"] for c in children.json["value"]] in (["One", "Two"], ["Two", "One"])
    body["contact_customer_accounts"].append({"nope": 1})
    assert dataverse.ask("POST", "accounts", body).status == 400
    after = int(dataverse.ask("GET", "accounts/$count").body[3:])
    assert after == int(before[3:]) + 1


def test_references_are_added_and_removed_on_both_sides(dataverse):
    account = dataverse.create("accounts", name="A")
    contact = dataverse.create("contacts", lastname="C")
    link = f"accounts({account})/contact_customer_accounts/$ref"
    assert dataverse.ask("POST", link, {"@odata.id": f"contacts({contact})"}).status == 204
    shown = dataverse.ask("GET", link).json["value"]
    assert shown == [{"@odata.id": f"https://localhost:3/api/data/v9.2/contacts({contact})"}]
    one = f"accounts({account})/primarycontactid/$ref"
    assert dataverse.ask("PUT", one, {"@odata.id": f"/contacts({contact})"}).status == 204
    assert dataverse.ask("GET", one).json["@odata.id"].endswith(f"contacts({contact})")
    assert dataverse.ask("DELETE", one).status == 204
    assert dataverse.ask("GET", one).status == 204
    gone = f"accounts({account})/contact_customer_accounts({contact})/$ref"
    assert dataverse.ask("DELETE", gone).status == 204
    assert dataverse.ask("GET", link).json["value"] == []


def test_single_properties_are_read_set_and_cleared(dataverse):
    key = dataverse.create("accounts", name="A")
    shown = dataverse.ask("GET", f"accounts({key})/name").json
    assert shown["value"] == "A"
    assert shown["@odata.context"].endswith(f"#accounts({key})/name")
    assert dataverse.ask("GET", f"accounts({key})/name/$value").body == b"\xef\xbb\xbfA"
    assert dataverse.ask("PUT", f"accounts({key})/name", {"value": "B"}).status == 204
    assert dataverse.ask("DELETE", f"accounts({key})/name").status == 204
    assert dataverse.ask("GET", f"accounts({key})/name").status == 204


def test_a_delete_goes_on_to_children_of_parental_relationships_and_unlinks_others(dataverse):
    account = dataverse.create("accounts", name="A")
    contact = dataverse.create(
        "contacts",
        **{"lastname": "C", "parentcustomerid_account@odata.bind": f"/accounts({account})"},
    )
    task = dataverse.create(
        "tasks",
        **{"subject": "T", "regardingobjectid_contact_task@odata.bind": f"/contacts({contact})"},
    )
    lead = dataverse.create(
        "leads",
        **{"subject": "L", "parentaccountid@odata.bind": f"/accounts({account})"},
    )
    dataverse.ask("DELETE", f"accounts({account})")
    assert dataverse.ask("GET", f"contacts({contact})").status == 404
    assert dataverse.ask("GET", f"tasks({task})").status == 404
    assert dataverse.ask("GET", f"leads({lead})").json["_parentaccountid_value"] is None


def test_a_restricting_relationship_refuses_the_delete_and_nothing_is_gone(dataverse):
    price_list = dataverse.create("pricelevels", name="Retail")
    order = dataverse.create(
        "salesorders", **{"name": "O", "pricelevelid@odata.bind": f"/pricelevels({price_list})"}
    )
    answer = dataverse.ask("DELETE", f"pricelevels({price_list})")
    assert (answer.status, answer.json["error"]["code"]) == (405, "0x80040227")
    assert dataverse.ask("GET", f"pricelevels({price_list})").status == 200
    assert dataverse.ask("GET", f"salesorders({order})").status == 200


NOT_THERE = [
    ("GET", "Accounts", 404, "0x8006088a"),
    ("GET", "accounts(abc)", 400, "0x80060888"),
    ("GET", "accounts(name='x')", 400, "0x80060888"),
    ("GET", f"accounts({NOBODY})", 404, "0x80040217"),
    ("GET", f"accounts({NOBODY})/nope", 404, "0x8006088a"),
    ("GET", "NoFunction()", 404, "0x8006088a"),
    ("PUT", "accounts", 405, "0x80060888"),
    ("GET", "/api/data/v8.2/accounts", 404, ""),
    ("GET", "BulkDelete", 404, ""),
]


@pytest.mark.parametrize(("method", "path", "status", "code"), NOT_THERE)
def test_addresses_that_lead_nowhere(dataverse, method, path, status, code):
    assert dataverse.ask(method, path).error == (status, code)


def test_what_is_absent_says_so(dataverse):
    answer = dataverse.ask("GET", "ExecuteCosmosSqlQuery")
    assert answer.status == 501
    assert answer.headers["x-windtunnel-absent"]


def test_without_a_good_token_nothing_is_answered(dataverse):
    for value in ("", "Bearer x", "Basic x"):
        answer = dataverse.ask("GET", "accounts", authorization=value)
        assert (answer.status, answer.body) == (401, b"")
        assert "authorization_uri" in answer.headers["www-authenticate"]


def test_every_answer_has_the_headers_of_the_service(dataverse):
    headers = dataverse.ask("GET", "WhoAmI").headers
    assert headers["odata-version"] == "4.0"
    assert headers["content-type"] == "application/json; odata.metadata=minimal"
    assert headers["req_id"] == headers["x-ms-service-request-id"]
    assert int(headers["x-ms-ratelimit-burst-remaining-xrm-requests"]) < 6000
    assert headers["x-ms-ratelimit-time-remaining-xrm-requests"].startswith("1,199.")

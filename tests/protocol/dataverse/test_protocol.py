"""Headers and addresses: versions, lengths, metadata levels, compression, CORS, entitlement."""

from __future__ import annotations

import gzip
import json

import pytest

from windtunnel.simulator.kernel.settings import load
from windtunnel.simulator.web.house import House


@pytest.fixture
def account(dataverse) -> str:
    return dataverse.ask("GET", "accounts?$top=1").json["value"][0]["accountid"]


@pytest.mark.parametrize("version", ["v9.0", "v9.1", "v9.2"])
def test_three_versions_are_served(dataverse, version):
    answer = dataverse.ask("GET", f"/api/data/{version}/accounts?$top=1")
    assert f"/api/data/{version}/$metadata#accounts" in answer.json["@odata.context"]


def test_the_whole_version_of_an_organization_is_served_too(dataverse, account):
    for path in (f"accounts({account})", "accounts?$top=1", "WhoAmI"):
        answer = dataverse.ask("GET", f"/api/data/v9.2.21051.00140/{path}")
        assert answer.status == 200
        assert "/api/data/v9.2/$metadata#" in answer.json["@odata.context"]
    assert dataverse.ask("GET", "/api/data/v9.2x/accounts").status == 404


def test_several_slashes_count_as_one(dataverse, account):
    # Clients join an address that ends in a slash and a path that begins with one.
    for path in ("//api/data/v9.2", "/api/data/v9.2/", "///api/data/v9.2.21051.00140//"):
        answer = dataverse.ask("GET", f"{path}/accounts({account})?$select=name")
        assert answer.status == 200, path
    assert dataverse.ask("GET", "//nothing").status == 404


MEDIA = [
    ("application/json", 204),
    ("application/json; charset=utf-8; IEEE754Compatible=true", 204),
    ("text/plain", 415),
    ("application/x-www-form-urlencoded", 415),
    ("application/xml", 415),
]


@pytest.mark.parametrize(("media", "status"), MEDIA)
def test_bodies_are_json(dataverse, account, media, status):
    for method, path in (("POST", "accounts"), ("PATCH", f"accounts({account})")):
        answer = dataverse.ask(method, path, b'{"name":"A"}', content_type=media)
        assert answer.status == status
    assert dataverse.ask("POST", "accounts", b'{"name":"A"}').status == 204


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("odata_version", "4.0", 200),
        ("odata_maxversion", "4.0", 200),
        ("odata_maxversion", "4.01", 200),
        ("odata_maxversion", "3.0", 404),
        ("odata_version", "3.0", 404),
        ("odata_version", "x", 404),
    ],
)
def test_other_versions_of_odata_are_refused(dataverse, account, header, value, status):
    assert dataverse.ask("GET", f"accounts({account})", **{header: value}).status == status


@pytest.mark.parametrize("path", ["accounts", "accounts({key})", "WhoAmI"])
def test_an_address_of_more_than_32768_characters_is_refused(dataverse, account, path):
    path = path.format(key=account)
    fits = 32_768 - len(f"/api/data/v9.2/{path}tag=")
    assert dataverse.ask("GET", f"{path}?tag={'x' * fits}").status == 200
    assert dataverse.ask("GET", f"{path}?tag={'x' * (fits + 1)}").status == 400


def test_a_batch_takes_longer_addresses(dataverse):
    def batch(length: int):
        url = f"/api/data/v9.2/accounts?$top=1&tag={'x' * length}"
        text = (
            f"--b\r\nContent-Type: application/http\r\n\r\nGET {url} HTTP/1.1\r\n\r\n\r\n--b--\r\n"
        )
        return dataverse.ask(
            "POST", "$batch", text.encode(), content_type="multipart/mixed; boundary=b"
        )

    assert b"200 OK" in batch(40_000).body
    assert b"400 Bad Request" in batch(65_600).body


def test_if_none_match_null_and_unknown_preferences_have_no_effect(dataverse, account):
    answer = dataverse.ask(
        "GET",
        f"accounts({account})",
        if_none_match="null",
        prefer="handling=lenient, something.else",
        consistency="Strong",
    )
    assert answer.status == 200
    assert "preference-applied" not in answer.headers


@pytest.mark.parametrize("path", ["accounts({key})", "accounts?$top=1", "accounts", "WhoAmI"])
def test_head_has_the_headers_of_get(dataverse, account, path):
    path = path.format(key=account)
    got, head = (dataverse.ask(method, path) for method in ("GET", "HEAD"))
    assert head.status == got.status == 200
    assert head.headers["content-type"] == got.headers["content-type"]


@pytest.mark.parametrize("path", ["accounts({key})", "accounts", "", "WhoAmI"])
def test_options_says_what_is_allowed(dataverse, account, path):
    answer = dataverse.ask("OPTIONS", path.format(key=account))
    assert answer.status == 200
    assert answer.headers["allow"] == answer.headers["public"] == "OPTIONS,GET,HEAD,POST"


def test_a_preflight_needs_no_token(dataverse):
    answer = dataverse.ask(
        "OPTIONS",
        "accounts",
        authorization="",
        origin="https://app.example",
        access_control_request_method="PATCH",
        access_control_request_headers="authorization,content-type",
    )
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "authorization,content-type"
    assert dataverse.ask("OPTIONS", "accounts", authorization="").status == 401


def test_an_origin_is_answered_with_what_it_may_read(dataverse, account):
    answer = dataverse.ask("GET", f"accounts({account})", origin="https://app.example")
    assert answer.headers["access-control-allow-origin"] == "https://app.example"
    assert "OData-EntityId" in answer.headers["access-control-expose-headers"]
    refused = dataverse.ask("GET", "nope", origin="https://app.example")
    assert refused.headers["access-control-allow-origin"] == "https://app.example"


def test_metadata_none_leaves_out_control_information(dataverse, account):
    accept = "application/json;odata.metadata=none"
    answer = dataverse.ask("GET", f"accounts({account})?$select=name", accept=accept)
    assert set(answer.json) == {"name", "accountid"}
    assert answer.headers["content-type"] == "application/json; odata.metadata=none"
    small = {"accept": accept, "prefer": "odata.maxpagesize=2"}
    page = dataverse.ask("GET", "accounts?$select=name&$count=true", **small).json
    assert set(page) == {"@odata.count", "value", "@odata.nextLink"}


def test_metadata_full_names_types_and_links(dataverse, account):
    accept = "application/json; odata.metadata=full"
    path = f"accounts({account})?$select=name,revenue,createdon,accountid"
    answer = dataverse.ask("GET", path, accept=accept)
    base = "https://localhost:3/api/data/v9.2/"
    record = answer.json
    assert answer.headers["content-type"] == "application/json; odata.metadata=full"
    assert record["@odata.type"] == "#Microsoft.Dynamics.CRM.account"
    assert record["@odata.id"] == f"{base}accounts({account})"
    assert record["@odata.editLink"] == f"accounts({account})"
    assert record["accountid@odata.type"] == "#Guid"
    assert record["createdon@odata.type"] == "#DateTimeOffset"
    links = f"{base}accounts({account})/primarycontactid"
    assert record["primarycontactid@odata.navigationLink"] == links
    page = dataverse.ask("GET", "accounts?$select=name&$top=2", accept=accept).json
    assert all(item["@odata.type"].endswith("account") for item in page["value"])


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip, deflate, br", True),
        ("GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("br", False),
        ("", False),
    ],
)
def test_large_answers_are_compressed_for_who_takes_gzip(dataverse, accepted, packed):
    plain = dataverse.ask("GET", "accounts?$select=name")
    answer = dataverse.ask("GET", "accounts?$select=name", accept_encoding=accepted)
    assert ("content-encoding" in answer.headers) is packed
    body = gzip.decompress(answer.body) if packed else answer.body
    assert json.loads(body)["value"] == plain.json["value"]
    assert answer.headers["vary"] == "Accept-Encoding"


def test_request_ids_are_on_every_answer(dataverse):
    for answer in (dataverse.ask("GET", "WhoAmI"), dataverse.ask("GET", "nope")):
        assert len(answer.headers["req_id"]) == 36
        assert answer.headers["x-ms-service-request-id"] == answer.headers["req_id"]


def entitlement(house: House) -> list[tuple[str, float]]:
    return [
        (use["identity"], use["peak"])
        for use in house.limit_use()
        if use["limit"].startswith("dataverse.entitlement")
    ]


def test_every_operation_of_a_batch_or_bulk_message_counts_for_the_day(dataverse):
    house = dataverse.house
    dataverse.ask("GET", "accounts?$top=1")
    dataverse.ask("GET", "$metadata")
    kind = "Microsoft.Dynamics.CRM.account"
    targets = [{"@odata.type": kind, "name": f"n{n}"} for n in range(7)]
    dataverse.ask("POST", "accounts/Microsoft.Dynamics.CRM.CreateMultiple", {"Targets": targets})
    one = "--b\r\nContent-Type: application/http\r\n\r\nGET accounts?$top=1 HTTP/1.1\r\n\r\n\r\n"
    text = f"{one}{one}{one}--b--\r\n"
    dataverse.ask("POST", "$batch", text.encode(), content_type="multipart/mixed; boundary=b")
    assert entitlement(house) == [("all applications", 11)]


def test_an_enforced_entitlement_refuses_until_the_next_day(tmp_path, module_environment):
    overrides = {
        "simulator.data_folder": tmp_path,
        "simulator.clock": "manual",
        "simulator.tls": False,
        "dataverse.entitlement": "enforce",
        "limits": {"dataverse.entitlement.application": {"allowance": 2}},
    }
    environment = type(module_environment)(House(load(overrides=overrides, environment={})))
    statuses = [environment.ask("GET", "WhoAmI").status for _ in range(3)]
    assert statuses == [200, 200, 429]
    refused = environment.ask("GET", "WhoAmI")
    assert refused.error == (429, "0x8005f103")
    environment.house.clock.advance(int(refused.headers["retry-after"]))
    environment.token = environment._token()
    assert environment.ask("GET", "WhoAmI").status == 200


def test_a_message_that_would_run_longer_than_two_minutes_is_refused(dataverse):
    house = dataverse.house
    house.override_limits({"dataverse.message-seconds": {"allowance": 0.1}})
    kind = "Microsoft.Dynamics.CRM.account"
    targets = [{"@odata.type": kind, "name": f"n{n}"} for n in range(20)]
    try:
        answer = dataverse.ask(
            "POST", "accounts/Microsoft.Dynamics.CRM.CreateMultiple", {"Targets": targets}
        )
    finally:
        house.override_limits({"dataverse.message-seconds": {"allowance": 120}})
    assert answer.error == (500, "0x80044151")
    assert not dataverse.ask("GET", "accounts?$filter=name eq 'n3'").json["value"]

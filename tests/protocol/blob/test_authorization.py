"""Shared Key and SAS: what is let in, and how the rest is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import HttpResponseError
from azure.identity import ClientSecretCredential
from azure.storage.blob import (
    AccessPolicy,
    BlobClient,
    BlobServiceClient,
    ContainerClient,
    ContainerSasPermissions,
    ResourceTypes,
    generate_account_sas,
    generate_blob_sas,
    generate_container_sas,
)

from tests.protocol.blob.conftest import code_of

PUT = {"x-ms-blob-type": "BlockBlob"}


def soon(minutes: float = 30) -> datetime:
    return datetime.now(UTC) + timedelta(minutes=minutes)


@pytest.fixture
def account(simulator) -> tuple[str, str]:
    parts = dict(
        part.split("=", 1)
        for part in simulator.env["WT_BLOB_CONNECTION_STRING"].rstrip(";").split(";")
    )
    return parts["AccountName"], parts["AccountKey"]


@pytest.fixture
def root(simulator, account) -> str:
    return f"{simulator.env['WT_BLOB_URL']}/{account[0]}"


def refused(call) -> tuple[int, str]:
    with pytest.raises(HttpResponseError) as caught:
        call()
    response = caught.value.response
    return response.status_code, response.headers["x-ms-error-code"]


def test_another_key_is_refused_with_the_string_that_should_have_been_signed(http, account, root):
    wrong = base64.b64encode(b"wrong").decode()
    client = BlobServiceClient(
        root, credential={"account_name": account[0], "account_key": wrong}, retry_total=0
    )
    with pytest.raises(HttpResponseError) as caught:
        client.create_container("c-1")
    assert caught.value.status_code == 403
    assert "Server used following string to sign" in caught.value.response.text()


def test_a_key_that_signs_by_hand_is_let_in(http, account, root, container):
    name, key = account
    date = "Wed, 25 Nov 2026 12:00:00 GMT"
    text = (
        "GET\n\n\n\n\n\n\n\n\n\n\n\n"
        f"x-ms-date:{date}\nx-ms-version:2021-08-06\n"
        f"/{name}/{name}/packages\ncomp:list\nrestype:container"
    )
    mac = hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()
    headers = {
        "x-ms-date": date,
        "x-ms-version": "2021-08-06",
        "Authorization": f"SharedKey {name}:{base64.b64encode(mac).decode()}",
    }
    got = http.get(f"{root}/packages?restype=container&comp=list", headers=headers)
    assert got.status_code == 200
    lite = (
        f"GET\n\n\n\nx-ms-date:{date}\nx-ms-version:2021-08-06\n/{name}/{name}/packages?comp=list"
    )
    mac = hmac.new(base64.b64decode(key), lite.encode(), hashlib.sha256).digest()
    headers["Authorization"] = f"SharedKeyLite {name}:{base64.b64encode(mac).decode()}"
    got = http.get(f"{root}/packages?restype=container&comp=list", headers=headers)
    assert got.status_code == 200


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"x-ms-version": "2021-08-06"}, 401, "NoAuthenticationInformation"),
        ({}, 409, "PublicAccessNotPermitted"),
        ({"Authorization": "Basic eA=="}, 400, "InvalidAuthenticationInfo"),
        ({"Authorization": "SharedKey contoso:x"}, 403, "AuthenticationFailed"),
        (
            {"Authorization": "SharedKey other:x", "x-ms-date": "now"},
            403,
            "AuthenticationFailed",
        ),
        ({"x-ms-version": "never"}, 400, "InvalidHeaderValue"),
    ],
)
def test_a_request_without_good_credentials_is_refused(
    http, root, container, headers, status, code
):
    container.upload_blob("a", b"secret")
    answer = http.get(f"{root}/packages/a", headers=headers)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert answer.headers["x-ms-request-id"]
    head = http.head(f"{root}/packages/a", headers=headers)
    assert (head.status_code, code_of(head), head.content) == (status, code, b"")


def test_anonymous_callers_are_told_where_tokens_are_given(http, root, simulator):
    answer = http.get(f"{root}/packages/a", headers={"x-ms-version": "2021-08-06"})
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith(f"Bearer authorization_uri={simulator.env['WT_AUTHORITY_URL']}")
    assert "resource_id=https://storage.azure.com" in challenge


def test_an_account_that_is_not_there_is_not_found(http, simulator):
    answer = http.get(f"{simulator.env['WT_BLOB_URL']}/nobody/c-1/b")
    assert (answer.status_code, code_of(answer)) == (404, "ResourceNotFound")


def test_a_blob_sas_reaches_its_blob_only(container, account, root):
    container.upload_blob("a", b"content")
    container.upload_blob("b", b"other")
    sas = generate_blob_sas(
        account[0], "packages", "a", account_key=account[1], permission="r", expiry=soon()
    )
    assert BlobClient(root, "packages", "a", credential=sas).download_blob().readall() == b"content"
    other = BlobClient(root, "packages", "b", credential=sas, retry_total=0)
    assert refused(other.download_blob) == (403, "AuthenticationFailed")
    own = BlobClient(root, "packages", "a", credential=sas, retry_total=0)
    denied = (403, "AuthorizationPermissionMismatch")
    assert refused(own.delete_blob) == denied
    assert refused(lambda: own.upload_blob(b"x", overwrite=True)) == denied
    assert refused(own.get_blob_tags) == denied
    whole = ContainerClient(root, "packages", credential=sas, retry_total=0)
    assert refused(lambda: list(whole.list_blobs()))[0] == 403


def test_a_sas_that_creates_does_not_overwrite(container, account, root):
    sas = generate_blob_sas(
        account[0], "packages", "new", account_key=account[1], permission="c", expiry=soon()
    )
    blob = BlobClient(root, "packages", "new", credential=sas, retry_total=0)
    blob.upload_blob(b"1")
    denied = (403, "AuthorizationPermissionMismatch")
    assert refused(lambda: blob.upload_blob(b"2", overwrite=True)) == denied


def test_a_sas_shows_the_headers_that_it_names(container, account, root, http):
    container.upload_blob("a", b"content")
    sas = generate_blob_sas(
        account[0],
        "packages",
        "a",
        account_key=account[1],
        permission="r",
        expiry=soon(),
        content_disposition="attachment; filename=x.zip",
        content_type="application/zip",
    )
    answer = http.get(f"{root}/packages/a?{sas}")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"] == "attachment; filename=x.zip"


@pytest.mark.parametrize(
    ("terms", "code", "detail"),
    [
        ({"expiry": -1}, "AuthenticationFailed", "Signature not valid in the specified"),
        (
            {"expiry": 30, "start": 5},
            "AuthenticationFailed",
            "Signature not valid in the specified",
        ),
        (
            {"expiry": 30, "start": 60},
            "AuthenticationFailed",
            "must be after signed start time",
        ),
        ({"expiry": 30, "protocol": "https"}, "AuthorizationProtocolMismatch", ""),
        ({"expiry": 30, "ip": "10.0.0.1"}, "AuthorizationSourceIPMismatch", "SourceIP"),
        ({"expiry": 30, "ip": "10.0.0.1-10.0.0.9"}, "AuthorizationSourceIPMismatch", ""),
    ],
)
def test_a_sas_at_the_wrong_time_or_place_is_refused(
    container, account, root, http, terms, code, detail
):
    moments = {name: soon(terms[name]) for name in ("expiry", "start") if name in terms}
    sas = generate_blob_sas(
        account[0], "packages", "a", account_key=account[1], permission="rw", **{**terms, **moments}
    )
    answer = http.put(f"{root}/packages/a?{sas}", content=b"PK", headers=PUT)
    assert (answer.status_code, code_of(answer)) == (403, code)
    assert detail in answer.text


@pytest.mark.parametrize(
    "change",
    [
        ("sig=", "sig=A"),
        ("sp=r", "sp=rwd"),
        ("sv=", "sv=1"),
        ("sr=b", "sr=c"),
        ("&sr=b", ""),
        (r"se=\d{4}", "se=9999"),
        (r"se=[^&]*", "se=soon"),
        (r"se=[^&]*&", ""),
    ],
)
def test_a_sas_that_was_changed_is_refused(container, account, root, http, change):
    container.upload_blob("a", b"content")
    sas = generate_blob_sas(
        account[0], "packages", "a", account_key=account[1], permission="r", expiry=soon()
    )
    changed = re.sub(*change, sas)
    assert changed != sas
    answer = http.get(f"{root}/packages/a?{changed}")
    assert (answer.status_code, code_of(answer)) == (403, "AuthenticationFailed")


def test_an_address_range_that_holds_the_caller_lets_in(container, account, root):
    container.upload_blob("a", b"content")
    for ip in ("127.0.0.1", "127.0.0.0-127.0.0.255"):
        sas = generate_blob_sas(
            account[0],
            "packages",
            "a",
            account_key=account[1],
            permission="r",
            expiry=soon(),
            ip=ip,
        )
        blob = BlobClient(root, "packages", "a", credential=sas)
        assert blob.download_blob().readall() == b"content"


def test_a_container_sas_lists_and_writes_but_does_not_delete_the_container(
    container, account, root
):
    sas = generate_container_sas(
        account[0], "packages", account_key=account[1], permission="rwl", expiry=soon()
    )
    client = ContainerClient(root, "packages", credential=sas, retry_total=0)
    client.upload_blob("x/y", b"1")
    assert [blob.name for blob in client.list_blobs()] == ["x/y"]
    assert refused(client.delete_container)[0] == 403
    assert refused(lambda: client.delete_blob("x/y")) == (403, "AuthorizationPermissionMismatch")


def test_an_account_sas_is_bound_to_services_and_kinds_of_resource(container, account, root):
    def client(types, permission, **more):
        sas = generate_account_sas(
            *account, ResourceTypes.from_string(types), permission, soon(), **more
        )
        return BlobServiceClient(root, credential=sas, retry_total=0)

    assert [c.name for c in client("s", "l").list_containers()] == ["packages"]
    client("c", "c").create_container("made")
    client("o", "cw").get_blob_client("made", "b").upload_blob(b"1")
    assert refused(lambda: list(client("o", "l").list_containers())) == (
        403,
        "AuthorizationResourceTypeMismatch",
    )
    assert refused(lambda: list(client("s", "r").list_containers())) == (
        403,
        "AuthorizationPermissionMismatch",
    )
    assert refused(lambda: list(client("s", "l", services="q").list_containers())) == (
        403,
        "AuthorizationServiceMismatch",
    )


def test_a_stored_access_policy_gives_a_sas_its_terms_and_takes_them_back(container, account, root):
    container.upload_blob("a", b"content")
    policy = AccessPolicy(ContainerSasPermissions(read=True), soon(), soon(-5))
    container.set_container_access_policy({"readers": policy})
    sas = generate_blob_sas(
        account[0], "packages", "a", account_key=account[1], policy_id="readers"
    )
    blob = BlobClient(root, "packages", "a", credential=sas, retry_total=0)
    assert blob.download_blob().readall() == b"content"
    container.set_container_access_policy({})
    assert refused(blob.download_blob) == (403, "AuthenticationFailed")


def test_a_credential_of_azure_identity_opens_the_account_by_its_cloud_name(
    container, simulator, http, root
):
    env = simulator.env
    container.upload_blob("a", b"content")
    credential = ClientSecretCredential(
        env["WT_TENANT_ID"],
        env["WT_CLIENT_ID"],
        env["WT_CLIENT_SECRET"],
        authority=env["WT_AUTHORITY_URL"],
        disable_instance_discovery=True,
        connection_verify=env["WT_CA_FILE"],
    )
    with BlobServiceClient(
        "https://contoso.blob.core.windows.net",
        credential=credential,
        proxies={"https": env["WT_PROXY_URL"]},
        connection_verify=env["WT_CA_FILE"],
        retry_total=0,
    ) as client:
        blob = client.get_blob_client("packages", "a")
        assert blob.download_blob().readall() == b"content"
        blob.delete_blob()
    token = credential.get_token("https://storage.azure.com/.default").token
    other = credential.get_token("https://vault.azure.net/.default").token
    url = f"{root}/packages?restype=container&comp=list"
    for version, given, status in (
        ("2021-08-06", token, 200),
        ("2021-08-06", other, 401),
        ("2021-08-06", "x", 401),
        ("2015-02-21", token, 403),
    ):
        headers = {"Authorization": f"Bearer {given}", "x-ms-version": version}
        answer = http.get(url, headers=headers)
        assert answer.status_code == status, answer.text
    simulator.call(lambda house: house.clock.advance(4000))
    headers = {"Authorization": f"Bearer {token}", "x-ms-version": "2021-08-06"}
    answer = http.get(url, headers=headers)
    assert (answer.status_code, code_of(answer)) == (401, "InvalidAuthenticationInfo")
    assert "Bearer authorization_uri" in answer.headers["www-authenticate"]


def test_a_second_key_opens_as_well():
    from windtunnel.simulator import Simulator

    second = base64.b64encode(b"second").decode()
    first = base64.b64encode(b"first").decode()
    accounts = [{"name": "stgaccount1", "keys": [first, second]}]
    with Simulator(simulator__sample_data=False, blob__accounts=accounts) as simulator:
        connection = simulator.env["WT_BLOB_CONNECTION_STRING"].replace(first, second)
        with BlobServiceClient.from_connection_string(connection) as client:
            client.create_container("c-1")
            assert [c.name for c in client.list_containers()] == ["c-1"]

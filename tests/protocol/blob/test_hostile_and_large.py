"""Bodies too large to hold, requests that are wrong, and what is left behind by neither."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from urllib.parse import urlsplit

import httpx
import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.blob.aio import BlobServiceClient as AsyncBlobServiceClient

from tests.protocol.blob.conftest import code_of

PUT = {"x-ms-blob-type": "BlockBlob"}
MIB = 1_048_576


def incoming(simulator) -> list[str]:
    return simulator.call(lambda h: [p.name for p in h.blob.model.contents.incoming.iterdir()])


def pieces(count: int, size: int = 65_536):
    for number in range(count):
        yield bytes([number % 251]) * size


@pytest.mark.parametrize("count", [15, 16, 17, 200])
def test_a_body_is_kept_whole_on_both_sides_of_the_limit_of_memory(
    container, simulator, http, sas_url, count
):
    data = b"".join(pieces(count))
    put = http.put(sas_url(), content=data, headers=PUT | {"x-ms-version": "2021-08-06"})
    assert put.status_code == 201
    assert http.get(sas_url()).content == data
    assert incoming(simulator) == []
    assert put.headers["content-md5"] == http.get(sas_url()).headers["content-md5"]


def test_a_large_body_that_is_refused_leaves_no_file(container, simulator, http, sas_url):
    body = bytes(3 * MIB)
    refused = http.put(sas_url(permissions="r"), content=body, headers=PUT)
    assert (refused.status_code, code_of(refused)) == (403, "AuthorizationPermissionMismatch")
    assert http.put(sas_url(), content=body).status_code == 400
    assert incoming(simulator) == []
    assert simulator.call(lambda house: house.blob.model.contents.files()) == set()


def test_a_client_that_leaves_in_the_middle_leaves_no_file(container, simulator, sas_url):
    parts = urlsplit(sas_url())
    head = (
        f"PUT {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"x-ms-blob-type: BlockBlob\r\nContent-Length: {10 * MIB}\r\n\r\n"
    )
    with socket.create_connection((parts.hostname, parts.port)) as left:
        left.sendall(head.encode() + bytes(4 * MIB))
        wait_until(lambda: len(incoming(simulator)) == 1)
    wait_until(lambda: incoming(simulator) == [])
    assert not simulator.call(lambda house: house.blob_access.exists("packages", "a.zip"))


def wait_until(condition) -> None:
    pause = threading.Event()
    for _ in range(6_000):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("it never came true")


def test_limits_of_size_are_those_of_the_version_that_speaks(container, http, sas_url):
    """DMF's write URL with an old x-ms-version takes 64 MiB at once, a block of it 4 MiB."""
    too_large = b"x" * (4 * MIB + 1)
    answer = http.put(f"{sas_url()}&comp=block&blockid=MQ==", content=too_large)
    assert (answer.status_code, code_of(answer)) == (413, "RequestBodyTooLarge")
    assert f"<MaxLimit>{4 * MIB}</MaxLimit>" in answer.text
    newer = {"x-ms-version": "2016-05-31"}
    answer = http.put(f"{sas_url()}&comp=block&blockid=MQ==", content=too_large, headers=newer)
    assert answer.status_code == 201
    answer = http.put(
        sas_url(), content=pieces(1025), headers=PUT | {"Content-Length": str(1025 * 65_536)}
    )
    assert (answer.status_code, code_of(answer)) == (413, "RequestBodyTooLarge")


def test_a_body_of_unknown_length_is_refused(container, http, sas_url):
    answer = http.put(sas_url(), content=pieces(2), headers=PUT)
    assert (answer.status_code, code_of(answer)) == (411, "MissingContentLengthHeader")


@pytest.mark.parametrize(
    ("method", "query", "headers", "body", "status", "code"),
    [
        ("PUT", "", {}, b"", 400, "MissingRequiredHeader"),
        ("PUT", "", {"x-ms-blob-type": "Cake"}, b"", 400, "InvalidHeaderValue"),
        ("PUT", "", {**PUT, "Content-MD5": "short"}, b"", 400, "InvalidMd5"),
        ("PUT", "", {**PUT, "x-ms-access-tier": "Warm"}, b"", 400, "InvalidHeaderValue"),
        ("PUT", "", {**PUT, "x-ms-meta-": "v"}, b"", 400, "EmptyMetadataKey"),
        ("PUT", "", {**PUT, "x-ms-meta-a-b": "v"}, b"", 400, "InvalidMetadata"),
        ("PUT", "", {**PUT, "x-ms-meta-a": "v" * 9000}, b"", 400, "MetadataTooLarge"),
        ("PUT", "", {**PUT, "x-ms-lease-id": "mine"}, b"", 400, "InvalidHeaderValue"),
        ("PUT", "", {**PUT, "If-Modified-Since": "later"}, b"", 400, "InvalidHeaderValue"),
        ("PUT", "", {**PUT, "x-ms-tags": "a=<"}, b"", 400, "InvalidTag"),
        ("PUT", "", {"x-ms-blob-type": "PageBlob"}, b"", 400, "MissingRequiredHeader"),
        ("PUT", "comp=block", {}, b"x", 400, "MissingRequiredQueryParameter"),
        ("PUT", "comp=block&blockid=%21", {}, b"x", 400, "InvalidQueryParameterValue"),
        ("PUT", "comp=block&blockid=MQ==", {}, b"", 400, "InvalidHeaderValue"),
        ("PUT", "comp=blocklist", {}, b"", 400, "InvalidXmlDocument"),
        ("PUT", "comp=blocklist", {}, b"<BlockList><A/></BlockList>", 400, "InvalidXmlDocument"),
        ("PUT", "comp=blocklist", {}, b"<BlockList", 400, "InvalidXmlDocument"),
        (
            "PUT",
            "comp=blocklist",
            {},
            b'<!DOCTYPE a [<!ENTITY b "c">]><BlockList>&b;</BlockList>',
            400,
            "InvalidXmlDocument",
        ),
        ("PUT", "comp=cake", {}, b"", 400, "InvalidQueryParameterValue"),
        ("PUT", "comp=lease", {}, b"", 400, "MissingRequiredHeader"),
        ("PUT", "comp=lease", {"x-ms-lease-action": "eat"}, b"", 400, "InvalidHeaderValue"),
        ("PUT", "comp=tags", {}, b"<Tags>" + b"<a>" * 200, 400, "InvalidXmlDocument"),
        ("POST", "", {}, b"", 405, "UnsupportedHttpVerb"),
        ("PATCH", "", {}, b"", 405, "UnsupportedHttpVerb"),
        ("GET", "comp=query", {}, b"", 501, "NotImplemented"),
        ("GET", "versionid=1", {}, b"", 501, "NotImplemented"),
        ("GET", "", {"x-ms-if-tags": "a='b'"}, b"", 501, "NotImplemented"),
        ("OPTIONS", "", {}, b"", 501, "NotImplemented"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(
    container, service, http, method, query, headers, body, status, code
):
    """Requests of the key's owner, so that nothing but the request itself is refused."""
    from azure.storage.blob import ResourceTypes, generate_account_sas

    sas = generate_account_sas(
        service.account_name,
        service.credential.account_key,
        ResourceTypes.from_string("sco"),
        "rwdlacut",
        "2099-01-01",
    )
    url = f"{container.url}/a?{query}&{sas}"
    answer = http.request(method, url, headers=headers, content=body)
    assert (answer.status_code, code_of(answer)) == (status, code)
    assert "x-windtunnel-bug" not in answer.headers


@pytest.mark.parametrize(
    "query",
    [
        "comp=list&maxresults=0",
        "comp=list&maxresults=x",
        "comp=list&include=cake",
        "comp=list&marker=%FF%FE",
        "comp=list&include=snapshots&delimiter=/",
    ],
)
def test_a_wrong_list_is_refused(container, http, service, query):
    from azure.storage.blob import generate_container_sas

    sas = generate_container_sas(
        service.account_name,
        "packages",
        account_key=service.credential.account_key,
        permission="l",
        expiry="2099-01-01",
    )
    answer = http.get(f"{container.url}?restype=container&{query}&{sas}")
    assert answer.status_code == 400
    assert code_of(answer)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--b\r\n\r\n",
        b"--b\r\nContent-Type: application/http\r\n\r\nGET / HTTP/1.1\r\n\r\n--b--",
    ],
)
def test_a_wrong_batch_is_refused(container, http, service, body):
    from azure.storage.blob import ResourceTypes, generate_account_sas

    sas = generate_account_sas(
        service.account_name,
        service.credential.account_key,
        ResourceTypes.from_string("sco"),
        "rwdl",
        "2099-01-01",
    )
    answer = http.post(
        f"{service.url}?comp=batch&{sas}",
        content=body,
        headers={"Content-Type": "multipart/mixed; boundary=b"},
    )
    assert (answer.status_code, code_of(answer)) == (400, "InvalidInput")


def test_cloud_names_lead_to_the_account_that_they_name(container, simulator, sas_url):
    env = simulator.env
    context = ssl.create_default_context(cafile=env["WT_CA_FILE"])
    url = sas_url(in_cloud=True)
    assert url.startswith("https://contoso.blob.core.windows.net/packages/a.zip?")
    body = bytes(range(256)) * 20_000
    with httpx.Client(proxy=env["WT_PROXY_URL"], verify=context) as client:
        assert client.put(url, content=body, headers=PUT).status_code == 201
        assert client.get(url).content == body
        other = client.get(url.replace("contoso.", "fabrikam."))
        assert (other.status_code, code_of(other)) == (404, "ResourceNotFound")
    assert incoming(simulator) == []
    with BlobServiceClient(
        "https://contoso.blob.core.windows.net",
        credential=container.credential.account_key,
        proxies={"https": env["WT_PROXY_URL"]},
        connection_verify=env["WT_CA_FILE"],
    ) as client:
        names = [blob.name for blob in client.get_container_client("packages").list_blobs()]
    assert names == ["a.zip"]


def test_a_large_body_for_another_service_is_not_spooled(simulator):
    env = simulator.env
    body = b'{"name":"' + b"x" * (2 * MIB) + b'"}'
    with httpx.Client(proxy=env["WT_PROXY_URL"]) as client:
        answer = client.post(f"{env['WT_DATAVERSE_HTTP_URL']}/api/data/v9.2/accounts", content=body)
    assert answer.status_code == 401
    assert incoming(simulator) == []


def test_the_asynchronous_client_uploads_and_downloads(simulator):
    connection = simulator.env["WT_BLOB_CONNECTION_STRING"]
    data = b"".join(pieces(300))

    async def use() -> None:
        async with AsyncBlobServiceClient.from_connection_string(
            connection, max_single_put_size=MIB, max_block_size=MIB
        ) as client:
            container = await client.create_container("async")
            blob = container.get_blob_client("a b/c")
            await blob.upload_blob(data, max_concurrency=3)
            stream = await blob.download_blob(max_concurrency=3)
            assert b"".join([chunk async for chunk in stream.chunks()]) == data
            assert [item.name async for item in container.list_blobs()] == ["a b/c"]
            assert len((await blob.get_block_list("committed"))[0]) == 19
            await container.delete_blobs("a b/c")
            assert not await blob.exists()

    asyncio.run(use())

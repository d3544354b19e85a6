"""Generated requests to Blob Storage: whatever is asked, no answer is a bug of ours."""

from __future__ import annotations

import random

import httpx
import pytest
from azure.storage.blob import BlobServiceClient, ResourceTypes, generate_account_sas

from windtunnel.simulator import Simulator
from windtunnel.simulator.services.blob.routes import OPERATIONS

REQUESTS = 1_500
METHODS = ("GET", "PUT", "DELETE", "HEAD", "POST")
PATHS = (
    "",
    "/",
    "/c-1",
    "/c-1/",
    "/c-1/block",
    "/c-1/append",
    "/c-1/page",
    "/c-1/%E4",
    "/c-1/%00",
    "/c-1/a%2Fb//c",
    "/C",
    "/$root",
    "/$root/x",
    "/none/x",
    "/c-1/" + "x" * 1025,
)
COMPS = (
    *("", "list", "metadata", "acl", "lease", "properties", "block", "blocklist", "tags", "tier"),
    *("snapshot", "page", "pagelist", "appendblock", "seal", "batch", "copy", "blobs", "undelete"),
)
VALUES = ("", "0", "-1", "1", "99999999999999999999", "ÿ", "bytes=0-511", "bytes=5-1", "*", '"x"')
WORDS = ("BlockBlob", "AppendBlob", "PageBlob", "acquire", "break", "true", "update", "clear")
GUIDS = ("12345678-1234-1234-1234-123456789012", "x")
HEADERS = (
    *("x-ms-blob-type", "x-ms-range", "range", "x-ms-lease-action", "x-ms-lease-duration"),
    *("x-ms-lease-id", "x-ms-proposed-lease-id", "x-ms-lease-break-period", "if-match"),
    *("if-none-match", "if-modified-since", "x-ms-blob-content-length", "x-ms-page-write"),
    *("x-ms-blob-sequence-number", "x-ms-sequence-number-action", "x-ms-access-tier"),
    *("x-ms-blob-condition-appendpos", "x-ms-copy-source", "x-ms-source-range", "x-ms-meta-a"),
    *("content-md5", "x-ms-content-crc64", "x-ms-version", "x-ms-tags", "content-type"),
    *("x-ms-range-get-content-md5", "x-ms-delete-snapshots", "x-ms-requires-sync"),
)
BODIES = (
    *(b"", b"", b"x", b"x" * 512, b"<BlockList/>", b"<Tags><TagSet/></Tags>", b"<a", b"\xff\xfe"),
    b"<BlockList><Latest>MQ==</Latest></BlockList>",
)
KNOWN = [key for key in OPERATIONS if key[:3] != ("DELETE", "container", "container")]
BY_LEVEL = {
    "service": ("", "/"),
    "container": ("/c-1", "/c-1", "/none", "/C"),
    "blob": ("/c-1/block", "/c-1/append", "/c-1/page", "/c-1/new", "/c-1/%E4", "/none/x"),
}
LIKELY = {
    "x-ms-blob-type": ("BlockBlob", "AppendBlob", "PageBlob"),
    "x-ms-range": ("bytes=0-511", "bytes=512-1023", "bytes=5-1", "bytes=0-"),
    "x-ms-source-range": ("bytes=0-1", "bytes=0-511", "bytes=99-"),
    "x-ms-lease-action": ("acquire", "renew", "change", "release", "break"),
    "x-ms-lease-duration": ("-1", "15", "60"),
    "x-ms-lease-id": GUIDS,
    "x-ms-proposed-lease-id": GUIDS,
    "x-ms-lease-break-period": ("0", "10"),
    "x-ms-page-write": ("update", "clear"),
    "x-ms-blob-content-length": ("0", "512", "1024"),
    "x-ms-sequence-number-action": ("max", "update", "increment"),
    "x-ms-access-tier": ("Hot", "Cool", "Archive"),
    "x-ms-version": ("2021-08-06", "2015-02-21"),
    "content-type": ("application/xml", "multipart/mixed; boundary=b"),
    "if-modified-since": ("Thu, 01 Jan 2009 00:00:00 GMT", "Thu, 01 Jan 2099 00:00:00 GMT"),
}


@pytest.mark.parametrize("seed", [1, 2])
def test_no_request_to_blob_storage_finds_a_bug(seed):
    chance = random.Random(seed)
    with Simulator(simulator__sample_data=False) as simulator:
        connection = simulator.env["WT_BLOB_CONNECTION_STRING"]
        with BlobServiceClient.from_connection_string(connection) as service:
            container = service.create_container("c-1")
            container.upload_blob("block", b"x" * 100)
            container.get_blob_client("append").create_append_blob()
            container.get_blob_client("page").create_page_blob(1024)
            sas = generate_account_sas(
                service.account_name,
                service.credential.account_key,
                ResourceTypes.from_string("sco"),
                "rwdlacut",
                "2099-01-01",
            )
            root = service.url.rstrip("/")
        with httpx.Client() as http:
            for _ in range(REQUESTS):
                ask_one(chance, http, root, sas)


def ask_one(chance: random.Random, http: httpx.Client, root: str, sas: str) -> None:
    if chance.random() < 0.85:
        method, level, restype, comp = chance.choice(KNOWN)
        comp, url, _ = comp.partition(":")
        path = chance.choice(BY_LEVEL[level])
    else:
        method, path = chance.choice(METHODS), chance.choice(PATHS)
        comp, restype, url = chance.choice(COMPS), chance.choice(("", "container", "service")), ""
    query = f"comp={comp}&" if comp else ""
    query += f"restype={restype}&" if restype else ""
    for name in ("blockid", "snapshot", "marker", "maxresults", "include", "blocklisttype"):
        if chance.random() < (0.6 if name == "blockid" else 0.1):
            query += f"{name}={chance.choice(('', 'MQ==', 'MQ==', '%FF', '2!%2F', '5', 'all'))}&"
    headers = {}
    for name in chance.sample(HEADERS, chance.randrange(4)):
        fitting = LIKELY.get(name, VALUES)
        value = chance.choice((*fitting, *fitting, *fitting, *VALUES, *WORDS))
        headers[name] = value.encode("latin-1")
    for name in ("x-ms-blob-type", "x-ms-lease-action", "x-ms-page-write", "x-ms-range"):
        if chance.random() < 0.6:
            headers[name] = chance.choice(LIKELY[name]).encode()
    if url or "x-ms-copy-source" in headers:
        source = chance.choice((f"{root}/c-1/block?{sas}", f"{root}/c-1/x", "http://[", "x", "/"))
        headers["x-ms-copy-source"] = source.encode()
    url = f"{root}{path}?{query}{sas}"
    answer = http.request(method, url, headers=headers, content=chance.choice(BODIES))
    shown = f"{method} {url} {headers}"
    assert "x-windtunnel-bug" not in answer.headers, shown
    assert answer.status_code < 500 or "x-windtunnel-absent" in answer.headers, shown

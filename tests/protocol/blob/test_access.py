"""What other services of the house do with blobs, seen from outside."""

from __future__ import annotations

import io
import zipfile

import pytest

from windtunnel.simulator.services.blob.errors import (
    AuthenticationFailed,
    AuthorizationPermissionMismatch,
)

PUT = {"x-ms-blob-type": "BlockBlob"}


def test_a_write_url_takes_a_put_and_serves_it_back(container, http, sas_url):
    url = sas_url(blob="my package.zip")
    put = http.put(url, content=b"PK", headers=PUT)
    assert (put.status_code, put.headers["content-md5"]) == (201, "1xvdIsi7k7jSh9zm9GrtJQ==")
    got = http.get(url)
    assert (got.status_code, got.content) == (200, b"PK")
    assert got.headers["x-ms-version"] == "2014-02-14"


def test_a_write_is_read_by_the_client_and_made_again_in_place(service, simulator):
    for text in (b"one", b"two"):
        size = simulator.call(
            lambda house, text=text: house.blob_access.write("temporary-file", "d/p.zip", [text])
        )
        assert size == 3
        blob = service.get_blob_client("temporary-file", "d/p.zip")
        assert blob.download_blob().readall() == text


def test_a_blob_of_many_blocks_opens_as_one_file_that_seeks(container, simulator):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("Manifest.xml", b"<a/>" * 1000)
        archive.writestr("rows.csv", b"1,2\r\n" * 1000)
    data = packed.getvalue()
    blob = container.get_blob_client("p.zip")
    ids = [f"{n:04}" for n in range(len(data) // 1000 + 1)]
    for n, block in enumerate(ids):
        blob.stage_block(block, data[n * 1000 : n * 1000 + 1000])
    blob.commit_block_list(ids)
    with (
        simulator.call(lambda house: house.blob_access.open("packages", "p.zip")) as file,
        zipfile.ZipFile(file) as archive,
    ):
        assert archive.read("rows.csv") == b"1,2\r\n" * 1000
        assert archive.testzip() is None


def test_an_open_file_outlives_its_blob(container, simulator):
    container.upload_blob("a", b"x" * 2_000_000)
    file = simulator.call(lambda house: house.blob_access.open("packages", "a"))
    container.delete_blob("a")
    container.upload_blob("b", b"")
    assert file.read() == b"x" * 2_000_000
    file.close()


def test_a_url_is_opened_by_its_sas_only(container, simulator, sas_url):
    container.upload_blob("a.zip", b"content")

    def read(url):
        return simulator.call(lambda house: house.blob_access.open_url(url).read())

    assert read(sas_url(permissions="r")) == b"content"
    assert read(sas_url(permissions="r", in_cloud=True)) == b"content"
    with pytest.raises(AuthorizationPermissionMismatch):
        read(sas_url(permissions="w"))
    with pytest.raises(AuthenticationFailed):
        read(sas_url(permissions="r").replace("a.zip", "b.zip"))
    with pytest.raises(LookupError):
        read("https://example.com/packages/a.zip")


def test_a_url_ends_with_its_time_on_the_clock(container, simulator, http, sas_url):
    url = sas_url(seconds=1800)
    simulator.call(lambda house: house.clock.advance(1801))
    refused = http.put(url, content=b"PK", headers=PUT)
    assert refused.status_code == 403
    assert refused.headers["x-ms-error-code"] == "AuthenticationFailed"
    assert "Signature not valid in the specified time frame" in refused.text


def test_nothing_stays_of_a_write_that_breaks_off(simulator):
    def pieces():
        yield b"half"
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        simulator.call(lambda house: house.blob_access.write("c-1", "b", pieces()))
    assert not simulator.call(lambda house: house.blob_access.exists("c-1", "b"))
    assert simulator.call(lambda house: house.blob.model.contents.files()) == set()

"""File and image columns, request by request as Microsoft's pages show them."""

from __future__ import annotations

import base64
import dataclasses
import io
from urllib.parse import urlsplit

import pytest
from PIL import Image

from tests.protocol.dataverse.conftest import Environment
from windtunnel.simulator.kernel.settings import load
from windtunnel.simulator.services.dataverse.model.files import CHUNK
from windtunnel.simulator.web.house import House

SCHEMA = """<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
<edmx:DataServices><Schema Namespace="mscrm" xmlns="http://docs.oasis-open.org/odata/ns/edm">
<EntityType Name="new_doc"><Key><PropertyRef Name="new_docid"/></Key>
<Property Name="new_docid" Type="Edm.Guid"/><Property Name="new_name" Type="Edm.String"/>
<Property Name="new_file" Type="Edm.Guid">
<Annotation Term="Windtunnel.V1.Type" String="File"/></Property>
<Property Name="new_file_name" Type="Edm.String"/>
<Property Name="new_image" Type="Edm.Binary"/><Property Name="new_imageid" Type="Edm.Guid"/>
<Property Name="new_image_timestamp" Type="Edm.Int64"/>
<Property Name="new_image_url" Type="Edm.String"/>
</EntityType><EntityContainer Name="System"><EntitySet Name="new_docs" EntityType="mscrm.new_doc"/>
</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"""
TYPE = "Microsoft.Dynamics.CRM.new_doc"
CONTEXT = "https://localhost:3/api/data/v9.2/$metadata#Microsoft.Dynamics.CRM."


@pytest.fixture(scope="module")
def documents_environment(tmp_path_factory) -> Environment:
    folder = tmp_path_factory.mktemp("files")
    (folder / "docs.xml").write_text(SCHEMA)
    overrides = {
        "simulator.data_folder": folder,
        "simulator.clock": "manual",
        "simulator.tls": False,
        "dataverse.schemas": [folder / "docs.xml"],
    }
    return Environment(House(load(overrides=overrides, environment={})))


@pytest.fixture
def dataverse(documents_environment):
    documents_environment.house.reset()
    return documents_environment


@pytest.fixture
def row(dataverse) -> str:
    return dataverse.create("new_docs", new_name="D")


def facts(dataverse, monkeypatch, column: str, **stated) -> None:
    columns = dataverse.house.dataverse.tables.by_name["new_doc"].definition.columns
    monkeypatch.setitem(columns, column, dataclasses.replace(columns[column], facts=stated))


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(made, kind)
    return made.getvalue()


def upload(dataverse, row: str, data: bytes, name: str = "4094kb.txt", column: str = "new_file"):
    where = f"new_docs({row})/{column}"
    return dataverse.ask(
        "PATCH", where, data, content_type="application/octet-stream", x_ms_file_name=name
    )


def test_a_file_is_uploaded_in_one_request_and_downloaded(dataverse, row):
    answer = upload(dataverse, row, b"hello files")
    assert (answer.status, answer.body) == (204, b"")
    shown = dataverse.ask("GET", f"new_docs({row})?$select=new_file,new_file_name").json
    assert shown["new_file_name"] == "4094kb.txt"
    assert len(shown["new_file"]) == 36
    got = dataverse.ask("GET", f"new_docs({row})/new_file/$value")
    assert (got.status, got.body) == (200, b"hello files")
    assert got.headers["x-ms-file-size"] == "11"
    assert got.headers["x-ms-file-name"] == "4094kb.txt"
    assert got.headers["mimetype"] == "text/plain"
    assert got.headers["content-type"] == "application/octet-stream"
    exposed = "x-ms-file-size; x-ms-file-name; mimetype"
    assert got.headers["access-control-expose-headers"] == exposed


def test_a_file_replaces_the_one_there_and_the_etag_moves(dataverse, row):
    upload(dataverse, row, b"one")
    first = dataverse.ask("GET", f"new_docs({row})")
    upload(dataverse, row, b"two!", "b.bin")
    second = dataverse.ask("GET", f"new_docs({row})")
    assert first.headers["etag"] != second.headers["etag"]
    assert first.json["new_file"] != second.json["new_file"]
    assert dataverse.ask("GET", f"new_docs({row})/new_file/$value").body == b"two!"
    [(count,)] = dataverse.house.store.read("SELECT count(*) FROM dataverse_file_block")
    assert count == 1


def test_a_file_is_uploaded_in_chunks(dataverse, row):
    data = bytes(range(256)) * 20
    where = f"new_docs({row})/new_file?x-ms-file-name=25mb.pdf"
    begun = dataverse.ask("PATCH", where, x_ms_transfer_mode="chunked", if_none_match="null")
    assert begun.status == 200
    assert begun.headers["x-ms-chunk-size"] == str(CHUNK)
    assert begun.headers["accept-ranges"] == "bytes"
    assert begun.headers["access-control-expose-headers"] == "x-ms-chunk-size"
    parts = urlsplit(begun.headers["location"])
    assert parts.query.startswith("sessiontoken=")
    where = f"{parts.path}?{parts.query}"
    statuses = []
    for start in range(0, len(data), 2000):
        chunk = data[start : start + 2000]
        shown = f"bytes {start}-{start + len(chunk) - 1}/{len(data)}"
        answer = dataverse.ask(
            "PATCH", where, chunk, content_range=shown, x_ms_file_name="25mb.pdf"
        )
        statuses.append(answer.status)
    assert statuses == [206, 206, 204]
    got = dataverse.ask("GET", f"new_docs({row})/new_file/$value")
    assert got.body == data
    assert got.headers["mimetype"] == "application/pdf"
    again = dataverse.ask("PATCH", where, b"x", content_range="bytes 0-0/1")
    assert again.error == (400, "0x80040203")


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ("bytes=0-3", 206, slice(0, 4)),
        ("bytes=5-", 206, slice(5, None)),
        ("bytes=-2", 206, slice(-2, None)),
        ("bytes=8-100", 206, slice(8, 100)),
        ("bytes=10-12", 416, None),
        ("bytes=7-3", 416, None),
        ("bytes=-", 416, None),
        ("lines=1-2", 416, None),
    ],
)
def test_a_range_is_downloaded(dataverse, row, wanted, status, part):
    upload(dataverse, row, b"0123456789")
    got = dataverse.ask("GET", f"new_docs({row})/new_file/$value", range=wanted)
    assert got.status == status
    if part is not None:
        assert got.body == b"0123456789"[part]
        assert got.headers["x-ms-chunk-size"] == str(CHUNK)
        assert got.headers["x-ms-file-size"] == "10"


def test_a_range_over_the_edge_of_two_blocks_is_whole(dataverse, row):
    data = bytes(4 * CHUNK + 5)
    assert upload(dataverse, row, data).status == 204
    got = dataverse.ask("GET", f"new_docs({row})/new_file/$value", range=f"bytes={4 * CHUNK - 1}-")
    assert got.body == bytes(6)


def test_a_file_goes_by_its_column_its_id_or_with_its_record(dataverse, row):
    upload(dataverse, row, b"one")
    assert dataverse.ask("DELETE", f"new_docs({row})/new_file").status == 204
    shown = dataverse.ask("GET", f"new_docs({row})").json
    assert (shown["new_file"], shown["new_file_name"]) == (None, None)
    assert dataverse.ask("GET", f"new_docs({row})/new_file/$value").status == 204
    upload(dataverse, row, b"two")
    file_id = dataverse.ask("GET", f"new_docs({row})").json["new_file"]
    assert dataverse.ask("POST", "DeleteFile", {"FileId": file_id}).status == 204
    assert dataverse.ask("POST", "DeleteFile", {"FileId": file_id}).error == (404, "0x80040217")
    upload(dataverse, row, b"three")
    dataverse.ask("DELETE", f"new_docs({row})")
    for table in ("dataverse_file", "dataverse_file_block"):
        [(count,)] = dataverse.house.store.read(f"SELECT count(*) FROM {table}")
        assert count == 0


def test_files_are_moved_in_blocks_by_messages(dataverse, row):
    target = {"new_docid": row, "@odata.type": TYPE}
    wanted = {"Target": target, "FileName": "25mb.pdf", "FileAttributeName": "new_file"}
    begun = dataverse.ask("POST", "InitializeFileBlocksUpload", wanted)
    assert begun.json["@odata.context"] == f"{CONTEXT}InitializeFileBlocksUploadResponse"
    token = begun.json["FileContinuationToken"]
    names = [base64.b64encode(f"block{n}".encode()).decode() for n in range(3)]
    for name, data in zip(names[::-1], (b"ccc", b"bbb", b"aaa"), strict=True):
        block = {"BlockId": name, "BlockData": base64.b64encode(data).decode()}
        answer = dataverse.ask("POST", "UploadBlock", {**block, "FileContinuationToken": token})
        assert answer.status == 204
    commit = {
        "FileName": "25mb.pdf",
        "MimeType": "application/pdf",
        "BlockList": names,
        "FileContinuationToken": token,
    }
    bad = {**commit, "MimeType": "a/b\r\nx: y"}
    assert dataverse.ask("POST", "CommitFileBlocksUpload", bad).error == (400, "0x80040203")
    bad = {**commit, "BlockList": ["bm90"]}
    assert dataverse.ask("POST", "CommitFileBlocksUpload", bad).error == (400, "0x80040203")
    done = dataverse.ask("POST", "CommitFileBlocksUpload", commit).json
    assert done["FileSizeInBytes"] == 9
    assert done["FileId"] == dataverse.ask("GET", f"new_docs({row})").json["new_file"]
    wanted = {"Target": target, "FileAttributeName": "new_file"}
    begun = dataverse.ask("POST", "InitializeFileBlocksDownload", wanted).json
    assert (begun["FileSizeInBytes"], begun["FileName"]) == (9, "25mb.pdf")
    assert begun["IsChunkingSupported"] is True
    got = b""
    for offset in (0, 4, 8):
        block = {"Offset": offset, "BlockLength": 4}
        block["FileContinuationToken"] = begun["FileContinuationToken"]
        got += base64.b64decode(dataverse.ask("POST", "DownloadBlock", block).json["Data"])
    assert got == b"aaabbbccc"


def test_the_size_of_the_column_is_the_limit(dataverse, row, monkeypatch):
    facts(dataverse, monkeypatch, "new_file", MaxSizeInKB=1)
    assert upload(dataverse, row, bytes(1024)).status == 204
    refused = upload(dataverse, row, bytes(1025))
    assert refused.error == (400, "0x80044a02")
    assert refused.json["error"]["message"] == "Attachment file size is too big."
    begun = dataverse.ask(
        "PATCH", f"new_docs({row})/new_file?x-ms-file-name=a", x_ms_transfer_mode="chunked"
    )
    parts = urlsplit(begun.headers["location"])
    refused = dataverse.ask(
        "PATCH", f"{parts.path}?{parts.query}", b"x", content_range="bytes 0-0/1025"
    )
    assert refused.error == (400, "0x80044a02")


REFUSED = [
    ("PATCH", "new_docs({row})/new_file", b"x", {}, 400),
    ("POST", "new_docs({row})/new_file", b"x", {}, 405),
    ("PATCH", "new_docs({row})", {"new_file": None}, {}, 400),
    ("PATCH", "new_docs({row})/new_file?sessiontoken=no", b"x", {}, 400),
    ("PATCH", "new_docs(00000000-0000-0000-0000-000000000001)/new_file", b"x", {}, 404),
    ("POST", "UploadBlock", {"FileContinuationToken": "x"}, {}, 400),
    ("POST", "UploadBlock", b"[", {}, 400),
    ("POST", "UploadBlock", b"[]", {}, 400),
    ("POST", "InitializeFileBlocksUpload", {}, {}, 400),
    ("POST", "InitializeFileBlocksUpload", {"Target": {"@odata.type": "x"}}, {}, 400),
    ("POST", "DownloadBlock", {"FileContinuationToken": 7}, {}, 400),
    ("POST", "DeleteFile", {"FileId": "nope"}, {}, 400),
    ("GET", "DeleteFile", None, {}, 404),
]


@pytest.mark.parametrize(("method", "path", "body", "headers", "status"), REFUSED)
def test_what_is_wrong_is_refused(dataverse, row, method, path, body, headers, status):
    answer = dataverse.ask(method, path.format(row=row), body, **headers)
    assert answer.status == status, answer.body
    assert answer.json["error"]["message"]


@pytest.mark.parametrize(
    ("size", "kind", "shown"),
    [
        ((300, 428), "PNG", (144, 144)),
        ((91, 130), "PNG", (91, 91)),
        ((144, 144), "JPEG", (144, 144)),
        ((500, 20), "BMP", (144, 144)),
        ((30, 30), "GIF", (30, 30)),
    ],
)
def test_an_image_gives_its_thumbnail_with_the_record(dataverse, row, size, kind, shown):
    data = base64.b64encode(picture(*size, kind)).decode()
    assert dataverse.ask("PATCH", f"new_docs({row})", {"new_image": data}).status == 204
    record = dataverse.ask("GET", f"new_docs({row})").json
    with Image.open(io.BytesIO(base64.b64decode(record["new_image"]))) as image:
        assert image.size == shown
    assert record["new_image_url"] == (
        f"/Image/download.aspx?Entity=new_doc&Attribute=new_image&Id={record['new_imageid']}"
        f"&Timestamp={record['new_image_timestamp']}"
    )
    got = dataverse.ask("GET", f"new_docs({row})/new_image/$value")
    assert got.body == base64.b64decode(record["new_image"])
    assert "x-ms-file-size" not in got.headers
    assert dataverse.ask("GET", f"new_docs({row})/new_image/$value?size=full").status == 204
    wanted = {
        "Target": {"new_docid": row, "@odata.type": TYPE},
        "FileAttributeName": "new_image",
    }
    refused = dataverse.ask("POST", "InitializeFileBlocksDownload", wanted)
    assert refused.json["error"]["message"].startswith("No FileAttachment records found for image")


def test_a_full_image_is_kept_where_the_column_says_so(dataverse, row, monkeypatch):
    facts(dataverse, monkeypatch, "new_image", CanStoreFullImage=True)
    data = picture(300, 200)
    assert upload(dataverse, row, data, "a.png", "new_image").status == 204
    full = dataverse.ask("GET", f"new_docs({row})/new_image/$value?size=full")
    assert full.body == data
    assert full.headers["x-ms-file-name"] == "a.png"
    assert full.headers["mimetype"] == "image/png"
    small = dataverse.ask("GET", f"new_docs({row})/new_image/$value")
    assert small.body != data


@pytest.mark.parametrize("way", ["patch", "put", "delete"])
def test_an_image_is_deleted_in_three_ways(dataverse, row, way):
    upload(dataverse, row, picture(9, 9), "a.png", "new_image")
    if way == "patch":
        answer = dataverse.ask("PATCH", f"new_docs({row})", {"new_image": None})
    elif way == "put":
        where = f"new_docs({row})/new_image"
        answer = dataverse.ask("PUT", where, {"value": None}, content_type="application/json")
    else:
        answer = dataverse.ask("DELETE", f"new_docs({row})/new_image")
    assert answer.status == 204
    record = dataverse.ask("GET", f"new_docs({row})").json
    for name in ("new_image", "new_imageid", "new_image_url", "new_image_timestamp"):
        assert record[name] is None


def test_images_that_are_none_too_big_or_not_primary_are_refused(dataverse, row, monkeypatch):
    refused = upload(dataverse, row, b"no image", "a.png", "new_image")
    assert refused.error == (400, "0x80072553")
    assert "Update image properties failed for objectid" in refused.json["error"]["message"]
    data = base64.b64encode(picture(9, 9)).decode()
    refused = dataverse.ask("POST", "new_docs", {"new_image": data})
    assert refused.error == (400, "0x80090487")
    facts(dataverse, monkeypatch, "new_image", MaxSizeInKB=1)
    refused = upload(dataverse, row, bytes(1025), "a.png", "new_image")
    assert refused.error == (400, "0x80072553")
    assert "File size is too big." in refused.json["error"]["message"]


def test_the_primary_image_can_be_set_at_creation(dataverse):
    data = base64.b64encode(picture(9, 9)).decode()
    key = dataverse.create("contacts", lastname="P", entityimage=data)
    record = dataverse.ask("GET", f"contacts({key})?$select=entityimage,entityimage_url").json
    assert record["entityimage"] == data
    assert record["entityimage_url"].startswith("/Image/download.aspx?Entity=contact")


def test_a_note_is_uploaded_and_downloaded_in_blocks(dataverse):
    target = {
        "subject": "S",
        "filename": "n.txt",
        "mimetype": "text/plain",
        "@odata.type": "Microsoft.Dynamics.CRM.annotation",
    }
    begun = dataverse.ask("POST", "InitializeAnnotationBlocksUpload", {"Target": target}).json
    token = begun["FileContinuationToken"]
    block = base64.b64encode(b"one").decode()
    body = {"BlockId": block, "BlockData": block, "FileContinuationToken": token}
    assert dataverse.ask("POST", "UploadBlock", body).status == 204
    commit = {"Target": target, "BlockList": [block], "FileContinuationToken": token}
    done = dataverse.ask("POST", "CommitAnnotationBlocksUpload", commit).json
    assert done["FileSizeInBytes"] == 3
    note = dataverse.ask("GET", f"annotations({done['AnnotationId']})").json
    assert base64.b64decode(note["documentbody"]) == b"one"
    target = {"annotationid": done["AnnotationId"], "@odata.type": target["@odata.type"]}
    begun = dataverse.ask("POST", "InitializeAnnotationBlocksDownload", {"Target": target}).json
    assert (begun["FileName"], begun["FileSizeInBytes"]) == ("n.txt", 3)
    wanted = {"Offset": 0, "BlockLength": CHUNK}
    wanted["FileContinuationToken"] = begun["FileContinuationToken"]
    assert dataverse.ask("POST", "DownloadBlock", wanted).json["Data"] == block


def test_an_upload_that_is_not_ended_is_forgotten_after_a_day(dataverse, row, monkeypatch):
    where = f"new_docs({row})/new_file?x-ms-file-name=a"
    begun = dataverse.ask("PATCH", where, x_ms_transfer_mode="chunked")
    parts = urlsplit(begun.headers["location"])
    session = f"{parts.path}?{parts.query}"
    assert dataverse.ask("PATCH", session, b"x", content_range="bytes 0-0/2").status == 206
    dataverse.house.clock.advance(90_000)
    monkeypatch.setattr(dataverse, "token", dataverse._token())
    assert dataverse.ask("PATCH", session, b"y", content_range="bytes 1-1/2").status == 400
    dataverse.ask("PATCH", where, x_ms_transfer_mode="chunked")
    [(count,)] = dataverse.house.store.read("SELECT count(*) FROM dataverse_file_block")
    assert count == 0


def test_an_attachment_is_made_in_blocks_and_only_once(dataverse):
    email = dataverse.create("emails", subject="m")
    kind = "Microsoft.Dynamics.CRM.activitymimeattachment"
    target = {
        "objectid_email@odata.bind": f"emails({email})",
        "objecttypecode": "email",
        "subject": "Sample attached 25mb.pdf",
        "filename": "25mb.pdf",
        "mimetype": "application/pdf",
        "@odata.type": kind,
    }
    begun = dataverse.ask("POST", "InitializeAttachmentBlocksUpload", {"Target": target}).json
    token = begun["FileContinuationToken"]
    block = base64.b64encode(b"x" * 3000).decode()
    body = {"BlockId": "YQ==", "BlockData": block, "FileContinuationToken": token}
    assert dataverse.ask("POST", "UploadBlock", body).status == 204
    commit = {"Target": target, "BlockList": ["YQ=="], "FileContinuationToken": token}
    done = dataverse.ask("POST", "CommitAttachmentBlocksUpload", commit).json
    assert done["FileSizeInBytes"] == 3000
    key = done["ActivityMimeAttachmentId"]
    row = dataverse.ask("GET", f"activitymimeattachments({key})").json
    assert (row["_objectid_value"], row["filesize"], row["body"]) == (email, 3000, block)
    again = {"Target": {"activitymimeattachmentid": key, "@odata.type": kind}}
    refused = dataverse.ask("POST", "InitializeAttachmentBlocksUpload", again)
    assert refused.error == (412, "0x80040237")
    begun = dataverse.ask("POST", "InitializeAttachmentBlocksDownload", again).json
    assert (begun["FileName"], begun["FileSizeInBytes"]) == ("25mb.pdf", 3000)


def test_the_download_url_of_an_image_gives_the_thumbnail_or_the_full_image(
    dataverse, row, monkeypatch
):
    facts(dataverse, monkeypatch, "new_image", CanStoreFullImage=True)
    data = picture(300, 200)
    upload(dataverse, row, data, "a.png", "new_image")
    url = dataverse.ask("GET", f"new_docs({row})").json["new_image_url"]
    small = dataverse.ask("GET", url)
    assert small.headers["content-type"] == "image/png"
    assert small.body == dataverse.ask("GET", f"new_docs({row})/new_image/$value").body
    assert dataverse.ask("GET", f"{url}&Full=true").body == data
    assert dataverse.ask("GET", "/Image/download.aspx?Entity=new_doc&Attribute=x").status == 404
    assert dataverse.ask("GET", "/Image/download.aspx").status == 404


def test_a_range_of_the_column_itself_is_base_64_in_json(dataverse, row):
    upload(dataverse, row, b"0123456789", "ten.txt")
    got = dataverse.ask("GET", f"new_docs({row})/new_file", range="bytes=2-4")
    assert got.status == 206
    assert base64.b64decode(got.json["value"]) == b"234"
    assert got.headers["x-ms-file-size"] == "10"
    assert got.headers["content-disposition"] == 'attachment; filename="ten.txt"'


def test_the_table_of_attachments_is_absent(dataverse):
    account = dataverse.create("accounts", name="A")
    path = f"accounts({account})?$expand=account_FileAttachments($select=filename)"
    answer = dataverse.ask("GET", path)
    assert (answer.status, answer.headers["x-windtunnel-absent"]) == (
        501,
        "the table FileAttachment",
    )

"""Microsoft's own client, unmodified: what its users do."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import (
    AccessPolicy,
    BlobBlock,
    BlobLeaseClient,
    BlobPrefix,
    BlobType,
    ContainerSasPermissions,
    ContentSettings,
    CorsRule,
    RetentionPolicy,
    StandardBlobTier,
)


def code_of(caught) -> str:
    return caught.value.response.headers["x-ms-error-code"]


def test_containers_are_created_listed_changed_and_deleted(service):
    for name in ("alpha", "beta", "gamma"):
        service.create_container(name, metadata={"Kind": name})
    with pytest.raises(ResourceExistsError) as caught:
        service.create_container("alpha")
    assert code_of(caught) == "ContainerAlreadyExists"
    pages = service.list_containers(include_metadata=True, results_per_page=2).by_page()
    found = [[(c.name, c.metadata) for c in page] for page in pages]
    assert found == [
        [("alpha", {"Kind": "alpha"}), ("beta", {"Kind": "beta"})],
        [("gamma", {"Kind": "gamma"})],
    ]
    assert [c.name for c in service.list_containers(name_starts_with="be")] == ["beta"]
    beta = service.get_container_client("beta")
    before = beta.get_container_properties()
    beta.set_container_metadata({"a": "1"})
    after = beta.get_container_properties()
    assert after.metadata == {"a": "1"}
    assert after.etag != before.etag
    assert (after.lease.state, after.has_legal_hold, after.public_access) == (
        "available",
        False,
        None,
    )
    beta.delete_container()
    assert not beta.exists()
    with pytest.raises(ResourceNotFoundError) as caught:
        beta.upload_blob("x", b"")
    assert code_of(caught) == "ContainerNotFound"


@pytest.mark.parametrize("name", ["UPPER", "a--b", "-a-b", "ab"])
def test_names_that_no_container_may_have_are_refused(service, name):
    with pytest.raises(HttpResponseError) as caught:
        service.create_container(name)
    assert caught.value.status_code == 400
    assert code_of(caught) in {"InvalidResourceName", "OutOfRangeInput"}


def test_a_block_blob_keeps_headers_metadata_and_tags(container):
    blob = container.get_blob_client("päckchen/1 & 2.zip")
    settings = ContentSettings(
        "application/zip", "identity", "de", "attachment", "no-store", bytearray(range(16))
    )
    blob.upload_blob(
        b"PK", content_settings=settings, metadata={"Source": "F&O"}, tags={"run": "1"}
    )
    told = blob.get_blob_properties()
    assert told.content_settings == settings
    assert (told.size, told.blob_type, told.metadata) == (2, BlobType.BLOCKBLOB, {"Source": "F&O"})
    assert (told.tag_count, told.blob_tier, told.blob_tier_inferred) == (1, "Hot", True)
    assert blob.get_blob_tags() == {"run": "1"}
    blob.set_blob_tags({"run": "2", "by": "test"})
    assert blob.get_blob_tags() == {"run": "2", "by": "test"}
    assert blob.get_blob_properties().etag == told.etag
    blob.set_http_headers(ContentSettings("text/plain"))
    blob.set_blob_metadata({"x": "y"})
    changed = blob.get_blob_properties()
    assert (changed.content_settings.content_type, changed.metadata) == ("text/plain", {"x": "y"})
    assert changed.content_settings.cache_control is None
    assert changed.etag != told.etag


def test_a_blob_in_blocks_is_put_together_in_the_order_of_the_list(container):
    blob = container.get_blob_client("b")
    for block in ("1", "2", "3"):
        blob.stage_block(block, block.encode() * 10)
    committed, staged = blob.get_block_list("all")
    assert (committed, [block.size for block in staged]) == ([], [10, 10, 10])
    with pytest.raises(ResourceNotFoundError):
        blob.download_blob()
    blob.commit_block_list([BlobBlock("3"), BlobBlock("1")])
    assert blob.download_blob().readall() == b"3" * 10 + b"1" * 10
    committed, staged = blob.get_block_list("all")
    assert ([block.id for block in committed], staged) == (["3", "1"], [])
    blob.stage_block("4", b"4")
    blob.commit_block_list([BlobBlock("1"), BlobBlock("4"), BlobBlock("1")])
    assert blob.download_blob().readall() == b"1" * 10 + b"4" + b"1" * 10
    with pytest.raises(HttpResponseError) as caught:
        blob.commit_block_list([BlobBlock("3")])
    assert code_of(caught) == "InvalidBlockList"
    blob.stage_block("long", b"x")
    with pytest.raises(HttpResponseError) as caught:
        blob.stage_block("longer", b"x")
    assert code_of(caught) == "InvalidBlobOrBlock"


def test_blobs_are_listed_by_prefix_level_and_page(container):
    names = ["a/1", "a/2", "a/b/3", "c", "d/4", "e\ufffe", "z"]
    for name in names:
        container.upload_blob(name, name.encode())
    assert [blob.name for blob in container.list_blobs()] == names
    assert [blob.name for blob in container.list_blobs(name_starts_with="a/")] == names[:3]
    level = list(container.walk_blobs())
    assert {item.name for item in level if isinstance(item, BlobPrefix)} == {"a/", "d/"}
    assert {item.name for item in level} == {"a/", "c", "d/", "e\ufffe", "z"}
    assert {item.name for item in container.walk_blobs("a/")} == {"a/1", "a/2", "a/b/"}
    for size in (1, 2, 3):
        pages = container.list_blobs(results_per_page=size).by_page()
        sizes = [len(list(page)) for page in pages]
        assert sum(sizes) == len(names)
        assert set(sizes[:-1]) == {size}
        walked = container.walk_blobs(results_per_page=size).by_page()
        assert {item.name for page in walked for item in page} == {item.name for item in level}
    listed = next(iter(container.list_blobs(include=["metadata", "tags", "copy"])))
    assert (listed.size, listed.content_settings.content_type) == (3, "application/octet-stream")


def test_a_download_takes_the_range_that_is_asked(container):
    blob = container.get_blob_client("r")
    data = os.urandom(3_000_000)
    blob.upload_blob(data)
    assert blob.download_blob(offset=5, length=10).readall() == data[5:15]
    assert blob.download_blob(offset=2_999_990).readall() == data[-10:]
    checked = blob.download_blob(offset=0, length=4096, validate_content=True)
    assert checked.readall() == data[:4096]
    with pytest.raises(HttpResponseError) as caught:
        blob.download_blob(offset=3_000_000, length=1)
    assert (caught.value.status_code, code_of(caught)) == (416, "InvalidRange")
    container.upload_blob("empty", b"")
    assert container.download_blob("empty").readall() == b""


def test_conditions_hold_reads_and_writes_back(container):
    blob = container.get_blob_client("c")
    blob.upload_blob(b"1")
    told = blob.get_blob_properties()
    with pytest.raises(ResourceExistsError) as caught:
        blob.upload_blob(b"2")
    assert code_of(caught) == "BlobAlreadyExists"
    blob.upload_blob(
        b"2", overwrite=True, etag=told.etag, match_condition=MatchConditions.IfNotModified
    )
    with pytest.raises(ResourceModifiedError) as caught:
        blob.upload_blob(
            b"3", overwrite=True, etag=told.etag, match_condition=MatchConditions.IfNotModified
        )
    assert code_of(caught) == "ConditionNotMet"
    now = blob.get_blob_properties()
    with pytest.raises(HttpResponseError) as caught:
        blob.download_blob(etag=now.etag, match_condition=MatchConditions.IfModified)
    assert caught.value.status_code == 304
    with pytest.raises(HttpResponseError) as caught:
        blob.get_blob_properties(if_unmodified_since=datetime(2009, 1, 1, tzinfo=UTC))
    assert caught.value.status_code == 412
    with pytest.raises(HttpResponseError) as caught:
        blob.delete_blob(if_modified_since=now.last_modified)
    assert code_of(caught) == "ConditionNotMet"
    with pytest.raises(ResourceNotFoundError) as caught:
        container.get_blob_client("none").get_blob_properties()
    assert code_of(caught) == "BlobNotFound"


def test_an_append_blob_grows_until_it_is_sealed(container):
    blob = container.get_blob_client("log")
    blob.create_append_blob()
    assert blob.append_block(b"one,")["blob_append_offset"] == "0"
    told = blob.append_block(b"two", appendpos_condition=4)
    assert (told["blob_append_offset"], told["blob_committed_block_count"]) == ("4", 2)
    with pytest.raises(HttpResponseError) as caught:
        blob.append_block(b"x", appendpos_condition=4)
    assert code_of(caught) == "AppendPositionConditionNotMet"
    with pytest.raises(HttpResponseError) as caught:
        blob.append_block(b"x", maxsize_condition=7)
    assert code_of(caught) == "MaxBlobSizeConditionNotMet"
    blob.upload_blob(b",three", blob_type=BlobType.APPENDBLOB)
    assert blob.download_blob().readall() == b"one,two,three"
    blob.seal_append_blob()
    with pytest.raises(HttpResponseError) as caught:
        blob.append_block(b"x")
    assert code_of(caught) == "BlobIsSealed"
    with pytest.raises(HttpResponseError) as caught:
        blob.stage_block("1", b"x")
    assert code_of(caught) == "InvalidBlobType"


def test_a_page_blob_is_written_cleared_and_resized(container):
    blob = container.get_blob_client("disk")
    blob.create_page_blob(4096, sequence_number=7)
    blob.upload_page(b"a" * 1024, 512, 1024)
    blob.upload_page(b"b" * 512, 1024, 512)
    blob.upload_page(b"c" * 512, 2048, 512)
    assert blob.download_blob().readall() == (
        bytes(512) + b"a" * 512 + b"b" * 512 + bytes(512) + b"c" * 512 + bytes(1536)
    )
    ranges = [(page.start, page.end) for page in blob.list_page_ranges()]
    assert ranges == [(512, 1535), (2048, 2559)]
    blob.clear_page(512, 512)
    ranges = [(page.start, page.end) for page in blob.list_page_ranges()]
    assert ranges == [(1024, 1535), (2048, 2559)]
    blob.resize_blob(1280 // 512 * 512)
    assert blob.download_blob().readall() == bytes(1024)
    with pytest.raises(HttpResponseError) as caught:
        blob.upload_page(b"x" * 512, 1024, 512)
    assert (caught.value.status_code, code_of(caught)) == (416, "InvalidPageRange")
    blob.set_sequence_number("increment")
    assert blob.get_blob_properties().page_blob_sequence_number == 8
    with pytest.raises(HttpResponseError) as caught:
        blob.upload_page(b"x" * 512, 0, 512, if_sequence_number_lt=8)
    assert code_of(caught) == "SequenceNumberConditionNotMet"


def test_snapshots_keep_what_was(container):
    blob = container.get_blob_client("s")
    blob.upload_blob(b"first")
    taken = blob.create_snapshot()
    blob.upload_blob(b"second", overwrite=True)
    old = container.get_blob_client("s", snapshot=taken)
    assert old.download_blob().readall() == b"first"
    listed = [(b.name, b.snapshot) for b in container.list_blobs(include=["snapshots"])]
    assert listed == [("s", taken["snapshot"]), ("s", None)]
    with pytest.raises(ResourceExistsError) as caught:
        blob.delete_blob()
    assert code_of(caught) == "SnapshotsPresent"
    blob.delete_blob(delete_snapshots="only")
    assert blob.download_blob().readall() == b"second"
    with pytest.raises(ResourceNotFoundError):
        old.download_blob()
    blob.create_snapshot()
    blob.delete_blob(delete_snapshots="include")
    assert list(container.list_blobs(include=["snapshots"])) == []


def test_a_lease_guards_a_blob_until_it_ends_on_the_clock(container, simulator):
    blob = container.get_blob_client("l")
    blob.upload_blob(b"1")
    lease = blob.acquire_lease(15)
    assert blob.get_blob_properties().lease.state == "leased"
    with pytest.raises(HttpResponseError) as caught:
        blob.upload_blob(b"2", overwrite=True)
    assert code_of(caught) == "LeaseIdMissing"
    blob.upload_blob(b"2", overwrite=True, lease=lease)
    with pytest.raises(HttpResponseError) as caught:
        BlobLeaseClient(blob).acquire(-1)
    assert code_of(caught) == "LeaseAlreadyPresent"
    simulator.call(lambda house: house.clock.advance(14))
    lease.renew()
    simulator.call(lambda house: house.clock.advance(16))
    assert blob.get_blob_properties().lease.state == "expired"
    with pytest.raises(HttpResponseError) as caught:
        blob.set_blob_metadata({"a": "b"}, lease=lease)
    assert code_of(caught) == "LeaseLost"
    blob.set_blob_metadata({"a": "b"})
    assert blob.get_blob_properties().lease.state == "available"
    with pytest.raises(HttpResponseError) as caught:
        blob.delete_blob(lease=lease)
    assert code_of(caught) == "LeaseNotPresentWithBlobOperation"


def test_an_infinite_lease_is_changed_broken_and_released(container, simulator):
    blob = container.get_blob_client("l")
    blob.upload_blob(b"1")
    lease = blob.acquire_lease()
    other = "12345678-1234-1234-1234-123456789012"
    lease.change(other)
    with pytest.raises(HttpResponseError) as caught:
        blob.delete_blob(lease="00000000-0000-0000-0000-000000000000")
    assert code_of(caught) == "LeaseIdMismatchWithBlobOperation"
    assert lease.break_lease(10) == 10
    assert blob.get_blob_properties().lease.state == "breaking"
    simulator.call(lambda house: house.clock.advance(11))
    assert blob.get_blob_properties().lease.state == "broken"
    lease.release()
    assert blob.get_blob_properties().lease.state == "available"


def test_a_leased_container_cannot_be_deleted_without_the_id(container):
    lease = container.acquire_lease(60)
    container.upload_blob("free", b"")
    with pytest.raises(HttpResponseError) as caught:
        container.delete_container()
    assert code_of(caught) == "LeaseIdMissing"
    container.delete_container(lease=lease)


def test_a_copy_takes_content_and_properties_along(container, service):
    source = container.get_blob_client("from")
    source.upload_blob(b"content", metadata={"a": "1"}, content_settings=ContentSettings("text/x"))
    target = container.get_blob_client("to")
    told = target.start_copy_from_url(source.url)
    assert told["copy_status"] == "success"
    properties = target.get_blob_properties()
    assert (properties.metadata, properties.content_settings.content_type) == ({"a": "1"}, "text/x")
    assert (properties.copy.status, properties.copy.progress) == ("success", "7/7")
    source.delete_blob()
    assert target.download_blob().readall() == b"content"
    with pytest.raises(HttpResponseError) as caught:
        target.abort_copy(told["copy_id"])
    assert code_of(caught) == "NoPendingCopyOperation"
    with pytest.raises(HttpResponseError) as caught:
        target.start_copy_from_url(source.url, requires_sync=True)
    assert (caught.value.status_code, code_of(caught)) == (404, "CannotVerifyCopySource")


def test_pieces_of_other_blobs_are_staged_and_appended_from_urls(container):
    source = container.get_blob_client("from")
    source.upload_blob(b"0123456789")
    blocks = container.get_blob_client("blocks")
    blocks.stage_block_from_url("1", source.url, 2, 3)
    blocks.stage_block_from_url("2", source.url)
    blocks.commit_block_list(["1", "2"])
    assert blocks.download_blob().readall() == b"2340123456789"
    appended = container.get_blob_client("appended")
    appended.create_append_blob()
    appended.append_block_from_url(source.url, 0, 4)
    assert appended.download_blob().readall() == b"0123"
    whole = container.get_blob_client("whole")
    whole.upload_blob_from_url(source.url, metadata={"m": "1"})
    assert whole.download_blob().readall() == b"0123456789"


def test_tiers_change_and_the_archive_gives_back_after_hours(container, simulator):
    blob = container.get_blob_client("t")
    blob.upload_blob(b"1", standard_blob_tier=StandardBlobTier.COOL)
    assert blob.get_blob_properties().blob_tier == "Cool"
    blob.set_standard_blob_tier("Archive")
    with pytest.raises(HttpResponseError) as caught:
        blob.download_blob()
    assert code_of(caught) == "BlobArchived"
    blob.set_standard_blob_tier("Hot", rehydrate_priority="High")
    assert blob.get_blob_properties().archive_status == "rehydrate-pending-to-hot"
    with pytest.raises(HttpResponseError) as caught:
        blob.download_blob()
    assert code_of(caught) == "BlobBeingRehydrated"
    simulator.call(lambda house: house.clock.advance(3601))
    assert blob.download_blob().readall() == b"1"


def test_a_batch_deletes_and_moves_blobs_and_says_which_failed(container):
    for name in ("a", "b b", "c"):
        container.upload_blob(name, b"x")
    answers = list(container.set_standard_blob_tier_blobs("Cool", "a", "b b"))
    assert [answer.status_code for answer in answers] == [200, 200]
    answers = list(container.delete_blobs("a", "none", "b b", raise_on_any_failure=False))
    assert [answer.status_code for answer in answers] == [202, 404, 202]
    assert [blob.name for blob in container.list_blobs()] == ["c"]


def test_stored_access_policies_are_kept(container):
    policy = AccessPolicy(ContainerSasPermissions(read=True), "2030-01-01T00:00:00Z", None)
    container.set_container_access_policy({"readers": policy})
    found = container.get_container_access_policy()
    assert found["public_access"] is None
    (identifier,) = found["signed_identifiers"]
    assert (identifier.id, identifier.access_policy.permission) == ("readers", "r")
    with pytest.raises(HttpResponseError) as caught:
        container.set_container_access_policy({}, public_access="blob")
    assert code_of(caught) == "PublicAccessNotPermitted"


def test_service_properties_are_kept_and_what_has_no_effect_is_refused(service):
    assert service.get_service_properties()["delete_retention_policy"].enabled is False
    service.set_service_properties(cors=[CorsRule(["*"], ["GET"])])
    assert service.get_service_properties()["cors"][0].allowed_methods == "GET"
    with pytest.raises(HttpResponseError) as caught:
        service.set_service_properties(delete_retention_policy=RetentionPolicy(True, 5))
    assert caught.value.status_code == 501
    assert caught.value.response.headers["x-windtunnel-absent"] == "soft delete"
    assert service.get_account_information()["account_kind"] == "StorageV2"


def test_hashes_that_do_not_fit_are_refused(container):
    blob = container.get_blob_client("h")
    blob.upload_blob(b"x" * 100, validate_content=True)
    with pytest.raises(HttpResponseError) as caught:
        blob.upload_blob(b"y", overwrite=True, headers={"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="})
    assert code_of(caught) == "Md5Mismatch"
    with pytest.raises(HttpResponseError) as caught:
        blob.upload_blob(b"y", overwrite=True, headers={"x-ms-content-crc64": "AAAAAAAAAAA="})
    assert code_of(caught) == "Crc64Mismatch"
    blob.upload_blob(b"123456789", overwrite=True, headers={"x-ms-content-crc64": "iJh5CoYUi64="})
    assert blob.download_blob().readall() == b"123456789"


def test_a_reset_takes_blobs_away_and_a_snapshot_brings_them_back(container, simulator):
    container.upload_blob("kept", os.urandom(100_000))
    data = container.download_blob("kept").readall()
    simulator.call(lambda house: house.save("one"))
    container.upload_blob("kept", b"other", overwrite=True)
    simulator.reset()
    with pytest.raises(ResourceNotFoundError):
        container.download_blob("kept")
    assert simulator.call(lambda house: house.load("one"))
    assert container.download_blob("kept").readall() == data

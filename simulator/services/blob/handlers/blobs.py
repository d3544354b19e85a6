"""Handlers of blobs of every kind: create, read, change what is known, copy, delete."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Final

from windtunnel.simulator.exchange import Response, header_lines
from windtunnel.simulator.services.blob import errors as e
from windtunnel.simulator.services.blob.crc64 import crc64
from windtunnel.simulator.services.blob.documents import document, read_tags, tag_set
from windtunnel.simulator.services.blob.handlers.wire import (
    SHOWN_HEADERS,
    XML,
    Call,
    http_date,
    reply,
    version_headers,
)
from windtunnel.simulator.services.blob.model.blobs import (
    APPEND,
    BLOCK,
    PAGE,
    REHYDRATION_SECONDS,
    TIERS,
)
from windtunnel.simulator.services.blob.model.blocks import MIB, largest
from windtunnel.simulator.services.blob.model.pages import LARGEST_PAGE_BLOB, PAGE_BYTES
from windtunnel.simulator.services.blob.model.tables import Blob

ENCRYPTED: Final = {"x-ms-request-server-encrypted": "true"}
_HASHED_RANGE = 4 * MIB


def put_blob(call: Call) -> Response:
    """Put Blob: a block blob of the body, or an empty append or page blob."""
    kind = call.header("x-ms-blob-type")
    if not kind:
        raise e.MissingRequiredHeader("x-ms-blob-type")
    if kind not in {BLOCK, APPEND, PAGE}:
        raise e.InvalidHeaderValue("x-ms-blob-type", kind)
    model, asked = call.model, call.asked()
    headers: dict[str, str] = {}
    if kind == BLOCK:
        written = call.content(largest("blob", call.version))
        md5 = base64.b64encode(written.md5).decode()
        blob = model.blobs.put(call.address, asked, call.told(told_md5=md5), written)
        headers = call.body_hash(written)
    else:
        if call.size:
            raise e.InvalidHeaderValue("Content-Length", str(call.size))
        size = 0
        if kind == PAGE:
            size = call.needed_number("x-ms-blob-content-length")
            if size % PAGE_BYTES or size > LARGEST_PAGE_BLOB:
                raise e.InvalidHeaderValue("x-ms-blob-content-length", str(size))
        sequence = call.number("x-ms-blob-sequence-number") or 0
        blob = model.blobs.create(call.address, asked, call.told(), kind, size)
        if sequence:
            blob.sequence_number = sequence
            model.shelf.save_blob(blob)
    return reply(201, {**version_headers(blob), **ENCRYPTED, **headers})


# -- reading ---------------------------------------------------------------------------------------


def get_blob(call: Call) -> Response:
    """Get Blob: all of it, or a range; streamed from its files."""
    blob, extents = call.model.blobs.content(call.address, call.snapshot, call.asked())
    span = call.span(blob.size)
    headers = properties(call, blob)
    start, end = span or (0, blob.size)
    if span is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{blob.size}"
        if "Content-MD5" in headers:
            headers["x-ms-blob-content-md5"] = headers.pop("Content-MD5")
        headers |= _range_hash(call, start, end)
    body: Iterator[bytes] = call.model.contents.stream(extents, start, end - start)
    status = 200 if span is None else 206
    if end - start <= MIB:
        return Response(status, b"".join(body), header_lines(headers))
    return Response(status, body, header_lines(headers), length=end - start)


def _range_hash(call: Call, start: int, end: int) -> dict[str, str]:
    for header, name in (
        ("x-ms-range-get-content-md5", "Content-MD5"),
        ("x-ms-range-get-content-crc64", "x-ms-content-crc64"),
    ):
        if call.header(header).lower() != "true":
            continue
        if end - start > _HASHED_RANGE:
            raise e.OutOfRangeInput
        blob, extents = call.model.blobs.content(call.address, call.snapshot, call.asked())
        del blob
        data = b"".join(call.model.contents.stream(extents, start, end - start))
        if name == "Content-MD5":
            digest = hashlib.md5(data, usedforsecurity=False).digest()
        else:
            digest = crc64(data)
        return {name: base64.b64encode(digest).decode()}
    return {}


def head_blob(call: Call) -> Response:
    """Get Blob Properties."""
    blob = call.model.blobs.read(call.address, call.snapshot, call.asked())
    return Response(200, iter(()), header_lines(properties(call, blob)), length=blob.size)


_OVERRIDES: Final = {
    "rsct": "Content-Type",
    "rsce": "Content-Encoding",
    "rscl": "Content-Language",
    "rscc": "Cache-Control",
    "rscd": "Content-Disposition",
}


def properties(call: Call, blob: Blob) -> dict[str, str]:
    """The headers that tell all of a blob."""
    now = call.model.shelf.clock.now()
    headers = version_headers(blob)
    headers |= {SHOWN_HEADERS[name]: value for name, value in blob.headers.items()}
    headers |= {
        "Accept-Ranges": "bytes",
        "x-ms-blob-type": blob.kind,
        "x-ms-creation-time": http_date(blob.created),
        "x-ms-server-encrypted": "true",
        **lease_headers(blob.lease.state(now), blob.lease.seconds),
    }
    headers |= {f"x-ms-meta-{name}": value for name, value in blob.metadata.items()}
    headers |= {f"x-ms-{name}": value for name, value in blob.copy.items()}
    if blob.tags:
        headers["x-ms-tag-count"] = str(len(blob.tags))
    if blob.kind == BLOCK:
        headers |= _tier_headers(blob)
    elif blob.kind == APPEND:
        headers["x-ms-blob-committed-block-count"] = str(blob.blocks)
        if blob.is_sealed:
            headers["x-ms-blob-sealed"] = "true"
    else:
        headers["x-ms-blob-sequence-number"] = str(blob.sequence_number)
    headers |= {_OVERRIDES[name]: value for name, value in call.permit.overrides}
    return headers


def _tier_headers(blob: Blob) -> dict[str, str]:
    if not blob.tier:
        return {"x-ms-access-tier": "Hot", "x-ms-access-tier-inferred": "true"}
    headers = {"x-ms-access-tier": blob.tier}
    if blob.tier_changed is not None and not blob.rehydrates:
        headers["x-ms-access-tier-change-time"] = http_date(blob.tier_changed)
    if blob.rehydrates:
        headers["x-ms-archive-status"] = archive_status(blob)
        headers["x-ms-rehydrate-priority"] = blob.rehydrate_priority
    return headers


def archive_status(blob: Blob) -> str:
    """What a blob on its way out of the archive tells of it."""
    return f"rehydrate-pending-to-{blob.rehydrates.lower()}"


def lease_headers(state: str, seconds: int) -> dict[str, str]:
    """State, status and kind of duration of a lease."""
    headers = {
        "x-ms-lease-state": state,
        "x-ms-lease-status": "locked" if state in {"leased", "breaking"} else "unlocked",
    }
    if state == "leased":
        headers["x-ms-lease-duration"] = "infinite" if seconds < 0 else "fixed"
    return headers


# -- changing --------------------------------------------------------------------------------------


def set_properties(call: Call) -> Response:
    """Set Blob Properties: the HTTP headers; size and sequence number of a page blob."""
    size = call.number("x-ms-blob-content-length")
    if size is not None and (size % PAGE_BYTES or size > LARGEST_PAGE_BLOB):
        raise e.InvalidHeaderValue("x-ms-blob-content-length", str(size))
    action = call.choice("x-ms-sequence-number-action", ("max", "update", "increment"), "")
    given = call.number("x-ms-blob-sequence-number")
    if action in {"max", "update"} and given is None:
        raise e.MissingRequiredHeader("x-ms-blob-sequence-number")

    def sequence(number: int) -> int:
        if action == "increment":
            return number + 1
        return max(number, given or 0) if action == "max" else given or 0

    blob = call.model.blobs.set_headers(
        call.address,
        call.asked(),
        call.blob_headers(),
        size=size,
        sequence=sequence if action else None,
    )
    headers = version_headers(blob)
    if blob.kind == PAGE:
        headers["x-ms-blob-sequence-number"] = str(blob.sequence_number)
    return reply(200, headers)


def get_metadata(call: Call) -> Response:
    """Get Blob Metadata."""
    blob = call.model.blobs.read(call.address, call.snapshot, call.asked())
    shown = {f"x-ms-meta-{name}": value for name, value in blob.metadata.items()}
    return reply(200, {**version_headers(blob), **shown})


def set_metadata(call: Call) -> Response:
    """Set Blob Metadata."""
    blob = call.model.blobs.set_metadata(call.address, call.asked(), call.metadata())
    return reply(200, {**version_headers(blob), **ENCRYPTED})


def get_tags(call: Call) -> Response:
    """Get Blob Tags."""
    blob = call.model.blobs.read(call.address, call.snapshot, call.asked())
    return reply(200, XML, document(tag_set(blob.tags)))


def set_tags(call: Call) -> Response:
    """Set Blob Tags."""
    call.model.blobs.set_tags(call.address, call.asked(), read_tags(call.xml()))
    return reply(204, {})


def set_tier(call: Call) -> Response:
    """Set Blob Tier; 202 where content has to come out of the archive first."""
    tier = call.header("x-ms-access-tier")
    if not tier:
        raise e.MissingRequiredHeader("x-ms-access-tier")
    if tier not in TIERS:
        raise e.InvalidHeaderValue("x-ms-access-tier", tier)
    priority = call.choice("x-ms-rehydrate-priority", tuple(REHYDRATION_SECONDS), "Standard")
    blob = call.model.blobs.set_tier(call.address, call.snapshot, call.asked(), tier, priority)
    return reply(202 if blob.rehydrates else 200, {})


def snapshot_blob(call: Call) -> Response:
    """Snapshot Blob."""
    taken = call.model.blobs.snapshot(call.address, call.asked(), call.metadata())
    return reply(201, {**version_headers(taken), "x-ms-snapshot": taken.snapshot, **ENCRYPTED})


def delete_blob(call: Call) -> Response:
    """Delete Blob."""
    snapshots = call.choice("x-ms-delete-snapshots", ("include", "only"), "")
    if snapshots and call.snapshot:
        raise e.InvalidQueryParameterValue("snapshot", call.snapshot)
    call.model.blobs.delete(call.address, call.snapshot, call.asked(), snapshots)
    return reply(202, {"x-ms-delete-type-permanent": "true"})

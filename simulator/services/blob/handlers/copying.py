"""Handlers of copies: whole blobs and pieces of them, from a URL of this simulator.

A copy within the service is done when it is answered. Sources: "Copy Blob", "Copy Blob From URL",
"Put Blob From URL", "Put Block From URL", "Append Block From URL", "Put Page From URL".
"""

from __future__ import annotations

import base64
from dataclasses import replace

from windtunnel.simulator.exchange import Absent, Response
from windtunnel.simulator.services.blob import errors as e
from windtunnel.simulator.services.blob.contents import Extent, Written
from windtunnel.simulator.services.blob.handlers.blobs import ENCRYPTED
from windtunnel.simulator.services.blob.handlers.wire import Call, http_date, reply, version_headers
from windtunnel.simulator.services.blob.model import conditions as when
from windtunnel.simulator.services.blob.model.blobs import (
    ANYHOW,
    BLOCK,
    TIERS,
    Told,
    check_online,
)
from windtunnel.simulator.services.blob.model.blocks import MIB
from windtunnel.simulator.services.blob.model.tables import Blob

LARGEST_SYNCHRONOUS = 256 * MIB


def copy_blob(call: Call) -> Response:
    """Copy Blob, and Copy Blob From URL where `x-ms-requires-sync` says so."""
    is_synchronous = call.header("x-ms-requires-sync").lower() == "true"
    source, extents = _source(call)
    if is_synchronous and source.size > LARGEST_SYNCHRONOUS:
        raise e.CannotVerifyCopySource(409, "The source is too large for a synchronous copy.")
    tier = call.header("x-ms-access-tier")
    if tier and tier not in TIERS:
        raise e.InvalidHeaderValue("x-ms-access-tier", tier)
    told = Told(source.headers, call.metadata() or source.metadata, call.tags(), tier)
    blob = _store(call, told, source, extents)
    shelf = call.model.shelf
    blob.copy = {
        "copy-id": shelf.ids.uuid(),
        "copy-source": call.header("x-ms-copy-source"),
        "copy-status": "success",
        "copy-progress": f"{source.size}/{source.size}",
        "copy-completion-time": http_date(shelf.clock.now()),
    }
    shelf.save_blob(blob)
    told_of = {"x-ms-copy-id": blob.copy["copy-id"], "x-ms-copy-status": "success"}
    if is_synchronous and "content-md5" in blob.headers:
        told_of["Content-MD5"] = blob.headers["content-md5"]
    return reply(202, {**version_headers(blob), **told_of})


def put_blob_from_url(call: Call) -> Response:
    """Put Blob From URL: a block blob with the source's content."""
    if call.header("x-ms-blob-type") != BLOCK:
        raise e.InvalidHeaderValue("x-ms-blob-type", call.header("x-ms-blob-type"))
    source, extents = _source(call)
    told = call.told(content_type=False)
    if call.header("x-ms-copy-source-blob-properties").lower() != "false":
        told = replace(told, headers={**source.headers, **call.blob_headers()})
    if not told.metadata:
        told = replace(told, metadata=source.metadata)
    whole = replace(source, kind=BLOCK)
    blob = _store(call, told, whole, extents)
    return reply(201, {**version_headers(blob), **ENCRYPTED})


def _store(call: Call, told: Told, source: Blob, extents: list[tuple[Extent, str]]) -> Blob:
    blob = call.model.blobs.create(call.address, call.asked(), told, source.kind, source.size)
    blob.sequence_number, blob.blocks = source.sequence_number, source.blocks
    call.model.shelf.add_extents(blob.id, extents)
    call.model.shelf.save_blob(blob)
    return blob


def abort_copy(call: Call) -> Response:
    """Abort Copy Blob: no copy is ever pending here."""
    call.model.blobs.get(call.address)
    raise e.NoPendingCopyOperation


def _source(call: Call) -> tuple[Blob, list[tuple[Extent, str]]]:
    """The source of a copy and its extents with block ids. Raises CannotVerifyCopySource, ..."""
    if call.header("x-ms-copy-source-authorization"):
        raise Absent("Microsoft Entra authorization of copy sources")
    try:
        address, snapshot = call.sources.find(
            call.header("x-ms-copy-source"), reader=call.address.account, permit=call.permit
        )
        blob = call.model.blobs.read(address, snapshot, ANYHOW)
    except LookupError as error:
        raise Absent("copies from other storage than this simulator's") from error
    except e.BlobError as error:
        raise e.CannotVerifyCopySource(error.status, error.message) from error
    when.check_source(call.conditions("x-ms-source-"), blob.etag, blob.modified)
    check_online(blob)
    return blob, call.model.shelf.extents_with_blocks(blob.id)


def piece_of_source(call: Call, largest: int) -> Written:
    """The range of the source that `x-ms-source-range` names, as a content file."""
    if call.size:
        raise e.InvalidHeaderValue("Content-Length", str(call.size))
    source, extents = _source(call)
    start, end = call.source_range(source.size)
    if end - start > largest:
        raise e.RequestBodyTooLarge(largest)
    contents = call.model.contents
    written = contents.write(contents.stream([x for x, _ in extents], start, end - start))
    call.model.shelf.suspect([written.file])
    given = call.header("x-ms-source-content-md5")
    calculated = base64.b64encode(written.md5).decode()
    if given and given != calculated:
        raise e.Md5Mismatch(given, calculated)
    return written

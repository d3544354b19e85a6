"""Handlers of page blobs."""

from __future__ import annotations

from windtunnel.simulator.exchange import Absent, Response
from windtunnel.simulator.services.blob import errors as e
from windtunnel.simulator.services.blob.documents import page_ranges
from windtunnel.simulator.services.blob.handlers.blobs import ENCRYPTED, read_range
from windtunnel.simulator.services.blob.handlers.wire import XML, Call, reply, version_headers
from windtunnel.simulator.services.blob.model.pages import (
    LARGEST_PAGE_BLOB,
    LARGEST_PAGE_WRITE,
    SequenceTerms,
)


def put_page(call: Call) -> Response:
    """Put Page: write or clear a range."""
    span = read_range(call, LARGEST_PAGE_BLOB)
    if span is None:
        raise e.MissingRequiredHeader("x-ms-range")
    start, end = span
    action = call.header("x-ms-page-write").lower()
    sequence = SequenceTerms(
        call.number("x-ms-if-sequence-number-le"),
        call.number("x-ms-if-sequence-number-lt"),
        call.number("x-ms-if-sequence-number-eq"),
    )
    headers: dict[str, str] = {}
    if action == "clear":
        if call.size:
            raise e.InvalidHeaderValue("Content-Length", str(call.size))
        blob = call.model.pages.clear(call.address, call.asked(), sequence, start, end)
    elif action == "update":
        if call.size > LARGEST_PAGE_WRITE:
            raise e.RequestBodyTooLarge(LARGEST_PAGE_WRITE)
        if call.size != end - start:
            raise e.InvalidHeaderValue("Content-Length", str(call.size))
        written = call.content(LARGEST_PAGE_WRITE)
        headers = call.body_hash(written)
        blob = call.model.pages.write(call.address, call.asked(), sequence, start, written)
    else:
        raise e.InvalidHeaderValue("x-ms-page-write", action)
    number = {"x-ms-blob-sequence-number": str(blob.sequence_number)}
    return reply(201, {**version_headers(blob), **ENCRYPTED, **number, **headers})


def get_page_ranges(call: Call) -> Response:
    """Get Page Ranges."""
    if call.parameters.get("prevsnapshot") or call.header("x-ms-previous-snapshot-url"):
        raise Absent("differences between snapshots of page blobs")
    span = read_range(call, LARGEST_PAGE_BLOB)
    blob, found = call.model.pages.ranges(call.address, call.snapshot, call.asked(), span)
    headers = {**XML, **version_headers(blob), "x-ms-blob-content-length": str(blob.size)}
    return reply(200, headers, page_ranges(found))

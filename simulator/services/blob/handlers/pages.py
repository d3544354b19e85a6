"""Handlers of page blobs."""

from __future__ import annotations

from collections.abc import Mapping

from windtunnel.simulator.exchange import Absent, Response
from windtunnel.simulator.services.blob import errors as e
from windtunnel.simulator.services.blob.contents import Written
from windtunnel.simulator.services.blob.documents import page_ranges
from windtunnel.simulator.services.blob.handlers.blobs import ENCRYPTED
from windtunnel.simulator.services.blob.handlers.copying import piece_of_source
from windtunnel.simulator.services.blob.handlers.wire import XML, Call, reply, version_headers
from windtunnel.simulator.services.blob.model.pages import (
    LARGEST_PAGE_BLOB,
    LARGEST_PAGE_WRITE,
    SequenceTerms,
)
from windtunnel.simulator.services.blob.model.tables import Blob


def put_page(call: Call) -> Response:
    """Put Page: write or clear a range."""
    start, end = _range(call)
    action = call.header("x-ms-page-write").lower()
    if action == "update":
        if call.size != end - start:
            raise e.InvalidHeaderValue("Content-Length", str(call.size))
        return _put(call, start, call.content(LARGEST_PAGE_WRITE))
    if action != "clear":
        raise e.InvalidHeaderValue("x-ms-page-write", action)
    if call.size:
        raise e.InvalidHeaderValue("Content-Length", str(call.size))
    blob = call.model.pages.clear(call.address, call.asked(), _sequence(call), start, end)
    return _written(blob)


def put_page_from_url(call: Call) -> Response:
    """Put Page From URL."""
    start, end = _range(call)
    written = piece_of_source(call, LARGEST_PAGE_WRITE)
    if written.size != end - start:
        raise e.InvalidHeaderValue("x-ms-source-range", call.header("x-ms-source-range"))
    return _put(call, start, written)


def _range(call: Call) -> tuple[int, int]:
    span = call.span(LARGEST_PAGE_BLOB)
    if span is None:
        raise e.MissingRequiredHeader("x-ms-range")
    return span


def _sequence(call: Call) -> SequenceTerms:
    return SequenceTerms(
        call.number("x-ms-if-sequence-number-le"),
        call.number("x-ms-if-sequence-number-lt"),
        call.number("x-ms-if-sequence-number-eq"),
    )


def _put(call: Call, start: int, written: Written) -> Response:
    blob = call.model.pages.write(call.address, call.asked(), _sequence(call), start, written)
    return _written(blob, call.body_hash(written))


def _written(blob: Blob, hashes: Mapping[str, str] | None = None) -> Response:
    number = {"x-ms-blob-sequence-number": str(blob.sequence_number)}
    return reply(201, {**version_headers(blob), **ENCRYPTED, **number, **(hashes or {})})


def get_page_ranges(call: Call) -> Response:
    """Get Page Ranges."""
    if call.parameters.get("prevsnapshot") or call.header("x-ms-previous-snapshot-url"):
        raise Absent("differences between snapshots of page blobs")
    span = call.span(LARGEST_PAGE_BLOB)
    blob, found = call.model.pages.ranges(call.address, call.snapshot, call.asked(), span)
    headers = {**XML, **version_headers(blob), "x-ms-blob-content-length": str(blob.size)}
    return reply(200, headers, page_ranges(found))

"""Handlers of blocks: staged, listed, committed, appended."""

from __future__ import annotations

from windtunnel.simulator.exchange import Response
from windtunnel.simulator.services.blob import errors as e
from windtunnel.simulator.services.blob.contents import Written
from windtunnel.simulator.services.blob.documents import block_lists, read_block_list
from windtunnel.simulator.services.blob.handlers.blobs import ENCRYPTED
from windtunnel.simulator.services.blob.handlers.copying import piece_of_source
from windtunnel.simulator.services.blob.handlers.wire import XML, Call, reply, version_headers
from windtunnel.simulator.services.blob.model.blocks import largest


def put_block(call: Call) -> Response:
    """Put Block."""
    block = call.parameters.get("blockid", "")
    if not block:
        raise e.MissingRequiredQueryParameter("blockid")
    if not call.size:
        raise e.InvalidHeaderValue("Content-Length", "0")
    asked = call.asked()
    call.model.blocks.check_stage(call.address, asked, block)
    written = call.content(largest("block", call.version))
    call.model.blocks.stage(call.address, asked, block, written)
    return reply(201, {**ENCRYPTED, **call.body_hash(written)})


def put_block_from_url(call: Call) -> Response:
    """Put Block From URL."""
    block = call.parameters.get("blockid", "")
    if not block:
        raise e.MissingRequiredQueryParameter("blockid")
    asked = call.asked()
    call.model.blocks.check_stage(call.address, asked, block)
    written = piece_of_source(call, largest("block", call.version))
    call.model.blocks.stage(call.address, asked, block, written)
    return reply(201, {**ENCRYPTED, **call.body_hash(written)})


def put_block_list(call: Call) -> Response:
    """Put Block List."""
    wanted = read_block_list(call.xml())
    told = call.told(content_type=False)
    blob = call.model.blocks.commit(call.address, call.asked(), told, wanted)
    return reply(201, {**version_headers(blob), **ENCRYPTED})


def get_block_list(call: Call) -> Response:
    """Get Block List."""
    kind = call.parameters.get("blocklisttype", "committed").lower()
    if kind not in {"committed", "uncommitted", "all"}:
        raise e.InvalidQueryParameterValue("blocklisttype", kind)
    blob, committed, staged = call.model.blocks.lists(call.address, call.snapshot, call.asked())
    headers = dict(XML)
    if blob is not None:
        headers |= {**version_headers(blob), "x-ms-blob-content-length": str(blob.size)}
    body = block_lists(
        None if kind == "uncommitted" else committed, None if kind == "committed" else staged
    )
    return reply(200, headers, body)


def append_block(call: Call) -> Response:
    """Append Block."""
    if not call.size:
        raise e.InvalidHeaderValue("Content-Length", "0")
    return _appended(call, call.content(largest("append", call.version)))


def append_block_from_url(call: Call) -> Response:
    """Append Block From URL."""
    return _appended(call, piece_of_source(call, largest("append", call.version)))


def _appended(call: Call, written: Written) -> Response:
    at = call.number("x-ms-blob-condition-appendpos")
    most = call.number("x-ms-blob-condition-maxsize")
    blob, place = call.model.blocks.append(call.address, call.asked(), written, at=at, most=most)
    headers = {
        **version_headers(blob),
        "x-ms-blob-append-offset": str(place),
        "x-ms-blob-committed-block-count": str(blob.blocks),
    }
    return reply(201, {**headers, **ENCRYPTED, **call.body_hash(written)})


def seal_blob(call: Call) -> Response:
    """Append Blob Seal."""
    at = call.number("x-ms-blob-condition-appendpos")
    blob = call.model.blocks.seal(call.address, call.asked(), at)
    return reply(200, {**version_headers(blob), "x-ms-blob-sealed": "true"})

"""Handlers of the account: service properties, account information, batches."""

from __future__ import annotations

from urllib.parse import urlsplit

from windtunnel.simulator.exchange import Request, Response
from windtunnel.simulator.odata.batch import (
    BatchError,
    BatchPart,
    BatchRules,
    PartAnswer,
    TooManyParts,
    parse_batch,
    render_batch,
)
from windtunnel.simulator.services.blob import errors as e
from windtunnel.simulator.services.blob.documents import (
    DEFAULT_PROPERTIES,
    document,
    merged_properties,
)
from windtunnel.simulator.services.blob.handlers.wire import XML, Call, reply

MOST_IN_BATCH = 256
_RULES = BatchRules(MOST_IN_BATCH)


def get_service_properties(call: Call) -> Response:
    """Get Blob Service Properties."""
    return reply(200, XML, document(_properties(call)))


def _properties(call: Call) -> str:
    row = call.model.shelf.store.read(
        "SELECT properties FROM blob_service WHERE account=?", (call.address.account,)
    ).fetchone()
    return DEFAULT_PROPERTIES if row is None else row[0]


def set_service_properties(call: Call) -> Response:
    """Set Blob Service Properties: kept and shown; parts left out stay as they are."""
    merged = merged_properties(_properties(call), call.xml())
    call.model.shelf.store.write(
        "INSERT OR REPLACE INTO blob_service VALUES (?,?)", (call.address.account, merged)
    )
    return reply(202, {})


def get_account_information(call: Call) -> Response:
    """Get Account Information."""
    del call
    return reply(
        200,
        {
            "x-ms-sku-name": "Standard_LRS",
            "x-ms-account-kind": "StorageV2",
            "x-ms-is-hns-enabled": "false",
        },
    )


def batch(call: Call) -> Response:
    """Blob Batch: deletes or changes of tier, each authorised by itself."""
    body = call.xml()
    try:
        parts = parse_batch(call.header("content-type"), body, _RULES)
    except TooManyParts as error:
        raise e.InvalidInput from error
    except BatchError as error:
        raise e.InvalidInput from error
    answers: list[PartAnswer] = []
    for part in parts:
        if not isinstance(part, BatchPart):
            raise e.InvalidInput
        answers.append(_answer(call, part))
    content_type, data = render_batch(answers, call.model.shelf.ids.uuid())
    return reply(202, {"Content-Type": content_type}, data)


def _answer(call: Call, part: BatchPart) -> PartAnswer:
    url = urlsplit(part.url)
    outer = call.request
    headers = {b"host": outer.headers.get(b"host", b""), **part.headers}
    request = Request(
        part.method, url.path, url.query, headers, part.body, outer.scheme, outer.client
    )
    if part.method != "DELETE" and "comp=tier" not in url.query:
        raise e.InvalidInput
    response = call.again(request, call.version)
    assert isinstance(response.body, bytes)
    length = f"Content-Length: {len(response.body)}\r\n".encode() if response.body else b""
    return PartAnswer(response.status, response.head + length, response.body, part.content_id)

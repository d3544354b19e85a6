"""File and image columns by their own address: upload whole or in chunks, download, delete.

Source: "Use file column data", "Use image column data".
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote, unquote

from windtunnel.simulator.exchange import Exchange, Response
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.files import (
    CHUNK,
    StoredFile,
    is_image,
    largest_kb,
)
from windtunnel.simulator.services.dataverse.model.images import mime_of
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable
from windtunnel.simulator.services.dataverse.replies import base_of

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers

_STREAMED_FROM = 4 * CHUNK
_CONTENT_RANGE = re.compile(r"bytes\s+(\d{1,12})-(\d{1,12})/(\d{1,12})")
_RANGE = re.compile(r"bytes\s*=\s*(\d{0,12})-(\d{0,12})")


def takes_files(served: DataverseTable, column: str) -> bool:
    """Whether a column holds a file or an image."""
    found = served.definition.columns.get(column)
    return found is not None and (found.type == "File" or is_image(served, column))


def is_transfer(exchange: Exchange, parts: int) -> bool:
    """Whether a request below such a column is of the file and not of the column's JSON value."""
    request = exchange.request
    if request.method in {"GET", "HEAD"}:
        return parts > 1 or b"range" in request.headers
    if request.method == "PUT":
        is_json = request.header("content-type").lower().startswith("application/json")
        return not is_json or b"x-ms-file-name" in request.headers
    return True


def transfer(
    there: Handlers,
    exchange: Exchange,
    served: DataverseTable,
    key: str,
    column: str,
) -> Response:
    """Upload (PATCH, PUT), download (GET of `/$value`, or of a range as JSON) or DELETE."""
    if not served.records.exists((key,)):
        raise errors.RecordNotFound(table=served.name, id=key)
    method = exchange.request.method
    right = "Read" if method in {"GET", "HEAD"} else "Write"
    there.security.check_file(served, key, column, right)
    if method in {"GET", "HEAD"}:
        return _download(there, exchange, served, key, column)
    exchange.operation = "update"
    exchange.cost_seconds += there.guard.cost("update")
    with there.store.atomic():
        if method == "DELETE":
            clear(there, exchange, served, key, column)
            return there.replies.empty(exchange)
        if method in {"PATCH", "PUT"}:
            return _upload(there, exchange, served, key, column)
    raise errors.MethodNotAllowed(method=method)


def clear(
    there: Handlers, exchange: Exchange, served: DataverseTable, key: str, column: str
) -> None:
    """Take the value of a file or image column away."""
    caller = there.caller(exchange)
    if served.definition.columns[column].type == "Image":
        there.writes.change(served, key, {column: None}, caller)
        return
    file = there.files.get(served, key, column)
    if file is not None:
        there.files.remove(file)
        there.writes.change(served, key, _values(served, column, None, None), caller)


def _values(
    served: DataverseTable, column: str, file_id: str | None, name: str | None
) -> dict[str, str | None]:
    companion = f"{column}_name"
    return {column: file_id} | ({companion: name} if served.has(companion) else {})


# -- upload -----------------------------------------------------------------------------------


def _upload(
    there: Handlers, exchange: Exchange, served: DataverseTable, key: str, column: str
) -> Response:
    request = exchange.request
    options = dict(parse_qsl(request.query, keep_blank_values=True))
    token = options.get("sessiontoken")
    if token is not None:
        return _chunk(there, exchange, served, key, column, token)
    name = request.header("x-ms-file-name") or options.get("x-ms-file-name", "")
    name = unquote(name).replace("\\", "/").rpartition("/")[2]
    if not name and served.definition.columns[column].type == "File":
        raise errors.InvalidArgument(
            problem="The file name is missing: give the header or parameter x-ms-file-name."
        )
    if request.header("if-none-match") == "*" and there.files.get(served, key, column) is not None:
        raise errors.RecordExists
    if request.header("x-ms-transfer-mode").lower() == "chunked":
        begun = there.files.begin("column", served, key, column, name)
        where = f"{base_of(exchange)}{served.entity_set}({key})/{column}?sessiontoken={begun}"
        head = (
            f"Location: {where}\r\nx-ms-chunk-size: {CHUNK}\r\nAccept-Ranges: bytes\r\n"
            "Access-Control-Expose-Headers: x-ms-chunk-size\r\n"
        )
        return there.replies.empty(exchange, head.encode("latin-1"), 200)
    mime = request.header("content-type").partition(";")[0].strip().lower()
    if mime in {"", "application/octet-stream"}:
        mime = there.files.mime_of(name)
    store(there, exchange, served, key, column, request.body, name, mime)
    return there.replies.empty(exchange)


def store(
    there: Handlers,
    exchange: Exchange,
    served: DataverseTable,
    key: str,
    column: str,
    data: bytes,
    name: str,
    mime: str,
) -> None:
    """Make bytes the value of a column. Raises FileTooBig and what images are refused with."""
    caller = there.caller(exchange)
    definition = served.definition.columns[column]
    if definition.type == "Image":
        there.writes.change(served, key, {column: data}, caller, file_name=name)
        return
    if len(data) > largest_kb(definition) * 1024:
        raise errors.FileTooBig
    file = there.files.put(served, key, column, name, mime, data)
    there.writes.change(served, key, _values(served, column, file.id, name), caller)


def _chunk(
    there: Handlers,
    exchange: Exchange,
    served: DataverseTable,
    key: str,
    column: str,
    token: str,
) -> Response:
    session = there.files.session(token, "column")
    if (session.entity, session.record, session.column) != (served.name, key, column):
        raise errors.BadFileToken
    request = exchange.request
    shown = request.header("content-range")
    found = _CONTENT_RANGE.fullmatch(shown.strip())
    if found is None:
        raise errors.InvalidArgument(problem=f"The Content-Range header '{shown}' is not valid.")
    first, last, total = int(found[1]), int(found[2]), int(found[3])
    if last < first or last >= total or last - first + 1 != len(request.body):
        raise errors.RangeNotSatisfiable(range=shown, size=total)
    if total > largest_kb(served.definition.columns[column]) * 1024:
        there.files.forget(session)
        raise _too_big(served, column, total)
    there.files.add_block(session, first, "", request.body)
    if there.files.received(session) < total:
        return there.replies.empty(exchange, status=206)
    name = unquote(request.header("x-ms-file-name")) or session.name
    commit(there, exchange, served, token, name, there.files.mime_of(name))
    return there.replies.empty(exchange)


def _too_big(served: DataverseTable, column: str, size: int) -> errors.DataverseError:
    definition = served.definition.columns[column]
    if definition.type == "Image":
        limit = largest_kb(definition) // 1024
        return errors.ImageTooBig(limit=limit, size=size // 1_048_576)
    return errors.FileTooBig()


def commit(
    there: Handlers,
    exchange: Exchange,
    served: DataverseTable,
    token: str,
    name: str,
    mime: str,
) -> StoredFile | None:
    """Make what a session received the value of its column; None for an image."""
    session = there.files.session(token, "column")
    column, key = session.column, session.record
    size = there.files.received(session)
    if size > largest_kb(served.definition.columns[column]) * 1024:
        raise _too_big(served, column, size)
    if served.definition.columns[column].type == "Image":
        data = there.files.whole(session)
        there.files.forget(session)
        store(there, exchange, served, key, column, data, name, mime)
        return there.files.get(served, key, column)
    file = there.files.finish(session, name, mime)
    there.writes.change(served, key, _values(served, column, file.id, name), there.caller(exchange))
    return file


# -- download ---------------------------------------------------------------------------------


def _download(
    there: Handlers, exchange: Exchange, served: DataverseTable, key: str, column: str
) -> Response:
    exchange.operation = "retrieve"
    exchange.cost_seconds += there.guard.cost("retrieve")
    options = dict(parse_qsl(exchange.request.query, keep_blank_values=True))
    image = served.definition.columns[column].type == "Image"
    if image and options.get("size", "").lower() != "full":
        return thumbnail_of(there, exchange, served, key, column)
    file = there.files.get(served, key, column)
    if file is None:
        return there.replies.empty(exchange)
    exposed = ["x-ms-file-size", "x-ms-file-name", "mimetype"]
    head = (
        f"x-ms-file-size: {file.size}\r\nx-ms-file-name: {quote(file.name, safe=_PLAIN)}\r\n"
        f"mimetype: {file.mime}\r\n"
    )
    wanted = exchange.request.header("range")
    first, length, status = 0, file.size, 200
    if wanted:
        first, length = _range(wanted, file.size)
        status = 206
        exposed.insert(2, "x-ms-chunk-size")
        head += (
            f"x-ms-chunk-size: {CHUNK}\r\n"
            f"Content-Range: bytes {first}-{first + length - 1}/{file.size}\r\n"
        )
    head += f"Accept-Ranges: bytes\r\nAccess-Control-Expose-Headers: {'; '.join(exposed)}\r\n"
    blocks = there.files.blocks(file.id, first, length)
    if not exchange.request.path.endswith("$value"):
        # unconfirmed: a range of the column itself is base 64 in JSON, as dynamics-web-api reads it
        context = f"{base_of(exchange)}$metadata#{served.entity_set}({key})/{column}"
        value = b64encode(b"".join(blocks)).decode()
        name = quote(file.name, safe=_PLAIN)
        head += f'Content-Disposition: attachment; filename="{name}"\r\n'
        answer = {"@odata.context": context, "value": value}
        return there.replies.object(exchange, answer, status, head.encode("latin-1"))
    body: bytes | Iterator[bytes] = blocks if length > _STREAMED_FROM else b"".join(blocks)
    return there.replies.binary(exchange, body, head.encode("latin-1"), status)


_PLAIN = " !#$&'()+,-.;=@[]^_`{}~"


def _range(text: str, size: int) -> tuple[int, int]:
    """(first byte, length) of a Range header. Raises RangeNotSatisfiable."""
    found = _RANGE.fullmatch(text.strip())
    if found is None or not (found[1] or found[2]):
        raise errors.RangeNotSatisfiable(range=text, size=size)
    if found[1]:
        first = int(found[1])
        last = min(int(found[2]) if found[2] else size, size - 1)
    else:
        first, last = max(size - int(found[2]), 0), size - 1
    if first > last:
        raise errors.RangeNotSatisfiable(
            headers={"Content-Range": f"bytes */{size}"}, range=text, size=size
        )
    return first, last - first + 1


def thumbnail_of(
    there: Handlers, exchange: Exchange, served: DataverseTable, key: str, column: str
) -> Response:
    """The small image that is kept with the record."""
    row = served.records.get((key,)) or {}
    data = row.get(column)
    if data is None:
        return there.replies.empty(exchange)
    return there.replies.binary(exchange, data)


def download_image(there: Handlers, exchange: Exchange) -> Response:
    """`/Image/download.aspx`, as an image column's URL says; with `Full=true` the full image."""
    options = {name.lower(): value for name, value in parse_qsl(exchange.request.query)}
    served = there.tables.by_name.get(options.get("entity", ""))
    column = options.get("attribute", "")
    if served is None or not is_image(served, column) or exchange.request.method != "GET":
        raise errors.NoRoute(uri=exchange.request.base_url + exchange.request.path)
    exchange.operation = "retrieve"
    exchange.cost_seconds += there.guard.cost("retrieve")
    image = options.get("id", "").lower()
    found = served.records.find({f"{column}id": image}, 1) if image else []
    if not found:
        raise errors.NoRoute(uri=exchange.request.base_url + exchange.request.path)
    there.security.check_file(served, str(found[0][served.primary_id]), column, "Read")
    file = there.files.by_id(image)
    if options.get("full", "").lower() == "true":
        if file is None:
            return there.replies.empty(exchange)
        return there.replies.binary(exchange, b"".join(there.files.blocks(file.id, 0, file.size)))
    data = found[0][column]
    return there.replies.picture(exchange, data, mime_of(data))

"""The actions that move files in blocks: of file and image columns, notes and attachments.

Source: "Use file column data", "Use file data with Attachment and Note records".
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from windtunnel.simulator.exchange import Absent, Exchange
from windtunnel.simulator.services.dataverse import errors, file_columns
from windtunnel.simulator.services.dataverse.model.files import CHUNK, Session
from windtunnel.simulator.services.dataverse.model.tables import NAMESPACE, DataverseTable

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers

Answer: TypeAlias = dict[str, Any] | None
Message: TypeAlias = "Callable[[Handlers, Exchange, dict[str, Any]], Answer]"

LARGEST_ATTACHMENT = 5_242_880
"""Bytes of a note's or attachment's file, unless the organization's MaxUploadFileSize says more."""
_MIME = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}(?:\s*;[ -~]{0,200})?", re.ASCII)
_TEXTS = {"annotation": "documentbody", "activitymimeattachment": "body"}


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise errors.InvalidArgument(problem=f"Required field '{name}' is missing.")
    return value


def _number(body: dict[str, Any], name: str) -> int:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise errors.InvalidArgument(problem=f"'{name}' must be a number that is not negative.")
    return value


def _bytes(body: dict[str, Any], name: str) -> bytes:
    value = body.get(name)
    if isinstance(value, bytes):
        return value
    try:
        return base64.b64decode(_text(body, name), validate=True)
    except binascii.Error as problem:
        raise errors.InvalidArgument(problem=f"'{name}' is not Base64: {problem}.") from problem


def _target(
    there: Handlers, body: dict[str, Any], wanted: str = ""
) -> tuple[DataverseTable, dict[str, Any]]:
    target = body.get("Target")
    if not isinstance(target, dict):
        raise errors.InvalidArgument(problem="Required field 'Target' is missing.")
    kind = str(target.get("@odata.type", "")).lstrip("#").removeprefix(NAMESPACE)
    served = there.tables.by_name.get(kind or wanted)
    if served is None and wanted and kind in {"", wanted}:
        raise Absent(f"the table {wanted}")
    if served is None or (wanted and served.name != wanted):
        raise errors.InvalidArgument(problem=f"The type '{kind}' of Target is not valid.")
    return served, target


def _row(there: Handlers, body: dict[str, Any], wanted: str = "") -> tuple[DataverseTable, str]:
    """The table and key of an existing Target."""
    served, target = _target(there, body, wanted)
    key = target.get(served.primary_id)
    if isinstance(target.get("@odata.id"), str):
        key = there.resolve(str(target["@odata.id"]))[1]
    key = str(key).lower()
    if not served.records.exists((key,)):
        raise errors.RecordNotFound(table=served.name, id=key)
    return served, key


def _column(served: DataverseTable, body: dict[str, Any]) -> str:
    column = _text(body, "FileAttributeName").lower()
    if not file_columns.takes_files(served, column):
        raise errors.InvalidArgument(
            problem=f"The attribute '{column}' of '{served.name}' is no file or image attribute."
        )
    return column


# -- columns ----------------------------------------------------------------------------------


def _begin_upload(there: Handlers, _: Exchange, body: dict[str, Any]) -> Answer:
    served, key = _row(there, body)
    column = _column(served, body)
    there.security.check_file(served, key, column, "Write")
    token = there.files.begin("column", served, key, column, _text(body, "FileName"))
    return {"FileContinuationToken": token}


def _upload_block(there: Handlers, _: Exchange, body: dict[str, Any]) -> Answer:
    session = there.files.session(body.get("FileContinuationToken"), "column", "text")
    data, block = _bytes(body, "BlockData"), _text(body, "BlockId")
    if len(_bytes(body, "BlockId")) > 64:
        raise errors.InvalidArgument(problem="BlockId is longer than 64 bytes.")
    if len(data) > CHUNK:
        raise errors.PayloadTooLarge(size=len(data), limit=CHUNK)
    there.files.add_block(session, 0, block, data)
    return None


def _commit_upload(there: Handlers, exchange: Exchange, body: dict[str, Any]) -> Answer:
    session = there.files.session(body.get("FileContinuationToken"), "column")
    size = _ordered(there, session, body)
    name = _text(body, "FileName")
    mime = str(body.get("MimeType") or there.files.mime_of(name))
    if _MIME.fullmatch(mime) is None:
        raise errors.InvalidArgument(problem=f"The MIME type '{mime}' is not valid.")
    served = there.tables.by_name[session.entity]
    file = file_columns.commit(there, exchange, served, session.token, name, mime)
    row = served.records.get((session.record,)) or {}
    file_id = row.get(f"{session.column}id") if file is None else file.id
    return {"FileId": file_id, "FileSizeInBytes": size}


def _ordered(there: Handlers, session: Session, body: dict[str, Any]) -> int:
    blocks = body.get("BlockList")
    if not isinstance(blocks, list) or not all(isinstance(block, str) for block in blocks):
        raise errors.InvalidArgument(problem="Required field 'BlockList' is missing.")
    there.files.order(session, blocks)
    return there.files.received(session)


def _begin_download(there: Handlers, _: Exchange, body: dict[str, Any]) -> Answer:
    served, key = _row(there, body)
    column = _column(served, body)
    there.security.check_file(served, key, column, "Read")
    file = there.files.get(served, key, column)
    if file is None:
        row = served.records.get((key,)) or {}
        if row.get(f"{column}id") and row.get(column) is not None:
            raise errors.NoFullImage(
                image=row[f"{column}id"], column=column, table=served.name, id=key
            )
        raise errors.NoFile(column=column, id=key)
    return {
        "FileSizeInBytes": file.size,
        "FileName": file.name,
        "FileContinuationToken": there.files.begin("download", served, key, column, file.id),
        "IsChunkingSupported": True,
    }


def _download_block(there: Handlers, _: Exchange, body: dict[str, Any]) -> Answer:
    token = body.get("FileContinuationToken")
    session = there.files.session(token, "download", "download text")
    offset, length = _number(body, "Offset"), _number(body, "BlockLength")
    if session.purpose == "download":
        file = there.files.by_id(session.name)
        if file is None:
            raise errors.BadFileToken
        data, size = None, file.size
    else:
        data = _content(there, session)
        size = len(data)
    if offset > size:
        raise errors.InvalidArgument(problem="Offset is behind the end of the file.")
    length = min(length, size - offset)
    if data is None:
        part = b"".join(there.files.blocks(session.name, offset, length))
    else:
        part = data[offset : offset + length]
    return {"Data": base64.b64encode(part).decode("ascii")}


def _delete(there: Handlers, exchange: Exchange, body: dict[str, Any]) -> Answer:
    file_id = _text(body, "FileId").lower()
    file = there.files.by_id(file_id)
    if file is None:
        raise errors.RecordNotFound(table="fileattachment", id=file_id)
    served = there.tables.by_name[file.entity]
    file_columns.clear(there, exchange, served, file.record, file.column)
    return None


# -- notes and attachments --------------------------------------------------------------------


def _begin_text(table: str) -> Message:
    def handler(there: Handlers, _: Exchange, body: dict[str, Any]) -> Answer:
        served, target = _target(there, body, table)
        key = str(target.get(served.primary_id) or "").lower()
        if table == "activitymimeattachment" and key and served.records.exists((key,)):
            raise errors.RecordExists
        return {"FileContinuationToken": there.files.begin("text", served, key, _TEXTS[table])}

    return handler


def _commit_text(table: str) -> Message:
    def handler(there: Handlers, exchange: Exchange, body: dict[str, Any]) -> Answer:
        session = there.files.session(body.get("FileContinuationToken"), "text")
        served, target = _target(there, body, table)
        if session.entity != served.name:
            raise errors.BadFileToken
        size = _ordered(there, session, body)
        if size > _largest(there):
            raise errors.FileTooBig
        data = base64.b64encode(there.files.whole(session)).decode("ascii")
        there.files.forget(session)
        values = {**target, _TEXTS[table]: data}
        key, caller = str(target.get(served.primary_id) or "").lower(), there.caller(exchange)
        if not (key and there.writes.update(served, key, values, caller)):
            key = there.writes.create(served, values, caller)
        if served.has("filesize"):
            more = {"filesize": size} | ({"isdocument": True} if served.has("isdocument") else {})
            there.writes.change(served, key, more, caller)
        name = "AnnotationId" if table == "annotation" else "ActivityMimeAttachmentId"
        return {name: key, "FileSizeInBytes": size}

    return handler


def _largest(there: Handlers) -> int:
    row = next(iter(there.tables.by_name["organization"].records.find({}, 1)), {})
    return int(row.get("maxuploadfilesize") or LARGEST_ATTACHMENT)


def _begin_text_download(table: str) -> Message:
    def handler(there: Handlers, _: Exchange, body: dict[str, Any]) -> Answer:
        served, key = _row(there, body, table)
        there.security.check(served, key, "Read")
        session = Session("", "", served.name, key, _TEXTS[table], "")
        row = served.records.get((key,)) or {}
        return {
            "FileSizeInBytes": len(_content(there, session)),
            "FileName": row.get("filename"),
            "FileContinuationToken": there.files.begin("download text", served, key, _TEXTS[table]),
        }

    return handler


def _content(there: Handlers, session: Session) -> bytes:
    row = there.tables.by_name[session.entity].records.get((session.record,)) or {}
    text = row.get(session.column)
    if text is None:
        raise errors.NoFile(column=session.column, id=session.record)
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return str(text).encode()  # written as plain text through the column


MESSAGES: dict[str, Message] = {
    "InitializeFileBlocksUpload": _begin_upload,
    "UploadBlock": _upload_block,
    "CommitFileBlocksUpload": _commit_upload,
    "InitializeFileBlocksDownload": _begin_download,
    "DownloadBlock": _download_block,
    "DeleteFile": _delete,
    "InitializeAnnotationBlocksUpload": _begin_text("annotation"),
    "CommitAnnotationBlocksUpload": _commit_text("annotation"),
    "InitializeAnnotationBlocksDownload": _begin_text_download("annotation"),
    "InitializeAttachmentBlocksUpload": _begin_text("activitymimeattachment"),
    "CommitAttachmentBlocksUpload": _commit_text("activitymimeattachment"),
    "InitializeAttachmentBlocksDownload": _begin_text_download("activitymimeattachment"),
}

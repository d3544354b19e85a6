"""`$batch` as multipart/mixed, sans-IO: bytes to requests, answers to bytes.

Source: "Execute batch operations using the Web API"; OData 4.01 Part 1, "Batch Requests".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeAlias

_BOUNDARY = re.compile(
    r"multipart/mixed\s*;(?:.*;)?\s*boundary=(\"[^\"]{1,200}\"|[^\s;,]{1,200})", re.IGNORECASE
)
_REQUEST = re.compile(rb"([A-Za-z]{1,20}) (?:(\S.*) HTTP/1\.[01]|(\S+))[ \t]*\Z")
"""As the real services read it, the URL may hold spaces: it ends at the last one."""
_LARGEST_HEADERS = 65_536


class BatchError(ValueError):
    """A batch that cannot be read; `position` counts bytes from the start of the body."""

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.message, self.position = message, position


class TooManyParts(BatchError):
    """More operations than the service takes."""


@dataclass(frozen=True, slots=True)
class BatchRules:
    """How strict a service is."""

    operations: int
    needs_crlf: bool = False
    needs_closing: bool = False


@dataclass(frozen=True, slots=True)
class BatchPart:
    """One request; header names in lower case."""

    method: str
    url: str
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Requests that succeed or fail together."""

    parts: tuple[BatchPart, ...]


Item: TypeAlias = BatchPart | ChangeSet


@dataclass(frozen=True, slots=True)
class PartAnswer:
    """One answer: finished header lines, each ending with CRLF."""

    status: int
    head: bytes
    body: bytes
    content_id: str = ""


Answer: TypeAlias = PartAnswer | tuple[PartAnswer, ...]
"""An answer, or those of a change set that succeeded."""


def boundary_of(content_type: str) -> bytes:
    """The boundary of a multipart/mixed content type. Raises BatchError."""
    found = _BOUNDARY.match(content_type.strip())
    if found is None:
        raise BatchError(
            f"The content type '{content_type[:200]}' is not multipart/mixed with a boundary."
        )
    return found[1].strip('"').encode("latin-1", "replace")


def parse_batch(content_type: str, body: bytes, rules: BatchRules) -> list[Item]:
    """The requests of a batch in order. Raises BatchError."""
    items: list[Item] = []
    count = 0
    for start, section in _sections(body, boundary_of(content_type), 0, rules):
        headers, content, offset = _headers(section, start)
        kind = headers.get(b"content-type", b"application/http").decode("latin-1")
        if kind.lower().startswith("multipart/mixed"):
            inner = []
            for at, part in _sections(content, boundary_of(kind), offset, rules):
                inner.append(_part(part, at))
                if inner[-1].method in {"GET", "HEAD"}:
                    raise BatchError("A change set must not hold a GET request.", at)
            count += len(inner)
            items.append(ChangeSet(tuple(inner)))
        else:
            count += 1
            items.append(_request(headers, content, offset))
        if count > rules.operations:
            raise TooManyParts(f"The batch has more than {rules.operations} operations.", start)
    if not items:
        raise BatchError("The batch is empty.", len(body))
    return items


def _sections(
    body: bytes, boundary: bytes, offset: int, rules: BatchRules
) -> Iterable[tuple[int, bytes]]:
    """(position, bytes) of what stands between the boundary's lines."""
    mark = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(\r?\n|\Z)")
    begin = -1
    closed = False
    for match in mark.finditer(body):
        if rules.needs_crlf and match[2] == b"\n":
            raise BatchError("System.ArgumentException: Stream was not readable.", match.start())
        if begin >= 0:
            yield offset + begin, body[begin : match.start()]
        if match[1]:
            closed = True
            break
        # The line end behind a boundary may also be the one before the next.
        begin = match.end()
    if begin < 0 and not closed:
        raise BatchError("The boundary does not occur in the body.", offset)
    if not closed:
        if rules.needs_closing:
            raise BatchError(
                "System.ArgumentException: Stream was not readable.", offset + len(body)
            )
        rest = body[begin:].strip(b"\r\n")
        if rest:
            yield offset + begin, rest


def _headers(section: bytes, start: int) -> tuple[dict[bytes, bytes], bytes, int]:
    """Header lines up to the blank line, what follows, and where that begins."""
    found = re.search(rb"\r?\n\r?\n", section[:_LARGEST_HEADERS])
    if section[:2] == b"\r\n" or section[:1] == b"\n":
        skip = 2 if section[:2] == b"\r\n" else 1
        return {}, section[skip:], start + skip
    head = section if found is None else section[: found.start()]
    rest = b"" if found is None else section[found.end() :]
    headers: dict[bytes, bytes] = {}
    # The blank line behind the last header may be the line end in front of the boundary.
    for line in re.split(rb"\r?\n", head.rstrip(b"\r\n")):
        name, colon, value = line.partition(b":")
        if not colon:
            raise BatchError("A header line of a part has no colon.", start)
        headers[name.strip().lower()] = value.strip()
    return headers, rest, start + len(section) - len(rest)


def _part(section: bytes, start: int) -> BatchPart:
    headers, content, offset = _headers(section, start)
    kind = headers.get(b"content-type", b"").lower()
    if kind.startswith(b"multipart"):
        raise BatchError("A change set must not hold another batch.", start)
    return _request(headers, content, offset)


def _request(outer: dict[bytes, bytes], content: bytes, offset: int) -> BatchPart:
    lead = len(content) - len(content.lstrip(b"\r\n"))
    content = content[lead:]
    line, _, rest = content.partition(b"\n")
    found = _REQUEST.match(line.rstrip(b"\r"))
    if found is None:
        shown = line[:100].decode("latin-1")
        raise BatchError(f"'{shown}' is not a request line.", offset + lead)
    inner: dict[bytes, bytes] = {}
    body = b""
    if rest.strip(b"\r\n"):
        inner, body, _ = _headers(rest, offset + lead + len(line) + 1)
    identifier = outer.get(b"content-id") or inner.get(b"content-id") or b""
    return BatchPart(
        found[1].decode("ascii").upper(),
        (found[2] or found[3]).decode("utf-8", "replace"),
        inner,
        body,
        identifier.decode("latin-1"),
    )


def render_batch(
    answers: Sequence[Answer], batch_id: str, change_set_ids: Sequence[str] = ()
) -> tuple[str, bytes]:
    """(content type, body) of the answers; ids are GUIDs for the boundaries."""
    boundary = f"batchresponse_{batch_id}"
    chunks: list[bytes] = []
    names = iter(change_set_ids)
    for answer in answers:
        chunks.append(f"--{boundary}\r\n".encode())
        if isinstance(answer, PartAnswer):
            chunks.append(_rendered(answer))
            continue
        inner = f"changesetresponse_{next(names)}"
        chunks.append(f"Content-Type: multipart/mixed; boundary={inner}\r\n\r\n".encode())
        for part in answer:
            chunks += [f"--{inner}\r\n".encode(), _rendered(part)]
        chunks.append(f"--{inner}--\r\n".encode())
    chunks.append(f"--{boundary}--\r\n".encode())
    return f"multipart/mixed; boundary={boundary}", b"".join(chunks)


def _rendered(answer: PartAnswer) -> bytes:
    content_id = f"Content-ID: {answer.content_id}\r\n" if answer.content_id else ""
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Status"
    start = (
        f"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n{content_id}\r\n"
        f"HTTP/1.1 {answer.status} {phrase}\r\n"
    )
    return start.encode() + answer.head + b"\r\n" + answer.body + b"\r\n"

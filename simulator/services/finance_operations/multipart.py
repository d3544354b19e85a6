"""The text of `$batch`: multipart bodies to operations and answers back, sans-IO.

Source: OData 4.0 Part 1, section 11.7. Tolerant as the service: closing boundaries may be missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final, TypeAlias

from windtunnel.simulator.exchange import Request, Response

_BOUNDARY: Final = re.compile(r'boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)
_REQUEST_LINE: Final = re.compile(rb"([A-Z]{1,16}) (\S+) HTTP/\d(?:\.\d)?\s*\Z")
_NEST: Final = 2


class MalformedBatch(ValueError):
    """A body that is not a batch, in words for the client."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One request of a batch; `content_id` is empty when it has none."""

    request: Request
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Operations that are done all or not at all."""

    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one operation."""

    response: Response
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class ChangeSetAnswers:
    """The answers to a change set that was done."""

    answers: tuple[Answer, ...] = field(default=())


Item: TypeAlias = Operation | ChangeSet


def boundary_of(content_type: str) -> str:
    """The boundary of a multipart media type. Raises MalformedBatch."""
    if not content_type.lower().startswith("multipart/mixed"):
        raise MalformedBatch("The batch request must have the media type 'multipart/mixed'.")
    found = _BOUNDARY.search(content_type)
    if found is None:
        raise MalformedBatch("The batch request must have a boundary in its 'Content-Type'.")
    return found[1] or found[2]


def read_batch(body: bytes, content_type: str, outer: Request, most: int) -> list[Item]:
    """The operations of a batch in order; at most `most` of them. Raises MalformedBatch."""
    items: list[Item] = []
    count = 0
    for headers, content in _parts(body, boundary_of(content_type)):
        kind = headers.get("content-type", "")
        if kind.lower().startswith("multipart/mixed"):
            inner = [
                _operation(part_headers, part, outer)
                for part_headers, part in _parts(content, boundary_of(kind))
            ]
            if any(operation.request.method == "GET" for operation in inner):
                raise MalformedBatch("A query operation is not allowed in a change set.")
            count += len(inner)
            items.append(ChangeSet(tuple(inner)))
        else:
            count += 1
            items.append(_operation(headers, content, outer))
        if count > most:
            raise MalformedBatch(
                f"The batch has more than {most} operations, which is the most that is allowed."
            )
    if not items:
        raise MalformedBatch("The batch request has no parts.")
    return items


def _parts(body: bytes, boundary: str) -> Iterable[tuple[dict[str, str], bytes]]:
    delimiter = b"--" + boundary.encode("latin-1", "replace")
    lines = re.split(rb"(?:\A|\r?\n)" + re.escape(delimiter), body)
    for part in lines[1:]:
        if part.startswith(b"--"):
            return
        content = re.sub(rb"\A[ \t]*\r?\n", b"", part, count=1)
        head, rest = _head_and_rest(content)
        if not head and not rest.strip():
            continue
        yield {name.decode("latin-1").lower(): v.decode("latin-1") for name, v in head}, rest


def _head_and_rest(content: bytes) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Header lines up to an empty line, and what is behind it."""
    if re.match(rb"\r?\n", content):
        return [], re.sub(rb"\A\r?\n", b"", content, count=1)
    pieces = re.split(rb"\r?\n\r?\n", content, maxsplit=1)
    pairs = []
    for line in re.split(rb"\r?\n", pieces[0].strip(b"\r\n")):
        name, found, value = line.partition(b":")
        if not found:
            raise MalformedBatch("A part of the batch request has a malformed header.")
        pairs.append((name.strip(), value.strip()))
    return pairs, pieces[1] if len(pieces) == _NEST else b""


def _operation(headers: dict[str, str], content: bytes, outer: Request) -> Operation:
    if not headers.get("content-type", "application/http").lower().startswith("application/http"):
        raise MalformedBatch("A part of the batch request must be of type 'application/http'.")
    first, _, rest = content.lstrip(b"\r\n").partition(b"\n")
    line = _REQUEST_LINE.match(first.rstrip(b"\r"))
    if line is None:
        raise MalformedBatch("A part of the batch request does not begin with a request line.")
    pairs, body = _head_and_rest(rest)
    own = {name.lower(): value for name, value in pairs}
    identifier = headers.get("content-id") or own.get(b"content-id", b"").decode("latin-1")
    path, query = _target(line[2].decode("latin-1"))
    inherited = {b"host": outer.headers.get(b"host", b"localhost"), **own}
    request = Request(
        line[1].decode("ascii"),
        path,
        query,
        inherited,
        body.strip(b"\r\n"),
        outer.scheme,
        outer.client,
    )
    return Operation(request, identifier if identifier.isalnum() else "")


def _target(url: str) -> tuple[str, str]:
    """Path and query of an absolute address, one from the root, or one relative to `/data/`."""
    path, _, query = url.partition("?")
    scheme, found, rest = path.partition("://")
    if found and scheme.lower() in {"http", "https"}:
        path = "/" + rest.partition("/")[2]
    elif not path.startswith("/"):
        path = f"/data/{path}"
    return path, query


# -- answers -------------------------------------------------------------------------------------


def write_batch(items: Sequence[Answer | ChangeSetAnswers], name: str) -> bytes:
    """The body of the answer; `name` makes the boundaries unique."""
    out: list[bytes] = []
    for number, item in enumerate(items):
        out.append(f"--batchresponse_{name}\r\n".encode())
        if isinstance(item, Answer):
            out.append(_written(item))
            continue
        boundary = f"changesetresponse_{name}_{number}"
        out.append(f"Content-Type: multipart/mixed; boundary={boundary}\r\n\r\n".encode())
        for answer in item.answers:
            out += [f"--{boundary}\r\n".encode(), _written(answer)]
        out.append(f"--{boundary}--\r\n".encode())
    out.append(f"--batchresponse_{name}--\r\n".encode())
    return b"".join(out)


def _written(answer: Answer) -> bytes:
    response = answer.response
    if not isinstance(response.body, bytes):
        raise TypeError("an answer inside a batch is bytes")
    head = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
    if answer.content_id:
        head += f"Content-ID: {answer.content_id}\r\n"
    reason = HTTPStatus(response.status).phrase
    head += f"\r\nHTTP/1.1 {response.status} {reason}\r\n"
    return head.encode("latin-1") + response.head + b"\r\n" + response.body + b"\r\n"

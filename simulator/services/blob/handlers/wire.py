"""What all handlers need of HTTP: a request with its place and permit, headers read and written."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from math import floor
from typing import Final
from urllib.parse import parse_qsl

from windtunnel.simulator.exchange import Absent, Request, Response, header_lines
from windtunnel.simulator.services.blob import errors as e
from windtunnel.simulator.services.blob.authorization.sas import Permit
from windtunnel.simulator.services.blob.authorization.sources import Sources
from windtunnel.simulator.services.blob.contents import Written
from windtunnel.simulator.services.blob.crc64 import crc64, crc64_of
from windtunnel.simulator.services.blob.documents import checked_tags
from windtunnel.simulator.services.blob.model.blobs import TIERS, Asked, Told
from windtunnel.simulator.services.blob.model.conditions import Conditions
from windtunnel.simulator.services.blob.model.tables import Blob, Container
from windtunnel.simulator.services.blob.model.whole import BlobModel
from windtunnel.simulator.services.blob.names import Address

XML: Final = {"Content-Type": "application/xml"}
BLOB_HEADERS: Final = {
    "content-type": "x-ms-blob-content-type",
    "content-encoding": "x-ms-blob-content-encoding",
    "content-language": "x-ms-blob-content-language",
    "content-md5": "x-ms-blob-content-md5",
    "cache-control": "x-ms-blob-cache-control",
    "content-disposition": "x-ms-blob-content-disposition",
}
SHOWN_HEADERS: Final = {
    "content-type": "Content-Type",
    "content-encoding": "Content-Encoding",
    "content-language": "Content-Language",
    "content-md5": "Content-MD5",
    "cache-control": "Cache-Control",
    "content-disposition": "Content-Disposition",
}
DEFAULT_TYPE: Final = "application/octet-stream"
LARGEST_METADATA, LARGEST_XML = 8_192, 16_777_216
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_GUID = re.compile(r"\{?([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\}?")
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{1,18})?")
_ETAG = re.compile(r'\*|"[^"]*"|[^",\s]+')
ABSENT_HEADERS: Final = {
    b"x-ms-encryption-key": "customer-provided keys",
    b"x-ms-encryption-scope": "encryption scopes",
    b"x-ms-if-tags": "conditions on tags",
    b"x-ms-source-if-tags": "conditions on tags",
    b"x-ms-immutability-policy-until-date": "immutability policies",
    b"x-ms-legal-hold": "legal holds",
    b"x-ms-structured-body": "structured messages",
}
"""Headers that ask for what is not simulated."""


@dataclass(frozen=True, slots=True)
class Call:
    """One authorised request."""

    request: Request
    address: Address
    parameters: Mapping[str, str]
    version: str
    permit: Permit
    model: BlobModel
    endpoint: str
    sources: Sources
    again: Callable[[Request, str], Response]
    """Answers a request that stands inside this one, by a version unless it has its own."""

    def header(self, name: str) -> str:
        """A header, or nothing."""
        return self.request.header(name)

    # -- what the request depends on ----------------------------------------------------------

    @property
    def snapshot(self) -> str:
        """The snapshot that is meant. Raises Absent for a version."""
        if self.parameters.get("versionid"):
            raise Absent("blob versions")
        return self.parameters.get("snapshot", "")

    def asked(self) -> Asked:
        """Lease and conditions."""
        creates_only = not self.permit.has("w") and self.permit.has("c")
        return Asked(self.guid("x-ms-lease-id"), self.conditions(), creates_only)

    def conditions(self, prefix: str = "") -> Conditions:
        """The conditional headers; `x-ms-source-` are those on the source of a copy."""
        return Conditions(
            self._etags(f"{prefix}if-match"),
            self._etags(f"{prefix}if-none-match"),
            self._moment(f"{prefix}if-modified-since"),
            self._moment(f"{prefix}if-unmodified-since"),
        )

    def _etags(self, name: str) -> tuple[str, ...]:
        text = self.header(name)
        if not text:
            return ()
        found = _ETAG.findall(text)
        return tuple(tag if tag == "*" or tag[0] == '"' else f'"{tag}"' for tag in found)

    def _moment(self, name: str) -> float | None:
        text = self.header(name)
        if not text:
            return None
        try:
            return parsedate_to_datetime(text).timestamp()
        except (ValueError, OverflowError) as error:
            raise e.InvalidHeaderValue(name, text) from error

    def guid(self, name: str) -> str:
        """A header with a GUID, in lower case. Raises InvalidHeaderValue."""
        text = self.header(name)
        if not text:
            return ""
        found = _GUID.fullmatch(text)
        if found is None:
            raise e.InvalidHeaderValue(name, text)
        return found[1].lower()

    def number(self, name: str) -> int | None:
        """A header with a whole number, not below zero. Raises InvalidHeaderValue."""
        text = self.header(name)
        if not text:
            return None
        if not text.isascii() or not text.isdigit() or len(text) > 18:
            raise e.InvalidHeaderValue(name, text)
        return int(text)

    def needed_number(self, name: str) -> int:
        """The same, of a header that must be there."""
        found = self.number(name)
        if found is None:
            raise e.MissingRequiredHeader(name)
        return found

    def choice(self, name: str, allowed: Mapping[str, str] | tuple[str, ...], default: str) -> str:
        """A header with one of some words. Raises InvalidHeaderValue."""
        text = self.header(name)
        if not text:
            return default
        if text not in allowed:
            raise e.InvalidHeaderValue(name, text)
        return text

    def span(self, size: int) -> tuple[int, int] | None:
        """First byte and the one behind the last, of `x-ms-range` or `Range`.

        A range that cannot be read is none. Raises InvalidRange. Source: "Specifying the range
        header for Blob service operations".
        """
        return _span(self.header("x-ms-range") or self.header("range"), size)

    def source_range(self, size: int) -> tuple[int, int]:
        """The range of a source to copy; all of it without."""
        return _span(self.header("x-ms-source-range"), size) or (0, size)

    # -- what the request tells of a blob ------------------------------------------------------

    def told(self, *, content_type: bool = True, told_md5: str = "") -> Told:
        """Headers, metadata, tags and tier of a blob to create."""
        headers = self.blob_headers()
        if content_type:
            headers.setdefault("content-type", self.header("content-type") or DEFAULT_TYPE)
            for name in ("content-encoding", "content-language", "cache-control"):
                if self.header(name):
                    headers.setdefault(name, self.header(name))
        headers.setdefault("content-type", DEFAULT_TYPE)
        if told_md5:
            headers.setdefault("content-md5", told_md5)
        tier = self.header("x-ms-access-tier")
        if tier and tier not in TIERS:
            raise e.InvalidHeaderValue("x-ms-access-tier", tier)
        return Told(headers, self.metadata(), self.tags(), tier)

    def blob_headers(self) -> dict[str, str]:
        """The x-ms-blob- headers, by the names that readers get. Raises InvalidHeaderValue."""
        found = {name: self.header(own) for name, own in BLOB_HEADERS.items() if self.header(own)}
        if "content-md5" in found and _md5(found["content-md5"]) is None:
            raise e.InvalidHeaderValue("x-ms-blob-content-md5", found["content-md5"])
        return found

    def metadata(self) -> dict[str, str]:
        """The x-ms-meta- headers; names are told apart without case. Raises what is wrong."""
        found: dict[str, str] = {}
        size, written = 0, self.request.written_names or {}
        for name, value in self.request.headers.items():
            if name.startswith(b"x-ms-meta-"):
                key = written.get(name, name)[10:].decode("latin-1")
                if not key:
                    raise e.EmptyMetadataKey
                if not _NAME.fullmatch(key):
                    raise e.InvalidMetadata
                found[key] = value.decode("latin-1")
                size += len(key) + len(value)
        if size > LARGEST_METADATA:
            raise e.MetadataTooLarge
        return found

    def tags(self) -> dict[str, str]:
        """The tags of `x-ms-tags`. Raises InvalidTags."""
        text = self.header("x-ms-tags")
        return checked_tags(parse_qsl(text, keep_blank_values=True)) if text else {}

    # -- the body -----------------------------------------------------------------------------

    @property
    def size(self) -> int:
        """Bytes of the body. Raises MissingContentLengthHeader for one of unstated length."""
        if not self.header("content-length") and self.header("transfer-encoding"):
            raise e.MissingContentLengthHeader
        spooled = self.request.spooled
        return len(self.request.body) if spooled is None else spooled.size

    def xml(self) -> bytes:
        """A body of XML."""
        if self.request.spooled is not None:
            if self.size > LARGEST_XML:
                raise e.RequestBodyTooLarge(LARGEST_XML)
            body = self.request.spooled.path.read_bytes()
        else:
            body = self.request.body
        self._check(hashlib.md5(body, usedforsecurity=False).digest(), lambda: crc64(body))
        return body

    def content(self, largest: int) -> Written:
        """The body as a content file, its hashes checked. Raises RequestBodyTooLarge, ..."""
        if self.size > largest:
            raise e.RequestBodyTooLarge(largest)
        contents = self.model.shelf.contents
        spooled = self.request.spooled
        written = contents.write([self.request.body]) if spooled is None else contents.take(spooled)
        self.model.shelf.suspect([written.file])
        self._check(written.md5, lambda: crc64_of(contents.path(written.file)))
        return written

    def _check(self, md5: bytes, crc: Callable[[], bytes]) -> None:
        text = self.header("content-md5")
        if text:
            given = _md5(text)
            if given is None:
                raise e.InvalidMd5
            if given != md5:
                raise e.Md5Mismatch(text, base64.b64encode(md5).decode())
        text = self.header("x-ms-content-crc64")
        if text:
            calculated = base64.b64encode(crc()).decode()
            if text != calculated:
                raise e.Crc64Mismatch(text, calculated)

    def body_hash(self, written: Written) -> dict[str, str]:
        """The hash that the answer to a write of content states."""
        if self.header("x-ms-content-crc64"):
            return {"x-ms-content-crc64": self.header("x-ms-content-crc64")}
        return {"Content-MD5": base64.b64encode(written.md5).decode()}


def _span(text: str, size: int) -> tuple[int, int] | None:
    found = _RANGE.fullmatch(text.strip())
    if found is None:
        return None
    start, last = int(found[1]), int(found[2] or size)
    if last < start and found[2]:
        return None
    if start >= size:
        raise e.InvalidRange(size)
    return start, min(last + 1, size)


def _md5(text: str) -> bytes | None:
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if len(found) == 16 else None


def reply(status: int, headers: Mapping[str, str], body: bytes = b"") -> Response:
    """An answer with a body that is at hand."""
    return Response(status, body, header_lines(headers))


def http_date(moment: float) -> str:
    """A moment as HTTP headers have it."""
    return formatdate(floor(moment), usegmt=True)


def version_headers(thing: Blob | Container) -> dict[str, str]:
    """ETag and time of change."""
    return {"ETag": thing.etag, "Last-Modified": http_date(thing.modified)}

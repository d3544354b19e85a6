"""Strings to sign and their signatures. Pure.

Sources: "Authorize with Shared Key", "Create a service SAS", "Create an account SAS".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from windtunnel.simulator.exchange import Request

_HEADERS = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)
OVERRIDES = ("rscc", "rscd", "rsce", "rscl", "rsct")


def signature(key: str, text: str) -> str:
    """HMAC-SHA256 of a text under a base64 key, in base64."""
    digest = hmac.new(base64.b64decode(key), text.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return base64.b64encode(digest.digest()).decode()


def is_signed(keys: Sequence[str], texts: Sequence[str], given: str) -> bool:
    """Whether one of the keys made this signature for one of the texts."""
    return any(
        hmac.compare_digest(signature(key, text).encode(), given.encode("utf-8", "replace"))
        for key in keys
        for text in texts
    )


def is_key(text: str) -> bool:
    """Whether it can be an account key."""
    try:
        return bool(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return False


def shared_key_texts(request: Request, account: str, version: str) -> list[str]:
    """What a Shared Key signs. Two texts where the order of the x-ms- headers is in doubt."""
    length = request.header("content-length")
    if length == "0" and version >= "2015-02-21":
        length = ""
    has_own_date = bool(request.header("x-ms-date"))
    lines = [request.method]
    for name in _HEADERS:
        if name == "content-length":
            lines.append(length)
        elif name == "date" and has_own_date:
            lines.append("")
        else:
            lines.append(request.header(name))
    resource = f"/{account}{request.path}{_canonical_query(request.query)}"
    return [
        "\n".join([*lines, *headers, resource]) for headers in _canonical_headers(request.headers)
    ]


def shared_key_lite_texts(request: Request, account: str) -> list[str]:
    """What Shared Key Lite signs."""
    date = "" if request.header("x-ms-date") else request.header("date")
    lines = [
        request.method,
        request.header("content-md5"),
        request.header("content-type"),
        date,
    ]
    resource = f"/{account}{request.path}"
    for part in request.query.split("&"):
        name, _, value = part.partition("=")
        if name.lower() == "comp":
            resource += f"?comp={unquote(value)}"
    return [
        "\n".join([*lines, *headers, resource]) for headers in _canonical_headers(request.headers)
    ]


def _canonical_headers(headers: Mapping[bytes, bytes]) -> list[list[str]]:
    """By code point, and as the service and its clients collate: hyphens count last."""
    found = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in headers.items()
        if name.startswith(b"x-ms-")
    ]
    plain = sorted(found)
    collated = sorted(found, key=lambda pair: (_weights(pair[0]), pair[0]))
    orders = [plain] if plain == collated else [collated, plain]
    return [[f"{name}:{value}" for name, value in order] for order in orders]


def _weights(name: str) -> list[tuple[int, str]]:
    """Punctuation before digits before letters; a hyphen has no weight."""
    return [
        (2 if char.isalpha() else 1 if char.isdigit() else 0, char)
        for char in name
        if char not in "-'"
    ]


def _canonical_query(query: str) -> str:
    found: dict[str, list[str]] = {}
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        found.setdefault(unquote(name).lower(), []).append(unquote(value))
    return "".join(f"\n{name}:{','.join(sorted(found[name]))}" for name in sorted(found))


def account_sas_text(account: str, sas: Mapping[str, str]) -> str:
    """What an account SAS signs."""
    names = ["sp", "ss", "srt", "st", "se", "sip", "spr", "sv"]
    if sas.get("sv", "") >= "2020-12-06":
        names.append("ses")
    return "".join(f"{line}\n" for line in [account, *(sas.get(name, "") for name in names)])


def service_sas_text(account: str, resource: str, sas: Mapping[str, str], snapshot: str) -> str:
    """What a service SAS signs; `resource` is `/container` or `/container/blob`, decoded."""
    version = sas.get("sv", "")
    prefix = "/blob" if version >= "2015-02-21" else ""
    lines = [sas.get(name, "") for name in ("sp", "st", "se")]
    lines += [f"{prefix}/{account}{resource}", sas.get("si", "")]
    if version >= "2015-04-05":
        lines += [sas.get("sip", ""), sas.get("spr", "")]
    lines.append(version)
    if version >= "2018-11-09":
        lines += [sas.get("sr", ""), snapshot]
    if version >= "2020-12-06":
        lines.append(sas.get("ses", ""))
    if version >= "2013-08-15":
        lines += [sas.get(name, "") for name in OVERRIDES]
    return "\n".join(lines)

"""Compressed bodies: when a client takes them, and how they are made."""

from __future__ import annotations

import re
import zlib

_NEVER = re.compile(rb"\s*q\s*=\s*0(\.0*)?\s*")


def takes_gzip(accepted: bytes) -> bool:
    """Whether `gzip` is among the codings of Accept-Encoding and not ruled out by a weight of 0."""
    for part in accepted.lower().split(b","):
        name, _, weight = part.partition(b";")
        if name.strip() == b"gzip":
            return _NEVER.fullmatch(weight) is None
    return False


def gzipped(body: bytes, level: int = 1) -> bytes:
    """A body as gzip, without a time in it: the same bytes give the same answer."""
    packer = zlib.compressobj(level, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()

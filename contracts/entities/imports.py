"""What documents of real environments have in common when they are imported."""

from __future__ import annotations

import zlib
from typing import Final

LARGEST_BYTES: Final = 512 * 1024 * 1024
_GZIP: Final = b"\x1f\x8b"


class ImportProblem(ValueError):
    """A document that is none of those that can be imported; `where` is its name."""

    is_usage_error = True

    def __init__(self, message: str, where: str = "") -> None:
        self.where = where
        super().__init__(message)


def unpacked(raw: bytes) -> bytes:
    """A document without its gzip compression. Raises ImportProblem when it is broken or huge."""
    if raw[:2] != _GZIP:
        return raw
    inflate = zlib.decompressobj(wbits=31)
    try:
        document = inflate.decompress(raw, LARGEST_BYTES)
    except zlib.error as error:
        raise ImportProblem(f"The gzip data cannot be read: {error}.") from error
    if inflate.unconsumed_tail or not inflate.eof:
        raise ImportProblem("The gzip data ends early or is too large.")
    return document

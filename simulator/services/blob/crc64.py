"""The CRC-64 of Azure Storage, as its headers have it: eight bytes, the lowest first.

Its polynomial and rules are those the field calls CRC-64/NVME.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, cast

import crcmod

_POLYNOMIAL: Final = 0x1_AD93_D235_94C9_3659
_CHUNK: Final = 1_048_576
_crc = cast(
    Callable[[bytes, int], int],
    crcmod.mkCrcFun(_POLYNOMIAL, initCrc=0, rev=True, xorOut=0xFFFF_FFFF_FFFF_FFFF),
)


def crc64(data: bytes) -> bytes:
    """Of bytes at hand."""
    return _crc(data, 0).to_bytes(8, "little")


def crc64_of(path: Path) -> bytes:
    """Of a file."""
    value = 0
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            value = _crc(data, value)
    return value.to_bytes(8, "little")

"""Opens a package's zip as if it were hostile, and begins a new one.

Every bound is checked against the directory of the zip before a byte is unpacked; a directory that
lies ends in a checksum error while the member is read, for no more than it says is unpacked.
"""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedIOBase
from typing import BinaryIO, Final, cast

from windtunnel.simulator.services.data_management.faults import (
    MemberEncrypted,
    MemberLeaves,
    MemberMissing,
    PackageFault,
    PackageTooLarge,
)

HEADER: Final = "PackageHeader.xml"
MANIFEST: Final = "Manifest.xml"
PIECE: Final = 1 << 16
_MOST_MEMBERS: Final = 10_000
_SMALL: Final = 16 << 20
"""Members up to this size may shrink as they like: empty columns of UTF-16 shrink a lot."""
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_LOCAL_HEADER: Final = 30
"""What stands before a member at least. Source: APPNOTE.TXT of PKWARE, "Local file header"."""
_LEAVES: Final = re.compile(r"(^|[/\\])\.\.([/\\]|$)|^[/\\]|^[A-Za-z]:|\x00")


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a package may unpack to."""

    unpacked_bytes: int = 5_000_000_000
    ratio: int = 500
    xml_bytes: int = 32 << 20


class Archive:
    """An opened package. Members are found by name without regard to case, as on the server."""

    def __init__(self, file: BinaryIO, bounds: Bounds | None = None) -> None:
        """Read the directory and check it. Raises PackageFault."""
        self.bounds = bounds or Bounds()
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
            raise MemberMissing(name=HEADER) from error
        infos = self._zip.infolist()
        self._members = _checked(infos, self.bounds)
        self.folders = {
            info.filename.partition("/")[0].lower() for info in infos if "/" in info.filename
        }

    @property
    def names(self) -> list[str]:
        """The members at the top of the package."""
        return [info.filename for info in self._members.values()]

    def has(self, name: str) -> bool:
        """Whether there is a member."""
        return name.lower() in self._members

    def size(self, name: str) -> int:
        """How many bytes a member unpacks to. Raises MemberMissing."""
        return self._info(name).file_size

    def open(self, name: str) -> Member:
        """A member to be read from its beginning. Raises PackageFault."""
        info = self._info(name)
        try:
            return Member(cast(BufferedIOBase, self._zip.open(info)), info.filename)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
            raise PackageFault(file=info.filename, reason=str(error)) from error

    def xml(self, name: str) -> bytes:
        """A small member as a whole. Raises PackageFault."""
        if self.size(name) > self.bounds.xml_bytes:
            raise PackageTooLarge(
                file=name, reason=f"'{name}' is larger than {self.bounds.xml_bytes} bytes"
            )
        with self.open(name) as member:
            return member.read()

    def close(self) -> None:
        """Let go of the zip; the file below stays open."""
        self._zip.close()

    def _info(self, name: str) -> zipfile.ZipInfo:
        info = self._members.get(name.lower())
        if info is None:
            raise MemberMissing(name=name)
        return info


class Member:
    """A member under reading: what zip and deflate find wrong becomes a PackageFault."""

    def __init__(self, stream: BufferedIOBase, name: str) -> None:
        self._stream, self.name = stream, name

    def __enter__(self) -> Member:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    def read(self, size: int = -1) -> bytes:
        """The next bytes; none at the end. Raises PackageFault."""
        try:
            return self._stream.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise PackageFault(file=self.name, reason=f"'{self.name}' is damaged: {error}") from (
                error
            )

    def pieces(self) -> Iterator[bytes]:
        """All of it, piece by piece. Raises PackageFault."""
        while piece := self.read(PIECE):
            yield piece


def _checked(infos: list[zipfile.ZipInfo], bounds: Bounds) -> dict[str, zipfile.ZipInfo]:
    if len(infos) > _MOST_MEMBERS:
        raise PackageTooLarge(reason=f"it has more than {_MOST_MEMBERS} files")
    found: dict[str, zipfile.ZipInfo] = {}
    total = 0
    for info in infos:
        name = info.orig_filename
        if _LEAVES.search(name):
            raise MemberLeaves(name=name)
        if info.flag_bits & 0x1:
            raise MemberEncrypted(file=name, name=name)
        if info.compress_type not in _METHODS:
            raise PackageFault(file=name, reason=f"'{name}' is compressed in an unknown way")
        total += info.file_size
        if total > bounds.unpacked_bytes:
            raise PackageTooLarge(reason=f"more than {bounds.unpacked_bytes} bytes")
        shrinks = info.file_size > info.compress_size * bounds.ratio
        if shrinks and info.file_size > _SMALL:
            raise PackageTooLarge(
                file=name, reason=f"'{name}' shrinks by more than {bounds.ratio} times"
            )
        key = info.filename.lower()
        if key in found:
            raise PackageFault(file=name, reason=f"'{name}' is there twice")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise PackageFault(file=name, reason=f"'{name}' is a link")
        if "/" not in info.filename and not info.is_dir():
            found[key] = info
    _check_overlaps(infos)
    return found


def _check_overlaps(infos: list[zipfile.ZipInfo]) -> None:
    """Members that share bytes unpack to far more than their zip: no honest one has them."""
    end = 0
    for info in sorted(infos, key=lambda item: item.header_offset):
        if info.header_offset < end:
            name = info.orig_filename
            raise PackageFault(file=name, reason=f"'{name}' overlaps another file")
        end = info.header_offset + _LOCAL_HEADER + info.compress_size


def new_archive(file: BinaryIO) -> zipfile.ZipFile:
    """A zip to write members into; compressed fast, for exports are large and made at once."""
    return zipfile.ZipFile(
        file, "w", zipfile.ZIP_DEFLATED, allowZip64=True, compresslevel=1, strict_timestamps=False
    )

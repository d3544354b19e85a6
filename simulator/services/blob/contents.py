"""The bytes of blobs: files written once, never changed, removed when nobody needs them.

A blob is a list of extents of such files, so blocks are put together, copied and taken as snapshots
without moving a byte, and a restored store finds all that it speaks of.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import tempfile
import threading
import uuid
import weakref
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from windtunnel.simulator.exchange import Spooled

CHUNK = 262_144


@dataclass(frozen=True, slots=True)
class Extent:
    """`length` bytes from `offset` of a file, which stand at `start` of the blob."""

    start: int
    length: int
    file: str
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """A file just made."""

    file: str
    size: int
    md5: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """A file under construction."""

    path: Path
    file: BinaryIO


class Contents:
    """A folder of content files; without `folder` a temporary one, removed by `close`."""

    def __init__(self, folder: Path | None = None) -> None:
        self._clean_up: Callable[[], object] = lambda: None
        if folder is None:
            folder = Path(tempfile.mkdtemp(prefix="windtunnel-blobs-"))
            self._clean_up = weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        self._folder = folder
        self.incoming = folder / "incoming"
        self._held: Counter[str] = Counter()
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.incoming.mkdir(exist_ok=True, mode=0o700)
        for left in self.incoming.iterdir():
            left.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove a temporary folder."""
        self._clean_up()

    # -- writing ------------------------------------------------------------------------------

    def write(self, pieces: Iterable[bytes]) -> Written:
        """Make a file of pieces; nothing stays when the iterator or the disk fails."""
        name, digest, size = uuid.uuid4().hex, hashlib.md5(usedforsecurity=False), 0
        draft = self.incoming / name
        try:
            with draft.open("xb") as file:
                for piece in pieces:
                    digest.update(piece)
                    size += len(piece)
                    file.write(piece)
            draft.replace(self._folder / name)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        return Written(name, size, digest.digest())

    @contextmanager
    def draft(self) -> Generator[Draft]:
        """A file to write and seek in, bit by bit; it goes unless `keep` made it a content file."""
        path = self.incoming / uuid.uuid4().hex
        try:
            with path.open("x+b") as file:
                yield Draft(path, file)
        finally:
            path.unlink(missing_ok=True)

    def keep(self, draft: Draft) -> Written:
        """Make a draft a content file, by moving it. Nobody reads it for a hash: `md5` is empty."""
        size = draft.file.seek(0, io.SEEK_END)
        draft.file.close()
        draft.path.replace(self._folder / draft.path.name)
        return Written(draft.path.name, size, b"")

    def take(self, spooled: Spooled) -> Written:
        """Make a request's body a content file, by moving it."""
        name = uuid.uuid4().hex
        spooled.path.replace(self._folder / name)
        return Written(name, spooled.size, spooled.md5)

    # -- reading ------------------------------------------------------------------------------

    def open(self, extents: Sequence[Extent], size: int) -> io.BufferedReader:
        """A file of a blob's bytes, to read and seek in; the content stays until it is closed."""
        return io.BufferedReader(_ExtentReader(self, extents, size), CHUNK)

    def stream(self, extents: Sequence[Extent], start: int, length: int) -> Iterator[bytes]:
        """A part of a blob, in chunks; bytes that no extent has are zero."""
        wanted = [e for e in extents if e.start < start + length and e.start + e.length > start]
        return _Stream(self, wanted, start, start + length)

    def path(self, file: str) -> Path:
        """Where a content file lies."""
        return self._folder / file

    # -- what may go --------------------------------------------------------------------------

    def hold(self, files: Iterable[str]) -> None:
        """Keep files while somebody reads them."""
        with self._lock:
            self._held.update(files)

    def release(self, files: Iterable[str]) -> None:
        """Undo one `hold`."""
        with self._lock:
            self._held.subtract(files)
            self._held = +self._held

    def is_held(self, file: str) -> bool:
        """Whether somebody reads it."""
        with self._lock:
            return self._held[file] > 0

    def remove(self, file: str) -> None:
        """Delete a file; one that is gone is gone."""
        (self._folder / file).unlink(missing_ok=True)

    def files(self) -> set[str]:
        """The names of all content files."""
        return {entry.name for entry in self._folder.iterdir() if entry.is_file()}


class _Stream(Iterator[bytes]):
    """Holds its files from the beginning, also when nobody ever reads."""

    def __init__(self, contents: Contents, extents: Sequence[Extent], start: int, end: int) -> None:
        self._contents, self._extents = contents, extents
        contents.hold(extent.file for extent in extents)
        self._chunks = _read(contents, extents, start, end)

    def __next__(self) -> bytes:
        return next(self._chunks)

    def __del__(self) -> None:
        self._chunks.close()
        self._contents.release(extent.file for extent in self._extents)


def _read(contents: Contents, extents: Sequence[Extent], place: int, end: int) -> Generator[bytes]:
    for extent in extents:
        if extent.start > place:
            yield from _zeros(extent.start - place)
            place = extent.start
        stop = min(extent.start + extent.length, end)
        with contents.path(extent.file).open("rb", buffering=0) as file:
            file.seek(extent.offset + place - extent.start)
            while place < stop:
                data = file.read(min(CHUNK, stop - place))
                if not data:
                    raise OSError(f"the content file {extent.file} is cut short")
                place += len(data)
                yield data
    if place < end:
        yield from _zeros(end - place)


def _zeros(count: int) -> Iterator[bytes]:
    while count > 0:
        yield bytes(min(count, CHUNK))
        count -= CHUNK


class _ExtentReader(io.RawIOBase):
    def __init__(self, contents: Contents, extents: Sequence[Extent], size: int) -> None:
        self._contents, self._extents, self._size = contents, list(extents), size
        self._place = 0
        self._files = [extent.file for extent in self._extents]
        contents.hold(self._files)
        self._open_index = -1
        self._open: io.FileIO | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError(f"negative seek position {base + offset}")
        self._place = base + offset
        return self._place

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        room = min(len(view), self._size - self._place)
        if room <= 0:
            return 0
        index = self._find(self._place)
        extent = self._extents[index] if index < len(self._extents) else None
        if extent is None or extent.start > self._place:
            gap = (extent.start if extent is not None else self._size) - self._place
            count = min(room, gap)
            view[:count] = bytes(count)
        else:
            inside = self._place - extent.start
            if self._open_index != index or self._open is None:
                if self._open is not None:
                    self._open.close()
                self._open = io.FileIO(self._contents.path(extent.file))
                self._open_index = index
            self._open.seek(extent.offset + inside)
            count = self._open.readinto(view[: min(room, extent.length - inside)])
            if not count:
                raise OSError(f"the content file {extent.file} is cut short")
        self._place += count
        return count

    def _find(self, place: int) -> int:
        """The index of the extent that has `place`, or of the first behind it."""
        low, high = 0, len(self._extents)
        while low < high:
            middle = (low + high) // 2
            extent = self._extents[middle]
            if extent.start + extent.length <= place:
                low = middle + 1
            else:
                high = middle
        return low

    def close(self) -> None:
        if not self.closed:
            if self._open is not None:
                self._open.close()
            self._contents.release(self._files)
        super().close()

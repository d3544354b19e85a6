"""Page blobs: ranges of 512-byte pages, written and cleared; what is not written is zero.

Sources: "Put Page", "Get Page Ranges".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from windtunnel.simulator.services.blob import errors as e
from windtunnel.simulator.services.blob.contents import Extent, Written
from windtunnel.simulator.services.blob.model.blobs import PAGE, Asked, Blobs
from windtunnel.simulator.services.blob.model.tables import Blob
from windtunnel.simulator.services.blob.names import Address

PAGE_BYTES: Final = 512
LARGEST_PAGE_BLOB: Final = 8 * 1024**4
LARGEST_PAGE_WRITE: Final = 4 * 1_048_576


@dataclass(frozen=True, slots=True)
class SequenceTerms:
    """Conditions on the sequence number."""

    at_most: int | None = None
    below: int | None = None
    equal: int | None = None

    def check(self, number: int) -> None:
        """Raises SequenceNumberConditionNotMet."""
        if (
            (self.at_most is not None and number > self.at_most)
            or (self.below is not None and number >= self.below)
            or (self.equal is not None and number != self.equal)
        ):
            raise e.SequenceNumberConditionNotMet


class Pages:
    """Writes and reads of page ranges."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs, self._shelf = blobs, blobs.shelf

    def write(
        self, address: Address, asked: Asked, sequence: SequenceTerms, start: int, written: Written
    ) -> Blob:
        """Put pages. Raises InvalidPageRange beyond the blob's size."""
        self._shelf.suspect([written.file])
        blob = self._to_change(address, asked, sequence, start, start + written.size)
        self._cut(blob, start, start + written.size)
        self._shelf.add_extents(blob.id, [(Extent(start, written.size, written.file), "")])
        return self._blobs.changed(blob)

    def clear(
        self, address: Address, asked: Asked, sequence: SequenceTerms, start: int, end: int
    ) -> Blob:
        """Make pages zero again."""
        blob = self._to_change(address, asked, sequence, start, end)
        self._cut(blob, start, end)
        return self._blobs.changed(blob)

    def _to_change(
        self, address: Address, asked: Asked, sequence: SequenceTerms, start: int, end: int
    ) -> Blob:
        blob = self._blobs.to_change(address, asked, PAGE)
        sequence.check(blob.sequence_number)
        if end > blob.size or start % PAGE_BYTES or end % PAGE_BYTES:
            raise e.InvalidPageRange
        return blob

    def _cut(self, blob: Blob, start: int, end: int) -> None:
        """Take a range out of the extents."""
        store = self._shelf.store
        rows = store.read(
            "SELECT start, length, file, place FROM blob_extent "
            "WHERE blob=? AND start<? AND start+length>?",
            (blob.id, end, start),
        )
        touched = [Extent(*row) for row in rows]
        self._shelf.suspect(extent.file for extent in touched)
        for extent in touched:
            store.write("DELETE FROM blob_extent WHERE blob=? AND start=?", (blob.id, extent.start))
            kept: list[tuple[Extent, str]] = []
            if extent.start < start:
                left = start - extent.start
                kept.append((Extent(extent.start, left, extent.file, extent.offset), ""))
            stop = extent.start + extent.length
            if stop > end:
                offset = extent.offset + end - extent.start
                kept.append((Extent(end, stop - end, extent.file, offset), ""))
            self._shelf.add_extents(blob.id, kept)

    def ranges(
        self, address: Address, snapshot: str, asked: Asked, span: tuple[int, int] | None
    ) -> tuple[Blob, list[tuple[int, int]]]:
        """The blob and its written ranges within `span`."""
        blob = self._blobs.read(address, snapshot, asked)
        if blob.kind != PAGE:
            raise e.InvalidBlobType
        return blob, _merged(self._shelf.extents(blob.id), span or (0, blob.size))


def _merged(extents: Sequence[Extent], span: tuple[int, int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for extent in extents:
        start, end = max(extent.start, span[0]), min(extent.start + extent.length, span[1])
        if start >= end:
            continue
        if found and found[-1][1] == start:
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return found

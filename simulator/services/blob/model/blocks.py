"""Blocks: staged one by one, then put together by a list; blocks appended; limits by version.

Sources: "Put Block", "Put Block List", "Get Block List", "Append Block", "Understanding block
blobs, append blobs, and page blobs".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from windtunnel.simulator.services.blob import errors as e
from windtunnel.simulator.services.blob.contents import Extent, Written
from windtunnel.simulator.services.blob.model import conditions as when
from windtunnel.simulator.services.blob.model import leases
from windtunnel.simulator.services.blob.model.blobs import APPEND, BLOCK, Asked, Blobs, Told
from windtunnel.simulator.services.blob.model.tables import Blob
from windtunnel.simulator.services.blob.names import Address

MIB: Final = 1_048_576
MOST_BLOCKS, MOST_UNCOMMITTED, MOST_APPENDED = 50_000, 100_000, 50_000
LONGEST_BLOCK_ID: Final = 64
LARGEST_BY_VERSION: Final = {
    "blob": (("2019-12-12", 5000 * MIB), ("2016-05-31", 256 * MIB), ("", 64 * MIB)),
    "block": (("2019-12-12", 4000 * MIB), ("2016-05-31", 100 * MIB), ("", 4 * MIB)),
    "append": (("2022-11-02", 100 * MIB), ("", 4 * MIB)),
}


def largest(what: str, version: str) -> int:
    """The most bytes of a `blob` put at once, a `block`, an `append`, by service version."""
    return next(size for since, size in LARGEST_BY_VERSION[what] if version >= since)


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its id in base64, its size."""

    id: str
    size: int


class Blocks:
    """Block and append blobs from blocks."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs, self._shelf = blobs, blobs.shelf
        self._now = blobs.shelf.clock.now

    def stage(self, address: Address, asked: Asked, block: str, written: Written) -> None:
        """Keep an uncommitted block. Raises what forbids it."""
        self._shelf.suspect([written.file])
        self.check_stage(address, asked, block)
        key = (address.account, address.container, address.blob)
        store = self._shelf.store
        row = store.read(
            "SELECT block FROM blob_block WHERE account=? AND container=? AND name=? LIMIT 1", key
        ).fetchone()
        if row is not None:
            if len(_decoded(row[0])) != len(_decoded(block)):
                raise e.InvalidBlobOrBlock
            older = store.read(
                "SELECT file FROM blob_block WHERE account=? AND container=? AND name=? "
                "AND block=?",
                (*key, block),
            ).fetchone()
            if older is not None:
                self._shelf.suspect([older[0]])
            else:
                (count,) = store.read(
                    "SELECT count(*) FROM blob_block WHERE account=? AND container=? AND name=?",
                    key,
                ).fetchone()
                if count >= MOST_UNCOMMITTED:
                    raise e.BlockCountExceedsLimit(kind="uncommitted", limit="100,000")
        store.write(
            "INSERT OR REPLACE INTO blob_block VALUES (?,?,?,?,?,?,0)",
            (*key, block, written.size, written.file),
        )

    def check_stage(self, address: Address, asked: Asked, block: str) -> None:
        """Raises what forbids an uncommitted block, before its content is looked at."""
        old = self._blobs.find(address)
        if old is not None:
            if old.kind != BLOCK:
                raise e.InvalidBlobType
            leases.check_write(old.lease, asked.lease, self._now())
        if not 0 < len(_decoded(block)) <= LONGEST_BLOCK_ID:
            raise e.InvalidQueryParameterValue("blockid", block, "The block id is 1 to 64 bytes.")

    def commit(
        self, address: Address, asked: Asked, told: Told, wanted: Sequence[tuple[str, str]]
    ) -> Blob:
        """Make the blob of blocks: pairs of `Committed`, `Uncommitted` or `Latest` and an id."""
        if len(wanted) > MOST_BLOCKS:
            raise e.BlockListTooLong
        old = self._blobs.find(address)
        if old is not None and old.kind != BLOCK:
            raise e.InvalidBlobType
        committed = {} if old is None else self._committed_files(old)
        staged = self._staged_files(address)
        extents: list[tuple[Extent, str]] = []
        place = 0
        for kind, block in wanted:
            sources = {
                "Committed": (committed,),
                "Uncommitted": (staged,),
                "Latest": (staged, committed),
            }[kind]
            found = next((source[block] for source in sources if block in source), None)
            if found is None:
                raise e.InvalidBlockList
            length, file, offset = found
            extents.append((Extent(place, length, file, offset), block))
            place += length
        blob = self._blobs.create(address, asked, told, BLOCK, place)
        if old is not None:
            blob.created = old.created
        blob.blocks = len(extents)
        self._shelf.add_extents(blob.id, extents)
        self._shelf.save_blob(blob)
        return blob

    def _committed_files(self, blob: Blob) -> dict[str, tuple[int, str, int]]:
        rows = self._shelf.store.read(
            "SELECT block, length, file, place FROM blob_extent WHERE blob=? AND block>''",
            (blob.id,),
        )
        return {block: (length, file, place) for block, length, file, place in rows}

    def _staged_files(self, address: Address) -> dict[str, tuple[int, str, int]]:
        rows = self._shelf.store.read(
            "SELECT block, length, file, place FROM blob_block "
            "WHERE account=? AND container=? AND name=?",
            (address.account, address.container, address.blob),
        )
        return {block: (length, file, place) for block, length, file, place in rows}

    def lists(
        self, address: Address, snapshot: str, asked: Asked
    ) -> tuple[Blob | None, list[Block], list[Block]]:
        """The blob (None: nothing is committed), its blocks, the uncommitted ones."""
        blob = self._blobs.find(address, snapshot)
        committed: list[Block] = []
        if blob is not None:
            if blob.kind != BLOCK:
                raise e.InvalidBlobType
            leases.check_read(blob.lease, asked.lease, self._now())
            when.check_read(asked.conditions, blob.etag, blob.modified)
            rows = self._shelf.store.read(
                "SELECT block, length FROM blob_extent WHERE blob=? AND block>'' ORDER BY start",
                (blob.id,),
            )
            committed = [Block(*row) for row in rows]
        staged = [
            Block(block, length)
            for block, (length, _, _) in sorted(self._staged_files(address).items())
        ]
        if blob is None and (snapshot or not staged):
            raise e.BlobNotFound
        return blob, committed, staged

    # -- append blobs -------------------------------------------------------------------------

    def append(
        self,
        address: Address,
        asked: Asked,
        written: Written,
        *,
        at: int | None = None,
        most: int | None = None,
    ) -> tuple[Blob, int]:
        """Add a block at the end; returns the blob and where the block begins."""
        self._shelf.suspect([written.file])
        blob = self._blobs.to_change(address, asked, APPEND)
        if blob.is_sealed:
            raise e.BlobIsSealed
        if at is not None and at != blob.size:
            raise e.AppendPositionConditionNotMet
        if most is not None and blob.size + written.size > most:
            raise e.MaxBlobSizeConditionNotMet
        if blob.blocks >= MOST_APPENDED:
            raise e.BlockCountExceedsLimit(kind="committed", limit="50,000")
        place = blob.size
        self._shelf.add_extents(blob.id, [(Extent(place, written.size, written.file), "")])
        blob.size += written.size
        blob.blocks += 1
        return self._blobs.changed(blob), place

    def seal(self, address: Address, asked: Asked, at: int | None) -> Blob:
        """Let an append blob take nothing more."""
        blob = self._blobs.to_change(address, asked, APPEND)
        if at is not None and at != blob.size:
            raise e.AppendPositionConditionNotMet
        if not blob.is_sealed:
            blob.is_sealed = True
            self._blobs.changed(blob)
        return blob


def _decoded(block: str) -> bytes:
    try:
        return base64.b64decode(block, validate=True)
    except (binascii.Error, ValueError) as error:
        raise e.InvalidQueryParameterValue(
            "blockid", block, "Not a valid base64 string."
        ) from error

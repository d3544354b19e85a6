"""Blobs of all kinds: reading, creating, changing what is known of them, deleting, snapshots.

Sources: "Put Blob", "Get Blob", "Set Blob Properties", "Set Blob Metadata", "Set Blob Tier",
"Snapshot Blob", "Delete Blob", "Lease Blob".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final

from windtunnel.simulator.services.blob import errors as e
from windtunnel.simulator.services.blob.contents import Extent, Written
from windtunnel.simulator.services.blob.model import conditions as when
from windtunnel.simulator.services.blob.model import leases
from windtunnel.simulator.services.blob.model.conditions import FREE, Conditions
from windtunnel.simulator.services.blob.model.leases import Lease
from windtunnel.simulator.services.blob.model.shelf import Shelf
from windtunnel.simulator.services.blob.model.tables import Blob
from windtunnel.simulator.services.blob.names import Address

BLOCK, APPEND, PAGE = "BlockBlob", "AppendBlob", "PageBlob"
TIERS: Final = ("Hot", "Cool", "Cold", "Archive")
REHYDRATION_SECONDS: Final = {"Standard": 15 * 3600.0, "High": 3600.0}
"""Of what the service promises (up to 15 hours, under 1 hour) the whole. "Blob rehydration"."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request makes a blob operation depend on."""

    lease: str = ""
    conditions: Conditions = FREE
    creates_only: bool = False
    """The caller may create but not overwrite."""


ANYHOW: Final = Asked()


@dataclass(frozen=True, slots=True)
class Told:
    """What a request says of a blob that it creates."""

    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    tier: str = ""


class Blobs:
    """The blobs of all accounts."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self._now = shelf.clock.now

    # -- finding ------------------------------------------------------------------------------

    def find(self, address: Address, snapshot: str = "") -> Blob | None:
        """The blob, if it is there. Raises ContainerNotFound."""
        found = self.shelf.blob(address.account, address.container, address.blob, snapshot)
        if found is None and self.shelf.container(address.account, address.container) is None:
            raise e.ContainerNotFound
        return found

    def get(self, address: Address, snapshot: str = "") -> Blob:
        """The blob as it is now. Raises ContainerNotFound or BlobNotFound."""
        found = self.find(address, snapshot)
        if found is None:
            raise e.BlobNotFound
        if found.rehydrates and (found.tier_changed or 0.0) <= self._now():
            found.tier, found.rehydrates = found.rehydrates, ""
        return found

    def read(self, address: Address, snapshot: str, asked: Asked) -> Blob:
        """The blob for a reader. Raises what the conditions and the lease ask for."""
        blob = self.get(address, snapshot)
        leases.check_read(blob.lease, asked.lease, self._now())
        when.check_read(asked.conditions, blob.etag, blob.modified)
        return blob

    def content(self, address: Address, snapshot: str, asked: Asked) -> tuple[Blob, list[Extent]]:
        """The blob and what it is made of. Raises BlobArchived too."""
        blob = self.read(address, snapshot, asked)
        check_online(blob)
        return blob, self.shelf.extents(blob.id)

    def to_change(self, address: Address, asked: Asked, kind: str = "") -> Blob:
        """A blob that is about to be changed. Raises what forbids it."""
        blob = self.get(address)
        when.check_write(asked.conditions, blob.etag, blob.modified)
        blob.lease = leases.check_write(blob.lease, asked.lease, self._now())
        if kind and blob.kind != kind:
            raise e.InvalidBlobType
        return blob

    def changed(self, blob: Blob) -> Blob:
        """Store a change, under a new ETag."""
        blob.etag, blob.modified = self.shelf.new_etag(), self._now()
        self.shelf.save_blob(blob)
        return blob

    # -- creating -----------------------------------------------------------------------------

    def create(self, address: Address, asked: Asked, told: Told, kind: str, size: int = 0) -> Blob:
        """A new blob without content, in place of the one there. Raises what forbids it."""
        old = self.find(address)
        when.check_write(
            asked.conditions,
            None if old is None else old.etag,
            0.0 if old is None else old.modified,
        )
        lease, now = leases.NONE, self._now()
        if old is not None:
            if asked.creates_only:
                raise e.AuthorizationPermissionMismatch
            lease = leases.check_write(old.lease, asked.lease, now)
            if old.kind != kind and self.shelf.snapshots(old):
                raise e.SnapshotsPresent
            self.shelf.remove_blob(old)
        elif asked.lease:
            raise e.LeaseNotPresent("blob")
        self.forget_blocks(address)
        return self.shelf.add_blob(
            Blob(
                0,
                address.account,
                address.container,
                address.blob,
                "",
                kind,
                size,
                self.shelf.new_etag(),
                now,
                now,
                headers=dict(told.headers),
                metadata=told.metadata,
                tags=told.tags,
                tier=told.tier,
                tier_changed=now if told.tier else None,
                lease=lease,
            )
        )

    def put(self, address: Address, asked: Asked, told: Told, written: Written) -> Blob:
        """A block blob of one piece."""
        self.shelf.suspect([written.file])
        blob = self.create(address, asked, told, BLOCK, written.size)
        if written.size:
            self.shelf.add_extents(blob.id, [(Extent(0, written.size, written.file), "")])
        return blob

    def forget_blocks(self, address: Address) -> None:
        """Drop the uncommitted blocks of a blob."""
        key = (address.account, address.container, address.blob)
        store = self.shelf.store
        rows = store.read(
            "SELECT file FROM blob_block WHERE account=? AND container=? AND name=?", key
        ).fetchall()
        if rows:
            self.shelf.suspect([file for (file,) in rows])
            store.write("DELETE FROM blob_block WHERE account=? AND container=? AND name=?", key)

    # -- changing -----------------------------------------------------------------------------

    def set_headers(
        self,
        address: Address,
        asked: Asked,
        headers: dict[str, str],
        *,
        size: int | None = None,
        sequence: Callable[[int], int] | None = None,
    ) -> Blob:
        """Replace the HTTP headers; of a page blob also size and sequence number."""
        blob = self.to_change(address, asked)
        if size is not None or sequence is not None:
            if blob.kind != PAGE:
                raise e.InvalidBlobType
            if size is not None:
                self._resize(blob, size)
            if sequence is not None:
                blob.sequence_number = sequence(blob.sequence_number)
        if headers or (size is None and sequence is None):
            blob.headers = headers
        return self.changed(blob)

    def _resize(self, blob: Blob, size: int) -> None:
        store = self.shelf.store
        self.shelf.suspect(extent.file for extent in self.shelf.extents(blob.id))
        store.write("DELETE FROM blob_extent WHERE blob=? AND start>=?", (blob.id, size))
        store.write(
            "UPDATE blob_extent SET length=?-start WHERE blob=? AND start+length>?",
            (size, blob.id, size),
        )
        blob.size = size

    def set_metadata(self, address: Address, asked: Asked, metadata: dict[str, str]) -> Blob:
        """Replace the metadata."""
        blob = self.to_change(address, asked)
        blob.metadata = metadata
        return self.changed(blob)

    def set_tags(self, address: Address, asked: Asked, tags: dict[str, str]) -> Blob:
        """Replace the tags; ETag and time of change stay."""
        blob = self.get(address)
        when.check_write(asked.conditions, blob.etag, blob.modified)
        leases.check_read(blob.lease, asked.lease, self._now())
        blob.tags = tags
        self.shelf.save_blob(blob)
        return blob

    def set_tier(
        self, address: Address, snapshot: str, asked: Asked, tier: str, priority: str
    ) -> Blob:
        """Move a block blob to another tier; out of the archive it takes its time."""
        blob = self.get(address, snapshot)
        leases.check_read(blob.lease, asked.lease, self._now())
        if blob.kind != BLOCK:
            raise e.InvalidBlobType
        if tier not in TIERS:
            raise e.InvalidBlobTier
        now = self._now()
        if blob.rehydrates:
            if tier != blob.rehydrates:
                raise e.BlobBeingRehydrated
            return blob
        if blob.tier == "Archive" and tier != "Archive":
            blob.rehydrates, blob.rehydrate_priority = tier, priority
            blob.tier_changed = now + REHYDRATION_SECONDS[priority]
        else:
            blob.tier, blob.tier_changed = tier, now
        self.shelf.save_blob(blob)
        return blob

    def lease(self, address: Address, asked: Asked, act: Callable[[Lease, float], Lease]) -> Blob:
        """Do an act of leasing. ETag and time of change stay."""
        blob = self.get(address)
        when.check_write(asked.conditions, blob.etag, blob.modified)
        blob.lease = act(blob.lease, self._now())
        self.shelf.save_blob(blob)
        return blob

    # -- snapshots, deletes -------------------------------------------------------------------

    def snapshot(self, address: Address, asked: Asked, metadata: dict[str, str]) -> Blob:
        """Keep the blob as it is; returns the snapshot."""
        blob = self.get(address)
        when.check_write(asked.conditions, blob.etag, blob.modified)
        leases.check_read(blob.lease, asked.lease, self._now())
        taken = self._free_moment(blob)
        made = self.shelf.add_blob(
            replace(
                blob,
                snapshot=taken,
                lease=leases.NONE,
                metadata=metadata or blob.metadata,
            )
        )
        self.shelf.copy_extents(blob.id, made.id)
        return made

    def _free_moment(self, blob: Blob) -> str:
        """Now, in ticks of 100 ns; a little later where a snapshot has this name."""
        ticks = int(self._now() * 10_000_000)
        while True:
            second = datetime.fromtimestamp(ticks // 10_000_000, UTC)
            name = f"{second:%Y-%m-%dT%H:%M:%S}.{ticks % 10_000_000:07d}Z"
            if self.shelf.blob(blob.account, blob.container, blob.name, name) is None:
                return name
            ticks += 1

    def delete(self, address: Address, snapshot: str, asked: Asked, snapshots: str) -> None:
        """Delete a blob; `snapshots` is nothing, `include` or `only`."""
        blob = self.get(address, snapshot)
        when.check_write(asked.conditions, blob.etag, blob.modified)
        if snapshot:
            self.shelf.remove_blob(blob)
            return
        if snapshots != "only":
            leases.check_write(blob.lease, asked.lease, self._now())
        others = self.shelf.snapshots(blob)
        if others and not snapshots:
            raise e.SnapshotsPresent
        for other in others:
            self.shelf.remove_blob(other)
        if snapshots != "only":
            self.shelf.remove_blob(blob)
            self.forget_blocks(address)


def check_online(blob: Blob) -> None:
    """Raises BlobArchived or BlobBeingRehydrated for content that cannot be read."""
    if blob.rehydrates:
        raise e.BlobBeingRehydrated
    if blob.tier == "Archive":
        raise e.BlobArchived

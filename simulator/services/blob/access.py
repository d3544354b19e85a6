"""What other services of the house may do with blobs: write, read, and hand out SAS URLs.

Declared by a Protocol of each consumer and wired in simulator/web/wiring. All calls are made on
the simulator's own thread; what `open` returns may be read anywhere.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from urllib.parse import quote, urlencode

from windtunnel.simulator.exchange import Spooled
from windtunnel.simulator.kernel.clock import Clock, iso_seconds
from windtunnel.simulator.services.blob.authorization import signing
from windtunnel.simulator.services.blob.authorization.sources import Sources
from windtunnel.simulator.services.blob.contents import Draft, Written
from windtunnel.simulator.services.blob.model.blobs import ANYHOW, Asked, Blobs, Told
from windtunnel.simulator.services.blob.model.containers import Containers
from windtunnel.simulator.services.blob.model.tables import Blob
from windtunnel.simulator.services.blob.names import HOST_SUFFIX, Address


class BlobAccess:
    """One storage account, as a service inside the cloud uses it."""

    def __init__(
        self,
        account: str,
        key: str,
        blobs: Blobs,
        containers: Containers,
        sources: Sources,
        clock: Clock,
        origin: Callable[[], str],
    ) -> None:
        """`origin` is the listener's URL."""
        self.account, self._key = account, key
        self._blobs, self._containers = blobs, containers
        self._sources, self._clock, self._origin = sources, clock, origin

    def sas_url(
        self,
        container: str,
        blob: str,
        *,
        permissions: str,
        seconds: float,
        early_seconds: float = 300.0,
        version: str = "2014-02-14",
        in_cloud: bool = False,
    ) -> str:
        """A URL that grants `permissions` on one blob, there or not, for `seconds` from now.

        `in_cloud`: the caller spoke to names of the cloud, so the URL has the account's.
        """
        now = self._clock.now()
        sas = {
            "sv": version,
            "sr": "b",
            "st": iso_seconds(now - early_seconds),
            "se": iso_seconds(now + seconds),
            "sp": permissions,
        }
        text = signing.service_sas_text(self.account, f"/{container}/{blob}", sas, "")
        sas["sig"] = signing.signature(self._key, text)
        root = f"https://{self.account}{HOST_SUFFIX}"
        if not in_cloud:
            root = f"{self._origin()}/{self.account}"
        return f"{root}/{container}/{quote(blob)}?{urlencode(sas)}"

    def write(
        self,
        container: str,
        blob: str,
        pieces: Iterable[bytes],
        content_type: str = "application/octet-stream",
    ) -> int:
        """Write a whole block blob, over one that is there; the container is made at need.

        Returns its size. Nothing is kept when `pieces` raises.
        """
        written = self._blobs.shelf.contents.write(pieces)
        self._put(container, blob, written, content_type)
        return written.size

    def draft(self) -> AbstractContextManager[Draft]:
        """A file for a blob that takes long to make; it goes unless `write_draft` takes it."""
        return self._blobs.shelf.contents.draft()

    def write_draft(
        self,
        container: str,
        blob: str,
        draft: Draft,
        content_type: str = "application/octet-stream",
    ) -> None:
        """Write a whole block blob of a draft, without moving a byte; as `write` otherwise."""
        self._put(container, blob, self._blobs.shelf.contents.keep(draft), content_type)

    def write_spooled(
        self,
        container: str,
        blob: str,
        spooled: Spooled,
        content_type: str = "application/octet-stream",
    ) -> None:
        """Write a whole block blob of a request's body, without moving a byte."""
        self._put(container, blob, self._blobs.shelf.contents.take(spooled), content_type)

    def copy(self, source: tuple[str, str], target: tuple[str, str]) -> bool:
        """Make a blob with the content of another, by container and name, without moving a byte.

        False when the other is not there.
        """
        found = self.find(*source)
        if found is None:
            return False
        self._containers.ensure(self.account, target[0])
        told = Told(dict(found.headers))
        made = self._blobs.create(
            Address(self.account, *target), ANYHOW, told, found.kind, found.size
        )
        self._blobs.shelf.copy_extents(found.id, made.id)
        return True

    def _put(self, container: str, blob: str, written: Written, content_type: str) -> None:
        self._containers.ensure(self.account, container)
        told = Told({"content-type": content_type})
        self._blobs.put(Address(self.account, container, blob), ANYHOW, told, written)

    def ensure_container(self, container: str) -> None:
        """Make a container, if it is not there: a write URL needs it."""
        self._containers.ensure(self.account, container)

    def exists(self, container: str, blob: str) -> bool:
        """Whether the blob is there."""
        return self._blobs.shelf.blob(self.account, container, blob) is not None

    def open(self, container: str, blob: str) -> io.BufferedReader:
        """A blob's content, to read and seek in; close it. Raises BlobNotFound and its kin."""
        return self._open(Address(self.account, container, blob), "")

    def open_url(self, url: str) -> io.BufferedReader:
        """The content behind a URL with a SAS, which must allow reading now.

        Raises BlobError, as the service would answer a GET; LookupError for a URL that leads
        elsewhere.
        """
        return self._open(*self._sources.find(url))

    def leads_here(self, url: str) -> bool:
        """Whether a URL names a blob of this simulator."""
        return self._sources.leads_here(url)

    def delete(self, container: str, blob: str) -> bool:
        """Delete a blob with its snapshots; False when it is not there."""
        if not self.exists(container, blob):
            return False
        address = Address(self.account, container, blob)
        found = self._blobs.get(address)
        self._blobs.delete(address, "", Asked(lease=found.lease.id), "include")
        return True

    def list(self, container: str, prefix: str = "") -> Iterator[tuple[str, int, float]]:
        """Name, size and time of change of each blob, by name."""
        rows = self._blobs.shelf.store.read(
            "SELECT name, size, modified FROM blob_blob WHERE account=? AND container=? "
            "AND snapshot='' AND name>=? AND name<? ORDER BY name",
            (self.account, container, prefix, prefix + "\U0010ffff"),
        )
        yield from rows.fetchall()

    def find(self, container: str, blob: str) -> Blob | None:
        """What is known of a blob."""
        return self._blobs.shelf.blob(self.account, container, blob)

    def _open(self, address: Address, snapshot: str) -> io.BufferedReader:
        blob, extents = self._blobs.content(address, snapshot, ANYHOW)
        return self._blobs.shelf.contents.open(extents, blob.size)

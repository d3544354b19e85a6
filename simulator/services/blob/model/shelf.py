"""Rows and files together: reads and writes of containers, blobs and extents, and what may go.

A content file goes once the transaction that dropped it is committed, nothing refers to it, nobody
reads it and no remembered content of the store (a snapshot, the seed) needs it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.blob.contents import Contents, Extent
from windtunnel.simulator.services.blob.model.tables import TABLES, Blob, Container

_COLUMNS = "id, account, container, name, snapshot, kind, size, etag, created, modified, facts"


class Shelf:
    """What the model keeps. Rules of the service are elsewhere."""

    def __init__(self, store: Store, contents: Contents, clock: Clock, ids: Ids) -> None:
        self.store, self.contents, self.clock, self.ids = store, contents, clock, ids
        self._suspects: set[str] = set()
        self._kept: set[str] = set()
        store.on_commit(self._clear_away)

    def create(self) -> None:
        """Create the tables, and remove files of an earlier process that nothing refers to."""
        for sql in TABLES:
            self.store.write(sql)
        self._suspects |= self.contents.files()

    def forget(self) -> None:
        """The store was reset or restored: files of the time after may go."""
        self._suspects |= self.contents.files()
        self._clear_away()

    def keep(self) -> None:
        """The present content of the store is remembered: its files stay while we run."""
        self._kept |= self._referenced()

    def _referenced(self) -> set[str]:
        rows = self.store.read("SELECT file FROM blob_extent UNION SELECT file FROM blob_block")
        return {file for (file,) in rows}

    def _clear_away(self) -> None:
        if not self._suspects:
            return
        later: set[str] = set()
        for file in self._suspects - self._kept:
            if self._is_referenced(file):
                continue
            if self.contents.is_held(file):
                later.add(file)
            else:
                self.contents.remove(file)
        self._suspects = later

    def _is_referenced(self, file: str) -> bool:
        row = self.store.read(
            "SELECT EXISTS (SELECT 1 FROM blob_extent WHERE file=?) "
            "OR EXISTS (SELECT 1 FROM blob_block WHERE file=?)",
            (file, file),
        ).fetchone()
        return bool(row[0])

    def suspect(self, files: Iterable[str]) -> None:
        """These may have lost their last reference, or may never get one."""
        self._suspects.update(files)

    # -- small facts --------------------------------------------------------------------------

    def new_etag(self) -> str:
        """An ETag nobody had."""
        return f'"0x8D{self.ids.random.getrandbits(52):013X}"'

    # -- containers ---------------------------------------------------------------------------

    def container(self, account: str, name: str) -> Container | None:
        """A container, if it is there."""
        row = self.store.read(
            "SELECT account, name, etag, modified, facts FROM blob_container "
            "WHERE account=? AND name=?",
            (account, name),
        ).fetchone()
        return None if row is None else Container.of(row)

    def containers(self, account: str, prefix: str, after: str, most: int) -> list[Container]:
        """Containers in the order of their names, behind `after`."""
        rows = self.store.read(
            "SELECT account, name, etag, modified, facts FROM blob_container "
            "WHERE account=? AND name>=? AND name<? AND name>? ORDER BY name LIMIT ?",
            (account, prefix, prefix + "\U0010ffff", after, most),
        )
        return [Container.of(row) for row in rows]

    def save_container(self, container: Container) -> None:
        """Store a container as it is now."""
        self.store.write(
            "INSERT OR REPLACE INTO blob_container VALUES (?,?,?,?,?)",
            (
                container.account,
                container.name,
                container.etag,
                container.modified,
                container.facts(),
            ),
        )

    def remove_container(self, container: Container) -> None:
        """Delete a container with all it holds."""
        key = (container.account, container.name)
        files = self.store.read(
            "SELECT file FROM blob_extent WHERE blob IN "
            "(SELECT id FROM blob_blob WHERE account=? AND container=?) "
            "UNION SELECT file FROM blob_block WHERE account=? AND container=?",
            (*key, *key),
        )
        self.suspect([file for (file,) in files])
        self.store.write(
            "DELETE FROM blob_extent WHERE blob IN "
            "(SELECT id FROM blob_blob WHERE account=? AND container=?)",
            key,
        )
        self.store.write("DELETE FROM blob_blob WHERE account=? AND container=?", key)
        self.store.write("DELETE FROM blob_block WHERE account=? AND container=?", key)
        self.store.write("DELETE FROM blob_container WHERE account=? AND name=?", key)

    # -- blobs --------------------------------------------------------------------------------

    def blob(self, account: str, container: str, name: str, snapshot: str = "") -> Blob | None:
        """A blob or a snapshot, if it is there."""
        row = self.store.read(
            f"SELECT {_COLUMNS} FROM blob_blob "
            "WHERE account=? AND container=? AND name=? AND snapshot=?",
            (account, container, name, snapshot),
        ).fetchone()
        return None if row is None else Blob.of(row)

    def snapshots(self, blob: Blob) -> list[Blob]:
        """The snapshots of a blob, oldest first."""
        rows = self.store.read(
            f"SELECT {_COLUMNS} FROM blob_blob "
            "WHERE account=? AND container=? AND name=? AND snapshot>'' ORDER BY snapshot",
            (blob.account, blob.container, blob.name),
        )
        return [Blob.of(row) for row in rows]

    def add_blob(self, blob: Blob) -> Blob:
        """Store a new blob; it gets its id."""
        cursor = self.store.write(
            f"INSERT INTO blob_blob ({_COLUMNS}) VALUES (NULL,?,?,?,?,?,?,?,?,?,?)",
            (
                blob.account,
                blob.container,
                blob.name,
                blob.snapshot,
                blob.kind,
                blob.size,
                blob.etag,
                blob.created,
                blob.modified,
                blob.facts(),
            ),
        )
        blob.id = int(cursor.lastrowid or 0)
        return blob

    def save_blob(self, blob: Blob) -> None:
        """Store what changed of a blob."""
        self.store.write(
            "UPDATE blob_blob SET size=?, etag=?, modified=?, facts=? WHERE id=?",
            (blob.size, blob.etag, blob.modified, blob.facts(), blob.id),
        )

    def remove_blob(self, blob: Blob) -> None:
        """Delete one blob or snapshot."""
        self.clear_extents(blob.id)
        self.store.write("DELETE FROM blob_blob WHERE id=?", (blob.id,))

    # -- content ------------------------------------------------------------------------------

    def extents(self, blob_id: int) -> list[Extent]:
        """What a blob is made of, in order."""
        rows = self.store.read(
            "SELECT start, length, file, place FROM blob_extent WHERE blob=? ORDER BY start",
            (blob_id,),
        )
        return [Extent(*row) for row in rows]

    def extents_with_blocks(self, blob_id: int) -> list[tuple[Extent, str]]:
        """The same, each with the id of its block."""
        rows = self.store.read(
            "SELECT start, length, file, place, block FROM blob_extent WHERE blob=? ORDER BY start",
            (blob_id,),
        )
        return [(Extent(*row[:4]), row[4]) for row in rows]

    def clear_extents(self, blob_id: int) -> None:
        """A blob loses its content."""
        rows = self.store.read("SELECT DISTINCT file FROM blob_extent WHERE blob=?", (blob_id,))
        self.suspect([file for (file,) in rows])
        self.store.write("DELETE FROM blob_extent WHERE blob=?", (blob_id,))

    def add_extents(self, blob_id: int, extents: Sequence[tuple[Extent, str]]) -> None:
        """Add content: pairs of an extent and the id of its block."""
        self.store.write_many(
            "INSERT INTO blob_extent VALUES (?,?,?,?,?,?)",
            [(blob_id, e.start, e.length, e.file, e.offset, block) for e, block in extents],
        )

    def copy_extents(self, source_id: int, target_id: int) -> None:
        """Let a blob have the content of another."""
        self.store.write(
            "INSERT INTO blob_extent SELECT ?, start, length, file, place, block "
            "FROM blob_extent WHERE blob=?",
            (target_id, source_id),
        )

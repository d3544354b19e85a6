"""Files of file and image columns, kept in blocks beside the records; uploads under way.

All in the store: durable, undone with their transaction, gone after a reset. Source: "Use file
column data".
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from windtunnel.contracts.entities.dataverse import ColumnDefinition
from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.images import NotAnImage, thumbnail
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable

CHUNK = 4_194_304
"""Bytes of a block: what uploads are advised to send, and the most that UploadBlock takes."""
FILE_KB, IMAGE_KB, LARGEST_IMAGE_KB = 32_768, 10_240, 30_720
SESSION_SECONDS = 86_400
_TICKS_AT_1970 = 621_355_968_000_000_000
_TABLES = (
    """CREATE TABLE IF NOT EXISTS dataverse_file (id TEXT PRIMARY KEY, entity TEXT NOT NULL,
    record TEXT NOT NULL, "column" TEXT NOT NULL, name TEXT NOT NULL, mime TEXT NOT NULL,
    size INTEGER NOT NULL, UNIQUE (entity, record, "column"))""",
    """CREATE TABLE IF NOT EXISTS dataverse_file_block (file TEXT NOT NULL, number INTEGER NOT NULL,
    block TEXT NOT NULL, data BLOB NOT NULL, PRIMARY KEY (file, number))""",
    "CREATE INDEX IF NOT EXISTS dataverse_file_block_name ON dataverse_file_block (file, block)",
    """CREATE TABLE IF NOT EXISTS dataverse_file_session (token TEXT PRIMARY KEY,
    purpose TEXT NOT NULL, entity TEXT NOT NULL, record TEXT NOT NULL, "column" TEXT NOT NULL,
    name TEXT NOT NULL, until REAL NOT NULL)""",
)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a column: what is known of it, without its bytes."""

    id: str
    entity: str
    record: str
    column: str
    name: str
    mime: str
    size: int


@dataclass(frozen=True, slots=True)
class Session:
    """An upload or a download in several requests; `purpose` tells who began it."""

    token: str
    purpose: str
    entity: str
    record: str
    column: str
    name: str


class Files:
    """Reads and writes of files; changing the record's own columns is the caller's."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store, self._clock, self._ids = store, clock, ids
        self._kinds: dict[str, tuple[object, tuple[str, ...], bool]] = {}
        self._types = mimetypes.MimeTypes()

    def create(self) -> None:
        """Create what is not in the store yet."""
        for sql in _TABLES:
            self._store.write(sql)

    # -- columns ------------------------------------------------------------------------------

    def columns(self, served: DataverseTable) -> tuple[tuple[str, ...], bool]:
        """(image columns, whether the table has file or image columns)."""
        definition = served.definition
        known = self._kinds.get(served.name)
        if known is None or known[0] is not definition:
            images = tuple(name for name in definition.columns if is_image(served, name))
            has_files = any(column.type == "File" for column in definition.columns.values())
            known = self._kinds[served.name] = (definition, images, bool(images) or has_files)
        return known[1], known[2]

    def mime_of(self, name: str) -> str:
        """The MIME type that a file name suggests."""
        return self._types.guess_type(name)[0] or "application/octet-stream"

    # -- files --------------------------------------------------------------------------------

    def get(self, served: DataverseTable, key: str, column: str) -> StoredFile | None:
        """The file of a column of a record."""
        return self._one('entity=? AND record=? AND "column"=?', (served.name, key, column))

    def by_id(self, file_id: str) -> StoredFile | None:
        """A file by the id that the column holds."""
        return self._one("id=?", (file_id,))

    def _one(self, where: str, values: Sequence[str]) -> StoredFile | None:
        row = self._store.read(
            'SELECT id, entity, record, "column", name, mime, size FROM dataverse_file '
            f"WHERE {where}",
            values,
        ).fetchone()
        return None if row is None else StoredFile(*row)

    def put(
        self, served: DataverseTable, key: str, column: str, name: str, mime: str, data: bytes
    ) -> StoredFile:
        """Keep a whole file as the value of a column, in place of the one there."""
        file_id = self._ids.uuid()
        for number, start in enumerate(range(0, len(data), CHUNK)):
            self._store.write(
                "INSERT INTO dataverse_file_block VALUES (?,?,?,?)",
                (file_id, number, "", data[start : start + CHUNK]),
            )
        return self._keep(StoredFile(file_id, served.name, key, column, name, mime, len(data)))

    def _keep(self, file: StoredFile) -> StoredFile:
        older = self._one(
            'entity=? AND record=? AND "column"=?', (file.entity, file.record, file.column)
        )
        if older is not None:
            self.remove(older)
        self._store.write(
            "INSERT INTO dataverse_file VALUES (?,?,?,?,?,?,?)",
            (file.id, file.entity, file.record, file.column, file.name, file.mime, file.size),
        )
        return file

    def remove(self, file: StoredFile) -> None:
        """Take a file away."""
        self._store.write("DELETE FROM dataverse_file_block WHERE file=?", (file.id,))
        self._store.write("DELETE FROM dataverse_file WHERE id=?", (file.id,))

    def remove_all(self, served: DataverseTable, key: str) -> None:
        """Take away the files of a record that was deleted."""
        if not self.columns(served)[1]:
            return
        self._store.write(
            "DELETE FROM dataverse_file_block WHERE file IN "
            "(SELECT id FROM dataverse_file WHERE entity=? AND record=?)",
            (served.name, key),
        )
        self._store.write(
            "DELETE FROM dataverse_file WHERE entity=? AND record=?", (served.name, key)
        )

    def blocks(self, file_id: str, start: int, length: int) -> Iterator[bytes]:
        """The bytes of a part of a file, a block at a time."""
        place = 0
        sizes = self._store.read(
            "SELECT number, length(data) FROM dataverse_file_block WHERE file=? ORDER BY number",
            (file_id,),
        ).fetchall()
        for number, size in sizes:
            first, last = max(start - place, 0), min(start + length - place, size)
            place += size
            if first >= last:
                continue
            row = self._store.read(
                "SELECT substr(data, ?, ?) FROM dataverse_file_block WHERE file=? AND number=?",
                (first + 1, last - first, file_id, number),
            ).fetchone()
            if row is None:
                raise ConnectionError("The file was deleted while it was sent.")
            yield row[0]

    # -- images -------------------------------------------------------------------------------

    def set_images(
        self,
        served: DataverseTable,
        key: str,
        values: Values,
        file_name: str = "",
        *,
        is_new: bool = False,
    ) -> None:
        """Turn new images among `values` into thumbnails, and set the columns that go with them.

        Raises ImageRefused, ImageTooBig, NotThePrimaryImage.
        """
        for column in self.columns(served)[0]:
            if column in values:
                if is_new and values[column] is not None and not _is_primary(served, column):
                    raise errors.NotThePrimaryImage(column=column, table=served.name)
                self._set_image(served, key, values, column, values[column], file_name)

    def _set_image(
        self,
        served: DataverseTable,
        key: str,
        values: Values,
        column: str,
        data: bytes | None,
        name: str,
    ) -> None:
        """Put the thumbnail of one image and its companions into `values`; keep the full image."""
        older = self.get(served, key, column)
        if data is None:
            if older is not None:
                self.remove(older)
            companions: tuple[str | int | None, ...] = (None, None, None)
        else:
            limit = largest_kb(served.definition.columns[column])
            if len(data) > limit * 1024:
                raise errors.ImageTooBig(limit=limit // 1024, size=len(data) // 1_048_576)
            try:
                data, mime = thumbnail(full := data)
            except NotAnImage as problem:
                raise errors.ImageRefused(id=key, table=served.name, column=column) from problem
            image_id = self._ids.uuid()
            if served.definition.columns[column].facts.get("CanStoreFullImage"):
                image_id = self.put(served, key, column, name or column, mime, full).id
            elif older is not None:
                self.remove(older)
            ticks = _TICKS_AT_1970 + int(self._clock.now() * 10_000_000)
            url = (
                f"/Image/download.aspx?Entity={served.name}&Attribute={column}"
                f"&Id={image_id}&Timestamp={ticks}"
            )
            companions = (image_id, ticks, url)
        values[column] = data
        for suffix, value in zip(("id", "_timestamp", "_url"), companions, strict=True):
            if served.has(column + suffix):
                values[column + suffix] = value

    # -- in several requests ------------------------------------------------------------------

    def begin(
        self, purpose: str, served: DataverseTable, key: str, column: str, name: str = ""
    ) -> str:
        """A token for an upload or a download in blocks; sessions that ended are forgotten."""
        now = self._clock.now()
        self._store.write(
            "DELETE FROM dataverse_file_block WHERE file IN "
            "(SELECT token FROM dataverse_file_session WHERE until<?)",
            (now,),
        )
        self._store.write("DELETE FROM dataverse_file_session WHERE until<?", (now,))
        token = self._ids.uuid().replace("-", "") + self._ids.uuid().replace("-", "")
        self._store.write(
            "INSERT INTO dataverse_file_session VALUES (?,?,?,?,?,?,?)",
            (token, purpose, served.name, key, column, name, now + SESSION_SECONDS),
        )
        return token

    def session(self, token: object, *purposes: str) -> Session:
        """What a token stands for. Raises BadFileToken."""
        row = None
        if isinstance(token, str):
            row = self._store.read(
                'SELECT token, purpose, entity, record, "column", name '
                "FROM dataverse_file_session WHERE token=? AND until>=?",
                (token, self._clock.now()),
            ).fetchone()
        if row is None or row[1] not in purposes:
            raise errors.BadFileToken
        return Session(*row)

    def add_block(self, session: Session, number: int, block: str, data: bytes) -> None:
        """Keep a block of an upload; one sent again replaces the first."""
        if block:
            row = self._store.read(
                "SELECT number FROM dataverse_file_block WHERE file=? AND block=?",
                (session.token, block),
            ).fetchone()
            following = self._store.read(
                "SELECT coalesce(max(number), -1) + 1 FROM dataverse_file_block WHERE file=?",
                (session.token,),
            ).fetchone()
            number = int((row or following)[0])
        self._store.write(
            "INSERT OR REPLACE INTO dataverse_file_block VALUES (?,?,?,?)",
            (session.token, number, block, data),
        )

    def received(self, session: Session) -> int:
        """How many bytes of an upload are there."""
        row = self._store.read(
            "SELECT coalesce(sum(length(data)), 0) FROM dataverse_file_block WHERE file=?",
            (session.token,),
        ).fetchone()
        return int(row[0])

    def order(self, session: Session, names: Sequence[str]) -> None:
        """Bring the blocks of an upload in order; blocks not named are dropped.

        Raises BadBlockList.
        """
        rows = self._store.read(
            "SELECT block, number FROM dataverse_file_block WHERE file=?", (session.token,)
        )
        numbers: dict[str, int] = dict(rows)
        if not set(names) <= numbers.keys() or len(set(names)) != len(names):
            raise errors.BadBlockList
        shift = max(numbers.values(), default=0) + 1
        for place, name in enumerate(names):
            self._store.write(
                "UPDATE dataverse_file_block SET number=? WHERE file=? AND block=?",
                (shift + place, session.token, name),
            )
        self._store.write(
            "DELETE FROM dataverse_file_block WHERE file=? AND number<?", (session.token, shift)
        )

    def whole(self, session: Session) -> bytes:
        """All bytes of an upload."""
        return b"".join(self.blocks(session.token, 0, self.received(session)))

    def finish(self, session: Session, name: str, mime: str) -> StoredFile:
        """Make the blocks of an upload the file of its column."""
        size, file_id = self.received(session), self._ids.uuid()
        self._store.write(
            "UPDATE dataverse_file_block SET file=? WHERE file=?", (file_id, session.token)
        )
        self.forget(session)
        return self._keep(
            StoredFile(file_id, session.entity, session.record, session.column, name, mime, size)
        )

    def forget(self, session: Session) -> None:
        """End a session; blocks it still holds go."""
        self._store.write("DELETE FROM dataverse_file_block WHERE file=?", (session.token,))
        self._store.write("DELETE FROM dataverse_file_session WHERE token=?", (session.token,))


def is_image(served: DataverseTable, column: str) -> bool:
    """Whether a column is an image with the columns that go with one."""
    found = served.definition.columns.get(column)
    return found is not None and found.type == "Image" and served.has(f"{column}_timestamp")


def _is_primary(served: DataverseTable, column: str) -> bool:
    primary = served.definition.facts.get("PrimaryImageAttribute")
    stated = served.definition.columns[column].facts.get("IsPrimaryImage")
    return column == (primary or "entityimage") if stated is None else bool(stated)


def largest_kb(column: ColumnDefinition) -> int:
    """How large a value of a file or image column may be."""
    stated = column.facts.get("MaxSizeInKB")
    if column.type == "Image":
        return min(int(stated or IMAGE_KB), LARGEST_IMAGE_KB)
    return int(stated or FILE_KB)

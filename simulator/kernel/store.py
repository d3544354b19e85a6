"""One SQLite database, file or memory: shared transactions, snapshots, cheap reset.

Writes open a transaction at need; whoever answers the requests calls `commit` before any answer
that could have seen them leaves the process. So all requests of one turn of the loop share a
commit, and an acknowledged write is in the WAL file: it survives the end of the process.
"""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.checkpoints import Checkpoints
from windtunnel.simulator.kernel.locks import FileLock, Held

STATEMENTS_KEPT_PREPARED = 512
LOG_BYTES_KEPT = 4 << 20
"""What is left of the log's file when it begins anew, so that its size says how long it is."""
PAGES_IN_LOG = 20_000
"""Pages in the log at which a commit copies them itself: `Checkpoints` mostly came before."""


def _of_text(change: Callable[[str], str]) -> Callable[[Any], Any]:
    return lambda value: change(value) if isinstance(value, str) else value


_TEXT_FUNCTIONS = {
    "lower": _of_text(str.lower),
    "upper": _of_text(str.upper),
    "folded": _of_text(str.casefold),
}
"""SQL functions that know the case of all letters; SQLite's own know ASCII."""


class Store:
    """A connection with explicit transactions. Not for several threads."""

    def __init__(self, path: Path | None = None) -> None:
        """Raises UsageError when another store has the file, sqlite3.Error when it is no database.

        Nothing stays open then.
        """
        self.path = path
        self._lock: FileLock | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = _only_owner(path)
        self._connection = sqlite3.connect(
            ":memory:" if path is None else path,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=STATEMENTS_KEPT_PREPARED,
        )
        # A store that nobody closed ends with its object, and Python 3.13 does not warn of it.
        weakref.finalize(self, self._connection.close).atexit = False
        try:
            self.earlier_runs = self._prepare()
        except BaseException:
            self._close()
            raise
        self._open = False
        self._depth = 0
        self._seed: bytes | None = None
        self._before_commit: list[Callable[[], None]] = []
        self._after_commit: list[Callable[[], None]] = []
        self._after_rollback: list[Callable[[], None]] = []
        self._makers: list[Callable[[str], bool]] = []
        self._checkpoints = None if path is None else Checkpoints(path)

    def _prepare(self) -> int:
        """Set up the connection; how often the database was opened before."""
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=OFF",
            "temp_store=MEMORY",
            "cache_size=-65536",
            "mmap_size=268435456",
            f"wal_autocheckpoint={PAGES_IN_LOG}",
            f"journal_size_limit={LOG_BYTES_KEPT}",
            "case_sensitive_like=OFF",
            "trusted_schema=OFF",
        ):
            self._connection.execute(f"PRAGMA {pragma}")
        for name, change in _TEXT_FUNCTIONS.items():
            self._connection.create_function(name, 1, change, deterministic=True)
        (earlier_runs,) = self._connection.execute("PRAGMA user_version").fetchone()
        self._connection.execute(f"PRAGMA user_version={earlier_runs + 1}")
        return int(earlier_runs)

    earlier_runs: int
    """How often this database was opened before."""

    @property
    def in_transaction(self) -> bool:
        """Whether something is written and not yet committed."""
        return self._open

    def begin(self) -> None:
        """Open the shared transaction, if it is not open."""
        if not self._open:
            self._connection.execute("BEGIN IMMEDIATE")
            self._open = True

    def read(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run a query. It sees what the open transaction wrote."""
        try:
            return self._connection.execute(sql, parameters)
        except sqlite3.OperationalError as error:
            self._make_what_lacks(error)
            return self.read(sql, parameters)

    def read_if_made(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor | None:
        """`read`, or None where a table of the query was not made yet: it has no records."""
        try:
            return self._connection.execute(sql, parameters)
        except sqlite3.OperationalError as error:
            if not _lacking(error):
                raise
            return None

    def write(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Run one statement inside the shared transaction, opening it at need."""
        if not self._open:
            self.begin()
        try:
            return self._connection.execute(sql, parameters)
        except sqlite3.OperationalError as error:
            self._make_what_lacks(error)
            return self.write(sql, parameters)

    def write_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one statement for many rows inside the shared transaction."""
        if not self._open:
            self.begin()
        try:
            self._connection.executemany(sql, rows)
        except sqlite3.OperationalError as error:
            self._make_what_lacks(error)
            self.write_many(sql, rows)

    def tables(self) -> frozenset[str]:
        """The names of the tables and views that are there."""
        rows = self.read("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")
        return frozenset(name for (name,) in rows)

    def on_missing(self, make: Callable[[str], bool]) -> None:
        """Call `make` with the name of a table that a statement wants and that is not there.

        It makes the table, or says False. An environment has hundreds of tables and most are
        never used: a table that waits for its first statement costs the start nothing, and one
        that a rollback or `reset` has taken away comes back by itself.
        """
        self._makers.append(make)

    def _make_what_lacks(self, error: sqlite3.OperationalError) -> None:
        name = _lacking(error)
        if name and any(make(name) for make in self._makers) and name in self.tables():
            return
        raise error

    def commit(self) -> None:
        """Make everything written so far durable, then tell those who asked."""
        if self._open:
            for listener in self._before_commit:
                listener()
            self._connection.execute("COMMIT")
            self._open = False
            if self._checkpoints is not None:
                self._checkpoints.committed()
            for listener in self._after_commit:
                listener()

    def hold_back(self, then: Callable[[], None]) -> bool:
        """Whether long work should write no more before `then` is called, by another thread."""
        return self._checkpoints is not None and self._checkpoints.hold_back(then)

    def rollback(self) -> None:
        """Undo everything since the last commit, then tell those who keep copies."""
        if self._open:
            self._connection.execute("ROLLBACK")
            self._open = False
            for listener in self._after_rollback:
                listener()

    @contextmanager
    def atomic(self) -> Generator[None]:
        """All or nothing for the statements inside, within the shared transaction; nests."""
        if not self._open:
            self.begin()
        for listener in self._before_commit:
            listener()
        self._depth += 1
        name = f"s{self._depth}"
        self._connection.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            self._connection.execute(f"ROLLBACK TO {name}")
            for listener in self._after_rollback:
                listener()
            raise
        finally:
            self._connection.execute(f"RELEASE {name}")
            self._depth -= 1

    def before_commit(self, listener: Callable[[], None]) -> None:
        """Call `listener` before every commit and every savepoint: what waits is to be written."""
        self._before_commit.append(listener)

    def on_commit(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every commit that wrote something."""
        self._after_commit.append(listener)

    def on_rollback(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every rollback, whole or to a savepoint: caches must forget."""
        self._after_rollback.append(listener)

    def snapshot(self) -> bytes:
        """The whole database as bytes, as a file of SQLite's format."""
        self.commit()
        return self._connection.serialize()

    def restore(self, image: bytes) -> None:
        """Replace the whole database by a snapshot."""
        self.commit()
        before = self.read("PRAGMA schema_version").fetchone()[0]
        if self.path is None:
            self._connection.deserialize(image)
        else:
            with _memory_of(image) as source:
                source.backup(self._connection)
        # A number that was never there before: statements prepared for the tables of another
        # content are prepared again. Source: sqlite.org, "PRAGMA schema_version".
        after = self.read("PRAGMA schema_version").fetchone()[0]
        self._connection.execute(f"PRAGMA schema_version={max(before, after) + 1}")
        for listener in self._after_rollback:
            listener()

    def mark(self) -> None:
        """Remember the present content as what `reset` returns to."""
        self._seed = self.snapshot()

    def reset(self) -> None:
        """Return to the content at `mark`."""
        if self._seed is None:
            raise RuntimeError("reset before mark: there is no content to return to")
        self.restore(self._seed)

    def close(self) -> None:
        """Commit and close."""
        self.commit()
        self.abandon()

    def abandon(self) -> None:
        """Close without what is not committed."""
        if self._checkpoints is not None:
            self._checkpoints.close()
        self._close()

    def _close(self) -> None:
        self._connection.close()
        if self._lock is not None:
            self._lock.close()


def _only_owner(path: Path) -> FileLock:
    try:
        return FileLock(path, patience_seconds=0.5)
    except Held as error:
        raise UsageError(
            "another simulator has this database open",
            where=str(path),
            remedy="Stop that one first, or name another file with --db "
            "(simulator.database in windtunnel.toml).",
        ) from error


_LACKING = "no such table: "


def _lacking(error: sqlite3.OperationalError) -> str:
    """The table for want of which a statement could not be prepared; `` for another error."""
    text = str(error)
    return text[len(_LACKING) :].removeprefix("main.") if text.startswith(_LACKING) else ""


@contextmanager
def _memory_of(image: bytes) -> Generator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    try:
        # Bytes 18 and 19 say WAL in the image of a file; a memory database has no WAL.
        # Source: sqlite.org, "Database File Format", section 1.3.3.
        connection.deserialize(image[:18] + b"\x01\x01" + image[20:])
        yield connection
    finally:
        connection.close()


def quoted(name: str) -> str:
    """An SQL identifier in quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | int | float | bytes) -> str:
    """A value as it stands in SQL."""
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    return repr(value)

"""A database file belongs to one simulator at a time.

The lock is one of the operating system, taken through SQLite on a file beside the database, so it
ends with its process however that ends. The database itself stays open to whoever only looks.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from windtunnel.simulator.exchange import UsageError

PATIENCE_SECONDS = 0.5
"""Two that start at the same moment may both see the other try; one of them then waits and wins."""


class SingleOwner:
    """Holds a database file until `close`, or until the process ends."""

    def __init__(self, path: Path) -> None:
        """Raises UsageError when another simulator has it, sqlite3.Error when there is no lock."""
        whole = path.resolve()
        self._lock = sqlite3.connect(
            whole.with_name(f"{whole.name}.lock"),
            isolation_level=None,
            check_same_thread=False,
            timeout=PATIENCE_SECONDS,
        )
        try:
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            self._lock.close()
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise UsageError(
                "another simulator has this database open",
                where=str(path),
                remedy="Stop that one first, or name another file with --db "
                "(simulator.database in windtunnel.toml).",
            ) from error

    def close(self) -> None:
        """Let others have it."""
        self._lock.close()

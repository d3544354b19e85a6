"""Locks of the operating system that end with their process, however that ends.

They are taken through SQLite, which knows how each system locks files, on a file beside the one
that is meant; that one stays open to whoever only looks.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path


class Held(Exception):
    """Somebody else has the lock, in this process or another."""


class FileLock:
    """Holds `path` until `close` or the end of the block."""

    def __init__(self, path: Path, patience_seconds: float) -> None:
        """Raises Held after waiting in vain, sqlite3.Error where no lock can be made.

        Some patience is needed always: two that try at one moment may both see the other try.
        """
        whole = path.resolve()
        self._connection = sqlite3.connect(
            whole.with_name(f"{whole.name}.lock"),
            isolation_level=None,
            check_same_thread=False,
            timeout=patience_seconds,
        )
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            self._connection.close()
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise Held(str(path)) from error

    def close(self) -> None:
        """Let others have it."""
        self._connection.close()

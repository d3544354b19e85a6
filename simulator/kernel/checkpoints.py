"""Checkpoints of a database file in a thread of their own: no answer waits for the disk.

SQLite copies the pages of the write-ahead log into the database at the commit that makes the log
long enough, and waits until the disk has them; every request of that moment would wait too.
Source: sqlite.org, "Write-Ahead Logging", section "Avoiding Excessively Large WAL Files".
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path

EVERY_SECONDS = 1.0

_log = logging.getLogger("windtunnel.store")


class Checkpoints:
    """Copies what was committed into the database file, once a second while there is something."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written, self._ended = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def committed(self) -> None:
        """Something was committed: it will be copied."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
            self._thread.start()
        if not self._written.is_set():
            self._written.set()

    def close(self) -> None:
        """Copy no more; returns when the thread is done with the file."""
        self._ended.set()
        self._written.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        try:
            while not self._ended.is_set():
                self._written.wait()
                if self._ended.wait(EVERY_SECONDS):
                    return
                self._written.clear()
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error:
            # Nothing is lost: the log keeps what was committed, and the store itself copies it
            # when the log has grown long.
            _log.exception("checkpoints of %s ended", self._path)
        finally:
            connection.close()

"""Checkpoints of a database file in a thread of their own: no answer waits for the disk.

SQLite copies the pages of the write-ahead log into the database at the commit that makes the log
long enough, and waits until the disk has them; every request of that moment would wait too. The
thread copies them before. It comes to no end while somebody writes without a pause: so long work
asks whether to hold back, and goes on when the thread has copied what there is.
Source: sqlite.org, "Write-Ahead Logging", section "Avoiding Excessively Large WAL Files".
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic

EVERY_SECONDS = 0.05
"""Between two copies. Short ones disturb little: p99 of writes is a third of that with a second."""
REST = 4
"""Times as long as a copy took the thread rests, where the disk is slow."""
EARLY_BYTES = 16 << 20
"""Of the log's file: from here on the thread does not wait."""
LONG_BYTES = 48 << 20
"""From here on long work holds back; at 80 MB a commit would copy the pages itself."""

_log = logging.getLogger("windtunnel.store")


class Checkpoints:
    """Copies what was committed into the database file, soon, while there is something."""

    def __init__(self, path: Path) -> None:
        self._path, self._wal = path, path.with_name(f"{path.name}-wal")
        self._written, self._hurried = threading.Event(), threading.Event()
        self._ended, self._lock = threading.Event(), threading.Lock()
        self._waiting: list[Callable[[], None]] | None = []
        self._thread: threading.Thread | None = None

    def committed(self) -> None:
        """Something was committed: it will be copied."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="checkpoints", daemon=True)
            self._thread.start()
        if not self._written.is_set():
            self._written.set()

    def hold_back(self, then: Callable[[], None]) -> bool:
        """Whether long work should wait: `then` is called, by the thread, when it may go on."""
        try:
            size = self._wal.stat().st_size
        except OSError:
            return False
        if size < EARLY_BYTES or self._thread is None:
            return False
        is_long = size >= LONG_BYTES
        if is_long:
            with self._lock:
                if self._waiting is None:
                    return False
                self._waiting.append(then)
        self._written.set()
        self._hurried.set()
        return is_long

    def close(self) -> None:
        """Copy no more; returns when the thread is done with the file."""
        self._ended.set()
        self._written.set()
        self._hurried.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        connection = sqlite3.connect(self._path, isolation_level=None)
        pause = EVERY_SECONDS
        try:
            while not self._ended.is_set():
                self._written.wait()
                self._hurried.wait(pause)
                if self._ended.is_set():
                    return
                self._written.clear()
                self._hurried.clear()
                waiting = self._take([])
                began = monotonic()
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                pause = max(EVERY_SECONDS, REST * (monotonic() - began))
                for then in waiting:
                    then()
        except sqlite3.Error:
            # Nothing is lost: the log keeps what was committed, and the store itself copies it
            # when the log has grown long.
            _log.exception("checkpoints of %s ended", self._path)
        finally:
            connection.close()
            for then in self._take(None):
                then()

    def _take(self, left: list[Callable[[], None]] | None) -> list[Callable[[], None]]:
        """Those who wait; with None nobody will be asked to wait any more."""
        with self._lock:
            waiting, self._waiting = self._waiting, left
        return waiting or []

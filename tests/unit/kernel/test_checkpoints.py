"""Checkpoints: what was committed reaches the database file without a commit that waits for it."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing

from windtunnel.simulator.kernel import checkpoints
from windtunnel.simulator.kernel import store as module
from windtunnel.simulator.kernel.store import Store


def rows_without_the_log(path) -> int:
    """Rows of `t` that the database file holds, whatever its write-ahead log says.

    A file that is just being copied into may be read half old, half new: "malformed", no rows yet.
    """
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as alone:
            return alone.execute("SELECT count(*) FROM t").fetchone()[0]
    except sqlite3.DatabaseError:
        return 0


def test_what_was_committed_reaches_the_file_while_the_store_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "EVERY_SECONDS", 0.01)
    path = tmp_path / "store.db"
    store = Store(path)
    store.write("CREATE TABLE t (x)")
    store.commit()
    until = time.monotonic() + 120
    for number in range(1000):
        store.write("INSERT INTO t VALUES (?)", (number,))
        store.commit()
    while (rows := rows_without_the_log(path)) < 1000 and time.monotonic() < until:
        time.sleep(0.01)
    assert rows == 1000
    store.write("INSERT INTO t VALUES (-1)")
    store.close()
    assert rows_without_the_log(path) == 1001


def test_a_store_returns_to_its_mark_while_its_pages_are_copied(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "EVERY_SECONDS", 0.0)
    with closing(Store(tmp_path / "store.db")) as store:
        store.write("CREATE TABLE t (x)")
        store.mark()
        for _ in range(20):
            store.write("INSERT INTO t SELECT zeroblob(4000) FROM pragma_function_list LIMIT 50")
            store.commit()
            assert store.read("SELECT count(*) FROM t").fetchone()[0] == 50
            store.reset()
            assert store.read("SELECT count(*) FROM t").fetchone()[0] == 0


def test_only_a_store_of_a_file_has_a_thread_and_only_while_it_is_open(tmp_path):
    def threads() -> int:
        return [thread.name for thread in threading.enumerate()].count("checkpoints")

    before = threads()
    for path, more in ((None, 0), (tmp_path / "store.db", 1)):
        store = Store(path)
        store.write("CREATE TABLE t (x)")
        store.commit()
        assert threads() == before + more
        store.close()
        assert threads() == before


def fill(store, count=50):
    store.write("CREATE TABLE IF NOT EXISTS t (x)")
    for _ in range(count):
        store.write("INSERT INTO t VALUES (zeroblob(4000))")
    store.commit()


def test_long_work_waits_until_a_long_log_is_copied_and_the_log_begins_anew(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "EVERY_SECONDS", 3600.0)
    monkeypatch.setattr(checkpoints, "EARLY_BYTES", 50_000)
    monkeypatch.setattr(checkpoints, "LONG_BYTES", 100_000)
    monkeypatch.setattr(module, "LOG_BYTES_KEPT", 10_000)
    path = tmp_path / "store.db"
    copied = threading.Event()
    with closing(Store(path)) as store:
        assert not store.hold_back(copied.set), "nothing was written"
        fill(store)
        assert store.hold_back(copied.set)
        assert copied.wait(30)
        assert rows_without_the_log(path) == 50
        fill(store, 1)
        assert path.with_name("store.db-wal").stat().st_size < 50_000
        assert not store.hold_back(copied.set)


def test_a_log_that_is_not_yet_long_is_copied_early_and_nobody_waits(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "EVERY_SECONDS", 3600.0)
    monkeypatch.setattr(checkpoints, "EARLY_BYTES", 50_000)
    path = tmp_path / "store.db"
    with closing(Store(path)) as store:
        fill(store)
        assert not store.hold_back(lambda: None)
        until = time.monotonic() + 30
        while rows_without_the_log(path) < 50 and time.monotonic() < until:
            time.sleep(0.01)
        assert rows_without_the_log(path) == 50


def test_nobody_waits_for_a_store_that_is_closed_or_in_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "EVERY_SECONDS", 3600.0)
    monkeypatch.setattr(checkpoints, "EARLY_BYTES", 0)
    monkeypatch.setattr(checkpoints, "LONG_BYTES", 0)
    with closing(Store()) as store:
        fill(store)
        assert not store.hold_back(lambda: None)
    store = Store(tmp_path / "store.db")
    fill(store)
    told = threading.Event()
    assert store.hold_back(told.set)
    store.close()
    assert told.is_set(), "by the thread, before it ends"
    assert not store.hold_back(told.set)

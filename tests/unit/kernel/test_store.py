"""The store: shared transactions, savepoints, snapshots, durability."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.store import Store, literal, quoted


@pytest.fixture(params=["memory", "file"])
def store(request, tmp_path):
    made = Store(None if request.param == "memory" else tmp_path / "data" / "wt.db")
    made.write("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
    made.commit()
    yield made
    made.close()


def names(store: Store) -> list[str]:
    return [row[0] for row in store.read("SELECT name FROM t ORDER BY id")]


def fail(store: Store, name: str) -> None:
    store.write("INSERT INTO t (name) VALUES (?)", (name,))
    raise KeyError(name)


def test_reads_see_what_the_open_transaction_wrote(store):
    store.write("INSERT INTO t (name) VALUES (?)", ("a",))
    assert store.in_transaction
    assert names(store) == ["a"]


def test_a_rollback_takes_back_everything_since_the_commit(store):
    store.write("INSERT INTO t (name) VALUES ('kept')")
    store.commit()
    store.write("INSERT INTO t (name) VALUES ('lost')")
    store.rollback()
    assert names(store) == ["kept"]
    assert not store.in_transaction


def test_a_failed_atomic_block_leaves_the_rest_of_the_transaction(store):
    store.write("INSERT INTO t (name) VALUES ('before')")
    with pytest.raises(KeyError), store.atomic():
        fail(store, "inside")
    store.write("INSERT INTO t (name) VALUES ('after')")
    store.commit()
    assert names(store) == ["before", "after"]


def test_atomic_blocks_nest(store):
    with store.atomic():
        store.write("INSERT INTO t (name) VALUES ('outer')")
        with pytest.raises(KeyError), store.atomic():
            fail(store, "inner")
    store.commit()
    assert names(store) == ["outer"]


def test_listeners_hear_commits_that_wrote_and_every_rollback(store):
    heard = []
    store.on_commit(lambda: heard.append("commit"))
    store.on_rollback(lambda: heard.append("rollback"))
    store.commit()
    store.write("INSERT INTO t (name) VALUES ('a')")
    store.commit()
    store.write("INSERT INTO t (name) VALUES ('b')")
    store.rollback()
    assert heard == ["commit", "rollback"]


def test_reset_returns_to_the_mark(store):
    store.write("INSERT INTO t (name) VALUES ('seed')")
    store.mark()
    store.write("INSERT INTO t (name) VALUES ('later')")
    store.write("CREATE TABLE other (x)")
    store.reset()
    assert names(store) == ["seed"]
    assert store.read("SELECT count(*) FROM sqlite_master WHERE name='other'").fetchone() == (0,)
    store.write("INSERT INTO t (name) VALUES ('again')")
    store.reset()
    assert names(store) == ["seed"]


def test_reset_needs_a_mark(store):
    with pytest.raises(RuntimeError, match="mark"):
        store.reset()


def test_a_snapshot_can_be_opened_as_a_database_file(store, tmp_path):
    store.write("INSERT INTO t (name) VALUES ('a')")
    copy = tmp_path / "copy.db"
    copy.write_bytes(store.snapshot())
    with closing(Store(copy)) as opened:
        assert names(opened) == ["a"]


def test_identifiers_are_quoted_whatever_they_hold():
    assert quoted('a"b') == '"a""b"'


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is POSIX")
def test_what_was_committed_survives_kill_9(tmp_path):
    file = tmp_path / "wt.db"
    script = (
        "import sys, time; from pathlib import Path\n"
        "from windtunnel.simulator.kernel.store import Store\n"
        f"s = Store(Path({str(file)!r}))\n"
        "s.write('CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)')\n"
        "s.write(\"INSERT INTO t (name) VALUES ('committed')\")\n"
        "s.commit()\n"
        "s.write(\"INSERT INTO t (name) VALUES ('open')\")\n"
        "print('ready', flush=True); time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        os.kill(child.pid, signal.SIGKILL)
    with closing(Store(file)) as opened:
        assert names(opened) == ["committed"]


OPEN = (
    "import sys, time; from pathlib import Path\n"
    "from windtunnel.simulator.kernel.store import Store\n"
    "s = Store(Path(sys.argv[1]))\n"
    "print('open', flush=True); time.sleep(600)\n"
)


def test_a_file_belongs_to_one_store_of_this_process_at_a_time(tmp_path):
    file = tmp_path / "wt.db"
    with closing(Store(file)) as first:
        with pytest.raises(UsageError, match="another simulator") as refused:
            Store(tmp_path / "." / "wt.db")
        assert str(file) in str(refused.value)
        assert "--db" in str(refused.value)
        with closing(Store(tmp_path / "other.db")):
            first.write("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
        with closing(sqlite3.connect(file)) as onlooker:
            assert onlooker.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    with closing(Store(file)) as again:
        assert again.earlier_runs == 1
        assert names(again) == []


def test_a_file_is_free_again_when_its_process_was_killed(tmp_path):
    file = tmp_path / "wt.db"
    command = [sys.executable, "-c", OPEN, str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == b"open" + os.linesep.encode()
            with pytest.raises(UsageError, match="another simulator"):
                Store(file)
        finally:
            child.kill()
    with closing(Store(file)) as opened:
        assert opened.earlier_runs == 1


def test_what_is_no_database_is_left_as_it_was_and_free(tmp_path):
    file = tmp_path / "wt.db"
    file.write_bytes(b"no database" * 100)
    for _ in range(2):
        with pytest.raises(sqlite3.DatabaseError, match="not a database"):
            Store(file)
    assert file.read_bytes() == b"no database" * 100


def test_an_abandoned_store_keeps_what_was_committed(tmp_path):
    store = Store(tmp_path / "wt.db")
    store.write("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
    store.commit()
    store.write("INSERT INTO t (name) VALUES ('open')")
    store.abandon()
    with closing(Store(tmp_path / "wt.db")) as opened:
        assert names(opened) == []


def test_a_table_made_before_a_reset_can_be_made_again_after_it():
    store = Store()
    store.write("CREATE TABLE a (x)")
    store.mark()
    for _ in range(3):
        store.write("CREATE TABLE IF NOT EXISTS b (x, y)")
        store.write("INSERT INTO b VALUES (1, 2)")
        store.reset()
    assert store.read("SELECT count(*) FROM sqlite_master").fetchone() == (1,)


@pytest.mark.parametrize("value", ["", "it's", 0, -7, 1.5, b"", b"\x00\xff"])
def test_a_literal_reads_as_its_value(value):
    store = Store()
    assert store.read(f"SELECT {literal(value)}").fetchone() == (value,)


def test_text_functions_know_the_case_of_all_letters_and_leave_other_values_alone():
    read = Store().read
    asked = "SELECT lower('ÄÖ'), upper('äö'), folded('Straße'), lower(5), folded(NULL)"
    assert read(asked).fetchone() == ("äö", "ÄÖ", "strasse", 5, None)


class Maker:
    """Makes the table `late`, and counts how often."""

    def __init__(self, store: Store) -> None:
        self.store, self.times = store, 0
        store.on_missing(self)

    def __call__(self, name: str) -> bool:
        if name == "late":
            self.times += 1
            self.store.write("CREATE TABLE late (x)")
        return name == "late"


def test_a_table_is_made_by_the_first_statement_that_names_it(store):
    made = Maker(store)
    assert store.read_if_made("SELECT count(*) FROM late") is None
    assert "late" not in store.tables()
    assert store.read("SELECT count(*) FROM late").fetchone()[0] == 0
    store.write("INSERT INTO late VALUES (1)")
    store.write_many("INSERT INTO late VALUES (?)", [(2,), (3,)])
    found = store.read_if_made("SELECT count(*) FROM late")
    assert found is not None
    assert found.fetchone()[0] == 3
    assert made.times == 1


def test_a_missing_table_is_made_for_writes_indexes_and_views_alike(store):
    made = Maker(store)
    statements = (
        "INSERT INTO late VALUES (1)",
        "CREATE INDEX i ON late (x)",
        "ALTER TABLE late ADD COLUMN y",
        "SELECT * FROM over",
    )
    for number, sql in enumerate(statements, 1):
        store.write("CREATE VIEW over AS SELECT x FROM late")
        store.write(sql)
        assert made.times == number
        store.rollback()


def test_rows_of_a_first_statement_for_many_are_all_written(store):
    Maker(store)
    store.write_many("INSERT INTO late VALUES (?)", [(n,) for n in range(5)])
    assert store.read("SELECT sum(x) FROM late").fetchone()[0] == 10


def test_a_table_that_a_rollback_or_a_reset_took_away_comes_back(store):
    made = Maker(store)
    store.mark()
    store.write("INSERT INTO late VALUES (1)")
    store.rollback()
    assert store.read("SELECT count(*) FROM late").fetchone()[0] == 0
    store.commit()
    store.reset()
    assert "late" not in store.tables()
    store.write("INSERT INTO late VALUES (1)")
    with pytest.raises(KeyError), store.atomic():
        fail(store, "late")
    assert store.read("SELECT count(*) FROM late").fetchone()[0] == 1
    assert made.times == 3


def test_a_table_that_nobody_makes_is_still_an_error(store):
    Maker(store)
    for run in (store.read, store.write):
        with pytest.raises(sqlite3.OperationalError, match="no such table: nowhere"):
            run("SELECT * FROM nowhere")
    with pytest.raises(sqlite3.OperationalError, match="no such column: missing"):
        store.read_if_made("SELECT missing FROM t")


def test_a_maker_that_makes_nothing_is_not_asked_for_ever(store):
    store.on_missing(lambda name: name == "never")
    with pytest.raises(sqlite3.OperationalError, match="no such table: never"):
        store.read("SELECT * FROM never")

"""The change log: in the transaction of the write, numbers never repeat, hooks see the change."""

from __future__ import annotations

import pytest

from windtunnel.simulator.kernel.changes import Change, Changes, Operation
from windtunnel.simulator.kernel.clock import ManualClock
from windtunnel.simulator.kernel.store import Store


@pytest.fixture
def store():
    made = Store()
    yield made
    made.close()


@pytest.fixture
def changes(store):
    return Changes(store, ManualClock(1000.0))


def record(changes: Changes, key: str = "k", operation: Operation = Operation.CREATE) -> int:
    seq = changes.next_seq()
    changes.record(seq, "account", (key,), operation, {"name": key}, user="u")
    return seq


def test_rows_come_back_in_order_after_a_number(changes):
    first = record(changes, "a")
    record(changes, "b", Operation.UPDATE)
    record(changes, "a", Operation.DELETE)
    assert changes.since("account", first) == [(2, "b", 1), (3, "a", 2)]
    assert changes.since("contact", 0) == []


def test_a_rollback_takes_the_log_rows_and_their_numbers_back(store, changes):
    record(changes)
    store.commit()
    record(changes)
    store.rollback()
    assert changes.last == 1
    assert record(changes) == 2


def test_hooks_run_inside_the_transaction(store, changes):
    seen: list[Change] = []

    def hook(change: Change) -> None:
        assert store.in_transaction
        seen.append(change)

    changes.hook("account", hook)
    record(changes)
    assert [(c.entity, c.key, c.operation, c.user, c.at) for c in seen] == [
        ("account", ("k",), Operation.CREATE, "u", 1000.0)
    ]


def test_only_entities_with_an_asking_hook_want_the_values_before(changes):
    changes.hook("account", lambda change: None)
    assert not changes.wants_before("account")
    changes.hook("account", lambda change: None, wants_before=True)
    assert changes.wants_before("account")


def test_forgetting_keeps_the_newest_row(store, changes):
    for key in "abc":
        record(changes, key)
    assert changes.forget_before(2000.0) == 2
    assert Changes(store, ManualClock()).last == 3


def test_rows_that_wait_belong_to_the_savepoint_they_were_made_in(store, changes):
    record(changes, "outside")

    def undone() -> None:
        with store.atomic():
            record(changes, "inside")
            raise LookupError

    with pytest.raises(LookupError):
        undone()
    record(changes, "later")
    store.commit()
    assert [key for _, key, _ in changes.since("account", 0)] == ["outside", "later"]


def test_names_survive_a_restart_and_a_rollback(store, changes):
    record(changes, "a")
    store.rollback()
    record(changes, "b")
    store.commit()
    again = Changes(store, ManualClock())
    assert [key for _, key, _ in again.since("account", 0)] == ["b"]


def test_the_columns_of_an_update_are_named_however_many_combinations_there_are(store, changes):
    for number in range(1030):
        values = {"name": "x", f"column{number}": 1}
        changes.record(changes.next_seq(), "account", ("k",), Operation.UPDATE, values)
    changes.flush()
    last = store.read("SELECT columns FROM change_log ORDER BY seq DESC LIMIT 1").fetchone()
    assert last == ('["name","column1029"]',)
    assert changes.logged_as("contact") == 0


def test_numbers_go_on_behind_first_content_and_never_back(store, changes):
    changes.skip_to(40)
    changes.skip_to(7)
    assert record(changes) == 41
    store.commit()
    assert Changes(store, ManualClock()).last == 41

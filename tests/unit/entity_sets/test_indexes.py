"""Indexes made on demand."""

from __future__ import annotations

import pytest

from windtunnel.simulator.entity_sets.indexes import IndexAdvisor
from windtunnel.simulator.entity_sets.records import Records
from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.clock import ManualClock
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.odata.schema import Column, Table

SQL = 'SELECT id FROM "t" WHERE "grp"=? ORDER BY "name", "id" LIMIT 5'


@pytest.fixture
def store():
    made = Store()
    yield made
    made.close()


def filled(store: Store, count: int) -> Records:
    columns = {name: Column(name, "Edm.String") for name in ("id", "grp", "name")}
    records = Records(store, Changes(store, ManualClock()), Table("ts", "t", "t", columns, ("id",)))
    records.create()
    rows = [(f"{n:05}", f"g{n % 7}", f"n{n * 7919 % count}") for n in range(count)]
    records.seed(("id", "grp", "name"), rows)
    store.commit()
    return records


def improve(store: Store, records: Records, advisor: IndexAdvisor) -> bool:
    return advisor.improve(records, SQL, ("g1",), equal=["grp"], order=["name", "id"])


def test_a_slow_query_on_a_large_table_gets_one_index_and_keeps_its_answer(store):
    records, advisor = filled(store, 5000), IndexAdvisor(store)
    before = store.read(SQL, ("g1",)).fetchall()
    assert improve(store, records, advisor)
    assert not improve(store, records, advisor)
    assert store.read(SQL, ("g1",)).fetchall() == before
    plan = str(store.read(f"EXPLAIN QUERY PLAN {SQL}", ("g1",)).fetchall())
    assert "t.ix.grp.name.id" in plan
    assert "TEMP B-TREE" not in plan


def test_a_small_table_is_left_alone(store):
    assert not improve(store, filled(store, 100), IndexAdvisor(store))


def test_a_query_that_has_its_index_is_left_alone(store):
    records = filled(store, 5000)
    records.create_index(["grp", "name", "id"])
    assert not improve(store, records, IndexAdvisor(store))


def test_a_reset_forgets_what_was_made(store):
    records, advisor = filled(store, 5000), IndexAdvisor(store)
    store.mark()
    improve(store, records, advisor)
    store.reset()
    advisor.forget()
    assert improve(store, records, advisor)

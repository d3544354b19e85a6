"""Records: every write is versioned, logged and drops the kept JSON."""

from __future__ import annotations

import pytest

from windtunnel.simulator.entity_sets.records import EncodedRecords, KeyExists, Records
from windtunnel.simulator.kernel.changes import Changes, Operation
from windtunnel.simulator.kernel.clock import ManualClock
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.odata.schema import Column, Table


def table() -> Table:
    columns = [
        Column("company", "Edm.String", nullable=False),
        Column("account", "Edm.String", nullable=False),
        Column("Name", "Edm.String", sql="the name"),
        Column("Vat", "Edm.String"),
        Column("version", "Edm.Int64"),
    ]
    return Table(
        "Customers",
        "Customer",
        "customers",
        {column.name: column for column in columns},
        ("company", "account"),
        alternate_keys={"vat": ("Vat",)},
    )


@pytest.fixture
def store():
    made = Store()
    yield made
    made.close()


@pytest.fixture
def changes(store):
    return Changes(store, ManualClock(1.0))


@pytest.fixture
def records(store, changes):
    hidden = (Column("recid", "Edm.Int64"),)
    made = Records(store, changes, table(), hidden=hidden, version="version")
    made.create()
    made.create()
    return made


def row(account: str, **more):
    return {"company": "usmf", "account": account, "Name": "x", **more}


def test_a_record_comes_back_by_key_without_case(records):
    version = records.insert(row("US-001", recid=7))
    assert records.get(("usmf", "us-001")) == {
        "company": "usmf",
        "account": "US-001",
        "Name": "x",
        "Vat": None,
        "version": version,
        "recid": 7,
    }
    assert records.exists(("USMF", "US-001"))
    assert records.get(("usmf", "none")) is None
    assert records.row(("usmf", "none")) is None


def test_the_same_key_or_alternate_key_is_refused_by_name(records):
    records.insert(row("1", Vat="v"))
    with pytest.raises(KeyExists) as primary:
        records.insert(row("1"))
    with pytest.raises(KeyExists) as alternate:
        records.insert(row("2", Vat="V"))
    assert primary.value.columns == ("company", "account")
    assert alternate.value.columns == ("Vat",)


def test_an_update_needs_the_record_and_the_version(records):
    version = records.insert(row("1"))
    assert records.update(("usmf", "2"), {"Name": "y"}) is None
    assert records.update(("usmf", "1"), {"Name": "y"}, version=version + 5) is None
    newer = records.update(("usmf", "1"), {"Name": "y"}, version=version)
    assert newer is not None
    assert newer > version
    assert records.find({"Name": "y"})[0]["version"] == newer


def test_a_delete_needs_the_record_and_the_version(records):
    version = records.insert(row("1"))
    assert not records.delete(("usmf", "1"), version=version + 1)
    assert records.delete(("usmf", "1"), version=version)
    assert not records.delete(("usmf", "1"))
    assert records.count() == 0


def test_every_write_is_in_the_change_log(records, changes):
    records.insert(row("1"), user="u")
    records.update(("usmf", "1"), {"Name": "y"})
    records.delete(("usmf", "1"))
    logged = [operation for _, _, operation in changes.since("Customer", 0)]
    assert logged == [Operation.CREATE, Operation.UPDATE, Operation.DELETE]


def test_a_hook_that_asks_gets_the_values_before(records, changes):
    seen = []
    changes.hook("Customer", seen.append, wants_before=True)
    records.insert(row("1"))
    records.update(("usmf", "1"), {"Name": "y"})
    records.delete(("usmf", "1"))
    assert [change.before and change.before["Name"] for change in seen] == [None, "x", "y"]


def test_a_write_drops_the_kept_json_in_any_case_of_the_key(records, store):
    records.insert(row("US-1"))
    records.encoded.put(("usmf", "US-1"), "all", b"{}")
    assert records.encoded.get(("USMF", "us-1"), "all") == b"{}"
    records.update(("usmf", "us-1"), {"Name": "y"})
    assert records.encoded.get(("usmf", "US-1"), "all") is None
    records.encoded.put(("usmf", "US-1"), "all", b"{}")
    store.rollback()
    assert records.encoded.get(("usmf", "US-1"), "all") is None


def test_kept_json_is_of_the_record_that_the_store_finds(records):
    records.insert(row("ÄRA"))
    records.insert(row("äRA"))
    records.encoded.put(("usmf", "ÄRA"), "all", b"upper")
    assert records.exists(("USMF", "Ära"))
    assert records.encoded.get(("USMF", "Ära"), "all") == b"upper"
    assert records.encoded.get(("usmf", "äRA"), "all") is None


def test_kept_json_is_bounded_in_records_and_forms():
    kept = EncodedRecords(folds=False, kept=2)
    for key in "abc":
        kept.put((key,), "v", key)
    assert [kept.get((key,), "v") for key in "abc"] == [None, "b", "c"]
    for variant in range(20):
        kept.put(("c",), variant, "x")
    assert sum(kept.get(("c",), variant) is not None for variant in range(20)) <= 8
    kept.clear()
    assert kept.get(("b",), "v") is None


def test_an_update_of_other_values_is_one_statement(records, store):
    records.insert(row("US-1", Name="x"))
    number = records._changes.last
    assert records.update_other(("USMF", "us-1"), {"Name": "x"}, {"version": 7}) is None
    assert records.update_other(("usmf", "none"), {"Name": "y"}, {}) is None
    assert records._changes.last == number
    records.encoded.put(("usmf", "US-1"), "all", b"{}")
    for text in ("X", None, "y"):
        stored = records.update_other(("USMF", "us-1"), {"Name": text, "Vat": "v"}, {"version": 8})
        assert stored == ("usmf", "US-1")
        assert records.get(stored)["Name"] == text
    assert records.encoded.get(("usmf", "US-1"), "all") is None
    assert [change[1] for change in records._changes.since("Customer", number)] == [
        '["usmf","US-1"]'
    ] * 3


def test_null_is_found_as_null(records):
    records.insert(row("1"))
    records.insert(row("2", Vat="v"))
    assert [found["account"] for found in records.find({"Vat": None})] == ["1"]
    assert len(records.find({}, limit=5)) == 2


def test_columns_come_and_go(records):
    records.insert(row("1"))
    records.add_column(Column("Extra", "Edm.Int32"))
    records.update(("usmf", "1"), {"Extra": 5})
    assert records.find({"Extra": 5})
    records.drop_column("Extra")
    assert "Extra" not in records.names
    records.create_index(["Name"])
    records.drop_index("customers.ix.Name")
    records.drop()
    records.create()
    assert records.count() == 0


def test_first_content_is_not_a_change(records, changes):
    records.seed(["company", "account"], [("usmf", "1"), ("usmf", "2")])
    for account in "34":
        records.insert(row(account))
    assert records.count() == 4
    assert len(changes.since("Customer", 0)) == 2


def test_what_an_insert_leaves_out_is_the_empty_value(store, changes):
    seen = []
    changes.hook("Customer", seen.append)
    empties = {"Name": "it's", "Vat": None, "version": 0}
    made = Records(store, changes, table(), empties=empties)
    made.create()
    made.insert({"company": "usmf", "account": "1"})
    whole = {"company": "usmf", "account": "1", **empties}
    assert made.get(("usmf", "1")) == whole
    assert seen[0].values == whole


def test_a_number_that_is_the_whole_key_is_defaulted_not_drawn(store, changes):
    columns = {"Id": Column("Id", "Edm.Int64"), "Name": Column("Name", "Edm.String")}
    numbered = Table("Numbered", "Test.Numbered", "numbered", columns, ("Id",))
    made = Records(store, changes, numbered, empties={"Id": 0, "Name": ""})
    made.create()

    class Sparse(dict):
        def __missing__(self, name):
            return {"Id": 0}[name]

    assert made.insert_new(Sparse(Name="a"))
    assert made.get((0,)) == {"Id": 0, "Name": "a"}


def test_a_new_record_is_refused_without_a_trace_when_its_key_is_there(records, changes):
    assert records.insert_new(row("1"))
    mark = changes.last
    assert not records.insert_new(row("1", Name="other"))
    assert records.get(("usmf", "1"))["Name"] == "x"
    assert changes.since("Customer", mark) == []
    assert records.insert_new(row("2"))
    assert records.get(("usmf", "2"))["version"] > mark


def test_a_table_of_an_earlier_definition_gets_its_new_columns(store, changes):
    made = Records(store, changes, table())
    made.create()
    made.insert(row("1"))
    wider = table()
    wider.columns["Color"] = Column("Color", "Edm.String")
    later = Records(store, changes, wider, empties={"Color": "red"})
    later.create()
    assert later.get(("usmf", "1"))["Color"] == "red"
    later.insert(row("2", Color="blue"))
    later.create()
    assert later.count() == 2


def test_a_kept_form_follows_an_update_where_somebody_knows_how(records):
    version = records.insert(row("US-9"))
    key = ("usmf", "US-9")
    records.encoded.refresh = lambda variant, old, changes: (
        {**old, **changes} if variant == "open" else None
    )
    records.encoded.put(key, "open", {"Name": "x", "version": version})
    records.encoded.put(key, "hidden", {"Name": "x"})
    records.update(key, {"Name": "y", "Vat": "1"})
    newest = records.update(key, {"Name": "z"})
    assert records.encoded.get(("USMF", "us-9"), "open") == {
        "Name": "z",
        "Vat": "1",
        "version": newest,
    }
    assert records.encoded.get(key, "hidden") is None
    records.delete(key)
    assert records.encoded.get(key, "open") is None

"""Ids follow from the seed: the same after a reset, never those of a record that is there."""

from __future__ import annotations


def test_a_reset_begins_the_ids_anew(dataverse):
    first = dataverse.create("accounts", name="first")
    dataverse.create("accounts", name="second")
    dataverse.house.reset()
    assert dataverse.create("accounts", name="first") == first


def test_restored_data_goes_on_with_the_ids_of_its_moment(dataverse):
    dataverse.create("accounts", name="in the snapshot")
    dataverse.house.save("a")
    after = dataverse.create("accounts", name="after it")
    dataverse.house.reset()
    dataverse.house.load("a")
    assert dataverse.create("accounts", name="after it") == after


def test_another_seed_gives_other_ids_and_the_same_seed_the_same(make_environment):
    dataverse = make_environment()
    first = dataverse.create("accounts", name="x")
    found = []
    for seed in (7, 8, 7):
        dataverse.house.reseed(seed)
        assert dataverse.house.about()["seed"] == seed
        found.append(dataverse.create("accounts", name="x"))
    assert found[0] == found[2]
    assert len({first, *found}) == 3


def test_a_second_process_on_the_same_file_makes_other_ids(make_environment, tmp_path):
    made = set()
    for _ in range(3):
        dataverse = make_environment(**{"simulator.database": tmp_path / "wt.db"})
        made.add(dataverse.create("accounts", name="x"))
        dataverse.house.reseed(7)
        made.add(dataverse.create("accounts", name="y"))
        dataverse.house.close()
    assert len(made) == 6

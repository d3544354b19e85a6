"""The model without HTTP: sample data from a seed, numbers that roll back, repeatable writes."""

from __future__ import annotations

import pytest

from windtunnel.contracts.entities.finance_operations.catalog import Sequence
from windtunnel.contracts.limits import LIMITS
from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.clock import ManualClock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.settings import FinanceOperationsSettings
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.finance_operations.model.environment import Environment
from windtunnel.simulator.services.finance_operations.model.numbers import Numbers


def environment(seed: int = 365, ids: Ids | None = None) -> Environment:
    store, clock = Store(), ManualClock()
    changes, ids = Changes(store, clock), ids or Ids(seed)
    return Environment(store, changes, clock, ids, FinanceOperationsSettings(), LIMITS)


def rows(made: Environment) -> list[list[tuple[object, ...]]]:
    return [
        made.store.read(f'SELECT * FROM "{found.table.sql}"').fetchall()
        for found in made.sets.values()
    ]


def test_one_seed_makes_one_set_of_sample_data() -> None:
    one, two, other = environment(), environment(), environment(7)
    for made in (one, two, other):
        made.seed()
    assert rows(one) == rows(two)
    assert rows(one) != rows(other)


def test_seeding_again_changes_nothing() -> None:
    made = environment()
    made.seed()
    before = rows(made)
    made.seed()
    assert rows(made) == before


def test_without_sample_data_there_is_what_no_environment_is_without() -> None:
    made = environment()
    made.seed(sample_data=False)
    counts = dict(made.entities())
    assert counts.pop("LegalEntities") == counts.pop("Companies") == 4
    assert counts.pop("Currencies") > 0
    there = {name for name, count in counts.items() if count}
    assert there == {
        "BusinessEventsCatalogs",
        "DataManagementEntities",
        "ExchangeRateTypes",
        "SystemParameters",
        "UnitsOfMeasure",
    }


def test_every_standard_set_has_sample_records() -> None:
    made = environment()
    made.seed()
    empty = {name for name, count in made.entities() if not count}
    assert empty == {
        "DataManagementDefinitionGroups",
        "DataManagementDefinitionGroupDetails",
        "DataManagementExecutionJobs",
        "DataManagementExecutionJobDetails",
    }


def test_sample_records_keep_the_rules_of_writes() -> None:
    made = environment()
    made.seed()
    for entity_set in made.sets.standard():
        for name, relation in entity_set.facts.relations.items():
            target = made.sets[relation.target]
            for row in entity_set.records.find({}, limit=10_000):
                value = row[name]
                key = (row["dataAreaId"], value) if target.is_company_specific else (value,)
                assert not value or target.records.exists(key), (entity_set.name, name, value)
        for name in entity_set.required:
            for row in entity_set.records.find({}, limit=10_000):
                assert row[name] not in entity_set.unset[name], (entity_set.name, name)


def test_writes_repeat_after_a_reset() -> None:
    ids = Ids()
    made = environment(ids=ids)
    made.seed()
    made.store.mark()
    states = ids.states()
    group = made.sets["CustomerGroups"]
    results = []
    for _ in range(2):
        key = group.key_of(made.writing.create(group, {"CustomerGroupId": "77"}, "Admin"))
        made.writing.update(group, key, {"Description": "x"}, "Admin")
        results.append(group.records.row(key))
        made.store.reset()
        made.forget()
        ids.restore(states)
    assert results[0] == results[1]


def test_a_number_that_was_rolled_back_is_drawn_again() -> None:
    store = Store()
    numbers = Numbers(store)
    numbers.create()
    sequence = Sequence("{company}-{number:04d}", 5)
    assert numbers.draw("orders", sequence, "usmf") == "usmf-0005"

    def draw_and_fail() -> None:
        with store.atomic():
            assert numbers.draw("orders", sequence, "usmf") == "usmf-0006"
            raise RuntimeError

    with pytest.raises(RuntimeError):
        draw_and_fail()
    assert numbers.draw("orders", sequence, "usmf") == "usmf-0006"
    assert numbers.draw("orders", sequence, "demf") == "demf-0005"


def test_a_shared_sequence_counts_for_all_companies() -> None:
    store = Store()
    numbers = Numbers(store)
    numbers.create()
    sequence = Sequence("{number}", is_shared=True)
    drawn = [numbers.draw("party", sequence, company) for company in ("usmf", "demf")]
    assert drawn == ["1", "2"]

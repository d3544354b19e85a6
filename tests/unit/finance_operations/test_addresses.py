"""Paths and keys below /data; the entity document against what the records need."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.contracts.entities.finance_operations.catalog import FACTS
from windtunnel.contracts.entities.finance_operations.load import absent_sets, entity_types
from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.clock import ManualClock
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.finance_operations.addresses import (
    Addresses,
    NotAnAddress,
)
from windtunnel.simulator.services.finance_operations.model.entity_set import (
    EntitySet,
    Sets,
)
from windtunnel.simulator.services.finance_operations.model.reading import address_of
from windtunnel.simulator.services.finance_operations.model.schema import Schema
from windtunnel.simulator.services.finance_operations.model.scope import is_cross_company


@pytest.fixture(scope="module")
def sets() -> dict[str, EntitySet]:
    store = Store()
    return Sets(store, Changes(store, ManualClock()), Schema([entity_types()]))


@given(company=st.text("abcxyz", min_size=1), account=st.text(min_size=1, max_size=20))
def test_what_is_written_as_an_address_is_read_as_its_key(
    sets: dict[str, EntitySet], company: str, account: str
) -> None:
    if not account.isprintable():
        return
    entity_set = sets["CustomersV3"]
    address = Addresses(sets).of(address_of(entity_set, (company, account)))
    assert (address.entity_set, address.key) == (entity_set, (company, account))


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_is_not(sets: dict[str, EntitySet], text: str) -> None:
    try:
        Addresses(sets).of(f"CustomersV3({text}")
    except NotAnAddress:
        return


@pytest.mark.parametrize(
    ("written", "account"),
    [
        ("A%252F1", "A/1"),
        ("A%255C1", "A\\1"),
        ("A%252B1", "A+1"),
        ("A%2B1", "A 1"),
        ("A+1", "A 1"),
        ("10%25", "10%"),
        ("%C3%A9", "é"),
    ],
)
def test_what_is_between_slashes_is_decoded_once_more(
    sets: dict[str, EntitySet], written: str, account: str
) -> None:
    path = f"CustomersV3(dataAreaId='usmf',CustomerAccount='{written}')/Warehouses/$count"
    address = Addresses(sets).of(path)
    assert (address.key, address.rest) == (("usmf", account), ("Warehouses", "$count"))


def test_a_slash_encoded_once_has_no_route(sets: dict[str, EntitySet]) -> None:
    with pytest.raises(NotAnAddress):
        Addresses(sets).of("CustomersV3(dataAreaId='usmf',CustomerAccount='A%2F1')")
    with pytest.raises(NotAnAddress):
        Addresses(sets).of("CustomersV3('%FF')")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", False),
        ("cross-company=true", True),
        ("$top=1&cross-company=TRUE", True),
        ("Cross-Company=true", True),
        ("cross-company=false", False),
        ("$filter=a eq 'cross-company=true'", False),
    ],
)
def test_cross_company_is_an_option_of_its_own(query: str, expected: bool) -> None:
    assert is_cross_company(query) is expected


def test_facts_and_document_name_the_same_things() -> None:
    types = entity_types().types
    assert set(types) == set(FACTS)
    assert not absent_sets() & set(FACTS)
    for name, facts in FACTS.items():
        properties = set(types[name].properties)
        named = {*facts.labels, *facts.required, *facts.read_only, *facts.fixed}
        named |= {*facts.relations, *facts.sequences, *facts.defaults}
        assert named <= properties, name
        for link in types[name].navigations.values():
            target = types[entity_types().sets_by_type[link.target]].properties
            assert link.pairs
            assert all(own in properties and other in target for own, other in link.pairs)


def test_every_property_has_a_stored_empty_value(sets: dict[str, EntitySet]) -> None:
    for entity_set in sets.values():
        for name, column in entity_set.table.columns.items():
            value = entity_set.empties[name]
            assert value is not None or column.enum is not None, name

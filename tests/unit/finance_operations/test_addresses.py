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
    read_key,
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


_PARTS = st.one_of(
    st.text(st.characters(exclude_characters="'"), max_size=12).map(lambda text: f"'{text}'"),
    st.uuids().map(lambda made: str(made).upper()),
    st.sampled_from(["'usmf'", "''", "1", "null", "'a'b'", "2026-01-01T12:00:00Z", "'it''s'"]),
)


@given(name=st.sampled_from(["CustomersV3", "CustomerGroups", "SalesOrderLines"]), last=_PARTS)
def test_a_plain_key_is_what_the_grammar_makes_of_it(
    sets: dict[str, EntitySet], name: str, last: str
) -> None:
    entity_set = sets[name]
    key = entity_set.table.key

    def read(text: str) -> object:
        try:
            return read_key(entity_set, text)
        except NotAnAddress:
            return NotAnAddress

    # Names in order are what the short way asks for.
    short = read(f"({key[0]}='usmf',{key[1]}={last})")
    assert short == read(f"({key[1]}={last},{key[0]}='usmf')")


def test_dates_and_members_stand_in_an_address_as_their_literals(
    sets: dict[str, EntitySet],
) -> None:
    invoices = sets["SalesInvoiceHeadersV2"]
    key = ("usmf", "CIV-1", "2026-01-31T12:00:00Z", "V 1")
    address = address_of(invoices, key)
    assert address == (
        "SalesInvoiceHeadersV2(dataAreaId='usmf',InvoiceNumber='CIV-1',"
        "InvoiceDate=2026-01-31T12:00:00Z,LedgerVoucher='V%201')"
    )
    assert Addresses(sets).of(address).key == key


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

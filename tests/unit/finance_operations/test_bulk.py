"""Many rows at once: the rules of single writes, errors as values, refused rows without a trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windtunnel.contracts.limits import LIMITS
from windtunnel.simulator.kernel.changes import Change, Changes, Operation
from windtunnel.simulator.kernel.clock import ManualClock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.settings import FinanceOperationsSettings
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.finance_operations.model.bulk import (
    Outcome,
    RowError,
    Written,
)
from windtunnel.simulator.services.finance_operations.model.environment import Environment

NAMES = ("CustomerAccount", "CustomerGroupId", "SalesCurrencyCode", "OrganizationName")


class Rig:
    def __init__(self) -> None:
        self.store, clock = Store(), ManualClock()
        self.changes = Changes(self.store, clock)
        settings = FinanceOperationsSettings()
        self.ids = Ids()
        self.made = Environment(self.store, self.changes, clock, self.ids, settings, LIMITS)
        self.made.seed()
        self.store.commit()
        self.store.mark()
        self.first_ids = self.ids.states()
        self.customers = self.made.sets["CustomersV3"]

    def reset(self) -> None:
        self.store.rollback()
        self.store.reset()
        self.made.forget()
        self.ids.restore(self.first_ids)

    def write(
        self, rows: Sequence[Sequence[Any]], names: Sequence[str] = NAMES, **options: Any
    ) -> list[Outcome]:
        options = {"company": "usmf", "user": "Admin", **options}
        return self.made.bulk.write(self.customers, names, rows, **options)

    def dump(self) -> list[Any]:
        tables = [found.table.sql for found in self.made.sets.values()] + ["fo_counters"]
        self.changes.flush()
        return [self.store.read(f'SELECT * FROM "{t}" ORDER BY 1, 2').fetchall() for t in tables]


@pytest.fixture(scope="module")
def shared() -> Rig:
    return Rig()


@pytest.fixture
def rig(shared: Rig) -> Rig:
    shared.reset()
    return shared


def test_a_row_is_stored_as_a_single_create_would_store_it(rig: Rig) -> None:
    values = ("C-1", "10", "USD", "Fabrikam")
    made = rig.made.writing.create(rig.customers, dict(zip(NAMES, values, strict=True)), "Admin")
    key = rig.customers.key_of(made)
    single = rig.customers.records.get(key)
    rig.reset()
    assert rig.write([values]) == [Written(("usmf", "C-1"), is_new=True)]
    assert rig.customers.records.get(key) == single


def test_outcomes_stand_in_the_order_of_the_rows(rig: Rig) -> None:
    good, bad = ("C-1", "10", "USD", "Fabrikam"), ("C-2", "none", "USD", "Litware")
    first, second, third = rig.write([good, bad, ("US-001", None, None, "Contoso")])
    assert first == Written(("usmf", "C-1"), is_new=True)
    assert isinstance(second, RowError)
    assert second.field == "CustomerGroupId"
    assert second.infolog[0] == (
        "Warning: The value 'none' in field 'Customer group' is not found in the related table "
        "'Customer groups'."
    )
    assert third == Written(("usmf", "US-001"), is_new=False)


def test_an_absent_value_leaves_a_stored_one_as_it_is(rig: Rig) -> None:
    before = rig.customers.records.get(("usmf", "US-001"))
    rig.write([("US-001", None, None, "Contoso")])
    after = rig.customers.records.get(("usmf", "US-001"))
    assert before is not None
    assert after is not None
    assert {n for n in after if after[n] != before[n]} == {"OrganizationName", "RecVersion"}


def test_without_upsert_a_known_key_is_a_duplicate(rig: Rig) -> None:
    [outcome] = rig.write([("US-001", "10", "USD", "Contoso")], upsert=False)
    assert isinstance(outcome, RowError)
    assert outcome.infolog == (
        "Info: Cannot create a record in Customers (CustTable). Customer account: US-001, Contoso."
        "\nThe record already exists.",
    )


def test_numbers_are_drawn_without_gaps_over_refused_rows(rig: Rig) -> None:
    good, bad = (None, "10", "USD", "Fabrikam"), (None, "10", "USD", "")
    outcomes = rig.write([good, bad, good])
    keys = [outcome.key[1] for outcome in outcomes if isinstance(outcome, Written)]
    assert keys == ["usmf-000001", "usmf-000002"]
    single = rig.made.writing.create(
        rig.customers, dict(zip(NAMES, good, strict=True)) | {"CustomerAccount": ""}, "Admin"
    )
    assert rig.customers.key_of(single) == ("usmf", "usmf-000003")


def test_a_value_of_another_type_names_its_field(rig: Rig) -> None:
    [outcome] = rig.write([("C-1", "much")], ("CustomerAccount", "CreditLimit"))
    expected = "Error: Cannot convert the literal 'much' to the expected type 'Edm.Decimal'."
    assert outcome == RowError((expected,), "CreditLimit")


def test_the_company_of_a_row_wins(rig: Rig) -> None:
    rows = [("DEMF", "C-1", "10", "EUR", "Fabrikam"), ("none", "C-2", "10", "EUR", "Fabrikam")]
    first, second = rig.write(rows, ("dataAreaId", *NAMES))
    assert first == Written(("demf", "C-1"), is_new=True)
    assert second == RowError(("Error: Company none does not exist.",), "dataAreaId")


def test_an_unknown_property_is_a_mistake_of_the_caller(rig: Rig) -> None:
    with pytest.raises(KeyError):
        rig.write([("x",)], ("Nothing",))


def test_every_row_is_in_the_change_log_and_hooks_see_whole_rows(rig: Rig) -> None:
    seen: list[Change] = []
    rig.changes.hook(rig.customers.table.entity_type, seen.append)
    mark = rig.changes.last
    rig.write([("C-1", "10", "USD", "Fabrikam"), ("US-001", None, None, "Contoso")])
    rows = rig.changes.since(rig.customers.table.entity_type, mark)
    assert [operation for _, _, operation in rows] == [Operation.CREATE, Operation.UPDATE]
    assert set(seen[0].values) == set(rig.customers.names)
    assert seen[0].values["PartyType"] == "Organization"


_ROWS = st.lists(
    st.tuples(
        st.sampled_from([None, "C-1", "C-2", "US-001", "US-002"]),
        st.sampled_from(["10", "20", "none", ""]),
        st.sampled_from(["USD", "XXX"]),
        st.sampled_from(["Fabrikam", "", "A\x00B"]),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(rows=_ROWS)
def test_a_refused_row_leaves_no_trace(shared: Rig, rows: list[tuple[Any, ...]]) -> None:
    outcomes, mixed = _from_the_start(shared, rows)
    pairs = zip(rows, outcomes, strict=True)
    good = [row for row, outcome in pairs if isinstance(outcome, Written)]
    assert _from_the_start(shared, good)[1] == mixed


def _from_the_start(rig: Rig, rows: Sequence[tuple[Any, ...]]) -> tuple[list[Outcome], list[Any]]:
    rig.reset()
    return rig.write(rows), rig.dump()


def test_entities_that_only_show_refuse_rows(rig: Rig) -> None:
    names = ("InvoiceNumber", "InvoiceDate", "LedgerVoucher")
    rows = [("CIV-1", "2026-01-01", "V-1")]
    for name in ("SalesInvoiceHeadersV2", "Companies"):
        invoices = rig.made.sets[name]
        columns = names if name.startswith("Sales") else ("DataArea",)
        given = [row[: len(columns)] for row in rows]
        [outcome] = rig.made.bulk.write(invoices, columns, given, company="usmf", user="Admin")
        assert isinstance(outcome, RowError)
        assert "is read-only" in outcome.infolog[0]


def test_one_row_of_product_creations_makes_two_records_and_a_second_changes_nothing(
    rig: Rig,
) -> None:
    creations = rig.made.sets["ReleasedProductCreationsV2"]
    names = ("ItemNumber", "ProductNumber", "ProductName", "ProductType")
    rows = [("X-1", "X-1", "A thing", "Item"), ("X-2", "X-1", "A thing", "Item")]
    outcomes = rig.made.bulk.write(creations, names, rows, company="usmf", user="Admin")
    assert [isinstance(outcome, Written) for outcome in outcomes] == [True, True]
    assert rig.made.sets["ProductsV2"].records.exists(("X-1",))
    [again] = rig.made.bulk.write(creations, names, rows[:1], company="usmf", user="Admin")
    assert isinstance(again, RowError)


# -- reading -------------------------------------------------------------------------------------


def test_pages_hold_every_record_once_in_the_order_of_keys(rig: Rig) -> None:
    names = ("CustomerAccount", "OrganizationName")
    pages = list(rig.made.bulk.pages(rig.customers, names, company="USMF", size=lambda: 7))
    assert [len(page) for page in pages] == [7, 7, 7, 7, 2]
    accounts = [row[0] for page in pages for row in page]
    assert accounts == sorted(accounts)
    everywhere = [row for page in rig.made.bulk.pages(rig.customers, names) for row in page]
    assert len(everywhere) == rig.customers.records.count()


def test_a_full_last_page_is_the_last(rig: Rig) -> None:
    sizes = [len(p) for p in rig.made.bulk.pages(rig.customers, ("NameAlias",), size=lambda: 40)]
    assert sum(sizes) == 120
    assert sizes == [40, 40, 40]


def test_what_is_written_between_pages_harms_nothing(rig: Rig) -> None:
    pages = rig.made.bulk.pages(
        rig.customers, ("CustomerAccount",), company="usmf", size=lambda: 10
    )
    found = [row[0] for row in next(pages)]
    rig.made.writing.delete(rig.customers, ("usmf", "US-030"), "Admin")
    rig.write([("AA-01", "10", "USD", "Before"), ("US-999", "10", "USD", "Behind")])
    found += [row[0] for page in pages for row in page]
    assert len(found) == len(set(found)) == 30
    assert "US-999" in found
    assert "US-030" not in found


def test_changes_since_a_version_are_whole_rows_without_deleted_ones(rig: Rig) -> None:
    version = rig.made.bulk.version()
    rig.write([("C-1", "10", "USD", "Fabrikam"), ("C-2", "10", "USD", "Litware")])
    rig.write([("US-001", None, None, "Contoso"), ("C-1", None, None, "Fabrikam 2")])
    rig.write([("C-3", "10", "EUR", "Anderswo")], company="demf")
    rig.made.writing.delete(rig.customers, ("usmf", "C-2"), "Admin")
    names = ("CustomerAccount", "OrganizationName")
    pages = list(
        rig.made.bulk.pages(rig.customers, names, company="usmf", since=version, size=lambda: 1)
    )
    assert pages == [[("US-001", "Contoso")], [("C-1", "Fabrikam 2")]]
    later = rig.made.bulk.version()
    assert list(rig.made.bulk.pages(rig.customers, names, since=later)) == []

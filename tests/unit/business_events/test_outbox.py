"""Who gets an event, and what happens to rows when endpoints and activations change."""

from __future__ import annotations

import pytest

from windtunnel.contracts.events import TEST_EVENT, BusinessEvent, Kind, Member
from windtunnel.simulator.kernel.clock import ManualClock
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.business_events import outbox as outbox_module
from windtunnel.simulator.services.business_events.errors import (
    AlreadyThere,
    BadRequest,
    NotThere,
    TooManyEndpoints,
)
from windtunnel.simulator.services.business_events.model import Standing, State
from windtunnel.simulator.services.business_events.outbox import Outbox

EVENT = "WindtunnelSalesOrderChangedBusinessEvent"
OTHER = "PurchaseOrderConfirmedBusinessEvent"


@pytest.fixture
def clock():
    return ManualClock(1000.0)


@pytest.fixture
def store():
    made = Store()
    yield made
    made.close()


@pytest.fixture
def outbox(store, clock):
    made = Outbox(store, clock, "source", 10)
    made.create()
    return made


def real_rows(outbox, **wanted):
    return [row for row in outbox.deliveries(wanted) if row["event"] != TEST_EVENT]


def take(outbox, state=State.FAILED):
    """Settle everything that is due, with one state."""
    for delivery in outbox.due(1e12, 1000, frozenset()):
        outbox.settle(delivery.id, Standing(state, delivery.attempts + 1, 0.0, 500, "error"))


@pytest.mark.parametrize(
    ("companies", "raised_in", "count"),
    [
        (("",), "usmf", 1),
        (("usmf",), "usmf", 1),
        (("usmf",), "USMF", 1),
        (("usmf",), "demf", 0),
        (("", "usmf"), "usmf", 1),
        (("usmf", "demf"), "demf", 1),
    ],
)
def test_an_endpoint_gets_an_event_once_if_any_activation_fits(outbox, companies, raised_in, count):
    outbox.save_endpoint("a", "https://a.example/")
    for company in companies:
        outbox.activate(EVENT, "a", company)
    assert outbox.raise_event(EVENT, raised_in, {}) == count
    assert len(real_rows(outbox)) == count


def test_activating_again_changes_nothing(outbox):
    outbox.save_endpoint("a", "https://a.example/")
    assert outbox.activate(EVENT, "a") == outbox.activate(EVENT, "a")
    assert len(outbox.activations()) == 1


def test_all_receivers_see_one_event(outbox):
    for name in "ab":
        outbox.save_endpoint(name, f"https://{name}.example/")
        outbox.activate(EVENT, name)
    assert outbox.raise_event(EVENT, "usmf", {"SalesOrderNumber": "1"}) == 2
    first, second = real_rows(outbox)
    assert first["payload"] == second["payload"]
    assert {first["endpoint"], second["endpoint"]} == {"a", "b"}


def test_control_numbers_rise_and_event_ids_differ(outbox, store):
    outbox.save_endpoint("a", "https://a.example/")
    activation = outbox.activate(EVENT, "a")
    outbox.raise_event(EVENT, "usmf", {})
    take(outbox)
    before = [row["payload"]["ControlNumber"] for row in outbox.deliveries({})]
    outbox.delete_activation(activation)  # the newest rows go
    outbox.activate(EVENT, "a")
    outbox.raise_event(EVENT, "usmf", {})
    after = real_rows(outbox)[-1]["payload"]["ControlNumber"]
    assert before == sorted(set(before))
    assert after > before[-1] >= 2**31
    ids = [row["payload"]["EventId"] for row in outbox.deliveries({})]
    assert len(set(ids)) == len(ids)


def test_a_second_outbox_on_the_same_file_goes_on_with_new_ids(outbox, store, clock):
    outbox.save_endpoint("a", "https://a.example/")
    outbox.activate(EVENT, "a")
    outbox.raise_event(EVENT, "usmf", {})
    again = Outbox(store, clock, "source", 10)
    again.create()
    again.raise_event(EVENT, "usmf", {})
    first, second = real_rows(again)
    assert first["payload"]["EventId"] != second["payload"]["EventId"]


def test_an_activation_for_all_companies_counts_for_each(outbox):
    for number in range(11):
        outbox.save_endpoint(f"e{number}", "https://e.example/")
    for number in range(5):
        outbox.activate(EVENT, f"e{number}")
    for number in range(5, 10):
        outbox.activate(EVENT, f"e{number}", "usmf")
    with pytest.raises(TooManyEndpoints, match="has reached the limit of 10 configured endpoints"):
        outbox.activate(EVENT, "e10", "usmf")
    with pytest.raises(TooManyEndpoints):
        outbox.activate(EVENT, "e10")
    outbox.activate(EVENT, "e10", "demf")
    outbox.activate(OTHER, "e10")


def test_a_deactivated_event_is_not_kept_but_its_errors_are(outbox):
    outbox.save_endpoint("a", "https://a.example/")
    activation = outbox.activate(EVENT, "a")
    outbox.raise_event(EVENT, "usmf", {})
    take(outbox)
    outbox.deactivate(activation)
    assert outbox.raise_event(EVENT, "usmf", {}) == 0
    assert len(real_rows(outbox, state="failed")) == 1
    outbox.activate(EVENT, "a")
    assert outbox.raise_event(EVENT, "usmf", {}) == 1
    outbox.delete_activation(activation)
    assert real_rows(outbox, state="failed") == []


def test_an_event_goes_to_where_its_endpoint_leads_now(outbox):
    outbox.save_endpoint("a", "https://wrong.example/")
    outbox.activate(EVENT, "a")
    outbox.raise_event(EVENT, "usmf", {})
    take(outbox)
    outbox.save_endpoint("a", "https://right.example/")
    [row] = real_rows(outbox, state="failed")
    outbox.resend(row["id"])
    due = {delivery.id: delivery for delivery in outbox.due(1e12, 100, frozenset())}
    assert due[row["id"]].url == "https://right.example/"
    assert due[row["id"]].attempts == 0


def test_errors_of_a_deleted_endpoint_can_go_to_another(outbox):
    outbox.save_endpoint("a", "https://a.example/")
    outbox.activate(EVENT, "a")
    outbox.raise_event(EVENT, "usmf", {})
    outbox.delete_endpoint("a")
    [row] = real_rows(outbox)
    assert (row["state"], row["error"]) == ("failed", "The endpoint a was deleted.")
    assert outbox.resend_all() == 0
    with pytest.raises(NotThere, match="endpoint 'a'"):
        outbox.resend(row["id"])
    outbox.save_endpoint("b", "https://b.example/")
    outbox.resend(row["id"], "b")
    assert row["id"] in [delivery.id for delivery in outbox.due(1e12, 100, frozenset())]


def test_the_whole_error_log_can_be_sent_again(outbox):
    outbox.save_endpoint("a", "https://a.example/")
    outbox.activate(EVENT, "a")
    for _ in range(3):
        outbox.raise_event(EVENT, "usmf", {})
    take(outbox)
    assert outbox.resend_all() == 3
    assert len(outbox.due(1e12, 100, frozenset())) == 3


def test_a_row_that_is_done_stays_as_it_is(outbox):
    outbox.save_endpoint("a", "https://a.example/")
    [test] = outbox.due(1000.0, 10, frozenset())
    outbox.delete_endpoint("a")
    outbox.settle(test.id, Standing(State.DELIVERED, 1, 0.0, 200, ""))
    assert outbox.deliveries({})[0]["state"] == "failed"


def test_the_endpoints_show_how_their_latest_test_fared(outbox):
    outbox.save_endpoint("a", "https://a.example/")
    take(outbox)
    assert outbox.endpoints()[0]["test"] == {"state": "failed", "status": 500, "error": "error"}
    outbox.save_endpoint("a", "https://a.example/")
    take(outbox, State.DELIVERED)
    assert outbox.endpoints()[0]["test"]["state"] == "delivered"


def test_own_events_are_defined_raised_and_kept(outbox, store, clock):
    event = BusinessEvent(
        "ContosoShippedBusinessEvent",
        "Contoso",
        "Shipped",
        (Member("Parcels", Kind.INTEGER),),
        "custom",
    )
    outbox.define(event)
    again = Outbox(store, clock, "source", 10)
    assert again.event(event.id) == event
    assert again.catalogue()[-1] == event
    again.save_endpoint("a", "https://a.example/")
    again.activate(event.id, "a")
    assert again.raise_event(event.id, "usmf", {"Parcels": 2}) == 1
    with pytest.raises(BadRequest, match="Parcels"):
        again.raise_event(event.id, "usmf", {"Parcels": "two"})
    with pytest.raises(AlreadyThere):
        again.define(BusinessEvent(EVENT, "x", "x", ()))


def test_a_rollback_takes_events_and_activations_back(outbox, store):
    store.commit()
    outbox.save_endpoint("a", "https://a.example/")
    outbox.activate(EVENT, "a")
    assert outbox.active_events() == {EVENT}
    store.rollback()
    assert outbox.active_events() == frozenset()
    assert outbox.deliveries({}) == []


def test_old_delivered_rows_make_room(outbox, store, monkeypatch):
    monkeypatch.setattr(outbox_module, "KEPT_DELIVERED", 10)
    outbox.save_endpoint("a", "https://a.example/")
    outbox.activate(EVENT, "a")
    for _ in range(1_000):
        outbox.raise_event(EVENT, "usmf", {})
    take(outbox, State.DELIVERED)
    assert len(outbox.deliveries({})) <= 13


def test_unknown_names_are_said(outbox):
    with pytest.raises(NotThere, match="business event 'Nope'"):
        outbox.activate("Nope", "a")
    with pytest.raises(NotThere, match="endpoint 'a'"):
        outbox.activate(EVENT, "a")
    for act in (outbox.deactivate, outbox.delete_activation):
        with pytest.raises(NotThere, match="activation '7'"):
            act(7)
    with pytest.raises(NotThere, match="failed event '7'"):
        outbox.resend(7)

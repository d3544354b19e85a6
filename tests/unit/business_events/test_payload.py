"""The payload of a business event, member by member."""

from __future__ import annotations

import pytest

from windtunnel.contracts.events import (
    CATALOGUE,
    Framework,
    payload,
    sample_instance,
    test_message,
)

FRAMEWORK = Framework(
    "6e0b7a52-0c1d-4e55-9a0b-3c5f4d2e7a10", 5637144577, 1637246655.1234567, "usmf"
)


def test_members_are_sorted_and_encoded_as_captured():
    body = payload("PurchaseOrderConfirmedBusinessEvent", FRAMEWORK, {"VendorAccount": "US-104"})
    assert list(body) == sorted(body)
    assert body["EventId"] == "6E0B7A52-0C1D-4E55-9A0B-3C5F4D2E7A10"
    assert body["EventTime"] == "/Date(1637246655000)/"
    assert body["EventTimeIso8601"].startswith("2021-11-18T14:44:15.12345")
    assert len(body["EventTimeIso8601"]) == len("2021-11-18T14:44:15.1234567Z")
    assert body["ControlNumber"] > 2**31
    assert body["InitiatingUserAADObjectId"] == "{00000000-0000-0000-0000-000000000000}"
    assert body["ParentContextRecordSubjects"] == []


def test_the_test_message_names_the_endpoint_contract():
    assert test_message(FRAMEWORK)["BusinessEventId"] == "BusinessEventsTestEndpointContract"


@pytest.mark.parametrize("event", CATALOGUE.values(), ids=lambda event: event.id)
def test_the_downloaded_schema_is_an_instance_with_defaults(event):
    sample = sample_instance(event)
    assert list(sample) == sorted(sample)
    assert sample["ParentContextRecordSubjects"] is None
    assert sample["EventTime"] == "/Date(-2208988800000)/"
    assert {member.name for member in event.members} <= set(sample)

"""The body of a business event: one flat JSON object, members sorted by name.

Source: "Business events developer documentation"; encodings as captured: EventTime in milliseconds
cut to whole seconds, EventTimeIso8601 with seven decimals, EventId in upper case.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from windtunnel.contracts.events.catalogue import BusinessEvent

NOBODY = "{00000000-0000-0000-0000-000000000000}"
EMPTY_DATE = "/Date(-2208988800000)/"
TEST_EVENT = "BusinessEventsTestEndpointContract"


@dataclass(frozen=True, slots=True)
class Framework:
    """What the framework adds to every event. `at` is seconds since 1970 UTC."""

    event_id: str
    control_number: int
    at: float
    company: str
    user_object_id: str = ""


def _moments(at: float) -> dict[str, str]:
    moment = datetime.fromtimestamp(at, UTC)
    ticks = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06}0Z"
    return {"EventTime": f"/Date({int(at)}000)/", "EventTimeIso8601": ticks}


def payload(event_id: str, framework: Framework, members: Mapping[str, Any]) -> dict[str, Any]:
    """The object that is sent for one event."""
    user = f"{{{framework.user_object_id.upper()}}}" if framework.user_object_id else NOBODY
    whole = {
        "BusinessEventId": event_id,
        "BusinessEventLegalEntity": framework.company,
        "ContextRecordSubject": "",
        "ControlNumber": framework.control_number,
        "EventId": framework.event_id.upper(),
        **_moments(framework.at),
        "InitiatingUserAADObjectId": user,
        "MajorVersion": 0,
        "MinorVersion": 0,
        "ParentContextRecordSubjects": [],
        **members,
    }
    return dict(sorted(whole.items()))


def test_message(framework: Framework) -> dict[str, Any]:
    """What is sent when an endpoint is saved and when an event is activated."""
    return payload(TEST_EVENT, framework, {})


test_message.__test__ = False  # type: ignore[attr-defined]  # pytest must not collect it


def sample_instance(event: BusinessEvent) -> dict[str, Any]:
    """What "Download schema" gives: an instance with default values, not a JSON Schema."""
    empty = {"string": "", "enum": "", "integer": 0, "real": 0, "date": EMPTY_DATE}
    whole = {
        "BusinessEventId": "",
        "BusinessEventLegalEntity": "",
        "ContextRecordSubject": "",
        "ControlNumber": 0,
        "EventId": "",
        "EventTime": EMPTY_DATE,
        "EventTimeIso8601": "1900-01-01T00:00:00Z",
        "InitiatingUserAADObjectId": NOBODY,
        "MajorVersion": 0,
        "MinorVersion": 0,
        "ParentContextRecordSubjects": None,
        **{member.name: empty[member.kind] for member in event.members},
    }
    return dict(sorted(whole.items()))

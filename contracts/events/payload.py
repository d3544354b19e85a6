"""The body of a business event: one flat JSON object, members sorted by name.

Source: "Business events developer documentation"; spellings as captured: EventTime in milliseconds
cut to whole seconds, EventTimeIso8601 with seven decimals, EventId in upper case without braces.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from windtunnel.contracts.events.catalogue import BusinessEvent, Kind

NOBODY: Final = "{00000000-0000-0000-0000-000000000000}"
EMPTY_DATE: Final = "/Date(-2208988800000)/"
EMPTY_ISO: Final = "1900-01-01T00:00:00Z"
TEST_EVENT: Final = "BusinessEventsTestEndpointContract"
_WIRE_DATE: Final = re.compile(r"/Date\(-?\d{1,17}\)/")
_EMPTY: Final[Mapping[Kind, Any]] = {
    Kind.STRING: "",
    Kind.ENUM: "",
    Kind.INTEGER: 0,
    Kind.REAL: 0,
    Kind.BOOLEAN: False,
    Kind.GUID: NOBODY,
    Kind.DATE: EMPTY_DATE,
    Kind.ISO: EMPTY_ISO,
}
FRAMEWORK_MEMBERS: Final[Mapping[str, Any]] = {
    "BusinessEventId": "",
    "BusinessEventLegalEntity": "",
    "ContextRecordSubject": "",
    "ControlNumber": 0,
    "EventId": "",
    "EventTime": EMPTY_DATE,
    "EventTimeIso8601": EMPTY_ISO,
    "InitiatingUserAADObjectId": NOBODY,
    "MajorVersion": 0,
    "MinorVersion": 0,
    "ParentContextRecordSubjects": None,
}
"""What every event has, with the values of a downloaded schema."""
_NONE: Final[Mapping[str, Any]] = MappingProxyType({})


class BadMember(ValueError):
    """A member that the contract does not have, or a value that its kind does not take."""


@dataclass(frozen=True, slots=True)
class Framework:
    """What the framework adds to every event. `at` is seconds since 1970 UTC."""

    event_id: str
    control_number: int
    at: float
    company: str
    user_object_id: str = ""


def payload(event: str, framework: Framework, members: Mapping[str, Any] = _NONE) -> dict[str, Any]:
    """The object that is sent for one event; `members` are as `filled` gives them."""
    moment = datetime.fromtimestamp(framework.at, UTC)
    return _sorted(
        {
            "BusinessEventId": event,
            "BusinessEventLegalEntity": framework.company,
            "ContextRecordSubject": "",
            "ControlNumber": framework.control_number,
            "EventId": framework.event_id.upper(),
            "EventTime": wire_date(framework.at // 1),
            "EventTimeIso8601": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06}0Z",
            "InitiatingUserAADObjectId": braced(framework.user_object_id),
            "MajorVersion": 0,
            "MinorVersion": 0,
            "ParentContextRecordSubjects": [],
            **members,
        }
    )


def test_message(framework: Framework) -> dict[str, Any]:
    """What is sent when an endpoint is saved and when an event is activated.

    Receivers read BusinessEventId, BusinessEventLegalEntity, EventId and EventTimeIso8601 from it;
    unconfirmed: that it has the other members of the framework too.
    """
    return payload(TEST_EVENT, framework)


test_message.__test__ = False  # type: ignore[attr-defined]  # pytest must not collect it


def sample_instance(event: BusinessEvent) -> dict[str, Any]:
    """What "Download schema" gives: an instance with default values, not a JSON Schema."""
    own = {member.name: _EMPTY[member.kind] for member in event.members}
    return _sorted({**FRAMEWORK_MEMBERS, **own})


def filled(
    event: BusinessEvent, given: Mapping[str, Any], extra: Mapping[str, Any] = _NONE
) -> dict[str, Any]:
    """The event's members in their spelling; those not given are empty. Raises BadMember.

    `extra` are members that an extended contract adds; they pass as they are.
    """
    kinds = event.kinds()
    for name in given:
        if name not in kinds:
            raise BadMember(f"{event.id} has no member {name!r}; it has {', '.join(kinds)}")
    for name in extra:
        if name in FRAMEWORK_MEMBERS:
            raise BadMember(f"{name} is the framework's own member")
    members = {name: _EMPTY[kind] for name, kind in kinds.items()}
    for name, value in given.items():
        try:
            members[name] = _SPELLINGS[kinds[name]](value)
        except (TypeError, ValueError, OverflowError) as error:
            raise BadMember(f"{name}: {value!r} is not of kind {kinds[name]}") from error
    return {**members, **extra}


def wire_date(moment: float) -> str:
    """`/Date(milliseconds since 1970)/`."""
    return f"/Date({round(moment * 1000)})/"


def braced(guid: str) -> str:
    """A GUID as payloads write it; zeros for none. Raises ValueError."""
    return f"{{{uuid.UUID(guid)}}}".upper() if guid else NOBODY


def _sorted(members: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sorted(members.items()))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise TypeError
    return value


def _real(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return int(value) if value == value // 1 and abs(value) < 2**53 else float(value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _date(value: Any) -> str:
    text = _text(value)
    return text if _WIRE_DATE.fullmatch(text) else wire_date(_moment(text).timestamp())


def _iso(value: Any) -> str:
    return f"{_moment(_text(value)):%Y-%m-%dT%H:%M:%SZ}"


def _moment(text: str) -> datetime:
    if not text:
        return datetime(1900, 1, 1, tzinfo=UTC)
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_SPELLINGS: Final[Mapping[Kind, Callable[[Any], Any]]] = {
    Kind.STRING: _text,
    Kind.ENUM: _text,
    Kind.INTEGER: _integer,
    Kind.REAL: _real,
    Kind.BOOLEAN: _boolean,
    Kind.GUID: lambda value: braced(_text(value)),
    Kind.DATE: _date,
    Kind.ISO: _iso,
}

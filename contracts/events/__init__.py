"""Business events of finance and operations: the catalogue, the payload and the test message."""

from windtunnel.contracts.events.catalogue import CATALOGUE, BusinessEvent, Kind, Member
from windtunnel.contracts.events.payload import (
    TEST_EVENT,
    BadMember,
    Framework,
    filled,
    payload,
    sample_instance,
    test_message,
)

__all__ = [
    "CATALOGUE",
    "TEST_EVENT",
    "BadMember",
    "BusinessEvent",
    "Framework",
    "Kind",
    "Member",
    "filled",
    "payload",
    "sample_instance",
    "test_message",
]

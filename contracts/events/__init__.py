"""Business events of finance and operations: the catalogue, the payload and the test message."""

from windtunnel.contracts.events.catalogue import CATALOGUE, BusinessEvent, Member
from windtunnel.contracts.events.payload import Framework, payload, sample_instance, test_message

__all__ = [
    "CATALOGUE",
    "BusinessEvent",
    "Framework",
    "Member",
    "payload",
    "sample_instance",
    "test_message",
]

"""What the outcome of one try means. Pure: no store, no clock, no socket.

Source: "Business events overview", sections on errors and parameters.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Final

FIRST_CONTROL_NUMBER: Final = 5_637_144_576


class State(StrEnum):
    """Where a row of the outbox stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Policy:
    """The parameters page: tries after the first, and the constant wait between tries."""

    retries: int = 3
    wait_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try ended: the status of the answer, or 0 and an error."""

    status: int
    error: str = ""

    @property
    def is_delivered(self) -> bool:
        """Whether the endpoint took the event. unconfirmed: every 2xx counts, a 3xx does not."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """What the error log says; empty for success."""
        if self.is_delivered:
            return ""
        if not self.status:
            return self.error
        known = self.status in HTTPStatus._value2member_map_
        phrase = HTTPStatus(self.status).phrase if known else "Unknown"
        return f"The remote server returned an error: ({self.status}) {phrase}."


@dataclass(frozen=True, slots=True)
class Standing:
    """What a row of the outbox holds after a try; `next_at` matters while it waits."""

    state: State
    attempts: int
    next_at: float
    status: int
    error: str


def after(policy: Policy, attempts: int, outcome: Outcome, now: float, *, test: bool) -> Standing:
    """The standing after one more try; `attempts` were made before it in this cycle.

    A test message is tried once, for a person waits for its result.
    """
    attempts += 1
    if outcome.is_delivered:
        return Standing(State.DELIVERED, attempts, now, outcome.status, "")
    error = outcome.text
    if test:
        error = f"Unable to send test event to endpoint. Exception message: {error}"
    if test or attempts > policy.retries:
        return Standing(State.FAILED, attempts, now, outcome.status, error)
    return Standing(State.WAITING, attempts, now + policy.wait_seconds, outcome.status, error)


def event_id(source: str, control_number: int, at: float) -> str:
    """The GUID of one event.

    It depends on the moment too: a simulator started anew with the same seed must not repeat ids
    that a receiver remembers, while a run on a manual clock repeats them all.
    """
    digest = hashlib.sha256(f"{source}/{control_number}/{at!r}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4)).upper()

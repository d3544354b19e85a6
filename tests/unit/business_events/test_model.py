"""What the outcome of one try means, and the ids of events."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.simulator.services.business_events.model import (
    Outcome,
    Policy,
    State,
    after,
    event_id,
)

POLICY = Policy(retries=3, wait_seconds=1.0)


@pytest.mark.parametrize(
    ("status", "is_delivered"),
    [(200, True), (202, True), (204, True), (302, False), (400, False), (503, False), (0, False)],
)
def test_only_2xx_is_delivered(status, is_delivered):
    assert Outcome(status, "reason").is_delivered is is_delivered
    standing = after(POLICY, 0, Outcome(status, "reason"), 10.0, test=False)
    assert (standing.state is State.DELIVERED) is is_delivered


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Outcome(403), "The remote server returned an error: (403) Forbidden."),
        (Outcome(499), "The remote server returned an error: (499) Unknown."),
        (Outcome(0, "The operation has timed out."), "The operation has timed out."),
        (Outcome(204), ""),
    ],
)
def test_errors_read_as_the_real_sender_words_them(outcome, text):
    assert outcome.text == text


def test_a_test_message_is_tried_once_and_says_so():
    standing = after(POLICY, 0, Outcome(401), 10.0, test=True)
    assert standing.state is State.FAILED
    assert standing.error == (
        "Unable to send test event to endpoint. Exception message: "
        "The remote server returned an error: (401) Unauthorized."
    )


@given(st.integers(0, 20), st.floats(0, 60), st.lists(st.sampled_from([0, 200, 404, 500])))
def test_there_are_never_more_tries_than_one_and_the_retries(retries, wait, statuses):
    policy, now, attempts = Policy(retries, wait), 0.0, 0
    for status in [*statuses, *[500] * 30]:
        standing = after(policy, attempts, Outcome(status), now, test=False)
        assert standing.attempts == attempts + 1 <= retries + 1
        if standing.state is not State.WAITING:
            assert (standing.state is State.DELIVERED) == (status == 200)
            break
        assert standing.next_at == now + wait
        now, attempts = standing.next_at, standing.attempts


def test_event_ids_repeat_for_the_same_run_only():
    one = event_id("seed", 5637144576, 1000.0)
    assert uuid.UUID(one).version == 4
    assert one == one.upper()
    assert one == event_id("seed", 5637144576, 1000.0)
    others = {
        event_id("seed", 5637144577, 1000.0),
        event_id("seed", 5637144576, 1000.5),
        event_id("else", 5637144576, 1000.0),
    }
    assert len(others | {one}) == 4

from __future__ import annotations

import random

import pytest

from windtunnel.contracts.documents import Retry
from windtunnel.load.patience import next_wait, seconds_of


def wait(retry, *, status=429, attempt=1, waited=0.0, retry_after=None, service="dataverse"):
    return next_wait(
        retry,
        status=status,
        attempt=attempt,
        waited=waited,
        retry_after=retry_after,
        service=service,
        chance=random.Random(1),
    )


CASES = [
    ("no policy gives up", None, {}, None),
    ("Retry-After is honoured", Retry(), {"retry_after": 17.0}, 17.0),
    ("Retry-After beyond the longest wait too", Retry(), {"retry_after": 400.0}, 400.0),
    ("without the header Dataverse doubles", Retry(), {"attempt": 4}, 8.0),
    ("without the header F&O waits 30 s", Retry(), {"service": "finance_operations"}, 30.0),
    ("a fixed wait ignores Retry-After", Retry(wait="fixed"), {"retry_after": 17.0}, 1.0),
    (
        "exponential has a longest",
        Retry(wait="exponential", longest_seconds=10),
        {"attempt": 9},
        10,
    ),
    ("attempts count the first", Retry(attempts=3), {"attempt": 3, "retry_after": 1.0}, None),
    ("attempts left", Retry(attempts=3), {"attempt": 2, "retry_after": 1.0}, 1.0),
    ("no answer counts as 503", Retry(), {"status": 0}, 1.0),
    ("a status outside the policy ends it", Retry(), {"status": 400}, None),
    ("patience ends", Retry(max_seconds=20), {"waited": 10.0, "retry_after": 11.0}, None),
    ("a huge attempt does not overflow", Retry(), {"attempt": 10_000}, 300.0),
]


@pytest.mark.parametrize(
    ("retry", "given", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_the_wait_before_the_next_attempt(retry, given, expected):
    assert wait(retry, **given) == expected


def test_jitter_only_adds():
    assert 1.0 <= wait(Retry(wait="fixed", jitter=0.5)) <= 1.5


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("17", 17.0),
        (" 5 ", 5.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("٣", None),
    ],
)
def test_retry_after_is_whole_seconds(header, seconds):
    assert seconds_of(header) == seconds

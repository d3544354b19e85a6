"""Formats of autonumber columns."""

from __future__ import annotations

import random
import re
from datetime import UTC, datetime

import pytest

from windtunnel.simulator.kernel.clock import ManualClock
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.dataverse.model.numbering import Numbers, problem_of, written

NOW = datetime(2026, 3, 4, 15, 6, 7, tzinfo=UTC)
WRITTEN = [
    ("CAR-{SEQNUM:3}-{RANDSTRING:6}", r"CAR-042-[A-Z0-9]{6}"),
    ("{SEQNUM:1}", "42"),
    ("CNR-{RANDSTRING:4}-{SEQNUM:4}", r"CNR-[A-Z0-9]{4}-0042"),
    ("CAS-{SEQNUM:6}-{RANDSTRING:6}-{DATETIMEUTC:yyyyMMddhhmmss}",
     r"CAS-000042-[A-Z0-9]{6}-20260304030607"),
    ("CAS-{SEQNUM:6}-{DATETIMEUTC:yyyyMMdd}-{RANDSTRING:6}", r"CAS-000042-20260304-[A-Z0-9]{6}"),
    ("plain", "plain"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "pattern"), WRITTEN)
def test_a_format_says_how_a_number_is_written(text, pattern):
    assert problem_of(text) == ""
    assert re.fullmatch(pattern, written(text, 42, NOW, random.Random(1)))


@pytest.mark.parametrize(
    "text", ["{SEQNUM}", "{SEQNUM:x}", "{SEQNUM:0}", "{RANDSTRING:9}", "{NUMBER:3}", "A}", "{"]
)
def test_a_format_that_cannot_be_used_is_told_apart(text):
    assert problem_of(text)


def test_numbers_start_at_a_thousand_and_go_on_from_a_seed():
    numbers = Numbers(Store(), ManualClock(0), random.Random(1))
    numbers.create()
    assert [numbers.give("t", "c", "{SEQNUM:4}") for _ in range(2)] == ["1000", "1001"]
    assert numbers.give("t", "other", "{SEQNUM:4}") == "1000"
    assert numbers.seed("t", "c") == 1000
    numbers.set_seed("t", "c", 7)
    assert (numbers.seed("t", "c"), numbers.next("t", "c")) == (7, 7)
    assert numbers.give("t", "c", "{SEQNUM:4}") == "0007"
    assert numbers.give("t", "c", "{RANDSTRING:2}") != "0008"
    assert numbers.next("t", "c") == 8

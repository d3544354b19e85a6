from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.contracts.documents import Plan, PlanFlow
from windtunnel.contracts.results import Outcome
from windtunnel.load.job import Job
from windtunnel.load.summary import Ran, load_result
from windtunnel.load.tally import FlowTally, Histogram

durations = st.lists(st.floats(1e-5, 5000), min_size=1, max_size=200)


@given(durations, st.sampled_from([0.5, 0.95, 0.99]))
def test_percentiles_are_right_within_two_percent(values, share):
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    exact = sorted(values)[math.ceil(len(values) * share) - 1]
    assert histogram.percentile(share) == pytest.approx(exact, rel=0.021, abs=2e-6)


@given(durations, durations)
def test_merging_equals_counting_together(first, second):
    one, two, both = Histogram(), Histogram(), Histogram()
    for value in first:
        one.add(value)
    for value in second:
        two.add(value)
    for value in (*first, *second):
        both.add(value)
    one.merge(two)
    assert one == both


def some_tally():
    tally = FlowTally(1.0)
    tally.answers = 5
    tally.throttle(0.2, 17.0)
    tally.complete(0.5, 0.4, 0.1)
    tally.complete(1.5, 0.2, 0.1)
    tally.lose(2.1, "HTTP 429")
    tally.fail(2.2, "HTTP 400")
    return tally


def test_a_tally_survives_the_wire():
    tally = some_tally()
    assert FlowTally.of_message(json.loads(json.dumps(tally.to_message()))) == tally


def make_ran(tally, due=(0.1, 1.3, 1.9, 2.05, 2.5), seconds=3.0):
    flow = PlanFlow(name="orders", per_day=86_400)
    job = Job(
        plan=Plan(name="p", flows=(flow,)),
        file="p.plan.yaml",
        environment={},
        result="",
        duration=3,
        drain=1,
        scale=1,
        seed=1,
    )
    return Ran(job, (flow,), {"orders": due}, {"orders": tally}, 0.0, seconds)


def test_every_offered_request_is_completed_failed_lost_or_open():
    result = load_result(make_ran(some_tally()))
    [flow] = result.flows
    assert flow.offered == 5 == flow.completed + flow.failed + flow.lost + flow.open
    assert (flow.completed, flow.failed, flow.lost, flow.open) == (2, 1, 1, 1)
    assert result.outcome is Outcome.FAILED
    assert result.longest_retry_after == 17.0
    assert result.throttled_share == pytest.approx(0.2)
    assert [point.backlog for point in result.timeline] == [0, 1, 1]
    assert "orders: 1 requests were given up, mostly after HTTP 4" in "\n".join(result.notes)


def test_a_run_in_which_all_was_completed_passed():
    tally = FlowTally(1.0)
    tally.answers = 1
    tally.complete(0.2, 0.1, 0.1)
    result = load_result(make_ran(tally, due=(0.1,)))
    assert result.outcome is Outcome.PASSED
    assert result.notes == ()

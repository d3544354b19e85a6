from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windtunnel.contracts.documents import PlanFlow
from windtunnel.contracts.documents.plan import Profile
from windtunnel.load.arrivals import arrival_times, expected, stretches
from windtunnel.load.errors import LoadError
from windtunnel.load.job import check_size


def make_flow(per_day=864_000, shape="flat", **more):
    return PlanFlow(name="orders", per_day=per_day, profile=Profile(shape=shape), **more)


def test_a_flat_day_keeps_its_real_rate_when_it_is_passed_through_in_a_minute():
    parts = stretches(make_flow(), 60, 1.0)
    assert {round(part.rate, 6) for part in parts} == {10.0}
    assert expected(make_flow(), 60, 1.0) == pytest.approx(600)


def test_the_peak_hour_of_office_hours_is_the_steepest_stretch():
    parts = stretches(make_flow(shape="office-hours"), 24, 1.0)
    busiest = max(parts, key=lambda part: part.rate)
    assert 8 <= busiest.start <= 16
    assert parts[2].rate == 0


def test_batches_make_fewer_requests():
    assert expected(make_flow(batch_size=100), 60, 1.0) == pytest.approx(6)


@given(
    st.integers(0, 2_000_000),
    st.floats(1, 120),
    st.sampled_from(["flat", "office-hours", "nightly", "month-end"]),
)
@settings(max_examples=40)
def test_uniform_arrivals_rise_stay_inside_the_run_and_are_as_many_as_planned(
    per_day, duration, shape
):
    flow = make_flow(per_day, shape)
    times = arrival_times(stretches(flow, duration, 1.0), "x", spacing="uniform")
    assert abs(len(times) - expected(flow, duration, 1.0)) <= 1
    assert all(0 <= a <= b <= duration * (1 + 1e-9) for a, b in pairwise([0.0, *times]))


@given(st.text(max_size=8), st.sampled_from(["flat", "nightly", "month-end"]))
@settings(max_examples=25)
def test_poisson_arrivals_are_equal_for_an_equal_seed_and_near_the_plan(seed, shape):
    parts = stretches(make_flow(shape=shape), 100, 1.0)
    times = arrival_times(parts, seed)
    assert times == arrival_times(parts, seed)
    mean = sum(part.rate * part.seconds for part in parts)
    assert abs(len(times) - mean) < 6 * mean**0.5
    assert all(0 <= a <= b <= 100 for a, b in pairwise([0.0, *times]))


@pytest.mark.parametrize(
    ("per_day", "scale", "said"),
    [(1, 1.0, "nothing would be sent"), (1_000_000_000, 100_000.0, "lower --scale")],
)
def test_a_plan_too_small_or_too_large_for_a_load_is_refused(per_day, scale, said):
    with pytest.raises(LoadError, match=said):
        check_size((make_flow(per_day),), 60, scale)

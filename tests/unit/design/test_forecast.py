"""The forecast: engines agree to the event, and its numbers follow from the plan and the limits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windtunnel.contracts.documents import Plan, Retry, parse_document
from windtunnel.contracts.limits import ADMITTED, COSTS, LIMITS, Refused, ThrottlingRules
from windtunnel.contracts.limits.overrides import Allowances
from windtunnel.contracts.results import ForecastResult
from windtunnel.design.forecast import FlowPlan, flat, forecast, reference, replay
from windtunnel.design.forecast.replay import Arrival
from windtunnel.design.forecast.run import run_flows
from windtunnel.design.forecast.streams import draw_streams

compiled = pytest.importorskip("windtunnel.design.forecast.compiled", reason="numba is an extra")

PLAN = """\
name: orders
flows:
  - name: in
    per_day: 4000
    profile: office-hours
    parallelism: 4
    identities: [app]
    retry: {wait: retry-after, attempts: 5}
"""


def small(requests: int, seconds: float, at_once: int, counted: int = 0) -> Allowances:
    limits = LIMITS.override("dataverse.requests", allowance=requests)
    limits = limits.override("dataverse.execution-time", allowance=seconds)
    limits = limits.override("dataverse.concurrency", allowance=at_once)
    limits = limits.override("dataverse.model.count-refused", allowance=counted)
    limits = limits.override("fo.requests", allowance=requests)
    limits = limits.override("fo.execution-time", allowance=seconds / 2)
    limits = limits.override("fo.concurrency", allowance=at_once + 1)
    limits = limits.override("fo.model.cores", allowance=1).override(
        "fo.model.servers", allowance=1
    )
    return Allowances(limits, COSTS)


def flow(name: str = "a", **changes) -> FlowPlan:
    values = {
        "name": name,
        "service": "dataverse",
        "requests_per_day": 400,
        "shares": (1 / 24,) * 24,
        "mean_seconds": 1.0,
        "parallelism": 3,
        "identities": ("app",),
        "servers": 1,
        "priority": "low",
        "retry": Retry(attempts=4),
    }
    return FlowPlan(**{**values, **changes})


retries = st.builds(
    Retry,
    on=st.sampled_from([(429,), (503,)]),
    wait=st.sampled_from(["retry-after", "fixed", "exponential"]),
    first_seconds=st.sampled_from([7.0, 40.0]),
    attempts=st.sampled_from([1, 3, 10, 25]),  # without an end, a refused day is millions of tries
    max_seconds=st.sampled_from([None, 60.0, 900.0]),
    jitter=st.sampled_from([0.0, 0.3]),
)
flows = st.builds(
    flow,
    service=st.sampled_from(["dataverse", "dataverse", "finance_operations", None]),
    requests_per_day=st.integers(0, 900),
    shares=st.sampled_from([(1 / 24,) * 24, (0.0,) * 9 + (1.0,) + (0.0,) * 14]),
    mean_seconds=st.sampled_from([0.1, 2.0, 30.0]),
    parallelism=st.integers(1, 6),
    identities=st.sampled_from([("app",), ("app", "other"), ("third",)]),
    servers=st.integers(1, 2),
    priority=st.sampled_from(["low", "high", "exempt"]),
    retry=retries,
    throttling=st.builds(ThrottlingRules, st.booleans(), st.booleans()),
)
allowances = st.builds(
    small,
    st.integers(0, 30),
    st.sampled_from([5.0, 60.0, 1200.0]),
    st.integers(1, 5),
    st.integers(0, 1),
)


@settings(max_examples=40)
@given(st.lists(flows, min_size=1, max_size=3), allowances, st.integers(0, 9))
def test_the_flat_engine_equals_the_meters_to_the_event(plans, allowed, seed):
    plans = [FlowPlan(f"f{n}", *plan_values(plan)) for n, plan in enumerate(plans)]
    streams = draw_streams(plans, days=1, seed=seed)
    expected = reference.simulate(plans, allowed.limits, streams, print_nothing)
    for run in (flat.simulate, compiled._simulate):
        got = compiled.simulate(plans, allowed.limits, streams, print_nothing, run=run)
        assert got == expected


def plan_values(plan: FlowPlan) -> list[object]:
    names = list(FlowPlan.__dataclass_fields__)
    return [getattr(plan, name) for name in names[1:]]


def print_nothing(moment: float) -> None:
    assert moment >= 0


def comparable(result: ForecastResult) -> dict[str, object]:
    return result.model_dump(exclude={"engine", "seconds"})


@pytest.mark.parametrize("days", [1, 3])
def test_the_same_seed_gives_the_same_result_on_any_engine(days):
    plan, _ = parse_document(PLAN, "x", Plan)
    allowed = small(40, 1200, 52)
    results = [
        forecast(plan, allowed, days=days, seed=7, engine=name) for name in ("python", "numba")
    ]
    assert comparable(results[0]) == comparable(results[1])
    assert [result.engine for result in results] == ["python", "numba"]
    other = forecast(plan, allowed, days=days, seed=8, engine="python")
    assert comparable(other) != comparable(results[0])


def test_every_request_is_completed_given_up_or_left_over():
    plans = [flow(requests_per_day=5000), flow("b", service=None)]
    result = run_flows(plans, small(10, 1200, 52), engine="python")
    for found in result.flows:
        assert found.completed + found.given_up <= found.arrivals
    done = sum(hour.completed for hour in result.hours)
    assert done + result.given_up + result.hours[-1].backlog == result.requests
    assert sum(hour.arrivals for hour in result.hours) == result.requests


def test_volume_and_hours_follow_the_plan():
    plan, _ = parse_document(PLAN, "x", Plan)
    result = forecast(plan, engine="python")
    assert result.requests == pytest.approx(4000, rel=0.06)
    assert result.refused == 0
    assert result.hours[3].arrivals == 0
    assert result.hours[9].arrivals > result.hours[7].arrivals
    uses = {use.limit: use.share for use in result.limits}
    assert 0 < uses["dataverse.requests"] < 0.05


def test_a_flow_over_the_limit_is_refused_and_falls_behind():
    result = run_flows([flow(requests_per_day=20_000, mean_seconds=0.1)], small(10, 1200, 52))
    assert result.refused > 0
    assert result.flows[0].worst_backlog > 1000
    assert result.flows[0].longest_retry_after <= 300
    assert max(use.share for use in result.limits) == 1.0


def test_a_flow_without_retry_loses_what_is_refused():
    lossy = flow(requests_per_day=20_000, mean_seconds=0.1, retry=Retry(on=(), attempts=1))
    result = run_flows([lossy], small(10, 1200, 52), engine="python")
    assert result.given_up == result.refused > 0


def test_finance_and_operations_refuses_by_load_and_spares_high_priority():
    noon = (0.0,) * 12 + (1.0,) + (0.0,) * 11
    low = flow(
        "low",
        service="finance_operations",
        requests_per_day=20_000,
        parallelism=20,
        mean_seconds=0.15,
        shares=noon,
    )
    high = flow("high", service="finance_operations", priority="high", identities=("vip",))
    result = run_flows([low, high], small(6000, 1200, 52), engine="python")
    refused = {found.flow: found.refused for found in result.flows}
    assert refused["low"] > 0
    assert refused["high"] == 0
    assert any(use.limit == "fo.load" and use.share >= 1 for use in result.limits)


def test_more_web_servers_multiply_the_limit():
    one = run_flows([flow(requests_per_day=20_000, mean_seconds=0.1)], small(20, 1200, 52))
    two = run_flows(
        [flow(requests_per_day=20_000, mean_seconds=0.1, servers=4)], small(20, 1200, 52)
    )
    assert two.flows[0].completed > one.flows[0].completed * 2


def test_progress_moves_on():
    seen: list[float] = []
    run_flows([flow(requests_per_day=2000)], engine="python", tick=seen.append)
    assert seen == sorted(seen)
    assert len(seen) > 100


def test_replay_gives_one_verdict_per_arrival_and_server():
    limits = LIMITS.override("dataverse.requests", allowance=2)
    arrivals = [Arrival(0.0, 0.1), Arrival(1.0, 0.1), Arrival(2.0, 0.1), Arrival(2.0, 0.1, "other")]
    verdicts = replay([*arrivals, Arrival(2.0, 0.1, "app", "web-2")], limits)
    assert [verdict is ADMITTED for verdict in verdicts] == [True, True, False, True, True]
    assert isinstance(verdicts[2], Refused)
    assert verdicts[2].retry_after_seconds == 298


def test_a_retry_without_a_wait_takes_a_round_trip():
    eager = flow(
        requests_per_day=3,
        parallelism=1,
        retry=Retry(wait="fixed", first_seconds=0.0, max_seconds=30.0),
    )
    result = run_flows([eager], small(0, 1200, 52), engine="python")
    assert result.given_up == result.requests
    assert result.refused == pytest.approx(300 * result.requests, abs=2 * result.requests)

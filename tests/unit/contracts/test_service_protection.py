"""The service protection meter against a plain model that keeps every request."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from windtunnel.contracts.limits import (
    ADMITTED,
    LIMITS,
    Limits,
    ProtectionRules,
    Refused,
    ServiceProtection,
)
from windtunnel.contracts.limits.accounting import limit_uses


def small(
    requests: int = 5, seconds: float = 20, at_once: int = 3, window: float = 10, **model: float
) -> Limits:
    limits = LIMITS.override("dataverse.requests", allowance=requests, seconds=window)
    limits = limits.override("dataverse.execution-time", allowance=seconds, seconds=window)
    limits = limits.override("dataverse.concurrency", allowance=at_once)
    for name, value in model.items():
        limits = limits.override(f"dataverse.model.{name.replace('_', '-')}", allowance=value)
    return limits


def meter_of(limits: Limits) -> ServiceProtection:
    return ServiceProtection(ProtectionRules.of(limits))


def refused(verdict: object) -> Refused:
    assert isinstance(verdict, Refused)
    return verdict


def test_the_default_window_admits_6000_and_refuses_the_next_with_the_documented_error():
    meter = meter_of(LIMITS)
    for _ in range(6000):
        assert meter.admit(100.0) is ADMITTED
        meter.finish(100.0, 0.01)
    verdict = refused(meter.admit(137.0))
    assert verdict.limit.code == "0x80072322"
    assert verdict.limit.decimal == -2147015902
    assert verdict.limit.status == 429
    assert verdict.retry_after_seconds == 263
    assert verdict.message == (
        "Number of requests exceeded the limit of 6000 over time window of 300 seconds."
    )


def test_execution_time_is_refused_only_once_the_total_is_exceeded():
    meter = meter_of(LIMITS)
    for _ in range(10):
        assert meter.admit(0.0) is ADMITTED
        meter.finish(0.0, 120.0)
    assert meter.left(0.0)[1] == 0
    assert meter.admit(1.0) is ADMITTED
    meter.finish(1.0, 0.5)
    verdict = refused(meter.admit(2.0))
    assert verdict.limit.id == "dataverse.execution-time"
    assert verdict.retry_after_seconds == 298
    assert "limit of 1,200,000 milliseconds over time window of 300 seconds." in verdict.message


def test_the_fifty_third_at_once_is_refused_and_the_next_is_admitted_when_one_ended():
    meter = meter_of(LIMITS)
    for _ in range(52):
        assert meter.admit(0.0) is ADMITTED
    verdict = refused(meter.admit(0.0))
    assert verdict.limit.code == "0x80072326"
    assert verdict.retry_after_seconds == 1
    meter.finish(0.1, 0.1)
    assert meter.admit(0.1) is ADMITTED


def test_retry_after_of_the_concurrency_limit_grows_to_five_with_the_overshoot():
    meter = meter_of(LIMITS)
    for _ in range(52):
        meter.admit(0.0)
    told = [refused(meter.admit(0.0)).retry_after_seconds for _ in range(60)]
    assert told == sorted(told)
    assert (told[0], told[-1]) == (1, 5)


def test_hammering_lengthens_each_next_retry_after_up_to_the_cap():
    meter = meter_of(small(requests=1, window=37))
    assert meter.admit(0.0) is ADMITTED
    told = [refused(meter.admit(float(n))).retry_after_seconds for n in range(30)]
    assert told[0] == 37
    assert all(b > a or b == 300 for a, b in pairwise(told))
    assert told[-1] == 300


def test_hammering_does_not_shut_a_caller_out_for_ever():
    meter = meter_of(small(requests=1))
    meter.admit(0.0)
    now = 0.0
    while meter.admit(now) is not ADMITTED:
        now += 1.0
        assert now <= 601


def test_refused_requests_count_only_when_the_model_says_so():
    for switch, expected in ((0, 1), (1, 5)):
        meter = meter_of(small(requests=1, count_refused=switch))
        meter.admit(0.0)
        for moment in (1.0, 2.0, 3.0, 4.0):
            meter.admit(moment)
        assert meter._expire_requests(4.0) == expected


def test_identities_and_servers_have_meters_of_their_own():
    rules = ProtectionRules.of(small(requests=1))
    first, second = ServiceProtection(rules), ServiceProtection(rules)
    assert first.admit(0.0) is ADMITTED
    assert first.admit(0.0) is not ADMITTED
    assert second.admit(0.0) is ADMITTED


def test_headers_tell_what_is_left():
    meter = meter_of(LIMITS)
    meter.admit(0.0)
    meter.finish(0.5, 0.54)
    assert meter.left(0.5)[0] == 5999
    assert meter.left(0.5)[1] == 1_199_460_000
    assert meter.left(300.0)[0] == 6000


def test_finishing_tells_what_is_left_as_asking_does():
    told, asked = meter_of(small(requests=5, window=10)), meter_of(small(requests=5, window=10))
    for moment in (0.0, 0.0, 3.0, 9.5, 10.0, 13.0, 13.25, 30.0):
        told.admit(moment)
        asked.admit(moment)
        asked.finish(moment + 0.25, 0.54)
        assert told.finish_and_tell(moment + 0.25, 0.54) == asked.left(moment + 0.25)
    assert told.peaks() == asked.peaks()
    told.admit(30.5)
    assert told.finish_and_tell(30.5, 1e6)[1] == 0


def test_asking_ends_what_run_began_and_is_over():
    meter = meter_of(small(requests=5, at_once=2))
    meter.run(0.0, 2.0)
    assert meter.left(1.0) == (4, meter.left(1.0)[1])
    before = meter.left(1.0)[1]
    assert meter.left(2.0)[1] == before - 2_000_000
    assert meter.in_flight == 0


def test_the_rings_stay_short_in_a_long_run():
    meter = meter_of(small(requests=1_000_000, window=10))
    for moment in range(5_000):
        meter.admit(float(moment))
        assert meter.finish_and_tell(float(moment), 0.001)[0] == 1_000_000 - min(10, moment + 1)
    assert len(meter._began) < 3_000
    assert len(meter._costs) < 3_000


def test_run_ends_requests_by_itself():
    meter = meter_of(small(at_once=1))
    assert meter.run(0.0, 2.0) is ADMITTED
    assert meter.run(1.9, 2.0) is not ADMITTED
    assert meter.run(2.0, 2.0) is ADMITTED
    meter.settle(5.0)
    assert meter.in_flight == 0
    assert meter.left(5.0)[1] == 16_000_000


def test_user_based_limits_of_finance_and_operations_have_their_own_texts():
    meter = ServiceProtection(
        ProtectionRules.of(LIMITS.override("fo.requests", allowance=0), prefix="fo")
    )
    verdict = refused(meter.admit(0.0))
    assert verdict.message == (
        "Number of requests exceeded the limit of 0 over the time window of 300 seconds."
    )
    assert verdict.limit.code == ""


def test_peaks_become_limit_uses():
    meter = meter_of(small(requests=4))
    for _ in range(6):
        if meter.admit(0.0) is ADMITTED:
            meter.finish(0.0, 1.0)
    uses = {use.limit: use for use in limit_uses(meter, "app", "web-1")}
    assert uses["dataverse.requests"].share == 1.0
    assert uses["dataverse.requests"].refusals == 2
    assert uses["dataverse.execution-time"].peak == 4.0
    assert uses["dataverse.concurrency"].peak == 1


@dataclass
class Ledger:
    """The rule, written as plainly as possible: every request is kept and counted."""

    requests: int
    seconds: float
    at_once: int
    window: float
    began: list[float] = field(default_factory=list)
    ended: list[tuple[float, float]] = field(default_factory=list)
    running: list[tuple[float, float]] = field(default_factory=list)

    def breach(self, now: float) -> str:
        """Which limit refuses a request now, if any."""
        for end, cost in [entry for entry in self.running if entry[0] <= now]:
            self.running.remove((end, cost))
            self.ended.append((end, cost))
        spent = sum(cost for end, cost in self.ended if end > now - self.window)
        if len(self.running) >= self.at_once:
            return "dataverse.concurrency"
        if sum(1 for moment in self.began if moment > now - self.window) >= self.requests:
            return "dataverse.requests"
        return "dataverse.execution-time" if spent > self.seconds else ""


QUARTERS = st.integers(0, 60).map(lambda n: n / 4)


@settings(max_examples=300)
@given(
    st.lists(st.tuples(QUARTERS, QUARTERS), max_size=80),
    st.integers(1, 6),
    st.integers(1, 40),
    st.integers(1, 4),
)
def test_no_request_is_admitted_or_refused_without_the_rule(steps, requests, seconds, at_once):
    meter = meter_of(small(requests, seconds, at_once))
    ledger = Ledger(requests, seconds, at_once, 10)
    now, blocked, told = 0.0, 0.0, 0.0
    for gap, cost in steps:
        now += gap
        verdict = meter.run(now, cost)
        broken = ledger.breach(now)
        # A Retry-After told during a block is rounded up: the block may end up to a second before.
        if now < blocked or (now < told and isinstance(verdict, Refused)):
            told = max(told, now + refused(verdict).retry_after_seconds)
            blocked = max(blocked, told - 1)
        elif broken:
            assert refused(verdict).limit.id == broken
            if broken != "dataverse.concurrency":
                blocked = told = now + verdict.retry_after_seconds
        else:
            assert verdict is ADMITTED
            ledger.began.append(now)
            ledger.running.append((now + cost, cost))


@settings(max_examples=300)
@given(
    st.lists(st.tuples(st.floats(0, 5), st.floats(0, 8)), max_size=60),
    st.integers(1, 5),
    st.floats(0.5, 30),
    st.integers(0, 5),
    st.booleans(),
    st.sampled_from([0.0, 1_767_225_600.123]),
)
def test_waiting_retry_after_is_always_enough(steps, requests, seconds, hammer, counted, start):
    meter = meter_of(small(requests, seconds, 1000, count_refused=float(counted)))
    now = start
    for gap, cost in steps:
        now += gap
        verdict = meter.admit(now)
        for _ in range(hammer if isinstance(verdict, Refused) else 0):
            now += gap / 10
            verdict = meter.admit(now)
        if isinstance(verdict, Refused):
            assert verdict.retry_after_seconds >= 1
            now += verdict.retry_after_seconds
            assert meter.admit(now) is ADMITTED
        meter.finish(now, cost)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.floats(0, 3), st.floats(0, 4)), max_size=120))
def test_run_and_finish_tell_the_same(steps):
    runs, finishes = meter_of(small()), meter_of(small())
    ends: list[tuple[float, float]] = []
    now = 0.0
    for gap, cost in steps:
        now += gap
        ends.sort()
        while ends and ends[0][0] <= now:
            finishes.finish(*ends.pop(0))
        verdict = finishes.admit(now)
        assert runs.run(now, cost) == verdict
        if verdict is ADMITTED:
            ends.append((now + cost, cost))
    assert runs.peaks() == finishes.peaks()

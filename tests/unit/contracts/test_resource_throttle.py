"""Priority-based throttling and plain rate limits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windtunnel.contracts.limits import (
    ADMITTED,
    LIMITS,
    Limits,
    Priority,
    RateLimit,
    Refused,
    ResourceRules,
    ResourceThrottle,
)
from windtunnel.contracts.limits.accounting import limit_uses, load_use


def throttle_of(limits: Limits = LIMITS) -> ResourceThrottle:
    return ResourceThrottle(ResourceRules.of(limits))


@pytest.mark.parametrize(
    ("background", "admitted"),
    [
        (0.25, ["low", "medium", "high", "exempt"]),
        (0.85, ["medium", "high", "exempt"]),
        (0.92, ["high", "exempt"]),
        (0.99, ["exempt"]),
    ],
)
def test_low_priority_is_refused_first(background, admitted):
    throttle = throttle_of()
    throttle.background_cpu = background
    got = [p.value for p in Priority if throttle.admit(0.0, f"app-{p}", p) is ADMITTED]
    assert got == admitted


def test_a_refusal_says_what_the_service_says():
    throttle = throttle_of()
    throttle.background_cpu = 1.0
    verdict = throttle.admit(0.0, "app")
    assert isinstance(verdict, Refused)
    assert verdict.retry_after_seconds == 60
    assert verdict.limit.status == 429
    assert verdict.message == (
        "This request could not be processed at this time due to system experiencing high "
        "resource utilization. Retry the request after 60 seconds"
    )


def test_hammering_lengthens_retry_after_even_when_the_load_has_fallen():
    throttle = throttle_of()
    throttle.background_cpu = 1.0
    throttle.admit(0.0, "app")
    throttle.background_cpu = 0.1
    told = [
        verdict.retry_after_seconds
        for second in (0.0, 1.0, 2.0, 3.0)
        if (verdict := throttle.admit(second, "app"))
    ]
    assert told == [60, 66, 73, 80]
    assert throttle.admit(0.0, "other") is ADMITTED
    assert throttle.admit(83.0, "app") is ADMITTED
    assert throttle.blocked_until(3.0, "app") == 83.0
    assert throttle.refused == {"app": 5}


def test_many_senders_at_once_lengthen_no_more_than_one_that_hammers_as_long():
    told = []
    for senders in (1, 200):
        throttle = throttle_of()
        throttle.background_cpu = 1.0
        answers = [
            verdict.retry_after_seconds
            for second in range(5)
            for _ in range(senders)
            if (verdict := throttle.admit(float(second), "app"))
        ]
        told.append(max(answers))
    assert told == [88, 88]


def test_work_beside_the_requests_loads_the_environment_until_it_ends():
    throttle = throttle_of(LIMITS.override("fo.model.batch-share", allowance=0.9))
    before = (throttle.cpu(0.0), throttle.memory())
    end = throttle.beside.working(cores=4, memory=8_000)
    other = throttle.beside.working(cores=2)
    assert throttle.cpu(0.0) == pytest.approx(before[0] + 6 / 8)
    assert throttle.memory() == pytest.approx(before[1] + 8_000 / 32_000)
    assert throttle.admit(0.0, "app", Priority.HIGH) is not ADMITTED
    end()
    end()
    assert throttle.cpu(0.0) == pytest.approx(before[0] + 2 / 8)
    throttle.beside.forget()
    other()
    assert (throttle.cpu(0.0), throttle.memory()) == before
    throttle.spend(0.0, 48.0)
    assert throttle.cpu(0.0) == pytest.approx(before[0] + 0.1)
    with pytest.raises(ValueError, match="cannot be busy"):
        throttle.beside.working(cores=-1)


def test_work_beside_the_requests_leaves_them_their_share():
    throttle = throttle_of()
    throttle.beside.working(cores=100)
    assert throttle.cpu(0.0) == pytest.approx(0.25 + 0.5)
    assert throttle.admit(0.0, "app") is ADMITTED


def test_processor_use_is_work_over_cores_and_falls_as_it_leaves_the_average():
    throttle = throttle_of()
    throttle.background_cpu = 0.0
    for _ in range(48):
        throttle.run(0.0, "app", 5.0, Priority.HIGH)
    assert throttle.cpu(0.0) == 0.0
    assert throttle.cpu(5.0) == pytest.approx(48 * 5 / (60 * 8))
    assert throttle.in_flight == 0
    assert throttle.cpu(65.0) == 0.0


def test_memory_grows_with_requests_in_flight():
    throttle = throttle_of()
    before = throttle.memory()
    throttle.admit(0.0, "app")
    assert throttle.memory() > before
    throttle.finish(1.0, 0.2)
    assert throttle.memory() == before


def test_the_load_becomes_a_limit_use():
    throttle = throttle_of()
    throttle.background_cpu = 0.88
    throttle.admit(0.0, "app")
    use = load_use(throttle)
    assert use.limit == "fo.load"
    assert use.share == pytest.approx(0.88 / 0.80)
    assert use.refusals == 1


def test_search_allows_one_a_second():
    search = RateLimit(LIMITS["dataverse.search"])
    assert search.admit(0.0) is ADMITTED
    assert search.left(0.5) == 0
    verdict = search.admit(0.5)
    assert isinstance(verdict, Refused)
    assert verdict.retry_after_seconds == 1
    assert search.admit(1.5) is ADMITTED
    assert limit_uses(search, "user")[0].refusals == 1


def test_a_limit_without_a_window_is_no_rate():
    with pytest.raises(ValueError, match=r"fo\.page"):
        RateLimit(LIMITS["fo.page"])


@settings(max_examples=200)
@given(st.lists(st.floats(0, 30), max_size=100), st.integers(1, 6))
def test_no_window_holds_more_than_its_allowance_and_waiting_is_enough(gaps, allowance):
    meter = RateLimit(LIMITS.override("connector.fo", allowance=allowance)["connector.fo"])
    now, admitted = 0.0, []
    for gap in gaps:
        now += gap
        verdict = meter.admit(now)
        if isinstance(verdict, Refused):
            now += verdict.retry_after_seconds
            assert meter.admit(now) is ADMITTED
        admitted.append(now)
        assert sum(1 for moment in admitted if moment > now - 60) <= allowance

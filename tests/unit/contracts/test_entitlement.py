"""Requests per 24 hours."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from windtunnel.contracts.limits import LIMITS
from windtunnel.contracts.limits.entitlement import DAY, POOL, Entitlement


def test_users_and_the_pool_have_their_own_allowance():
    meter = Entitlement(LIMITS)
    meter.days_of("u").count(3, 5.0)
    meter.days_of(POOL).count(7, 5.0)
    shown = {use.identity: (use.limit, use.peak, use.allowance) for use in meter.uses()}
    assert shown == {
        "u": ("dataverse.entitlement.user", 3, 40_000),
        POOL: ("dataverse.entitlement.application", 7, 500_000),
    }


def test_what_is_used_up_comes_back_with_the_day():
    meter = Entitlement(LIMITS.override("dataverse.entitlement.user", allowance=2))
    meter.days_of("u").count(2, DAY + 10)
    assert meter.seconds_refused("u", DAY + 10) == DAY - 10
    assert meter.seconds_refused("u", 2 * DAY) == 0.0
    assert meter.seconds_refused("nobody", 0.0) == 0.0


@given(st.lists(st.tuples(st.integers(0, 3 * 86_400), st.integers(1, 50)), max_size=40))
def test_the_peak_is_the_busiest_day(arrivals):
    meter = Entitlement(LIMITS)
    days: dict[int, int] = {}
    for moment, units in sorted(arrivals):
        meter.days_of("u").count(units, float(moment))
        days[moment // 86_400] = days.get(moment // 86_400, 0) + units
    assert [use.peak for use in meter.uses()] == ([max(days.values())] if days else [])

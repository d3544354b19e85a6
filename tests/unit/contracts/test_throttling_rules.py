"""Which rules of finance and operations hold in which release, and both of them together."""

from __future__ import annotations

import pytest

from windtunnel.contracts.limits import (
    ADMITTED,
    LIMITS,
    Caller,
    Priority,
    ProtectionRules,
    Refused,
    ResourceRules,
    ResourceThrottle,
    ThrottlingRules,
    throttling_rules,
    with_user_limits,
)


@pytest.mark.parametrize(
    ("release", "by_default", "with_the_feature_on"),
    [
        ("10.0.18", "none", "none"),
        ("10.0.19", "resource", "resource"),
        ("10.0.29", "resource", "both"),
        ("10.0.33", "both", "both"),
        ("10.0.34.12", "both", "both"),
        ("10.0.35", "resource", "both"),
        ("10.0.36", "resource", "resource"),
        ("10.0.47", "resource", "resource"),
        ("10.1.2", "resource", "resource"),
        ("", "resource", "resource"),
        ("2024 wave 1", "resource", "resource"),
    ],
)
def test_the_rules_follow_the_release(release, by_default, with_the_feature_on):
    assert throttling_rules(release, LIMITS).name == by_default
    assert with_user_limits(release, LIMITS).name == with_the_feature_on


def test_rules_have_names():
    assert ThrottlingRules(by_load=False, by_user=True).name == "user"


def make_caller(rules: ThrottlingRules, load: ResourceThrottle, requests: int = 2) -> Caller:
    limits = LIMITS.override("fo.requests", allowance=requests)
    return Caller("app", Priority.LOW, rules, load, ProtectionRules.of(limits, "fo"))


def test_where_both_rules_are_on_either_refuses():
    load = ResourceThrottle(ResourceRules.of(LIMITS))
    caller = make_caller(ThrottlingRules(by_load=True, by_user=True), load)
    assert caller.admit(0.0) is ADMITTED
    assert load.in_flight == 1
    caller.finish(0.5, 0.5)
    assert load.in_flight == 0
    load.background_cpu = 1.0
    by_load = caller.admit(1.0)
    assert isinstance(by_load, Refused)
    assert by_load.limit.id == "fo.load"
    assert caller.own is not None
    assert caller.own.in_flight == 0
    by_user = caller.admit(2.0)
    assert isinstance(by_user, Refused)
    assert by_user.limit.id == "fo.requests"


def test_where_no_rule_is_on_nobody_is_refused():
    load = ResourceThrottle(ResourceRules.of(LIMITS))
    load.background_cpu = 1.0
    caller = make_caller(ThrottlingRules(by_load=False, by_user=False), load)
    assert [caller.admit(0.0) for _ in range(5)] == [ADMITTED] * 5
    caller.finish(1.0, 1.0)
    assert load.in_flight == 0

"""Throttling by release, by priority and by load; forecast and live throttle agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from windtunnel.contracts.limits import ADMITTED, LIMITS, Limits, Priority
from windtunnel.contracts.limits.costs import FINANCE_OPERATIONS_COSTS as COSTS
from windtunnel.design.forecast.replay import Arrival, replay_environment

if TYPE_CHECKING:
    from tests.protocol.finance_operations.conftest import Rig

SMALL = {"web_servers": 1, "cores": 1, "memory_mb": 2_000}
GROUPS = "CustomerGroups?$top=1"
COOKIE = {"cookie": "ApplicationGatewayAffinity=0"}


def busy(rig: Rig) -> None:
    rig.service.throttling.environment.background_cpu = 1.0


def test_users_and_applications_have_priorities_that_can_be_changed_while_it_runs(
    new_rig: type[Rig],
) -> None:
    rig = new_rig()
    busy(rig)
    throttling = rig.service.throttling
    throttling.environment.background_cpu = 0.85
    assert rig.get(GROUPS).status_code == 429
    throttling.map_priority("ADMIN", Priority.MEDIUM)
    rig.clock.advance(60)
    assert rig.get(GROUPS).status_code == 200, "the user that the application works as"
    throttling.map_priority("sync", Priority.LOW)
    assert rig.get(GROUPS).status_code == 429, "the application itself comes first"
    throttling.map_priority("sync", None)
    rig.clock.advance(60)
    assert rig.get(GROUPS).status_code == 200
    rig.service.forget()
    assert throttling.mapping["billing"] is Priority.HIGH
    assert "admin" not in throttling.mapping


def test_callers_without_a_priority_get_the_one_of_the_settings(new_rig: type[Rig]) -> None:
    rig = new_rig(unmapped_priority="medium")
    rig.service.throttling.environment.background_cpu = 0.85
    assert rig.get(GROUPS).status_code == 200


def test_applications_of_microsoft_are_exempt(new_rig: type[Rig]) -> None:
    rig = new_rig()
    busy(rig)
    rig.service.throttling.map_priority("sync", Priority.EXEMPT)
    assert rig.get(GROUPS).status_code == 200
    assert rig.get(GROUPS, token="billing").status_code == 429
    dual_write = rig.service.throttling.mapping["33976c19-1db5-4c02-810e-c243db79efde"]
    assert dual_write is Priority.EXEMPT


def test_work_beside_the_requests_refuses_them_until_it_ends(new_rig: type[Rig]) -> None:
    limits = LIMITS.override("fo.model.batch-share", allowance=0.9)
    rig = new_rig(limits)
    end = rig.service.throttling.working(cores=6, memory_mb=4_000)
    assert rig.get(GROUPS).status_code == 429
    readable = rig.service.throttling.readable()
    assert readable["work_beside"] == {"jobs": 1, "cores": 6, "memory_mb": 4_000}
    assert readable["processor"] == pytest.approx(0.25 + 6 / 8)
    [caller] = readable["callers"]
    assert caller == {
        "caller": "sync",
        "priority": "low",
        "refused": 1,
        "refused_for_seconds": 60.0,
    }
    rig.service.throttling.use_limits(limits)
    assert rig.get(GROUPS).status_code == 429, "other limits do not end the work"
    end()
    rig.clock.advance(60)
    assert rig.get(GROUPS).status_code == 200
    rig.service.throttling.worked(core_seconds=60 * 8)
    assert rig.get(GROUPS).status_code == 429


def test_the_package_api_can_be_exempt_as_the_framework_is(new_rig: type[Rig]) -> None:
    action = (
        "/data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities."
        "GetExecutionSummaryStatus"
    )
    for package_api, refused in (("throttled", True), ("exempt", False)):
        rig = new_rig(package_api=package_api)
        busy(rig)
        answer = rig.call("POST", action, {"executionId": "x"})
        assert (answer.status_code == 429) is refused


@pytest.mark.parametrize(
    ("settings", "statuses", "limit"),
    [
        ({"release": "10.0.18"}, [200, 200, 200, 200], ""),
        ({"release": "10.0.28"}, [200, 200, 200, 200], ""),
        ({"release": "10.0.34"}, [200, 200, 200, 429], "fo.requests"),
        ({"release": "10.0.35"}, [200, 200, 200, 200], ""),
        ({"release": "10.0.35", "throttling": "user"}, [200, 200, 200, 429], "fo.requests"),
        ({"release": "10.0.34", "throttling": "resource"}, [200, 200, 200, 200], ""),
    ],
)
def test_the_release_decides_whether_requests_of_a_user_are_counted(
    new_rig: type[Rig], settings: dict[str, str], statuses: list[int], limit: str
) -> None:
    rig = new_rig(LIMITS.override("fo.requests", allowance=3), **settings)
    answers = [rig.get(GROUPS, headers=COOKIE) for _ in range(4)]
    assert [answer.status_code for answer in answers] == statuses
    assert list(rig.journal)[-1].exchange.throttled_by == limit


def test_before_release_19_nobody_was_refused(new_rig: type[Rig]) -> None:
    rig = new_rig(release="10.0.18")
    busy(rig)
    assert rig.get(GROUPS).status_code == 200
    assert rig.service.limit_use() == []
    assert rig.service.throttling.readable()["throttling"] == "none"


def gaps() -> list[float]:
    """Steady, a storm, a pause, hammering while refused, a long pause, and again."""
    return [0.5] * 20 + [0.05] * 120 + [20.0] + [0.4] * 60 + [300.0] + [0.02] * 80 + [61.0, 0.1]


@pytest.mark.parametrize("release", ["10.0.47", "10.0.34"])
def test_the_forecast_gives_the_same_verdicts_as_the_live_throttle(
    new_rig: type[Rig], release: str
) -> None:
    limits = _own_size(LIMITS.override("fo.requests", allowance=90))
    rig = new_rig(limits, release=release, latency="modelled")
    live: list[tuple[str, str]] = []
    arrivals: list[Arrival] = []
    cost = COSTS.seconds("list", 1)
    now = 0.0
    for gap in gaps():
        now += gap
        rig.clock.advance(gap)
        rig.timers.run_all_due()
        answer = rig.get(GROUPS, headers=COOKIE)
        live.append((str(answer.status_code), answer.headers.get("retry-after", "")))
        arrivals.append(Arrival(now, cost, "sync", "0"))
    expected = [
        ("200", "") if verdict is ADMITTED else ("429", str(verdict.retry_after_seconds))  # type: ignore[union-attr]
        for verdict in replay_environment(arrivals, limits, release)
    ]
    assert live == expected
    met = {entry.exchange.throttled_by for entry in rig.journal} - {""}
    assert met == ({"fo.load"} if release == "10.0.47" else {"fo.load", "fo.requests"})


def _own_size(limits: Limits) -> Limits:
    for row, allowance in (("servers", 1), ("cores", 1), ("smoothing", 10)):
        change = {"seconds": None, "allowance": allowance}
        limits = limits.override(f"fo.model.{row}", **change)
    return limits

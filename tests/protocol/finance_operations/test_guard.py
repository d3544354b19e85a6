"""Who may call, how often, and what is said to those who may not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from windtunnel.contracts.limits import LIMITS
from windtunnel.contracts.limits.costs import FINANCE_OPERATIONS_COSTS as COSTS
from windtunnel.simulator.web.faults import FaultRule

if TYPE_CHECKING:
    from tests.protocol.finance_operations.conftest import Rig

TEXT = "This request could not be processed at this time due to system experiencing high resource"


@pytest.mark.parametrize("token", ["", "expired", "stranger"])
def test_without_a_good_token_of_a_mapped_application_it_is_401(rig: Rig, token: str) -> None:
    answer = rig.get("CustomersV3", token=token)
    assert answer.status_code == 401
    assert answer.json() == {
        "Message": "Authentication failed.",
        "StackTrace": None,
        "ExceptionType": "System.InvalidOperationException",
    }
    assert answer.headers["ms-dyn-aid"]


def test_only_bearer_tokens_count(rig: Rig) -> None:
    answer = rig.get("CustomersV3", token="", headers={"authorization": "Basic c3luYw=="})
    assert answer.status_code == 401


def test_high_load_refuses_low_priority_first_and_waits_longer_for_the_impatient(
    new_rig: type[Rig],
) -> None:
    rig = new_rig()
    throttle = rig.service.throttling.environment
    throttle.background_cpu = throttle.rules.refuse_low
    refused = rig.get("CustomersV3")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "60"
    error = refused.json()["error"]
    assert (error["code"], error["message"].startswith(TEXT)) == ("", True)
    assert rig.get("CustomersV3", token="billing").status_code == 200
    rig.clock.advance(1)
    again = rig.get("CustomersV3")
    assert int(again.headers["retry-after"]) > 60
    throttle.background_cpu = 0.0
    assert rig.get("CustomersV3").status_code == 429
    rig.clock.advance(600)
    assert rig.get("CustomersV3").status_code == 200
    assert rig.service.limit_use()[0].refusals == 3


def test_own_requests_raise_the_load(new_rig: type[Rig]) -> None:
    rig = new_rig(web_servers=1, cores=1)
    statuses = {rig.call("GET", "/data/$metadata").status_code for _ in range(60)}
    assert statuses == {200, 429}
    refusal = next(entry.exchange for entry in rig.journal if entry.status == 429)
    assert refusal.throttled_by == "fo.load"


def test_the_limits_of_old_releases_count_by_user_and_server(new_rig: type[Rig]) -> None:
    rig = new_rig(LIMITS.override("fo.requests", allowance=3), throttling="user", web_servers=2)
    cookie = {"cookie": "ApplicationGatewayAffinity=0"}
    answers = [rig.get("CustomerGroups", headers=cookie) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert "Number of requests exceeded the limit of 3" in answers[3].json()["error"]["message"]
    other = {"cookie": "ApplicationGatewayAffinity=1"}
    assert rig.get("CustomerGroups", headers=other).status_code == 200
    assert rig.get("CustomerGroups", headers=cookie, token="billing").status_code == 200
    rig.clock.advance(301)
    assert rig.get("CustomerGroups", headers=cookie).status_code == 200


def test_throttling_can_be_off(new_rig: type[Rig]) -> None:
    rig = new_rig(throttle=False)
    rig.service.throttling.environment.background_cpu = 1.0
    assert rig.get("CustomerGroups").status_code == 200


def test_answers_take_the_modelled_time_when_asked_to(new_rig: type[Rig]) -> None:
    rig = new_rig(latency="modelled")
    rig.get("CustomerGroups?$top=2")
    exchange = list(rig.journal)[-1].exchange
    assert exchange.cost_seconds == pytest.approx(COSTS.seconds("list", 2))
    throttle = rig.service.throttling.environment
    assert throttle.in_flight == 1
    rig.clock.advance(1)
    rig.timers.run_due()
    assert throttle.in_flight == 0


def test_a_server_is_offered_and_kept(rig: Rig) -> None:
    first = rig.get("CustomerGroups")
    assert first.headers["set-cookie"].startswith("ApplicationGatewayAffinity=")
    kept = rig.get("CustomerGroups", headers={"cookie": "ApplicationGatewayAffinity=0"})
    assert "set-cookie" not in kept.headers


def test_a_reset_brings_the_sample_data_back(rig: Rig) -> None:
    rig.call("POST", "/data/CustomerGroups", {"CustomerGroupId": "77"})
    path = "CustomerGroups(dataAreaId='usmf',CustomerGroupId='77')"
    assert rig.get(path).status_code == 200
    rig.store.reset()
    rig.service.forget()
    assert rig.get(path).status_code == 404
    assert dict(rig.service.entities())["CustomersV3"] == 120


@pytest.mark.parametrize(
    ("status", "media", "text"),
    [
        (401, "application/json", "Authentication failed."),
        (429, "application/json", TEXT),
        (500, "application/json", "An unexpected X++ error occurred."),
        (503, "text/html", "Service Unavailable"),
    ],
)
def test_a_fault_answers_in_the_words_of_the_service(
    new_rig: type[Rig], status: int, media: str, text: str
) -> None:
    rig = new_rig()
    rig.faults.add(FaultRule(action="error", status=status, message=""))
    answer = rig.get("CustomerGroups")
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith(media)
    assert text in answer.text

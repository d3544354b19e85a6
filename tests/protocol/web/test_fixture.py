"""The pytest fixture `windtunnel`: what a test of an integration holds of the simulators."""

from __future__ import annotations

import httpx
import pytest

ACCOUNTS = "/api/data/v9.2/accounts"


def test_its_clients_carry_tokens_for_their_service(windtunnel):
    with windtunnel.dataverse.client() as dataverse, windtunnel.fo.client() as fo:
        assert dataverse.get("/api/data/v9.2/WhoAmI").status_code == 200
        assert fo.get("/data/CustomersV3?$top=1").json()["value"]
        assert dataverse.headers["authorization"] != fo.headers["authorization"]


def test_a_token_for_an_unknown_application_is_refused(windtunnel):
    with pytest.raises(httpx.HTTPStatusError, match="400"):
        windtunnel.dataverse.token("00000000-0000-0000-0000-000000000001", "secret")


def test_reset_returns_to_the_first_content(windtunnel):
    with windtunnel.dataverse.client() as client:
        made = client.post(ACCOUNTS, json={"name": "Contoso"}).headers["odata-entityid"]
        assert client.get(made).status_code == 200
        windtunnel.reset()
        assert client.get(made).status_code == 404


def test_the_clock_stands_still_and_moves_by_hand(windtunnel):
    windtunnel.clock.freeze()
    before = windtunnel.clock.now()
    windtunnel.clock.advance(3600)
    assert windtunnel.clock.now() == before + 3600
    windtunnel.clock.scale(60)
    assert windtunnel.clock.now() >= before + 3600


def test_the_journal_tells_which_requests_came(windtunnel):
    with windtunnel.dataverse.client() as client:
        client.get(f"{ACCOUNTS}(00000000-0000-0000-0000-000000000001)")
        client.get(f"{ACCOUNTS}?$top=1")
    found = windtunnel.journal.entries(service="dataverse", status=404)
    assert [line["method"] for line in found] == ["GET"]


def test_a_fault_is_answered_until_it_is_cleared(windtunnel):
    windtunnel.faults.add(service="dataverse", action="error", status=503)
    with windtunnel.dataverse.client() as client:
        assert client.get(f"{ACCOUNTS}?$top=1").status_code == 503
        windtunnel.faults.clear()
        assert client.get(f"{ACCOUNTS}?$top=1").status_code == 200


def test_a_limit_is_overridden_and_its_use_is_told(windtunnel):
    windtunnel.limits.override("dataverse.requests", allowance=2, seconds=300)
    with windtunnel.dataverse.client() as client:
        statuses = [client.get(f"{ACCOUNTS}?$top=1").status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    used = {line["limit"]: line for line in windtunnel.limits.use()}
    assert used["dataverse.requests"]["peak"] == 2

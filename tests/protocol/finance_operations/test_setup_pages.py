"""The load and the throttling priority mapping under the control API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from windtunnel.simulator.exchange import Request
from windtunnel.simulator.kernel.settings import DEMO_CLIENT, load
from windtunnel.simulator.web.house import House

ROOT = "/_windtunnel/finance-operations"


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(
        load(
            environment={},
            overrides={
                "simulator.data_folder": tmp_path,
                "simulator.sample_data": False,
                "entra.users": [{"upn": "Ann@contoso.com", "priority": "medium"}],
                "entra.static_tokens": {"t": DEMO_CLIENT},
                "finance_operations.memory_mb": 32_000,
            },
        )
    )


def ask(house: House, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    answer = house.applications()["control"](Request(method, ROOT + path, body=content))
    assert isinstance(answer.body, bytes)
    return answer.status, orjson.loads(answer.body)


def get(house: House) -> int:
    head = {b"authorization": b"Bearer t"}
    request = Request("GET", "/data/CustomerGroups", headers=head)
    return house.applications()["finance_operations"](request).status


def test_the_load_of_the_environment_can_be_read(house: House) -> None:
    house.finance_operations.throttling.working(cores=1)
    assert get(house) == 200
    status, load_ = ask(house, "GET", "/load")
    assert status == 200
    assert load_["throttling"] == "resource"
    assert (load_["web_servers"], load_["cores_per_server"]) == (2, 4)
    assert load_["memory_mb_per_server"] == 32_000
    assert 0.375 < load_["processor"] < 0.4
    assert load_["refused_from"] == {"low": 0.8, "medium": 0.9, "high": 0.97}
    assert [line["caller"] for line in load_["callers"]] == [DEMO_CLIENT]


def test_priorities_can_be_read_and_changed(house: House) -> None:
    house.finance_operations.throttling.environment.background_cpu = 0.85
    assert get(house) == 429
    status, mapping = ask(house, "PUT", "/priorities", {DEMO_CLIENT.upper(): "exempt"})
    assert status == 200
    assert (mapping[DEMO_CLIENT], mapping["ann@contoso.com"]) == ("exempt", "medium")
    assert get(house) == 200
    ask(house, "PUT", "/priorities", {DEMO_CLIENT: None})
    assert DEMO_CLIENT not in ask(house, "GET", "/priorities")[1]


@pytest.mark.parametrize("body", [b"{", b"[]", {"a": "urgent", "b": "low"}, {"b": "low", "a": 7}])
def test_a_wrong_mapping_is_refused_and_changes_nothing(house: House, body: Any) -> None:
    before = ask(house, "GET", "/priorities")
    status, answer = ask(house, "PUT", "/priorities", body)
    assert (status, answer["error"]["code"]) == (400, "bad_body")
    assert ask(house, "GET", "/priorities") == before

"""Users that are not administrators: their company, their privileges, and whether they may call."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

import orjson
import pytest

from windtunnel.simulator.exchange import Request, UsageError
from windtunnel.simulator.kernel.settings import load
from windtunnel.simulator.web.house import House

if TYPE_CHECKING:
    from tests.protocol.finance_operations.conftest import Rig

GROUP = "CustomerGroups(dataAreaId='{company}',CustomerGroupId='10')"


def test_the_default_company_is_the_user_s(new_rig: type[Rig]) -> None:
    rig = new_rig(users=[{"id": "ADMIN", "company": "USRT"}])
    assert {row["dataAreaId"] for row in rig.rows("CustomerGroups")} == {"usrt"}
    assert rig.get(GROUP.format(company="usrt")).status_code == 200
    assert rig.get(GROUP.format(company="usmf")).status_code == 404
    made = rig.call("POST", "/data/CustomerGroups", {"CustomerGroupId": "77", "dataAreaId": ""})
    assert made.json()["dataAreaId"] == "usrt"
    path = f"/data/{GROUP.format(company='usmf')}"
    refused = rig.call("PATCH", path, {"Description": "x"})
    assert rig.infolog(refused) == "No resources were found when selecting for update."
    changed = rig.call("PATCH", f"{path}?cross-company=true", {"Description": "x"})
    assert changed.status_code == 204


def test_one_user_s_company_is_not_another_s(new_rig: type[Rig]) -> None:
    rig = new_rig(users=[{"id": "clerk@contoso.com", "company": "usrt"}])
    path = GROUP.format(company="usmf")
    assert rig.get(path).status_code == 200
    assert rig.get(path, token="clerk@contoso.com").status_code == 404
    assert rig.get(path).status_code == 200


def test_privileges_on_a_set_that_is_not_there_are_told_at_the_start(new_rig: type[Rig]) -> None:
    with pytest.raises(UsageError, match="no entity set 'CustomerV3'") as told:
        new_rig(users=[{"id": "admin", "access": {"*": "read", "CustomerV3": "write"}}])
    assert "Did you mean CustomersV3?" in str(told.value)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "Currencies", 200),
        ("GET", "CustomerGroups", 200),
        ("POST", "CustomerGroups", 201),
        ("GET", "CustomersV3", 403),
        ("POST", "Currencies", 403),
        ("GET", "CustomersV3/$count", 403),
    ],
)
def test_privileges_are_by_entity_set(
    new_rig: type[Rig], method: str, path: str, status: int
) -> None:
    access = {"CustomerGroups": "write", "CustomersV3": "none", "*": "read"}
    rig = new_rig(users=[{"id": "admin", "access": access}])
    body = {"CustomerGroupId": "77"} if method == "POST" else None
    answer = rig.call(method, f"/data/{path}", body)
    assert answer.status_code == status
    if status == 403:
        assert rig.infolog(answer) == "Access denied"


def test_a_disabled_user_is_401(new_rig: type[Rig]) -> None:
    rig = new_rig(users=[{"id": "Admin", "enabled": False}])
    assert rig.get("CustomerGroups").status_code == 401


CLOUD = "https://contoso.operations.dynamics.com"


@pytest.mark.parametrize(
    ("audience", "status"),
    [
        ("https://localhost:8378", 200),
        (CLOUD, 200),
        ("https://localhost:8378/", 401),
        (f"{CLOUD}/", 401),
        (CLOUD.replace("contoso", "Contoso"), 401),
        ("00000015-0000-0000-c000-000000000000", 401),
    ],
)
def test_the_audience_is_the_environment_s_url_exactly(audience: str, status: int) -> None:
    house = House(load(overrides={"simulator.sample_data": False}, environment={}))
    house.announce({"fo": "https://localhost:8378"})
    applications = house.applications()
    client = house.settings.entra.clients[0]
    form = {
        "grant_type": "client_credentials",
        "client_id": client.app_id,
        "client_secret": client.secrets[0],
        "scope": f"{audience}/.default",
    }
    path = f"/{house.settings.entra.tenant_id}/oauth2/v2.0/token"
    media = {b"content-type": b"application/x-www-form-urlencoded", b"host": b"localhost"}
    issued = applications["entra"](
        Request("POST", path, headers=media, body=urlencode(form).encode())
    )
    assert issued.status == 200
    assert isinstance(issued.body, bytes)
    token = orjson.loads(issued.body)["access_token"]
    bearer = {b"authorization": f"Bearer {token}".encode(), b"host": b"localhost:8378"}
    answer = applications["finance_operations"](Request("GET", "/data", headers=bearer))
    assert answer.status == status
    house.close()

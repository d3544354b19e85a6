"""Custom services of a user, declared in windtunnel.toml, called by zeep and by httpx."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from tests.acceptance.conftest import windtunnel_up
from tests.acceptance.isolated import run_python
from tests.protocol.finance_operations import user_services

pytestmark = pytest.mark.acceptance

DECLARED = """
[[finance_operations.contracts]]
name = "ContosoRequest"
members = [
  { name = "Account" },
  { name = "Blocked", type = "NoYes" },
  { name = "Wanted", type = "date" },
  { name = "Lines", type = "ContosoLine[]" },
]

[[finance_operations.contracts]]
name = "ContosoLine"
members = [{ name = "Number", type = "int" }, { name = "Text" }]

[[finance_operations.contracts]]
name = "ContosoResponse"
members = [
  { name = "Account" },
  { name = "Company" },
  { name = "Created", type = "date" },
  { name = "Lines", type = "ContosoLine[]" },
]

[[finance_operations.services]]
group = "ContosoServices"
name = "ContosoCustomerService"

[[finance_operations.services.operations]]
name = "createCustomer"
parameters = [{ name = "_request", type = "ContosoRequest" }]
returns = "ContosoResponse"
function = "contoso_services:create_customer"

[[finance_operations.services]]
group = "ContosoServices"
name = "ContosoOtherService"
external_name = "Other"
namespace = "http://contoso.example/other"

[[finance_operations.services.operations]]
name = "ping"
returns = "int[]"
answer = [1, 2]
"""


@pytest.fixture(scope="module")
def env(tmp_path_factory) -> Iterator[Mapping[str, str]]:
    folder = tmp_path_factory.mktemp("contoso")
    (folder / "windtunnel.toml").write_text(DECLARED)
    source = Path(str(user_services.__file__)).read_text()
    (folder / "contoso_services.py").write_text(source)
    with windtunnel_up(folder) as variables:
        yield variables


def test_pypi_zeep(env):
    names = ("WT_FO_URL", "WT_AUTHORITY_URL", "WT_TENANT_ID", "WT_CLIENT_ID", "WT_CLIENT_SECRET")
    variables = {name: env[name] for name in (*names, "WT_CA_FILE")}
    run_python("soap_services.py", ("zeep==4.3.3",), variables)


def test_the_same_operation_as_json(env):
    verify = ssl.create_default_context(cafile=env["WT_CA_FILE"])
    with httpx.Client(base_url=env["WT_FO_URL"], verify=verify) as client:
        answer = client.post(
            f"{env['WT_AUTHORITY_URL']}/{env['WT_TENANT_ID']}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": env["WT_CLIENT_ID"],
                "client_secret": env["WT_CLIENT_SECRET"],
                "scope": f"{env['WT_FO_URL']}/.default",
            },
        )
        client.headers["authorization"] = f"Bearer {answer.json()['access_token']}"
        path = "/api/services/ContosoServices/ContosoCustomerService/createCustomer"
        made = client.post(path, json={"_request": {"Account": "J-1", "Wanted": "2026-02-03"}})
        assert made.status_code == 200, made.text
        assert made.json()["Account"] == "J-1"
        again = client.post(path, json={"_request": {"Account": "J-1"}})
        assert again.status_code == 500
        assert again.json()["ExceptionType"] == "DuplicateKeyException"

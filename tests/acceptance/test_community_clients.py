"""Community clients of Dataverse, unmodified and each in its own environment, against the command.

What a client does is in `clients/`: a script per client, with named steps.
"""

from __future__ import annotations

import json
import ssl
import sys
from collections.abc import Mapping

import httpx
import pytest

from tests.acceptance.isolated import run_node, run_python
from windtunnel.contracts.entities.dataverse import standard_tables
from windtunnel.simulator.kernel.settings.entra import DEMO_CLIENT

pytestmark = pytest.mark.acceptance

ORGANIZATION = "https://contoso.crm4.dynamics.com"


def token(env: Mapping[str, str], resource: str) -> str:
    answer = httpx.post(
        f"{env['WT_AUTHORITY_URL']}/{env['WT_TENANT_ID']}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": env["WT_CLIENT_ID"],
            "client_secret": env["WT_CLIENT_SECRET"],
            "scope": f"{resource}/.default",
        },
        verify=ssl.create_default_context(cafile=env["WT_CA_FILE"]),
    )
    return answer.json()["access_token"]


def cloud(env: Mapping[str, str]) -> dict[str, str]:
    """What a client needs that goes to the cloud's names, through the proxy."""
    proxy = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY"), env["WT_PROXY_URL"])
    return {**proxy, "WT_ORGANIZATION": ORGANIZATION, "WT_TOKEN": token(env, ORGANIZATION)}


@pytest.fixture
def variables(env) -> dict[str, str]:
    """What a script needs: addresses, a token for Dataverse, and whom to trust."""
    trusted = ("NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")
    return {
        **env,
        "WT_TOKEN": token(env, env["WT_DATAVERSE_URL"]),
        **dict.fromkeys(trusted, env["WT_CA_FILE"]),
    }


def test_npm_dynamics_web_api(variables):
    run_node("dynamics_web_api.mjs", ("dynamics-web-api@2.5.0",), variables)


def test_npm_dataverse_webapi(variables, env):
    run_node("dataverse_webapi.mjs", ("dataverse-webapi@3.3.0",), variables | cloud(env))


def test_npm_mcp_dataverse(variables):
    packages = ("mcp-dataverse@0.7.8", "@modelcontextprotocol/ext-apps@2.0.4", "undici@6.29.1")
    run_node("mcp_dataverse.mjs", packages, variables | {"WT_ORGANIZATION": ORGANIZATION})


def test_npm_powerplatform_mcp(variables):
    packages = ("powerplatform-mcp@2.5.0", "undici@6.29.1")
    run_node("power_platform_mcp.mjs", packages, variables | {"WT_ORGANIZATION": ORGANIZATION})


def test_npm_odata_clients_of_any_service(variables, env):
    packages = ("@odata/client@2.21.10", "odata@2.0.1")
    run_node(
        "odata_clients.mjs", packages, variables | {"WT_FO_TOKEN": token(env, env["WT_FO_URL"])}
    )


def test_pypi_small_clients_through_the_proxy(variables, env):
    packages = ("simple-dyn365==1.6.1", "dynamics365crm-python==1.0.2")
    run_python("small_dynamics_clients.py", packages, variables | cloud(env))


def test_pypi_singer_tap_through_the_proxy(up, tmp_path):
    settings = tmp_path / "windtunnel.toml"
    settings.write_text(
        '[entra]\nusers = [{ upn = "ann@contoso.com", password = "pa55" }]\n'
        f"clients = [{{ app_id = '{DEMO_CLIENT}', secrets = ['s3cret'], multi_tenant = true }}]\n"
    )
    env = up("--config", str(settings))
    user = {"WT_USER": "ann@contoso.com", "WT_PASSWORD": "pa55"}
    trusted = {"REQUESTS_CA_BUNDLE": env["WT_CA_FILE"]}
    run_python(
        "singer_tap.py", ("tap-ms-dynamics==0.1.1",), {**env, **cloud(env), **user, **trusted}
    )


def test_pypi_d365fw_passes_its_own_tests(variables, env):
    run_python("d365fw_own_tests.py", ("d365fw==0.8.2",), variables | cloud(env))


def test_pypi_odatapy_on_both_services(variables, env):
    token_of_fo = {"WT_FO_TOKEN": token(env, env["WT_FO_URL"])}
    run_python("odatapy_client.py", ("odatapy[client]==5.3.0",), variables | token_of_fo)


def test_pypi_dataverse_api(variables):
    run_python("dataverse_api_client.py", ("dataverse-api==1.4.3",), variables)


@pytest.fixture
def document(env, variables, tmp_path) -> dict[str, str]:
    """$metadata as a file, and what our own reader counts in the same bytes.

    Tables that other clients made in the same environment are taken away before.
    """
    httpx.post(f"{env['WT_CONTROL_URL']}/_windtunnel/reset").raise_for_status()
    answer = httpx.get(
        f"{env['WT_DATAVERSE_URL']}/api/data/v9.2/$metadata",
        headers={"authorization": f"Bearer {variables['WT_TOKEN']}"},
        verify=ssl.create_default_context(cafile=env["WT_CA_FILE"]),
        timeout=300,
    )
    assert answer.status_code == 200
    file = tmp_path / "metadata.xml"
    file.write_bytes(answer.content)
    shipped = {table.logical_name: table for table in standard_tables()}
    expected = {
        "namespace": "Microsoft.Dynamics.CRM",
        "types": len(shipped),
        "sets": len({table.entity_set for table in shipped.values()}),
        "columns": len(shipped["account"].columns),
    }
    return {"WT_METADATA": str(file), "WT_EXPECTED": json.dumps(expected)}


def test_npm_readers_of_csdl_count_what_our_model_has(variables, document):
    packages = ("odata-csdl@0.11.2", "@sap-ux/edmx-parser@0.10.0", "odata2openapi@1.3.2")
    run_node("csdl_readers.mjs", packages, variables | document)


def test_pypi_python_odata_reflects_what_our_model_has(variables, document):
    run_python("odata_reader.py", ("python-odata==0.8.1",), variables | document)


def test_pypi_fxpyd365api_through_the_proxy(variables, env):
    run_python("fxpyd365api_client.py", ("fxpyD365api==2.3.6", "pytz"), variables | cloud(env))


def test_pypi_dynamics_client(variables):
    run_python("dynamics_client_client.py", ("dynamics-client==0.8.4",), variables)


@pytest.mark.skipif(
    not (3, 10) <= sys.version_info < (3, 12), reason="the connector's packages want Python 3.11"
)
def test_pypi_airbyte_source_through_the_proxy(variables, env):
    packages = ("airbyte-source-microsoft-dataverse==1.0.2",)
    run_python("airbyte_source.py", packages, variables | cloud(env))

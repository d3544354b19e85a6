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
    cloud = {"WT_ORGANIZATION": ORGANIZATION, "WT_TOKEN": token(env, ORGANIZATION)}
    run_node("dataverse_webapi.mjs", ("dataverse-webapi@3.3.0",), variables | cloud)


def test_pypi_dataverse_api(variables):
    run_python("dataverse_api_client.py", ("dataverse-api==1.4.3",), variables)


@pytest.fixture
def document(env, variables, tmp_path) -> dict[str, str]:
    """$metadata as a file, and what our own reader counts in the same bytes."""
    answer = httpx.get(
        f"{env['WT_DATAVERSE_URL']}/api/data/v9.2/$metadata",
        headers={"authorization": f"Bearer {variables['WT_TOKEN']}"},
        verify=ssl.create_default_context(cafile=env["WT_CA_FILE"]),
        timeout=60,
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
    proxy = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY"), env["WT_PROXY_URL"])
    packages = ("fxpyD365api==2.3.6", "pytz")
    cloud = {"WT_ORGANIZATION": ORGANIZATION}
    run_python("fxpyd365api_client.py", packages, variables | cloud | proxy)


def test_pypi_dynamics_client(variables):
    run_python("dynamics_client_client.py", ("dynamics-client==0.8.4",), variables)


@pytest.mark.skipif(
    not (3, 10) <= sys.version_info < (3, 12), reason="the connector's packages want Python 3.11"
)
def test_pypi_airbyte_source_through_the_proxy(variables, env):
    proxy = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY"), env["WT_PROXY_URL"])
    cloud = {"WT_ORGANIZATION": ORGANIZATION, "WT_TOKEN": token(env, ORGANIZATION)}
    packages = ("airbyte-source-microsoft-dataverse==1.0.2",)
    run_python("airbyte_source.py", packages, variables | cloud | proxy)

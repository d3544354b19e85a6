"""Community clients of Dataverse, unmodified and each in its own environment, against the command.

What a client does is in `clients/`: a script per client, with named steps.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import httpx
import pytest

from tests.acceptance.isolated import run_node, run_python

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

"""Community clients of finance and operations, unmodified, each in its own environment.

What a client does is in `clients/`: a script per client, with named steps.
"""

from __future__ import annotations

import pytest

from tests.acceptance.isolated import run_python
from tests.acceptance.test_community_clients import token

pytestmark = pytest.mark.acceptance

ENVIRONMENT = "https://contoso.operations.dynamics.com"
STATIC = """
[entra.static_tokens]
"mock-token-for-localhost" = "5c9b2a57-6f0d-4d7e-8a55-3d1f0a9be001"
"""


@pytest.fixture(scope="module")
def lenient(up, tmp_path_factory):
    """Simulators that take the fixed token that d365fo-client sends to localhost."""
    file = tmp_path_factory.mktemp("config") / "windtunnel.toml"
    file.write_text(STATIC)
    return up("--config", str(file))


def test_pypi_d365fo_client(lenient):
    packages = ("d365fo-client==0.3.7", "mcp<2", "pysqlite3==0.6.1")
    home = {"HOME": ".", "USERPROFILE": "."}
    run_python("d365fo_client_steps.py", packages, {**lenient, **home}, version="3.13")


def test_pypi_python_odata(env):
    variables = {
        **env,
        "WT_TOKEN": token(env, env["WT_FO_URL"]),
        **dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), env["WT_CA_FILE"]),
    }
    run_python("odata_fo.py", ("python-odata==0.8.1",), variables)


def test_pypi_d365_client_through_the_proxy(env):
    variables = {
        **env,
        "WT_ENVIRONMENT": ENVIRONMENT,
        "HTTPS_PROXY": env["WT_PROXY_URL"],
        **dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), env["WT_CA_FILE"]),
    }
    run_python("d365_client_steps.py", ("d365-client==0.0.12",), variables)

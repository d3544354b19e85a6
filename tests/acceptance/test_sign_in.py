"""msal and azure-identity, unmodified, against `windtunnel up`: tokens that both services take."""

from __future__ import annotations

import ssl

import httpx
import msal
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(autouse=True)
def no_other_bundle(monkeypatch):
    """A bundle named by the environment would beat msal's own `verify`."""
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


def credential(env, secret: str = "") -> ClientSecretCredential:
    return ClientSecretCredential(
        env["WT_TENANT_ID"],
        env["WT_CLIENT_ID"],
        secret or env["WT_CLIENT_SECRET"],
        authority=env["WT_AUTHORITY_URL"],
        disable_instance_discovery=True,
        connection_verify=env["WT_CA_FILE"],
    )


def application(env, secret: str = "") -> msal.ConfidentialClientApplication:
    return msal.ConfidentialClientApplication(
        env["WT_CLIENT_ID"],
        client_credential=secret or env["WT_CLIENT_SECRET"],
        authority=f"{env['WT_AUTHORITY_URL']}/{env['WT_TENANT_ID']}",
        instance_discovery=False,
        verify=env["WT_CA_FILE"],
    )


def get(env, url: str, token: str) -> httpx.Response:
    context = ssl.create_default_context(cafile=env["WT_CA_FILE"])
    return httpx.get(url, headers={"authorization": f"Bearer {token}"}, verify=context)


def test_msal_s_token_opens_finance_and_operations(env):
    answer = application(env).acquire_token_for_client([f"{env['WT_FO_URL']}/.default"])
    assert answer["token_type"] == "Bearer"
    url = f"{env['WT_FO_URL']}/data/CustomersV3?$top=1&$select=CustomerAccount"
    assert get(env, url, answer["access_token"]).json()["value"]


def test_azure_identity_s_token_opens_dataverse_and_nothing_else(env):
    token = credential(env).get_token(f"{env['WT_DATAVERSE_URL']}/.default").token
    who = get(env, f"{env['WT_DATAVERSE_URL']}/api/data/v9.2/WhoAmI", token)
    assert who.status_code == 200
    refused = get(env, f"{env['WT_FO_URL']}/data/CustomersV3", token)
    assert refused.status_code == 401


def test_a_wrong_secret_is_each_library_s_own_error(env):
    answer = application(env, "wrong").acquire_token_for_client([f"{env['WT_FO_URL']}/.default"])
    assert answer["error"] == "invalid_client"
    assert "AADSTS7000215" in answer["error_description"]
    with pytest.raises(ClientAuthenticationError, match="AADSTS7000215"):
        credential(env, "wrong").get_token(f"{env['WT_FO_URL']}/.default")

"""msal, azure-identity and PyJWT's key client against the service over https, unmodified."""

from __future__ import annotations

import html
import re
import ssl
import warnings

import httpx
import jwt
import msal
import pytest
import requests
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    CertificateCredential,
    ClientAssertionCredential,
    ClientSecretCredential,
    DeviceCodeCredential,
    ManagedIdentityCredential,
    OnBehalfOfCredential,
)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    for name in (
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "IDENTITY_ENDPOINT",
        "IDENTITY_HEADER",
        "AZURE_POD_IDENTITY_AUTHORITY_HOST",
        "HTTPS_PROXY",
        "HTTP_PROXY",
        "https_proxy",
        "http_proxy",
        "AZURE_AUTHORITY_HOST",
        "MSI_ENDPOINT",
        "IMDS_ENDPOINT",
    ):
        monkeypatch.delenv(name, raising=False)


def validated(live, known, token: str, audience: str | None = None) -> dict:
    """Claims, checked by a validator that only knows the discovery document."""
    context = ssl.create_default_context(cafile=live.ca)
    document = httpx.get(
        f"{live.url}/{known['TENANT']}/.well-known/openid-configuration", verify=context
    ).json()
    keys = jwt.PyJWKClient(document["jwks_uri"], ssl_context=context)
    return jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token).key,
        algorithms=["RS256"],
        audience=audience or known["ENV"],
        issuer=document["issuer"],
    )


MSAL_SETUPS = {
    "no instance discovery": {"instance_discovery": False},
    "no validation of the authority": {"validate_authority": False},
    "nothing verified": {"instance_discovery": False, "verify": False},
    "an OIDC authority": {"oidc_authority": "{url}/{TENANT}/v2.0", "authority": None},
}


@pytest.mark.parametrize("setup", MSAL_SETUPS)
def test_msal_gets_a_token_by_secret(live, known, setup):
    options = {"authority": "{url}/{TENANT}", "verify": live.ca, **MSAL_SETUPS[setup]}
    options = {
        k: v.format_map({**known, "url": live.url}) if isinstance(v, str) else v
        for k, v in options.items()
        if v is not None
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        client = msal.ConfidentialClientApplication(
            known["APP"], client_credential=known["SECRET"], **options
        )
        answer = client.acquire_token_for_client([f"{known['ENV']}/.default"])
    assert validated(live, known, answer["access_token"])["appid"] == known["APP"]


def test_msal_shows_the_error(live, known):
    client = msal.ConfidentialClientApplication(
        known["APP"],
        client_credential="wrong",
        authority=f"{live.url}/{known['TENANT']}",
        instance_discovery=False,
        verify=live.ca,
    )
    answer = client.acquire_token_for_client([f"{known['ENV']}/.default"])
    assert (answer["error"], answer["error_codes"]) == ("invalid_client", [7000215])


def test_msal_gets_a_token_by_certificate(live, known, certificate):
    client = msal.ConfidentialClientApplication(
        known["SIGNER"],
        client_credential={"private_key": certificate[1], "public_certificate": certificate[0]},
        authority=f"{live.url}/{known['TENANT']}",
        instance_discovery=False,
        verify=live.ca,
    )
    answer = client.acquire_token_for_client([f"{known['ENV']}/.default"])
    assert validated(live, known, answer["access_token"])["appidacr"] == "2"


class OnPort443(requests.Session):
    """msal asks for the user realm at the authority's host without its port."""

    def __init__(self, live) -> None:
        super().__init__()
        self.verify, self._live = live.ca, live

    def request(self, method, url, **options):
        url = url.replace("https://localhost/", f"{self._live.url}/")
        return super().request(method, url, **options)


def desk(live, known, **options) -> msal.PublicClientApplication:
    return msal.PublicClientApplication(
        known["PUBLIC"],
        authority=f"{live.url}/{known['TENANT']}",
        instance_discovery=False,
        **(options or {"verify": live.ca}),
    )


def test_msal_signs_in_by_password_and_refreshes_silently(live, known):
    client = desk(live, known, http_client=OnPort443(live))
    scopes = [f"{known['ENV']}/user_impersonation"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        answer = client.acquire_token_by_username_password(known["USER"], "pa55", scopes)
    assert validated(live, known, answer["access_token"])["upn"] == known["USER"]
    assert answer["id_token_claims"]["preferred_username"] == known["USER"]
    account = client.get_accounts()[0]
    again = client.acquire_token_silent(scopes, account, force_refresh=True)
    assert again["access_token"] != answer["access_token"]
    vault = client.acquire_token_silent(["https://vault.azure.net/.default"], account)
    assert validated(live, known, vault["access_token"], "https://vault.azure.net")


def enter_code(live, flow_code: str, upn: str) -> None:
    context = ssl.create_default_context(cafile=live.ca)
    page = httpx.post(
        f"{live.url}/devicelogin", data={"user_code": flow_code, "upn": upn}, verify=context
    )
    assert page.status_code == 200, page.text


def test_msal_signs_in_by_device_code(live, known):
    client = desk(live, known)
    flow = client.initiate_device_flow([f"{known['ENV']}/user_impersonation"])
    enter_code(live, flow["user_code"], known["OTHER"])
    answer = client.acquire_token_by_device_flow(flow)
    assert validated(live, known, answer["access_token"])["upn"] == known["OTHER"]


def test_msal_signs_in_by_authorization_code_with_pkce(live, known):
    client = desk(live, known)
    flow = client.initiate_auth_code_flow(
        [f"{known['ENV']}/user_impersonation"],
        redirect_uri="http://localhost:51234",
        login_hint=known["USER"],
        response_mode="form_post",
    )
    context = ssl.create_default_context(cafile=live.ca)
    page = httpx.get(flow["auth_uri"], verify=context).text
    assert 'action="http://localhost:51234"' in page
    fields = re.findall(r'name="([^"]+)" value="([^"]*)"', page)
    answer = client.acquire_token_by_auth_code_flow(
        flow, {name: html.unescape(value) for name, value in fields}
    )
    assert validated(live, known, answer["access_token"])["upn"] == known["USER"]


def trusted(live, **options) -> dict:
    return {
        "authority": live.url,
        "disable_instance_discovery": True,
        "connection_verify": live.ca,
        **options,
    }


def test_azure_identity_gets_a_token_by_secret(live, known):
    with ClientSecretCredential(
        known["TENANT"], known["APP"], known["SECRET"], **trusted(live)
    ) as credential:
        token = credential.get_token(f"{known['ENV']}/.default")
    assert validated(live, known, token.token)["oid"]


def test_azure_identity_takes_the_ca_from_the_environment(live, known, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", live.ca)
    with ClientSecretCredential(
        known["TENANT"],
        known["APP"],
        known["SECRET"],
        authority=live.url,
        disable_instance_discovery=True,
    ) as credential:
        assert credential.get_token(f"{known['ENV']}/.default").token


def test_azure_identity_raises_the_error(live, known):
    with (
        ClientSecretCredential(
            known["TENANT"], known["APP"], "wrong", **trusted(live)
        ) as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS7000215"),
    ):
        credential.get_token(f"{known['ENV']}/.default")


@pytest.mark.parametrize("chain", [False, True])
def test_azure_identity_gets_a_token_by_certificate(live, known, certificate, chain):
    with CertificateCredential(
        known["TENANT"],
        known["SIGNER"],
        certificate_data=(certificate[1] + certificate[0]).encode(),
        send_certificate_chain=chain,
        **trusted(live),
    ) as credential:
        token = credential.get_token(f"{known['ENV']}/.default")
    assert validated(live, known, token.token)["appid"] == known["SIGNER"]


def test_azure_identity_is_refused_with_another_certificate(live, known, other_certificate):
    with (
        CertificateCredential(
            known["TENANT"],
            known["SIGNER"],
            certificate_data=(other_certificate[1] + other_certificate[0]).encode(),
            **trusted(live),
        ) as credential,
        pytest.raises(ClientAuthenticationError, match="AADSTS700027"),
    ):
        credential.get_token(f"{known['ENV']}/.default")


def test_azure_identity_uses_a_federated_assertion(live, known):
    import time

    claims = {
        "iss": known["ISSUER"],
        "sub": "repo:main",
        "aud": "api://AzureADTokenExchange",
        "exp": int(time.time()) + 600,
    }
    outside = jwt.encode(claims, "x" * 32, algorithm="HS256")
    with ClientAssertionCredential(
        known["TENANT"], known["SIGNER"], lambda: outside, **trusted(live)
    ) as credential:
        assert credential.get_token(f"{known['ENV']}/.default").token


def test_azure_identity_signs_in_by_device_code(live, known):
    def prompt(_uri: str, code: str, _expires: object) -> None:
        enter_code(live, code, known["USER"])

    with DeviceCodeCredential(
        known["PUBLIC"], tenant_id=known["TENANT"], prompt_callback=prompt, **trusted(live)
    ) as credential:
        token = credential.get_token(f"{known['ENV']}/.default")
    assert validated(live, known, token.token)["upn"] == known["USER"]


def test_the_default_client_of_azure_identity_is_known_in_organizations(live, known):
    with DeviceCodeCredential(
        prompt_callback=lambda _u, code, _e: enter_code(live, code, known["USER"]), **trusted(live)
    ) as credential:
        assert credential.get_token(f"{known['ENV']}/.default").token


def test_azure_identity_acts_on_behalf_of_a_user(live, known):
    form = {
        "grant_type": "password",
        "client_id": known["PUBLIC"],
        "username": known["USER"],
        "password": "pa55",
        "scope": f"api://{known['APP']}/access",
    }
    context = ssl.create_default_context(cafile=live.ca)
    url = f"{live.url}/{known['TENANT']}/oauth2/v2.0/token"
    user_token = httpx.post(url, data=form, verify=context).json()["access_token"]
    with OnBehalfOfCredential(
        known["TENANT"],
        known["APP"],
        client_secret=known["SECRET"],
        user_assertion=user_token,
        **trusted(live),
    ) as credential:
        token = credential.get_token(f"{known['ENV']}/.default")
    claims = validated(live, known, token.token)
    assert (claims["upn"], claims["appid"]) == (known["USER"], known["APP"])


def test_azure_identity_uses_the_metadata_service(live, known, monkeypatch):
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", live.url)
    with ManagedIdentityCredential(connection_verify=live.ca) as credential:
        token = credential.get_token(f"{known['ENV']}/.default")
    assert validated(live, known, token.token)["appid"] == known["APP"]


def test_azure_identity_uses_the_endpoint_of_app_service(live, known, monkeypatch):
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{live.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "host-secret")
    with ManagedIdentityCredential(
        client_id=known["BARE"], connection_verify=live.ca
    ) as credential:
        token = credential.get_token(f"{known['ENV']}/.default")
    assert validated(live, known, token.token)["appid"] == known["BARE"]

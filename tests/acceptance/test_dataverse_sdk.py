"""Microsoft's own Dataverse SDK for Python, unmodified, against `windtunnel up` over https.

The walk over all its operations is in `clients/sdk_walk`; what needs more than the SDK to see is
here.
"""

from __future__ import annotations

import warnings

import httpx
import pytest
from azure.identity import ClientSecretCredential

from tests.acceptance.isolated import run_python

pytest.importorskip("PowerPlatform.Dataverse", reason="the vendor's SDK is not installed")

from PowerPlatform.Dataverse.client import DataverseClient
from PowerPlatform.Dataverse.core.config import DataverseConfig, OperationContext
from PowerPlatform.Dataverse.core.errors import HttpError

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

PACKAGE = "PowerPlatform-Dataverse-Client[async]==1.1.0"


def client_for(env, monkeypatch, **settings) -> DataverseClient:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", env["WT_CA_FILE"])
    credential = ClientSecretCredential(
        env["WT_TENANT_ID"],
        env["WT_CLIENT_ID"],
        env["WT_CLIENT_SECRET"],
        authority=env["WT_AUTHORITY_URL"],
        disable_instance_discovery=True,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return DataverseClient(env["WT_DATAVERSE_URL"], credential, DataverseConfig(**settings))


@pytest.fixture
def client(env, monkeypatch):
    return client_for(env, monkeypatch)


@pytest.mark.parametrize("kind", ["plain", "aio"])
def test_every_public_operation_of_the_sdk(env, kind):
    trusted = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), env["WT_CA_FILE"])
    run_python("dataverse_sdk.py", (PACKAGE,), {**env, **trusted, "WT_SDK_CLIENT": kind})


def test_requests_carry_the_sdk_s_telemetry_and_answers_ids_to_ask_support_with(env, monkeypatch):
    context = OperationContext("app=windtunnel/1.0;agent=unknown")
    told = client_for(env, monkeypatch, operation_context=context)
    with pytest.raises(HttpError) as caught:
        told.records.update("account", "00000000-0000-0000-0000-000000000001", {"fax": "1"})
    details = caught.value.details
    journal = httpx.get(f"{env['WT_CONTROL_URL']}/_windtunnel/journal").json()["value"]
    [line] = [
        line
        for line in journal
        if line["request_headers"].get("x-ms-client-request-id") == details["client_request_id"]
    ]
    agent = line["request_headers"]["user-agent"]
    assert agent.startswith("DataverseSvcPythonClient:")
    assert agent.endswith("(app=windtunnel/1.0;agent=unknown)")
    assert line["request_headers"]["x-ms-correlation-id"] == details["correlation_id"]
    assert line["correlation_id"] == details["client_request_id"]
    assert line["request_id"] in details["service_request_id"]


def test_throttling_is_the_sdk_s_transient_error_with_retry_after(up, tmp_path, monkeypatch):
    limits = tmp_path / "limits.yaml"
    limits.write_text("limits: {dataverse.requests: {allowance: 5, seconds: 60s}}\n")
    client = client_for(up("--limits", str(limits)), monkeypatch)

    def ask_often() -> None:
        for _ in range(8):
            list(client.records.list("account", select=["name"], top=1))

    with pytest.raises(HttpError) as caught:
        ask_often()
    error = caught.value
    assert error.status_code == 429
    assert error.is_transient
    assert "Number of requests exceeded the limit of 5" in str(error)
    assert 1 <= error.details["retry_after"] <= 60

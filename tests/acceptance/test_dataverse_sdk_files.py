"""Microsoft's own Dataverse SDK for Python uploads files: it makes the column, then sends them."""

from __future__ import annotations

import httpx
import pytest

pytest.importorskip("PowerPlatform.Dataverse", reason="the vendor's SDK is not installed")

from tests.acceptance.test_dataverse_sdk import client, client_for, pytestmark
from windtunnel.simulator.services.dataverse.model.files import CHUNK

__all__ = ["client", "client_for", "pytestmark"]


@pytest.mark.parametrize(("mode", "size"), [("small", 1000), ("chunk", CHUNK + 5)])
def test_a_file_is_uploaded_to_a_column_that_the_sdk_makes(client, env, tmp_path, mode, size):
    content = bytes(range(256)) * (size // 256 + 1)
    file = tmp_path / "report.pdf"
    file.write_bytes(content[:size])
    key = client.records.create("account", {"name": "Files"})
    client.files.upload("account", key, f"new_File{mode}", str(file), mode=mode)
    record = client.records.retrieve("account", key, select=[f"new_file{mode}_name"])
    assert record[f"new_file{mode}_name"] == "report.pdf"
    got = httpx.get(
        f"{env['WT_DATAVERSE_URL']}/api/data/v9.2/accounts({key})/new_file{mode}/$value",
        headers={"authorization": f"Bearer {token(env)}"},
        verify=tls(env),
    )
    assert got.content == content[:size]
    assert got.headers["mimetype"] == "application/pdf"


def tls(env):
    import ssl

    return ssl.create_default_context(cafile=env["WT_CA_FILE"])


def token(env) -> str:
    answer = httpx.post(
        f"{env['WT_AUTHORITY_URL']}/{env['WT_TENANT_ID']}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": env["WT_CLIENT_ID"],
            "client_secret": env["WT_CLIENT_SECRET"],
            "scope": f"{env['WT_DATAVERSE_URL']}/.default",
        },
        verify=tls(env),
    )
    return str(answer.json()["access_token"])

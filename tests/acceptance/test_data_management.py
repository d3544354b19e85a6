"""Packages moved by azure-storage-blob's BlobClient against the installed command."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
import zipfile
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.storage.blob import BlobClient

from windtunnel.simulator.services.data_management.package.manifest import (
    FieldMap,
    Manifest,
    PackageEntity,
    write_header,
    write_manifest,
)

pytestmark = pytest.mark.acceptance

ACTIONS = "/data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities."
COLUMNS = ("CUSTOMERACCOUNT", "ORGANIZATIONNAME", "CUSTOMERGROUPID", "SALESCURRENCYCODE")


def package(rows) -> bytes:
    """A package of customers as CSV-Unicode."""
    maps = tuple(FieldMap(name, name) for name in COLUMNS)
    entity = PackageEntity("Customers V3", "Customers V3.csv", "CSV-Unicode", maps=maps)
    manifest = Manifest("Customers", "", (entity,))
    lines = [",".join(COLUMNS), *rows, ""]
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("PackageHeader.xml", write_header(manifest))
        archive.writestr("Manifest.xml", write_manifest(manifest))
        archive.writestr("Customers V3.csv", "\r\n".join(lines).encode("utf-16"))
    return file.getvalue()


class Client:
    """What an integration does: actions with a token, polls with an end."""

    def __init__(self, env) -> None:
        verify = ssl.create_default_context(cafile=env["WT_CA_FILE"])
        answer = httpx.post(
            f"{env['WT_AUTHORITY_URL']}/{env['WT_TENANT_ID']}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": env["WT_CLIENT_ID"],
                "client_secret": env["WT_CLIENT_SECRET"],
                "scope": f"{env['WT_FO_URL']}/.default",
            },
            verify=verify,
        )
        headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
        self.http = httpx.Client(
            base_url=env["WT_FO_URL"], headers=headers, verify=verify, timeout=300
        )

    def act(self, action, **body):
        answer = self.http.post(ACTIONS + action, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def upload_url(self, name):
        return json.loads(self.act("GetAzureWriteUrl", uniqueFileName=name))["BlobUrl"]

    def start(self, url, execution_id, company="usmf"):
        return self.act(
            "ImportFromPackage",
            packageUrl=url,
            definitionGroupId="Customers",
            executionId=execution_id,
            execute=True,
            overwrite=True,
            legalEntityId=company,
        )

    def wait(self, execution_id):
        deadline = time.monotonic() + 300
        while True:
            status = self.act("GetExecutionSummaryStatus", executionId=execution_id)
            if status not in {"NotRun", "Executing"}:
                return status
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.fixture(scope="module")
def client(env):
    made = Client(env)
    yield made
    made.http.close()


def test_a_package_goes_up_and_comes_down_by_the_blob_client(client):
    rows = [f"BC-{number:05d},Köln {number},10,USD" for number in range(2_000)]
    rows[7] = "BC-00007,Bad,nope,USD"
    url = client.upload_url("customers.zip")
    with BlobClient.from_blob_url(url) as blob:
        blob.upload_blob(package(rows), overwrite=True)
    assert client.start(url, "in-1") == "in-1"
    assert client.wait("in-1") == "PartiallySucceeded"
    (error,) = json.loads(client.act("GetExecutionErrors", executionId="in-1"))
    assert error["RecordId"] == "BC-00007"
    named = {"executionId": "in-1", "entityName": "Customers V3"}
    assert client.act("GenerateImportTargetErrorKeysFile", **named) is True
    deadline = time.monotonic() + 300
    while not (keys := client.act("GetImportTargetErrorKeysFileUrl", **named)):
        assert time.monotonic() < deadline
    with BlobClient.from_blob_url(keys) as blob:
        assert blob.download_blob().readall() == b"CUSTOMERACCOUNT\r\nBC-00007\r\n"
    client.act(
        "ExportToPackage",
        definitionGroupId="Customers",
        packageName="out",
        executionId="out-1",
        reExecute=False,
        legalEntityId="usmf",
    )
    assert client.wait("out-1") == "Succeeded"
    with BlobClient.from_blob_url(client.act("GetExportedPackageUrl", executionId="out-1")) as blob:
        content = blob.download_blob().readall()
    with zipfile.ZipFile(BytesIO(content)) as archive:
        text = archive.read("Customers V3.csv").decode("utf-16")
    assert text.startswith(",".join(COLUMNS) + "\r\n")
    assert text.count("\r\nBC-") == 1_999
    assert "BC-00003,Köln 3,10,USD\r\n" in text


def test_a_url_grants_what_it_says_and_no_more(client):
    url = client.upload_url("other.zip")
    forged = BlobClient.from_blob_url(url[:-4] + "AAAA")
    with forged, pytest.raises(ClientAuthenticationError):
        forged.upload_blob(b"x", overwrite=True)
    with BlobClient.from_blob_url(url) as blob:
        blob.upload_blob(b"x", overwrite=True)
        with pytest.raises(HttpResponseError):
            blob.delete_blob()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_an_acknowledged_job_survives_kill_9(tmp_path):
    first = started(tmp_path)
    client = Client(first.env)
    rows = [f"KK-{number:05d},Name,10,USD" for number in range(12_000)]
    url = client.upload_url("killed.zip")
    with BlobClient.from_blob_url(url) as blob:
        blob.upload_blob(package(rows), overwrite=True)
    client.start(url, "killed")
    deadline = time.monotonic() + 300
    while count(client) == "0":
        assert time.monotonic() < deadline
    client.http.close()
    first.process.kill()
    first.process.wait(120)
    second = started(tmp_path)
    try:
        client = Client(second.env)
        assert client.wait("killed") == "Succeeded"
        detail = client.http.get("/data/DataManagementExecutionJobDetails").json()["value"][0]
        counts = (detail["TargetRecordsCreatedCount"], detail["TargetRecordsUpdatedCount"])
        assert counts == (12_000, 0)
        assert count(client) == "12000"
    finally:
        client.http.close()
        second.process.terminate()
        second.process.wait(120)


def count(client) -> str:
    """How many of the imported customers there are."""
    condition = {"$filter": "CustomerAccount ge 'KK-' and CustomerAccount lt 'KL-'"}
    answer = client.http.get("/data/CustomersV3/$count", params=condition)
    assert answer.status_code == 200, answer.text
    return answer.text.lstrip("\ufeff")


class started:  # noqa: N801 - reads as the act
    """`windtunnel up` on a database file, without the promise to end well."""

    def __init__(self, folder: Path) -> None:
        env_file = folder / "env"
        env_file.unlink(missing_ok=True)
        command = [sys.executable, "-m", "windtunnel.simulator.cli", "up", "--port-base", "0"]
        command += ["--env-file", str(env_file), "--db", str(folder / "house.db")]
        with (folder / "log").open("ab") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder)
        deadline = time.monotonic() + 300
        while not env_file.exists():
            assert self.process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.02)
        lines = env_file.read_text().splitlines()
        self.env = dict(line.split("=", 1) for line in lines)

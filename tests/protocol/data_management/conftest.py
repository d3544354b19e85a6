"""A whole house without sockets: package actions, blobs and the clock, request by request."""

from __future__ import annotations

import asyncio
import json
import zipfile
from io import BytesIO

import httpx
import pytest

from windtunnel.simulator.kernel.settings import DEMO_CLIENT, load
from windtunnel.simulator.services.data_management.package.manifest import (
    FieldMap,
    Manifest,
    PackageEntity,
    write_header,
    write_manifest,
)
from windtunnel.simulator.web.asgi import AsgiApplication
from windtunnel.simulator.web.house import House

ACTIONS = "/data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities."
CUSTOMERS = ("CUSTOMERACCOUNT", "ORGANIZATIONNAME", "CUSTOMERGROUPID", "SALESCURRENCYCODE")
HEAD = ",".join(CUSTOMERS) + "\r\n"


def entity(name="Customers V3", file="", source_format="CSV", columns=CUSTOMERS, **more):
    maps = tuple(FieldMap(column, column) for column in columns)
    return PackageEntity(name, file or f"{name}.csv", source_format, maps=maps, **more)


def package(entities, files, name="Customer import"):
    """The bytes of a package; `files` by name, texts in UTF-8."""
    manifest = Manifest(name, "", tuple(entities))
    members = {
        "Manifest.xml": write_manifest(manifest),
        "PackageHeader.xml": write_header(manifest),
        **files,
    }
    return zipped(members)


def zipped(members):
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            if data is not None:
                archive.writestr(member, data)
    return file.getvalue()


def customers(*rows):
    """A package of customers, a row a text such as `A-1,Name,10,USD`."""
    text = HEAD + "".join(f"{row}\r\n" for row in rows)
    return package([entity()], {"Customers V3.csv": text})


class Rig:
    """The house, its clock by hand, and what clients call."""

    def __init__(self, database=None, **settings):
        self.settings = {
            "simulator.clock": "manual",
            "simulator.database": database,
            "finance_operations.throttle": False,
            "entra.static_tokens": {"demo": DEMO_CLIENT},
            **{f"data_management.{name}": value for name, value in settings.items()},
        }
        self.open()

    def open(self):
        """Begin as a process does, with what the database holds."""
        self.house = House(load(environment={}, overrides=self.settings))
        self.house.announce({"fo-http": "http://fo.test", "blob": "http://blob.test"})
        found = self.house.applications()
        commit = self.house.store.commit
        self._apps = {
            "fo.test": AsgiApplication(found["finance_operations"], commit),
            "blob.test": AsgiApplication(found["blob"], commit),
        }

    def kill(self):
        """The house as a killed process leaves it: nothing closed, but the system's locks gone."""
        self.house.store._lock.close()
        return self.house

    def send(self, method, url, **options):
        """One request to whichever service the host of the URL is."""

        async def call():
            host = httpx.URL(url).host
            transport = httpx.ASGITransport(app=self._apps[host])
            async with httpx.AsyncClient(transport=transport) as client:
                return await client.request(method, url, **options)

        return asyncio.run(call())

    def data(self, method, path, **options):
        """A request below /data."""
        headers = {"authorization": "Bearer demo"}
        return self.send(method, f"http://fo.test/data/{path}", headers=headers, **options)

    def post(self, action, **body):
        """The answer to a package action."""
        return self.data("POST", ACTIONS.removeprefix("/data/") + action, json=body)

    def act(self, action, **body):
        """The value that a package action returns."""
        answer = self.post(action, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()["value"]

    def refusal(self, action, **body):
        """The text of an action that is refused."""
        answer = self.post(action, **body)
        assert answer.status_code in {400, 500}, answer.text
        return answer.json()["error"]["innererror"]["message"]

    def upload(self, data, name="package.zip"):
        """Upload as a client does; returns the package URL."""
        url = json.loads(self.act("GetAzureWriteUrl", uniqueFileName=name))["BlobUrl"]
        answer = self.send("PUT", url, content=data, headers={"x-ms-blob-type": "BlockBlob"})
        assert answer.status_code == 201, answer.text
        return url

    def import_call(self, data, **more):
        """The arguments of ImportFromPackage for a package's bytes."""
        return {
            "packageUrl": self.upload(data) if isinstance(data, bytes) else data,
            "definitionGroupId": "Customer import",
            "executionId": "run-1",
            "execute": True,
            "overwrite": True,
            "legalEntityId": "usmf",
            **more,
        }

    def run(self, data, **more):
        """Import a package to its end; returns the status."""
        self.act("ImportFromPackage", **self.import_call(data, **more))
        self.work()
        return self.status(more.get("executionId", "run-1"))

    def export(self, **more):
        """Export a project to its end; returns the status."""
        body = {
            "definitionGroupId": "Customer import",
            "packageName": "out",
            "executionId": "out-1",
            "reExecute": False,
            "legalEntityId": "usmf",
            **more,
        }
        action = body.pop("action", "ExportToPackage")
        self.act(action, **body)
        self.work()
        return self.status(body["executionId"])

    def exported(self, execution_id="out-1"):
        """The members of an exported package."""
        url = self.act("GetExportedPackageUrl", executionId=execution_id)
        answer = self.send("GET", url)
        assert answer.status_code == 200, answer.text
        with zipfile.ZipFile(BytesIO(answer.content)) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def status(self, execution_id="run-1"):
        return self.act("GetExecutionSummaryStatus", executionId=execution_id)

    def errors(self, execution_id="run-1"):
        return json.loads(self.act("GetExecutionErrors", executionId=execution_id))

    def work(self):
        """Let the background do what it can without time passing."""
        self.house.background.drain()

    def advance(self, seconds, steps=1):
        """Let time pass."""
        for _ in range(steps):
            self.house.clock.advance(seconds / steps)
            self.work()

    def customer(self, account, company="usmf"):
        """A customer, or None."""
        path = f"CustomersV3(dataAreaId='{company}',CustomerAccount='{account}')"
        answer = self.data("GET", path, params={"cross-company": "true"})
        return answer.json() if answer.status_code == 200 else None

    def run_detail(self, execution_id="run-1", name="Customers V3"):
        """What DataManagementExecutionJobDetails says of one entity."""
        listed = self.data(
            "GET",
            "DataManagementExecutionJobDetails",
            params={"$filter": f"JobId eq '{execution_id}' and EntityName eq '{name}'"},
        )
        (row,) = listed.json()["value"]
        return row


@pytest.fixture
def rig():
    made = Rig()
    yield made
    made.house.close()


@pytest.fixture
def make_rig():
    made = []

    def make(database=None, **settings):
        made.append(Rig(database, **settings))
        return made[-1]

    yield make
    for found in made:
        found.house.close()

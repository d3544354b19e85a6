"""Data packages through the Data Management framework, in and out again as a client does it.

100,000 customers, and a package of a GiB that azure-storage-blob moves; while a second client asks
for something small all the time, so that a blocked server shows.
"""

from __future__ import annotations

import json
import random
import threading
import time
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import httpx
import psutil

from bench.driver import BenchFailed
from bench.figures import (
    LARGE_IN_SECONDS,
    LARGE_MIB,
    LARGE_OUT_SECONDS,
    LARGE_WAIT_MS,
    PACKAGE_IN_SECONDS,
    PACKAGE_MIB,
    PACKAGE_OUT_SECONDS,
    PACKAGE_WAIT_MS,
)
from bench.harness import Cores
from bench.windtunnel_server import Windtunnel, token
from windtunnel.simulator.services.data_management.package.manifest import (
    FieldMap,
    Manifest,
    PackageEntity,
    write_header,
    write_manifest,
)

CUSTOMERS = 100_000
COLUMNS = (
    "CUSTOMERACCOUNT",
    "CUSTOMERGROUPID",
    "SALESCURRENCYCODE",
    "ORGANIZATIONNAME",
    "NAMEALIAS",
    "ADDRESSCITY",
    "ADDRESSSTREET",
    "ADDRESSZIPCODE",
    "ADDRESSCOUNTRYREGIONID",
    "PRIMARYCONTACTEMAIL",
    "CREDITLIMIT",
    "ISONETIMECUSTOMER",
)
_ACTIONS = "/data/DataManagementDefinitionGroups/Microsoft.Dynamics.DataEntities."
_POLL_SECONDS = 0.25
_LONGEST_SECONDS = 600.0
_SMALL_EVERY_SECONDS = 0.02


def customer_package(count: int) -> bytes:
    """A package of one CSV file of customers, the same for the same count."""
    maps = tuple(FieldMap(name, name) for name in COLUMNS)
    entity = PackageEntity("Customers V3", "Customers V3.csv", "CSV", maps=maps)
    manifest = Manifest("Bench", "", (entity,))
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("PackageHeader.xml", write_header(manifest))
        archive.writestr("Manifest.xml", write_manifest(manifest))
        archive.writestr("Customers V3.csv", "".join(_lines(count)))
    return file.getvalue()


def _lines(count: int) -> Iterator[str]:
    yield ",".join(COLUMNS) + "\r\n"
    for number in range(count):
        yield (
            f"B-{number:07d},{10 * (1 + number % 4)},USD,Customer number {number},Alias "
            f"{number % 1000},San Diego,{number} Mill Street,{10_000 + number % 80_000},USA,"
            f"c{number}@example.com,{number % 7 * 1000},{'Yes' if number % 9 == 0 else 'No'}\r\n"
        )


class _Client:
    """Calls package actions; 429 is waited out as a client must."""

    def __init__(self, base: str, bearer: str) -> None:
        self._http = httpx.Client(
            base_url=base, headers={"Authorization": f"Bearer {bearer}"}, timeout=120
        )

    def call(self, action: str, **body: object) -> str:
        while True:
            answer = self._http.post(_ACTIONS + action, json=body)
            if answer.status_code == 429:
                time.sleep(float(answer.headers.get("retry-after", "1")))
                continue
            if answer.status_code != 200:
                raise BenchFailed(f"{action} answered {answer.status_code}: {answer.text[:500]}")
            return str(answer.json()["value"])

    def bring_in(self, url: str, execution_id: str) -> None:
        """Import an uploaded package into the target, and wait."""
        self.call(
            "ImportFromPackage",
            packageUrl=url,
            definitionGroupId="Bench",
            executionId=execution_id,
            execute=True,
            overwrite=True,
            legalEntityId="usmf",
        )
        self.wait(execution_id)

    def bring_out(self, execution_id: str) -> str:
        """Export the same entity, and wait; the address of the package."""
        self.call(
            "ExportToPackage",
            definitionGroupId="Bench",
            packageName=execution_id,
            executionId=execution_id,
            reExecute=False,
            legalEntityId="usmf",
        )
        self.wait(execution_id)
        return self.call("GetExportedPackageUrl", executionId=execution_id)

    def wait(self, execution_id: str) -> None:
        deadline = time.perf_counter() + _LONGEST_SECONDS
        while (status := self.call("GetExecutionSummaryStatus", executionId=execution_id)) in {
            "NotRun",
            "Executing",
        }:
            if time.perf_counter() > deadline:
                raise BenchFailed(f"{execution_id} is {status} after {_LONGEST_SECONDS:.0f} s")
            time.sleep(_POLL_SECONDS)
        if status != "Succeeded":
            errors = self.call("GetExecutionErrors", executionId=execution_id)
            raise BenchFailed(f"{execution_id} is {status}: {errors[:500]}")


class _Bystander(threading.Thread):
    """Asks for the health of the server all the time; keeps how long each answer took.

    `own_mib` is the most memory that the process had of its own: mapped pages of the database,
    which the system takes back when it likes, do not count.
    """

    def __init__(self, url: str, pid: int) -> None:
        super().__init__(daemon=True)
        self._url, self._pid, self._is_over = url, pid, threading.Event()
        self.waits: list[float] = []
        self.own_mib = _own_mib(pid)

    def run(self) -> None:
        with httpx.Client(timeout=60) as client:
            while not self._is_over.is_set():
                began = time.perf_counter()
                client.get(self._url)
                self.waits.append(time.perf_counter() - began)
                self.own_mib = max(self.own_mib, _own_mib(self._pid))
                self._is_over.wait(_SMALL_EVERY_SECONDS)

    def end(self) -> float:
        """The 99th percentile in milliseconds."""
        self._is_over.set()
        self.join()
        return sorted(self.waits)[int(len(self.waits) * 0.99)] * 1000


def data_management(folder: Path, cores: Cores, rounds: int, seconds: float) -> dict[str, float]:
    """Seconds of an import and an export of 100,000 customers, and the process's memory."""
    del rounds, seconds
    process, variables = Windtunnel(database="memory", sample_data=True).up(folder, cores.server)
    try:
        base = variables["WT_FO_HTTP_URL"].rstrip("/")
        scope = variables["WT_FO_URL"]
        client = _Client(base, token(variables, scope))
        package = customer_package(CUSTOMERS)
        url = json.loads(client.call("GetAzureWriteUrl", uniqueFileName="bench.zip"))["BlobUrl"]
        put = httpx.put(url, content=package, headers={"x-ms-blob-type": "BlockBlob"}, timeout=60)
        if put.status_code != 201:
            raise BenchFailed(f"the upload answered {put.status_code}: {put.text[:300]}")
        health = f"{variables['WT_CONTROL_URL'].rstrip('/')}/_windtunnel/health"
        bystander = _Bystander(health, process.pid)
        bystander.start()
        began = time.perf_counter()
        client.bring_in(url, "bench-in")
        imported = time.perf_counter() - began
        began = time.perf_counter()
        package_url = client.bring_out("bench-out")
        exported = time.perf_counter() - began
        _check(package_url)
        return {
            PACKAGE_IN_SECONDS: imported,
            PACKAGE_OUT_SECONDS: exported,
            PACKAGE_MIB: _peak_mib(process.pid),
            PACKAGE_WAIT_MS: bystander.end(),
        }
    finally:
        process.stop()


def _check(url: str) -> None:
    """Every customer must be in the exported package."""
    answer = httpx.get(url, timeout=60)
    _count(BytesIO(answer.content), CUSTOMERS)


def _count(package: BinaryIO, wanted: int) -> None:
    with zipfile.ZipFile(package) as archive, archive.open("Customers V3.csv") as lines:
        found = sum(line.startswith(b"B-") for line in lines)
    if found != wanted:
        raise BenchFailed(f"the export has {found} of {wanted} customers")


# -- a GiB ----------------------------------------------------------------------------------------

LARGE_COLUMNS = (*COLUMNS[:4], "CENTRALBANKPURPOSENOTES")
NOTE_CHARACTERS = 100 * 1024
LARGE_CUSTOMERS = (1 << 30) // NOTE_CHARACTERS + 1


def large_package(file: BinaryIO, count: int) -> None:
    """Write a package of customers with long notes, not compressed: as large as its file."""
    maps = tuple(FieldMap(name, name) for name in LARGE_COLUMNS)
    entity = PackageEntity("Customers V3", "Customers V3.csv", "CSV", maps=maps)
    manifest = Manifest("Bench", "", (entity,))
    note = random.Random(8_365).randbytes(NOTE_CHARACTERS // 32).hex() * 16
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("PackageHeader.xml", write_header(manifest))
        archive.writestr("Manifest.xml", write_manifest(manifest))
        with archive.open("Customers V3.csv", "w", force_zip64=True) as member:
            member.write((",".join(LARGE_COLUMNS) + "\r\n").encode())
            for number in range(count):
                row = f"B-{number:07d},10,USD,Customer {number},{note}\r\n"
                member.write(row.encode())


def gigabyte(folder: Path, cores: Cores, rounds: int, seconds: float) -> dict[str, float]:
    """Seconds of a package of a GiB in and out, and how much the process grew meanwhile."""
    from azure.storage.blob import BlobClient

    del rounds, seconds
    package, exported = folder / "large.zip", folder / "exported.zip"
    with package.open("wb") as file:
        large_package(file, LARGE_CUSTOMERS)
    process, variables = Windtunnel(database="file", sample_data=True).up(folder, cores.server)
    try:
        base = variables["WT_FO_HTTP_URL"].rstrip("/")
        client = _Client(base, token(variables, variables["WT_FO_URL"]))
        before = _own_mib(process.pid)
        health = f"{variables['WT_CONTROL_URL'].rstrip('/')}/_windtunnel/health"
        bystander = _Bystander(health, process.pid)
        bystander.start()
        began = time.perf_counter()
        url = json.loads(client.call("GetAzureWriteUrl", uniqueFileName="large.zip"))["BlobUrl"]
        with BlobClient.from_blob_url(url) as blob, package.open("rb") as file:
            blob.upload_blob(file, overwrite=True)
        client.bring_in(url, "large-in")
        imported = time.perf_counter() - began
        began = time.perf_counter()
        url = client.bring_out("large-out")
        with BlobClient.from_blob_url(url) as blob, exported.open("wb") as file:
            blob.download_blob().readinto(file)
        seconds_out = time.perf_counter() - began
        with exported.open("rb") as file:
            _count(file, LARGE_CUSTOMERS)
        return {
            LARGE_IN_SECONDS: imported,
            LARGE_OUT_SECONDS: seconds_out,
            LARGE_WAIT_MS: bystander.end(),
            LARGE_MIB: bystander.own_mib - before,
        }
    finally:
        process.stop()
        package.unlink()
        exported.unlink(missing_ok=True)


def _own_mib(pid: int) -> float:
    """Memory that the process has of its own, where the system tells; else all it holds."""
    status = Path(f"/proc/{pid}/status")
    if status.is_file():
        lines = [x for x in status.read_text().splitlines() if x.startswith("RssAnon")]
        if lines:
            return int(lines[0].split()[1]) / 1024
    return float(psutil.Process(pid).memory_info().rss) / 2**20


def _peak_mib(pid: int) -> float:
    """The most memory the process held where the system tells; else what it holds now."""
    status = Path(f"/proc/{pid}/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return float(psutil.Process(pid).memory_info().rss) / 2**20

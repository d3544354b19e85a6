"""Our own server as the benchmark runs it: `windtunnel up` with the table, a token and the records.

The only file of the benchmark that knows windtunnel's settings, addresses and ways.
"""

from __future__ import annotations

import json
import shutil
import socket
import ssl
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import httpx

from bench.dataset import COLUMNS, ENTITY, ENTITY_SET, KEY, Record
from bench.driver import BenchFailed
from bench.process import READY_SECONDS, ServerProcess, exchange
from bench.server import JSON, OPERATIONS, Server

API = "/api/data/v9.2"
COLLECTION = f"{API}/{ENTITY_SET}"
WITHOUT_GUARDS = Path(__file__).with_name("without_guards.py")
AT_ONCE = 200

# Limits stay on and count every request; only what they allow is raised above what wrk can send.
# A window of one second keeps the exact ring of moments as small as it is at the real numbers.
SETTINGS = """\
[simulator]
port_base = 0
sample_data = {sample_data}
{database}
[journal]
entries = {entries}
[dataverse]
schemas = ["customer.csdl.xml"]
{finance_operations}
[limits."fo.model.cores"]
allowance = 1_000_000

[limits."dataverse.requests"]
allowance = 1_000_000
seconds = 1

[limits."dataverse.execution-time"]
allowance = 1_000_000
seconds = 1
"""
FINANCE_OPERATIONS = """\
[finance_operations]
schemas = ["customer-fo.csdl.xml"]
"""


class Windtunnel:
    """The simulators, with the benchmark's table in Dataverse.

    `database`: writes are committed to a WAL file, or kept in memory. `guards`: with or without
    token check, throttling, journal and the headers they add.
    `journal_entries`: how many requests the journal keeps. `sample_data`: companies and their like.
    `finance_operations`: the $metadata of entity sets that it is to have.
    """

    name = "windtunnel"
    title = "windtunnel, Dataverse, WAL file"
    operations: Sequence[str] = OPERATIONS
    warm_seconds = 1.0

    def __init__(
        self,
        *,
        database: Literal["file", "memory"] = "file",
        guards: bool = True,
        journal_entries: int = 10_000,
        sample_data: bool = False,
        finance_operations: str = "",
    ) -> None:
        self._database, self._guards, self._entries = database, guards, journal_entries
        self._sample_data, self._finance_operations = sample_data, finance_operations

    def prepare(self, folder: Path) -> Mapping[str, str]:
        """Nothing to install: it is the project itself."""
        del folder
        return {"python": sys.version.split()[0], "windtunnel-d365": version("windtunnel-d365")}

    def start(self, rows: Iterable[Record], folder: Path, core: int | None) -> Server:
        """Start it on an empty database, get a token, and create the records over the wire."""
        process, variables = self.up(folder, core)
        try:
            bearer = token(variables, variables["WT_DATAVERSE_URL"])
            base = variables["WT_DATAVERSE_HTTP_URL"].rstrip("/")
            server = Server(
                process, base, headers={"Authorization": f"Bearer {bearer}"}, collection=COLLECTION
            )
            create(server, rows)
        except BaseException:
            process.stop()
            raise
        return server

    def up(self, folder: Path, core: int | None) -> tuple[ServerProcess, Mapping[str, str]]:
        """Start it on an empty database; returns the variables of its env file when it is ready."""
        home = folder / "windtunnel"
        home.mkdir(parents=True, exist_ok=True)
        for old in (*home.glob("data.sqlite*"), home / "env"):
            if old.is_dir():
                shutil.rmtree(old)
            else:
                old.unlink(missing_ok=True)
        database = 'database = "data.sqlite"\n' if self._database == "file" else ""
        (home / "bench.toml").write_text(
            SETTINGS.format(
                database=database,
                entries=self._entries,
                sample_data=str(self._sample_data).lower(),
                finance_operations=FINANCE_OPERATIONS if self._finance_operations else "",
            ),
            "utf-8",
        )
        (home / "customer.csdl.xml").write_text(csdl(), "utf-8")
        if self._finance_operations:
            (home / "customer-fo.csdl.xml").write_text(self._finance_operations, "utf-8")
        command = [str(WITHOUT_GUARDS)] if not self._guards else ["-m", "windtunnel.simulator.cli"]
        process = ServerProcess(
            [
                *(sys.executable, *command, "up"),
                *("--config", str(home / "bench.toml"), "--env-file", str(home / "env")),
            ],
            log=home / "log",
            core=core,
            folder=home,
            environment={"PYTHONDONTWRITEBYTECODE": ""},  # compiled once, as an installation is
        )
        return process, _variables(process, home / "env")

    def reset_seconds(self, variables: Mapping[str, str]) -> float:
        """Seconds that one reset takes, seen by its caller."""
        url = variables["WT_CONTROL_URL"].rstrip("/") + "/_windtunnel/reset"
        began = time.perf_counter()
        status, body = exchange("POST", url, {})
        if status != 204:
            raise BenchFailed(f"reset answered {status}: {body[:500]!r}")
        return time.perf_counter() - began


def csdl() -> str:
    """The table as Dataverse describes it in its $metadata."""
    properties = "\n".join(
        f'        <Property Name="{column.name}" Type="{column.edm}"{_facets(column.edm)}'
        + (f' MaxLength="{column.length}"' if column.edm == "Edm.String" else "")
        + (' Nullable="false"/>' if column.name == KEY else "/>")
        for column in COLUMNS
    )
    return f"""\
<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
  <edmx:DataServices>
    <Schema Namespace="Microsoft.Dynamics.CRM" Alias="mscrm"
            xmlns="http://docs.oasis-open.org/odata/ns/edm">
      <EntityType Name="{ENTITY}">
        <Key><PropertyRef Name="{KEY}"/></Key>
{properties}
      </EntityType>
      <EntityContainer Name="System">
        <EntitySet Name="{ENTITY_SET}" EntityType="Microsoft.Dynamics.CRM.{ENTITY}"/>
      </EntityContainer>
    </Schema>
  </edmx:DataServices>
</edmx:Edmx>
"""


def create(server: Server, rows: Iterable[Record]) -> None:
    """POST the records, keys included, many on the way at once over one connection.

    Raises BenchFailed with the answer if one is not created.
    """
    parts = urlsplit(server.url)
    head = f"POST {server.collection} HTTP/1.1\r\nHost: {parts.netloc}\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in {**server.headers, **JSON}.items()
    )
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as connection:
        for batch in _batches(rows):
            bodies = [json.dumps(row).encode() for row in batch]
            connection.sendall(
                b"".join(
                    b"%sContent-Length: %d\r\n\r\n%s" % (head.encode(), len(body), body)
                    for body in bodies
                )
            )
            _read_created(connection, len(bodies))


def _read_created(connection: socket.socket, count: int) -> None:
    """Read `count` answers; each must be a 204 or a 201."""
    answers = bytearray()
    while answers.count(b"\r\n\r\n") < count:
        piece = connection.recv(1 << 18)
        if not piece:
            break
        answers += piece
    heads = bytes(answers).split(b"HTTP/1.1 ")[1:]
    refused = next((head for head in heads if not head.startswith((b"204", b"201"))), None)
    if refused is not None or len(heads) != count:
        raise BenchFailed(f"a record was not created: {(refused or b'no answer')[:800]!r}")


def _batches(rows: Iterable[Record]) -> Iterator[Sequence[Record]]:
    source = iter(rows)
    while batch := tuple(islice(source, AT_ONCE)):
        yield batch


def _facets(edm: str) -> str:
    return ' Scale="2"' if edm == "Edm.Decimal" else ""


def _variables(process: ServerProcess, env_file: Path) -> Mapping[str, str]:
    """Wait for the env file, which is written when every listener answers."""
    while time.perf_counter() - process.started < READY_SECONDS:
        process.check()
        if env_file.is_file():
            lines = env_file.read_text("utf-8").splitlines()
            pairs = (line.partition("=") for line in lines if "=" in line)
            found = {name.strip(): value.strip().strip("\"'") for name, _, value in pairs}
            if "WT_PID" in found:
                return found
        time.sleep(0.005)
    process.stop()
    raise BenchFailed(f"windtunnel wrote no {env_file.name} within {READY_SECONDS:.0f} s")


def token(variables: Mapping[str, str], resource: str) -> str:
    """A token of the client that the env file names, for one resource."""
    authority, tenant = variables["WT_AUTHORITY_URL"].rstrip("/"), variables["WT_TENANT_ID"]
    context = ssl.create_default_context(cafile=variables["WT_CA_FILE"])
    answer = httpx.post(
        f"{authority}/{tenant}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": variables["WT_CLIENT_ID"],
            "client_secret": variables["WT_CLIENT_SECRET"],
            "scope": resource.rstrip("/") + "/.default",
        },
        verify=context,
        trust_env=False,
    )
    if answer.status_code != 200:
        raise BenchFailed(f"no token: {answer.status_code} {answer.text[:500]}")
    return str(answer.json()["access_token"])

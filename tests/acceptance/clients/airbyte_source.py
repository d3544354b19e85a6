"""PyPI airbyte-source-microsoft-dataverse, by its own command: check, discover, read, read again.

It knows no authority but login.microsoftonline.com, so it runs through the forward proxy.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import certifi
import requests
from steps import step

URL = os.environ["WT_ORGANIZATION"]
CONFIG = {
    "url": URL,
    "tenant_id": os.environ["WT_TENANT_ID"],
    "client_id": os.environ["WT_CLIENT_ID"],
    "client_secret_value": os.environ["WT_CLIENT_SECRET"],
    "odata_maxpagesize": 5,
}
STREAM = "account"
session = requests.Session()
session.headers["Authorization"] = f"Bearer {os.environ['WT_TOKEN']}"
known: dict[str, Any] = {}


def trust(ca: str) -> None:
    """Its framework looks at certifi's bundle only: add the CA to that of this environment."""
    bundle, wanted = Path(certifi.where()), Path(ca).read_text()
    if wanted not in bundle.read_text():
        with bundle.open("a") as file:
            file.write(wanted)


def airbyte(command: str, **files: Any) -> list[dict[str, Any]]:
    """The messages that one command of the connector prints."""
    code = "import sys; from source_microsoft_dataverse.run import run; sys.exit(run())"
    arguments = [sys.executable, "-c", code, command]
    for name, content in {"config": CONFIG, **files}.items():
        Path(f"{name}.json").write_text(json.dumps(content))
        arguments += [f"--{name}", f"{name}.json"]
    ended = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=1000)
    found = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]
    traces = [m["trace"] for m in found if m["type"] == "TRACE" and "error" in m["trace"]]
    assert ended.returncode == 0, (traces, ended.stderr[-1000:])
    return found


def of(messages: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    member = {"CONNECTION_STATUS": "connectionStatus"}.get(kind, kind.lower())
    return [message[member] for message in messages if message["type"] == kind]


def read(**state: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    stream = {
        "stream": known["stream"],
        "sync_mode": "incremental",
        "destination_sync_mode": "append",
        "cursor_field": known["stream"]["default_cursor_field"],
        "primary_key": known["stream"]["source_defined_primary_key"],
    }
    messages = airbyte("read", catalog={"streams": [stream]}, **state)
    records = [record["data"] for record in of(messages, "RECORD")]
    return records, [s for s in of(messages, "STATE") if s.get("type") == "STREAM"]


trust(os.environ["SSL_CERT_FILE"])


@step("checks the connection")
def _() -> None:
    status = of(airbyte("check"), "CONNECTION_STATUS")
    assert status == [{"status": "SUCCEEDED"}], status


@step("discovers the tables, their columns and which follow changes")
def _() -> None:
    streams = of(airbyte("discover"), "CATALOG")[0]["streams"]
    known["stream"] = next(stream for stream in streams if stream["name"] == STREAM)
    assert "incremental" in known["stream"]["supported_sync_modes"]
    assert known["stream"]["source_defined_primary_key"] == [["accountid"]]
    properties = known["stream"]["json_schema"]["properties"]
    assert properties["revenue"]["type"] == ["null", "number"]
    assert properties["_primarycontactid_value"]["type"] == ["null", "string"]


@step("reads everything once, page by page")
def _() -> None:
    for number in range(3):
        session.post(f"{URL}/api/data/v9.2/accounts", json={"name": f"airbyte {number}"})
    counted = session.get(f"{URL}/api/data/v9.2/accounts/$count")
    counted.encoding = "utf-8-sig"
    records, known["states"] = read()
    assert len(records) == int(counted.text), (len(records), counted.text)
    assert len({record["accountid"] for record in records}) == len(records)
    known["records"] = records


@step("reads only what changed since, deletions too")
def _() -> None:
    rows = [row for row in known["records"] if str(row["name"]).startswith("airbyte")]
    changed, gone = rows[0]["accountid"], rows[1]["accountid"]
    session.patch(f"{URL}/api/data/v9.2/accounts({changed})", json={"name": "airbyte changed"})
    session.delete(f"{URL}/api/data/v9.2/accounts({gone})")
    records, _states = read(state=known["states"])
    by_id = {record["accountid"]: record for record in records}
    assert set(by_id) == {changed, gone}, records
    assert by_id[changed]["name"] == "airbyte changed"
    assert by_id[gone]["_ab_cdc_deleted_at"]

"""PyPI tap-ms-dynamics, a Singer tap, through the proxy.

By a user's refresh token it discovers all tables from $metadata and replicates some, page by page;
later runs go on from its state.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import requests
from steps import step

MAIN = [sys.executable, "-c", "from tap_dynamics import main; main()"]
CHOSEN = {"account": "accounts", "contact": "contacts"}
CONFIG, CATALOG, STATE = Path("config.json"), Path("catalog.json"), Path("state.json")
session = requests.Session()


def run(*options: str) -> list[dict]:
    """What the tap writes, line by line."""
    ended = subprocess.run([*MAIN, *options], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-1500:]
    if "--discover" in options:
        return [json.loads(ended.stdout)]
    return [json.loads(line) for line in ended.stdout.splitlines()]


def records(lines: list[dict], stream: str) -> list[dict]:
    found = (line for line in lines if line["type"] == "RECORD" and line["stream"] == stream)
    return [line["record"] for line in found]


@step("signs in by the refresh token that a user's sign-in gave")
def _() -> None:
    answer = requests.post(
        f"https://login.microsoftonline.com/{os.environ['WT_TENANT_ID']}/oauth2/v2.0/token",
        data={
            "grant_type": "password",
            "client_id": os.environ["WT_CLIENT_ID"],
            "client_secret": os.environ["WT_CLIENT_SECRET"],
            "username": os.environ["WT_USER"],
            "password": os.environ["WT_PASSWORD"],
            "scope": f"offline_access {os.environ['WT_ORGANIZATION']}/user_impersonation",
        },
        timeout=120,
    ).json()
    config = {
        "start_date": "2020-01-01T00:00:00Z",
        "organization_uri": os.environ["WT_ORGANIZATION"],
        "user_agent": "windtunnel",
        "client_id": os.environ["WT_CLIENT_ID"],
        "client_secret": os.environ["WT_CLIENT_SECRET"],
        "redirect_uri": "http://localhost",
        "refresh_token": answer["refresh_token"],
        "max_pagesize": 60,
    }
    CONFIG.write_text(json.dumps(config))
    session.headers["authorization"] = f"Bearer {answer['access_token']}"


@step("discovers a stream per table, with keys and schemas")
def _() -> None:
    [catalog] = run("--config", str(CONFIG), "--discover")
    streams = {stream["stream"]: stream for stream in catalog["streams"]}
    assert set(CHOSEN) <= set(streams), sorted(streams)
    assert streams["account"]["key_properties"] == ["accountid"]
    assert "string" in streams["account"]["schema"]["properties"]["name"]["type"]
    for name in CHOSEN:
        for entry in streams[name]["metadata"]:
            entry["metadata"]["selected"] = True
    CATALOG.write_text(json.dumps(catalog))


def replicate(*options: str) -> list[dict]:
    """One run; its last state is kept for the next."""
    lines = run("--config", str(CONFIG), "--catalog", str(CATALOG), *options)
    states = [line["value"] for line in lines if line["type"] == "STATE"]
    STATE.write_text(json.dumps(states[-1]))
    return lines


@step("replicates everything, then only what has changed since")
def _() -> None:
    lines = replicate()
    assert len({row["contactid"] for row in records(lines, "contact")}) >= 200
    key = records(lines, "account")[0]["accountid"]
    address = f"{os.environ['WT_ORGANIZATION']}/api/data/v9.2/accounts({key})"
    time.sleep(1)  # bookmarks are whole seconds
    changed = session.patch(address, json={"name": "Changed for the tap"}, timeout=120)
    assert changed.status_code == 204, changed.text
    replicate("--state", str(STATE))  # its bookmark is the change's moment
    [row] = records(replicate("--state", str(STATE)), "account")
    assert (row["accountid"], row["name"]) == (key, "Changed for the tap"), row

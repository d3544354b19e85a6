"""SAP CAP: real OData V4 from a CDS model on SQLite in memory, which is its default."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.dataset import Record, write_csv
from bench.driver import BenchFailed
from bench.process import ServerProcess, free_port
from bench.server import OPERATIONS, Server

HERE = Path(__file__).parent
PACKAGES = ("@sap/cds", "@cap-js/sqlite", "express", "better-sqlite3")


class Cap:
    """CAP's Node server in production mode, one projection over one entity."""

    name = "cap"
    title = "SAP CAP, SQLite in memory"
    operations: Sequence[str] = OPERATIONS
    warm_seconds = 6.0

    def prepare(self, folder: Path) -> Mapping[str, str]:
        """Copy the project and let npm install it; a second run finds it installed."""
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            raise BenchFailed("the peer `cap` needs Node 20 and npm; --without cap goes on without")
        project = self._project(folder)
        project.mkdir(parents=True, exist_ok=True)
        for part in ("db", "srv"):
            shutil.copytree(HERE / part, project / part, dirs_exist_ok=True)
        shutil.copy(HERE / "package.json", project)
        wanted = _dependencies(HERE / "package.json")
        done = project / "installed.json"
        if not (done.is_file() and json.loads(done.read_bytes()) == wanted):
            command = [npm, "install", "--no-audit", "--no-fund", "--no-package-lock"]
            ended = subprocess.run(
                command, cwd=project, capture_output=True, text=True, check=False
            )
            if ended.returncode:
                raise BenchFailed(f"npm install failed for the peer `cap`:\n{ended.stderr}")
            done.write_text(json.dumps(wanted), "utf-8")
        node_version = subprocess.run(
            [node, "--version"], capture_output=True, text=True, check=True
        ).stdout.strip()
        return {"node": node_version.lstrip("v"), **{p: _version(project, p) for p in PACKAGES}}

    def start(self, rows: Sequence[Record], folder: Path, core: int | None) -> Server:
        """Write the records as initial data and start CAP's server on them."""
        project = self._project(folder)
        (project / "db" / "data").mkdir(exist_ok=True)
        write_csv(project / "db" / "data" / "windtunnel.bench-Customers.csv", rows)
        port = free_port()
        process = ServerProcess(
            [
                shutil.which("node") or "node",
                "node_modules/@sap/cds/bin/serve.js",
                *("all", "--in-memory", "--port", str(port)),
            ],
            log=folder / "cap.log",
            core=core,
            folder=project,
            environment={"NODE_ENV": "production"},
        )
        url = f"http://127.0.0.1:{port}"
        process.wait_until_answers(f"{url}/odata/v4/bench/wt_customers?$top=1")
        # Asked for minimal answers, as Dataverse gives them by default: CAP saves the rendering.
        return Server(
            process,
            url,
            write_headers={"Prefer": "return=minimal"},
            collection="/odata/v4/bench/wt_customers",
        )

    @staticmethod
    def _project(folder: Path) -> Path:
        return folder / "peers" / "cap"


def _dependencies(package: Path) -> Any:
    return json.loads(package.read_bytes())["dependencies"]


def _version(project: Path, package: str) -> str:
    text = (project / "node_modules" / package / "package.json").read_text("utf-8")
    return str(json.loads(text)["version"])

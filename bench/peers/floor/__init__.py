"""The floor: uvicorn with a raw ASGI callable, in windtunnel's own environment."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from bench.dataset import Record
from bench.process import ServerProcess, free_port
from bench.server import GET, Server

HERE = Path(__file__).parent


class Floor:
    """No store, no routing: what the HTTP server alone costs."""

    name = "floor"
    title = "floor: uvicorn, raw ASGI"
    operations: Sequence[str] = (GET,)
    warm_seconds = 1.0

    def prepare(self, folder: Path) -> Mapping[str, str]:
        """Nothing to install: uvicorn comes with the extra `test`."""
        del folder
        return {name: version(name) for name in ("uvicorn", "httptools", "uvloop")}

    def start(self, rows: Sequence[Record], folder: Path, core: int | None) -> Server:
        """Start it; the records do not matter here."""
        del rows
        port = free_port()
        process = ServerProcess(
            [
                *(sys.executable, "-m", "uvicorn", "app:app", "--app-dir", str(HERE)),
                *("--port", str(port), "--log-level", "warning", "--no-access-log"),
            ],
            log=folder / "floor.log",
            core=core,
        )
        url = f"http://127.0.0.1:{port}"
        process.wait_until_answers(url)
        return Server(process, url)

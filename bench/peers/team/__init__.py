"""What a team writes for itself: FastAPI, SQLAlchemy's ORM, pydantic, a SQLite file."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from bench.dataset import COLUMNS, Record
from bench.driver import BenchFailed
from bench.process import ServerProcess, free_port
from bench.server import OPERATIONS, PATCH, POST, Server

HERE = Path(__file__).parent


class Team:
    """A service of one file, in a virtual environment of its own."""

    name = "team"
    title = "FastAPI + SQLAlchemy, SQLite file"
    operations: Sequence[str] = OPERATIONS
    warm_seconds = 2.0

    def prepare(self, folder: Path) -> Mapping[str, str]:
        """Make the environment; a second run finds it."""
        wanted = HERE / "requirements.txt"
        home = folder / "peers" / "team"
        done = home / "requirements.txt"
        if not (done.is_file() and done.read_bytes() == wanted.read_bytes()):
            for command in (
                [sys.executable, "-m", "venv", "--clear", str(home)],
                [str(_python(home)), "-m", "pip", "install", "-q", "-r", str(wanted)],
            ):
                ended = subprocess.run(command, capture_output=True, text=True, check=False)
                if ended.returncode:
                    raise BenchFailed(f"{' '.join(command)} failed:\n{ended.stderr}")
            done.write_bytes(wanted.read_bytes())
        pins = (line.partition(";")[0].strip() for line in wanted.read_text().splitlines())
        return {name: pin for name, _, pin in (line.partition("==") for line in pins)}

    def start(self, rows: Sequence[Record], folder: Path, core: int | None) -> Server:
        """Start the service on an empty file, then fill its table."""
        file = folder / "team.sqlite"
        for old in folder.glob("team.sqlite*"):
            old.unlink()
        port = free_port()
        process = ServerProcess(
            [
                *(str(_python(folder / "peers" / "team")), "-m", "uvicorn", "app:app"),
                *("--app-dir", str(HERE), "--port", str(port)),
                *("--log-level", "warning", "--no-access-log"),
            ],
            log=folder / "team.log",
            core=core,
            environment={"DATABASE_URL": f"sqlite:///{file}"},
        )
        url = f"http://127.0.0.1:{port}"
        process.wait_until_answers(f"{url}/docs")
        _fill(file, rows)
        return Server(
            process,
            url,
            collection="/wt_customers",
            record=lambda key: f"/{key}",
            query=lambda group, above: urlencode({"group": group, "credit_above": above}),
            statuses={PATCH: 200, POST: 201},
        )


def _python(home: Path) -> Path:
    return home / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _as_it_is(value: Any) -> Any:
    return value


def _fill(file: Path, rows: Sequence[Record]) -> None:
    names = [column.name for column in COLUMNS]
    ways: dict[str, Callable[[Any], Any]] = {
        "Edm.Guid": lambda value: UUID(value).hex,
        "Edm.DateTimeOffset": lambda value: value.replace("T", " ").replace("Z", ".000000"),
    }
    convert = [ways.get(column.edm, _as_it_is) for column in COLUMNS]
    marks = ", ".join("?" * len(names))
    database = sqlite3.connect(file)
    with database:
        database.executemany(
            f"INSERT INTO wt_customers ({', '.join(names)}) VALUES ({marks})",
            ([way(row[name]) for way, name in zip(convert, names, strict=True)] for row in rows),
        )
    database.close()

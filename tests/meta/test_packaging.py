"""The wheel that users get: built through the sdist, with every room and nothing else."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("contracts", "simulator", "scenarios", "load", "design", "reports")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    """Built without isolation, so that it needs no network."""
    out = tmp_path_factory.mktemp("dist")
    source = tmp_path_factory.mktemp("source")
    run(
        [
            sys.executable,
            "-m",
            "build",
            "--no-isolation",
            "--sdist",
            "--outdir",
            str(out),
            str(ROOT),
        ]
    )
    [sdist] = out.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(source, filter="data")
    [unpacked] = source.iterdir()
    run(
        [
            sys.executable,
            "-m",
            "build",
            "--no-isolation",
            "--wheel",
            "--outdir",
            str(out),
            str(unpacked),
        ]
    )
    [built] = out.glob("*.whl")
    return zipfile.ZipFile(built)


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_every_room_s_file_is_in_the_wheel(wheel):
    names = set(wheel.namelist())
    kinds = {
        ".py",
        ".typed",
        ".xml",
        ".json",
        ".jsonl",
        ".yaml",
        ".toml",
        ".j2",
        ".css",
        ".js",
        ".svg",
    }
    wanted = {
        f"windtunnel/{path.relative_to(ROOT).as_posix()}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and (path.suffix in kinds or path.name == "py.typed")
    }
    assert wanted - names == set()


def test_nothing_else_is_in_the_wheel(wheel):
    outside = [
        name
        for name in wheel.namelist()
        if not name.startswith(tuple(f"windtunnel/{room}/" for room in ROOMS))
        and ".dist-info/" not in name
    ]
    assert outside == []
    assert "windtunnel/__init__.py" not in wheel.namelist()


def test_commands_are_entry_points(wheel):
    [listed] = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    text = wheel.read(listed).decode()
    for group in ("[console_scripts]", "[windtunnel.commands]", "[pytest11]"):
        assert group in text

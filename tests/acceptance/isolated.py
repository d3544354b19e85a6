"""Community clients, each in an environment of its own, installed once and kept between runs.

They lie in `.windtunnel/clients` under the project's root, named after what is in them. Set
WT_CLIENTS_REQUIRED=1 (as CI does) to fail instead of skip where one cannot be installed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = Path(__file__).parent / "clients"
KEPT = ROOT / ".windtunnel" / "clients"
TRIES = 3
"""A registry may be out of reach for a moment."""


def run_node(script: str, packages: tuple[str, ...], variables: Mapping[str, str]) -> None:
    """Run a script that imports npm packages; fails with every step that failed."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        _cannot("node and npm are not installed")

    def install(folder: Path) -> list[str]:
        (folder / "package.json").write_text('{"private": true}')
        options = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
        return [npm, "install", *options, "--prefix", str(folder), *packages]

    folder = _kept("npm", packages, install)
    for name in (script, "steps.mjs", "mcp.mjs", "through_proxy.mjs"):
        shutil.copyfile(SCRIPTS / name, folder / name)  # imports are found beside the script
    _run([node, str(folder / script)], variables)


def run_python(
    script: str, packages: tuple[str, ...], variables: Mapping[str, str], *, version: str = ""
) -> None:
    """Run a script in a virtual environment with these packages, of a Python such as `3.13`."""
    python = interpreter(version) if version else sys.executable
    if not python:
        _cannot(f"there is no Python {version} here that runs; set WT_PYTHON to its path")

    def install(folder: Path) -> list[str]:
        subprocess.run([python, "-m", "venv", str(folder)], check=True, timeout=600)
        return [str(_python(folder)), "-m", "pip", "install", "--quiet", *packages]

    folder = _kept("pip", packages, install, version)
    _run([str(_python(folder)), str(SCRIPTS / script)], variables)


def interpreter(version: str) -> str:
    """The path of a Python of this version beside the one that runs, or nothing."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    candidates = [
        [os.environ.get("WT_PYTHON", "")],
        [sys.executable],
        [shutil.which(f"python{version}") or ""],
        [shutil.which("py") or "", f"-{version}"],
        *([str(found)] for found in sorted(pyenv.glob(f"{version}*/bin/python"))),
    ]
    uv = shutil.which("uv")
    if uv is not None:
        found = subprocess.run(
            [uv, "python", "find", version], capture_output=True, text=True, check=False
        )
        candidates.append([found.stdout.strip()])
    ask = "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)"
    for command in candidates:
        if not command[0]:
            continue
        ended = subprocess.run([*command, "-c", ask], capture_output=True, text=True, check=False)
        is_version, _, path = ended.stdout.strip().partition(" ")
        if ended.returncode == 0 and is_version == version:
            return path
    return ""


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _kept(
    kind: str,
    packages: tuple[str, ...],
    install: Callable[[Path], list[str]],
    version: str = "",
) -> Path:
    """The folder with these packages: made aside, then moved to its place in one step."""
    if kind == "pip" and not version:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
    mark = hashlib.sha256(" ".join([version, *packages]).encode()).hexdigest()[:12]
    folder = KEPT / f"{kind}-{mark}"
    if folder.exists():
        return folder
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=KEPT, ignore_cleanup_errors=True) as aside:
        draft = Path(aside) / "made"
        draft.mkdir()
        command = install(draft)
        for _ in range(TRIES):
            ended = subprocess.run(command, capture_output=True, text=True, check=False)
            if ended.returncode == 0:
                break
        else:
            _cannot(f"{', '.join(packages)} cannot be installed: {ended.stderr[-800:]}")
        with contextlib.suppress(OSError):  # another worker was first
            draft.rename(folder)
    return folder


def _cannot(why: str) -> NoReturn:
    if os.environ.get("WT_CLIENTS_REQUIRED"):
        pytest.fail(why)
    pytest.skip(why)


def _run(command: list[str], variables: Mapping[str, str]) -> None:
    """The script prints a line of JSON per step: its name and what went wrong, if anything."""
    ours = {"WT_", "WINDTUNNEL_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"}
    clean = {k: v for k, v in os.environ.items() if not k.upper().startswith(tuple(ours))}
    with tempfile.TemporaryDirectory() as folder:
        ended = subprocess.run(
            command,
            env={**clean, **variables},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            timeout=1200,
        )
    lines = [json.loads(line) for line in ended.stdout.splitlines() if line.startswith('{"step"')]
    wrong = [f"{line['step']}: {line['wrong']}" for line in lines if line["wrong"]]
    if wrong or ended.returncode != 0 or not lines:
        output = f"{ended.stdout}{ended.stderr}"[-2_000:] if not wrong else ""
        pytest.fail(
            "\n".join([f"{len(wrong)} of {len(lines)} steps failed", *wrong, output]), False
        )

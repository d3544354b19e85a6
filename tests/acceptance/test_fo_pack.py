"""The pack `fo` as a user runs it: the careful version passes, the naive one fails with reasons."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.acceptance

WINDTUNNEL = (sys.executable, "-m", "windtunnel.simulator.cli")
SCENARIOS = {"order-to-cash", "customer-migration", "journal-import", "er-export"}


def run(folder: Path, version: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and the results by the scenario's file."""
    done = subprocess.run(
        [*WINDTUNNEL, "run", "fo", "--data", f"integration={version}", "--report", folder / "out"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        cwd=folder,
        env={**os.environ, "WINDTUNNEL_SIMULATOR__DATA_FOLDER": str(folder / "data")},
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    results = [json.loads(file.read_text("utf-8")) for file in (folder / "out").glob("*.json")]
    return done.returncode, {Path(r["file"]).name.partition(".")[0]: r for r in results}


def test_the_careful_integration_passes_the_whole_pack(tmp_path):
    code, results = run(tmp_path, "careful")
    told = {name: result["outcome"] for name, result in results.items()}
    assert told == dict.fromkeys(SCENARIOS, "passed")
    assert code == 0


def test_the_naive_integration_fails_each_scenario_and_the_report_says_why(tmp_path):
    code, results = run(tmp_path, "naive")
    assert code == 1
    assert set(results) == SCENARIOS
    for result in results.values():
        [failed] = [step for step in result["steps"] if step["outcome"] == "failed"]
        assert failed["kind"].startswith("expect_")
        assert failed["message"].startswith("because: ")
        assert failed["mismatches"]
    done = subprocess.run(
        [*WINDTUNNEL, "report", tmp_path / "out", "--html", "--output", tmp_path],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "who sends again without looking makes a second order" in page
    assert "must not be thrown away" in page
    assert "PartiallySucceeded, which is not Succeeded" in page
    assert "books it twice" in page

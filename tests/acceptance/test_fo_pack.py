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
        timeout=6000,
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
        timeout=300,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "who sends again without looking makes a second order" in page
    assert "must not be thrown away" in page
    assert "PartiallySucceeded, which is not Succeeded" in page
    assert "books it twice" in page


PACKAGES = """\
name: Packages by a step
steps:
  - import_package:
      name: groups
      project: Groups
      entity: Customer groups
      rows:
        - {CustomerGroupId: "801", Description: "Eight, one"}
        - {customergroupid: "802", Description: Eight two, PaymentTermId: no such}
      status: PartiallySucceeded
      errors: {$regex: no such}
  - expect_record:
      origin: fo
      set: CustomerGroups
      query: {$filter: "CustomerGroupId eq '80*'"}
      record: {Description: "Eight, one"}
      count: 1
  - import_package:
      project: More-${steps.groups.status}
      entity: Customer groups
      rows: [{CustomerGroupId: "803", PaymentTermId: bad}]
      because: a group needs terms that are there
"""


def test_a_step_imports_a_package_and_says_what_was_refused(tmp_path):
    (tmp_path / "packages.scenario.yaml").write_text(PACKAGES, "utf-8")
    done = subprocess.run(
        [*WINDTUNNEL, "run", tmp_path, "--report", tmp_path / "out"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    [file] = (tmp_path / "out").glob("*.json")
    steps = json.loads(file.read_text("utf-8"))["steps"]
    assert [step["outcome"] for step in steps] == ["passed", "passed", "failed"]
    assert steps[2]["title"] == "import_package Customer groups into More-${steps.groups.status}"
    assert steps[2]["mismatches"][0]["actual"] == "Failed"
    assert "The value 'bad' in field" in steps[2]["message"]

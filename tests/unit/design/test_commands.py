"""The commands: what they print, write and exit with."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from windtunnel.contracts.results import DesignResult
from windtunnel.design.commands import app_check, app_forecast

DATA = Path(__file__).parents[2] / "data" / "design"
CAREFUL, NAIVE = str(DATA / "order-sync.design.yaml"), str(DATA / "naive.design.yaml")
PLAN = "name: Orders & more\nflows: [{name: in, per_day: 900, retry: {attempts: 3}}]\n"


def call(app, *arguments: str):
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "160"})


def test_a_careful_design_exits_0_and_shows_its_forecast():
    result = call(app_check, CAREFUL)
    assert result.exit_code == 0, result.output
    assert "0 errors, 0 warnings, 0 notes" in result.output
    assert "requests an hour" in result.output
    assert "dataverse.requests" in result.output


def test_a_naive_design_exits_1_and_writes_what_was_asked(tmp_path):
    sarif, report = tmp_path / "out" / "x.sarif", tmp_path / "results"
    result = call(
        app_check, NAIVE, "--engine", "python", "--sarif", str(sarif), "--report", str(report)
    )
    assert result.exit_code == 1
    assert "error fixed-sleep-on-429 orders: waits 1 s after 429" in result.output
    assert json.loads(sarif.read_text())["version"] == "2.1.0"
    written = DesignResult.model_validate_json((report / "design-naive-sync.json").read_text())
    assert written.outcome == "failed"
    assert written.forecast is not None


def test_fail_on_decides_the_exit_code(tmp_path):
    file = tmp_path / "x.design.yaml"
    text = Path(CAREFUL).read_text().replace("peak_volume_test: true", "peak_volume_test: false")
    file.write_text(text)
    assert call(app_check, str(file)).exit_code == 0
    assert call(app_check, str(file), "--fail-on", "warning").exit_code == 1
    assert call(app_check, str(file), "--fail-on", "never").exit_code == 0


@pytest.mark.parametrize("app", [app_check, app_forecast])
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name: x\nsystems: [", ":3:1: this is not YAML"),
        ("nam: x\nsystems: []\n", "did you mean 'name'"),
        ("", "the document is empty"),
    ],
)
def test_a_bad_file_exits_2_with_its_line(tmp_path, app, text, words):
    file = tmp_path / "x.design.yaml"
    file.write_text(text)
    result = call(app, str(file))
    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("app", [app_check, app_forecast])
def test_missing_and_unwritable_files_exit_2(tmp_path, app):
    assert call(app, str(tmp_path / "none.design.yaml")).exit_code == 2
    assert call(app, str(tmp_path)).exit_code == 2
    (tmp_path / "file").write_text("")
    assert call(app, CAREFUL, "--report", str(tmp_path / "file")).exit_code == 2
    assert call(app, CAREFUL, "--limits", str(tmp_path / "none.yaml")).exit_code == 2


def test_a_plan_is_forecast_with_other_limits(tmp_path):
    plan, limits = tmp_path / "v.plan.yaml", tmp_path / "limits.yaml"
    plan.write_text(PLAN)
    limits.write_text("limits: {dataverse.requests: {allowance: 1, seconds: 1h}}\n")
    result = call(
        app_forecast, str(plan), "--limits", str(limits), "--days", "2", "--seed", "4",
        "--engine", "python", "--report", str(tmp_path),
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "Forecast of 2 days" in result.output
    written = DesignResult.model_validate_json((tmp_path / "design-orders-more.json").read_text())
    assert written.forecast is not None
    assert written.forecast.refused > 0
    assert len(written.forecast.hours) == 48


@pytest.mark.parametrize("text", [PLAN, Path(CAREFUL).read_text()])
def test_a_file_of_another_name_is_recognised_by_its_content(tmp_path, text):
    file = tmp_path / "volumes.yml"
    file.write_text(text)
    assert call(app_forecast, str(file)).exit_code == 0


def test_importing_the_commands_is_light():
    code = (
        "import sys, windtunnel.design.commands as c; "
        "print([m for m in ('pydantic', 'yaml', 'numba', 'numpy', 'windtunnel.contracts.limits')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

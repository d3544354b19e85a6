"""The command end to end against a service on loopback; Locust runs in its own processes."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from windtunnel.contracts.results import LoadResult, Outcome
from windtunnel.load.commands import app_load
from windtunnel.load.errors import LoadError

PLAN = """
name: trial run
flows:
  - name: orders in
    per_day: 1728000
    operations: {create: 1}
    parallelism: 4
    payload_bytes: 400
"""
PATIENT = PLAN + "    retry: {wait: retry-after, attempts: 6}\n"


@pytest.fixture
def run(tmp_path, env_file):
    def run(text, *flags):
        plan = tmp_path / "trial.plan.yaml"
        plan.write_text(text, "utf-8")
        arguments = [str(plan), "--env-file", str(env_file), "--report", str(tmp_path / "out")]
        done = CliRunner().invoke(app_load, [*arguments, "--arrivals", "uniform", *flags])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        file = tmp_path / "out" / "load-trial-run.json"
        result = LoadResult.model_validate_json(file.read_bytes()) if file.exists() else None
        return done.exit_code, result

    return run


def test_a_patient_client_loses_nothing_and_an_impatient_one_does(run, service):
    service.refuse_every = 5
    code, patient = run(PATIENT, "--duration", "2s")
    assert code == 0
    assert patient.outcome is Outcome.PASSED
    assert patient.flows[0].offered == 40 == patient.flows[0].completed == len(service.created)
    assert patient.throttled == service.refused > 0
    assert patient.longest_retry_after == 1.0
    assert patient.latency.longest > 0.99
    assert patient.latency.longest > patient.service.longest
    assert len({row["accountnumber"] for row in service.created}) == 40

    before = service.refused
    code, naive = run(PLAN, "--duration", "1s")
    assert code == 1
    assert naive.outcome is Outcome.FAILED
    assert naive.lost == service.refused - before > 0
    assert naive.flows[0].causes == {"HTTP 429": naive.lost}


def test_limits_are_read_from_the_answers_or_from_the_control_api(run, service, monkeypatch):
    _, told = run(PATIENT, "--duration", "1s")
    assert {use.limit for use in told.limits} == {
        "dataverse.requests",
        "dataverse.execution-time",
    }
    monkeypatch.setenv("WT_CONTROL_URL", service.url)
    _, asked = run(PATIENT, "--duration", "1s")
    assert [(use.identity, use.share) for use in asked.limits] == [("integration", 0.5)]


def test_workers_share_the_arrivals_and_their_counts_are_merged(run, service):
    code, result = run(PATIENT, "--duration", "1s", "--workers", "2")
    assert code == 0
    assert result.flows[0].completed == 20 == len(service.created)
    assert service.tokens == 2
    assert len({row["accountnumber"] for row in service.created}) == 20


def test_a_wrong_secret_says_what_entra_said(run, env_file):
    env_file.write_text(env_file.read_text("utf-8").replace("good", "bad"), "utf-8")
    with pytest.raises(LoadError, match="AADSTS7000215"):
        run(PATIENT, "--duration", "1s")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--duration", "soon"], "--duration cannot be 'soon'"),
        (["--master", "--worker"], "exclude each other"),
        (["--web", "--workers", "2"], "one process"),
        (["--duration", "1s", "--scale", "0.0001"], "nothing would be sent"),
    ],
)
def test_flags_that_make_no_sense_are_explained(run, flags, said):
    with pytest.raises(LoadError, match=said):
        run(PATIENT, *flags)


def test_the_command_is_known_without_loading_locust():
    code = "import sys, windtunnel.load.commands as c; sys.exit('locust' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

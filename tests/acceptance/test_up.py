"""`windtunnel up` as a person runs it: plain HTTP, wrong input, Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import httpx
import pytest

pytestmark = pytest.mark.acceptance


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "windtunnel.simulator.cli", *arguments]


def test_without_tls_everything_is_served_over_http(up):
    env = up("--no-tls")
    assert env["WT_AUTHORITY_URL"].startswith("http://")
    answer = httpx.post(
        f"{env['WT_AUTHORITY_URL']}/{env['WT_TENANT_ID']}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": env["WT_CLIENT_ID"],
            "client_secret": env["WT_CLIENT_SECRET"],
            "scope": f"{env['WT_DATAVERSE_URL']}/.default",
        },
    )
    headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
    url = f"{env['WT_DATAVERSE_URL']}/api/data/v9.2/WhoAmI"
    assert httpx.get(url, headers=headers).status_code == 200


WRONG = [
    (["up", "--clock", "sideways"], "not a clock"),
    (["up", "--config", "none.toml"], "cannot be read"),
    (["up", "--limits", "none.yaml"], "none.yaml"),
    (["up", "--port-base", "x"], "Invalid value"),
    (["no-such-command"], "No such command"),
    (["check", "none.design.yaml"], "none.design.yaml"),
    (["run", "none.scenario.yaml"], "none.scenario.yaml"),
    (["load", "none.plan.yaml"], "none.plan.yaml"),
    (["forecast", "none.plan.yaml"], "none.plan.yaml"),
    (["demo", "--output", "taken"], "taken: cannot be written"),
    (["report", "taken"], "taken: there is no such folder"),
    (["up", "--db", "folder"], "folder: cannot be used as a database"),
    (["up", "--env-file", "folder", "--port-base", "0"], "folder: the env file cannot be written"),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG, ids=[" ".join(row[0]) for row in WRONG])
def test_wrong_input_ends_with_2_and_words_not_a_traceback(tmp_path, arguments, text):
    (tmp_path / "taken").touch()
    (tmp_path / "folder").mkdir()
    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, cwd=tmp_path, check=False, timeout=300
    )
    output = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 2, output
    assert "Error" in output
    assert text in output
    assert "Traceback" not in output


def test_a_second_simulator_on_one_database_is_refused_and_the_first_goes_on(up, tmp_path):
    file = tmp_path / "shared.db"
    env = up("--no-tls", "--db", str(file))
    second = command("up", "--port-base", "0", "--db", str(file), "--env-file", "second")
    done = subprocess.run(
        second, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=300
    )
    output = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 2, output
    assert f"Error: {file}: another simulator has this database open" in output
    assert "name another file with --db" in output
    assert "Traceback" not in output
    assert not (tmp_path / "second").exists()
    assert httpx.get(f"{env['WT_CONTROL_URL']}/_windtunnel/health").status_code == 200


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT to a child is POSIX")
def test_ctrl_c_ends_it_cleanly(tmp_path):
    env_file = tmp_path / "env"
    with subprocess.Popen(
        command("up", "--port-base", "0", "--env-file", str(env_file)),
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    ) as process:
        deadline = time.monotonic() + 300
        while not env_file.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert "Stopped." in output

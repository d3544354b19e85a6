"""The command and the pytest plugin: choosing, workers, reports, exit codes, failure output."""

from __future__ import annotations

import json
from contextlib import contextmanager
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
import typer.testing

from windtunnel.contracts.results import ScenarioResult
from windtunnel.scenarios import environment
from windtunnel.scenarios.commands import app_run

pytest_plugins = ["pytester"]

GOOD = """
name: Good one
tags: [quick]
steps:
  - run_integration: {command: ["${python}", -V]}
"""
BAD = """
name: Bad one
tags: [slow-tag]
steps:
  - run_integration: {command: ["${python}", -c, "raise SystemExit(3)"]}
"""

starts = []


@contextmanager
def fake_local(**options):
    starts.append(options)
    yield {"WT_FAKE": "1"}


@pytest.fixture
def local(monkeypatch):
    starts.clear()
    entry = EntryPoint("local", f"{__name__}:fake_local", environment.ENTRY_POINT_GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda self: fake_local)
    monkeypatch.setattr(environment, "entry_points", lambda group: [entry])
    return starts


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "good.scenario.yaml").write_text(GOOD, "utf-8")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "bad.scenario.yaml").write_text(BAD, "utf-8")
    return tmp_path


def command(*arguments):
    return typer.testing.CliRunner().invoke(app_run, [str(argument) for argument in arguments])


def test_all_files_below_a_folder_run_and_a_failure_is_exit_code_1(folder, local):
    done = command(folder, "--report", folder / "out", "--seed", "5", "-n", "2")
    assert done.exit_code == 1, done.output
    assert "1 failed, 1 passed" in done.output
    assert "exit_code" in done.output
    results = [
        ScenarioResult.model_validate_json(file.read_text("utf-8"))
        for file in sorted((folder / "out").glob("scenario-*.json"))
    ]
    assert [(one.name, one.outcome.value, one.seed) for one in results] == [
        ("Bad one", "failed", 5),
        ("Good one", "passed", 5),
    ]
    assert len(local) == 2
    assert local[0] == {"port_base": 0, "clock": "real", "seed": 5, "config": None}


@pytest.mark.parametrize(
    ("flags", "code"),
    [
        (["--tag", "quick"], 0),
        (["--tag", "slow-tag"], 1),
        (["-t", "-slow-tag"], 0),
        (["-k", "good"], 0),
        (["-k", "sub bad"], 1),
        (["-k", "nothing"], 2),
        (["-n", "0"], 2),
        (["--env-file", "/no/such/env"], 2),
        (["--target", "x=1"], 2),
        (["--no-such-flag"], 2),
    ],
)
def test_flags_choose_and_wrong_ones_are_exit_code_2(folder, local, flags, code):
    assert command(folder, *flags).exit_code == code


def test_a_target_needs_no_simulators(folder, local):
    done = command(folder / "good.scenario.yaml", "--target", "fo=http://127.0.0.1:9")
    assert done.exit_code == 0, done.output
    assert local == []


def test_fail_fast_leaves_the_rest(folder, local):
    (folder / "a.scenario.yaml").write_text(BAD.replace("Bad one", "First"), "utf-8")
    done = command(folder, "--fail-fast")
    assert done.exit_code == 1
    assert "2 not run" in done.output


def test_mistakes_of_all_files_are_shown_at_once(folder, local):
    (folder / "x.scenario.yaml").write_text("name: x\nsteps: 1\n", "utf-8")
    (folder / "y.scenario.yaml").write_text("name: y\n", "utf-8")
    done = command(folder)
    assert done.exit_code == 2
    assert "x.scenario.yaml:2:8" in done.output
    assert "y.scenario.yaml:1:1" in done.output
    assert local == []


def test_an_empty_folder_is_a_mistake(tmp_path, local):
    assert command(tmp_path).exit_code == 2
    assert command(tmp_path / "none").exit_code == 2


@pytest.fixture
def inner(pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    pytester.makeconftest(
        """
        import types, pytest

        @pytest.fixture
        def windtunnel():
            return types.SimpleNamespace(env={"WT_FAKE": "1"})

        @pytest.fixture(autouse=True, scope="module")
        def around():
            yield
        """
    )

    def run(*arguments):
        return pytester.runpytest_inprocess(
            "-p", "windtunnel.scenarios.pytest_plugin", "--strict-markers", *arguments
        )

    pytester.path.joinpath("good.scenario.yaml").write_text(GOOD, "utf-8")
    pytester.path.joinpath("bad.scenario.yaml").write_text(BAD, "utf-8")
    run.path = pytester.path
    return run


def test_pytest_collects_scenarios_and_shows_what_did_not_match(inner):
    done = inner("--windtunnel-report", str(inner.path / "out"))
    done.assert_outcomes(passed=1, failed=1)
    done.stdout.fnmatch_lines(
        [
            "*bad.scenario.yaml:5: run_integration*: failed",
            "*exit_code",
            "*expected 0",
            "*got      3",
            "FAILED bad.scenario.yaml::Bad one*",
        ]
    )
    names = {json.loads(f.read_text("utf-8"))["name"] for f in (inner.path / "out").iterdir()}
    assert names == {"Good one", "Bad one"}


def test_tags_are_markers(inner):
    inner("-m", "quick").assert_outcomes(passed=1, deselected=1)
    inner("-m", "slow-tag").assert_outcomes(failed=1, deselected=1)


def test_an_env_file_replaces_the_simulators(inner):
    inner.path.joinpath("conftest.py").unlink()
    env = inner.path / "env"
    env.write_text("WT_X=1\n", "utf-8")
    inner("--windtunnel-env-file", str(env), "-k", "Good").assert_outcomes(passed=1, deselected=1)


def test_a_broken_file_is_a_collection_error_with_its_line(inner):
    inner.path.joinpath("x.scenario.yaml").write_text("name: x\nsteps: 1\n", "utf-8")
    done = inner()
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["*x.scenario.yaml:2:8: steps: of the wrong kind*"])


PARAMETRISED = """
name: Run of ${data.who}
data: {who: nobody, size: 3}
steps:
  - run_integration:
      command: ["${python}", -c, "raise SystemExit('${data.who}' != 'somebody')"]
      because: nobody came
"""


def test_data_of_scenarios_can_be_given_and_shows_in_the_name(folder, local):
    file = folder / "who.scenario.yaml"
    file.write_text(PARAMETRISED, "utf-8")
    done = command(file)
    assert done.exit_code == 1
    assert "Run of nobody" in done.output
    assert "because: nobody came" in done.output
    done = command(file, "--data", "who=somebody")
    assert (done.exit_code, "Run of somebody" in done.output) == (0, True)


@pytest.mark.parametrize(
    ("text", "problem"),
    [("where=here", "no scenario has such data; there is size, who"), ("who", "NAME=TEXT")],
)
def test_data_that_no_scenario_has_is_refused(folder, local, text, problem):
    file = folder / "who.scenario.yaml"
    file.write_text(PARAMETRISED, "utf-8")
    done = command(file, "--data", text)
    assert done.exit_code == 2
    assert problem in done.output


def test_a_pack_is_found_by_its_name_and_brings_its_settings(local):
    from windtunnel.scenarios.suite import PACKS, find_files, pack_of, pack_settings

    assert {file.parent for file in find_files([Path("fo")])} == {PACKS / "fo"}
    assert pack_settings([Path("fo")]) == PACKS / "fo" / "windtunnel.toml"
    assert pack_settings([Path("fo"), PACKS / "fo"]) is None
    assert pack_of(Path("nothing")) is None
    assert pack_of(Path("..")) is None

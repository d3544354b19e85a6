"""Settings: file, variables, overrides; mistakes are named with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.settings import DEMO_CLIENT, Settings, load

JOB = (
    "[[data_management.recurring_jobs]]\nid = '6d31e09f-0249-459f-94f0-aad9c2c47b64'\n"
    "name = 'Customers'\nproject = 'Customers'\n"
)
MISTAKES = [
    ("[simulator]\nsead = 1\n", ":2:1: unknown setting 'simulator.sead'", "'seed'"),
    ("[dataverse]\nweb_servers = 0\n", ":2:1: dataverse.web_servers", "settings.md"),
    ("\n\n[datavers]\n", ":3:2: unknown setting 'datavers'", "'dataverse'"),
    ('[[entra.clients]]\napp_id = "x"\n', ":2:1: entra.clients.0.app_id", "settings.md"),
    ("a = \n", ":1:5: is not TOML", "toml.io"),
    (
        f'[[entra.clients]]\napp_id = "{DEMO_CLIENT}"\n\n[[entra.clients]]\n'
        f'app_id = "{DEMO_CLIENT}"\nsecret = "s"\n',
        ":6:1: unknown setting 'entra.clients.1.secret'",
        "'secrets'",
    ),
    (
        f'[[entra.clients]]\napp_id = "{DEMO_CLIENT}"\n' * 2,
        f":1:3: entra.clients: '{DEMO_CLIENT}' stands twice",
        "Leave one of them out.",
    ),
    ('[[entra.users]]\nupn="a"\n' * 2, ":1:3: entra.users: 'a' stands twice", "Leave one"),
    ("[simulator]\nseed=1\nseed=2\n", ":3:7: is not TOML: Cannot overwrite", "toml.io"),
    ("[simulator]\n[simulator]\n", ":2:11: is not TOML: Cannot declare", "toml.io"),
    ("simulator = 5\n", ":1:1: simulator: Input should be a valid dictionary", "settings.md"),
    ("[[simulator]]\nseed = 1\n", ":1:3: simulator: Input should be", "settings.md"),
    ("[simulator]\n  seed = 1.5\n", ":2:3: simulator.seed: Input should be a valid int", ""),
    ("simulator.seed = 'x'\n", ":1:1: simulator.seed: Input should be a valid integer", ""),
    ("simulator = {seed = 'x'}\n", ":1:1: simulator.seed: Input should be a valid int", ""),
    ("[simulator]\nclock='x'\n", ":2:1: simulator.clock: 'x' is not a clock", "such as 60x"),
    ("[simulator]\nclock_start='x'\n", ":2:1: simulator.clock_start: 'x' is not a", "2026-"),
    ("[dataverse]\nschemas = 'x.xml'\n", ":2:1: dataverse.schemas: Input should be", ""),
    ("[limits.nothing]\nallowance=1\n", ":1:2: limits.nothing: no limit has the id", "limits.md"),
    ("[limits.'fo.bach']\n", ":1:2: limits.fo.bach: no limit has", "Did you mean 'fo.batch'?"),
    ('[limits."fo.batch"]\nallowance=-1\n', ":2:1: limits.fo.batch.allowance: Input", ""),
    (
        f"{JOB}direction = 'export'\nrecurrence = 'immediate'\n",
        ":1:3: data_management.recurring_jobs.0: an export cannot recur at once",
        "Write 'time: SECONDS' or 'manual'.",
    ),
    (
        f"{JOB}direction = 'import'\ntakes = 'package'\nin_order = true\n",
        ":1:3: data_management.recurring_jobs.0: in_order is for jobs that import files",
        "Leave it out.",
    ),
    (
        "[[electronic_reporting.sources]]\nfolder = '../out'\nname = 'In'\n"
        "entity_set = 'CustomersV3'\ncolumns = {Account = 'CustomerAccount'}\n",
        ":2:1: electronic_reporting.sources.0.folder: is no folder below the root folder",
        "Leave out drive, root and '..'.",
    ),
    ("a = " + "[" * 50_000, ": is nested too deeply", "tables of values"),
    ("\0", ":1:1: is not TOML", "toml.io"),
    ("[simulator]\nhost = " + repr(["x" * 500]), "(found ['xxxxx", "settings.md"),
]


def test_without_a_file_the_demo_set_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = load(environment={})
    assert settings == Settings()
    assert settings.entra.clients[0].app_id == DEMO_CLIENT


def test_variables_beat_the_file_and_overrides_beat_both(tmp_path):
    file = tmp_path / "windtunnel.toml"
    file.write_text("[simulator]\nseed = 1\nhost = '127.0.0.2'\n[dataverse]\nweb_servers = 2\n")
    settings = load(
        file,
        environment={"WINDTUNNEL_SIMULATOR__SEED": "2", "WINDTUNNEL_DATAVERSE__WEB_SERVERS": "5"},
        overrides={"dataverse.web_servers": 7},
    )
    assert settings.simulator.seed == 2
    assert settings.dataverse.web_servers == 7
    assert settings.simulator.host == "127.0.0.2"


def test_paths_are_relative_to_the_file(tmp_path):
    file = tmp_path / "windtunnel.toml"
    file.write_text("[dataverse]\nschemas = ['mine.xml']\n[simulator]\ndatabase = 'wt.db'\n")
    settings = load(file, environment={})
    assert settings.dataverse.schemas == (tmp_path / "mine.xml",)
    assert settings.simulator.database == tmp_path / "wt.db"


@pytest.mark.parametrize(("text", "message", "remedy"), MISTAKES)
def test_a_mistake_is_named_with_its_line_and_a_remedy(tmp_path, text, message, remedy):
    file = tmp_path / "windtunnel.toml"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        load(file, environment={}, overrides={"simulator.port_base": 0})
    assert f"{file}:" in str(caught.value)
    assert message in str(caught.value)
    assert remedy in str(caught.value)


def test_a_missing_file_and_a_binary_file_are_usage_errors(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "none.toml")
    binary = tmp_path / "b.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="UTF-8"):
        load(Path(binary))


def test_a_byte_order_mark_and_a_folder(tmp_path):
    marked = tmp_path / "windtunnel.toml"
    marked.write_bytes(b"\xef\xbb\xbf[simulator]\nseed = 7\n")
    assert load(marked, environment={}).simulator.seed == 7
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path)

"""Settings: file, variables, overrides; mistakes are named with their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.settings import DEMO_CLIENT, Settings, load

MISTAKES = [
    ("[simulator]\nsead = 1\n", ":2: unknown setting 'simulator.sead'", "'seed'"),
    ("[dataverse]\nweb_servers = 0\n", ":2: dataverse.web_servers", "settings.md"),
    ("\n\n[datavers]\n", ":3: unknown setting 'datavers'", "'dataverse'"),
    ('[[entra.clients]]\napp_id = "x"\n', ":2: entra.clients.0.app_id", "settings.md"),
    ("a = \n", ":1:5: is not TOML", "toml.io"),
    (
        f'[[entra.clients]]\napp_id = "{DEMO_CLIENT}"\n\n[[entra.clients]]\n'
        f'app_id = "{DEMO_CLIENT}"\nsecret = "s"\n',
        ":6: unknown setting 'entra.clients.1.secret'",
        "'secrets'",
    ),
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
        load(file, environment={})
    assert message in str(caught.value)
    assert remedy in str(caught.value)


def test_a_missing_file_and_a_binary_file_are_usage_errors(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "none.toml")
    binary = tmp_path / "b.toml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="UTF-8"):
        load(Path(binary))

"""Files people write, wrong in every way, given to the commands: named with place, exit code 2."""

from __future__ import annotations

import sys

import pytest

from windtunnel.simulator.cli import EXIT_USAGE, main

COMMANDS = [
    ("load", "x.plan.yaml"),
    ("forecast", "x.plan.yaml"),
    ("forecast", "x.design.yaml"),
    ("check", "x.design.yaml"),
    ("run", "x.scenario.yaml"),
]
BOMB = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"] + [
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)
]
WRONG = {
    "empty": (b"", "", "the document is empty"),
    "a comment": (b"# nothing\n", "", "the document is empty"),
    "not UTF-8": (b"a: 1\nb: \xff\n", ":2:4", "this is not UTF-8"),
    "UTF-16": ("name: x\n".encode("utf-16"), ":1:1", "this is not UTF-8"),
    "a NUL": (b"name: \0\n", ":1:7", "not allowed in YAML"),
    "a tab": (b"name: x\n\tflows: 1\n", ":2:1", "tab"),
    "a key twice": (b"name: x\nname: y\n", ":2:1", "the key 'name' stands twice"),
    "cut": (b"name: [1, 2\n", ":2:1", "this is not YAML"),
    "a list": (b"- 1\n", ":1:1", "of the wrong kind; found a list; expected a mapping"),
    "a text": (b"hello\n", ":1:1", "of the wrong kind; found 'hello'"),
    "an unknown key": (b"name: x\nnothing: 1\n", ":2:1", "the key 'nothing' is unknown"),
    "another type": (b"name: []\n", ":1:7", "of the wrong kind; found a list; expected text"),
    "two documents": (b"name: x\n---\nname: y\n", ":2:1", "second document"),
    "an object": (b"name: !!python/object/apply:os.system [x]\n", ":1:7", "is not allowed"),
    "a bomb": ("\n".join(BOMB).encode(), ":6:", "more than"),
    "too deep": (b"[" * 100_000, ":1:", "nested deeper"),
    "too large": (b"# " + b"x" * 64_000_000, "", "the file is too large"),
}


def refused(monkeypatch, capsys, *arguments):
    """What a command says that ends as a mistake of the user."""
    monkeypatch.setattr(sys, "argv", ["windtunnel", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        main()
    shown = capsys.readouterr()
    said = shown.err + shown.out
    assert caught.value.code == EXIT_USAGE, said
    assert "Traceback" not in said
    return said


@pytest.mark.parametrize(("command", "name"), COMMANDS)
@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_file_is_named_with_its_place(monkeypatch, capsys, tmp_path, command, name, what):
    content, place, text = WRONG[what]
    file = tmp_path / name
    file.write_bytes(content)
    said = refused(monkeypatch, capsys, command, file)
    assert f"{file}{place}" in said
    assert text in said


@pytest.mark.parametrize(("command", "name"), COMMANDS)
def test_a_file_that_is_absent_or_a_folder(monkeypatch, capsys, tmp_path, command, name):
    file = tmp_path / name
    assert f"{file}: there is no such file" in refused(monkeypatch, capsys, command, file)
    file.mkdir()
    assert str(file) in refused(monkeypatch, capsys, command, file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("simulator = 5\n", "windtunnel.toml:1:1: simulator: "),
        ("[simulator]\n  sead = 1\n", "windtunnel.toml:2:3: unknown setting 'simulator.sead'"),
        ("[dataverse]\nschemas = ['absent.xml']\n", "absent.xml: cannot be read"),
        ("[simulator]\ndatabase = '.'\n", "cannot be used as a database"),
        ("[simulator]\nlimits_file = 'absent.yaml'\n", "absent.yaml: there is no such file"),
    ],
)
def test_settings_that_are_wrong(monkeypatch, capsys, tmp_path, text, said):
    file = tmp_path / "windtunnel.toml"
    file.write_text(text)
    shown = refused(monkeypatch, capsys, "up", "--config", file, "--port-base", "0", "--no-tls")
    assert said in shown

"""Examples in the pages work: documents are read, settings are known, commands have these flags."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from textwrap import dedent

import pytest
import typer

from windtunnel.contracts.documents import Plan
from windtunnel.contracts.documents.load import parse_document
from windtunnel.contracts.limits.overrides import LimitsFile
from windtunnel.scenarios.document import load_scenario
from windtunnel.simulator.kernel.settings import load
from windtunnel.simulator.odata.expressions import LONGEST_CHAIN
from windtunnel.simulator.odata.query import LONGEST_QUERY
from windtunnel.simulator.odata.reader import MOST_SEARCHES
from windtunnel.simulator.odata.tokens import LONGEST_TEXT

ROOT = Path(__file__).parents[2]
PAGES = [
    page
    for page in (ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md")))
    if page.name != "design-rules.md"  # its examples are fragments, some of them in words
]
BLOCK = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.DOTALL | re.MULTILINE)
READERS = {"flows": Plan, "limits": LimitsFile}


def blocks(*languages: str) -> Iterator[object]:
    for page in PAGES:
        found = BLOCK.findall(page.read_text("utf-8"))
        texts = [dedent(text) for _, language, text in found if language in languages]
        for number, text in enumerate(texts, 1):
            yield pytest.param(text, id=f"{page.relative_to(ROOT).as_posix()}-{number}")


def commands() -> Iterator[object]:
    for page in PAGES:
        text = page.read_text("utf-8")
        lines = [line.strip() for found in BLOCK.findall(text) for line in found[2].splitlines()]
        for line in dict.fromkeys([*lines, *re.findall("`([^`\n]*)`", text)]):
            if line.startswith("windtunnel "):
                words = shlex.split(line, comments=True)[1:]
                yield pytest.param(words, id=f"{page.stem}: {' '.join(words)}")


@pytest.mark.parametrize("text", list(blocks("toml")))
def test_settings_in_a_page_are_known(text, tmp_path):
    file = tmp_path / "windtunnel.toml"
    file.write_text(text, "utf-8")
    load(file, environment={})


@pytest.mark.parametrize("text", list(blocks("yaml")))
def test_documents_in_a_page_are_read(text, tmp_path):
    kind = next(
        (READERS[key] for key in READERS if re.search(f"^{key}:", text, re.MULTILINE)), None
    )
    if kind is not None:
        parse_document(text, "example.yaml", kind)
        return
    file = tmp_path / "example.scenario.yaml"
    file.write_text(text, "utf-8")
    assert load_scenario(file).scenario.steps


@pytest.mark.parametrize("words", list(commands()))
def test_commands_in_a_page_have_these_flags(words):
    name, *flags = [word.partition("=")[0] for word in words if word[0] == "-" or word == words[0]]
    if name == "--help":
        return
    entry = next((e for e in entry_points(group="windtunnel.commands") if e.name == name), None)
    assert entry is not None, f"there is no command {name}"
    known = {"--help"}
    for parameter in typer.main.get_command(entry.load()).params:
        known |= {*parameter.opts, *parameter.secondary_opts}
    assert set(flags) <= known


@pytest.mark.parametrize("text", list(blocks("python")))
def test_python_in_a_page_is_python(text):
    compile(text, "example.py", "exec")


def test_the_page_of_odata_names_the_limits_of_the_parser():
    page = (ROOT / "docs/reference/odata.md").read_text("utf-8")
    limits = " ".join(page.partition("## Limits")[2].partition("##")[0].split())
    for words in (
        f"at most {LONGEST_TEXT:,} characters",
        f"a query string {LONGEST_QUERY:,}",
        f"a row of operators stop at {LONGEST_CHAIN} ",
        f"an option at {MOST_SEARCHES} nested searches",
    ):
        assert words in limits

"""What the docs promise is there: generated pages are current, links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace

import pytest

from windtunnel.scenarios import pytest_plugin as scenarios_plugin
from windtunnel.simulator import pytest_plugin as simulator_plugin
from windtunnel.simulator.web.handle import (
    ClockHandle,
    FaultsHandle,
    JournalHandle,
    LimitsHandle,
    Service,
    Windtunnel,
)

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]


def pages_of(tool):
    spec = importlib.util.spec_from_file_location(tool, ROOT / f"tools/{tool}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PAGES


@pytest.mark.parametrize("page", sorted(pages_of("reference_pages")))
def test_a_generated_page_is_current(page):
    committed = (ROOT / "docs" / "reference" / page).read_text("utf-8")
    made = pages_of("reference_pages")[page]()
    assert committed == made, "run: python tools/reference_pages.py"


@pytest.mark.parametrize("page", sorted(pages_of("fidelity_pages")))
def test_a_fidelity_page_is_current(page):
    committed = (ROOT / "docs" / "reference" / "fidelity" / page).read_text("utf-8")
    assert committed == pages_of("fidelity_pages")[page](), "run: python tools/fidelity_pages.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_readme_has_the_two_commands():
    text = (ROOT / "README.md").read_text("utf-8")
    assert (
        "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt . "
        "&& .venv/bin/windtunnel demo\n"
    ) in text
    assert (
        "python3 -m venv .venv && .venv/bin/pip install -c constraints.txt "
        '-e ".[test]" && .venv/bin/pytest\n'
    ) in text


HANDLES = (Service, ClockHandle, JournalHandle, FaultsHandle, LimitsHandle)


class Options(list[str]):
    """What a plugin adds to pytest's command line."""

    def getgroup(self, name):
        return self

    def addoption(self, name, **facts):
        self.append(name)


def test_the_page_of_pytest_names_all_of_the_fixture_and_its_options():
    page = (ROOT / "docs/reference/pytest.md").read_text("utf-8")
    options = Options()
    for plugin in (simulator_plugin, scenarios_plugin):
        plugin.pytest_addoption(options)
    members = {*vars(Windtunnel(SimpleNamespace(env=defaultdict(str)))), "reset()"}
    calls = {f"{name}(" for handle in HANDLES for name in vars(handle) if name[0] != "_"}
    promised = {*(f"`{member}`" for member in members), *(f"`{name}" for name in calls), *options}
    assert {words for words in promised if words not in page} == set()
    assert len(promised) > 20

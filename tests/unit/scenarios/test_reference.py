"""The scenario pages tell of every step, key, matcher and function, and their examples load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from windtunnel.scenarios.document import ROOTS, Scenario, Step, load_scenario
from windtunnel.scenarios.functions import FUNCTIONS
from windtunnel.scenarios.matchers import MATCHERS, TYPES
from windtunnel.scenarios.step_models import NOT_YET

DOCS = Path(__file__).parents[3] / "docs"
REFERENCE = (DOCS / "reference" / "scenarios.md").read_text("utf-8")
EXAMPLES = re.findall(
    r"```yaml\n(.*?)```", (DOCS / "how-to" / "write-a-scenario.md").read_text("utf-8"), re.DOTALL
)


@pytest.mark.parametrize("kind", Step.model_fields)
def test_every_step_kind_has_a_heading(kind):
    assert f"\n## `{kind}`\n" in REFERENCE


@pytest.mark.parametrize(
    "word", [*MATCHERS, *TYPES, *FUNCTIONS, *ROOTS, *NOT_YET, *Scenario.model_fields]
)
def test_every_word_of_the_language_is_told(word):
    assert re.search(rf"(?<![\w$]){re.escape(word)}(?!\w)", REFERENCE)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.splitlines()[0])
def test_every_example_loads(tmp_path, example):
    path = tmp_path / "example.scenario.yaml"
    path.write_text(example, "utf-8")
    assert load_scenario(path).scenario.steps

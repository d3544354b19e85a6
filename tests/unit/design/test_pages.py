"""Committed reference pages are what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from windtunnel.contracts.limits import LIMITS
from windtunnel.design.pages import PAGES, limits_page, rules_page, write_pages
from windtunnel.design.rules import RULES

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"


@pytest.mark.parametrize("name", PAGES)
def test_the_committed_page_is_the_generated_one(name):
    committed = (REFERENCE / name).read_text(encoding="utf-8")
    assert committed == PAGES[name](), "run: python -m windtunnel.design.pages"


def test_every_rule_and_limit_has_its_place():
    rules, limits = rules_page(), limits_page()
    assert all(f"\n## {rule.name}\n" in rules for rule in RULES)
    assert all(f"| `{limit_id}` |" in limits for limit_id in LIMITS)
    assert rules.count("```") % 2 == 0


def test_pages_are_written_where_told(tmp_path):
    write_pages(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(PAGES)

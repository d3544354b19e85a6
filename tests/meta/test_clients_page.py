"""The page of clients names every package that the acceptance tests install, in that version."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = re.compile(r'"(@?[A-Za-z][\w./-]*?)(?:\[\w+\])?(?:==|@)(\d[\w.]*)"')


def test_every_client_that_is_installed_is_on_the_page():
    page = (ROOT / "docs/reference/clients.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("|")]
    installed = {
        found
        for file in (ROOT / "tests/acceptance").glob("test_*.py")
        for found in PACKAGE.findall(file.read_text("utf-8"))
    } - {("pysqlite3", "0.6.1")}  # no client: it stands in for a module of the standard library
    assert len(installed) > 15
    missing = [
        f"{name} {version}"
        for name, version in sorted(installed)
        if not any(name in row and version in row for row in rows)
    ]
    assert not missing

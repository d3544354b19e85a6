"""The fidelity page of finance and operations promises nothing that no test shows."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOLDERS = ("protocol/finance_operations", "unit/finance_operations", "fuzz", "acceptance")


def test_every_behaviour_has_a_state_and_a_test_that_is_there():
    files = (file for folder in FOLDERS for file in (ROOT / "tests" / folder).glob("test_*.py"))
    written = "\n".join(file.read_text("utf-8") for file in files)
    names = set(re.findall(r"^def (test_\w+)", written, re.MULTILINE))
    lines = (ROOT / "tools" / "fidelity_finance_operations.txt").read_text("utf-8").splitlines()
    assert len(lines) > 50
    for line in lines:
        _, text, state, *test = (part.strip() for part in line.split("|"))
        assert state in {"confirmed", "documented", "assumed", "absent"}, text
        assert "".join(test) in names or (state == "absent" and not test), text

"""The reference page of Entra ID says what the code does."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_reference_page_is_current():
    spec = importlib.util.spec_from_file_location("entra_page", ROOT / "tools/entra_page.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text("utf-8") == module.page(), "run: python tools/entra_page.py"

"""The committed entity document is what the tool makes of the collected facts."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
from pathlib import Path

import pytest

from windtunnel.contracts.entities.finance_operations.load import DOCUMENT, entity_types

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("WT_SHARED_DATA", ROOT.parent / "shared/data"))
FACTS = SHARED / "finance-operations/entities-full.json.gz"


def test_the_document_is_current() -> None:
    if not FACTS.is_file():
        pytest.skip(f"the collected facts are not here: {FACTS}")
    spec = importlib.util.spec_from_file_location("fo_entities", ROOT / "tools/fo_entities.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    with gzip.open(FACTS, "rt", encoding="utf-8") as file:
        assert tool.document(json.load(file)) == DOCUMENT.read_text("utf-8")


def test_nullability_follows_the_type() -> None:
    for kind in entity_types().types.values():
        for name, item in kind.properties.items():
            is_text = item.edm == "Edm.String"
            is_enum = not item.edm.startswith("Edm.")
            assert item.nullable == (is_enum or (is_text and name not in kind.key)), name


def test_keys_come_first_and_labels_are_there() -> None:
    for kind in entity_types().types.values():
        assert tuple(kind.properties)[: len(kind.key)] == kind.key
        assert kind.label
        assert all(item.label and item.x_type for item in kind.properties.values())

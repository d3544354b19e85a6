"""The committed entity types are what the tool makes of the collected facts."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
from pathlib import Path

import pytest

from windtunnel.contracts import csdl
from windtunnel.contracts.entities.finance_operations.load import LINES, document, entity_types

ROOT = Path(__file__).parents[3]
SHARED = Path(os.environ.get("WT_SHARED_DATA", ROOT.parent / "shared/data"))
FACTS = SHARED / "finance-operations/entities-full.json.gz"


def test_the_types_are_current() -> None:
    if not FACTS.is_file():
        pytest.skip(f"the collected facts are not here: {FACTS}")
    spec = importlib.util.spec_from_file_location("fo_entities", ROOT / "tools/fo_entities.py")
    assert spec is not None
    assert spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    with gzip.open(FACTS, "rt", encoding="utf-8") as file:
        assert tool.lines(json.load(file)) == LINES.read_bytes()


def test_nullability_follows_the_type() -> None:
    for kind in entity_types().types.values():
        for name, item in kind.properties.items():
            is_text = item.edm == "Edm.String"
            is_binary = item.edm == "Edm.Binary"
            is_enum = not item.edm.startswith("Edm.")
            may = is_enum or is_binary or (is_text and name not in kind.key)
            assert item.nullable == may, name


def test_keys_come_first_and_labels_are_there() -> None:
    for kind in entity_types().types.values():
        assert tuple(kind.properties)[: len(kind.key)] == kind.key
        assert kind.label
        assert all(item.label and item.x_type for item in kind.properties.values())


def test_the_document_holds_every_set_property_and_enumeration() -> None:
    parsed, found = csdl.parse_csdl(document()), entity_types()
    assert set(parsed.entity_sets) == set(found.types)
    assert len(found.types) == 55
    assert sum(len(kind.properties) for kind in found.types.values()) == 3_486
    for kind in found.types.values():
        written = parsed.entity_types[kind.name]
        assert written.key == kind.key
        assert [item.name for item in written.properties] == list(kind.properties)
        assert {link.name for link in written.navigations} == set(kind.navigations)
    members = {name: enum.members for name, enum in parsed.enum_types.items()}
    assert members == {name: enum.members for name, enum in found.enums.items()}


def test_a_navigation_leads_back_by_the_same_columns() -> None:
    found = entity_types()
    for kind in found.types.values():
        for link in kind.navigations.values():
            there = found.types[found.sets_by_type[link.target]].navigations[link.partner]
            assert there.target == kind.name
            assert {(b, a) for a, b in there.pairs} == set(link.pairs)


def test_keys_and_enumerations_are_those_of_a_connector_made_from_live_metadata() -> None:
    """Members may be fewer or more by version; keys and the values of shared columns agree."""
    file = SHARED / "finance-operations/scm-connector-types.json.gz"
    if not file.is_file():
        pytest.skip(f"the collected facts are not here: {file}")
    with gzip.open(file, "rt", encoding="utf-8") as opened:
        live = json.load(opened)
    compared = 0
    for name, seen in live["sets"].items():
        kind = entity_types().types.get(name)
        if kind is None:
            continue
        compared += 1
        assert kind.name == seen["type"], name
        if seen["keys"] != ["(single)"]:
            assert list(kind.key) == seen["keys"], name
        for column, edm in seen["fields"].items():
            found = kind.properties.get(column)
            if found is not None and not found.edm.startswith("Edm."):
                assert found.edm.rpartition(".")[2] == edm, (name, column)
    assert compared >= 12

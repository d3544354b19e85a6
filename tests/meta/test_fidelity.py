"""The fidelity pages promise nothing that no test shows."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from windtunnel.simulator.exchange import ServiceError
from windtunnel.simulator.services.data_management.errors import PackageActionRefused
from windtunnel.simulator.services.data_management.faults import FileFault

ROOT = Path(__file__).parents[2]
TABLES = {
    "finance_operations": (
        "protocol/finance_operations",
        "unit/finance_operations",
        "fuzz",
        "acceptance",
    ),
    "data_management": ("protocol/data_management", "unit/data_management", "acceptance"),
    "recurring_integrations": ("protocol/data_management", "unit/data_management"),
    "electronic_reporting": ("protocol/electronic_reporting", "unit/electronic_reporting"),
    "invoice_capture": ("protocol/invoice_capture",),
}
"""Tables of behaviours in tools, and the folders of the tests that they name."""


def test_every_table_is_looked_at():
    tables = {
        file.stem.removeprefix("fidelity_") for file in (ROOT / "tools").glob("fidelity_*.txt")
    }
    assert tables == set(TABLES)


@pytest.mark.parametrize("service", TABLES)
def test_every_behaviour_has_a_state_and_a_test_that_is_there(service):
    files = (file for name in TABLES[service] for file in (ROOT / "tests" / name).glob("test_*.py"))
    written = "\n".join(file.read_text("utf-8") for file in files)
    names = set(re.findall(r"^def (test_\w+)", written, re.MULTILINE))
    lines = (ROOT / "tools" / f"fidelity_{service}.txt").read_text("utf-8").splitlines()
    assert len(lines) > 15
    for line in lines:
        _, text, state, *test = (part.strip() for part in line.split("|"))
        assert state in {"confirmed", "documented", "assumed", "absent"}, text
        assert "".join(test) in names or (state == "absent" and not test), text


def kinds_of(base):
    for kind in base.__subclasses__():
        if kind.__module__.startswith("windtunnel."):
            yield kind
            yield from kinds_of(kind)


def test_every_error_on_a_page_is_raised_somewhere():
    import_module("windtunnel.simulator.web.house")
    used = {"TenantThrottled", "Transient", "RequestLoop"}  # a fault names these by their code
    for file in (ROOT / "simulator").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Name):
                used.add(node.id)
            elif isinstance(node, ast.Attribute):
                used.add(node.attr)
    bases = (ServiceError, FileFault, PackageActionRefused)
    kinds = [kind for base in bases for kind in kinds_of(base)]
    assert len(kinds) > 300
    assert sorted({kind.__name__ for kind in kinds} - used) == []

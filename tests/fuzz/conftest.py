"""How much is generated: short by default."""

from __future__ import annotations


def pytest_addoption(parser) -> None:
    group = parser.getgroup("fuzz")
    group.addoption("--fuzz", type=int, default=10_000, help="Generated requests per seed.")
    group.addoption("--fuzz-seed", type=int, default=365, help="Where generated requests begin.")

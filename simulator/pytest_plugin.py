"""pytest: the fixture `windtunnel`, one simulator per worker, at its first content per test."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from windtunnel.simulator.web.handle import Windtunnel


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the fixture."""
    group = parser.getgroup("windtunnel")
    group.addoption(
        "--windtunnel-config",
        type=Path,
        default=None,
        help="windtunnel.toml of the simulators (default: the one in the working folder).",
    )
    group.addoption(
        "--windtunnel-clock",
        default=None,
        help="Clock of the simulators: real, manual, or a factor such as 60x.",
    )
    group.addoption(
        "--windtunnel-seed", type=int, default=None, help="Seed of ids, choices and sample data."
    )


@pytest.fixture(scope="session")
def windtunnel_simulator(
    request: pytest.FixtureRequest,
) -> Generator[Windtunnel, None, None]:
    """The simulators of this worker, running for the whole session."""
    from windtunnel.simulator.kernel.settings import load
    from windtunnel.simulator.web.handle import Windtunnel
    from windtunnel.simulator.web.running import Simulator

    overrides: dict[str, object] = {"simulator.port_base": 0}
    options = {"simulator.clock": "clock", "simulator.seed": "seed"}
    for setting, option in options.items():
        value = request.config.getoption(f"--windtunnel-{option}")
        if value is not None:
            overrides[setting] = value
    config = request.config.getoption("--windtunnel-config")
    with Simulator(load(config, overrides=overrides)) as simulator:
        yield Windtunnel(simulator)


@pytest.fixture
def windtunnel(windtunnel_simulator: Windtunnel) -> Windtunnel:
    """The simulators, back at their first content: `.env`, `.dataverse`, `.fo`, `.clock`, ..."""
    windtunnel_simulator.reset()
    return windtunnel_simulator

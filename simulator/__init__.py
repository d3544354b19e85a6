"""Simulators of Dynamics 365 services that keep what the real ones promise."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from windtunnel.simulator.web.running import Simulator

__all__ = ["Simulator"]


def __getattr__(name: str) -> Any:
    if name == "Simulator":
        from windtunnel.simulator.web.running import Simulator

        return Simulator
    raise AttributeError(f"module 'windtunnel.simulator' has no attribute {name!r}")

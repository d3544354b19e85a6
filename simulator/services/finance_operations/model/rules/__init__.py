"""Defaults and checks of single entities, a module for each area."""

from windtunnel.simulator.services.finance_operations.model.rules.rules import Rules

__all__ = ["Rules"]

"""Forecast: whole planned days on virtual time, against the limits that the servers enforce."""

from __future__ import annotations

from windtunnel.design.forecast.plans import FlowPlan, plan_flows
from windtunnel.design.forecast.replay import replay, replay_environment
from windtunnel.design.forecast.run import forecast

__all__ = ["FlowPlan", "forecast", "plan_flows", "replay", "replay_environment"]

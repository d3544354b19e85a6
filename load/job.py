"""What a Locust process is told, as a file; it holds secrets: readable by its owner only."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from windtunnel.contracts.documents import Plan, PlanFlow
from windtunnel.load.arrivals import MOST_ARRIVALS, Spacing, expected
from windtunnel.load.errors import LoadError

MESSAGE_MARK = "\x1e"
"""Stands on standard error before the message of a mistake that the person made."""


class Job(BaseModel):
    """One load run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    plan: Plan
    file: str
    environment: dict[str, str]
    result: str
    duration: float
    drain: float
    scale: float
    seed: int
    spacing: Spacing = "poisson"
    role: Literal["local", "web", "master", "worker"] = "local"
    workers: int = 1
    master_host: str = "127.0.0.1"
    master_port: int = 5557
    web_port: int = 8089
    company: str = "usmf"
    notes: tuple[str, ...] = ()
    properties: dict[str, str] = {}

    @property
    def bucket_seconds(self) -> float:
        """Length of a slice of the timeline: whole seconds, at most 600 slices."""
        return float(max(1, round((self.duration + self.drain) / 600)))

    def write(self, path: Path) -> None:
        """Write the job where `read` finds it."""
        path.touch(mode=0o600)
        path.write_text(self.model_dump_json(), "utf-8")

    @classmethod
    def read(cls, path: Path) -> Job:
        """The job that `write` wrote."""
        return cls.model_validate_json(path.read_text("utf-8"))


def check_size(flows: tuple[PlanFlow, ...], duration: float, scale: float) -> float:
    """How many requests are planned; LoadError when that is none or too many for a load."""
    total = sum(expected(flow, duration, scale) for flow in flows)
    if total > MOST_ARRIVALS:
        raise LoadError(
            f"the plan means {total:,.0f} requests in {duration:g} s, more than {MOST_ARRIVALS:,}",
            remedy="lower --scale or --duration, or forecast the plan on virtual time",
        )
    if total < 1:
        raise LoadError(
            f"the plan means {total:.2g} requests in {duration:g} s: nothing would be sent",
            remedy="raise --duration or --scale",
        )
    return total

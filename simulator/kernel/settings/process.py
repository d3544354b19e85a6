"""Settings of the process: `[simulator]`, `[web]`, `[journal]` and `[proxy]`."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from windtunnel.simulator.kernel.settings.section import Section

CLOCK = re.compile(r"real|manual|(\d{1,9}(?:\.\d{1,9})?)x")


def _clock(text: str) -> str:
    if not CLOCK.fullmatch(text):
        raise ValueError(f"{text!r} is not a clock; Use real, manual, or a factor such as 60x.")
    return text


def _moment(text: str) -> str:
    try:
        datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{text!r} is not a moment; Write it as 2026-01-31T08:00:00Z.") from error
    return text


class SimulatorSettings(Section):
    """`[simulator]`: the process."""

    host: str = Field(default="127.0.0.1", description="Address to listen on; loopback by default.")
    port_base: int | None = Field(
        default=None, ge=0, le=60_000, description="Shift of all ports; 0 picks free ones."
    )
    tls: bool = Field(default=True, description="Serve the https origins too.")
    database: Path | None = Field(
        default=None, description="File to keep the data in; memory without."
    )
    seed: int = Field(default=365, description="Seed of ids, random choices and sample data.")
    clock: Annotated[str, AfterValidator(_clock)] = Field(
        default="real", description="real, manual, or a factor such as 60x."
    )
    clock_start: Annotated[str, AfterValidator(_moment)] | None = Field(
        default=None, description="First moment of a manual or scaled clock."
    )
    data_folder: Path | None = Field(
        default=None, description="Where the local CA and caches are kept."
    )
    limits_file: Path | None = Field(
        default=None, description="YAML file with other numbers for limits."
    )
    sample_data: bool = Field(default=True, description="Seed sample records.")


class WebSettings(Section):
    """`[web]`: what a connection may take."""

    header_bytes: int = Field(default=131_072, ge=1_024)
    body_bytes: int = Field(default=268_435_456, ge=1_024, description="Largest request body.")
    idle_seconds: float = Field(default=120.0, gt=0)
    receive_seconds: float = Field(default=60.0, gt=0)
    connections: int = Field(default=10_000, ge=1)


class JournalSettings(Section):
    """`[journal]`: what is remembered of requests."""

    entries: int = Field(default=10_000, ge=1)
    body_bytes: int = Field(default=16_384, ge=0)


class ProxySettings(Section):
    """`[proxy]`: the forward proxy that answers for host names of the cloud."""

    enabled: bool = Field(default=True, description="Listen (port 8374).")
    hosts: dict[str, str] = Field(
        default_factory=dict,
        description="More names, each with its service: `entra`, `dataverse`, "
        "`finance_operations`, ...; `*.suffix` stands for one label.",
    )
    https_port: int | None = Field(
        default=None,
        ge=0,
        le=65_535,
        description="Port that answers for all these names without a proxy; 443 in a container.",
    )

"""Settings of business events."""

from __future__ import annotations

from pydantic import Field

from windtunnel.simulator.kernel.settings.section import Section


class EndpointSettings(Section):
    """`[[business_events.endpoints]]`: where events are sent."""

    name: str
    url: str
    events: tuple[str, ...] = Field(default=(), description="Business event ids to activate.")
    companies: tuple[str, ...] = Field(default=(), description="Companies; none means all.")


class BusinessEventsSettings(Section):
    """`[business_events]`: the parameters page and the endpoints."""

    retry_count: int = Field(default=3, ge=0)
    retry_wait_ms: int = Field(default=1000, ge=0)
    timeout_ms: int = Field(default=10_000, ge=1)
    endpoints_per_event: int = Field(default=10, ge=1)
    threads: int = Field(default=4, ge=1, le=64)
    bundle_size: int = Field(default=20, ge=1)
    endpoints: tuple[EndpointSettings, ...] = ()

"""Settings of limits: `[limits.ID]`."""

from __future__ import annotations

from pydantic import Field

from windtunnel.simulator.kernel.settings.section import Section


class LimitSettings(Section):
    """`[limits.ID]`: another number for a limit."""

    allowance: float | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, gt=0)

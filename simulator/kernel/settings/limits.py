"""Settings of limits: `[limits.ID]`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from windtunnel.contracts.limits import LIMITS, UnknownLimit
from windtunnel.simulator.kernel.settings.section import Section


class LimitSettings(Section):
    """`[limits.ID]`: another number for a limit."""

    allowance: float | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, gt=0)


def _known(limit_id: str) -> str:
    try:
        return LIMITS[limit_id].id
    except UnknownLimit as error:
        text = str(error).replace("; d", "; D")
        raise ValueError(
            text if ";" in text else f"{text}; See docs/reference/limits.md."
        ) from error


LimitId = Annotated[str, AfterValidator(_known)]

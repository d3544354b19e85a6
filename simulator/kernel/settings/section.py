"""What every table of settings is made of: the base of its model and the types of its values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A table of `windtunnel.toml`; keys that it does not name are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Work = Annotated[str, Field(pattern=r"^(immediate|manual|time:\s*\d+(\.\d+)?)$")]
"""Work that takes time in reality: `immediate`, `time: SECONDS` (on the clock) or `manual`."""

ThrottlingPriority = Literal["high", "medium", "low", "exempt"]

Guid = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]

"""Settings of Dataverse."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from windtunnel.simulator.kernel.settings.section import Section, Work

ApiType = Literal[
    "Boolean",
    "DateTime",
    "Decimal",
    "Entity",
    "EntityCollection",
    "EntityReference",
    "Float",
    "Integer",
    "Money",
    "Picklist",
    "String",
    "StringArray",
    "Guid",
]


class ApiParameterSettings(Section):
    """`[[dataverse.custom_apis.parameters]]` and `response`: one value."""

    name: str = Field(pattern=r"^[A-Za-z_]\w*$")
    type: ApiType
    optional: bool = False
    table: str = Field(default="", description="Of Entity and its kin: the table; none means any.")


class CustomApiSettings(Section):
    """`[[dataverse.custom_apis]]`: a function or action of your own."""

    name: str = Field(pattern=r"^[A-Za-z_]\w*$", description="The unique name.")
    kind: Literal["action", "function"] = "action"
    bound_to: str = Field(default="", description="A table's logical name; none means at the root.")
    binding: Literal["record", "collection"] = "record"
    parameters: tuple[ApiParameterSettings, ...] = ()
    response: tuple[ApiParameterSettings, ...] = ()
    function: str = Field(
        default="", description="`module:function` in Python; it takes an ApiCall, returns a dict."
    )
    answer: dict[str, Any] = Field(
        default_factory=dict, description="What it answers when it has no function."
    )


class DataverseSettings(Section):
    """`[dataverse]`: the environment."""

    organization: str = "contoso"
    web_servers: int = Field(
        default=1, ge=1, le=64, description="Each counts its limits by itself."
    )
    throttle: bool = True
    latency: Literal["none", "modelled"] = Field(
        default="none", description="modelled: answers take the time that the cost model charges."
    )
    schemas: tuple[Path, ...] = Field(
        default=(),
        description="$metadata documents and JSON of EntityDefinitions or "
        "GlobalOptionSetDefinitions (also .gz), served beside ours.",
    )
    custom_apis: tuple[CustomApiSettings, ...] = ()
    bulk_delete: Work = Field(
        default="immediate",
        description="When BulkDelete and BulkDetectDuplicates do their work, by the clock or by "
        "hand.",
    )
    background_operations: Work = Field(
        default="immediate", description="When work asked for by Prefer: respond-async is done."
    )
    entitlement: Literal["report", "enforce"] = Field(
        default="report",
        description="Requests per 24 hours: counted in limit use, or also refused with 429.",
    )
    search_lag_seconds: float = Field(
        default=5.0, ge=0.0, description="How long a write takes to be found by Dataverse search."
    )
    compression: bool = Field(
        default=True, description="Answers are compressed where the client accepts gzip."
    )

"""Settings of finance and operations, its actions, custom services and users."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from windtunnel.simulator.kernel.settings.section import Section


class ActionParameterSettings(Section):
    """`[[finance_operations.actions.parameters]]`: one parameter."""

    name: str = Field(pattern=r"^[A-Za-z_]\w*$")
    type: str = Field(
        default="Edm.String", description="`Edm.X`, an enumeration, or a `Collection()` of one."
    )
    nullable: bool = True
    optional: bool = Field(default=False, description="May be left out of the body.")


class ActionSettings(Section):
    """`[[finance_operations.actions]]`: an OData action of your own."""

    name: str = Field(pattern=r"^[A-Za-z_]\w*$")
    entity_set: str = Field(default="", description="The set it is bound to; none means unbound.")
    binding: Literal["record", "collection"] = "record"
    parameters: tuple[ActionParameterSettings, ...] = ()
    returns: str = Field(
        default="", description="As a parameter's type, or an entity type; none means nothing."
    )
    function: str = Field(
        default="", description="`module:function` in Python; it takes an ActionCall."
    )
    answer: Any = Field(default=None, description="What it answers when it has no function.")


class ServiceMemberSettings(Section):
    """Parameters of an operation, members of a data contract: one value."""

    name: str = Field(pattern=r"^[A-Za-z_]\w*$")
    type: str = Field(
        default="string",
        description="`string`, `int`, `int64`, `real`, `boolean`, `date`, `utcdatetime`, `guid`, "
        "an enumeration or a data contract; `[]` behind it makes a list.",
    )


class DataContractSettings(Section):
    """`[[finance_operations.contracts]]`: a data contract of custom services."""

    name: str = Field(pattern=r"^[A-Za-z_]\w*$")
    members: tuple[ServiceMemberSettings, ...] = ()


class ServiceOperationSettings(Section):
    """`[[finance_operations.services.operations]]`: one operation."""

    name: str = Field(pattern=r"^[A-Za-z_]\w*$")
    parameters: tuple[ServiceMemberSettings, ...] = ()
    returns: str = Field(default="", description="As a parameter's type; none means nothing.")
    function: str = Field(
        default="", description="`module:function` in Python; it takes an OperationCall."
    )
    answer: Any = Field(default=None, description="What it answers when it has no function.")


class CustomServiceSettings(Section):
    """`[[finance_operations.services]]`: a custom service of your own."""

    group: str = Field(pattern=r"^[A-Za-z_]\w*$", description="The service group.")
    name: str = Field(pattern=r"^[A-Za-z_]\w*$")
    external_name: str = Field(default="", description="Its name in SOAP; none means the name.")
    namespace: str = Field(default="http://tempuri.org", description="Of its operations in SOAP.")
    operations: tuple[ServiceOperationSettings, ...] = ()


class FinanceOperationsUserSettings(Section):
    """`[[finance_operations.users]]`: a user with another company or less than all rights."""

    id: str = Field(description="As clients are mapped to it, or a user's sign-in name.")
    company: str = Field(default="", description="Default company; none means the environment's.")
    enabled: bool = True
    access: dict[str, Literal["none", "read", "write"]] = Field(
        default_factory=dict,
        description="By entity set, `*` for all others; empty means everything.",
    )


class FinanceOperationsSettings(Section):
    """`[finance_operations]`: the environment."""

    throttle: bool = True
    release: str = Field(
        default="10.0.47",
        pattern=r"^\d+\.\d+\.\d+(\.\d+)?$",
        description="Release of the application; it decides by which rules requests are throttled.",
    )
    throttling: Literal["resource", "user"] | None = Field(
        default=None,
        description="resource: by the load only; user: by the user-based limits too, which ended "
        "with 10.0.36. None: as the release does.",
    )
    unmapped_priority: Literal["high", "medium", "low"] = Field(
        default="low", description="Throttling priority of callers without one."
    )
    package_api: Literal["throttled", "exempt"] = Field(
        default="throttled",
        description="Whether calls of the data management package API are requests like others.",
    )
    web_servers: int | None = Field(
        default=None, ge=1, le=64, description="Else limit `fo.model.servers`."
    )
    cores: int | None = Field(
        default=None, ge=1, description="Of each web server; else limit `fo.model.cores`."
    )
    memory_mb: int | None = Field(
        default=None, ge=1, description="Of each web server; else limit `fo.model.memory`."
    )
    latency: Literal["none", "modelled"] = "none"
    default_company: str = "usmf"
    write_error_status: Literal[400, 500] = 400
    action_error_status: Literal[400, 500] = 500
    page_size: int = Field(default=10_000, ge=1, le=10_000)
    compression: bool = Field(
        default=True, description="Answers are compressed where the client accepts gzip."
    )
    next_link: Literal["skip", "skiptoken"] = Field(
        default="skip", description="How a next link says where the page begins."
    )
    string_functions: Literal["refused", "accepted"] = Field(
        default="refused", description="contains, startswith and their kin in $filter of /data."
    )
    schemas: tuple[Path, ...] = Field(
        default=(),
        description="$metadata documents, also compressed by gzip: their sets are served.",
    )
    set_aliases: dict[str, str] = Field(
        default_factory=dict,
        description="Further names of entity sets, as some clients call them: "
        '`{ SalesOrderLinesV2 = "SalesOrderLines" }`.',
    )
    dimensions: tuple[str, ...] = Field(
        default=("BusinessUnit", "Department", "CostCenter", "ItemGroup"),
        description="Active format of financial dimensions for integrating applications, in "
        "order: BusinessUnit, Department, CostCenter, ItemGroup where nothing is said.",
    )
    dimension_delimiter: Literal["-", ".", "_", "|"] = Field(
        default="-", description="Between the segments of account and dimension display values."
    )
    actions: tuple[ActionSettings, ...] = ()
    services: tuple[CustomServiceSettings, ...] = ()
    contracts: tuple[DataContractSettings, ...] = ()
    users: tuple[FinanceOperationsUserSettings, ...] = ()

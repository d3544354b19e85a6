"""Settings of a simulator: `windtunnel.toml`, then `WINDTUNNEL_...` variables, then flags.

Unknown keys are refused with the line they stand in. Everything has a default: with no file at all
the demo set runs (tenant contoso, companies usmf, usrt, demf, gbsi, one registered client).
"""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from windtunnel.simulator.exchange import UsageError

Work = Annotated[str, Field(pattern=r"^(immediate|manual|time:\s*\d+(\.\d+)?)$")]
"""Work that takes time in reality: `immediate`, `time: SECONDS` (on the clock) or `manual`."""

ThrottlingPriority = Literal["high", "medium", "low", "exempt"]

Guid = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]

DEMO_TENANT = "8f3c1d52-0c1a-4f5e-9a43-0e6f7c2b9d10"
DEMO_CLIENT = "5c9b2a57-6f0d-4d7e-8a55-3d1f0a9be001"
DEMO_SECRET = "windtunnel-demo-secret"  # noqa: S105 - a public value of the demo set
DEMO_ACCOUNT = "contoso"
DEMO_ACCOUNT_KEY = (
    "d2luZHR1bm5lbCBkZW1vIGtleSBvZiBibG9iIHN0b3JhZ2U6IGV2ZXJ5Ym9keSBrbm93cyBpdCwgdGVzdHMgbw=="
)


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SimulatorSettings(_Section):
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
    clock: str = Field(default="real", description="real, manual, or a factor such as 60x.")
    clock_start: str | None = Field(
        default=None, description="First moment of a manual or scaled clock."
    )
    data_folder: Path | None = Field(
        default=None, description="Where the local CA and caches are kept."
    )
    limits_file: Path | None = Field(
        default=None, description="YAML file with other numbers for limits."
    )
    sample_data: bool = Field(default=True, description="Seed sample records.")


class WebSettings(_Section):
    """`[web]`: what a connection may take."""

    header_bytes: int = Field(default=131_072, ge=1_024)
    body_bytes: int = Field(default=268_435_456, ge=1_024, description="Largest request body.")
    idle_seconds: float = Field(default=120.0, gt=0)
    receive_seconds: float = Field(default=60.0, gt=0)
    connections: int = Field(default=10_000, ge=1)


class JournalSettings(_Section):
    """`[journal]`: what is remembered of requests."""

    entries: int = Field(default=10_000, ge=1)
    body_bytes: int = Field(default=16_384, ge=0)


class ClientSettings(_Section):
    """`[[entra.clients]]`: an app registration."""

    app_id: Guid
    name: str = ""
    object_id: Guid | None = None
    secrets: tuple[str, ...] = ()
    expired_secrets: tuple[str, ...] = ()
    certificates: tuple[Path, ...] = Field(
        default=(), description="PEM files of public certificates."
    )
    redirect_uris: tuple[str, ...] = ()
    dataverse_roles: tuple[str, ...] = ("System Administrator",)
    finance_operations_user: str = Field(
        default="Admin", description="User the application maps to."
    )
    priority: ThrottlingPriority | None = Field(
        default=None, description="F&O throttling priority; `exempt` stands for Microsoft's own."
    )


class UserSettings(_Section):
    """`[[entra.users]]`: a person."""

    upn: str
    name: str = ""
    object_id: Guid | None = None
    password: str | None = None
    dataverse_roles: tuple[str, ...] = ("System Administrator",)
    priority: ThrottlingPriority | None = Field(
        default=None, description="F&O throttling priority of the user's requests."
    )


class EntraSettings(_Section):
    """`[entra]`: the tenant."""

    tenant_id: Guid = DEMO_TENANT
    domain: str = "contoso.onmicrosoft.com"
    token_seconds: int = Field(default=3599, ge=1)
    lenient_resources: bool = Field(
        default=False, description="Issue tokens for resources nobody registered."
    )
    clients: tuple[ClientSettings, ...] = (
        ClientSettings(app_id=DEMO_CLIENT, name="windtunnel demo", secrets=(DEMO_SECRET,)),
    )
    users: tuple[UserSettings, ...] = ()
    static_tokens: dict[str, Guid] = Field(
        default_factory=dict,
        description="Fixed bearer tokens, each mapped to an app id; for clients that send a "
        "constant. Off when empty.",
    )


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


class ApiParameterSettings(_Section):
    """`[[dataverse.custom_apis.parameters]]` and `response`: one value."""

    name: str = Field(pattern=r"^[A-Za-z_]\w*$")
    type: ApiType
    optional: bool = False
    table: str = Field(default="", description="Of Entity and its kin: the table; none means any.")


class CustomApiSettings(_Section):
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


class DataverseSettings(_Section):
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
        default="immediate", description="When BulkDelete does its work, by the clock or by hand."
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


class ActionParameterSettings(_Section):
    """`[[finance_operations.actions.parameters]]`: one parameter."""

    name: str = Field(pattern=r"^[A-Za-z_]\w*$")
    type: str = Field(
        default="Edm.String", description="`Edm.X`, an enumeration, or a `Collection()` of one."
    )
    nullable: bool = True
    optional: bool = Field(default=False, description="May be left out of the body.")


class ActionSettings(_Section):
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


class ServiceMemberSettings(_Section):
    """Parameters of an operation, members of a data contract: one value."""

    name: str = Field(pattern=r"^[A-Za-z_]\w*$")
    type: str = Field(
        default="string",
        description="`string`, `int`, `int64`, `real`, `boolean`, `date`, `utcdatetime`, `guid`, "
        "an enumeration or a data contract; `[]` behind it makes a list.",
    )


class DataContractSettings(_Section):
    """`[[finance_operations.contracts]]`: a data contract of custom services."""

    name: str = Field(pattern=r"^[A-Za-z_]\w*$")
    members: tuple[ServiceMemberSettings, ...] = ()


class ServiceOperationSettings(_Section):
    """`[[finance_operations.services.operations]]`: one operation."""

    name: str = Field(pattern=r"^[A-Za-z_]\w*$")
    parameters: tuple[ServiceMemberSettings, ...] = ()
    returns: str = Field(default="", description="As a parameter's type; none means nothing.")
    function: str = Field(
        default="", description="`module:function` in Python; it takes an OperationCall."
    )
    answer: Any = Field(default=None, description="What it answers when it has no function.")


class CustomServiceSettings(_Section):
    """`[[finance_operations.services]]`: a custom service of your own."""

    group: str = Field(pattern=r"^[A-Za-z_]\w*$", description="The service group.")
    name: str = Field(pattern=r"^[A-Za-z_]\w*$")
    external_name: str = Field(default="", description="Its name in SOAP; none means the name.")
    namespace: str = Field(default="http://tempuri.org", description="Of its operations in SOAP.")
    operations: tuple[ServiceOperationSettings, ...] = ()


class FinanceOperationsUserSettings(_Section):
    """`[[finance_operations.users]]`: a user with another company or less than all rights."""

    id: str = Field(description="As clients are mapped to it, or a user's sign-in name.")
    company: str = Field(default="", description="Default company; none means the environment's.")
    enabled: bool = True
    access: dict[str, Literal["none", "read", "write"]] = Field(
        default_factory=dict,
        description="By entity set, `*` for all others; empty means everything.",
    )


class FinanceOperationsSettings(_Section):
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


class EndpointSettings(_Section):
    """`[[business_events.endpoints]]`: where events are sent."""

    name: str
    url: str
    events: tuple[str, ...] = Field(default=(), description="Business event ids to activate.")
    companies: tuple[str, ...] = Field(default=(), description="Companies; none means all.")


class BusinessEventsSettings(_Section):
    """`[business_events]`: the parameters page and the endpoints."""

    retry_count: int = Field(default=3, ge=0)
    retry_wait_ms: int = Field(default=1000, ge=0)
    timeout_ms: int = Field(default=10_000, ge=1)
    endpoints_per_event: int = Field(default=10, ge=1)
    threads: int = Field(default=4, ge=1, le=64)
    bundle_size: int = Field(default=20, ge=1)
    endpoints: tuple[EndpointSettings, ...] = ()


class BlobAccountSettings(_Section):
    """`[[blob.accounts]]`: a storage account."""

    name: str = Field(pattern=r"^[a-z0-9]{3,24}$")
    keys: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9+/]{4,}={0,2}$")], ...] = Field(
        min_length=1, max_length=2, description="Account keys in base64; the second is optional."
    )


class BlobSettings(_Section):
    """`[blob]`: Blob Storage. Other services of the simulator use the first account."""

    accounts: tuple[BlobAccountSettings, ...] = Field(
        default=(BlobAccountSettings(name=DEMO_ACCOUNT, keys=(DEMO_ACCOUNT_KEY,)),), min_length=1
    )


def _below(folder: str) -> str:
    parts = PureWindowsPath(folder)
    if parts.drive or parts.root or ".." in parts.parts:
        raise ValueError("must be a folder below the root folder: no drive, no root, no '..'")
    return folder


Folder = Annotated[str, AfterValidator(_below)]
"""A folder below another one."""


class ErDestinationSettings(_Section):
    """`[[electronic_reporting.formats.destinations]]`: where the file of a run goes."""

    kind: Literal["archive", "file"] = Field(
        default="archive", description="archive: kept with the job too; file: put down only."
    )
    folder: Folder = Field(default="", description="Where the file is put, below the root folder.")
    create_folder: bool = True
    company: str = Field(default="", description="Only for runs of this company.")
    stop_on_failure: bool = Field(
        default=True, description="Whether the run fails when the file cannot be put down."
    )


class _ErMapping(_Section):
    name: str = Field(pattern=r"^[\w .-]+$")
    entity_set: str = Field(description="The public collection that is read or written.")
    columns: dict[Annotated[str, Field(pattern=r"^[A-Za-z_][\w.-]*$")], str] = Field(
        min_length=1, description="Element of the document = property of the entity."
    )
    root: str = Field(default="Document", pattern=r"^[A-Za-z_][\w.-]*$")
    record: str = Field(default="Record", pattern=r"^[A-Za-z_][\w.-]*$")


class ErFormatSettings(_ErMapping):
    """`[[electronic_reporting.formats]]`: an XML document of the records of an entity."""

    file_name: str = Field(
        default="{format}_{company}_{number}.xml",
        pattern=r"^[^/\\{}]*(\{(format|company|number)\}[^/\\{}]*)*$",
    )
    destinations: tuple[ErDestinationSettings, ...] = (ErDestinationSettings(),)


class ErSourceSettings(_ErMapping):
    """`[[electronic_reporting.sources]]`: a folder whose XML files are imported, one each run."""

    company: str = "usmf"
    folder: Folder
    mask: str = "*.xml"
    archive_folder: Folder = Field(
        default="", description="Where imported files go; none: they are deleted."
    )
    error_folder: Folder = Field(
        default="", description="Where failed files go; none: they stay where they are."
    )


class ElectronicReportingSettings(_Section):
    """`[electronic_reporting]`: formats, sources and the folder that stands for SharePoint."""

    folder: Path | None = Field(
        default=None,
        description="Root of all folders; none: .windtunnel/electronic-reporting where it runs.",
    )
    jobs: Work = Field(default="immediate", description="When a run is done.")
    formats: tuple[ErFormatSettings, ...] = ()
    sources: tuple[ErSourceSettings, ...] = ()


class SourceFormatSettings(_Section):
    """`[[data_management.source_formats]]`: one more source data format."""

    name: str = Field(min_length=1)
    kind: Literal["delimited", "fixed", "xml-element", "xml-attribute", "excel"] = "delimited"
    extension: str = "csv"
    code_page: int = Field(default=65001, description="1200 is UTF-16, 65001 UTF-8, 1252 ANSI.")
    column_delimiter: str = Field(default=",", min_length=1, max_length=1)
    row_delimiter: str = Field(
        default="{CR}{LF}", min_length=1, description="`{CR}` and `{LF}` stand for line ends."
    )
    text_qualifier: str = Field(default='"', max_length=1)
    has_header: bool = True
    upper_case: bool = True


class EntityPaceSettings(_Section):
    """`[[data_management.entities]]`: what is set for one data entity, by its label."""

    name: str
    change_tracking: bool = Field(default=False, description="Allow incremental exports.")
    set_based: bool = Field(default=False, description="Staging to target without row logic.")
    threshold: int = Field(
        default=0, ge=0, description="Import threshold record count; 0 means one task."
    )
    tasks: int = Field(default=1, ge=1, description="Import task count.")
    staging_rows_per_minute: float | None = Field(default=None, gt=0)
    target_rows_per_minute: float | None = Field(default=None, gt=0)
    export_rows_per_minute: float | None = Field(default=None, gt=0)


class RecurringEntitySettings(_Section):
    """`[[data_management.recurring_jobs.entities]]`: an entity of the job's data project."""

    name: str = Field(min_length=1, description="The label, such as Customers V3.")
    source_format: str = "CSV-Unicode"
    columns: tuple[str, ...] = Field(
        default=(), description="Fields that the file has, in upper case; none: all of the entity."
    )


class RecurringJobSettings(_Section):
    """`[[data_management.recurring_jobs]]`: a recurring data job."""

    id: Guid = Field(description="The activity id in the addresses of its endpoints.")
    name: str = Field(min_length=1)
    project: str = Field(min_length=1, description="Made from `entities` where it is not there.")
    direction: Literal["import", "export"] = "import"
    takes: Literal["file", "package"] = "file"
    entities: tuple[RecurringEntitySettings, ...] = ()
    company: str = Field(default="", description="Where a call names none; none: the default.")
    applications: tuple[Guid, ...] = Field(
        default=(), description="Client ids of the authorization policy; none: every client."
    )
    enabled: bool = True
    recurrence: Work = Field(
        default="manual",
        description="When the batch takes messages, or exports: immediate (imports only), "
        "`time: SECONDS` from one to the next, or manual.",
    )
    in_order: bool = Field(default=False, description="Process messages in order; files only.")
    prevent_upload_when_zero_records: bool = False

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.direction == "export" and self.recurrence == "immediate":
            raise ValueError("an export has a recurrence of 'time: SECONDS' or 'manual'")
        if self.in_order and (self.direction, self.takes) != ("import", "file"):
            raise ValueError("in_order is for jobs that import files")
        return self


class CompositeLineSettings(_Section):
    """`[[data_management.composites.lines]]`: an entity inside a composite one."""

    entity: str = Field(description="Its label.")
    columns: dict[str, str] = Field(
        description="Its columns, each with the header's column that it repeats."
    )


class CompositeSettings(_Section):
    """`[[data_management.composites]]`: one more composite entity."""

    name: str = Field(description="Its label.")
    target: str = Field(pattern=r"^[A-Za-z_]\w*$", description="Its AOT name.")
    header: str = Field(description="Label of the entity that the others stand in.")
    lines: tuple[CompositeLineSettings, ...] = Field(min_length=1)


class DataManagementSettings(_Section):
    """`[data_management]`: framework parameters, and how long its jobs take."""

    work: Work = Field(
        default="immediate",
        description="When a job begins: immediate, `time: SECONDS` of the clock, or manual.",
    )
    pace: Literal["full", "modelled"] = Field(
        default="full", description="Whether rows take the time of the throughput model."
    )
    batch_pickup_seconds: float = Field(default=30.0, ge=0, description="Modelled pace only.")
    staging_rows_per_minute: float = Field(default=120_000, gt=0)
    target_rows_per_minute: float = Field(default=1_800, gt=0, description="Of one thread.")
    set_based_rows_per_minute: float = Field(default=60_000, gt=0)
    export_rows_per_minute: float = Field(default=120_000, gt=0)
    threads: int = Field(default=8, ge=1, description="Maximum batch threads of a server.")
    batch_servers: int = Field(default=1, ge=1)
    entities: tuple[EntityPaceSettings, ...] = ()
    source_formats: tuple[SourceFormatSettings, ...] = ()
    composites: tuple[CompositeSettings, ...] = ()
    ansi_code_page: int = Field(
        default=65001, description="Code page of the built-in formats without -Unicode."
    )
    ensure_unique_execution_id: bool = Field(
        default=False, description="Off: ids made for exports are the same within a second."
    )
    enhanced_parallel_package_import: bool = Field(
        default=False, description="Off: two runs of one project at once fail."
    )
    write_url_seconds: float = Field(default=1_800, gt=0, description="Life of a write SAS.")
    download_url_seconds: float = Field(default=3_600, gt=0)
    retention_days: float = Field(default=7, gt=0, description="Life of history and blobs.")
    details_after_seconds: float = Field(
        default=0, ge=0, description="Until then a status call finds no execution details."
    )
    url_after_seconds: float = Field(
        default=0, ge=0, description="Time from success to the download URL."
    )
    package_bytes: int = Field(
        default=5_000_000_000, ge=1_024, description="What a package may unpack to."
    )
    package_ratio: int = Field(default=500, ge=2, description="How far a file may shrink.")
    export_megabytes: int = Field(default=5_000, ge=1, description="Largest export file.")
    nested_value: bool = Field(
        default=False, description='Package actions answer {"value": {"value": ..}}.'
    )
    needs_execution_id: bool = Field(
        default=False, description="Refuse calls that leave executionId out."
    )
    recurring_jobs: tuple[RecurringJobSettings, ...] = ()
    message_states: Literal["client", "documentation"] = Field(
        default="client", description="Whose spelling of states GetMessageStatus answers."
    )
    escape_errors: bool = Field(
        default=False, description="Make GetExecutionErrors valid JSON whatever the texts hold."
    )


class CaptureChannelSettings(_Section):
    """`[[invoice_capture.channels]]`: a channel that files come in by."""

    id: Guid
    company: str = "usmf"
    vendor: str = Field(default="", description="Invoice account of files that name none.")
    currency: str = "USD"


class InvoiceCaptureSettings(_Section):
    """`[invoice_capture]`: installed in Dataverse where there are channels."""

    channels: tuple[CaptureChannelSettings, ...] = ()
    work: Work = Field(
        default="time: 20", description="How long a file takes; 15 to 30 seconds in reality."
    )
    recognize: str = Field(
        default="",
        description="`module:function` that reads a file (name, bytes) into properties of "
        "VendorInvoiceHeaders and `lines`; none: the file's name is the invoice number.",
    )


class ProxySettings(_Section):
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


class LimitSettings(_Section):
    """`[limits.ID]`: another number for a limit."""

    allowance: float | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, gt=0)


class Settings(_Section):
    """All of `windtunnel.toml`."""

    simulator: SimulatorSettings = SimulatorSettings()
    web: WebSettings = WebSettings()
    journal: JournalSettings = JournalSettings()
    entra: EntraSettings = EntraSettings()
    dataverse: DataverseSettings = DataverseSettings()
    finance_operations: FinanceOperationsSettings = FinanceOperationsSettings()
    business_events: BusinessEventsSettings = BusinessEventsSettings()
    blob: BlobSettings = BlobSettings()

    electronic_reporting: ElectronicReportingSettings = ElectronicReportingSettings()
    invoice_capture: InvoiceCaptureSettings = InvoiceCaptureSettings()
    data_management: DataManagementSettings = DataManagementSettings()
    proxy: ProxySettings = ProxySettings()
    limits: dict[str, LimitSettings] = Field(default_factory=dict)


def load(
    path: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Read the settings; `overrides` are dotted keys, as flags give them.

    Without a path, `windtunnel.toml` of the working folder is read if it is there. Raises
    UsageError that names file, line and remedy.
    """
    tree: dict[str, Any] = {}
    text, file = "", "windtunnel.toml"
    if path is None and Path(file).is_file():
        path = Path(file)
    if path is not None:
        file = str(path)
        text = _read(path)
        tree = _parsed(text, file)
    _merge_variables(tree, os.environ if environment is None else environment)
    for dotted, value in (overrides or {}).items():
        _put(tree, dotted.split("."), value)
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        raise _usage_error(error, text, file) from error
    return settings if path is None else _anchored(settings, path.parent)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}", where=str(path), remedy="Check the path."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"is not UTF-8 at byte {error.start}", where=str(path), remedy="Save it as UTF-8."
        ) from error


def _parsed(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+), column (\d+)", str(error))
        where = f"{file}:{found[1]}:{found[2]}" if found else file
        reason = re.sub(r" \(at .*\)$", "", str(error))
        raise UsageError(
            f"is not TOML: {reason}", where=where, remedy="See https://toml.io for the syntax."
        ) from error


def _merge_variables(tree: dict[str, Any], environment: Mapping[str, str]) -> None:
    for name, value in environment.items():
        if name.startswith("WINDTUNNEL_") and "__" in name:
            _put(tree, name.removeprefix("WINDTUNNEL_").lower().split("__"), value)


def _put(tree: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        tree = tree.setdefault(key, {})
    tree[keys[-1]] = value


def _anchored(settings: Settings, folder: Path) -> Settings:
    """Paths in the file are relative to the file."""

    def anchor(section: BaseModel) -> BaseModel:
        update: dict[str, Any] = {}
        for name in type(section).model_fields:
            value = getattr(section, name)
            if isinstance(value, Path):
                update[name] = folder / value
            elif isinstance(value, BaseModel):
                update[name] = anchor(value)
            elif isinstance(value, tuple):
                update[name] = tuple(
                    folder / item
                    if isinstance(item, Path)
                    else anchor(item)
                    if isinstance(item, BaseModel)
                    else item
                    for item in value
                )
        return section.model_copy(update=update)

    return TypeAdapter(Settings).validate_python(anchor(settings))


def _usage_error(error: ValidationError, text: str, file: str) -> UsageError:
    first = error.errors()[0]
    keys = [str(part) for part in first["loc"]]
    line = _line_of(text, keys)
    where = f"{file}:{line}" if line else file if text else "settings"
    dotted = ".".join(keys)
    if first["type"] == "extra_forbidden":
        close = difflib.get_close_matches(keys[-1], _names_at(keys[:-1]), 1)
        remedy = f"Did you mean {close[0]!r}?" if close else "See docs/reference/settings.md."
        return UsageError(f"unknown setting {dotted!r}", where=where, remedy=remedy)
    return UsageError(
        f"{dotted}: {first['msg']} (found {first['input']!r})",
        where=where,
        remedy="See docs/reference/settings.md.",
    )


def _names_at(keys: list[str]) -> list[str]:
    model: Any = Settings
    for key in keys:
        if key.isdigit():
            continue
        found = model.model_fields.get(key)
        if found is None:
            return []
        model = next(
            (
                part
                for part in (found.annotation, *getattr(found.annotation, "__args__", ()))
                if isinstance(part, type) and issubclass(part, BaseModel)
            ),
            None,
        )
        if model is None:
            return []
    return list(model.model_fields)


def _line_of(text: str, keys: list[str]) -> int:
    """The line a key stands in; array tables are counted."""
    names = [key for key in keys if not key.isdigit()]
    index = next((int(key) for key in keys if key.isdigit()), 0)
    section, seen, best = "", -1, 0
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]", line)
        if header:
            name = header[2].replace('"', "")
            again = seen + 1 if name == section else 0
            seen = again if header[1] == "[[" else index
            section = name
            if section.split(".") == names and seen == index:
                return number
            continue
        key = re.match(r"\s*\"?([A-Za-z0-9_.-]+)\"?\s*=", line)
        if key:
            full = [*(section.split(".") if section else []), *key[1].split(".")]
            if full == names[: len(full)] and (seen in {-1, index}):
                best = number
                if full == names:
                    return number
    return best

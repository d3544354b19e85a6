"""Settings of Data Management and its recurring jobs."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from windtunnel.simulator.kernel.settings.section import Guid, Section, Work


class SourceFormatSettings(Section):
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
    language: str = Field(
        default="", description="How days and numbers are written, such as `en-gb` or `de`."
    )


class EntityPaceSettings(Section):
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


class RecurringEntitySettings(Section):
    """`[[data_management.recurring_jobs.entities]]`: an entity of the job's data project."""

    name: str = Field(min_length=1, description="The label, such as Customers V3.")
    source_format: str = "CSV-Unicode"
    columns: tuple[str, ...] = Field(
        default=(), description="Fields that the file has, in upper case; none: all of the entity."
    )


class RecurringJobSettings(Section):
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
            raise ValueError("an export cannot recur at once; Write 'time: SECONDS' or 'manual'.")
        if self.in_order and (self.direction, self.takes) != ("import", "file"):
            raise ValueError("in_order is for jobs that import files; Leave it out.")
        return self


class CompositeLineSettings(Section):
    """`[[data_management.composites.lines]]`: an entity inside a composite one."""

    entity: str = Field(description="Its label.")
    columns: dict[str, str] = Field(
        description="Its columns, each with the header's column that it repeats."
    )


class CompositeSettings(Section):
    """`[[data_management.composites]]`: one more composite entity."""

    name: str = Field(description="Its label.")
    target: str = Field(pattern=r"^[A-Za-z_]\w*$", description="Its AOT name.")
    header: str = Field(description="Label of the entity that the others stand in.")
    lines: tuple[CompositeLineSettings, ...] = Field(min_length=1)


class ExportFilterSettings(Section):
    """`[[data_management.export_filters]]`: the filter of an entity in an export project."""

    project: str = Field(min_length=1)
    entity: str = Field(min_length=1, description="Its label.")
    filter: str = Field(min_length=1, description="As `$filter` of the entity's set takes it.")


class DataManagementSettings(Section):
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
    export_filters: tuple[ExportFilterSettings, ...] = ()
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
    validate_file_extension: bool = Field(
        default=False, description="Refuse a file whose extension is that of another format."
    )
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

"""The step kinds as people write them. Every text may hold templates unless it says otherwise."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel, model_validator

from windtunnel.contracts.documents.units import Seconds, is_duration
from windtunnel.scenarios.expected import Expected

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
Origin = Literal[
    "dataverse", "dataverse-http", "fo", "fo-http", "control", "authority", "eventgrid", "blob",
    "keyvault", "servicebus-rest",
]  # fmt: skip
RecordOrigin = Literal["dataverse", "fo"]
NOT_YET: Final = {
    "send_message": "the message broker",
    "expect_message": "the message broker",
    "raise_event": "the event catalogue",
    "expect_telemetry": "Application Insights",
}
"""Step kinds that are planned, and what they arrive with."""


def _seconds_or_template(value: Any) -> Any:
    if isinstance(value, str) and "${" not in value and not is_duration(value):
        raise ValueError("not a duration; write it like 30s, 5m or 2h, or a template")
    return value


SecondsOrTemplate = Annotated[str | float, BeforeValidator(_seconds_or_template)]
"""A duration, or a template whose value is one (a number counts seconds)."""


class Model(BaseModel):
    """Base of the step kinds: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Named(Model):
    """A step that later steps may refer to as `${steps.NAME...}`."""

    name: str = Field(default="", pattern=r"^[A-Za-z_]*[\w-]*$")
    because: str = Field(default="", description="said when the step fails")


class Answered(Model):
    """What an answer must be; only what is written is compared."""

    status: Expected = None
    headers: dict[str, Expected] = Field(default_factory=dict[str, Expected])
    json_body: Expected = Field(default=None, alias="json")
    body: Expected = None
    contract: str | dict[str, Any] | None = Field(
        default=None, alias="schema", description="JSON Schema: a file beside the scenario, or it"
    )
    seconds: Expected = None


class CallStep(Named):
    """Send one HTTP request; with `until`, again and again until the answer fits."""

    method: Method = "GET"
    origin: Origin | None = None
    path: str = ""
    url: str = ""
    query: dict[str, Any] = Field(default_factory=dict[str, Any])
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    json_body: Any = Field(default=None, alias="json")
    form: dict[str, str] | None = None
    body: str | None = None
    identity: str = Field(default="", description="name of an identity, or `none`")
    scope: str = ""
    timeout: Seconds = 30.0
    until: Answered | None = None
    within: Seconds | None = None
    dropped: bool = Field(default=False, description="the connection must break unanswered")

    @model_validator(mode="after")
    def _one_target_one_body(self) -> Self:
        if self.url and (self.path or self.origin):
            raise ValueError("url stands beside origin or path; write url, or origin and path")
        if not self.url and not self.path:
            raise ValueError("a call needs a url, or a path; add 'path: ...'")
        if len(self.model_fields_set & {"json_body", "form", "body"}) > 1:
            raise ValueError("more than one of json, form and body; keep one")
        return self


class ChangeRecordStep(Named):
    """Create, update, upsert or delete a record as a caller of the public OData API would."""

    origin: RecordOrigin | None = None
    do: Literal["create", "update", "upsert", "delete"]
    entity_set: str = Field(alias="set", min_length=1)
    key: str | dict[str, Any] | None = None
    record: dict[str, Any] = Field(default_factory=dict[str, Any])
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    identity: str = ""
    status: Expected = None

    @model_validator(mode="after")
    def _key_fits(self) -> Self:
        if self.do == "create" and self.key is not None:
            raise ValueError("create takes no key; put the key's columns into the record")
        if self.do != "create" and not self.key:
            raise ValueError(f"{self.do} needs the key of the record; add 'key: ...'")
        return self


class ImportPackageStep(Named):
    """Import a package into finance and operations and wait for the end of its job."""

    project: str = Field(min_length=1, description="the data project, made anew by the package")
    package: str = Field(default="", description="a zip beside the scenario, instead of rows")
    entity: str = Field(default="", description="label of the entity, such as Customers V3")
    rows: list[dict[str, Any]] = Field(default=[], description="fields of the entity; any case")
    company: str = "usmf"
    identity: str = ""
    status: Expected = "Succeeded"
    errors: Expected = Field(default=None, description="text of GetExecutionErrors")
    within: Seconds | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if bool(self.package) == bool(self.entity):
            raise ValueError("write a package, or an entity with its rows")
        if self.entity and not self.rows:
            raise ValueError("an entity needs rows; add 'rows: [{...}]'")
        return self


class ExpectResponseStep(Answered):
    """Compare the answer of the latest call, or of a named one."""

    of: str = Field(default="", description="name of a call or change_record step")
    because: str = Field(default="", description="said when the step fails")


class ExpectRecordStep(Named):
    """Read a record (`key`) or a query until it fits."""

    origin: RecordOrigin | None = None
    entity_set: str = Field(alias="set", min_length=1)
    key: str | dict[str, Any] | None = None
    query: dict[str, Any] = Field(default_factory=dict[str, Any])
    record: dict[str, Expected] = Field(
        default={}, description="what the record, or one record of the query, must hold"
    )
    count: Expected = None
    absent: bool = False
    identity: str = ""
    within: Seconds | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.key is not None and self.count is not None:
            raise ValueError("count is for a query; leave out key or count")
        if self.absent and self.count is not None:
            raise ValueError("absent and count exclude each other; keep one")
        return self


class ExpectEventStep(Named):
    """Wait for an event: in the simulator's delivery log, or at an endpoint of `listen`."""

    event: str = Field(default="", description="business event id; empty takes any")
    at: str = Field(default="", description="name of a `listen` endpoint; empty: delivery log")
    payload: Expected = None
    headers: dict[str, Expected] = Field(default_factory=dict[str, Expected])
    delivery: dict[str, Expected] = Field(default={}, description="columns of the delivery log")
    count: Expected = None
    absent: bool = Field(default=False, description="none may come until the deadline")
    within: Seconds | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.at and self.delivery:
            raise ValueError("delivery is of the delivery log, not of an endpoint; remove one")
        if self.headers and not self.at:
            raise ValueError("headers are seen at an endpoint only; add 'at: NAME'")
        if self.absent and self.count is not None:
            raise ValueError("absent and count exclude each other; keep one")
        return self


class ExpectCallsStep(Named):
    """Requests in the simulators' journal."""

    service: str = ""
    method: str = ""
    path: str = Field(default="", description="regular expression, searched in the path")
    status: int | None = None
    identity: str = ""
    throttled: bool | None = None
    made_by: Literal["others", "scenario", "anyone"] = "others"
    call: dict[str, Expected] = Field(default={}, description="what each counted line must hold")
    count: Expected = None
    within: Seconds | None = None


class FaultStep(Model):
    """Put a fault in force until the scenario ends, or `clear` all."""

    clear: bool = False
    id: str = ""
    service: str = ""
    method: str = ""
    path: str = ""
    identity: str = ""
    server: str = ""
    action: Literal["error", "delay", "drop_before", "drop_after", "truncate"] = "error"
    status: int = Field(default=503, ge=100, le=599)
    code: str = ""
    message: str = "The service is unavailable."
    headers: dict[str, str] = Field(default_factory=dict[str, str])
    body: str | None = None
    delay: Seconds = 0.0
    probability: float = Field(default=1.0, ge=0.0, le=1.0)
    skip: int = Field(default=0, ge=0)
    times: int | None = Field(default=None, ge=1)


class LimitChange(Model):
    """Other numbers for one limit."""

    allowance: float | None = Field(default=None, ge=0)
    seconds: Seconds | None = None


class ThrottleStep(RootModel[dict[str, LimitChange]]):
    """Override limits by their id until the scenario ends."""


class AdvanceStep(Model):
    """Move the simulators' clock forward; short form `advance: 2h`."""

    by: SecondsOrTemplate

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"by": value} if isinstance(value, str | int | float) else value


class Ready(Model):
    """How to know that a started command is ready."""

    url: str = ""
    output: str = Field(default="", description="regular expression, searched in the output")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.url) == bool(self.output):
            raise ValueError("ready takes a url or an output; write one of them")
        return self


class RunIntegrationStep(Named):
    """Start the system under test and wait for its end or readiness; or `stop` one by name."""

    command: str | list[str] = []
    env: dict[str, str] = Field(default_factory=dict[str, str])
    cwd: str = ""
    ready: Ready | None = None
    exit_code: Expected = 0
    output: Expected = None
    within: Seconds = Field(default=60.0, description="of real time")
    stop: str = ""
    kill: bool = Field(default=False, description="with stop: end it at once, without notice")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if bool(self.command) == bool(self.stop):
            raise ValueError("write a command to start, or the name of one to stop")
        if self.ready and not self.name:
            raise ValueError("a command that stays needs a name; add 'name: ...'")
        return self

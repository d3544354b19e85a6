"""The integration design (`*.design.yaml`): systems, flows, identities, data, monitoring, ALM."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from windtunnel.contracts.documents.plan import (
    Model,
    Pattern,
    Retry,
    ServiceName,
    Volume,
    require_different,
)
from windtunnel.contracts.documents.units import Bytes, Seconds

SystemKind = Literal[
    "dataverse", "finance_operations", "external", "middleware", "service-bus", "event-grid",
    "event-hubs", "on-premises", "data-lake",
]  # fmt: skip
Classification = Literal["public", "internal", "confidential", "personal", "sensitive"]


class Allow(Model):
    """A rule that does not apply here, and why."""

    rule: str = Field(description="name of the rule")
    reason: str = Field(min_length=10, description="why, in ten letters or more")


class System(Model):
    """One system of the landscape."""

    name: str = Field(min_length=1)
    kind: SystemKind
    release: str = Field(
        default="",
        description="of finance and operations, such as 10.0.44: decides which limits hold",
    )
    owner: str = ""


class Secret(Model):
    """How an identity proves itself and where the proof is kept."""

    kind: Literal["certificate", "client-secret", "managed-identity", "password"]
    store: Literal["key-vault", "environment", "file", "code", "none"] = Field(
        default="none", description="where the proof is kept"
    )
    rotation_days: int | None = Field(default=None, ge=1, description="how often it is replaced")


class Identity(Model):
    """Who calls: an application user or a person."""

    name: str = Field(min_length=1)
    kind: Literal["application", "user"] = "application"
    interactive: bool = Field(default=False, description="a person waits for its requests")
    priority: Literal["low", "medium", "high", "none"] = Field(
        default="none", description="in throttling by load of finance and operations"
    )
    secret: Secret | None = None


class ErrorHandling(Model):
    """What becomes of a record that cannot be delivered."""

    dead_letter: str = Field(default="", description="where records wait that cannot be delivered")
    owner: str = Field(default="", description="who looks at them")
    alert: str = Field(default="", description="who is told, and how; for readers")
    resend: Literal["none", "manual", "automatic"] = Field(
        default="none", description="how they are sent again"
    )


class ODataUse(Model):
    """How a flow uses OData."""

    cross_company: bool = False
    if_match: bool = Field(default=False, description="updates name the version they change")
    paging: Literal["next-link", "skip", "first-page"] = Field(
        default="next-link", description="how lists go on"
    )
    affinity_cookie: bool = Field(default=False, description="requests stay on one web server")
    changed_columns_only: bool = Field(default=True, description="updates send what changed")
    url_characters: int | None = Field(
        default=None, ge=1, description="length of the longest address"
    )


class Receiver(Model):
    """The endpoint that receives events or webhooks."""

    url: str = ""
    answer_seconds: Seconds = Field(default=1.0, description="time until it answers")
    synchronous: bool = Field(default=False, description="it does its work before it answers")
    deduplicates: bool = Field(default=False, description="it knows what it got twice")


class DataManagementUse(Model):
    """How a flow uses data management packages or recurring jobs."""

    project: str = Field(default="", description="data project, or definition group")
    parallel_executions: int = Field(default=1, ge=1, description="at once on one project")
    enhanced_parallel_import: bool = False
    rows_per_file: int | None = Field(default=None, ge=1)
    on_timeout: Literal["look-up", "resend"] = Field(
        default="look-up", description="what follows when a call gets no answer"
    )
    poll_every: Seconds | None = Field(
        default=None, description="how often the status is asked for"
    )
    poll_limit: Seconds | None = Field(default=None, description="how long")


class Trigger(Model):
    """What starts a flow."""

    kind: Literal["event", "poll", "schedule", "change-tracking", "request"] = "request"
    every: Seconds | None = Field(
        default=None, description="of polls, schedules and change tracking"
    )
    longest_pause: Seconds | None = Field(default=None, description="longest time between two runs")
    full_resync: bool = Field(
        default=False, description="what change tracking no longer knows is read anew"
    )


class Monitoring(Model):
    """How somebody learns that a flow is ill."""

    tool: str = ""
    alerts: tuple[str, ...] = Field(default=(), description="what raises an alert")
    correlation_id: bool = Field(
        default=False, description="one id follows a record through all systems"
    )


class Flow(Model):
    """One flow of data between two systems."""

    name: str = Field(min_length=1, max_length=100)
    direction: Literal["inbound", "outbound"] = Field(description="into Dynamics 365 or out of it")
    pattern: Pattern
    source: str = Field(description="name of a system")
    target: str = Field(description="name of a system")
    entities: tuple[str, ...] = Field(default=(), description="tables or entities that it moves")
    synchronous: bool = Field(default=False, description="somebody waits for the result")
    identities: tuple[str, ...] = Field(default=(), description="names of `identities`")
    volume: Volume | None = None
    retry: Retry | None = None
    errors: ErrorHandling | None = None
    idempotency_key: str = Field(
        default="", description="what tells a repeated record from a new one"
    )
    ordering: Literal["none", "per-key", "total"] = Field(
        default="none", description="which order the target relies on"
    )
    sessions: bool = Field(default=False, description="Service Bus sessions keep the order")
    content: Literal["notification", "record", "export"] = Field(
        default="record", description="what an event carries"
    )
    trigger: Trigger = Trigger()
    odata: ODataUse = ODataUse()
    receiver: Receiver | None = None
    data_management: DataManagementUse | None = None
    classification: Classification | None = Field(
        default=None, description="of its data; personal data needs one"
    )
    personal_data: bool = False
    throttling_model: Literal["resource-based", "user-based"] | None = Field(
        default=None, description="which the design counts on, in finance and operations"
    )
    message_bytes: Bytes | None = Field(default=None, description="size of a message")
    monitoring: Monitoring | None = Field(default=None, description="none: the design's")
    allow: tuple[Allow, ...] = Field(default=(), description="rules that do not apply to it")


class Alm(Model):
    """How changes travel to production."""

    environments: tuple[str, ...] = ()
    sandbox: bool = Field(default=False, description="there is one to test in")
    pipeline: str = Field(default="", description="what carries changes to production")
    peak_volume_test: bool = Field(default=False, description="the peak was tried before")


class Design(Model):
    """A whole integration design; volumes stand inline or in the plan file named by `plan`."""

    name: str = Field(min_length=1)
    description: str = ""
    owner: str = ""
    plan: str = Field(
        default="", description="plan file beside the design, for flows without `volume`"
    )
    systems: tuple[System, ...] = Field(min_length=1)
    identities: tuple[Identity, ...] = ()
    flows: tuple[Flow, ...] = Field(min_length=1)
    monitoring: Monitoring = Monitoring()
    alm: Alm = Alm()
    allow: tuple[Allow, ...] = Field(default=(), description="rules that do not apply anywhere")

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        require_different([system.name for system in self.systems], "systems")
        require_different([identity.name for identity in self.identities], "identities")
        require_different([flow.name for flow in self.flows], "flows")
        return self

    def system(self, name: str) -> System | None:
        """A system by its name."""
        return next((system for system in self.systems if system.name == name), None)

    def identity(self, name: str) -> Identity | None:
        """An identity by its name."""
        return next((identity for identity in self.identities if identity.name == name), None)

    def served_by(self, flow: Flow) -> System | None:
        """The Dataverse or finance and operations system at the far end of a flow's requests."""
        names = (
            (flow.target, flow.source)
            if flow.direction == "inbound"
            else (flow.source, flow.target)
        )
        for name in names:
            system = self.system(name)
            if system is not None and system.kind in {"dataverse", "finance_operations"}:
                return system
        return None

    def service_of(self, flow: Flow) -> ServiceName | None:
        """The throttling service at the far end of a flow's requests."""
        system = self.served_by(flow)
        if system is None:
            return None
        return "dataverse" if system.kind == "dataverse" else "finance_operations"

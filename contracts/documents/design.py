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

    rule: str
    reason: str = Field(min_length=10)


class System(Model):
    """One system of the landscape."""

    name: str = Field(min_length=1)
    kind: SystemKind
    release: str = ""
    owner: str = ""


class Secret(Model):
    """How an identity proves itself and where the proof is kept."""

    kind: Literal["certificate", "client-secret", "managed-identity", "password"]
    store: Literal["key-vault", "environment", "file", "code", "none"] = "none"
    rotation_days: int | None = Field(default=None, ge=1)


class Identity(Model):
    """Who calls: an application user or a person."""

    name: str = Field(min_length=1)
    kind: Literal["application", "user"] = "application"
    interactive: bool = False
    priority: Literal["low", "medium", "high", "none"] = "none"
    secret: Secret | None = None


class ErrorHandling(Model):
    """What becomes of a record that cannot be delivered."""

    dead_letter: str = ""
    owner: str = ""
    alert: str = ""
    resend: Literal["none", "manual", "automatic"] = "none"


class ODataUse(Model):
    """How a flow uses OData."""

    cross_company: bool = False
    if_match: bool = False
    paging: Literal["next-link", "skip", "first-page"] = "next-link"
    affinity_cookie: bool = False
    changed_columns_only: bool = True
    url_characters: int | None = Field(default=None, ge=1)


class Receiver(Model):
    """The endpoint that receives events or webhooks."""

    url: str = ""
    answer_seconds: Seconds = 1.0
    synchronous: bool = False
    deduplicates: bool = False


class DataManagementUse(Model):
    """How a flow uses data management packages or recurring jobs."""

    project: str = ""
    parallel_executions: int = Field(default=1, ge=1)
    enhanced_parallel_import: bool = False
    rows_per_file: int | None = Field(default=None, ge=1)
    on_timeout: Literal["look-up", "resend"] = "look-up"
    poll_every: Seconds | None = None
    poll_limit: Seconds | None = None


class Trigger(Model):
    """What starts a flow."""

    kind: Literal["event", "poll", "schedule", "change-tracking", "request"] = "request"
    every: Seconds | None = None
    longest_pause: Seconds | None = Field(default=None, description="longest time between two runs")
    full_resync: bool = False


class Monitoring(Model):
    """How somebody learns that a flow is ill."""

    tool: str = ""
    alerts: tuple[str, ...] = ()
    correlation_id: bool = False


class Flow(Model):
    """One flow of data between two systems."""

    name: str = Field(min_length=1, max_length=100)
    direction: Literal["inbound", "outbound"]
    pattern: Pattern
    source: str
    target: str
    entities: tuple[str, ...] = ()
    synchronous: bool = False
    identities: tuple[str, ...] = ()
    volume: Volume | None = None
    retry: Retry | None = None
    errors: ErrorHandling | None = None
    idempotency_key: str = ""
    ordering: Literal["none", "per-key", "total"] = "none"
    sessions: bool = False
    content: Literal["notification", "record", "export"] = "record"
    trigger: Trigger = Trigger()
    odata: ODataUse = ODataUse()
    receiver: Receiver | None = None
    data_management: DataManagementUse | None = None
    classification: Classification | None = None
    personal_data: bool = False
    throttling_model: Literal["resource-based", "user-based"] | None = None
    message_bytes: Bytes | None = None
    monitoring: Monitoring | None = None
    allow: tuple[Allow, ...] = ()


class Alm(Model):
    """How changes travel to production."""

    environments: tuple[str, ...] = ()
    sandbox: bool = False
    pipeline: str = ""
    peak_volume_test: bool = False


class Design(Model):
    """A whole integration design; volumes stand inline or in the plan file named by `plan`."""

    name: str = Field(min_length=1)
    description: str = ""
    owner: str = ""
    plan: str = ""
    systems: tuple[System, ...] = Field(min_length=1)
    identities: tuple[Identity, ...] = ()
    flows: tuple[Flow, ...] = Field(min_length=1)
    monitoring: Monitoring = Monitoring()
    alm: Alm = Alm()
    allow: tuple[Allow, ...] = ()

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

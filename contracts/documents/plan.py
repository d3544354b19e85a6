"""The volume plan (`*.plan.yaml`): what flows send in a day, how it peaks, how they retry."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from windtunnel.contracts.documents.units import Bytes, Seconds, is_duration

HOURS = 24
MONTH_END_FACTOR: Final = 3.0

SHAPES: Final[dict[str, tuple[float, ...]]] = {
    "flat": (1.0,) * HOURS,
    "office-hours": (0.0,) * 7
    + (0.5, 1, 1.5, 1.5, 1.2, 0.8, 1, 1.4, 1.5, 1.2, 0.6, 0.3)
    + (0.0,) * 5,
    "nightly": (1.0, 1, 1, 1, 1, 0.5) + (0.0,) * 16 + (0.5, 1),
    "month-end": (0.2,) * 6
    + (0.5, 1, 1.5, 2, 2, 1.5, 1, 1.5, 2, 2.5, 3, 3, 2.5, 2, 1.5, 1, 0.8, 0.5),
}
"""Hourly shares by name, not yet scaled to a sum of 1; `month-end` also has thrice the volume."""


class Model(BaseModel):
    """Base of what people write: unknown keys are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Pattern(StrEnum):
    """How a flow moves its data."""

    ODATA = "odata"
    DATAVERSE = "dataverse-webapi"
    BATCH = "batch"
    BULK = "bulk"
    CUSTOM_SERVICE = "custom-service"
    VIRTUAL_ENTITY = "virtual-entity"
    DMF = "dmf"
    RECURRING = "recurring"
    DUAL_WRITE = "dual-write"
    BUSINESS_EVENTS = "business-events"
    DATA_EVENTS = "data-events"
    SERVICE_BUS = "service-bus"
    EVENT_GRID = "event-grid"
    EVENT_HUBS = "event-hubs"
    SYNAPSE_LINK = "synapse-link"
    WEBHOOK = "webhook"


REQUEST_PATTERNS: Final = frozenset(
    {
        Pattern.ODATA,
        Pattern.DATAVERSE,
        Pattern.BATCH,
        Pattern.BULK,
        Pattern.CUSTOM_SERVICE,
        Pattern.VIRTUAL_ENTITY,
    }
)
"""Patterns that send requests to a service that throttles them."""

ShapeName = Literal["flat", "office-hours", "nightly", "month-end"]
ServiceName = Literal["dataverse", "finance_operations"]
OperationName = Literal[
    "retrieve", "list", "count", "create", "update", "upsert", "delete", "associate", "fetchxml",
    "track_changes", "search", "function", "action", "metadata", "custom_service", "import_package",
]  # fmt: skip


class Operation(Model):
    """One kind of request in a flow's mix."""

    operation: OperationName = Field(description="what is asked of the service")
    entity_set: str = Field(default="", description="none: accounts, or CustomersV3")
    share: float = Field(
        default=1.0,
        gt=0,
        allow_inf_nan=False,
        description="weight among the operations of the flow",
    )
    rows: int = Field(
        default=1, ge=1, le=1_000_000, description="records that one request reads or writes"
    )
    query: str = Field(
        default="",
        description="query options; FetchXML; the path of a function, action or custom service",
    )


def _operations(value: Any) -> Any:
    """Accept the short form `{create: 0.7, update: 0.3}`."""
    if isinstance(value, dict):
        return [{"operation": name, "share": share} for name, share in value.items()]
    return value


class Profile(Model):
    """How a day's volume spreads over its hours: a named shape, or 24 shares of your own."""

    shape: ShapeName = Field(
        default="flat", description="how the day goes; `month-end` has thrice the volume too"
    )
    hours: tuple[Annotated[float, Field(ge=0, allow_inf_nan=False)], ...] = Field(
        default=(), description="24 shares of your own in place of a shape"
    )
    peak_factor: float = Field(default=1.0, ge=1, le=100, description="sharpens the busiest hour")

    @model_validator(mode="after")
    def _hours_are_a_day(self) -> Self:
        if self.hours and (len(self.hours) != HOURS or not sum(self.hours) > 0):
            raise ValueError(
                f"a day has {HOURS} hourly shares with a sum above 0, here are {len(self.hours)}; "
                "write 24 numbers or a shape"
            )
        return self

    def shares(self) -> tuple[float, ...]:
        """24 shares with sum 1; `peak_factor` sharpens the busiest hour and thins the others."""
        weights = self.hours or SHAPES[self.shape]
        total = sum(weights)
        shares = [weight / total for weight in weights]
        top = max(range(HOURS), key=shares.__getitem__)
        raised = min(1.0, shares[top] * self.peak_factor)
        rest = 1.0 - shares[top]
        factor = (1.0 - raised) / rest if rest else 1.0
        return tuple(raised if hour == top else share * factor for hour, share in enumerate(shares))

    @property
    def volume_factor(self) -> float:
        """By how much the planned day exceeds `per_day`."""
        return MONTH_END_FACTOR if self.shape == "month-end" and not self.hours else 1.0


def _profile(value: Any) -> Any:
    """Accept a shape's name, or just the 24 shares."""
    if isinstance(value, str):
        return {"shape": value}
    return {"hours": value} if isinstance(value, list) else value


class Volume(Model):
    """How much a flow sends."""

    per_day: int = Field(ge=0, le=1_000_000_000, description="records a day")
    operations: Annotated[
        tuple[Operation, ...],
        BeforeValidator(_operations, list[Operation] | dict[OperationName, float]),
    ] = Field(
        default=(Operation(operation="create"),),
        min_length=1,
        description="short: `{create: 0.7, update: 0.3}`",
    )
    profile: Annotated[Profile, BeforeValidator(_profile, Profile | ShapeName | list[float])] = (
        Field(default=Profile(), description="short: a shape's name, or 24 numbers")
    )
    batch_size: int = Field(default=1, ge=1, le=1_000_000, description="records of one request")
    payload_bytes: Bytes = Field(default=2048, description="size of a record on the wire")
    parallelism: int = Field(
        default=1,
        ge=1,
        le=10_000,
        description="requests under way at once, all identities together",
    )
    servers: int = Field(
        default=1, ge=1, le=1000, description="web servers that the flow is spread over"
    )
    consumers: int = Field(
        default=1,
        ge=1,
        le=10_000,
        description="receivers side by side; for readers, nothing is worked out from it",
    )

    @property
    def requests_per_day(self) -> int:
        """Requests of the planned day."""
        records = round(self.per_day * self.profile.volume_factor)
        return -(-records // self.batch_size)


class Retry(Model):
    """What a flow does when it is refused; `attempts` counts the first try, None is without end."""

    on: tuple[int, ...] = Field(
        default=(429, 502, 503, 504), description="statuses that are tried again"
    )
    wait: Literal["retry-after", "fixed", "exponential"] = Field(
        default="retry-after", description="short for a fixed wait: `wait: 1s`"
    )
    first_seconds: Seconds = Field(
        default=1.0, description="the fixed wait, or the first of growing ones"
    )
    longest_seconds: Seconds = Field(default=300.0, description="no wait grows beyond it")
    attempts: int | None = Field(
        default=None, ge=1, le=1_000_000, description="the first try counts; none: without end"
    )
    max_seconds: Seconds | None = Field(
        default=None, description="gives up after so long; none: never"
    )
    jitter: float = Field(default=0.0, ge=0, le=1, description="share added to a wait at random")

    @model_validator(mode="before")
    @classmethod
    def _short_wait(cls, value: Any) -> Any:
        """Accept `wait: 1s` for a fixed wait."""
        if isinstance(value, dict) and is_duration(value.get("wait")):
            return {**value, "wait": "fixed", "first_seconds": value["wait"]}
        return value


class PlanFlow(Volume):
    """One flow of a volume plan."""

    name: str = Field(min_length=1, max_length=100)
    pattern: Pattern = Pattern.DATAVERSE
    service: ServiceName = "dataverse"
    identities: tuple[str, ...] = Field(
        default=("integration",), min_length=1, description="who calls, in turn"
    )
    priority: Literal["low", "medium", "high", "exempt"] = Field(
        default="low", description="in throttling by load of finance and operations"
    )
    retry: Retry | None = None


class Plan(Model):
    """A whole volume plan."""

    name: str = Field(min_length=1)
    description: str = ""
    flows: tuple[PlanFlow, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        require_different([flow.name for flow in self.flows], "flows")
        return self


def require_different(names: list[str], what: str) -> None:
    """ValueError when a name stands twice."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two {what} are named '{twice[0]}'; give each its own name")

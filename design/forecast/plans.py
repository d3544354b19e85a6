"""Plans and designs as the flows that a forecast runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from windtunnel.contracts.documents.design import Design, Flow
from windtunnel.contracts.documents.plan import (
    REQUEST_PATTERNS,
    Operation,
    Pattern,
    Plan,
    PlanFlow,
    Retry,
    ServiceName,
    Volume,
)
from windtunnel.contracts.limits import (
    LIMITS,
    CostModel,
    ThrottlingRules,
    throttling_rules,
    with_user_limits,
)

LOST_WHEN_REFUSED = Retry(on=(), attempts=1)
TODAY = throttling_rules("", LIMITS)


@dataclass(frozen=True, slots=True)
class FlowPlan:
    """One flow of requests: arrivals, execution time, senders, and which meters it meets.

    `shares` are 24 hourly shares of `requests_per_day`. `service` is None for flows that no
    request limit meets; `identities` times `servers` are the meters, taken in turn. `throttling` is
    what the release of finance and operations throttles by.
    """

    name: str
    service: ServiceName | None
    requests_per_day: int
    shares: tuple[float, ...]
    mean_seconds: float
    parallelism: int
    identities: tuple[str, ...]
    servers: int
    priority: str
    retry: Retry
    throttling: ThrottlingRules = TODAY


@dataclass(frozen=True, slots=True)
class MeterKey:
    """Whose meter it is."""

    service: ServiceName | None
    identity: str
    server: str
    priority: str
    throttling: ThrottlingRules = TODAY

    @property
    def caller(self) -> str:
        """Who is refused when the load of finance and operations is high: on all servers."""
        return f"{self.identity}/{self.priority}"


def meter_keys(plans: Sequence[FlowPlan]) -> tuple[MeterKey, ...]:
    """The meters of flows; servers matter where requests are counted by user."""
    keys: dict[MeterKey, None] = {}
    for plan in plans:
        by_user = plan.service == "finance_operations" and plan.throttling.by_user
        per_server = by_user or plan.service == "dataverse"
        names = [f"web-{n + 1}" for n in range(plan.servers)] if per_server else [""]
        for identity in plan.identities:
            for name in names:
                key = MeterKey(plan.service, identity, name, plan.priority, plan.throttling)
                keys[key] = None
    return tuple(keys)


def plan_flows(document: Plan | Design, costs: Mapping[str, CostModel]) -> tuple[FlowPlan, ...]:
    """The flows of a plan, or those of a design that have a volume."""
    if isinstance(document, Plan):
        return tuple(_of_plan(flow, costs) for flow in document.flows)
    return tuple(
        _flow(
            flow.name,
            flow.pattern,
            document.service_of(flow),
            flow.volume,
            flow.identities or ("unnamed",),
            _priority(document, flow.identities),
            flow.retry,
            costs,
            _throttling(document, flow),
        )
        for flow in document.flows
        if flow.volume is not None
    )


def _of_plan(flow: PlanFlow, costs: Mapping[str, CostModel]) -> FlowPlan:
    return _flow(
        flow.name,
        flow.pattern,
        flow.service,
        flow,
        flow.identities,
        flow.priority,
        flow.retry,
        costs,
    )


def _flow(
    name: str,
    pattern: Pattern,
    service: ServiceName | None,
    volume: Volume,
    identities: tuple[str, ...],
    priority: str,
    retry: Retry | None,
    costs: Mapping[str, CostModel],
    throttling: ThrottlingRules = TODAY,
) -> FlowPlan:
    throttled = service if pattern in REQUEST_PATTERNS else None
    model = costs[throttled or "dataverse"]
    return FlowPlan(
        name,
        throttled,
        volume.requests_per_day,
        volume.profile.shares(),
        mean_seconds(model, volume.operations, volume.batch_size, pattern),
        volume.parallelism,
        tuple(dict.fromkeys(identities)),
        volume.servers,
        priority,
        retry or LOST_WHEN_REFUSED,
        throttling,
    )


def mean_seconds(
    model: CostModel, operations: Sequence[Operation], batch_size: int, pattern: Pattern
) -> float:
    """Mean execution time of a request of a mix; a batch is its own cost and that of its parts."""
    total = sum(operation.share for operation in operations)
    mean = 0.0
    for operation in operations:
        name, rows = operation.operation, operation.rows
        if pattern is Pattern.BULK and f"{name}_multiple" in model.costs:
            seconds = model.seconds(f"{name}_multiple", batch_size)
        elif batch_size > 1:
            seconds = model.batch_seconds([model.seconds(name, rows) * batch_size])
        else:
            seconds = model.seconds(name, rows)
        mean += seconds * operation.share / total
    return mean


def _priority(design: Design, names: Sequence[str]) -> str:
    """The first identity's priority; callers without a mapping count as low."""
    found = design.identity(names[0]) if names else None
    return found.priority if found and found.priority != "none" else "low"


def _throttling(design: Design, flow: Flow) -> ThrottlingRules:
    """What the stated release throttles by; a flow may say that the user-based limits are on."""
    system = design.served_by(flow)
    release = system.release if system is not None else ""
    rules = with_user_limits if flow.throttling_model == "user-based" else throttling_rules
    return rules(release, LIMITS)

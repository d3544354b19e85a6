"""What a rule is, what it may look at, and how it reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from windtunnel.contracts.documents.design import Design, Flow
from windtunnel.contracts.documents.marks import Marks
from windtunnel.contracts.documents.plan import REQUEST_PATTERNS, Pattern, ServiceName
from windtunnel.contracts.limits import Limits
from windtunnel.contracts.results import Finding, ForecastResult, Severity, Source

EVENT_PATTERNS = frozenset(
    {
        Pattern.BUSINESS_EVENTS,
        Pattern.DATA_EVENTS,
        Pattern.SERVICE_BUS,
        Pattern.EVENT_GRID,
        Pattern.EVENT_HUBS,
        Pattern.WEBHOOK,
    }
)


@dataclass(frozen=True)
class Subject:
    """What rules look at: the design with its volumes, the limits, the forecast if there is one."""

    design: Design
    marks: Marks
    limits: Limits
    forecast: ForecastResult | None = None

    @cached_property
    def paths(self) -> dict[str, tuple[str, int]]:
        """Where each flow stands in the document."""
        return {flow.name: ("flows", number) for number, flow in enumerate(self.design.flows)}

    def service(self, flow: Flow) -> ServiceName | None:
        """The service that throttles a flow's requests; None for other patterns."""
        return self.design.service_of(flow) if flow.pattern in REQUEST_PATTERNS else None

    def requests(self) -> Iterator[tuple[Flow, ServiceName]]:
        """Flows that send requests to a throttling service."""
        for flow in self.design.flows:
            service = self.service(flow)
            if service is not None:
                yield flow, service

    def release(self, flow: Flow) -> str:
        """The stated release of the system that serves a flow; empty when none is stated."""
        system = self.design.served_by(flow)
        return system.release if system is not None else ""

    def number(self, limit_id: str) -> float:
        """The allowance of a limit."""
        return self.limits[limit_id].allowance


def peak_hour(flow: Flow) -> float:
    """Records of a flow's busiest hour."""
    if flow.volume is None:
        return 0.0
    profile = flow.volume.profile
    return flow.volume.per_day * profile.volume_factor * max(profile.shares())


def writes(flow: Flow) -> bool:
    """Whether a flow changes records at its far end."""
    if flow.volume is None:
        return flow.direction == "inbound"
    reading = {"retrieve", "list", "count", "fetchxml", "track_changes", "search", "function"}
    reading.add("metadata")
    return any(operation.operation not in reading for operation in flow.volume.operations)


class Rule:
    """One objection. The docstring of a rule is its page; `remedy` is its last word in one line."""

    name: ClassVar[str]
    severity: ClassVar[Severity] = Severity.WARNING
    remedy: ClassVar[str]

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find what the rule objects to."""
        raise NotImplementedError

    @classmethod
    def page(cls) -> str:
        """The rule's page: its docstring."""
        return "\n".join(line[4:] if line[:4].isspace() else line for line in _lines(cls.__doc__))

    @classmethod
    def sources(cls) -> tuple[Source, ...]:
        """The titles under References."""
        after = cls.page().partition("## References\n")[2]
        return tuple(
            Source(title=line[2:].strip()) for line in after.splitlines() if line[:2] == "- "
        )

    def found(
        self,
        subject: Subject,
        message: str,
        *path: str | int,
        flow: Flow | None = None,
        severity: Severity | None = None,
    ) -> Finding:
        """A finding at a path: within the flow when one is given, else within the document."""
        where = (*subject.paths[flow.name], *path) if flow else path
        return Finding(
            rule=self.name,
            severity=severity or self.severity,
            message=message,
            place=subject.marks.place(*where),
            flow=flow.name if flow else "",
            remedy=self.remedy,
            sources=self.sources(),
        )


def _lines(text: str | None) -> list[str]:
    return (text or "").strip().splitlines()

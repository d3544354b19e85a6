"""Data management packages and recurring jobs."""

from __future__ import annotations

from collections.abc import Iterator

from windtunnel.contracts.documents.design import Flow
from windtunnel.contracts.documents.plan import Pattern
from windtunnel.contracts.results import Finding, Severity
from windtunnel.design.rules.rule import Rule, Subject


class ParallelExecutionsOfOneProject(Rule):
    """Checks for data projects that run twice at once.

    ## Why is this bad?
    Two imports of one data project at once end in DMF1996 (deadlock), DMF2025 or an update
    conflict, unless enhanced parallel package import is on.

    ## Example
    data_management: {project: Orders, parallel_executions: 3}

    ## Use instead
    one project for each stream, one execution at a time

    ## References
    - Data management package REST API
    - Data management error descriptions
    """

    name = "parallel-executions-of-one-project"
    severity = Severity.ERROR
    remedy = "one project per stream, or enhanced parallel package import"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        users: dict[str, list[Flow]] = {}
        for flow in subject.design.flows:
            use = flow.data_management
            if use is None or use.enhanced_parallel_import:
                continue
            if use.project:
                users.setdefault(use.project, []).append(flow)
            if use.parallel_executions > subject.number("dmf.executions"):
                message = f"runs its project {use.parallel_executions} times at once"
                yield self.found(
                    subject, message, "data_management", "parallel_executions", flow=flow
                )
        for project, flows in users.items():
            if len(flows) > 1:
                message = f"shares the project '{project}' with {flows[0].name}"
                yield self.found(subject, message, "data_management", "project", flow=flows[1])


class ResendAfterTimeout(Rule):
    """Checks for package imports that are sent again after a time-out.

    ## Why is this bad?
    ImportFromPackage answers after unpacking; the server goes on when the client has given up.
    Sent again, the package runs twice.

    ## Example
    data_management: {on_timeout: resend}

    ## Use instead
    data_management: {on_timeout: look-up}

    ## References
    - Data management package REST API
    """

    name = "resend-after-timeout"
    severity = Severity.ERROR
    remedy = "look the execution up by its id before sending again"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow in subject.design.flows:
            use = flow.data_management
            if use and use.on_timeout == "resend":
                message = "sends the package again while the first may still run"
                yield self.found(subject, message, "data_management", "on_timeout", flow=flow)


class PollingWithoutLimit(Rule):
    """Checks for status polling without interval or end.

    ## Why is this bad?
    Nothing is pushed: the caller polls the execution to its end. Without a limit a stuck
    execution holds the flow for ever; without an interval the polls themselves are throttled.

    ## Example
    data_management: {project: Orders}

    ## Use instead
    data_management: {project: Orders, poll_every: 30s, poll_limit: 2h}

    ## References
    - Integration between finance and operations apps and third-party services
    - Data management package REST API
    """

    name = "polling-without-limit"
    severity = Severity.WARNING
    remedy = "state poll_every and poll_limit"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow in subject.design.flows:
            use = flow.data_management
            if flow.pattern is Pattern.DMF and (
                use is None or use.poll_every is None or use.poll_limit is None
            ):
                message = "polls for the result without a stated interval and end"
                yield self.found(subject, message, "data_management", flow=flow)


class LargeFiles(Rule):
    """Checks for data files with more rows than one import takes well.

    ## Why is this bad?
    Very large files lock the staging tables and start from the beginning after a failure.
    Splitting them lets tasks run in parallel.

    ## Example
    data_management: {rows_per_file: 1000000}

    ## Use instead
    data_management: {rows_per_file: 100000}

    ## References
    - Optimize data migration for finance and operations apps
    """

    name = "large-files"
    severity = Severity.NOTE
    remedy = "split the file"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        most = subject.number("dmf.file-rows")
        for flow in subject.design.flows:
            rows = flow.data_management.rows_per_file if flow.data_management else None
            if rows and rows > most:
                message = f"files of {rows:,} rows, split them at {most:,.0f}"
                yield self.found(subject, message, "data_management", "rows_per_file", flow=flow)

"""Monitoring, tests and the way to production."""

from __future__ import annotations

from collections.abc import Iterator

from windtunnel.contracts.results import Finding, Severity
from windtunnel.design.rules.rule import Rule, Subject


class NoMonitoring(Rule):
    """Checks for flows that nobody watches.

    ## Why is this bad?
    Integrations fail silently: events wait in an error log, staging rows carry errors, a queue
    grows. Somebody must be told before the customer calls.

    ## Example
    no monitoring

    ## Use instead
    monitoring: {tool: Application Insights, alerts: [failed runs, queue depth]}

    ## References
    - Dynamics 365 implementation guide: integration checklist
    - Monitor Power Platform solutions with Application Insights
    """

    name = "no-monitoring"
    severity = Severity.ERROR
    remedy = "name the tool and the alerts"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        whole = subject.design.monitoring
        for flow in subject.design.flows:
            own = flow.monitoring or whole
            if not own.tool or not own.alerts:
                lacks = "alerts" if own.tool else "monitoring"
                yield self.found(subject, f"has no {lacks}", "monitoring", flow=flow)


class NoCorrelationId(Rule):
    """Checks for flows that cannot be followed from end to end.

    ## Why is this bad?
    A record passes three systems; without one id in all their logs a fault is looked for three
    times. Microsoft support asks for x-ms-service-request-id.

    ## Example
    monitoring: {tool: Application Insights}

    ## Use instead
    monitoring: {tool: Application Insights, correlation_id: true}

    ## References
    - Dataverse Web API: compose HTTP requests and handle errors
    """

    name = "no-correlation-id"
    severity = Severity.NOTE
    remedy = "pass one correlation id on and log x-ms-service-request-id"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        if not any(
            (f.monitoring or subject.design.monitoring).correlation_id for f in subject.design.flows
        ):
            yield self.found(subject, "no flow passes a correlation id on", "monitoring")


class NoSandbox(Rule):
    """Checks for designs without a sandbox environment.

    ## Why is this bad?
    What is first tried in production is tested by customers. Limits, security roles and data
    differ between environments; a sandbox of the production's kind shows it.

    ## Example
    alm: {environments: [production]}

    ## Use instead
    alm: {environments: [dev, test, production], sandbox: true, pipeline: Azure Pipelines}

    ## References
    - Dynamics 365 implementation guide: integration checklist
    - ALM basics with Microsoft Power Platform
    """

    name = "no-sandbox"
    severity = Severity.ERROR
    remedy = "plan a sandbox"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        if not subject.design.alm.sandbox:
            yield self.found(subject, "there is no sandbox environment", "alm")


class NoDeploymentPipeline(Rule):
    """Checks for designs that are deployed by hand.

    ## Why is this bad?
    Endpoints, secrets, maps and data projects differ between environments. Changed by hand they
    drift, and a copied sandbox posts to the production partner.

    ## Example
    alm: {sandbox: true}

    ## Use instead
    alm: {sandbox: true, pipeline: GitHub Actions}

    ## References
    - ALM basics with Microsoft Power Platform
    """

    name = "no-deployment-pipeline"
    severity = Severity.WARNING
    remedy = "deploy by a pipeline"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        if not subject.design.alm.pipeline:
            yield self.found(subject, "there is no deployment pipeline", "alm")


class NoPeakVolumeTest(Rule):
    """Checks for designs without a test at peak volume.

    ## Why is this bad?
    Throttling, locks and backlogs appear at peak volume only. The go-live checklist asks for each
    integration tested with realistic volume, and with external systems down.

    ## Example
    alm: {sandbox: true}

    ## Use instead
    alm: {sandbox: true, peak_volume_test: true}

    ## References
    - Dynamics 365 implementation guide: prepare go-live checklist
    """

    name = "no-peak-volume-test"
    severity = Severity.WARNING
    remedy = "plan one; `windtunnel load` runs it against the simulators"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        if not subject.design.alm.peak_volume_test:
            yield self.found(
                subject, "no test at peak volume is planned", "alm", "peak_volume_test"
            )

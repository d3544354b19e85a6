"""Identities, secrets and personal data."""

from __future__ import annotations

from collections.abc import Iterator

from windtunnel.contracts.results import Finding, Severity
from windtunnel.design.rules.rule import Rule, Subject

YEAR_DAYS = 366


class SecretInFile(Rule):
    """Checks for secrets kept in files or code.

    ## Why is this bad?
    Files and code are copied, backed up and committed; who has one has the environment. A vault
    gives access by identity, logs it and lets the secret change.

    ## Example
    secret: {kind: client-secret, store: file}

    ## Use instead
    secret: {kind: certificate, store: key-vault, rotation_days: 180}

    ## References
    - Azure Key Vault: best practices
    - Use OAuth authentication with Dataverse
    """

    name = "secret-in-file"
    severity = Severity.ERROR
    remedy = "keep it in Key Vault, or use a managed identity"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for number, identity in enumerate(subject.design.identities):
            secret = identity.secret
            if secret and secret.kind != "managed-identity" and secret.store in {"file", "code"}:
                message = f"the {secret.kind} of '{identity.name}' is kept in a {secret.store}"
                yield self.found(subject, message, "identities", number, "secret", "store")


class NoSecretRotation(Rule):
    """Checks for secrets that nobody renews.

    ## Why is this bad?
    Secrets expire on a day nobody remembers, and the flow stops with 401. Rotation that is
    planned and tested is what keeps that day ordinary.

    ## Example
    secret: {kind: client-secret, store: key-vault}

    ## Use instead
    secret: {kind: client-secret, store: key-vault, rotation_days: 180}

    ## References
    - Azure Key Vault: best practices
    - Microsoft Entra ID application credentials
    """

    name = "no-secret-rotation"
    severity = Severity.WARNING
    remedy = "plan rotation_days, at most a year"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for number, identity in enumerate(subject.design.identities):
            secret = identity.secret
            if secret is None or secret.kind == "managed-identity":
                continue
            if secret.rotation_days is None or secret.rotation_days > YEAR_DAYS:
                message = f"the {secret.kind} of '{identity.name}' is not renewed within a year"
                yield self.found(subject, message, "identities", number, "secret")


class UserAccountForIntegration(Rule):
    """Checks for flows that sign in as a person.

    ## Why is this bad?
    A person's account has multifactor sign-in, a password that changes and a leaving date; its
    changes look like that person's. Passwords in flows are no longer accepted by Entra ID in most
    tenants.

    ## Example
    identities: [{name: anna, kind: user, secret: {kind: password}}]

    ## Use instead
    identities: [{name: order-sync, kind: application}]

    ## References
    - Use OAuth authentication with Dataverse
    - Service-to-service authentication (finance and operations)
    """

    name = "user-account-for-integration"
    severity = Severity.ERROR
    remedy = "use an application user"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        used = {name for flow in subject.design.flows for name in flow.identities}
        for number, identity in enumerate(subject.design.identities):
            password = identity.secret is not None and identity.secret.kind == "password"
            if identity.name in used and (identity.kind == "user" or password):
                message = f"'{identity.name}' signs in as a person"
                yield self.found(subject, message, "identities", number)


class SharedInteractivePriority(Rule):
    """Checks for high throttling priority on an identity that several flows share.

    ## Why is this bad?
    High priority is for what people wait for. Shared with nightly loads it pushes everybody else
    aside, and the environment is as loaded as without priorities.

    ## Example
    priority: high on the identity of web-shop and nightly-sync

    ## Use instead
    an identity with high priority for web-shop, one with low for nightly-sync

    ## References
    - Priority-based throttling
    """

    name = "shared-interactive-priority"
    severity = Severity.WARNING
    remedy = "separate identities by priority"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for number, identity in enumerate(subject.design.identities):
            users = [f.name for f in subject.design.flows if identity.name in f.identities]
            if len(users) > 1 and (identity.priority == "high" or identity.interactive):
                message = f"'{identity.name}' has priority and serves {', '.join(users)}"
                yield self.found(subject, message, "identities", number)


class NoIdentity(Rule):
    """Checks for requests without a named identity.

    ## Why is this bad?
    Limits, priorities, security roles and audit all hang on the identity. A design that does not
    name it leaves all four open.

    ## Example
    - {name: orders-in, pattern: odata}

    ## Use instead
    - {name: orders-in, pattern: odata, identities: [order-sync]}

    ## References
    - Service protection API limits (Dataverse)
    - Priority-based throttling
    """

    name = "no-identity"
    severity = Severity.WARNING
    remedy = "name the application user of the flow"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow, _ in subject.requests():
            if not flow.identities:
                yield self.found(subject, "does not say who calls", flow=flow)


class UnclassifiedPersonalData(Rule):
    """Checks for personal data without a fitting classification.

    ## Why is this bad?
    Personal data need a purpose, a retention time and protection on the way and in logs.
    Unclassified they end in dead-letter queues and traces for ever.

    ## Example
    personal_data: true

    ## Use instead
    personal_data: true, classification: personal

    ## References
    - Data protection in Dynamics 365
    - Power Platform Well-Architected: Security
    """

    name = "unclassified-personal-data"
    severity = Severity.ERROR
    remedy = "classify the flow personal or sensitive"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow in subject.design.flows:
            if flow.personal_data and flow.classification not in {"personal", "sensitive"}:
                said = (
                    f"classified {flow.classification}" if flow.classification else "not classified"
                )
                yield self.found(subject, f"carries personal data and is {said}", flow=flow)


class NoClassification(Rule):
    """Checks for flows whose data are not classified.

    ## Why is this bad?
    Who may see messages, logs and dead letters follows from what is in them. It is cheap to say
    at design time and dear to find out later.

    ## Example
    - {name: orders-in}

    ## Use instead
    - {name: orders-in, classification: internal}

    ## References
    - Power Platform Well-Architected: Security
    """

    name = "no-classification"
    severity = Severity.NOTE
    remedy = "add classification"

    def check(self, subject: Subject) -> Iterator[Finding]:
        """Find it."""
        for flow in subject.design.flows:
            if flow.classification is None and not flow.personal_data:
                yield self.found(subject, "does not classify its data", flow=flow)

"""Errors of leases: 409, 412."""

from __future__ import annotations

from windtunnel.simulator.services.blob.errors.blob_error import BlobError


class LeaseIdMissing(BlobError):
    """The resource is leased and the request brings no lease id."""

    status = 412
    code = "LeaseIdMissing"
    text = "There is currently a lease on the {kind} and no lease ID was specified in the request."


class LeaseNotPresent(BlobError):
    """The request brings a lease id and there is no lease."""

    status = 412
    code = "LeaseNotPresentWith{Kind}Operation"
    text = "There is currently no lease on the {kind}."

    def __init__(self, kind: str) -> None:
        super().__init__(kind=kind)
        self.code = f"LeaseNotPresentWith{kind.capitalize()}Operation"


class LeaseLost(BlobError):
    """The request brings the id of a lease that ended."""

    status = 412
    code = "LeaseLost"
    text = "A lease ID was specified, but the lease for the {kind} has expired."


class LeaseIdMismatch(BlobError):
    """The request brings another id than the lease has."""

    status = 412
    code = "LeaseIdMismatchWith{Kind}Operation"
    text = "The lease ID specified did not match the lease ID for the {kind}."

    def __init__(self, kind: str) -> None:
        super().__init__(kind=kind)
        self.code = f"LeaseIdMismatchWith{kind.capitalize()}Operation"


class LeaseIdMismatchWithLeaseOperation(BlobError):
    """A lease action with another id than the lease has."""

    status = 409
    code = "LeaseIdMismatchWithLeaseOperation"
    text = "The lease ID specified did not match the lease ID for the {kind}."


class LeaseNotPresentWithLeaseOperation(BlobError):
    """A lease action where there is no lease."""

    status = 409
    code = "LeaseNotPresentWithLeaseOperation"
    text = "There is currently no lease on the {kind}."


class LeaseAlreadyPresent(BlobError):
    """Somebody else has the lease."""

    status = 409
    code = "LeaseAlreadyPresent"
    text = "There is already a lease present."


class LeaseIsBreakingAndCannotBeAcquired(BlobError):
    """The lease is on its end."""

    status = 409
    code = "LeaseIsBreakingAndCannotBeAcquired"
    text = "The lease is in the breaking state and can't be acquired until the lease is broken."


class LeaseIsBreakingAndCannotBeChanged(BlobError):
    """The lease is on its end."""

    status = 409
    code = "LeaseIsBreakingAndCannotBeChanged"
    text = (
        "The lease ID matched, but the lease is currently in breaking state and cannot be changed."
    )


class LeaseIsBrokenAndCannotBeRenewed(BlobError):
    """The lease was broken."""

    status = 409
    code = "LeaseIsBrokenAndCannotBeRenewed"
    text = "The lease ID matched, but the lease has been broken explicitly and cannot be renewed."

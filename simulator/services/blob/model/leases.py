"""Leases of blobs and containers: states by the clock, and what each action does in each. Pure.

Source: "Lease Blob", "Lease Container": the tables of outcomes by lease state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from windtunnel.simulator.services.blob import errors as e

INFINITE = -1
SHORTEST, LONGEST, LONGEST_BREAK = 15, 60, 60


@dataclass(frozen=True, slots=True)
class Lease:
    """`seconds` is INFINITE or the duration, `until` its end, `breaks` when a break ends."""

    id: str = ""
    seconds: int = INFINITE
    until: float = 0.0
    breaks: float | None = None

    def state(self, now: float) -> str:
        """`available`, `leased`, `expired`, `breaking` or `broken`."""
        if not self.id:
            return "available"
        if self.breaks is not None:
            return "breaking" if now < self.breaks else "broken"
        if self.seconds == INFINITE or now < self.until:
            return "leased"
        return "expired"

    def is_locked(self, now: float) -> bool:
        """Whether writes need the id."""
        return self.state(now) in {"leased", "breaking"}


NONE = Lease()


def acquire(lease: Lease, proposed: str, seconds: int, now: float) -> Lease:
    """Raises LeaseAlreadyPresent or LeaseIsBreakingAndCannotBeAcquired."""
    state = lease.state(now)
    if state in {"leased", "breaking"} and proposed != lease.id:
        raise e.LeaseAlreadyPresent
    if state == "breaking":
        raise e.LeaseIsBreakingAndCannotBeAcquired
    return Lease(proposed, seconds, now + seconds)


def renew(lease: Lease, given: str, now: float, kind: str) -> Lease:
    """Start the duration anew. Raises what the state asks for."""
    _same(lease, given, kind)
    if lease.breaks is not None:
        raise e.LeaseIsBrokenAndCannotBeRenewed
    return replace(lease, until=now + lease.seconds)


def change(lease: Lease, given: str, proposed: str, now: float, kind: str) -> Lease:
    """Give the lease another id. Raises what the state asks for."""
    state = lease.state(now)
    if state == "breaking":
        raise e.LeaseIsBreakingAndCannotBeChanged
    if state != "leased":
        raise e.LeaseNotPresentWithLeaseOperation(kind=kind)
    if lease.id not in {given, proposed}:
        raise e.LeaseIdMismatchWithLeaseOperation(kind=kind)
    return replace(lease, id=proposed)


def release(lease: Lease, given: str, kind: str) -> Lease:
    """End the lease. Raises LeaseIdMismatchWithLeaseOperation."""
    if lease.id != given:
        raise e.LeaseIdMismatchWithLeaseOperation(kind=kind)
    return NONE


def break_lease(lease: Lease, period: int | None, now: float, kind: str) -> tuple[Lease, int]:
    """The lease on its end, and how many seconds that takes. Raises LeaseNotPresent...."""
    state = lease.state(now)
    if state == "available":
        raise e.LeaseNotPresentWithLeaseOperation(kind=kind)
    if state in {"broken", "expired"}:
        return replace(lease, breaks=now), 0
    if state == "breaking":
        rest = (lease.breaks or now) - now
    elif lease.seconds == INFINITE:
        rest = 0.0 if period is None else float(period)
    else:
        rest = lease.until - now
    if period is not None:
        rest = min(rest, float(period))
    return replace(lease, breaks=now + rest), round(rest)


def _same(lease: Lease, given: str, kind: str) -> None:
    if not lease.id:
        raise e.LeaseNotPresentWithLeaseOperation(kind=kind)
    if lease.id != given:
        raise e.LeaseIdMismatchWithLeaseOperation(kind=kind)


def check_write(lease: Lease, given: str, now: float, kind: str = "blob") -> Lease:
    """The lease after a write that brings `given`; raises when the write may not be done."""
    if lease.is_locked(now):
        if not given:
            raise e.LeaseIdMissing(kind=kind)
        if given != lease.id:
            raise e.LeaseIdMismatch(kind)
        return lease
    _not_locked(lease, given, kind)
    return NONE


def check_read(lease: Lease, given: str, now: float, kind: str = "blob") -> None:
    """Raises when a read brings an id that is not the lease's."""
    if not given:
        return
    if lease.is_locked(now):
        if given != lease.id:
            raise e.LeaseIdMismatch(kind)
        return
    _not_locked(lease, given, kind)


def _not_locked(lease: Lease, given: str, kind: str) -> None:
    if given and given == lease.id:
        raise e.LeaseLost(kind=kind)
    if given:
        raise e.LeaseNotPresent(kind)

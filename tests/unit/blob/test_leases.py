"""The tables "Outcomes of lease operations by lease state" and "... of use attempts"."""

from __future__ import annotations

import pytest

from windtunnel.simulator.services.blob.errors import BlobError, LeaseNotPresentWithLeaseOperation
from windtunnel.simulator.services.blob.model import leases
from windtunnel.simulator.services.blob.model.leases import Lease

A, B, C = "a", "b", "c"
NOW = 1_000.0
STATES = {
    "available": Lease(),
    "leased": Lease(A, 30, NOW + 30),
    "infinite": Lease(A),
    "breaking": Lease(A, 30, NOW + 30, NOW + 10),
    "broken": Lease(A, 30, NOW + 30, NOW - 1),
    "expired": Lease(A, 30, NOW - 1),
}


def outcome(act) -> str:
    """The state after an act with the id, or the name of the refusal."""
    try:
        lease = act()
    except BlobError as error:
        return type(error).__name__
    state = lease.state(NOW)
    return state if state == "available" else f"{state} {lease.id}"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("available", ["leased a", "leased b"]),
        ("leased", ["leased a", "LeaseAlreadyPresent"]),
        ("infinite", ["leased a", "LeaseAlreadyPresent"]),
        ("breaking", ["LeaseIsBreakingAndCannotBeAcquired", "LeaseAlreadyPresent"]),
        ("broken", ["leased a", "leased b"]),
        ("expired", ["leased a", "leased b"]),
    ],
)
def test_acquire(state, expected):
    lease = STATES[state]
    assert [outcome(lambda i=i: leases.acquire(lease, i, 15, NOW)) for i in (A, B)] == expected


MISMATCH, ABSENT = "LeaseIdMismatchWithLeaseOperation", "LeaseNotPresentWithLeaseOperation"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("available", [ABSENT, ABSENT]),
        ("leased", ["leased a", MISMATCH]),
        ("infinite", ["leased a", MISMATCH]),
        ("breaking", ["LeaseIsBrokenAndCannotBeRenewed", MISMATCH]),
        ("broken", ["LeaseIsBrokenAndCannotBeRenewed", MISMATCH]),
        ("expired", ["leased a", MISMATCH]),
    ],
)
def test_renew(state, expected):
    lease = STATES[state]
    assert [outcome(lambda i=i: leases.renew(lease, i, NOW, "blob")) for i in (A, B)] == expected


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("available", [ABSENT, ABSENT, ABSENT]),
        ("leased", ["leased b", "leased a", MISMATCH]),
        ("breaking", ["LeaseIsBreakingAndCannotBeChanged"] * 3),
        ("broken", [ABSENT, ABSENT, ABSENT]),
        ("expired", [ABSENT, ABSENT, ABSENT]),
    ],
)
def test_change_from_a_to_b_from_b_to_a_from_b_to_c(state, expected):
    lease = STATES[state]
    found = [
        outcome(lambda f=f, t=t: leases.change(lease, f, t, NOW, "blob"))
        for f, t in ((A, B), (B, A), (B, C))
    ]
    assert found == expected


@pytest.mark.parametrize("state", STATES)
def test_release(state):
    lease = STATES[state]
    assert outcome(lambda: leases.release(lease, B, "blob")) == MISMATCH
    expected = MISMATCH if state == "available" else "available"
    assert outcome(lambda: leases.release(lease, A, "blob")) == expected


@pytest.mark.parametrize(
    ("state", "period", "expected"),
    [
        ("leased", 0, ("broken", 0)),
        ("leased", 10, ("breaking", 10)),
        ("leased", 60, ("breaking", 30)),
        ("leased", None, ("breaking", 30)),
        ("infinite", None, ("broken", 0)),
        ("infinite", 60, ("breaking", 60)),
        ("breaking", 5, ("breaking", 5)),
        ("breaking", 60, ("breaking", 10)),
        ("breaking", None, ("breaking", 10)),
        ("broken", 10, ("broken", 0)),
        ("expired", 10, ("broken", 0)),
    ],
)
def test_break(state, period, expected):
    lease, rest = leases.break_lease(STATES[state], period, NOW, "blob")
    assert (lease.state(NOW), rest) == expected


def test_nothing_is_broken_where_no_lease_is():
    with pytest.raises(LeaseNotPresentWithLeaseOperation):
        leases.break_lease(STATES["available"], 0, NOW, "blob")


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("available", ["LeaseNotPresent", "LeaseNotPresent", "available"]),
        ("leased", ["leased a", "LeaseIdMismatch", "LeaseIdMissing"]),
        ("breaking", ["breaking a", "LeaseIdMismatch", "LeaseIdMissing"]),
        ("broken", ["LeaseLost", "LeaseNotPresent", "available"]),
        ("expired", ["LeaseLost", "LeaseNotPresent", "available"]),
    ],
)
def test_a_write_with_the_id_with_another_without(state, expected):
    lease = STATES[state]
    found = [outcome(lambda i=i: leases.check_write(lease, i, NOW)) for i in (A, B, "")]
    assert found == expected


@pytest.mark.parametrize("state", STATES)
def test_a_read_without_an_id_is_always_free(state):
    leases.check_read(STATES[state], "", NOW)

"""Handlers of leases, of blobs and of containers alike."""

from __future__ import annotations

from collections.abc import Callable

from windtunnel.simulator.exchange import Response
from windtunnel.simulator.services.blob import errors as e
from windtunnel.simulator.services.blob.handlers.wire import Call, reply, version_headers
from windtunnel.simulator.services.blob.model import leases
from windtunnel.simulator.services.blob.model.blobs import Asked
from windtunnel.simulator.services.blob.model.leases import Lease

_ACTIONS = ("acquire", "renew", "change", "release", "break")


def lease(call: Call) -> Response:
    """Lease Blob and Lease Container."""
    action = call.choice("x-ms-lease-action", _ACTIONS, "")
    if not action:
        raise e.MissingRequiredHeader("x-ms-lease-action")
    kind = call.address.level
    told: dict[str, str] = {}
    act = {
        "acquire": _acquire,
        "renew": _renew,
        "change": _change,
        "release": _release,
        "break": _break,
    }[action](call, kind, told)
    asked = Asked(conditions=call.conditions())
    model, address = call.model, call.address
    thing = (
        model.blobs.lease(address, asked, act)
        if kind == "blob"
        else model.containers.lease(address.account, address.container, asked, act)
    )
    if action in {"acquire", "renew", "change"}:
        told["x-ms-lease-id"] = thing.lease.id
    status = {"acquire": 201, "break": 202}.get(action, 200)
    return reply(status, {**version_headers(thing), **told})


_Act = Callable[[Lease, float], Lease]


def _acquire(call: Call, kind: str, told: dict[str, str]) -> _Act:
    del kind, told
    text = call.header("x-ms-lease-duration")
    if not text:
        raise e.MissingRequiredHeader("x-ms-lease-duration")
    if text == "-1":
        seconds = leases.INFINITE
    else:
        seconds = call.number("x-ms-lease-duration") or 0
        if not leases.SHORTEST <= seconds <= leases.LONGEST:
            raise e.InvalidHeaderValue("x-ms-lease-duration", text)
    proposed = call.guid("x-ms-proposed-lease-id") or call.model.shelf.ids.uuid()
    return lambda lease, now: leases.acquire(lease, proposed, seconds, now)


def _given(call: Call) -> str:
    given = call.guid("x-ms-lease-id")
    if not given:
        raise e.MissingRequiredHeader("x-ms-lease-id")
    return given


def _renew(call: Call, kind: str, told: dict[str, str]) -> _Act:
    del told
    given = _given(call)
    return lambda lease, now: leases.renew(lease, given, now, kind)


def _change(call: Call, kind: str, told: dict[str, str]) -> _Act:
    del told
    given, proposed = _given(call), call.guid("x-ms-proposed-lease-id")
    if not proposed:
        raise e.MissingRequiredHeader("x-ms-proposed-lease-id")
    return lambda lease, now: leases.change(lease, given, proposed, now, kind)


def _release(call: Call, kind: str, told: dict[str, str]) -> _Act:
    del told
    given = _given(call)
    return lambda lease, _: leases.release(lease, given, kind)


def _break(call: Call, kind: str, told: dict[str, str]) -> _Act:
    period = call.number("x-ms-lease-break-period")
    if period is not None and period > leases.LONGEST_BREAK:
        raise e.InvalidHeaderValue("x-ms-lease-break-period", str(period))

    def act(lease: Lease, now: float) -> Lease:
        broken, rest = leases.break_lease(lease, period, now, kind)
        told["x-ms-lease-time"] = str(rest)
        return broken

    return act

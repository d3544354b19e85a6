"""Shared access signatures: is this one genuine, valid now, here, and for this? Pure.

Sources: "Create a service SAS", "Create an account SAS", "Define a stored access policy".
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate

from windtunnel.simulator.exchange import Absent
from windtunnel.simulator.services.blob.authorization import signing
from windtunnel.simulator.services.blob.errors import (
    AuthenticationFailed,
    AuthorizationProtocolMismatch,
    AuthorizationServiceMismatch,
    AuthorizationSourceIPMismatch,
)
from windtunnel.simulator.services.blob.model.tables import AccessPolicy
from windtunnel.simulator.services.blob.names import Address

_MOMENT = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,7})?)?(?:Z|[+-]\d{2}:\d{2}))?"
)
_VERSION = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Permit:
    """What the caller may do: everything with the key; else the SAS's letters and kinds."""

    who: str
    permissions: str | None = None
    resource_types: str | None = None
    resource: str = ""
    overrides: tuple[tuple[str, str], ...] = ()

    def has(self, letters: str) -> bool:
        """Whether one of the letters is granted."""
        return self.permissions is None or any(c in self.permissions for c in letters)


def read_moment(text: str) -> float | None:
    """A moment of a SAS or policy as seconds; None when it has no accepted form."""
    if not _MOMENT.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def check_sas(
    sas: Mapping[str, str],
    address: Address,
    *,
    keys: Sequence[str],
    policy_of: Callable[[str], AccessPolicy | None],
    now: float,
    client: str,
    scheme: str,
) -> Permit:
    """What a SAS allows. Raises AuthenticationFailed or what else is wrong with it."""
    if "skoid" in sas:
        raise Absent("user delegation SAS")
    version = sas.get("sv", "")
    if not _VERSION.fullmatch(version):
        raise AuthenticationFailed("sv is mandatory. It must be a version of the service.")
    is_account = "ss" in sas or "srt" in sas
    if is_account:
        text = signing.account_sas_text(address.account, sas)
        policy = None
    else:
        text = _service_text(sas, address)
        policy = _policy(sas, policy_of)
    if not signing.is_signed(keys, [text], sas.get("sig", "")):
        raise AuthenticationFailed(f"Signature did not match. String to sign used was {text}")
    start, expiry, permissions = _terms(sas, policy)
    _check_time(start, expiry, now)
    _check_place(sas, client, scheme)
    overrides = tuple(
        (name, sas[name]) for name in ("rscc", "rscd", "rsce", "rscl", "rsct") if sas.get(name)
    )
    if is_account:
        if "b" not in sas.get("ss", ""):
            raise AuthorizationServiceMismatch
        return Permit("account SAS", permissions, sas.get("srt", ""))
    return Permit("service SAS", permissions, None, sas["sr"], overrides)


def _service_text(sas: Mapping[str, str], address: Address) -> str:
    resource = sas.get("sr", "")
    if resource in {"b", "bs"} and address.blob:
        path = f"/{address.container}/{address.blob}"
    elif resource == "c" and address.container:
        path = f"/{address.container}"
    elif resource in {"bv", "d"}:
        raise Absent({"bv": "blob versions", "d": "hierarchical namespace"}[resource])
    else:
        raise AuthenticationFailed(
            "sr is mandatory. Cannot be empty"
            if not resource
            else "The SAS is not for this resource."
        )
    snapshot = sas.get("snapshot", "") if resource == "bs" else ""
    return signing.service_sas_text(address.account, path, sas, snapshot)


def _policy(
    sas: Mapping[str, str], policy_of: Callable[[str], AccessPolicy | None]
) -> AccessPolicy | None:
    if not sas.get("si"):
        return None
    policy = policy_of(sas["si"])
    if policy is None:
        raise AuthenticationFailed("The signed identifier names no stored access policy.")
    for name, value in (
        ("st", policy.start),
        ("se", policy.expiry),
        ("sp", policy.permissions),
    ):
        if value and sas.get(name):
            raise AuthenticationFailed(
                f"{name} is specified in the token and in the stored access policy."
            )
    return policy


def _terms(sas: Mapping[str, str], policy: AccessPolicy | None) -> tuple[float | None, float, str]:
    policy = policy or AccessPolicy("")
    texts = {
        "st": sas.get("st") or policy.start,
        "se": sas.get("se") or policy.expiry,
        "sp": sas.get("sp") or policy.permissions,
    }
    moments: list[float | None] = []
    for name in ("st", "se"):
        moment = read_moment(texts[name]) if texts[name] else None
        if texts[name] and moment is None:
            raise AuthenticationFailed(f"{name} is not in a valid format: {texts[name]}")
        moments.append(moment)
    start, expiry = moments
    if expiry is None:
        raise AuthenticationFailed("se is mandatory. Cannot be empty")
    if not texts["sp"]:
        raise AuthenticationFailed("sp is mandatory. Cannot be empty")
    return start, expiry, texts["sp"]


def _check_time(start: float | None, expiry: float, now: float) -> None:
    if start is not None and start >= expiry:
        raise AuthenticationFailed(
            f"Signed expiry time [{_shown(expiry)}] must be after signed start time "
            f"[{_shown(start)}]"
        )
    if now >= expiry or (start is not None and now < start):
        begins = "" if start is None else f"Start [{_shown(start)}] - "
        raise AuthenticationFailed(
            f"Signature not valid in the specified time frame: {begins}"
            f"Expiry [{_shown(expiry)}] - Current [{_shown(now)}]"
        )


def _shown(moment: float) -> str:
    return formatdate(moment, usegmt=True)


def _check_place(sas: Mapping[str, str], client: str, scheme: str) -> None:
    if sas.get("spr") == "https" and scheme != "https":
        raise AuthorizationProtocolMismatch
    if not sas.get("sip"):
        return
    first, _, last = sas["sip"].partition("-")
    try:
        lowest = ipaddress.ip_address(first)
        highest = ipaddress.ip_address(last or first)
    except ValueError as error:
        raise AuthenticationFailed(f"sip is not in a valid format: {sas['sip']}") from error
    try:
        caller = ipaddress.ip_address(client)
    except ValueError as error:
        raise AuthorizationSourceIPMismatch(client) from error
    if not int(lowest) <= int(caller) <= int(highest) or caller.version != lowest.version:
        raise AuthorizationSourceIPMismatch(client)

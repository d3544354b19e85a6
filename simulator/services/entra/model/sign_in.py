"""Sign-ins of people that wait for their client: authorization codes and device codes."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.tokens import base64url
from windtunnel.simulator.services.entra.errors import (
    AuthorizationDeclined,
    AuthorizationPending,
    BadDeviceCode,
    ExpiredDeviceCode,
    ExpiredGrant,
    InvalidGrant,
    RedeemedCode,
    UnknownUserCode,
    WrongVerifier,
)
from windtunnel.simulator.services.entra.model.directory import User

CODE_SECONDS = 600.0
"""Source: "Microsoft identity platform and OAuth 2.0 authorization code flow": about 10 minutes."""
DEVICE_SECONDS = 900.0
"""Source: "OAuth 2.0 device authorization grant flow": `expires_in` 15 minutes."""
DEVICE_INTERVAL = 5
_USER_CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_MOST_WAITING = 10_000


class _Expiring(Protocol):
    @property
    def expires(self) -> float: ...


_T = TypeVar("_T", bound=_Expiring)


@dataclass(frozen=True, slots=True)
class AuthorizationCode:
    """What a code stands for; `challenge` and `method` are PKCE's."""

    user: User
    client_id: str
    redirect_uri: str
    scope: str
    nonce: str
    challenge: str
    method: str
    expires: float = 0.0
    redeemed: bool = False


@dataclass(frozen=True, slots=True)
class DeviceCode:
    """A device that waits for somebody to enter `user_code`."""

    user_code: str
    client_id: str
    scope: str
    expires: float
    user: User | None = None
    declined: bool = False
    redeemed: bool = False


class _Waiting(Generic[_T]):
    """Values by code, the expired ones kept a while so that they can be told from unknown ones."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.values: dict[str, _T] = {}

    def put(self, code: str, value: _T) -> None:
        if len(self.values) >= _MOST_WAITING:
            now = self._clock.now()
            self.values = {k: v for k, v in self.values.items() if v.expires > now}
            while len(self.values) >= _MOST_WAITING:
                del self.values[next(iter(self.values))]
        self.values[code] = value


class SignIns:
    """Codes handed out and not yet forgotten."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock, self._ids = clock, ids
        self._codes: _Waiting[AuthorizationCode] = _Waiting(clock)
        self._devices: _Waiting[DeviceCode] = _Waiting(clock)

    def forget(self) -> None:
        """Forget all codes."""
        self._codes.values.clear()
        self._devices.values.clear()

    def _opaque(self) -> str:
        return base64url(self._ids.random.randbytes(48))

    def authorize(self, code: AuthorizationCode) -> str:
        """Keep what was authorized; returns the code for the client."""
        name = f"1.A{self._opaque()}"
        self._codes.put(name, replace(code, expires=self._clock.now() + CODE_SECONDS))
        return name

    def redeem(
        self, name: str, client_id: str, redirect_uri: str, verifier: str
    ) -> AuthorizationCode:
        """What the code stands for; it works once, for the client and redirect it was made for."""
        code = self._codes.values.get(name)
        if code is None or code.client_id != client_id or code.redirect_uri != redirect_uri:
            raise InvalidGrant()
        if code.redeemed:
            raise RedeemedCode()
        if self._clock.now() >= code.expires:
            raise ExpiredGrant()
        if code.challenge and not _proves(verifier, code.challenge, code.method):
            raise WrongVerifier()
        self._codes.values[name] = replace(code, redeemed=True)
        return code

    def begin_device(self, client_id: str, scope: str) -> tuple[str, DeviceCode]:
        """Start a device sign-in; returns the device code and what is shown to the user."""
        user_code = "".join(self._ids.random.choices(_USER_CODE_LETTERS, k=9))
        device = DeviceCode(user_code, client_id, scope, self._clock.now() + DEVICE_SECONDS)
        name = self._opaque()
        self._devices.put(name, device)
        return name, device

    def finish_device(self, user_code: str, user: User | None) -> DeviceCode:
        """Somebody entered the code: as `user`, or None to decline."""
        wanted = user_code.strip().upper()
        for name, device in self._devices.values.items():
            if device.user_code == wanted and not device.redeemed:
                if self._clock.now() >= device.expires:
                    break
                done = replace(device, user=user, declined=user is None)
                self._devices.values[name] = done
                return done
        raise UnknownUserCode(user_code=user_code)

    def poll_device(self, name: str, client_id: str) -> tuple[User, str]:
        """The user who signed in for a device and its scope, or how far the sign-in is."""
        device = self._devices.values.get(name)
        if device is None or device.client_id != client_id:
            raise BadDeviceCode()
        if device.declined:
            raise AuthorizationDeclined()
        if device.redeemed or self._clock.now() >= device.expires:
            raise ExpiredDeviceCode()
        if device.user is None:
            raise AuthorizationPending()
        self._devices.values[name] = replace(device, redeemed=True)
        return device.user, device.scope


def _proves(verifier: str, challenge: str, method: str) -> bool:
    """PKCE. Source: RFC 7636, section 4.6."""
    given = verifier
    if method.upper() == "S256":
        given = base64url(hashlib.sha256(verifier.encode()).digest())
    return bool(verifier) and hmac.compare_digest(given.encode(), challenge.encode())

"""Builds the claims of the tokens that Entra ID issues, and signs them."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.tokens import InvalidToken, SigningKey, base64url, issuer_of
from windtunnel.simulator.services.entra.errors import ExpiredGrant, InvalidGrant
from windtunnel.simulator.services.entra.model.directory import Client, Tenant, User
from windtunnel.simulator.services.entra.model.resources import Asked

BACKDATED_SECONDS = 300
"""`iat` and `nbf` lie in the past so that resources with slow clocks accept a fresh token.

unconfirmed: five minutes, as seen in tokens of the real service.
"""
REFRESH_SECONDS = 90 * 86_400
"""Source: "Refresh tokens in the Microsoft identity platform": 90 days."""
MANAGED_IDENTITY_SECONDS = 86_399
"""unconfirmed: 24 hours, as in the documented sample answers of the metadata service."""
_REFRESH_AUDIENCE = "windtunnel:refresh-token"

Proof = Literal["0", "1", "2"]
"""`appidacr`: how the client proved itself: not at all, by secret, by certificate."""


@dataclass(frozen=True, slots=True)
class Issued:
    """An answer with tokens. Moments are whole seconds since 1970."""

    access_token: str
    resource: str
    client_id: str
    expires_in: int
    expires_on: int
    not_before: int
    scope: str = ""
    refresh_token: str = ""
    id_token: str = ""
    client_info: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person, the client that acts for them, and what belongs to this sign-in."""

    user: User
    client: Client
    proof: Proof
    base_url: str
    nonce: str = ""
    session: dict[str, Any] = field(default_factory=dict)


class Issuer:
    """Signs access, identity and refresh tokens of one tenant."""

    def __init__(
        self, tenant: Tenant, key: SigningKey, clock: Clock, ids: Ids, token_seconds: int
    ) -> None:
        self._tenant, self._key, self._clock = tenant, key, clock
        self._ids, self._seconds = ids, token_seconds

    def for_application(
        self, client: Client, resource: str, proof: Proof, *, seconds: int | None = None
    ) -> Issued:
        """An access token of the client itself."""
        claims: dict[str, Any] = {
            "appid": client.app_id,
            "appidacr": proof,
            "idp": issuer_of(self._tenant.id),
            "idtyp": "app",
            "oid": client.object_id,
            "rh": self._short("1.A"),
            "sub": client.object_id,
        }
        return self._issued(client, resource, claims, seconds or self._seconds)

    def for_user(self, who: SignedIn, asked: Asked, *, version: int, info: bool) -> Issued:
        """An access token of a person through a client, with what OIDC's scopes ask for."""
        user, client = who.user, who.client
        granted = [p for p in asked.permissions if p != ".default"] or ["user_impersonation"]
        given, _, family = user.name.partition(" ")
        claims: dict[str, Any] = {
            "acr": "1",
            "amr": ["pwd"],
            "appid": client.app_id,
            "appidacr": who.proof,
            "family_name": family,
            "given_name": given,
            "idtyp": "user",
            "name": user.name or user.upn,
            "oid": user.object_id,
            "rh": self._short("1.A"),
            "scp": " ".join(granted),
            "sub": _pairwise(user, asked.resource),
            "unique_name": user.upn,
            "upn": user.upn,
        }
        bare = self._issued(client, asked.resource, claims, self._seconds)
        names = [p if "/" in p else f"{asked.resource.rstrip('/')}/{p}" for p in asked.permissions]
        identity = sorted(asked.identity)
        return Issued(
            bare.access_token,
            bare.resource,
            bare.client_id,
            bare.expires_in,
            bare.expires_on,
            bare.not_before,
            scope=" ".join(granted if version == 1 else [*identity, *names]),
            refresh_token=self._refresh_token(who, asked)
            if version == 1 or "offline_access" in asked.identity
            else "",
            id_token=self._id_token(who)
            if version == 1 or asked.identity & {"openid", "profile"}
            else "",
            client_info=self._client_info(user) if info else "",
        )

    def _issued(
        self, client: Client, resource: str, claims: dict[str, Any], seconds: int
    ) -> Issued:
        now = int(self._clock.now())
        common = {
            "aud": resource,
            "iss": issuer_of(self._tenant.id),
            "iat": now - BACKDATED_SECONDS,
            "nbf": now - BACKDATED_SECONDS,
            "exp": now + seconds,
            "aio": self._short("E2"),
        }
        last = {"tid": self._tenant.id, "uti": self._short(""), "ver": "1.0"}
        token = self._key.sign({**common, **claims, **last})
        return Issued(
            token, resource, client.app_id, seconds, now + seconds, now - BACKDATED_SECONDS
        )

    def _id_token(self, who: SignedIn) -> str:
        now = int(self._clock.now())
        user = who.user
        claims = {
            "aud": who.client.app_id,
            "iss": f"{who.base_url}/{self._tenant.id}/v2.0",
            "iat": now,
            "nbf": now,
            "exp": now + self._seconds,
            "name": user.name or user.upn,
            "oid": user.object_id,
            "preferred_username": user.upn,
            "sub": _pairwise(user, who.client.app_id),
            "tid": self._tenant.id,
            "upn": user.upn,
            "uti": self._short(""),
            "ver": "2.0",
        }
        return self._key.sign({**claims, "nonce": who.nonce} if who.nonce else claims)

    def _client_info(self, user: User) -> str:
        return base64url(json.dumps({"uid": user.object_id, "utid": self._tenant.id}).encode())

    def _refresh_token(self, who: SignedIn, asked: Asked) -> str:
        now = int(self._clock.now())
        scopes = sorted({*asked.identity, "offline_access"})
        resource = asked.resource
        scopes += [f"{resource}/{permission}" for permission in asked.permissions]
        claims = {
            "aud": _REFRESH_AUDIENCE,
            "oid": who.user.object_id,
            "appid": who.client.app_id,
            "resource": resource,
            "scope": " ".join(scopes),
            "exp": now + REFRESH_SECONDS,
            "uti": self._short(""),
        }
        return "1.A" + base64.urlsafe_b64encode(self._key.sign(claims).encode()).decode()

    def refreshed(self, refresh_token: str, client: Client) -> tuple[str, str, str]:
        """The user's object id, the resource and the scope of a refresh token.

        Raises InvalidGrant or ExpiredGrant.
        """
        try:
            text = base64.urlsafe_b64decode(refresh_token.removeprefix("1.A")).decode()
            claims = self._key.read(text)
        except (InvalidToken, ValueError) as error:
            raise InvalidGrant() from error
        if claims.get("aud") != _REFRESH_AUDIENCE or claims["appid"] != client.app_id:
            raise InvalidGrant()
        if self._clock.now() >= claims["exp"]:
            raise ExpiredGrant()
        return str(claims["oid"]), str(claims["resource"]), str(claims["scope"])

    def _short(self, prefix: str) -> str:
        return prefix + base64url(self._ids.random.randbytes(16))


def _pairwise(user: User, receiver: str) -> str:
    """`sub` of a person: another one for every receiver."""
    return base64url(hashlib.sha256(f"{user.object_id} {receiver}".encode()).digest())

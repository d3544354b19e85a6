"""Client assertions: JWTs by which a client proves that it holds a certificate or an identity."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from jwt.types import Options

from windtunnel.simulator.kernel.clock import Clock, iso_seconds
from windtunnel.simulator.kernel.tokens import (
    SIGNATURE_ONLY,
    InvalidToken,
    SigningKey,
    base64url,
)
from windtunnel.simulator.services.entra.errors import (
    AssertionAudience,
    AssertionOfAnotherClient,
    AssertionOutOfTime,
    MalformedAssertion,
    MissingParameter,
    ReplayedAssertion,
    UnknownCertificate,
    UnknownFederatedIdentity,
    WrongAssertionType,
)
from windtunnel.simulator.services.entra.model.directory import Client, Tenant

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SKEW_SECONDS = 300.0
_MOST_REMEMBERED = 100_000
_LAST_MOMENT = 1e11
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]
_UNVERIFIED: Options = {"verify_signature": False}


class Assertions:
    """Checks client assertions and remembers which were used.

    With `lenient_certificates` a client without registered certificates may sign with any key.
    """

    def __init__(
        self,
        tenant: Tenant,
        key: SigningKey,
        clock: Clock,
        *,
        lenient_certificates: bool,
    ) -> None:
        self._tenant, self._key, self._clock = tenant, key, clock
        self._lenient = lenient_certificates
        self._used: dict[tuple[str, str], float] = {}

    def forget(self) -> None:
        """Forget which were used."""
        self._used.clear()

    def client_id_in(self, assertion: str) -> str:
        """The subject of an assertion, for requests that name their client only there."""
        return str(_read(assertion)[1].get("sub", ""))

    def check(self, client: Client, kind: str, assertion: str, audiences: frozenset[str]) -> None:
        """Raise the error of the real service unless the assertion proves to be the client's.

        `audiences` are the spellings of this token endpoint and of the tenant's issuer.
        """
        if not kind:
            raise MissingParameter(name="client_assertion_type")
        if kind != ASSERTION_TYPE:
            raise WrongAssertionType(kind=kind)
        header, claims = _read(assertion)
        if claims.get("iss") != client.app_id and client.federated:
            self._check_time(claims)
            self._check_federated(client, assertion, claims)
            return
        if not claims.get("iss") == claims.get("sub") == client.app_id:
            raise AssertionOfAnotherClient()
        self._check_signature(client, assertion, header)
        asked = claims.get("aud")
        named = asked if isinstance(asked, list) else [asked]
        if not any(isinstance(name, str) and name.lower() in audiences for name in named):
            raise AssertionAudience(audience=asked)
        self._check_use(client, claims, self._check_time(claims))

    def _check_signature(self, client: Client, assertion: str, header: Mapping[str, Any]) -> None:
        thumbprint = _thumbprint(header)
        if not client.certificates:
            if self._lenient:
                return
            raise UnknownCertificate(
                reason="The key was not found.", thumbprint=thumbprint, client_id=client.app_id
            )
        for pem in client.certificates:
            public = x509.load_pem_x509_certificate(pem.encode()).public_key()
            if not isinstance(public, RSAPublicKey):
                continue
            try:
                jwt.decode(assertion, public, algorithms=_ALGORITHMS, options=SIGNATURE_ONLY)
            except jwt.InvalidTokenError:
                continue
            return
        known = any(thumbprint in _thumbprints(pem) for pem in client.certificates)
        reason = "The signature is not valid." if known else "The key was not found."
        raise UnknownCertificate(reason=reason, thumbprint=thumbprint, client_id=client.app_id)

    def _check_time(self, claims: Mapping[str, Any]) -> float:
        now = self._clock.now()
        try:
            ends, begins = float(claims["exp"]), float(claims.get("nbf", 0.0))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise MalformedAssertion(detail=f"exp or nbf: {error}") from error
        if not (0.0 <= begins <= _LAST_MOMENT and 0.0 <= ends <= _LAST_MOMENT):
            raise MalformedAssertion(detail="exp or nbf is out of range.")
        if not begins - SKEW_SECONDS <= now < ends + SKEW_SECONDS:
            raise AssertionOutOfTime(
                now=iso_seconds(now), begins=iso_seconds(begins), ends=iso_seconds(ends)
            )
        return ends

    def _check_use(self, client: Client, claims: Mapping[str, Any], ends: float) -> None:
        jti = claims.get("jti")
        if not isinstance(jti, str) or not jti:
            raise MalformedAssertion(detail="The claim 'jti' is missing.")
        now = self._clock.now()
        if self._used.get((client.app_id, jti), 0.0) > now:
            raise ReplayedAssertion(jti=jti)
        if len(self._used) >= _MOST_REMEMBERED:
            self._used = {k: until for k, until in self._used.items() if until > now}
        self._used[client.app_id, jti] = ends + SKEW_SECONDS

    def _check_federated(self, client: Client, assertion: str, claims: Mapping[str, Any]) -> None:
        issuer, subject, audience = claims.get("iss"), claims.get("sub"), claims.get("aud")
        for trusted in client.federated:
            if (issuer, subject, audience) == (trusted.issuer, trusted.subject, trusted.audience):
                break
        else:
            raise UnknownFederatedIdentity(issuer=issuer, subject=subject, audience=audience)
        # Keys of other issuers are out of reach; a token of this very tenant can be verified.
        if self._tenant.id in str(issuer):
            try:
                self._key.read(assertion)
            except InvalidToken as error:
                raise MalformedAssertion(detail=str(error)) from error


def certificate_thumbprint(pem: str) -> str:
    """The SHA-1 thumbprint of a certificate as `x5t` spells it."""
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    return base64url(hashlib.sha1(der, usedforsecurity=False).digest())


def _thumbprints(pem: str) -> tuple[str, str]:
    der = x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    sha1 = hashlib.sha1(der, usedforsecurity=False)
    return sha1.hexdigest().upper(), hashlib.sha256(der).hexdigest().upper()


def _thumbprint(header: Mapping[str, Any]) -> str:
    """`x5t` or `x5t#S256` of a header in hexadecimal, as the error text spells it."""
    value = header.get("x5t#S256") or header.get("x5t") or header.get("kid") or ""
    try:
        return base64.urlsafe_b64decode(f"{value}==").hex().upper()
    except (binascii.Error, ValueError):
        return ""


def _read(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        parts = jwt.decode_complete(assertion, options=_UNVERIFIED)
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise MalformedAssertion(detail=str(error)) from error
    return parts["header"], parts["payload"]

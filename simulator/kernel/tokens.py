"""Signs tokens and checks them: RS256 on the simulator's clock. Knows no HTTP and no service."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID
from jwt.types import Options

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.kept_files import create_once

Reason: TypeAlias = Literal[
    "missing", "malformed", "signature", "issuer", "audience", "expired", "not_yet_valid"
]

_ENDLESS = float("inf")
SIGNATURE_ONLY: Options = {
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}
"""For `jwt.decode`: times, audience and issuer are compared by our clock and tables, not by it."""


class InvalidToken(Exception):
    """A token that is not accepted; `reason` says why in one word, the text in a sentence."""

    def __init__(self, reason: Reason, text: str) -> None:
        self.reason: Reason = reason
        super().__init__(text)


class SigningKey:
    """An RSA key with its self-signed certificate: signs tokens and publishes itself as JWKS."""

    def __init__(self, pem: bytes) -> None:
        """Read a private key and a certificate from one PEM text; ValueError when it is broken."""
        private = load_pem_private_key(pem, None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(private, RSAPrivateKey):
            raise ValueError("the signing key is not an RSA key")  # noqa: TRY004 - a wrong file
        self._private = private
        self.public: RSAPublicKey = private.public_key()
        der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
        self.kid = base64url(hashlib.sha1(der, usedforsecurity=False).digest())
        self._certificate = base64.b64encode(der).decode()

    @classmethod
    def generate(cls) -> SigningKey:
        """A new key, from the operating system's randomness."""
        return cls(_new_key())

    @classmethod
    def kept_in(cls, folder: Path) -> SigningKey:
        """The key of a data folder, made at first use; UsageError when its file is unusable."""
        path = folder / "token-signing.pem"
        try:
            return cls(create_once(path, _new_key))
        except ValueError as error:
            raise UsageError(
                f"is not a signing key: {error}",
                where=str(path),
                remedy="Delete the file; the next start makes a new one.",
            ) from error

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A compact JWT with `kid` and `x5t` in its header."""
        headers = {"x5t": self.kid, "kid": self.kid}
        return jwt.encode(dict(claims), self._private, algorithm="RS256", headers=headers)

    def read(self, token: str) -> dict[str, Any]:
        """The claims of a token that this key signed; times and audience are left to the caller.

        Raises InvalidToken: `malformed` or `signature`.
        """
        try:
            return jwt.decode(token, self.public, algorithms=["RS256"], options=SIGNATURE_ONLY)
        except (jwt.InvalidSignatureError, jwt.InvalidAlgorithmError) as error:
            raise InvalidToken("signature", f"The signature is not valid: {error}") from error
        except (jwt.InvalidTokenError, RecursionError, ValueError) as error:
            raise InvalidToken("malformed", f"The token is not a JWT: {error}") from error

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """The public key as a JSON Web Key Set."""
        numbers = self.public.public_numbers()
        return {
            "keys": [
                {
                    "kty": "RSA",
                    "use": "sig",
                    "kid": self.kid,
                    "x5t": self.kid,
                    "n": _number(numbers.n),
                    "e": _number(numbers.e),
                    "x5c": [self._certificate],
                }
            ]
        }


@dataclass(frozen=True, slots=True)
class Claims:
    """What a resource looks at in a token. Ids are lower-case; moments are seconds since 1970.

    `user_name` is empty for a token of an application, and `scopes` too; `all` is every claim.
    """

    app_id: str
    object_id: str
    tenant_id: str
    audience: str = ""
    user_name: str = ""
    scopes: tuple[str, ...] = ()
    not_before: float = -_ENDLESS
    expires: float = _ENDLESS
    all: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, claims: Mapping[str, Any]) -> Claims:
        """Read the claims of a verified token; InvalidToken when one has the wrong type."""
        try:
            return cls(
                app_id=str(claims.get("appid") or claims.get("azp") or "").lower(),
                object_id=str(claims.get("oid", "")).lower(),
                tenant_id=str(claims.get("tid", "")).lower(),
                audience=str(claims.get("aud", "")),
                user_name=str(claims.get("upn") or claims.get("preferred_username") or ""),
                scopes=tuple(str(claims.get("scp", "")).split()),
                not_before=float(claims.get("nbf", -_ENDLESS)),
                expires=float(claims["exp"]),
                all=claims,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidToken("malformed", f"A claim is absent or wrong: {error}") from error


class TokenCheck:
    """Accepts the tokens that one resource accepts.

    `static` maps fixed texts to callers, for clients that send a constant: they never expire and
    have no audience. Nothing is kept here: see callers.py.
    """

    def __init__(
        self,
        key: SigningKey,
        tenant_id: str,
        clock: Clock,
        *,
        audiences: Iterable[str] = (),
        static: Mapping[str, Claims] | None = None,
    ) -> None:
        self._key, self._now = key, clock.now
        self._tenant_id = tenant_id.lower()
        self._issuer = issuer_of(self._tenant_id)
        self._static = dict(static or {})
        self._audiences: set[str] = set(audiences)
        self._accepts: Callable[[str], bool] = lambda _: False

    def accept(self, audiences: Iterable[str]) -> None:
        """Accept these audiences too, compared exactly."""
        self._audiences.update(audiences)

    def accept_if(self, accepts: Callable[[str], bool]) -> None:
        """Accept those audiences too that `accepts` says yes to."""
        self._accepts = accepts

    def bearer(self, header: bytes) -> Claims:
        """The claims of the token in an Authorization header, or InvalidToken with the reason."""
        scheme, _, token = header.decode("latin-1").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise InvalidToken("missing", "There is no bearer token.")
        claims = self._static.get(token) or self._verified(token)
        self._check_time(claims)
        return claims

    def _verified(self, token: str) -> Claims:
        payload = self._key.read(token)
        claims = Claims.of(payload)
        if payload.get("iss") != self._issuer or claims.tenant_id != self._tenant_id:
            raise InvalidToken("issuer", f"The issuer {payload.get('iss')} is not this tenant.")
        if claims.audience not in self._audiences and not self._accepts(claims.audience):
            raise InvalidToken("audience", f"The audience {claims.audience} is not this resource.")
        return claims

    def _check_time(self, claims: Claims) -> None:
        now = self._now()
        if now >= claims.expires:
            raise InvalidToken("expired", f"The token expired {now - claims.expires:.0f} s ago.")
        if now < claims.not_before:
            ahead = claims.not_before - now
            raise InvalidToken("not_yet_valid", f"The token becomes valid in {ahead:.0f} s.")


def issuer_of(tenant_id: str) -> str:
    """The issuer in access tokens of a tenant: version 1.0, as Dynamics resources get them."""
    return f"https://sts.windows.net/{tenant_id}/"


def loopback_spellings(url: str) -> tuple[str, ...]:
    """A base URL on loopback with each name that loopback has; any other URL as it is."""
    parts = urlsplit(url)
    names = ("localhost", "127.0.0.1", "[::1]")
    host = parts.hostname or ""
    if host not in {"localhost", "127.0.0.1", "::1", "0.0.0.0", "::"}:  # noqa: S104 - compared
        return (url,)
    port = f":{parts.port}" if parts.port else ""
    return tuple(f"{parts.scheme}://{name}{port}{parts.path}" for name in names)


def base64url(data: bytes) -> str:
    """Base 64 for URLs without padding, as JOSE writes it. Source: RFC 7515, section 2."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def _new_key() -> bytes:
    key = generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "windtunnel token signing")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2000, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2100, 1, 1, tzinfo=UTC))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private + certificate.public_bytes(Encoding.PEM)

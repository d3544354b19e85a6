"""Decides for each request who asks and whether the operation is theirs to do."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from windtunnel.simulator.exchange import Request
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.tokens import Claims, InvalidToken
from windtunnel.simulator.services.blob import errors as e
from windtunnel.simulator.services.blob.authorization import signing
from windtunnel.simulator.services.blob.authorization.sas import Permit, check_sas
from windtunnel.simulator.services.blob.model.shelf import Shelf
from windtunnel.simulator.services.blob.model.tables import AccessPolicy
from windtunnel.simulator.services.blob.names import Address

_SHARED_KEY = re.compile(r"(SharedKey|SharedKeyLite) ([^:\s]+):(\S+)")
CHALLENGES_FROM = "2019-12-12"
"""Anonymous requests of this version and later are told where tokens are given."""
TOKENS_FROM = "2017-11-09"
"""The first version that takes tokens. "Authorize with Microsoft Entra ID"."""


@dataclass(frozen=True, slots=True)
class Need:
    """What an operation asks of a SAS: one of `letters`, on a resource type (`s`, `c`, `o`).

    `by_service_sas`: the kinds of service SAS that can ever allow it.
    """

    letters: str
    resource_type: str
    by_service_sas: str = ""


class Authorizer:
    """Knows the accounts' keys and the containers' stored access policies."""

    def __init__(
        self,
        accounts: Mapping[str, Sequence[str]],
        shelf: Shelf,
        clock: Clock,
        challenge: Callable[[], str],
        check: Callable[[bytes], Claims],
    ) -> None:
        """`challenge` is the value of WWW-Authenticate; `check` reads a token's header."""
        self._accounts, self._shelf, self._clock = accounts, shelf, clock
        self._challenge, self._check = challenge, check

    def authorize(
        self,
        request: Request,
        address: Address,
        parameters: Mapping[str, str],
        version: str,
        need: Need,
    ) -> Permit:
        """What the caller may do. Raises the service's refusals."""
        keys = self._accounts.get(address.account)
        if keys is None:
            raise e.ResourceNotFound
        header = request.header("authorization")
        if header:
            return self._by_header(header, request, address, keys, version)
        if "sig" not in parameters:
            raise self._anonymous(version)
        permit = self.by_sas(parameters, address, request.client, request.scheme)
        check_need(permit, need)
        return permit

    def by_sas(self, sas: Mapping[str, str], address: Address, client: str, scheme: str) -> Permit:
        """What a SAS allows at an address. Raises the service's refusals."""
        keys = self._accounts.get(address.account)
        if keys is None:
            raise e.ResourceNotFound

        def policy_of(name: str) -> AccessPolicy | None:
            container = self._shelf.container(address.account, address.container)
            policies = () if container is None else container.policies
            return next((policy for policy in policies if policy.id == name), None)

        return check_sas(
            sas,
            address,
            keys=keys,
            policy_of=policy_of,
            now=self._clock.now(),
            client=client,
            scheme=scheme,
        )

    def _by_header(
        self, header: str, request: Request, address: Address, keys: Sequence[str], version: str
    ) -> Permit:
        if header.startswith("Bearer "):
            return self._by_token(header, version)
        found = _SHARED_KEY.fullmatch(header)
        if found is None:
            raise e.InvalidAuthenticationInfo
        scheme, account, given = found.groups()
        if account != address.account:
            raise e.AuthenticationFailed(
                f"The account {account} of the Authorization header is not {address.account}."
            )
        if not (request.header("x-ms-date") or request.header("date")):
            raise e.AuthenticationFailed("The Date header is not specified.")
        if scheme == "SharedKey":
            texts = signing.shared_key_texts(request, account, version)
        else:
            texts = signing.shared_key_lite_texts(request, account)
        if not signing.is_signed(keys, texts, given):
            raise e.AuthenticationFailed(
                f"The MAC signature found in the HTTP request '{given}' is not the same as any "
                f"computed signature. Server used following string to sign: '{texts[0]}'."
            )
        return Permit(f"key of {account}")

    def _by_token(self, header: str, version: str) -> Permit:
        """Every caller the tenant knows owns the data, as with the role of that name."""
        if version < TOKENS_FROM:
            raise e.AuthenticationFailed(
                "Authentication scheme Bearer is not supported in this version."
            )
        try:
            claims = self._check(header.encode("latin-1", "replace"))
        except InvalidToken as error:
            raise e.TokenRefused(str(error), self._challenge()) from error
        return Permit(f"token of {claims.user_name or claims.app_id}")

    def _anonymous(self, version: str) -> e.BlobError:
        if version < CHALLENGES_FROM:
            return e.PublicAccessNotPermitted()
        return e.NoAuthenticationInformation(headers={"WWW-Authenticate": self._challenge()})


def check_need(permit: Permit, need: Need) -> None:
    """Raises when a SAS does not allow an operation."""
    if permit.permissions is None:
        return
    if permit.resource_types is not None:
        if need.resource_type not in permit.resource_types:
            raise e.AuthorizationResourceTypeMismatch
    elif permit.resource[:1] not in need.by_service_sas:
        # unconfirmed: a service SAS at an operation that none of its kind allows
        raise e.AuthorizationFailure
    if not permit.has(need.letters):
        raise e.AuthorizationPermissionMismatch

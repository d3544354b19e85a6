"""The token service of one tenant: who asks, by which grant, for what; answers tokens."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.tokens import (
    Claims,
    InvalidToken,
    SigningKey,
    issuer_of,
)
from windtunnel.simulator.services.entra import errors as e
from windtunnel.simulator.services.entra.model.assertions import Assertions, certificate_thumbprint
from windtunnel.simulator.services.entra.model.directory import (
    MANY_TENANTS,
    Client,
    Directory,
    Tenant,
    User,
)
from windtunnel.simulator.services.entra.model.issuing import (
    MANAGED_IDENTITY_SECONDS,
    Issued,
    Issuer,
    Proof,
    SignedIn,
)
from windtunnel.simulator.services.entra.model.resources import Asked, Resources
from windtunnel.simulator.services.entra.model.sign_in import (
    AuthorizationCode,
    DeviceCode,
    SignIns,
)

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ON_BEHALF_OF_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A form sent to a token endpoint: version 1 names a `resource`, version 2 a `scope`."""

    tenant: str
    version: int
    form: Mapping[str, str]
    base_url: str

    def needed(self, name: str) -> str:
        """A field that must be there: MissingParameter when it is not."""
        value = self.form.get(name, "")
        if not value:
            raise e.MissingParameter(name=name)
        return value

    def given(self, name: str) -> str:
        """A field, or nothing."""
        return self.form.get(name, "")


Grant: TypeAlias = Callable[["Entra", TokenRequest, Client, Proof], Issued]


class Entra:
    """One tenant of Entra ID: its directory, its token service, its managed identities.

    `managed_identity` is the app id that stands for the system-assigned identity of the machine;
    without one, the first client. `identity_header` is the secret of the App Service endpoint.
    """

    def __init__(
        self,
        tenant: Tenant,
        clients: Iterable[Client],
        users: Iterable[User] = (),
        *,
        key: SigningKey,
        clock: Clock,
        ids: Ids,
        token_seconds: int = 3599,
        lenient_resources: bool = False,
        lenient_certificates: bool = True,
        managed_identity: str = "",
        identity_header: str = "",
    ) -> None:
        """Raises UsageError for a client whose certificate cannot be read."""
        self.tenant, self.key = tenant, key
        self.directory = Directory(tenant, clients, users)
        self.resources = Resources(tenant, self.directory.clients, lenient=lenient_resources)
        self.sign_ins = SignIns(clock, ids)
        self.identity_header = identity_header
        self._ids, self._clock = ids, clock
        self._issuer = Issuer(tenant, key, clock, ids, token_seconds)
        self._assertions = Assertions(tenant, key, clock, lenient_certificates=lenient_certificates)
        self._managed_identity = managed_identity
        _check_certificates(self.directory.clients)

    def reset(self) -> None:
        """Forget sign-ins under way and assertions used; issued tokens stay good."""
        self.sign_ins.forget()
        self._assertions.forget()

    def now(self) -> float:
        """The moment on the simulator's clock."""
        return self._clock.now()

    def new_id(self) -> str:
        """A GUID for tracing."""
        return self._ids.uuid()

    # -- the token endpoint -------------------------------------------------------------------

    def token(self, request: TokenRequest) -> Issued:
        """Answer a form of the token endpoint, or raise the error Entra ID would answer."""
        self.directory.check_tenant(request.tenant)
        grant_type = request.needed("grant_type")
        grant = GRANTS.get(grant_type)
        if grant is None:
            raise e.UnsupportedGrant(grant=grant_type)
        client = self._client(request)
        proof = self._proof(request, client)
        return grant(self, request, client, proof)

    def _client(self, request: TokenRequest) -> Client:
        app_id = request.given("client_id")
        if not app_id and request.given("client_assertion"):
            app_id = self._assertions.client_id_in(request.given("client_assertion"))
        if not app_id:
            raise e.MissingParameter(name="client_id")
        return self.client_in(request.tenant, app_id)

    def client_in(self, tenant: str, app_id: str) -> Client:
        """The application, if it may be used by way of this tenant segment."""
        self.directory.check_tenant(tenant)
        client = self.directory.client(app_id)
        if tenant.lower() in MANY_TENANTS and not client.multi_tenant:
            raise e.SingleTenantClient(client_id=client.app_id, name=client.name)
        return client

    def _proof(self, request: TokenRequest, client: Client) -> Proof:
        secret, assertion = request.given("client_secret"), request.given("client_assertion")
        if assertion:
            kind = request.given("client_assertion_type")
            self._assertions.check(client, kind, assertion, self._audiences(request))
            return "2"
        if secret:
            self._check_secret(client, secret)
            return "1"
        if not client.is_public or request.given("grant_type") == "client_credentials":
            raise e.MissingClientCredential()
        return "0"

    def _check_secret(self, client: Client, secret: str) -> None:
        sent = secret.encode()
        matching = [t for value, t in client.secrets if hmac.compare_digest(value.encode(), sent)]
        if not matching:
            raise e.WrongSecret(client_id=client.app_id)
        if all(expires <= self._clock.now() for expires in matching):
            raise e.ExpiredSecret(client_id=client.app_id)

    def _audiences(self, request: TokenRequest) -> frozenset[str]:
        names = {self.tenant.id, self.tenant.domain, request.tenant}
        accepted = {issuer_of(self.tenant.id), request.base_url, f"{request.base_url}/"}
        for name in names:
            root = f"{request.base_url}/{name}"
            accepted |= {root, f"{root}/", f"{root}/v2.0"}
            accepted |= {f"{root}/oauth2/token", f"{root}/oauth2/v2.0/token"}
        return frozenset(name.lower() for name in accepted)

    # -- grants -------------------------------------------------------------------------------

    def by_client_credentials(self, request: TokenRequest, client: Client, proof: Proof) -> Issued:
        """The application for itself."""
        if request.version == 1:
            resource = request.needed("resource")
            self.resources.check(resource)
        else:
            resource = self.resources.for_application(request.needed("scope")).resource
        return self._issuer.for_application(client, resource, proof)

    def by_password(self, request: TokenRequest, client: Client, proof: Proof) -> Issued:
        """Resource owner password credentials."""
        name, password = request.needed("username"), request.needed("password")
        asked = self._asked(request)
        user = self.directory.user(name)
        if user.password is not None and not hmac.compare_digest(
            user.password.encode(), password.encode()
        ):
            raise e.WrongPassword()
        return self._for_user(request, client, proof, user, asked)

    def by_refresh_token(self, request: TokenRequest, client: Client, proof: Proof) -> Issued:
        """A refresh token, for the same resource or another."""
        token = request.needed("refresh_token")
        object_id, resource, scope = self._issuer.refreshed(token, client)
        asked = self._asked(request, scope=scope, resource=resource)
        return self._for_user(request, client, proof, self.directory.user(object_id), asked)

    def by_authorization_code(self, request: TokenRequest, client: Client, proof: Proof) -> Issued:
        """A code from the authorize endpoint, with PKCE's verifier."""
        code = self.sign_ins.redeem(
            request.needed("code"),
            client.app_id,
            request.needed("redirect_uri"),
            request.given("code_verifier"),
        )
        asked = self._asked(request, scope=code.scope, resource=code.scope)
        return self._for_user(request, client, proof, code.user, asked, code.nonce)

    def by_device_code(self, request: TokenRequest, client: Client, proof: Proof) -> Issued:
        """A device whose user has signed in elsewhere."""
        name = request.given("device_code") or request.needed("code")
        user, scope = self.sign_ins.poll_device(name, client.app_id)
        asked = self._asked(request, scope=scope, resource=scope)
        return self._for_user(request, client, proof, user, asked)

    def on_behalf_of(self, request: TokenRequest, client: Client, proof: Proof) -> Issued:
        """A service that was called with a user's token calls another one for that user."""
        if proof == "0":
            raise e.MissingClientCredential()
        assertion = request.needed("assertion")
        if request.needed("requested_token_use") != "on_behalf_of":
            raise e.MissingParameter(name="requested_token_use")
        try:
            claims = Claims.of(self.key.read(assertion))
        except InvalidToken as error:
            raise e.InvalidUserAssertion(detail=str(error)) from error
        if claims.tenant_id != self.tenant.id.lower():
            raise e.InvalidUserAssertion(detail="The issuer is another tenant.")
        own = {client.app_id.lower(), f"api://{client.app_id.lower()}"}
        if claims.audience.lower().rstrip("/") not in own:
            raise e.UserAssertionAudience(audience=claims.audience, client_id=client.app_id)
        if self._clock.now() >= claims.expires:
            raise e.ExpiredUserAssertion()
        if not claims.user_name:
            raise e.AppOnlyAssertion(client_id=client.app_id)
        user = self.directory.user(claims.object_id)
        return self._for_user(request, client, proof, user, self._asked(request))

    def _asked(self, request: TokenRequest, *, scope: str = "", resource: str = "") -> Asked:
        """What is asked for; `scope` and `resource` stand in when the form does not say."""
        if request.version == 1:
            name = request.given("resource") or resource or request.needed("resource")
            self.resources.check(name)
            return Asked(name, (), frozenset({"openid"}))
        return self.resources.for_user(request.given("scope") or scope or request.needed("scope"))

    def _for_user(
        self,
        request: TokenRequest,
        client: Client,
        proof: Proof,
        user: User,
        asked: Asked,
        nonce: str = "",
    ) -> Issued:
        self.check_access(client, user)
        who = SignedIn(user, client, proof, request.base_url, nonce)
        info = request.given("client_info") == "1"
        return self._issuer.for_user(who, asked, version=request.version, info=info)

    def check_access(self, client: Client, user: User) -> None:
        """Raise unless the user may use the application and somebody consented."""
        if not client.admits(user):
            raise e.NotAssigned(client_id=client.app_id, name=client.name, user=user.upn)
        if client.needs_consent:
            raise e.ConsentRequired(client_id=client.app_id, name=client.name)

    # -- sign-in ------------------------------------------------------------------------------

    def begin_device(
        self, tenant: str, app_id: str, scope: str, version: int
    ) -> tuple[str, DeviceCode]:
        """Start a device sign-in for a scope (version 1: a resource)."""
        client = self.client_in(tenant, app_id)
        if version == 1:
            self.resources.check(scope)
        else:
            self.resources.for_user(scope)
        return self.sign_ins.begin_device(client.app_id, scope)

    def check_redirect(self, client: Client, redirect_uri: str) -> None:
        """Raise unless answers of the authorize endpoint may go there."""
        if not client.redirect_uris:
            raise e.NoReplyAddress()
        if not client.takes_redirect(redirect_uri):
            raise e.WrongRedirect(redirect_uri=redirect_uri, client_id=client.app_id)

    def authorize(self, client: Client, code: AuthorizationCode, version: int) -> str:
        """A code for a user who chose to sign in."""
        if version == 1:
            self.resources.check(code.scope)
        else:
            self.resources.for_user(code.scope)
        self.check_access(client, code.user)
        return self.sign_ins.authorize(code)

    # -- managed identities -------------------------------------------------------------------

    def managed_identity_token(self, resource: str, wanted: str) -> Issued:
        """A token of the identity named by client id or object id; of the machine without a name.

        Raises ManagedIdentityError.
        """
        if not resource:
            raise e.NoAudience()
        clients = self.directory.clients
        name = (wanted or self._managed_identity).lower()
        found = [c for c in clients if not name or name in _names(c)]
        if not found:
            raise e.NoSuchIdentity()
        try:
            self.resources.check(resource)
        except e.UnknownResource as error:
            raise e.BadResource(resource=resource) from error
        return self._issuer.for_application(
            found[0], resource, "2", seconds=MANAGED_IDENTITY_SECONDS
        )


GRANTS: dict[str, Grant] = {
    "client_credentials": Entra.by_client_credentials,
    "password": Entra.by_password,
    "refresh_token": Entra.by_refresh_token,
    "authorization_code": Entra.by_authorization_code,
    DEVICE_GRANT: Entra.by_device_code,
    "device_code": Entra.by_device_code,
    ON_BEHALF_OF_GRANT: Entra.on_behalf_of,
}


def _names(client: Client) -> set[str]:
    return {client.app_id.lower(), client.object_id.lower(), client.name.lower()} - {""}


def _check_certificates(clients: Iterable[Client]) -> None:
    for client in clients:
        for pem in client.certificates:
            try:
                certificate_thumbprint(pem)
            except ValueError as error:
                raise UsageError(
                    f"a certificate of client {client.app_id} cannot be read: {error}",
                    remedy="Give the public certificate as PEM, beginning with BEGIN CERTIFICATE.",
                ) from error

"""An Entra ID in process, and the same over https on a free port of loopback."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from windtunnel.simulator.exchange import Exchange, Request, Response, ServiceError
from windtunnel.simulator.kernel.clock import ManualClock, SteerableClock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.timers import Timers
from windtunnel.simulator.kernel.tokens import SigningKey
from windtunnel.simulator.services.entra import (
    Client,
    Entra,
    EntraService,
    FederatedCredential,
    Tenant,
    User,
)
from windtunnel.simulator.web.http_server import HttpServer, Turn
from windtunnel.simulator.web.tls import LocalCa

TENANT = Tenant("8f3c1d52-0c1a-4f5e-9a43-0e6f7c2b9d10", "contoso.onmicrosoft.com")
APP = "5c9b2a57-6f0d-4d7e-8a55-3d1f0a9be001"
APP_OBJECT = "11111111-2222-4333-8444-555555555555"
PUBLIC = "5c9b2a57-6f0d-4d7e-8a55-3d1f0a9be002"
SIGNER = "5c9b2a57-6f0d-4d7e-8a55-3d1f0a9be003"
MULTI = "5c9b2a57-6f0d-4d7e-8a55-3d1f0a9be004"
GUARDED = "5c9b2a57-6f0d-4d7e-8a55-3d1f0a9be005"
BARE = "5c9b2a57-6f0d-4d7e-8a55-3d1f0a9be006"
SECRET = "s3cret~value+with/signs="
USER = User("99999999-8888-4777-8666-555555555555", "adele@contoso.com", "Adele Vance", "pa55")
OTHER = User("99999999-8888-4777-8666-555555555556", "diego@contoso.com", "Diego Siciliani")
ENVIRONMENT = "https://localhost:8377"
ISSUER = "https://issuer.example/ci"


def make_certificate() -> tuple[str, str]:
    """A self-signed RSA certificate: its PEM, and its private key's."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "integration")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return certificate.public_bytes(Encoding.PEM).decode(), private.decode()


@pytest.fixture(scope="session")
def certificate() -> tuple[str, str]:
    return make_certificate()


@pytest.fixture(scope="session")
def signing_key() -> SigningKey:
    return SigningKey.generate()


def make_entra(key: SigningKey, clock: Any, certificate: tuple[str, str], **options: Any) -> Entra:
    loopback = ("http://localhost", "http://127.0.0.1/callback")
    clients = (
        Client(APP, APP_OBJECT, ((SECRET, float("inf")), ("old", 0.0)), name="orders"),
        Client(PUBLIC, PUBLIC, name="desk", redirect_uris=loopback),
        Client(
            SIGNER,
            SIGNER,
            certificates=(certificate[0],),
            name="signer",
            federated=(FederatedCredential(ISSUER, "repo:main"),),
        ),
        Client(MULTI, MULTI, ((SECRET, float("inf")),), name="many", multi_tenant=True),
        Client(
            GUARDED,
            GUARDED,
            name="guarded",
            redirect_uris=loopback,
            assigned_users=(USER.upn,),
            needs_consent=True,
        ),
        Client(BARE, BARE, ((SECRET, float("inf")),), name="bare"),
    )
    entra = Entra(
        TENANT,
        clients,
        (USER, OTHER),
        key=key,
        clock=clock,
        ids=Ids(7),
        identity_header="host-secret",
        **options,
    )
    entra.resources.add((ENVIRONMENT,))
    return entra


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass
class Talker:
    """Sends requests to a service in process, as the pipeline would."""

    service: EntraService
    clock: ManualClock
    exchanges: list[Exchange] = field(default_factory=list)

    def send(
        self,
        method: str,
        target: str,
        *,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        form: dict[str, str] | None = None,
        form_text: str | None = None,
    ) -> Answer:
        path, _, query = target.partition("?")
        names = {b"host": b"localhost:8366"}
        if form is not None:
            form_text = urlencode(form)
        if form_text is not None:
            body, names[b"content-type"] = form_text.encode(), b"application/x-www-form-urlencoded"
        names |= {k.lower().encode(): v.encode("latin-1") for k, v in (headers or {}).items()}
        request = Request(method, path, query, names, body, "https")
        exchange = Exchange(request, "entra", self.clock.now())
        self.exchanges.append(exchange)
        try:
            response = self.service.handle(exchange)
        except ServiceError as error:
            response = self.service.render_error(error, exchange)
        assert isinstance(response.body, bytes)
        lines = [
            line.split(": ", 1) for line in response.head.decode("latin-1").split("\r\n") if line
        ]
        return Answer(response.status, {n.lower(): v for n, v in lines}, response.body)

    def token(self, version: int = 2, tenant: str = TENANT.id, **form: str) -> Answer:
        path = "oauth2/v2.0/token" if version == 2 else "oauth2/token"
        return self.send("POST", f"/{tenant}/{path}", form=form)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def entra(signing_key, clock, certificate) -> Entra:
    return make_entra(signing_key, clock, certificate)


@pytest.fixture
def talk(entra, clock) -> Talker:
    return Talker(EntraService(entra), clock)


class Live:
    """An https server on its own thread."""

    def __init__(self, entra: Entra, ca: LocalCa) -> None:
        self.entra, self.service, self.ca = entra, EntraService(entra), str(ca.path)
        self._context = ca.server_context()
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _answer(self, request: Request) -> Response:
        exchange = Exchange(request, "entra", self.entra.now())
        try:
            return self.service.handle(exchange)
        except ServiceError as error:
            return self.service.render_error(error, exchange)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._server = HttpServer(
            self._answer,
            Turn(lambda: None, lambda: None),
            Timers(SteerableClock()),
            scheme="https",
        )
        self.port = self._loop.run_until_complete(self._server.start("127.0.0.1", 0, self._context))
        self._started.set()
        self._loop.run_forever()

    def __enter__(self) -> Live:
        self._thread.start()
        assert self._started.wait(60)
        self.url = f"https://localhost:{self.port}"
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._server.stop(0.2), self._loop).result(60)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()


@pytest.fixture(scope="session")
def live(signing_key, certificate, tmp_path_factory):
    entra = make_entra(signing_key, SteerableClock(), certificate)
    with Live(entra, LocalCa(Path(tmp_path_factory.mktemp("ca")))) as server:
        yield server


@pytest.fixture(scope="session")
def known() -> dict[str, str]:
    """Names for tables of cases: `{APP}` and the like."""
    return {
        "TENANT": TENANT.id,
        "DOMAIN": TENANT.domain,
        "APP": APP,
        "PUBLIC": PUBLIC,
        "SIGNER": SIGNER,
        "MULTI": MULTI,
        "GUARDED": GUARDED,
        "BARE": BARE,
        "SECRET": SECRET,
        "ENV": ENVIRONMENT,
        "ISSUER": ISSUER,
        "USER": USER.upn,
        "OTHER": OTHER.upn,
        "NOBODY": "00000000-1111-4222-8333-444444444444",
    }


@pytest.fixture(scope="session")
def other_certificate() -> tuple[str, str]:
    return make_certificate()


@pytest.fixture
def make(signing_key, clock, certificate):
    """Makes a talker with other options of Entra."""

    def made(**options: Any) -> Talker:
        return Talker(EntraService(make_entra(signing_key, clock, certificate, **options)), clock)

    return made

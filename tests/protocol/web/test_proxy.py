"""The forward proxy on real sockets: names, tunnels, what is refused, and what bounds a client."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.settings import load
from windtunnel.simulator.web.house import House
from windtunnel.simulator.web.proxy.certificates import Contexts
from windtunnel.simulator.web.proxy.names import CloudNames, read_target
from windtunnel.simulator.web.running import Running, Simulator
from windtunnel.simulator.web.tls import LocalCa

ORGANIZATION = "https://contoso.crm4.dynamics.com"


@pytest.fixture(scope="module")
def simulator(tmp_path_factory) -> Iterator[Simulator]:
    with Simulator(
        proxy__https_port=0,
        proxy__hosts={"crm.contoso.example": "dataverse"},
        simulator__data_folder=tmp_path_factory.mktemp("data"),
        web__header_bytes=4096,
    ) as running:
        yield running


@pytest.fixture(scope="module")
def impatient(tmp_path_factory) -> Iterator[Simulator]:
    """One that gives a request and a handshake no time; only for clients that send none."""
    with Simulator(
        simulator__data_folder=tmp_path_factory.mktemp("data"),
        simulator__sample_data=False,
        web__receive_seconds=1.0,
    ) as running:
        yield running


@pytest.fixture
def proxied(simulator) -> Iterator[httpx.Client]:
    with httpx.Client(proxy=simulator.env["WT_PROXY_URL"], verify=trust(simulator)) as client:
        yield client


def trust(simulator: Simulator) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=simulator.env["WT_CA_FILE"])


def token(simulator: Simulator, client: httpx.Client, resource: str = ORGANIZATION) -> str:
    answer = client.post(
        f"https://login.microsoftonline.com/{simulator.env['WT_TENANT_ID']}/oauth2/v2.0/token",
        data={
            "grant_type": "client_credentials",
            "client_id": simulator.env["WT_CLIENT_ID"],
            "client_secret": simulator.env["WT_CLIENT_SECRET"],
            "scope": f"{resource}/.default",
        },
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def port(simulator: Simulator, name: str = "WT_PROXY_URL") -> int:
    found = urlsplit(simulator.env[name]).port
    assert found is not None
    return found


def talk(simulator: Simulator, data: bytes) -> bytes:
    """Send bytes to the proxy and read until it closes."""
    with socket.create_connection(("127.0.0.1", port(simulator)), timeout=120) as connection:
        connection.sendall(data)
        found = b""
        with contextlib.suppress(ConnectionResetError):  # a close before all was read
            while chunk := connection.recv(65_536):
                found += chunk
        return found


# -- names --------------------------------------------------------------------------------------

NAMES = [
    ("login.microsoftonline.com", "entra"),
    ("LOGIN.Microsoft.com:443", "entra"),
    ("login.windows.net", "entra"),
    ("sts.windows.net", "entra"),
    ("contoso.crm.dynamics.com", "dataverse"),
    ("contoso.crm21.dynamics.com", "dataverse"),
    ("contoso.api.crm4.dynamics.com:443", "dataverse"),
    ("globaldisco.crm.dynamics.com.", "dataverse"),
    ("contoso.operations.dynamics.com", "finance_operations"),
    ("contoso-uat.sandbox.operations.eu.dynamics.com", "finance_operations"),
    ("devaos.cloudax.dynamics.com", "finance_operations"),
    ("secrets.vault.azure.net", "key_vault"),
    ("account.blob.core.windows.net", "blob"),
    ("bus.servicebus.windows.net", "service_bus"),
    ("topic.westeurope-1.eventgrid.azure.net", "event_grid"),
    ("westeurope-5.in.applicationinsights.azure.com", "application_insights"),
    ("dc.services.visualstudio.com", "application_insights"),
    ("crm.contoso.example", "dataverse"),
    ("a.fo.example", "finance_operations"),
    ("a.b.fo.example", None),
    ("fo.example", None),
    ("crm.dynamics.com", None),
    ("contoso.crm.dynamics.com.evil.example", None),
    ("contoso.crm123.dynamics.com", None),
    ("-x.crm.dynamics.com", None),
    ("evil-login.microsoftonline.com", None),
    ("login.microsoftonline.com@evil.example", None),
    ("example.org", None),
    ("", None),
]


@pytest.mark.parametrize(("name", "service"), NAMES, ids=[name for name, _ in NAMES])
def test_a_name_belongs_to_one_service_or_none(name, service):
    more = {"crm.contoso.example": "dataverse", "*.FO.example": "finance_operations"}
    known = CloudNames(more).find(name)
    assert (known.service if known else None) == service


@pytest.mark.parametrize(
    "wrong", [{"a b": "dataverse"}, {"": "entra"}, {"*": "entra"}, {"x.example": "sharepoint"}]
)
def test_a_setting_that_names_no_host_or_no_service_is_refused(wrong):
    with pytest.raises(UsageError, match=r"proxy\.hosts"):
        CloudNames(wrong)


@given(st.text())
def test_any_text_is_a_target_or_none(text):
    target = read_target(text)
    assert target is None or target == target.lower()
    CloudNames().find(text)


RESOURCES = [
    ("https://contoso.crm4.dynamics.com", True),
    ("https://CONTOSO.crm4.dynamics.com/", True),
    ("https://contoso.operations.dynamics.com", False),
    ("http://contoso.crm4.dynamics.com", False),
    ("https://contoso.crm4.dynamics.com/path", False),
    ("contoso.crm4.dynamics.com", False),
    ("https://login.microsoftonline.com", False),
]


@pytest.mark.parametrize(("audience", "good"), RESOURCES, ids=[row[0] for row in RESOURCES])
def test_an_audience_is_a_name_of_the_service_itself(audience, good):
    assert CloudNames().is_resource("dataverse", audience) is good


# -- what a client of the cloud sees ------------------------------------------------------------


def test_addresses_in_answers_are_the_cloud_s(simulator, proxied):
    headers = {"authorization": f"Bearer {token(simulator, proxied)}"}
    rows = proxied.get(
        f"{ORGANIZATION}/api/data/v9.2/accounts?$select=name",
        headers={**headers, "prefer": "odata.maxpagesize=1"},
    ).json()
    assert rows["@odata.context"].startswith(f"{ORGANIZATION}/api/data/v9.2/$metadata#accounts")
    assert rows["@odata.nextLink"].startswith(f"{ORGANIZATION}/api/data/v9.2/accounts?")
    assert proxied.get(rows["@odata.nextLink"], headers=headers).status_code == 200
    made = proxied.post(
        f"{ORGANIZATION}/api/data/v9.2/accounts", headers=headers, json={"name": "made"}
    )
    assert made.headers["odata-entityid"].startswith(f"{ORGANIZATION}/api/data/v9.2/accounts(")


def test_discovery_lists_the_cloud_s_addresses(simulator, proxied):
    tenant = simulator.env["WT_TENANT_ID"]
    root = f"https://login.microsoftonline.com/{tenant}"
    found = proxied.get(f"{root}/v2.0/.well-known/openid-configuration").json()
    assert found["issuer"] == f"{root}/v2.0"
    assert found["token_endpoint"] == f"{root}/oauth2/v2.0/token"
    assert found["jwks_uri"] == f"{root}/discovery/v2.0/keys"
    instance = proxied.get(
        "https://login.microsoftonline.com/common/discovery/instance",
        params={"api-version": "1.1", "authorization_endpoint": f"{root}/oauth2/v2.0/authorize"},
    ).json()
    assert instance["metadata"][0]["preferred_network"] == "login.microsoftonline.com"
    assert instance["metadata"][0]["preferred_cache"] == "login.windows.net"
    assert "sts.windows.net" in instance["metadata"][0]["aliases"]


def test_who_has_no_token_is_sent_to_the_cloud_s_authority(simulator, proxied):
    refused = proxied.get(f"{ORGANIZATION}/api/data/v9.2/WhoAmI")
    assert refused.status_code == 401
    tenant = simulator.env["WT_TENANT_ID"]
    assert refused.headers["www-authenticate"] == (
        f"Bearer authorization_uri=https://login.microsoftonline.com/{tenant}/oauth2/authorize, "
        f"resource_id={ORGANIZATION}/"
    )


def test_a_token_is_for_the_service_whose_name_it_was_asked_for(simulator, proxied):
    erp = "https://contoso.sandbox.operations.dynamics.com"
    headers = {"authorization": f"Bearer {token(simulator, proxied, erp)}"}
    assert proxied.get(f"{erp}/data/CustomersV3?$top=1", headers=headers).status_code == 200
    who = f"{ORGANIZATION}/api/data/v9.2/WhoAmI"
    assert proxied.get(who, headers=headers).status_code == 401


def test_a_token_for_an_unknown_name_is_not_issued(simulator, proxied):
    with pytest.raises(AssertionError, match="AADSTS500011"):
        token(simulator, proxied, "https://contoso.crm.evil.example")


PLAIN = [
    ("http://contoso.crm4.dynamics.com", 200),
    ("http://contoso.crm4.dynamics.com:80", 200),
    ("https://crm.contoso.example", 200),
    ("https://contoso.api.crm4.dynamics.com", 200),
]


@pytest.mark.parametrize(("root", "status"), PLAIN, ids=[row[0] for row in PLAIN])
def test_other_spellings_reach_the_same_service(simulator, proxied, root, status):
    headers = {"authorization": f"Bearer {token(simulator, proxied)}"}
    answer = proxied.get(f"{root}/api/data/v9.2/WhoAmI", headers=headers)
    assert answer.status_code == status
    assert answer.json()["@odata.context"].startswith(root.removesuffix(":80"))


@pytest.mark.parametrize(
    "name", ["WT_CONTROL_URL", "WT_DATAVERSE_URL", "WT_DATAVERSE_HTTP_URL", "WT_AUTHORITY_URL"]
)
def test_our_own_listeners_are_reached_through_the_proxy_too(simulator, proxied, name):
    answer = proxied.get(f"{simulator.env[name]}/nothing")
    assert answer.status_code in {401, 404}


def test_a_tunnel_for_port_80_speaks_without_tls(simulator):
    answer = talk(
        simulator,
        b"CONNECT contoso.crm4.dynamics.com:80 HTTP/1.1\r\nHost: x\r\n\r\n"
        b"GET /api/data/v9.2/WhoAmI HTTP/1.0\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 200 Connection established\r\n\r\nHTTP/1.1 401 ")
    assert b"resource_id=http://contoso.crm4.dynamics.com:80/" in answer


def test_without_a_proxy_the_one_port_chooses_certificate_and_service_by_name(simulator):
    wanted = {
        "login.microsoftonline.com": f"/{simulator.env['WT_TENANT_ID']}/discovery/keys",
        "contoso.crm4.dynamics.com": "/api/data/v9.2/WhoAmI",
        "localhost": "/",
    }
    found = {}
    for host, path in wanted.items():
        raw = socket.create_connection(("127.0.0.1", port(simulator, "WT_CLOUD_URL")), timeout=120)
        with raw, trust(simulator).wrap_socket(raw, server_hostname=host) as connection:
            line = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            connection.sendall(line.encode())
            found[host] = connection.recv(12).decode()
    assert found == {
        "login.microsoftonline.com": "HTTP/1.1 200",
        "contoso.crm4.dynamics.com": "HTTP/1.1 401",
        "localhost": "HTTP/1.1 421",
    }


# -- refused and bounded ------------------------------------------------------------------------

REFUSED = [
    (b"CONNECT www.example.org:443 HTTP/1.1\r\n\r\n", b"403 windtunnel does not answer for www"),
    (b"CONNECT contoso.crm.dynamics.com:22 HTTP/1.1\r\n\r\n", b"403 windtunnel answers for"),
    (b"CONNECT keys.vault.azure.net:443 HTTP/1.1\r\n\r\n", b"501 windtunnel serves no Key Vault"),
    (b"CONNECT 169.254.169.254:80 HTTP/1.1\r\n\r\n", b"403 windtunnel does not answer for 169"),
    (b"CONNECT [::1]:443 HTTP/1.1\r\n\r\n", b"403 windtunnel does not answer for [::1]:443"),
    (b"CONNECT nowhere HTTP/1.1\r\n\r\n", b"400 "),
    (b"CONNECT :443 HTTP/1.1\r\n\r\n", b"400 "),
    (b"CONNECT login.windows.net:0 HTTP/1.1\r\n\r\n", b"400 "),
    (b"CONNECT login.windows.net:99999 HTTP/1.1\r\n\r\n", b"400 "),
    (b"CONNECT http://login.windows.net/ HTTP/1.1\r\n\r\n", b"400 "),
    (b"CONNECT \xff\xfe:443 HTTP/1.1\r\n\r\n", b"400 "),
    (b"CONNECT " + b"a" * 5_000 + b":443 HTTP/1.1\r\n\r\n", b"431 "),
    (b"\x16\x03\x01\x02\x00\x01\x00", b"400 "),
    (b"GET http://www.example.org/ HTTP/1.1\r\nHost: login.windows.net\r\n\r\n", b"403 Forbidden"),
    (b"GET / HTTP/1.1\r\nHost: \r\n\r\n", b"403 Forbidden"),
    (b"GET http:// HTTP/1.1\r\nHost: x\r\n\r\n", b"40"),
    (b"CONNECT login.windows.net:80 HTTP/1.1\r\nX: " + b"a" * 5_000 + b"\r\n\r\n", b"431 "),
    (
        b"CONNECT login.windows.net:80 HTTP/1.1\r\n\r\n" * 2,
        b"200 Connection established\r\n\r\nHTTP/1.1 400 ",
    ),
]


@pytest.mark.parametrize(("sent", "answer"), REFUSED, ids=[str(row[0][:60]) for row in REFUSED])
def test_what_the_proxy_does_not_do_gets_a_clear_answer(simulator, sent, answer):
    lines = sent.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    assert talk(simulator, lines).startswith(b"HTTP/1.1 " + answer)


def test_a_request_whose_rest_never_comes_is_given_up(impatient):
    answer = talk(impatient, b"CONNECT login.windows.net:80 HTTP/1.1\r\n")
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_refusal_names_the_host_and_the_setting(simulator):
    answer = talk(simulator, b"CONNECT www.example.org:443 HTTP/1.1\r\n\r\n")
    assert b"www.example.org:443" in answer
    assert b"proxy.hosts" in answer


NO_TLS = [b"", b"\x00" * 100, b"GET / HTTP/1.1\r\nHost: login.windows.net\r\n\r\n"]


@pytest.mark.parametrize("sent", NO_TLS, ids=["silent", "zeros", "in clear"])
def test_a_tunnel_without_a_handshake_ends(impatient, sent):
    with socket.create_connection(("127.0.0.1", port(impatient)), timeout=120) as connection:
        connection.sendall(b"CONNECT login.windows.net:443 HTTP/1.1\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
        connection.sendall(sent)
        try:
            while connection.recv(1000):
                pass  # an alert, perhaps
        except ConnectionResetError:
            pass


@pytest.mark.parametrize("early", [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\x02"])
def test_what_comes_in_clear_before_the_grant_is_never_taken_for_the_tunnel_s(impatient, early):
    answer = talk(impatient, b"CONNECT login.windows.net:443 HTTP/1.1\r\n\r\n" + early)
    assert b"HTTP/1.1 200 OK" not in answer


def test_a_client_that_leaves_in_the_handshake_leaves_nothing_behind(tmp_path):
    async def main() -> None:
        overrides = {"simulator.port_base": 0, "simulator.data_folder": tmp_path}
        running = Running(House(load(overrides=overrides, environment={})))
        env = await running.open()
        try:
            for sent in (b"", b"\x16\x03\x01"):
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", urlsplit(env["WT_PROXY_URL"]).port
                )
                writer.write(b"CONNECT login.windows.net:443 HTTP/1.1\r\n\r\n")
                assert await reader.readuntil(b"\r\n\r\n")
                writer.write(sent)
                writer.close()
                await writer.wait_closed()
            assert running._listeners is not None
            servers = running._listeners._servers
            async with asyncio.timeout(120):
                while any(server.connections for server in servers):
                    await asyncio.sleep(0.01)
        finally:
            await running.close()

    asyncio.run(main())


def test_certificates_are_made_per_name_and_the_latest_are_kept(tmp_path):
    contexts = Contexts(LocalCa(tmp_path), capacity=2)
    first = contexts.of("a.crm.dynamics.com")
    assert contexts.of("a.crm.dynamics.com") is first
    contexts.of("b.crm.dynamics.com")
    contexts.of("c.crm.dynamics.com")
    assert contexts.of("a.crm.dynamics.com") is not first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ca-key.pem", "ca.pem"]


def test_a_certificate_names_the_host_and_is_signed_by_the_local_ca(simulator):
    with socket.create_connection(("127.0.0.1", port(simulator)), timeout=120) as raw:
        raw.sendall(b"CONNECT contoso.crm4.dynamics.com:443 HTTP/1.1\r\n\r\n")
        raw.recv(100)
        host = "contoso.crm4.dynamics.com"
        with trust(simulator).wrap_socket(raw, server_hostname=host) as connection:
            der = connection.getpeercert(binary_form=True)
    assert der is not None
    leaf = x509.load_der_x509_certificate(der)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [host]


def test_without_tls_only_http_names_are_served(tmp_path):
    with Simulator(simulator__tls=False, simulator__data_folder=tmp_path) as plain:
        refused = talk(plain, b"CONNECT login.windows.net:443 HTTP/1.1\r\n\r\n")
        assert refused.startswith(b"HTTP/1.1 403 windtunnel runs without TLS")
        with httpx.Client(proxy=plain.env["WT_PROXY_URL"]) as client:
            tenant = plain.env["WT_TENANT_ID"]
            url = f"http://login.microsoftonline.com/{tenant}/discovery/keys"
            assert client.get(url).status_code == 200


def test_the_proxy_can_be_left_out(tmp_path):
    with Simulator(proxy__enabled=False, simulator__data_folder=tmp_path) as simulator:
        assert "WT_PROXY_URL" not in simulator.env


def test_one_port_without_tls_is_refused(tmp_path):
    settings = {"proxy__https_port": 0, "simulator__tls": False, "simulator__data_folder": tmp_path}
    with pytest.raises(UsageError, match=r"proxy\.https_port"), Simulator(**settings):
        pass

"""The local CA: made once, leaves renewed, files private, broken files named."""

from __future__ import annotations

import socket
import ssl
import stat
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography import x509

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.web.tls import LEAF_SECONDS, LocalCa, default_folder, names_for


def handshake(server: ssl.SSLContext, ca: LocalCa, name: str) -> dict:
    """Shake hands over a socket pair; returns the certificate the client saw."""
    client = ssl.create_default_context(cafile=str(ca.path))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    ours, theirs = socket.socketpair()
    with ours, theirs, ThreadPoolExecutor(1) as pool:
        accepted = pool.submit(server.wrap_socket, theirs, server_side=True)
        with client.wrap_socket(ours, server_hostname=name) as spoken:
            seen = spoken.getpeercert()
        accepted.result(60).close()
    assert seen is not None
    return seen


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_loopback_is_trusted_by_the_ca_file(tmp_path, name):
    ca = LocalCa(tmp_path)
    assert handshake(ca.server_context(), ca, name)["subjectAltName"]


def test_more_names_get_a_certificate_of_their_own(tmp_path):
    ca = LocalCa(tmp_path)
    context = ca.server_context(["*.crm.dynamics.com", "login.microsoftonline.com"])
    assert handshake(context, ca, "contoso.crm.dynamics.com")
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(ca.server_context(), ca, "contoso.crm.dynamics.com")


def test_the_second_start_uses_what_the_first_made(tmp_path):
    LocalCa(tmp_path).server_context()
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    LocalCa(tmp_path).server_context()
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_private_keys_are_the_owners_only(tmp_path):
    LocalCa(tmp_path).server_context()
    modes = {path.name.partition("-")[0]: path.stat().st_mode for path in tmp_path.iterdir()}
    if sys.platform != "win32":
        assert {name: stat.S_IMODE(mode) for name, mode in modes.items()} == {
            "ca": 0o600,
            "ca.pem": 0o644,
            "leaf": 0o600,
        }
    assert b"PRIVATE" not in (tmp_path / "ca.pem").read_bytes()


def test_simulators_that_start_together_share_one_ca(tmp_path):
    folder = tmp_path / "new"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: LocalCa(folder), range(8)))
        contexts = list(pool.map(lambda ca: ca.server_context(), made))
    assert len({ca.certificate_pem for ca in made}) == 1
    assert all(handshake(context, made[0], "localhost") for context in contexts)
    assert len(list(folder.iterdir())) == 3


def leaf_of(folder) -> x509.Certificate:
    [path] = folder.glob("leaf-*")
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_a_leaf_is_issued_again_before_it_expires(tmp_path):
    LocalCa(tmp_path).server_context()
    first = leaf_of(tmp_path)
    later = time.time() + LEAF_SECONDS - 20 * 86_400
    LocalCa(tmp_path, now=lambda: later).server_context()
    second = leaf_of(tmp_path)
    assert second.serial_number != first.serial_number
    assert second.not_valid_after_utc.timestamp() > later + 300 * 86_400


@pytest.mark.parametrize("content", [b"", b"garbage"])
def test_a_broken_leaf_is_mended(tmp_path, content):
    ca = LocalCa(tmp_path)
    ca.server_context()
    [path] = tmp_path.glob("leaf-*")
    path.write_bytes(content)
    assert handshake(ca.server_context(), ca, "localhost")


def test_a_leaf_without_its_key_is_mended(tmp_path):
    ca = LocalCa(tmp_path)
    ca.server_context()
    [path] = tmp_path.glob("leaf-*")
    path.write_bytes(ca.certificate_pem)
    assert handshake(ca.server_context(), ca, "localhost")
    assert path.read_bytes() != ca.certificate_pem


def test_a_lost_ca_file_comes_back(tmp_path):
    ca = LocalCa(tmp_path)
    ca.path.write_text("something else")
    LocalCa(tmp_path)
    assert ca.path.read_bytes() == ca.certificate_pem


@pytest.mark.parametrize("content", [b"", b"garbage"])
def test_a_broken_ca_is_named_with_its_remedy(tmp_path, content):
    (tmp_path / "ca-key.pem").write_bytes(content)
    with pytest.raises(UsageError, match=r"(?s)ca-key\.pem.*Delete the file"):
        LocalCa(tmp_path)


def test_a_ca_without_its_key_is_named_with_its_remedy(tmp_path):
    pem = LocalCa(tmp_path / "a").certificate_pem
    (tmp_path / "ca-key.pem").write_bytes(pem)
    with pytest.raises(UsageError, match=r"no usable private key"):
        LocalCa(tmp_path).server_context()


def test_an_expired_ca_is_named_with_its_remedy(tmp_path):
    LocalCa(tmp_path)
    with pytest.raises(UsageError, match="expired"):
        LocalCa(tmp_path, now=lambda: 4e10)


def test_a_name_that_is_none_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="no certificate can be issued"):
        LocalCa(tmp_path).server_context(["not a name"])


def test_addresses_that_mean_all_are_not_named():
    every = ["0.0.0.0", "::", "", "10.0.0.1", "host"]  # noqa: S104 - compared, not bound
    assert names_for(every) == ("10.0.0.1", "host")
    assert default_folder().name == "windtunnel"

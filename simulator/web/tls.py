"""The local certificate authority: made once per data folder, never installed anywhere by us."""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import ssl
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import platformdirs
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.kept_files import create_once, replace

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
READS = 3
LEAF_SECONDS = 397 * 86_400.0
"""How long a leaf is valid.

Source: Apple support, "About upcoming limits on trusted certificates".
"""
_RENEW_SECONDS = 30 * 86_400.0


class LocalCa:
    """Issues server certificates for this machine; clients trust `path`, a PEM file.

    Files lie in `folder` (default: the user's data folder of windtunnel): `ca-key.pem` (private key
    and certificate, 0600), `ca.pem`, and a `leaf-*.pem` (0600) for each set of names. Time is the
    wall's, since the peers of TLS know no other.
    """

    def __init__(self, folder: Path | None = None, *, now: Callable[[], float] = time.time) -> None:
        """Load the CA or make it. Raises UsageError for an unusable file or folder."""
        self._folder = folder or default_folder()
        self._now = now
        self.path = self._folder / "ca.pem"
        self._pem = create_once(self._folder / "ca-key.pem", _new_ca)
        try:
            certificate = x509.load_pem_x509_certificate(self._pem)
        except ValueError as error:
            raise self._unusable(f"is not a certificate authority: {error}") from error
        if certificate.not_valid_after_utc.timestamp() <= now():
            raise self._unusable("has expired")
        self.certificate_pem = certificate.public_bytes(Encoding.PEM)
        if not self.path.exists() or self.path.read_bytes() != self.certificate_pem:
            replace(self.path, self.certificate_pem, mode=0o644)

    def _unusable(self, problem: str) -> UsageError:
        return UsageError(
            problem,
            where=str(self._folder / "ca-key.pem"),
            remedy="Delete the file; the next start makes a new one. Then trust the new ca.pem.",
        )

    def server_context(self, names: Iterable[str] = ()) -> ssl.SSLContext:
        """A context for servers on loopback and under `names`, which may hold wildcards."""
        wanted = tuple(dict.fromkeys([*LOOPBACK_NAMES, *names]))
        path = self._leaf_path(wanted)
        if path.exists() and not self._is_good(path):
            replace(path, self._leaf(wanted))
        create_once(path, lambda: self._leaf(wanted))
        for _ in range(READS):
            # OpenSSL opens the file twice; between, another simulator may have put a new one there.
            with contextlib.suppress(ssl.SSLError):
                return _context(path)
        replace(path, self._leaf(wanted))  # key and certificate do not fit: ours to mend
        return _context(path)

    def passing_context(self, host: str) -> ssl.SSLContext:
        """A context for servers that are `host`, with a certificate that no file keeps."""
        with tempfile.TemporaryDirectory(prefix="windtunnel-") as folder:
            path = Path(folder) / "leaf.pem"
            path.touch(mode=0o600)
            path.write_bytes(self._leaf((host,)))
            return _context(path)

    def _leaf_path(self, names: tuple[str, ...]) -> Path:
        parts = (self.certificate_pem, *(name.encode() for name in sorted(names)))
        return self._folder / f"leaf-{hashlib.sha256(b' '.join(parts)).hexdigest()[:16]}.pem"

    def _is_good(self, path: Path) -> bool:
        try:
            leaf = x509.load_pem_x509_certificate(path.read_bytes())
        except (FileNotFoundError, ValueError):
            return False
        until = leaf.not_valid_after_utc.timestamp()
        return leaf.not_valid_before_utc.timestamp() <= self._now() < until - _RENEW_SECONDS

    def _leaf(self, names: tuple[str, ...]) -> bytes:
        from trustme import CA

        try:
            ca = CA.from_pem(self._pem, self._pem)
        except (ValueError, TypeError) as error:
            raise self._unusable(f"holds no usable private key: {error}") from error
        now = self._now()
        try:
            leaf = ca.issue_cert(
                *names,
                common_name=names[0][:64],
                organization_name="windtunnel",
                organization_unit_name="local simulators",
                not_before=datetime.fromtimestamp(now - 86_400.0, UTC),
                not_after=datetime.fromtimestamp(now + LEAF_SECONDS - 86_400.0, UTC),
            )
        except ValueError as error:
            raise UsageError(
                f"no certificate can be issued for {', '.join(names)}: {error}",
                remedy="Use host names or IP addresses.",
            ) from error
        return bytes(leaf.private_key_and_cert_chain_pem.bytes())


def default_folder() -> Path:
    """Where the CA is kept when nobody says otherwise."""
    return Path(platformdirs.user_data_dir("windtunnel", appauthor=False))


def names_for(hosts: Iterable[str]) -> tuple[str, ...]:
    """Those hosts that a certificate can name: addresses that mean "all" are left out."""
    return tuple(host for host in hosts if not _is_unspecified(host))


def _is_unspecified(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return not host


def _context(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(path)
    return context


def _new_ca() -> bytes:
    from trustme import CA

    ca = CA(organization_name="windtunnel", organization_unit_name="windtunnel local CA")
    return ca.private_key_pem.bytes() + ca.cert_pem.bytes()

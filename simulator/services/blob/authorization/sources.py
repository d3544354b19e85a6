"""Blobs that are named by a URL: sources of copies, packages of other services."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

from windtunnel.simulator.services.blob import errors as e
from windtunnel.simulator.services.blob.authorization.authorizer import (
    Authorizer,
    Need,
    check_need,
)
from windtunnel.simulator.services.blob.authorization.sas import Permit
from windtunnel.simulator.services.blob.names import Address, read_address

_READ = Need("r", "o", "bc")


class Sources:
    """Reads URLs; `is_ours`: whether an authority leads to this service."""

    def __init__(self, authorizer: Authorizer, is_ours: Callable[[str], bool]) -> None:
        self._authorizer, self._is_ours = authorizer, is_ours

    def find(
        self, url: str, *, reader: str = "", permit: Permit | None = None
    ) -> tuple[Address, str]:
        """Where a URL leads, and to which snapshot, for one who may read there.

        The holder of the key of account `reader` may read that account without a SAS. Raises
        LookupError for a URL that leads elsewhere, BlobError as a GET would be refused.
        """
        address, parameters, scheme = self._read(url)
        if "sig" in parameters:
            given = self._authorizer.by_sas(parameters, address, "127.0.0.1", scheme)
            check_need(given, _READ)
        elif permit is None or permit.permissions is not None or address.account != reader:
            raise e.NoAuthenticationInformation
        return address, parameters.get("snapshot", "")

    def leads_here(self, url: str) -> bool:
        """Whether a URL names a blob of this simulator."""
        try:
            self._read(url)
        except (LookupError, e.BlobError):
            return False
        return True

    def _read(self, url: str) -> tuple[Address, dict[str, str], str]:
        try:
            parts = urlsplit(url)
            parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
        except ValueError as error:
            raise LookupError(f"{url!r} is not a URL") from error
        if parts.scheme not in {"http", "https"} or not self._is_ours(parts.netloc):
            raise LookupError(f"{parts.netloc or url} is not blob storage of this simulator")
        address = read_address(parts.netloc, parts.path, is_container=False)
        return address, parameters, parts.scheme

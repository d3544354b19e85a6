"""Where a request points: account, container, blob, from its host and path. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from windtunnel.simulator.services.blob.errors import (
    InvalidResourceName,
    InvalidUri,
    OutOfRangeInput,
)

HOST_SUFFIX = ".blob.core.windows.net"
ROOT = "$root"
_CONTAINER = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_SYSTEM = frozenset({ROOT, "$web", "$logs", "$blobchangefeed"})
LONGEST_BLOB, MOST_SEGMENTS = 1024, 254


@dataclass(frozen=True, slots=True)
class Address:
    """A resource: the account; with a container; with a blob."""

    account: str
    container: str = ""
    blob: str = ""

    @property
    def level(self) -> str:
        """`service`, `container` or `blob`."""
        return "blob" if self.blob else "container" if self.container else "service"


def read_address(host: str, path: str, *, is_container: bool) -> Address:
    """Read host and percent-encoded path. `is_container`: the query says `restype=container`.

    `<account>.blob.core.windows.net` in the host wins; else the first segment is the account, as
    with the emulators. One segment more is a container, or a blob of `$root`. Source: "Naming and
    referencing containers, blobs, and metadata", "Working with the root container".
    """
    name = host.partition(":")[0].lower()
    rest = path[1:]
    if name.endswith(HOST_SUFFIX):
        account = name.removesuffix(HOST_SUFFIX)
    else:
        account, _, rest = rest.partition("/")
    try:
        decoded = unquote(rest, errors="strict")
    except UnicodeDecodeError as error:
        raise InvalidUri from error
    container, slash, blob = decoded.partition("/")
    if not blob and not slash and container and not is_container:
        container, blob = ROOT, container
    if container:
        check_container(container)
    if blob:
        check_blob(blob)
    return Address(unquote(account, errors="replace"), container, blob)


def check_container(name: str) -> None:
    """Raises InvalidResourceName or OutOfRangeInput for a name no container may have."""
    if name in _SYSTEM:
        return
    if not 3 <= len(name) <= 63:
        raise OutOfRangeInput
    if not _CONTAINER.fullmatch(name):
        raise InvalidResourceName


def check_blob(name: str) -> None:
    """Raises InvalidResourceName or OutOfRangeInput for a name no blob may have."""
    if len(name) > LONGEST_BLOB:
        raise OutOfRangeInput
    if name.count("/") >= MOST_SEGMENTS or "\0" in name:
        raise InvalidResourceName

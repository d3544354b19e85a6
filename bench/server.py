"""What the harness needs of every server it measures, ours and the peers alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from bench.dataset import ENTITY_SET, SELECTED, TOP, Record
from bench.process import ServerProcess

GET, LIST, PATCH, POST = "GET", "LIST", "PATCH", "POST"
OPERATIONS = (GET, LIST, PATCH, POST)
JSON = {"Content-Type": "application/json"}


def odata_list(group: str, above: float) -> str:
    """The query of LIST in OData V4."""
    text = {
        "$filter": f"wt_group eq '{group}' and wt_creditlimit gt {above}",
        "$orderby": "wt_name",
        "$select": ",".join(SELECTED),
        "$top": str(TOP),
    }
    return "&".join(f"{name}={quote(value, safe=',$')}" for name, value in text.items())


def odata_record(key: str) -> str:
    """The path of one record behind its collection, in OData V4."""
    return f"({key})"


def as_it_is(body: Record, number: int) -> Record:
    """The body of POST where the server gives the key."""
    del number
    return body


@dataclass(frozen=True, slots=True)
class Server:
    """A running server and how it is asked; `statuses` are the answers to PATCH and POST.

    `posted` makes the body of the nth POST, where the server gives no key.
    """

    process: ServerProcess
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    write_headers: Mapping[str, str] = field(default_factory=dict)
    collection: str = f"/{ENTITY_SET}"
    record: Callable[[str], str] = odata_record
    query: Callable[[str, float], str] = odata_list
    statuses: Mapping[str, int] = field(default_factory=lambda: {PATCH: 204, POST: 204})
    posted: Callable[[Record, int], Record] = as_it_is
    posts_prepared: int = 5_000

    def record_path(self, key: str) -> str:
        """Where one record is."""
        return self.collection + self.record(key)

    def list_path(self, group: str, above: float) -> str:
        """Where LIST is asked."""
        return f"{self.collection}?{self.query(group, above)}"

    def headers_of(self, operation: str) -> Mapping[str, str]:
        """Headers of a request; writes say what their body is."""
        if operation in (PATCH, POST):
            return {**self.headers, **JSON, **self.write_headers}
        return self.headers


class Peer(Protocol):
    """A kind of server."""

    name: str
    title: str
    operations: Sequence[str]
    warm_seconds: float
    """How long each operation is warmed in a full run: just-in-time compilers need it."""

    def prepare(self, folder: Path) -> Mapping[str, str]:
        """Install what the server needs below `folder`; returns versions by package."""
        ...

    def start(self, rows: Sequence[Record], folder: Path, core: int | None) -> Server:
        """Start it on these records and wait until it answers."""
        ...

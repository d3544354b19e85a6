"""The rows behind containers and blobs; values that no query looks for are JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import orjson

from windtunnel.simulator.services.blob.model.leases import NONE, Lease

TABLES = (
    """CREATE TABLE IF NOT EXISTS blob_container (account TEXT NOT NULL, name TEXT NOT NULL,
    etag TEXT NOT NULL, modified REAL NOT NULL, facts TEXT NOT NULL, PRIMARY KEY (account, name))
    WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS blob_blob (id INTEGER PRIMARY KEY AUTOINCREMENT,
    account TEXT NOT NULL, container TEXT NOT NULL, name TEXT NOT NULL, snapshot TEXT NOT NULL,
    kind TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL, created REAL NOT NULL,
    modified REAL NOT NULL, facts TEXT NOT NULL,
    UNIQUE (account, container, name, snapshot))""",
    """CREATE TABLE IF NOT EXISTS blob_extent (blob INTEGER NOT NULL, start INTEGER NOT NULL,
    length INTEGER NOT NULL, file TEXT NOT NULL, place INTEGER NOT NULL, block TEXT NOT NULL,
    PRIMARY KEY (blob, start)) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS blob_extent_file ON blob_extent (file)",
    """CREATE TABLE IF NOT EXISTS blob_block (account TEXT NOT NULL, container TEXT NOT NULL,
    name TEXT NOT NULL, block TEXT NOT NULL, length INTEGER NOT NULL, file TEXT NOT NULL,
    place INTEGER NOT NULL, PRIMARY KEY (account, container, name, block)) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS blob_block_file ON blob_block (file)",
    """CREATE TABLE IF NOT EXISTS blob_service (account TEXT PRIMARY KEY, properties TEXT NOT NULL)
    WITHOUT ROWID""",
)


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """A stored access policy of a container; empty members are not set."""

    id: str
    start: str = ""
    expiry: str = ""
    permissions: str = ""


@dataclass(slots=True)
class Container:
    """A container and what is known of it."""

    account: str
    name: str
    etag: str
    modified: float
    metadata: dict[str, str] = field(default_factory=dict)
    policies: tuple[AccessPolicy, ...] = ()
    lease: Lease = NONE

    def facts(self) -> str:
        """The JSON of what has no column."""
        return orjson.dumps(
            {
                "metadata": self.metadata,
                "policies": [asdict(policy) for policy in self.policies],
                "lease": asdict(self.lease),
            }
        ).decode()

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> Container:
        """From columns in the order of the table."""
        account, name, etag, modified, text = row
        facts = orjson.loads(text)
        policies = tuple(AccessPolicy(**policy) for policy in facts["policies"])
        lease = Lease(**facts["lease"])
        return cls(account, name, etag, modified, facts["metadata"], policies, lease)


@dataclass(slots=True)
class Blob:
    """A blob or a snapshot of one; `headers` are its HTTP headers by lower-case name."""

    id: int
    account: str
    container: str
    name: str
    snapshot: str
    kind: str
    size: int
    etag: str
    created: float
    modified: float
    headers: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    tier: str = ""
    tier_changed: float | None = None
    rehydrates: str = ""
    rehydrate_priority: str = ""
    sequence_number: int = 0
    is_sealed: bool = False
    blocks: int = 0
    copy: dict[str, str] = field(default_factory=dict)
    lease: Lease = NONE

    def facts(self) -> str:
        """The JSON of what has no column."""
        found = {name: getattr(self, name) for name in _FACTS}
        return orjson.dumps({**found, "lease": asdict(self.lease)}).decode()

    @classmethod
    def of(cls, row: tuple[Any, ...]) -> Blob:
        """From columns in the order of the table."""
        facts = orjson.loads(row[10])
        facts["lease"] = Lease(**facts["lease"])
        return cls(*row[:10], **facts)


_FACTS = (
    "headers",
    "metadata",
    "tags",
    "tier",
    "tier_changed",
    "rehydrates",
    "rehydrate_priority",
    "sequence_number",
    "is_sealed",
    "blocks",
    "copy",
)

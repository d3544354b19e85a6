"""Operations of Blob Storage, told apart by resource, method, `restype` and `comp`; nothing else.

The needs are those of the tables "Permissions for a ..." on the pages of account and service SAS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from windtunnel.simulator.exchange import Response
from windtunnel.simulator.services.blob.authorization.authorizer import Need
from windtunnel.simulator.services.blob.handlers import (
    account,
    blobs,
    blocks,
    containers,
    copying,
    leasing,
    listing,
    pages,
)
from windtunnel.simulator.services.blob.handlers.wire import Call


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its name in the documentation, its handler, what a SAS must grant."""

    name: str
    handler: Callable[[Call], Response]
    need: Need


def _blob(letters: str) -> Need:
    return Need(letters, "o", "bc")


def _service(letters: str) -> Need:
    return Need(letters, "s")


def _container(letters: str, by_service_sas: str = "") -> Need:
    return Need(letters, "c", by_service_sas)


_Key = tuple[str, str, str, str]

OPERATIONS: Final[dict[_Key, Operation]] = {
    ("GET", "service", "", "list"): Operation(
        "List Containers", listing.list_containers, _service("l")
    ),
    ("GET", "service", "service", "properties"): Operation(
        "Get Blob Service Properties", account.get_service_properties, _service("r")
    ),
    ("PUT", "service", "service", "properties"): Operation(
        "Set Blob Service Properties", account.set_service_properties, _service("w")
    ),
    **{
        ("GET", level, "account", "properties"): Operation(
            "Get Account Information", account.get_account_information, Need("rl", letter, "bc")
        )
        for level, letter in (("service", "s"), ("container", "c"), ("blob", "o"))
    },
    ("POST", "service", "", "batch"): Operation("Blob Batch", account.batch, _service("d")),
    # A client that knows host style only takes the account in the path for a container.
    ("POST", "service", "container", "batch"): Operation(
        "Blob Batch", account.batch, _service("d")
    ),
    ("POST", "container", "container", "batch"): Operation(
        "Blob Batch", account.batch, _container("d", "c")
    ),
    ("GET", "container", "container", "list"): Operation(
        "List Blobs", listing.list_blobs, _container("l", "c")
    ),
    ("PUT", "container", "container", ""): Operation(
        "Create Container", containers.create_container, _container("cw")
    ),
    ("DELETE", "container", "container", ""): Operation(
        "Delete Container", containers.delete_container, _container("d")
    ),
    ("GET", "container", "container", ""): Operation(
        "Get Container Properties", containers.get_container, _container("r")
    ),
    ("GET", "container", "container", "metadata"): Operation(
        "Get Container Metadata", containers.get_container_metadata, _container("r")
    ),
    ("PUT", "container", "container", "metadata"): Operation(
        "Set Container Metadata", containers.set_container_metadata, _container("w")
    ),
    ("GET", "container", "container", "acl"): Operation(
        "Get Container ACL", containers.get_container_acl, Need("", "")
    ),
    ("PUT", "container", "container", "acl"): Operation(
        "Set Container ACL", containers.set_container_acl, Need("", "")
    ),
    ("PUT", "container", "container", "lease"): Operation(
        "Lease Container", leasing.lease, _container("wd")
    ),
    ("PUT", "blob", "", ""): Operation("Put Blob", blobs.put_blob, _blob("cw")),
    ("GET", "blob", "", ""): Operation("Get Blob", blobs.get_blob, _blob("r")),
    ("HEAD", "blob", "", ""): Operation("Get Blob Properties", blobs.head_blob, _blob("r")),
    ("DELETE", "blob", "", ""): Operation("Delete Blob", blobs.delete_blob, _blob("d")),
    ("PUT", "blob", "", "properties"): Operation(
        "Set Blob Properties", blobs.set_properties, _blob("w")
    ),
    ("GET", "blob", "", "metadata"): Operation("Get Blob Metadata", blobs.get_metadata, _blob("r")),
    ("PUT", "blob", "", "metadata"): Operation("Set Blob Metadata", blobs.set_metadata, _blob("w")),
    ("GET", "blob", "", "tags"): Operation("Get Blob Tags", blobs.get_tags, _blob("t")),
    ("PUT", "blob", "", "tags"): Operation("Set Blob Tags", blobs.set_tags, _blob("t")),
    ("PUT", "blob", "", "tier"): Operation("Set Blob Tier", blobs.set_tier, _blob("w")),
    ("PUT", "blob", "", "snapshot"): Operation("Snapshot Blob", blobs.snapshot_blob, _blob("cw")),
    ("PUT", "blob", "", "lease"): Operation("Lease Blob", leasing.lease, _blob("wd")),
    ("PUT", "blob", "", "block"): Operation("Put Block", blocks.put_block, _blob("cw")),
    ("PUT", "blob", "", "blocklist"): Operation(
        "Put Block List", blocks.put_block_list, _blob("cw")
    ),
    ("GET", "blob", "", "blocklist"): Operation(
        "Get Block List", blocks.get_block_list, _blob("r")
    ),
    ("PUT", "blob", "", "appendblock"): Operation("Append Block", blocks.append_block, _blob("aw")),
    ("PUT", "blob", "", "seal"): Operation("Append Blob Seal", blocks.seal_blob, _blob("cw")),
    ("PUT", "blob", "", "page"): Operation("Put Page", pages.put_page, _blob("w")),
    ("PUT", "blob", "", ":copy"): Operation("Copy Blob", copying.copy_blob, _blob("cw")),
    ("PUT", "blob", "", "copy"): Operation("Abort Copy Blob", copying.abort_copy, _blob("w")),
    ("PUT", "blob", "", ":url"): Operation(
        "Put Blob From URL", copying.put_blob_from_url, _blob("cw")
    ),
    ("PUT", "blob", "", "block:url"): Operation(
        "Put Block From URL", blocks.put_block_from_url, _blob("cw")
    ),
    ("PUT", "blob", "", "appendblock:url"): Operation(
        "Append Block From URL", blocks.append_block_from_url, _blob("aw")
    ),
    ("PUT", "blob", "", "page:url"): Operation(
        "Put Page From URL", pages.put_page_from_url, _blob("w")
    ),
    ("GET", "blob", "", "pagelist"): Operation(
        "Get Page Ranges", pages.get_page_ranges, _blob("r")
    ),
}
"""By method, level of the address, `restype`, `comp`; `:copy` and `:url` mark what has a source."""

ABSENT: Final = {
    "blobs": "Find Blobs by Tags",
    "query": "Query Blob Contents",
    "undelete": "soft delete",
    "immutabilitypolicies": "immutability policies",
    "legalhold": "legal holds",
    "incrementalcopy": "incremental copies",
    "expiry": "Set Blob Expiry (hierarchical namespace)",
    "userdelegationkey": "user delegation SAS",
    "stats": "geo-redundant replication",
}
"""Values of `comp` that name what is not simulated."""


def find(
    method: str, level: str, restype: str, comp: str, *, from_url: bool, is_typed: bool
) -> Operation | None:
    """The operation of a request; a HEAD without its own is the GET's.

    `from_url`: it names a source to copy from; `is_typed`: it says which type of blob to make.
    """
    if from_url:
        comp += ":url" if comp or is_typed else ":copy"
    found = OPERATIONS.get((method, level, restype, comp))
    if found is None and method == "HEAD":
        found = OPERATIONS.get(("GET", level, restype, comp))
    return found

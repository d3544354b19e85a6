"""Handlers of lists: containers of an account, blobs of a container."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from windtunnel.simulator.exchange import Absent, Response
from windtunnel.simulator.services.blob import errors as e
from windtunnel.simulator.services.blob.documents import (
    document,
    element,
    group,
    is_plain_xml,
    tag_set,
)
from windtunnel.simulator.services.blob.handlers.blobs import archive_status, lease_headers
from windtunnel.simulator.services.blob.handlers.wire import (
    SHOWN_HEADERS,
    XML,
    Call,
    http_date,
    reply,
)
from windtunnel.simulator.services.blob.model.blobs import BLOCK, PAGE
from windtunnel.simulator.services.blob.model.listing import MOST, Item, page_of_blobs
from windtunnel.simulator.services.blob.model.tables import Blob, Container

_IN_CONTAINERS = frozenset({"metadata", "deleted", "system"})
_IN_BLOBS = frozenset(
    {
        "snapshots",
        "metadata",
        "uncommittedblobs",
        "copy",
        "deleted",
        "tags",
        "versions",
        "deletedwithversions",
        "immutabilitypolicy",
        "legalhold",
        "permissions",
    }
)


def _included(call: Call, known: frozenset[str]) -> set[str]:
    wanted = {part for part in call.parameters.get("include", "").lower().split(",") if part}
    if wanted - known:
        raise e.InvalidQueryParameterValue("include", call.parameters["include"])
    return wanted


def _most(call: Call) -> int:
    text = call.parameters.get("maxresults", "")
    if not text:
        return MOST
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise e.InvalidQueryParameterValue("maxresults", text)
    if int(text) == 0:
        raise e.OutOfRangeQueryParameterValue("maxresults", text, 1, MOST)
    return min(int(text), MOST)


def _head(call: Call, names: Iterable[str]) -> list[str]:
    shown = {"prefix": "Prefix", "marker": "Marker", "delimiter": "Delimiter"}
    parts = [
        element(shown[name], call.parameters[name]) for name in names if call.parameters.get(name)
    ]
    if "maxresults" in call.parameters:
        parts.append(element("MaxResults", call.parameters["maxresults"]))
    return parts


def list_containers(call: Call) -> Response:
    """List Containers."""
    included = _included(call, _IN_CONTAINERS)
    prefix, marker = call.parameters.get("prefix", ""), call.parameters.get("marker", "")
    most = _most(call)
    after = marker.rpartition("/")[2]
    found = call.model.shelf.containers(call.address.account, prefix, after, most + 1)
    shown = [_container(call, item, included) for item in found[:most]]
    following = f"/{call.address.account}/{found[most - 1].name}" if len(found) > most else ""
    parts = [
        *_head(call, ("prefix", "marker")),
        group("Containers", shown),
        element("NextMarker", following),
    ]
    body = group("EnumerationResults", parts, ServiceEndpoint=f"{call.endpoint}/")
    return reply(200, XML, document(body))


def _container(call: Call, container: Container, included: set[str]) -> str:
    now = call.model.shelf.clock.now()
    properties = [
        element("Last-Modified", http_date(container.modified)),
        element("Etag", container.etag),
        *_lease(container, now),
        element("DefaultEncryptionScope", "$account-encryption-key"),
        element("DenyEncryptionScopeOverride", "false"),
        element("HasImmutabilityPolicy", "false"),
        element("HasLegalHold", "false"),
        element("ImmutableStorageWithVersioningEnabled", "false"),
    ]
    parts = [element("Name", container.name), group("Properties", properties)]
    if "metadata" in included:
        parts.append(_metadata(container.metadata))
    return group("Container", parts)


def _lease(thing: Blob | Container, now: float) -> list[str]:
    names = {
        "x-ms-lease-status": "LeaseStatus",
        "x-ms-lease-state": "LeaseState",
        "x-ms-lease-duration": "LeaseDuration",
    }
    told = lease_headers(thing.lease.state(now), thing.lease.seconds)
    return [element(shown, told[name]) for name, shown in names.items() if name in told]


def _metadata(metadata: dict[str, str]) -> str:
    if not metadata:
        return "<Metadata />"
    return group("Metadata", [element(name, value) for name, value in metadata.items()])


def list_blobs(call: Call) -> Response:
    """List Blobs."""
    if "text/csv" in call.header("accept"):
        raise Absent("lists as CSV")
    call.model.containers.get(call.address.account, call.address.container, call.asked())
    included = _included(call, _IN_BLOBS)
    delimiter = call.parameters.get("delimiter", "")
    if delimiter and "snapshots" in included:
        raise e.InvalidQueryParameterValue("include", call.parameters["include"])
    page = page_of_blobs(
        call.model.shelf,
        call.address,
        prefix=call.parameters.get("prefix", ""),
        delimiter=delimiter,
        marker=call.parameters.get("marker", ""),
        most=_most(call),
        snapshots="snapshots" in included,
        uncommitted="uncommittedblobs" in included,
    )
    parts = [
        *_head(call, ("prefix", "marker", "delimiter")),
        group("Blobs", [_item(call, item, included) for item in page.items]),
        element("NextMarker", page.marker),
    ]
    body = group(
        "EnumerationResults",
        parts,
        ServiceEndpoint=f"{call.endpoint}/",
        ContainerName=call.address.container,
    )
    return reply(200, XML, document(body))


def _name(name: str) -> str:
    if is_plain_xml(name):
        return element("Name", name)
    return f'<Name Encoded="true">{quote(name, safe="")}</Name>'


def _item(call: Call, item: Item, included: set[str]) -> str:
    if isinstance(item, str):
        return group("BlobPrefix", [_name(item)])
    parts = [_name(item.name)]
    if item.snapshot:
        parts.append(element("Snapshot", item.snapshot))
    parts.append(group("Properties", _properties(item, included, call.model.shelf.clock.now())))
    if "metadata" in included:
        parts.append(_metadata(item.metadata))
    if "tags" in included and item.tags:
        parts.append(tag_set(item.tags))
    return group("Blob", parts)


def _properties(blob: Blob, included: set[str], now: float) -> list[str]:
    headers = blob.headers
    parts = [
        element("Creation-Time", http_date(blob.created)),
        element("Last-Modified", http_date(blob.modified)),
        element("Etag", blob.etag.strip('"')),
        element("Content-Length", blob.size),
        *(element(shown, headers.get(name)) for name, shown in SHOWN_HEADERS.items()),
        element("BlobType", blob.kind),
    ]
    if blob.kind == BLOCK:
        parts.append(element("AccessTier", blob.tier or "Hot"))
        if not blob.tier:
            parts.append(element("AccessTierInferred", "true"))
        elif blob.tier_changed is not None and not blob.rehydrates:
            parts.append(element("AccessTierChangeTime", http_date(blob.tier_changed)))
        if blob.rehydrates:
            parts.append(element("ArchiveStatus", archive_status(blob)))
            parts.append(element("RehydratePriority", blob.rehydrate_priority))
    elif blob.kind == PAGE:
        parts.append(element("x-ms-blob-sequence-number", blob.sequence_number))
    if blob.is_sealed:
        parts.append(element("Sealed", "true"))
    if not blob.snapshot:
        parts += _lease(blob, now)
    if "copy" in included:
        parts += [
            element("".join(part.capitalize() for part in name.split("-")), value)
            for name, value in blob.copy.items()
        ]
    parts.append(element("ServerEncrypted", "true"))
    if blob.tags:
        parts.append(element("TagCount", len(blob.tags)))
    return parts

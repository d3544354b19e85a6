"""Lists of blobs: by prefix and delimiter, page by page, with snapshots and uncommitted blobs.

Source: "List Blobs".
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from windtunnel.simulator.services.blob.errors import OutOfRangeInput
from windtunnel.simulator.services.blob.model.blobs import BLOCK
from windtunnel.simulator.services.blob.model.shelf import Shelf
from windtunnel.simulator.services.blob.model.tables import Blob
from windtunnel.simulator.services.blob.names import Address

MOST: Final = 5_000
_LAST = "\U0010ffff"
_BATCH = 500

Item: TypeAlias = Blob | str
"""A blob, or the prefix that several share."""


@dataclass(slots=True)
class Page:
    """One page of a list; `marker` is where the next begins, or nothing."""

    items: list[Item] = field(default_factory=list)
    marker: str = ""


def marker_of(name: str, snapshot: str) -> str:
    """An opaque marker of a place in a list."""
    text = f"{name}\0{snapshot}".encode("utf-8", "surrogatepass")
    return "2!" + base64.urlsafe_b64encode(text).decode().rstrip("=")


def read_marker(marker: str) -> tuple[str, str]:
    """The place of a marker. Raises OutOfRangeInput."""
    if not marker:
        return "", ""
    try:
        text = marker.removeprefix("2!").encode()
        data = base64.b64decode(text + b"=" * (-len(text) % 4), b"-_", validate=True)
        name, _, snapshot = data.decode("utf-8", "surrogatepass").partition("\0")
    except (binascii.Error, ValueError) as error:
        raise OutOfRangeInput from error
    return name, snapshot


def page_of_blobs(
    shelf: Shelf,
    address: Address,
    *,
    prefix: str,
    delimiter: str,
    marker: str,
    most: int,
    snapshots: bool,
    uncommitted: bool,
) -> Page:
    """A page of a container's blobs in the order of names; snapshots stand before their blob."""
    name, snapshot = read_marker(marker)
    page = Page()
    place = (name, snapshot)
    while True:
        rows = _rows(shelf, address, prefix, place, snapshots=snapshots, uncommitted=uncommitted)
        skipped = False
        for blob in rows:
            if len(page.items) == most:
                page.marker = marker_of(blob.name, _order(blob))
                return page
            cut = blob.name.find(delimiter, len(prefix)) if delimiter else -1
            if cut >= 0:
                shared = blob.name[: cut + len(delimiter)]
                page.items.append(shared)
                place, skipped = (shared + _LAST, ""), True
                break
            page.items.append(blob)
            place = (blob.name, _order(blob) + "\x01")
        if not skipped and len(rows) < _BATCH:
            return page


def _order(blob: Blob) -> str:
    """Where a blob stands among its snapshots: last."""
    return blob.snapshot or "9999"


def _rows(
    shelf: Shelf,
    address: Address,
    prefix: str,
    place: tuple[str, str],
    *,
    snapshots: bool,
    uncommitted: bool,
) -> list[Blob]:
    key = (address.account, address.container)
    end = prefix + _LAST
    first = max(place[0], prefix)
    which = "" if snapshots else "AND snapshot='' "
    rows = shelf.store.read(
        "SELECT id, account, container, name, snapshot, kind, size, etag, created, modified, facts "
        "FROM blob_blob WHERE account=? AND container=? AND name>=? AND name<? "
        "AND (name>? OR CASE snapshot WHEN '' THEN '9999' ELSE snapshot END>=?) "
        f"{which}ORDER BY name, CASE snapshot WHEN '' THEN '9999' ELSE snapshot END LIMIT ?",
        (*key, first, end, place[0], place[1], _BATCH),
    )
    found = [Blob.of(row) for row in rows]
    if not uncommitted:
        return found
    staged = shelf.store.read(
        "SELECT DISTINCT name FROM blob_block b WHERE account=? AND container=? AND name>=? "
        "AND name<? AND (name>? OR '9999'>=?) AND NOT EXISTS (SELECT 1 FROM blob_blob o "
        "WHERE o.account=b.account AND o.container=b.container AND o.name=b.name "
        "AND o.snapshot='') ORDER BY name LIMIT ?",
        (*key, first, end, place[0], place[1], _BATCH),
    )
    now = shelf.clock.now()
    found += [Blob(0, *key, name, "", BLOCK, 0, "", now, now) for (name,) in staged]
    found.sort(key=lambda blob: (blob.name, _order(blob)))
    return found[:_BATCH]

"""Finished answers of single records, and how they follow an update."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import orjson

from windtunnel.simulator.entity_sets.records import Refresh, Values

if TYPE_CHECKING:
    from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet

REC_VERSION: Final = "RecVersion"
ETAG: Final = "@odata.etag"
_TAG: Final = re.compile(r'(?:W/)?"[^"]*"')

Form: TypeAlias = tuple[bytes, bytes, bytes, int | None]
"""Body, head, the line of the etag, and the record id: None for what is to be answered anew."""
Variant: TypeAlias = tuple[Any, ...]
"""The name of the set, and what else a form depends on."""


def refreshing(sets: Mapping[str, EntitySet]) -> Refresh:
    """How the forms of records follow what was written to them."""

    def refresh(variant: Variant, form: Form | bool, changes: Values) -> Form | bool | None:
        if isinstance(form, bool):  # that a record is there, which an update leaves so
            return form
        body, head, line, record_id = form
        if record_id is None:
            return None
        entity_set = sets[variant[0]]
        item = orjson.loads(body)
        entity_set.show(changes, item)
        version = changes.get(REC_VERSION)
        if version is not None:
            etag = item[ETAG] = entity_set.etags[version, record_id]
            line = etag_line(etag)
        return orjson.dumps(item), head, line, record_id

    return refresh


def etag_line(etag: str) -> bytes:
    """The header line of an etag."""
    return f"ETag: {etag}\r\n".encode()


def names_version(tags: str, etag: str) -> bool:
    """Whether `If-Match` or `If-None-Match` names this etag, weak or strong, or any by `*`."""
    if tags.strip() == "*":
        return True
    return etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in _TAG.findall(tags)}

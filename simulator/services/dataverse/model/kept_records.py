"""Finished answers of single records: how one is made, and how it follows an update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import orjson

from windtunnel.simulator.entity_sets.records import Refresh, Values
from windtunnel.simulator.entity_sets.values import Decoder

ETAG = "@odata.etag"

Form: TypeAlias = tuple[bytes, bytes, bytes]
"""Body, the lines of the head that belong to it, and the etag."""
Variant: TypeAlias = tuple[Any, ...]
"""What a form depends on; the last item is whose view it is, None for one who sees everything."""


def form_of(item: Mapping[str, Any], etag: str, more: str = "") -> Form:
    """The answer that shows `item`; `more` are further lines of the head."""
    return orjson.dumps(item), f"ETag: {etag}\r\n{more}".encode(), etag.encode()


def refreshing(version: str, decoders: Mapping[str, Decoder]) -> Refresh:
    """How the forms of a table's records follow what was written to them.

    One who does not see every column is answered anew. `version` is the column behind the etag.
    """

    def refresh(variant: Variant, form: Form, changes: Values) -> Form | None:
        if variant[-1] is not None:
            return None
        item = orjson.loads(form[0])
        for name, value in changes.items():
            if name in item:
                decode = decoders.get(name)
                item[name] = value if decode is None or value is None else decode(value)
        etag = item[ETAG] = f'W/"{changes[version]}"'
        return form_of(item, etag)

    return refresh

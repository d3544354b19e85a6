"""Addresses of records in the two OData services, as their public APIs want them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

DATAVERSE_ROOT = "/api/data/v9.2"
FO_ROOT = "/data"
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\Z")


def set_path(origin: str, entity_set: str) -> str:
    """The path of an entity set."""
    root = DATAVERSE_ROOT if origin == "dataverse" else FO_ROOT
    return f"{root}/{quote(entity_set)}"


def record_path(origin: str, entity_set: str, key: str | Mapping[str, Any]) -> str:
    """The path of a record. A text key is a GUID, or the inside of the brackets as it is."""
    if isinstance(key, Mapping):
        inside = ",".join(
            f"{name}={key_value(value, bare_guid=origin == 'dataverse')}"
            for name, value in key.items()
        )
    else:
        inside = quote(key, safe="=',()-:._~'")
    return f"{set_path(origin, entity_set)}({inside})"


def key_value(value: Any, *, bare_guid: bool) -> str:
    """A key value as a URL literal: text in quotes, percent-encoded.

    In Dataverse a GUID stands bare; F&O keys of text may look like one, so there it is text.
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if value is None:
        return "null"
    text = str(value)
    if bare_guid and _GUID.match(text):
        return text
    return "'" + quote(text.replace("'", "''"), safe="") + "'"


def query_options(origin: str, query: Mapping[str, Any]) -> dict[str, Any]:
    """Query options; F&O answers for all companies unless the query says otherwise."""
    return {"cross-company": True, **query} if origin == "fo" else dict(query)


def with_query(url: str, options: Mapping[str, Any]) -> str:
    """A URL with more query options; spaces become %20, since `+` is no space to OData readers."""
    if not options:
        return url
    shown = {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in options.items()}
    query = urlencode(shown, quote_via=quote, safe="$,'():@/*")
    return f"{url}{'&' if '?' in url else '?'}{query}"

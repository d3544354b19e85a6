"""The JSON of a request's body: any declared charset, a byte order mark, as if it were hostile."""

from __future__ import annotations

import codecs
import json
import re
from typing import Any, Final

import orjson

from windtunnel.simulator.exchange import Request

_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s;\"]*)", re.IGNORECASE)
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class BadJson(ValueError):
    """A body that is not JSON; the text says why."""


class RepeatedName(BadJson):
    """A name that stands twice in one object, in Microsoft.OData's words."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"Multiple properties with the name '{name}' were detected in a resource or a complex "
            "value. In OData, duplicate property names are not allowed."
        )


def any_json_of(request: Request) -> Any:
    """The value of a body; of a name given twice the last one counts. Raises BadJson."""
    return _value(_utf8(request))


def odata_json_of(request: Request) -> Any:
    """The value of a body, in which no object has a name twice. Raises BadJson."""
    body = _utf8(request)
    value = _value(body)
    # A name and its colon stand together, unless someone writes a blank between them; each name
    # that was lost as a repetition leaves one such pair too many.
    is_flat = body.count(b"{") == 1 and isinstance(value, dict)
    names = len(value) if is_flat else _names(value)
    if names != body.count(b'":') or (
        b" :" in body or b"\t:" in body or b"\n:" in body or b"\r:" in body
    ):
        _refuse_repetition(body)
    return value


def _value(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadJson(f"Invalid JSON. {_sentence(error.msg)} ({error})") from error


def _sentence(found: str) -> str:
    """What Microsoft.OData's reader says to what orjson found; the place follows in parentheses."""
    if found.startswith("unexpected end"):
        return (
            "Unexpected end of input was found in JSON content. Not all object and array scopes "
            "were closed."
        )
    if found.startswith("unexpected content after"):
        return (
            "More than one value was found at the root of the JSON content. JSON content can only "
            "have one value at the root level, which is an array, an object or a primitive value."
        )
    return "A token was not recognized in the JSON content."


def _utf8(request: Request) -> bytes:
    """The body as UTF-8 without a mark, from the charset that its mark or its type names."""
    body = request.body
    media = request.headers.get(b"content-type", b"")
    if b"charset" not in media.lower() and body[:1] not in b"\xef\xff\xfe":
        return body
    for mark, encoding in _MARKS:
        if body.startswith(mark):
            return _recoded(body, encoding)
    named = _CHARSET.search(media.decode("latin-1"))
    return _recoded(body, named[1]) if named else body


def _recoded(body: bytes, encoding: str) -> bytes:
    if encoding.lower() in {"utf-8", "utf8"}:
        return body
    try:
        return body.decode(encoding).encode()
    except (LookupError, ValueError) as error:
        known = not isinstance(error, LookupError)
        why = "does not fit the body" if known else "is not supported"
        raise BadJson(f"The character set '{encoding}' {why}.") from error


def _names(value: Any) -> int:
    """How many members all objects of a value have."""
    count, waiting = 0, [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            count += len(item)
            waiting += [inner for inner in item.values() if isinstance(inner, (dict, list))]
        elif isinstance(item, list):
            waiting += [inner for inner in item if isinstance(inner, (dict, list))]
    return count


def _refuse_repetition(body: bytes) -> None:
    try:
        json.loads(body, object_pairs_hook=_unique)
    except RecursionError as error:
        raise BadJson("The JSON is nested too deeply.") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise RepeatedName(name)
        seen.add(name)
    return found  # pragma: no cover - a repetition was found above

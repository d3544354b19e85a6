"""What the Web API asks of every request before it looks at the resource; CORS; metadata levels.

Source: "Compose HTTP requests and handle errors"; OData JSON Format 4.0, section 3.1.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from windtunnel.simulator.exchange import Exchange, Request, Response
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.tables import NAMESPACE, DataverseTable, Tables

LONGEST_URL = 32_768
LONGEST_BATCH_URL = 65_536
LARGEST_BODY = 134_217_728
"""Bytes of a request body: 128 MB."""
_LOOKED_AT = frozenset({b"odata-maxversion", b"odata-version", b"mscrmcallerid", b"callerobjectid"})
_VERSION = re.compile(rb"(\d{1,3})\.(\d{1,3})")
_LEVEL = re.compile(r"odata\.metadata\s*=\s*(none|full)", re.IGNORECASE)
_SET = re.compile(r"#(\w+)")
_ANNOTATED = {
    "Edm.Guid": "#Guid",
    "Edm.Int64": "#Int64",
    "Edm.Decimal": "#Decimal",
    "Edm.DateTimeOffset": "#DateTimeOffset",
    "Edm.Date": "#Date",
    "Edm.Binary": "#Binary",
}
_KEPT_WITHOUT_METADATA = ("@odata.nextLink", "@odata.deltaLink", "@odata.count")


def is_plain(request: Request) -> bool:
    """Whether nothing below has to be looked at: the case of nearly every request."""
    headers = request.headers
    return (
        len(request.query) + len(request.path) <= LONGEST_URL
        and len(request.body) <= LARGEST_BODY
        and (
            _LOOKED_AT.isdisjoint(headers)
            or (
                headers.get(b"odata-maxversion", b"4.0") == b"4.0"
                and headers.get(b"odata-version", b"4.0") == b"4.0"
                and b"mscrmcallerid" not in headers
                and b"callerobjectid" not in headers
            )
        )
    )


def check(request: Request) -> None:
    """Raise QueryError for a URL too long, PayloadTooLarge, NoRoute for another OData version."""
    if len(request.query) + len(request.path) > LONGEST_URL:
        raise errors.QueryError(problem="The request URI is too long.")
    if len(request.body) > LARGEST_BODY:
        raise errors.PayloadTooLarge(size=len(request.body), limit=LARGEST_BODY)
    for name in (b"odata-version", b"odata-maxversion"):
        shown = request.headers.get(name)
        if shown is None:
            continue
        found = _VERSION.fullmatch(shown.strip())
        if found is None or int(found[1]) < 4 or (name == b"odata-version" and int(found[1]) > 4):
            raise errors.NoRoute(uri=request.base_url + request.path)


# -- metadata levels --------------------------------------------------------------------------


def levelled(tables: Tables, exchange: Exchange, response: Response) -> Response:
    """The answer with all control information, or with none, as Accept asks."""
    found = _LEVEL.search(exchange.request.header("accept"))
    body = response.body
    if found is None or not isinstance(body, bytes) or not body.startswith(b"{"):
        return response
    level = found[1].lower()
    value = orjson.loads(body)
    if "error" in value or not isinstance(value, dict):
        return response
    if level == "none":
        value = _bare(value)
    else:
        context = str(value.get("@odata.context", ""))
        base, _, fragment = context.partition("$metadata")
        named = _SET.match(fragment)
        served = tables.by_set.get(named[1]) if named else None
        if served is not None:
            _complete(tables, served, base, value)
    response.body = orjson.dumps(value)
    response.head = response.head.replace(
        b"odata.metadata=minimal", f"odata.metadata={level}".encode(), 1
    )
    return response


def _bare(value: Any) -> Any:
    if isinstance(value, list):
        return [_bare(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _bare(item)
        for name, item in value.items()
        if "@odata." not in name or name.endswith(_KEPT_WITHOUT_METADATA)
    }


def _complete(tables: Tables, served: DataverseTable, base: str, value: dict[str, Any]) -> None:
    """Add types, ids and links to a record, or to each record of a list; in place."""
    items = value.get("value")
    if isinstance(items, list):
        for item in items:
            if isinstance(item, dict) and served.primary_id in item:
                _complete(tables, served, base, item)
        return
    key = value.get(served.primary_id)
    if key is None:
        return
    link = f"{served.entity_set}({key})"
    members = dict(value)
    value.clear()
    for name in ("@odata.context", "@odata.etag"):
        if name in members:
            value[name] = members.pop(name)
    value["@odata.type"] = f"#{NAMESPACE}{served.name}"
    value["@odata.id"] = base + link
    value["@odata.editLink"] = link
    for name, member in members.items():
        column = served.table.columns.get(name)
        kind = _ANNOTATED.get(column.edm) if column is not None and member is not None else None
        if kind is not None:
            value[f"{name}@odata.type"] = kind
        value[name] = member
        navigation = served.table.navigations.get(name)
        if navigation is not None:
            target = tables.target(navigation)
            for inner in member if isinstance(member, list) else [member]:
                if isinstance(inner, dict):
                    _complete(tables, target, base, inner)
    for name in served.table.navigations:
        value[f"{name}@odata.associationLink"] = f"{base}{link}/{name}/$ref"
        value[f"{name}@odata.navigationLink"] = f"{base}{link}/{name}"


# -- cross-origin requests --------------------------------------------------------------------


def is_preflight(request: Request) -> bool:
    """Whether a browser asks what it may send; it sends no token with that."""
    return request.method == "OPTIONS" and b"access-control-request-method" in request.headers


def cors_head(request: Request) -> bytes:
    """The header lines for a request that names its origin."""
    origin = _clean(request.header("origin"))
    lines = (
        f"Access-Control-Allow-Origin: {origin}\r\nAccess-Control-Allow-Credentials: true\r\n"
        "Access-Control-Expose-Headers: Preference-Applied,OData-EntityId,Location,ETag,"
        "OData-Version,Content-Encoding,Transfer-Encoding,Content-Length,Retry-After\r\n"
    )
    if is_preflight(request):
        wanted = _clean(request.header("access-control-request-headers"))
        lines += (
            "Access-Control-Allow-Methods: GET,POST,PATCH,PUT,DELETE,HEAD,OPTIONS\r\n"
            f"Access-Control-Allow-Headers: {wanted or '*'}\r\nAccess-Control-Max-Age: 3600\r\n"
        )
    return lines.encode("latin-1")


def _clean(text: str) -> str:
    return re.sub(r"[\r\n\0]", "", text)

"""GET below `/metadata`: lists come whole, one object by its key.

Source: "Services home page" (Metadata API), Microsoft Learn; calls of public clients.
"""

from __future__ import annotations

from functools import cmp_to_key
from typing import Any

from windtunnel.contracts.entities.finance_operations.load import metadata_document
from windtunnel.simulator.exchange import Exchange, Response
from windtunnel.simulator.odata import METADATA, ODataError, UnknownProperty, parse_query
from windtunnel.simulator.odata.expressions import Reader, key_predicate
from windtunnel.simulator.odata.objects import ObjectTest
from windtunnel.simulator.odata.tree import Literal, Options, OrderItem
from windtunnel.simulator.services.finance_operations.addresses import Addresses
from windtunnel.simulator.services.finance_operations.errors import (
    BadQuery,
    RecordNotFound,
    VerbNotSupported,
)
from windtunnel.simulator.services.finance_operations.handlers.reading import no_route
from windtunnel.simulator.services.finance_operations.handlers.wire import (
    VERSION,
    json_response,
    level_asked,
)
from windtunnel.simulator.services.finance_operations.model.environment import Environment
from windtunnel.simulator.services.finance_operations.model.metadata import Json, Listing
from windtunnel.simulator.services.finance_operations.model.plans import level_of

_TEXT = b"content-type: text/plain; charset=utf-8\r\n" + VERSION


def metadata_api(
    exchange: Exchange, environment: Environment, addresses: Addresses, resource: str = ""
) -> Response:
    """Answer a request below `/metadata`; `resource` is the decoded path behind it."""
    del addresses
    if exchange.request.method not in {"GET", "HEAD"}:
        raise VerbNotSupported(headers={"Allow": "GET, HEAD"}, method=exchange.request.method)
    exchange.operation = "list"
    listings = environment.metadata.listings()
    segments = [part for part in resource.split("/") if part]
    if not segments:
        return _service_document(exchange, list(listings))
    if segments == ["$metadata"]:
        head = b"content-type: application/xml\r\n" + VERSION
        return Response(200, metadata_document(), head)
    name, opened, predicate = segments[0].partition("(")
    listing = listings.get(name)
    if listing is None or len(segments) > 2 or (opened and len(segments) > 1):
        raise no_route(exchange)
    if opened:
        return _one(exchange, environment, listing, opened + predicate)
    if segments[1:] == ["$count"]:
        number = len(_found(listing, _asked(exchange)[0]))
        return Response(200, str(number).encode(), _TEXT)
    if len(segments) > 1:
        raise no_route(exchange)
    return _list(exchange, listing)


def _root(exchange: Exchange) -> str:
    """`https://host/metadata`, spelt as the client did."""
    return f"{exchange.request.base_url}/{exchange.request.path.split('/')[1]}"


def _service_document(exchange: Exchange, names: list[str]) -> Response:
    value = [{"name": name, "kind": "EntitySet", "url": name} for name in names]
    body = {"@odata.context": f"{_root(exchange)}/$metadata", "value": value}
    return json_response(200, body, level_asked(exchange, None))


def _list(exchange: Exchange, listing: Listing) -> Response:
    options, level = _asked(exchange)
    rows = _found(listing, options)
    skip = options.skip or 0
    end = None if options.top is None else skip + options.top
    body: Json = {"@odata.context": f"{_root(exchange)}/$metadata#{listing.name}"}
    if options.select:
        body["@odata.context"] += f"({','.join(_selected(options, listing))})"
    if level == "none":
        body = {}
    if options.count:
        body["@odata.count"] = len(rows)
    body["value"] = [_shown(row, options, listing) for row in rows[skip:end]]
    return json_response(200, body, level)


def _one(
    exchange: Exchange, environment: Environment, listing: Listing, predicate: str
) -> Response:
    exchange.operation = "retrieve"
    values = _key(listing, predicate)
    if values is None:
        raise no_route(exchange)
    row = listing.rows.get(values)
    if listing.name == "Labels":
        text = environment.metadata.labels.text(*values)
        row = None if text is None else dict(zip((*listing.key, "Value"), (*values, text)))  # noqa: B905
    if row is None:
        raise RecordNotFound
    options, level = _asked(exchange)
    body = _shown(row, options, listing)
    if level != "none":
        context = f"{_root(exchange)}/$metadata#{listing.name}/$entity"
        body = {"@odata.context": context, **body}
    return json_response(200, body, level)


def _key(listing: Listing, predicate: str) -> tuple[str, ...] | None:
    """The values of a key in the order of the type, or None where it is none."""
    try:
        reader = Reader(predicate, METADATA)
        pairs = key_predicate(reader)
        reader.finish()
    except ODataError:
        return None
    if len(pairs) == 1 and len(listing.key) == 1 and not pairs[0][0]:
        pairs = ((listing.key[0], pairs[0][1]),)
    given = {name: node.value for name, node in pairs if isinstance(node, Literal)}
    if set(given) != set(listing.key) or not all(isinstance(v, str) for v in given.values()):
        return None
    return tuple([given[name] for name in listing.key])


def _asked(exchange: Exchange) -> tuple[Options, str]:
    """The query options and the metadata level. Raises BadQuery, NotAcceptable."""
    try:
        query = parse_query(exchange.request.query, METADATA)
        level = level_of(query.format)
    except ODataError as error:
        raise BadQuery(reason=error.message) from error
    return query.options, level or level_asked(exchange, None)


def _found(listing: Listing, options: Options) -> list[Json]:
    """The rows that match, in order. Raises BadQuery."""
    rows = list(listing.rows.values())
    test = ObjectTest(listing.qualified, dict(options.aliases))
    condition = options.filter
    try:
        if condition is not None:
            rows = [row for row in rows if test.passes(condition, row)]
        for item in reversed(options.orderby):
            rows = _ordered(rows, item, test)
    except ODataError as error:
        raise BadQuery(reason=error.message) from error
    return rows


def _ordered(rows: list[Json], item: OrderItem, test: ObjectTest) -> list[Json]:
    keyed = [(test.value(item.expression, row, {}), row) for row in rows]
    made = sorted(keyed, key=cmp_to_key(_compared), reverse=item.descending)
    return [row for _, row in made]


def _compared(left: tuple[Any, Json], right: tuple[Any, Json]) -> int:
    """Nulls first, then by value."""
    pair = [(value is not None, str(value)) for value, _ in (left, right)]
    return (pair[0] > pair[1]) - (pair[0] < pair[1])


def _selected(options: Options, listing: Listing) -> list[str]:
    """The names in `$select`. Raises BadQuery for one that is not there."""
    known = next(iter(listing.rows.values()), {})
    names = []
    for item in options.select:
        name = "/".join(item.path)
        if name != "*" and known and name not in known:
            raise BadQuery(reason=UnknownProperty(name, listing.qualified).message)
        names.append(name)
    return names


def _shown(row: Json, options: Options, listing: Listing) -> Json:
    names = _selected(options, listing)
    if not names or "*" in names:
        return row
    return {name: value for name, value in row.items() if name in names}

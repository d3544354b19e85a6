"""GET below `/metadata`: lists come whole, one object by its key.

Source: "Services home page" (Metadata API), Microsoft Learn; calls of public clients.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cmp_to_key
from typing import Any

import orjson

from windtunnel.contracts.entities.finance_operations.load import metadata_document
from windtunnel.simulator.exchange import Exchange, Response
from windtunnel.simulator.odata import METADATA, ODataError, UnknownProperty, parse_query
from windtunnel.simulator.odata.expressions import key_predicate
from windtunnel.simulator.odata.objects import ObjectTest
from windtunnel.simulator.odata.reader import Reader
from windtunnel.simulator.odata.tree import Binary, Expression, Literal, Options
from windtunnel.simulator.services.finance_operations.addresses import Addresses
from windtunnel.simulator.services.finance_operations.errors import BadQuery, RecordNotFound
from windtunnel.simulator.services.finance_operations.handlers.reading import no_route
from windtunnel.simulator.services.finance_operations.handlers.wire import (
    HEADS,
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
    exchange.operation = "list"
    listings = environment.metadata.listings
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
        return _count(exchange, listing)
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
    """A list whole; it is made while it is sent, some rows at a time."""
    options, level = _asked(exchange)
    _check(listing, options)
    context = f"{_root(exchange)}/$metadata#{listing.name}"
    if options.select:
        context += f"({','.join(_selected(options, listing))})"
    return Response(
        200, _written(listing, options, context if level != "none" else ""), HEADS[level]
    )


def _count(exchange: Exchange, listing: Listing) -> Response:
    options, _ = _asked(exchange)
    _check(listing, options)

    def number() -> Iterator[bytes]:
        found = 0
        for row in _found(listing, options):
            found += row is not None
            yield b""
        yield str(found).encode()

    body = number() if options.filter is not None else str(len(listing.keys)).encode()
    return Response(200, body, _TEXT)


def _written(listing: Listing, options: Options, context: str) -> Iterator[bytes]:
    """The body in pieces of a few rows; empty ones where the rows were only looked at."""
    head: Json = {"@odata.context": context} if context else {}
    rows: Iterator[Json | None] = _found(listing, options)
    if options.count:
        counted: list[Json] = []
        for row in rows:
            if row is not None:
                counted.append(row)
            yield b""
        head["@odata.count"] = len(counted)
        rows = iter(counted)
    begin = orjson.dumps({**head, "value": []})[:-2]
    skip = options.skip or 0
    end = None if options.top is None else skip + options.top
    number, done = 0, [begin]
    for row in rows:
        if end is not None and number >= end:
            break
        if row is not None:
            if number >= skip:
                done.append(b"," if number > skip else b"")
                done.append(orjson.dumps(_shown(row, options)))
            number += 1
        yield b"".join(done)
        done.clear()
    yield b"".join([*done, b"]}"])


def _one(
    exchange: Exchange, environment: Environment, listing: Listing, predicate: str
) -> Response:
    exchange.operation = "retrieve"
    values = _key(listing, predicate)
    if values is None:
        raise no_route(exchange)
    is_there = values in listing.keys
    if listing.name == "Labels":
        is_there = environment.metadata.labels.text(*values) is not None
    if not is_there:
        raise RecordNotFound
    row = listing.row(values)
    options, level = _asked(exchange)
    _selected(options, listing)
    body = _shown(row, options)
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


def _found(listing: Listing, options: Options) -> Iterator[Json | None]:
    """The rows in order; None where one does not match, so that who waits can let others on."""
    if options.orderby:
        yield from _ordered(listing, options)
        return
    test, condition = _test(listing, options), options.filter
    for key in listing.keys:
        row = listing.row(key)
        yield row if condition is None or _passes(test, condition, row) else None


def _ordered(listing: Listing, options: Options) -> Iterator[Json | None]:
    test, condition = _test(listing, options), options.filter
    rows: list[Json] = []
    for key in listing.keys:
        row = listing.row(key)
        if condition is None or _passes(test, condition, row):
            rows.append(row)
        yield None
    for item in reversed(options.orderby):
        keyed = [(test.value(item.expression, row, {}), row) for row in rows]
        keyed.sort(key=cmp_to_key(_compared), reverse=item.descending)
        rows = [row for _, row in keyed]
    yield from rows


def _test(listing: Listing, options: Options) -> ObjectTest:
    return ObjectTest(listing.qualified, dict(options.aliases))


def _passes(test: ObjectTest, condition: Expression, row: Json) -> bool:
    """Whether a row passes; `_check` has refused what no row can be asked."""
    try:
        return test.passes(condition, row)
    except ODataError:
        return False


def _check(listing: Listing, options: Options) -> None:
    """Ask the first row everything, before anything is sent. Raises BadQuery."""
    first = next(iter(listing.keys), None)
    if first is None:
        return
    row, test = listing.row(first), _test(listing, options)
    try:
        for part in _parts(options.filter):
            test.passes(part, row)
        for item in options.orderby:
            test.value(item.expression, row, {})
    except ODataError as error:
        raise BadQuery(reason=error.message) from error
    _selected(options, listing)


def _parts(condition: Expression | None) -> Iterator[Expression]:
    """The conditions of a conjunction: the first that fails hides the others."""
    match condition:
        case None:
            return
        case Binary("and", left, right):
            yield from _parts(left)
            yield from _parts(right)
        case _:
            yield condition


def _compared(left: tuple[Any, Json], right: tuple[Any, Json]) -> int:
    """Nulls first, then by value."""
    pair = [(value is not None, str(value)) for value, _ in (left, right)]
    return (pair[0] > pair[1]) - (pair[0] < pair[1])


def _selected(options: Options, listing: Listing) -> list[str]:
    """The names in `$select`. Raises BadQuery for one that is not there."""
    first = next(iter(listing.keys), None)
    known = listing.row(first) if first is not None and options.select else {}
    names = []
    for item in options.select:
        name = "/".join(item.path)
        if name != "*" and known and name not in known:
            raise BadQuery(reason=UnknownProperty(name, listing.qualified).message)
        names.append(name)
    return names


def _shown(row: Json, options: Options) -> Json:
    names = ["/".join(item.path) for item in options.select]
    if not names or "*" in names:
        return row
    return {name: value for name, value in row.items() if name in names}

"""GET: service document, lists, records, properties, navigation, counts."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote, unquote_plus

import orjson

from windtunnel.simulator.entity_sets.records import Key
from windtunnel.simulator.entity_sets.values import decoder
from windtunnel.simulator.exchange import Absent, Exchange, Response
from windtunnel.simulator.kernel.gzips import takes_gzip
from windtunnel.simulator.odata.schema import Navigation
from windtunnel.simulator.services.finance_operations.addresses import Address
from windtunnel.simulator.services.finance_operations.errors import NoRoute, RecordNotFound
from windtunnel.simulator.services.finance_operations.handlers.wire import (
    HEADS,
    VERSION,
    json_response,
    level_asked,
    page_size,
    root_of,
)
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.environment import Environment
from windtunnel.simulator.services.finance_operations.model.kept_records import (
    ETAG,
    Form,
    etag_line,
    names_version,
)
from windtunnel.simulator.services.finance_operations.model.plans import Plan
from windtunnel.simulator.services.finance_operations.model.reading import Page, address_of
from windtunnel.simulator.services.finance_operations.model.scope import is_cross_company

_TEXT_HEAD = b"content-type: text/plain; charset=utf-8\r\n" + VERSION


def no_route(exchange: Exchange) -> NoRoute:
    """The 404 of a path that nothing matches."""
    request = exchange.request
    query = f"?{request.query}" if request.query else ""
    return NoRoute(uri=unquote(f"{request.base_url}{request.path}{query}"))


def service_document(exchange: Exchange, environment: Environment) -> Response:
    """The public collections."""
    exchange.operation = "other"
    sets = [{"name": n, "kind": "EntitySet", "url": n} for n in environment.sets]
    context = f"{root_of(exchange.request)}/$metadata"
    return json_response(200, {"@odata.context": context, "value": sets})


def metadata(exchange: Exchange, environment: Environment) -> Response:
    """The CSDL document."""
    exchange.operation = "metadata"
    head = b"content-type: application/xml\r\n" + VERSION
    accepted = exchange.request.headers.get(b"accept-encoding", b"")
    if environment.settings.compression and takes_gzip(accepted):
        packed = b"content-encoding: gzip\r\nvary: accept-encoding\r\n"
        return Response(200, environment.document.packed(), head + packed)
    return Response(200, environment.document.csdl(), head)


def read(exchange: Exchange, environment: Environment, address: Address) -> Response:
    """GET of what an address names."""
    entity_set, key, rest = address.entity_set, address.key, address.rest
    if entity_set is None:
        raise no_route(exchange)
    if not rest:
        if key is None:
            return list_records(exchange, environment, entity_set)
        return retrieve(exchange, environment, entity_set, key)
    if key is None:
        if rest == ("$count",):
            return count(exchange, environment, entity_set)
        raise no_route(exchange)
    return _behind(exchange, environment, entity_set, key, rest)


def _company(exchange: Exchange, environment: Environment) -> str | None:
    """The company that a list is limited to, or None."""
    if is_cross_company(exchange.request.query):
        return None
    return environment.users.of(exchange.identity.user_id).company


def list_records(exchange: Exchange, environment: Environment, entity_set: EntitySet) -> Response:
    """A page of a collection."""
    request = exchange.request
    exchange.operation = "list"
    plan = environment.plans.of(entity_set, request.query)
    level = level_asked(exchange, plan)
    size, headers = page_size(request, environment.settings.page_size)
    root = root_of(request)
    company = _company(exchange, environment)
    page = environment.reading.page(plan, company, size, level, root)
    return _page(exchange, environment, plan, page, size, level, headers)


def _page(
    exchange: Exchange,
    environment: Environment,
    plan: Plan,
    page: Page,
    size: int,
    level: str,
    headers: dict[str, str],
) -> Response:
    body: dict[str, Any] = {}
    if level != "none":
        body["@odata.context"] = f"{root_of(exchange.request)}/$metadata#{plan.context}"
    if page.total is not None:
        body["@odata.count"] = page.total
    body["value"] = page.records
    if page.next_skip is not None:
        option = f"${environment.settings.next_link}"
        body["@odata.nextLink"] = next_link(exchange, option, page.next_skip, size)
    exchange.cost_seconds = environment.costs.seconds("list", len(page.records))
    return json_response(200, body, level, headers)


def next_link(exchange: Exchange, option: str, skip: int, size: int) -> str:
    """The address of the next page: all options, `$top` less by a page, and where it begins."""
    request = exchange.request
    options = []
    for pair in request.query.split("&"):
        name, _, value = pair.partition("=")
        name, value = unquote_plus(name), unquote_plus(value)
        if not name or name in {"$skip", "$skiptoken"}:
            continue
        if name == "$top":
            value = str(int(value) - size)
        options.append(f"{quote(name, safe='$@-_.')}={quote(value, safe='')}")
    options.append(f"{option}={skip}")
    return f"{request.base_url}{request.path}?{'&'.join(options)}"


def count(exchange: Exchange, environment: Environment, entity_set: EntitySet) -> Response:
    """`Set/$count`: a bare number."""
    exchange.operation = "count"
    plan = environment.plans.of(entity_set, exchange.request.query)
    number = environment.reading.count(plan, _company(exchange, environment))
    return Response(200, str(number).encode(), _TEXT_HEAD)


def retrieve(
    exchange: Exchange, environment: Environment, entity_set: EntitySet, key: Key
) -> Response:
    """A record by its key; its finished JSON is kept until the record is written."""
    request = exchange.request
    headers = request.headers
    exchange.operation = "retrieve"
    host, accept = headers.get(b"host"), headers.get(b"accept")
    variant = (entity_set.name, request.query, accept, host, request.scheme)
    if not in_scope(exchange, environment, entity_set, key):
        raise RecordNotFound
    encoded = entity_set.records.encoded
    known = encoded.get(key, variant)
    if known is None:
        plan = environment.plans.of(entity_set, request.query)
        known = _rendered(exchange, environment, plan, key)
        if not plan.expansions:
            encoded.put(key, variant, known)
    body, head, etag, _ = known
    tags = headers.get(b"if-none-match")
    if tags is not None and etag and names_version(tags.decode("latin-1"), _tag_in(etag)):
        # unconfirmed: OData 4.0 Part 1, "Header If-None-Match"; no page of this service tells.
        return Response(304, b"", VERSION, etag)
    return Response(200, body, head, etag)


def _tag_in(line: bytes) -> str:
    """The etag of its header line."""
    return line.partition(b":")[2].strip().decode()


def in_scope(exchange: Exchange, environment: Environment, entity_set: EntitySet, key: Key) -> bool:
    """Whether the company of a key is one that this request sees."""
    return (
        not entity_set.is_company_specific
        or is_cross_company(exchange.request.query)
        or key[0] == environment.users.of(exchange.identity.user_id).company
    )


def _rendered(exchange: Exchange, environment: Environment, plan: Plan, key: Key) -> Form:
    """The answer that shows a single record. Raises RecordNotFound."""
    level = level_asked(exchange, plan)
    root = root_of(exchange.request)
    found = environment.reading.identified(plan, key, level, root)
    if found is None:
        raise RecordNotFound
    record, record_id = found
    head, etag = HEADS[level], record.get(ETAG)
    if level == "none" or etag is None:
        return orjson.dumps(record), head, b"", None
    record = {"@odata.context": f"{root}/$metadata#{plan.context}/$entity", **record}
    return orjson.dumps(record), head, etag_line(etag), record_id if level == "minimal" else None


# -- behind a record -----------------------------------------------------------------------------


def _behind(
    exchange: Exchange,
    environment: Environment,
    entity_set: EntitySet,
    key: Key,
    rest: tuple[str, ...],
) -> Response:
    name = rest[0]
    navigation = entity_set.table.navigations.get(name)
    if navigation is not None and rest[1:] in {(), ("$count",)}:
        if not in_scope(exchange, environment, entity_set, key):
            raise RecordNotFound
        is_count = len(rest) == 2
        return _navigate(exchange, environment, entity_set, key, navigation, is_count=is_count)
    if entity_set.lacks_navigation(name):
        raise Absent(f"navigation property {entity_set.name}/{name}")
    if name not in entity_set.table.columns or rest[1:] not in {(), ("$value",)}:
        raise no_route(exchange)
    exchange.operation = "retrieve"
    row = entity_set.records.get(key)
    if row is None or not in_scope(exchange, environment, entity_set, key):
        raise RecordNotFound
    value = row[name]
    decode = decoder(entity_set.table.columns[name])
    if value is not None and decode is not None:
        value = decode(value)
    if rest[1:]:
        if value is None:
            return Response(204, b"", VERSION)
        return Response(200, str(value).encode(), _TEXT_HEAD)
    place = f"{root_of(exchange.request)}/$metadata#{address_of(entity_set, key)}/{name}"
    return json_response(200, {"@odata.context": place, "value": value})


def _navigate(
    exchange: Exchange,
    environment: Environment,
    entity_set: EntitySet,
    key: Key,
    navigation: Navigation,
    *,
    is_count: bool,
) -> Response:
    """The record or records that a navigation property leads to."""
    request, reading = exchange.request, environment.reading
    exchange.operation = "list"
    values = reading.linked(entity_set, navigation, key)
    if values is None:
        raise RecordNotFound
    target = environment.sets.by_type(navigation.target)
    plan = environment.plans.of(target, request.query)
    level = level_asked(exchange, plan)
    root = root_of(request)
    size, headers = page_size(request, environment.settings.page_size)
    if is_count:
        if not navigation.collection:
            raise no_route(exchange)
        number = reading.count_behind(plan, navigation, values)
        return Response(200, str(number).encode(), _TEXT_HEAD)
    page = reading.behind(plan, navigation, values, size, level, root)
    if navigation.collection:
        return _page(exchange, environment, plan, page, size, level, headers)
    if not page.records:
        return Response(204, b"", VERSION)
    record = page.records[0]
    if level == "none":
        return json_response(200, record, level)
    answer = json_response(
        200, {"@odata.context": f"{root}/$metadata#{plan.context}/$entity", **record}, level
    )
    answer.add(etag_line(record[ETAG]))
    return answer

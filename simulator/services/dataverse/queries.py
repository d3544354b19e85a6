"""Lists by another query than OData options: `fetchXml`, `savedQuery`, `userQuery` and `sql`.

Sources: "Query data using FetchXml", "Retrieve and execute predefined queries".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from windtunnel.simulator.exchange import Exchange, Response
from windtunnel.simulator.odata.tree import Query
from windtunnel.simulator.services.dataverse import errors, query_errors, sql
from windtunnel.simulator.services.dataverse.fetchxml.pages import COUNT_CAP, FetchPage
from windtunnel.simulator.services.dataverse.fetchxml.reader import read
from windtunnel.simulator.services.dataverse.fetchxml.tree import Fetch
from windtunnel.simulator.services.dataverse.model import paging
from windtunnel.simulator.services.dataverse.model.annotations import CRM, asks_for, of_list
from windtunnel.simulator.services.dataverse.model.paging import split_token
from windtunnel.simulator.services.dataverse.model.tables import LARGEST_PAGE, DataverseTable
from windtunnel.simulator.services.dataverse.replies import base_of, page_size, preference

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers

PREDEFINED = {"savedQuery": "savedquery", "userQuery": "userquery"}
"""Option to the table that keeps such queries."""

_OPTIONS = frozenset({"fetchXml", "sql", *PREDEFINED})


def asked(query: Query) -> tuple[str, str] | None:
    """The option that replaces OData's own, and its value."""
    return next((pair for pair in query.custom if pair[0] in _OPTIONS), None)


def answer(
    there: Handlers,
    exchange: Exchange,
    served: DataverseTable,
    option: tuple[str, str],
    wants_count: bool | None,
    restriction: tuple[str, tuple[Any, ...]] | None,
) -> Response:
    """One page of rows."""
    name, value = option
    if name == "sql":
        return _select(there, exchange, served, value)
    wanted = preference(exchange, "odata.include-annotations")
    user = exchange.identity.user_id
    applied = f'odata.include-annotations="{wanted}"' if wanted else ""
    link = ""
    if name == "fetchXml":
        page = there.fetch.page(
            served, value, wanted, user=user, restriction=restriction, counts=bool(wants_count)
        )
    else:
        fetch, kept = _paged(exchange, read(_predefined(there, PREDEFINED[name], value)))
        page = there.fetch.query(
            served, fetch, wanted, user=user, restriction=restriction, counts=bool(wants_count)
        )
        if page.more:
            link = f"{exchange.request.base_url}{exchange.request.path}?{kept}{_next(fetch, page)}"
        if size := page_size(exchange):
            applied = ",".join(filter(None, (f"odata.maxpagesize={size}", applied)))
    exchange.operation = "list"
    exchange.cost_seconds += there.guard.cost("list", len(page.value))
    stamp = there.tables.stamp
    root = _root(base_of(exchange), page, wanted, bool(wants_count), stamp)
    if link:
        root["@odata.nextLink"] = link
    head = f"Preference-Applied: {applied}\r\n" if applied else ""
    return there.replies.object(exchange, root, 200, head.encode())


def _paged(exchange: Exchange, fetch: Fetch) -> tuple[Fetch, str]:
    """A query with the page that the request asks for; the query string without that."""
    token, kept = split_token(exchange.request.query)
    if not fetch.top and (size := min(page_size(exchange), LARGEST_PAGE)):
        fetch = replace(fetch, count=size)
    if token:
        number, cookie = paging.read_skip_token(token)
        fetch = replace(fetch, page=number, cookie=cookie.text if cookie is not None else "")
    return fetch, kept


def _next(fetch: Fetch, page: FetchPage) -> str:
    return f"&$skiptoken={paging.skip_token(max(fetch.page, 1) + 1, page.inner)}"


def _select(there: Handlers, exchange: Exchange, served: DataverseTable, text: str) -> Response:
    """The rows of a SELECT; more than a page are linked to by a cookie."""
    query = sql.read(text)
    fetch, kept = _paged(exchange, query.fetch)
    wanted = preference(exchange, "odata.include-annotations")
    page = there.fetch.query(served, fetch, wanted, user=exchange.identity.user_id)
    if query.is_empty:
        page = FetchPage(page.context, [])
    exchange.operation = "list"
    exchange.cost_seconds += there.guard.cost("list", len(page.value))
    base = base_of(exchange)
    root: dict[str, Any] = {"@odata.context": f"{base}$metadata#{page.context}"}
    root["value"] = page.value
    if page.more:
        root["@odata.nextLink"] = f"{base}{served.entity_set}?{kept}{_next(fetch, page)}"
    return there.replies.object(exchange, root)


def _predefined(there: Handlers, table: str, key: str) -> str:
    """The FetchXML of a saved or user query. Raises RecordNotFound."""
    bare = key.strip().strip("{}").strip("'").lower()
    served = there.tables.by_name.get(table)
    row = served.records.get((bare,)) if served is not None else None
    if row is None:
        raise errors.RecordNotFound(table=table, id=bare)
    text = row.get("fetchxml")
    if not text:
        raise query_errors.InvalidXml(problem="Invalid XML. The query has no FetchXML.")
    return str(text)


def _root(base: str, page: FetchPage, wanted: str, wants_count: bool, stamp: int) -> dict[str, Any]:
    root: dict[str, Any] = {"@odata.context": f"{base}$metadata#{page.context}"}
    total = None if page.total is None else min(page.total, COUNT_CAP)
    if total is not None:
        root["@odata.count"] = total
    elif wants_count:
        root["@odata.count"] = len(page.value)
    if wanted:
        root |= of_list(wanted, page.total, COUNT_CAP, stamp)
        if page.cookie and asks_for(wanted, f"{CRM}fetchxmlpagingcookie"):
            root[f"@{CRM}fetchxmlpagingcookie"] = page.cookie
        if page.more and asks_for(wanted, f"{CRM}morerecords"):
            root[f"@{CRM}morerecords"] = True
    root["value"] = page.value
    return root

"""The addresses of search: `/api/search/v1.0` and `v2.0`, and the messages of the Web API.

Source: "Dataverse search query", "suggest", "autocomplete", "statistics and status", "legacy".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from windtunnel.contracts.limits import RateLimit, Refused
from windtunnel.simulator.exchange import Exchange, Response
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.arguments import json_object
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable, id_in
from windtunnel.simulator.services.dataverse.search import facets
from windtunnel.simulator.services.dataverse.search.engine import Engine, Hit, Scope, wire_name
from windtunnel.simulator.services.dataverse.search.index import SearchIndex
from windtunnel.simulator.services.dataverse.search.language import BadSearch, Words, read
from windtunnel.simulator.services.dataverse.search.parameters import (
    Wanted,
    clauses,
    filters_of,
    listed,
    whole,
)
from windtunnel.simulator.services.dataverse.search.patterns import BadPattern

if TYPE_CHECKING:
    from windtunnel.simulator.services.dataverse.handlers import Handlers

MESSAGES = {
    "searchquery": "query",
    "searchsuggest": "suggest",
    "searchautocomplete": "autocomplete",
    "searchstatistics": "statistics",
    "searchstatus": "status",
}
LONGEST_SEARCH = 100
PAGE, LARGEST_PAGE, SUGGESTIONS = 50, 100, 5
_ADDRESS = re.compile(r"/api/search/(v[12]\.0)/(\w+)/?")
_TAGS = re.compile(r"\{/?crmhit\}")
_COMMON = ("createdon", "modifiedon", "ownerid")


class Search:
    """All operations of search, with one request a second for each user."""

    def __init__(self, there: Handlers) -> None:
        self._there = there
        self._index = SearchIndex(
            there.store,
            there.clock,
            there.changes,
            there.tables,
            there.settings.search_lag_seconds,
        )
        self._engine = Engine(there.store, there.tables, self._index, there.reads)
        self._meters: dict[str, RateLimit] = {}

    def forget(self) -> None:
        """Drop the counters and the index."""
        self._meters.clear()
        self._index.forget()

    # -- addresses ----------------------------------------------------------------------------

    def address(self, exchange: Exchange) -> Response:
        """A request below `/api/search`."""
        found = _ADDRESS.fullmatch(exchange.request.path)
        if found is None or found[2] not in MESSAGES.values():
            raise errors.NoRoute(uri=exchange.request.base_url + exchange.request.path)
        legacy, operation = found[1] == "v1.0", found[2]
        wanted = "GET" if operation in {"status", "statistics"} else "POST"
        if exchange.request.method != wanted:
            raise errors.MethodNotAllowed(method=exchange.request.method)
        body = json_object(exchange)
        answer = self._answer(exchange, operation, body, legacy=legacy)
        if not legacy:
            answer = {"response": orjson.dumps(answer).decode()}
        return self._there.replies.object(exchange, answer)

    def message(self, exchange: Exchange, name: str, context: str) -> Response:
        """A message of the Web API: the answer is JSON inside JSON."""
        body = json_object(exchange) if exchange.request.method == "POST" else {}
        answer = self._answer(exchange, MESSAGES[name], body, legacy=False)
        return self._there.replies.object(
            exchange, {"@odata.context": context, "response": orjson.dumps(answer).decode()}
        )

    def _answer(
        self, exchange: Exchange, operation: str, body: dict[str, Any], *, legacy: bool
    ) -> dict[str, Any]:
        exchange.operation = "search"
        exchange.cost_seconds += self._there.guard.cost("search")
        self._admit(exchange)
        try:
            match operation:
                case "query":
                    return self._query(self._read(body, legacy))
                case "suggest":
                    return self._suggest(self._read(body, legacy, shortest=3, top=SUGGESTIONS))
                case "autocomplete":
                    return self._autocomplete(self._read(body, legacy))
                case "status":
                    return {"value": self._status()}
                case _:
                    return {"value": self._statistics()}
        except BadSearch as problem:
            raise errors.InvalidArgument(problem=str(problem)) from problem
        except BadPattern as problem:
            raise errors.InvalidArgument(
                problem=f"The regular expression '{problem}' is not valid."
            ) from problem

    def _admit(self, exchange: Exchange) -> None:
        if not self._there.settings.throttle:
            return
        user = exchange.identity.user_id
        meter = self._meters.get(user)
        limit = self._there.guard.limits["dataverse.search"]
        if meter is None or meter.limit is not limit:
            meter = self._meters[user] = RateLimit(limit)
        verdict = meter.admit(exchange.received)
        if isinstance(verdict, Refused):
            exchange.throttled_by = limit.id
            code = limit.code.lower() or "0x80072322"
            raise errors.TooManyRequests(code, verdict.message, int(verdict.retry_after_seconds))

    # -- parameters ---------------------------------------------------------------------------

    def _read(
        self, body: dict[str, Any], legacy: bool, *, shortest: int = 1, top: int = PAGE
    ) -> Wanted:
        search = body.get("search")
        if not isinstance(search, str) or not search.strip():
            raise errors.InvalidArgument(problem="The search parameter is required.")
        if not shortest <= len(search) <= LONGEST_SEARCH:
            raise errors.InvalidArgument(
                problem=f"The search term must be {shortest} to {LONGEST_SEARCH} characters long."
            )
        options = listed(body, "options")
        full = body.get("searchtype") == "full" or "lucene" in options
        every = body.get("searchmode") == "all" or "searchmodelall" in options
        total = body.get("returntotalrecordcount" if legacy else "count")
        return Wanted(
            search.strip(),
            self._scopes(body),
            clauses(body),
            tuple(facets.read_facet(str(item)) for item in listed(body, "facets")),
            total is True,
            whole(body, "skip", 0, 100_000),
            whole(body, "top", top, LARGEST_PAGE),
            full,
            every,
            bool(body.get("usefuzzy" if legacy else "fuzzy")),
            legacy,
        )

    def _scopes(self, body: dict[str, Any]) -> tuple[Scope, ...]:
        enabled = self._index.tables()
        filters = filters_of(body.get("filter"))
        named = listed(body, "entities") or list(enabled)
        scopes = []
        for item in named:
            entity = {"name": item} if isinstance(item, str) else item
            if not isinstance(entity, dict) or not isinstance(entity.get("name"), str):
                raise errors.InvalidArgument(problem="An item of entities must have a name.")
            lowered = {str(key).lower(): value for key, value in entity.items()}
            name = lowered["name"]
            if name not in enabled:
                raise errors.InvalidArgument(
                    problem=f"The entity '{name}' is not enabled for search."
                )
            own = lowered.get("filter")
            if own is not None and not isinstance(own, str):
                raise errors.InvalidArgument(problem="The filter of an entity must be a string.")
            if not self._there.security.may(self._there.tables.by_name[name], "Read"):
                continue
            scope = Scope(
                name,
                self._names(name, lowered.get("searchcolumns")),
                self._names(name, lowered.get("selectcolumns")),
                tuple(
                    text for text in (own, filters.get(name), filters.get("")) if text is not None
                ),
            )
            scopes.append(scope)
        unknown = [name for name in filters if name and name not in enabled]
        if unknown and "activities" not in unknown:
            raise errors.InvalidArgument(
                problem=f"The entity '{unknown[0]}' of the filter is not enabled for search."
            )
        return tuple(scopes)

    def _names(self, entity: str, columns: Any) -> tuple[str, ...]:
        if columns is None:
            return ()
        served = self._there.tables.by_name[entity]
        if not isinstance(columns, list):
            raise errors.InvalidArgument(problem="Columns must be an array of names.")
        for name in columns:
            if not isinstance(name, str) or not served.has(wire_name(served, name)):
                raise errors.InvalidArgument(
                    problem=f"The column '{name}' was not found in the entity '{entity}'."
                )
        return tuple(columns)

    # -- query --------------------------------------------------------------------------------

    def _query(self, wanted: Wanted) -> dict[str, Any]:
        hits, expression = self._engine.run(wanted.tree(), wanted.scopes, self._there.clock.now())
        self._order(hits, wanted.orderby)
        page = hits[wanted.skip : wanted.skip + wanted.top]
        scopes = {scope.name: scope for scope in wanted.scopes}
        total = len(hits) if wanted.count else -1
        grouped = {
            facet.name: facets.counted(facet, hits, self._value, self._label)
            for facet in wanted.facets
        }
        if wanted.legacy:
            value = [self._legacy(hit, scopes[hit.entity], expression) for hit in page]
            return {"value": value, "facets": grouped or None, "totalrecordcount": total}
        return {
            "Error": None,
            "Value": [self._result(hit, scopes[hit.entity], expression) for hit in page],
            "Facets": grouped,
            "QueryContext": None,
            "Count": total,
        }

    def _order(self, hits: list[Hit], clauses: Sequence[tuple[str, bool]]) -> None:
        hits.sort(key=lambda hit: hit.record)
        for name, descending in reversed(clauses or (("@search.score", True),)):
            if name in {"@search.score", "search.score"}:
                hits.sort(key=lambda hit: hit.score, reverse=descending)
                continue
            known = [hit for hit in hits if self._value(hit, name) is not None]
            other = [hit for hit in hits if self._value(hit, name) is None]
            try:
                known.sort(key=lambda hit: _sortable(self._value(hit, name)), reverse=descending)
            except TypeError:
                known.sort(key=lambda hit: str(self._value(hit, name)), reverse=descending)
            hits[:] = known + other if descending else other + known

    def _table(self, hit: Hit) -> DataverseTable:
        return self._there.tables.by_name[hit.entity]

    def _value(self, hit: Hit, name: str) -> Any:
        served = self._table(hit)
        wire = wire_name(served, name)
        value = hit.row.get(wire)
        decode = served.decoders.get(wire)
        return decode(value) if decode is not None and value is not None else value

    def _label(self, hit: Hit, name: str) -> str | None:
        """The name of the record that a lookup holds; the label of a choice."""
        served = self._table(hit)
        wire = wire_name(served, name)
        value = hit.row.get(wire)
        column = served.definition.columns.get(wire)
        if value is None or column is None:
            return None
        if column.options:
            return next((o.label for o in column.options if o.value == value), None)
        target = self._target(served, wire, value)
        return None if target is None else target[1]

    def _target(self, served: DataverseTable, wire: str, key: Any) -> tuple[str, str | None] | None:
        tables = [table for column, table in served.writable_lookups.values() if column == wire]
        for table in ("systemuser", "team") if wire == "_ownerid_value" else tables:
            other = self._there.tables.by_name.get(table)
            row = other.records.get((key,)) if other is not None else None
            if other is not None and row is not None:
                return other.name, row.get(other.definition.primary_name)
        return None

    def _highlights(self, hit: Hit, scope: Scope, expression: str) -> dict[str, list[str]]:
        found = self._index.highlights(expression, hit.entity, hit.record)
        columns = scope.search_columns
        return {name: [text] for name, text in found.items() if not columns or name in columns}

    def _attributes(self, hit: Hit, columns: Sequence[str]) -> dict[str, Any]:
        served = self._table(hit)
        found: dict[str, Any] = {}
        for name in columns:
            wire = wire_name(served, name)
            if not served.has(wire):
                continue
            found[name] = self._value(hit, name)
            if wire != name:
                label = self._target(served, wire, found[name]) if found[name] else None
                found[f"{name}name"] = label[1] if label else None
                if label:
                    found[f"@search.{name}.logicalname"] = label[0]
        return found

    def _result(self, hit: Hit, scope: Scope, expression: str) -> dict[str, Any]:
        served = self._table(hit)
        columns = scope.select_columns or (served.definition.primary_name,)
        code = served.definition.object_type_code
        return {
            "Id": id_in(hit.record),
            "EntityName": hit.entity,
            "ObjectTypeCode": code,
            "Attributes": {"@search.objecttypecode": code, **self._attributes(hit, columns)},
            "Highlights": self._highlights(hit, scope, expression),
            "Score": hit.score,
        }

    def _legacy(self, hit: Hit, scope: Scope, expression: str) -> dict[str, Any]:
        served = self._table(hit)
        columns = [*_COMMON, *self._index.tables()[hit.entity]]
        members = self._attributes(hit, columns)
        for name in ("createdon", "modifiedon"):
            if members.get(name):
                members[name] = _american(members[name])
        return {
            "@search.score": hit.score,
            "@search.highlights": self._highlights(hit, scope, expression),
            "@search.entityname": hit.entity,
            "@search.objectid": id_in(hit.record),
            "@search.objecttypecode": served.definition.object_type_code,
            **members,
        }

    # -- typing ahead -------------------------------------------------------------------------

    def _typed(self, wanted: Wanted) -> tuple[list[Hit], str]:
        """Hits in the primary column; the last word is a beginning."""
        text = re.sub(r"[^\w\s]", " ", wanted.search)
        if wanted.fuzzy:
            searched = " ".join(f"({word}* || {word}~1)" for word in text.split())
            tree = read(searched, full=True, match_all=True)
        else:
            words = tuple(text.lower().split())
            tree = Words(words, prefix=True) if words else read("*", full=False, match_all=True)
        scopes = [
            Scope(
                scope.name,
                (self._there.tables.by_name[scope.name].definition.primary_name,),
                scope.select_columns,
                scope.filters,
            )
            for scope in wanted.scopes
        ]
        hits, expression = self._engine.run(tree, scopes, self._there.clock.now())
        self._order(hits, wanted.orderby)
        return hits, expression

    def _suggest(self, wanted: Wanted) -> dict[str, Any]:
        hits, expression = self._typed(wanted)
        value = []
        for hit in hits[: wanted.top]:
            served = self._table(hit)
            name = served.definition.primary_name
            shown = self._index.highlights(expression, hit.entity, hit.record).get(name, "")
            document = {
                "@search.objectid": id_in(hit.record),
                "@search.entityname": hit.entity,
                "@search.objecttypecode": served.definition.object_type_code,
                **self._attributes(hit, (name, "entityimage_url")),
            }
            text = _beginning(shown, wanted.search)
            keys = ("text", "document") if wanted.legacy else ("Text", "Document")
            value.append(dict(zip(keys, (text, document), strict=True)))
        if wanted.legacy:
            return {"value": value}
        return {"Error": None, "Value": value, "QueryContext": None}

    def _autocomplete(self, wanted: Wanted) -> dict[str, Any]:
        hits, expression = self._typed(wanted)
        value = ""
        if hits and expression:
            hit = hits[0]
            name = self._table(hit).definition.primary_name
            shown = self._index.highlights(expression, hit.entity, hit.record).get(name, "")
            found = re.search(r"\{crmhit\}(.*?)\{/crmhit\}", shown)
            value = _beginning(found[0].lower(), wanted.search) if found else ""
        if wanted.legacy:
            return {"value": value}
        return {"Error": None, "Value": value, "QueryContext": None}

    # -- state --------------------------------------------------------------------------------

    def _statistics(self) -> dict[str, int]:
        self._index.refresh(self._index.tables())
        documents, size = self._index.size()
        return {
            "storagesizeinbytes": size,
            "storagesizeinmb": size // 1_048_576,
            "documentcount": documents,
        }

    def _status(self) -> dict[str, Any]:
        moment = datetime.fromtimestamp(self._there.clock.now(), UTC).strftime("%m/%d/%Y %H:%M:%S")
        results = []
        for name, columns in self._index.tables().items():
            definition = self._there.tables.by_name[name].definition
            results.append(
                {
                    "entitylogicalname": name,
                    "objecttypecode": str(definition.object_type_code),
                    "primarynamefield": definition.primary_name,
                    "lastdatasynctimestamp": f"{self._there.changes.last}!{moment}",
                    "lastprincipalobjectaccesssynctimestamp": f"0!{moment}",
                    "entitystatus": "EntitySyncComplete",
                    "searchableindexedfieldinfomap": {
                        column: {"indexfieldname": f"a_{place}"}
                        for place, column in enumerate(columns)
                    },
                }
            )
        return {
            "status": "provisioned",
            "lockboxstatus": "Disabled",
            "cmkstatus": "Disabled",
            "entitystatusresults": results,
            "manytomanyrelationshipsyncstatus": [],
        }


def _sortable(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _american(moment: str) -> str:
    made = datetime.fromisoformat(moment)
    hour = made.hour % 12 or 12
    half = "AM" if made.hour < 12 else "PM"
    return f"{made.month}/{made.day}/{made.year} {hour}:{made.minute:02d} {half}"


def _beginning(shown: str, search: str) -> str:
    """The text with only the typed beginning of a word marked as a hit."""
    last = re.escape((search.split() or [""])[-1])
    marked = re.sub(
        rf"\{{crmhit\}}({last})(.*?)\{{/crmhit\}}",
        r"{crmhit}\1{/crmhit}\2",
        shown,
        flags=re.IGNORECASE,
    )
    return marked if _TAGS.search(marked) else shown

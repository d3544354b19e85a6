"""Handlers: request in, model called, answer out. Operations on records, sets and the root."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from windtunnel.simulator.exchange import Exchange, Response
from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.jobs import Jobs
from windtunnel.simulator.kernel.json_bodies import BadJson, odata_json_of
from windtunnel.simulator.kernel.settings import DataverseSettings
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.odata import DATAVERSE, ODataError, parse_query
from windtunnel.simulator.odata.tree import Expression, Query
from windtunnel.simulator.services.dataverse import (
    bulk,
    definitions,
    elastic,
    errors,
    file_columns,
    operations,
    queries,
    solutions,
    tracking,
)
from windtunnel.simulator.services.dataverse.fetchxml import FetchReads
from windtunnel.simulator.services.dataverse.guard import Guard
from windtunnel.simulator.services.dataverse.messages import background, bulk_duplicates, calling
from windtunnel.simulator.services.dataverse.messages.custom import DeclaredByRows
from windtunnel.simulator.services.dataverse.messages.standard import standard
from windtunnel.simulator.services.dataverse.model.annotations import of_list
from windtunnel.simulator.services.dataverse.model.auditing import Auditing
from windtunnel.simulator.services.dataverse.model.conditions import Settings
from windtunnel.simulator.services.dataverse.model.derived import Derived
from windtunnel.simulator.services.dataverse.model.duplicates import Duplicates
from windtunnel.simulator.services.dataverse.model.files import Files
from windtunnel.simulator.services.dataverse.model.kept_records import Form, Variant, form_of
from windtunnel.simulator.services.dataverse.model.list_plans import COUNT_CAP
from windtunnel.simulator.services.dataverse.model.lists import Lists
from windtunnel.simulator.services.dataverse.model.metadata import SETS, Metadata
from windtunnel.simulator.services.dataverse.model.metadata.customizations import Customizations
from windtunnel.simulator.services.dataverse.model.numbering import Numbers
from windtunnel.simulator.services.dataverse.model.paging import split_token
from windtunnel.simulator.services.dataverse.model.query_functions import query_functions
from windtunnel.simulator.services.dataverse.model.reads import Page, Reads
from windtunnel.simulator.services.dataverse.model.tables import (
    EXACT,
    NAMESPACE,
    PRINCIPALS,
    DataverseTable,
    Tables,
    id_in,
)
from windtunnel.simulator.services.dataverse.model.totals import Totals
from windtunnel.simulator.services.dataverse.model.writes import Caller, Writes, reference_parts
from windtunnel.simulator.services.dataverse.paths import Segment, literal, segments
from windtunnel.simulator.services.dataverse.replies import Replies, base_of, page_size, preference
from windtunnel.simulator.services.dataverse.search.requests import Search
from windtunnel.simulator.services.dataverse.security import Security

_MORE_KEYS = {"systemuser": (("azureactivedirectoryobjectid",),)}
"""Keys that no definition states. Source: "Work with Azure Active Directory group teams"."""


class Handlers:
    """All operations of the Web API on one environment."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        ids: Ids,
        tables: Tables,
        changes: Changes,
        guard: Guard,
        replies: Replies,
        settings: DataverseSettings,
        tenant_id: str,
        customizations: Customizations,
        jobs: Jobs,
        security: Security,
        call_back: background.CallBack,
    ) -> None:
        self.security, self.call_back = security, call_back
        self.store, self.clock, self.tables, self.settings = store, clock, tables, settings
        self.guard, self.replies, self.tenant_id = guard, replies, tenant_id
        self.changes, self.jobs, self.ids = changes, jobs, ids
        jobs.register(bulk.BULK_DELETE, partial(bulk.run_bulk_delete, self))
        jobs.register(bulk_duplicates.KIND, partial(bulk_duplicates.run, self))
        jobs.register(background.KIND, partial(background.run, self))
        conditions = Settings(tables.by_name)
        self.reads = Reads(store, clock, tables, query_functions(conditions), security)
        self.fetch = FetchReads(store, clock, tables, conditions, self.reads.annotations, security)
        self.files = Files(store, clock, ids)
        self.numbers = Numbers(store, clock, ids.child("dataverse autonumbers").random)
        derived = Derived(tables, self.numbers)
        self.lists = Lists(changes, tables)
        self.auditing = Auditing(
            *(store, changes, clock, ids.child("dataverse auditing"), tables, security)
        )
        self.totals = Totals(changes, clock, tables, derived)
        duplicates = Duplicates(store, changes, tables)
        self.writes = Writes(
            *(store, clock, ids, tables, self.resolve, self.files, security, derived, duplicates)
        )
        self.search = Search(self)
        self.messages = standard(settings.custom_apis)
        self._row_apis = DeclaredByRows(self.messages, tables)
        for table in ("customapi", "customapirequestparameter", "customapiresponseproperty"):
            changes.hook(NAMESPACE + table, self._row_apis.change)
        self.metadata = Metadata(tables, self.messages)
        self.customizations = customizations
        customizations.on_change(self.reads.forget)
        customizations.on_change(self.fetch.forget)
        customizations.on_change(self.writes.forget)
        self._paths: dict[str, tuple[Segment, ...]] = {}
        self._queries: dict[str, Query] = {}

    def forget(self) -> None:
        """Drop what was kept of reads."""
        self.reads.forget()
        self.search.forget()
        self._row_apis.change()
        self.fetch.forget()
        self.writes.forget()
        self.security.forget()
        self.auditing.follow()

    def caller(self, exchange: Exchange) -> Caller:
        """Who writes."""
        caller = self.caller_of(exchange.identity.user_id)
        suppressed = exchange.request.headers.get(b"mscrm.suppressduplicatedetection")
        caller.detects = suppressed is not None and suppressed.strip().lower() == b"false"
        return caller

    def caller_of(self, user: str) -> Caller:
        """A user as one who writes."""
        security = self.security
        return Caller(user, security.unit_of(user), security.actor)

    # -- finding the operation ----------------------------------------------------------------

    def dispatch(self, exchange: Exchange, path: str) -> Response:
        """Any address but that of one record by its id."""
        request = exchange.request
        parts = self._paths.get(path)
        if parts is None:
            parts = segments(path)
            if len(self._paths) > 4096:
                self._paths.clear()
            self._paths[path] = parts
        if request.method == "OPTIONS":
            return self.replies.empty(exchange, status=200)
        if not parts:
            return self.service_document(exchange)
        first = parts[0]
        if self._row_apis.changed and self._row_apis.refresh():
            self.tables.version += 1
        if first.name == "$metadata":
            self._charge(exchange, "metadata")
            return self.replies.xml(exchange, self.metadata.csdl())
        if first.name == "$batch":
            return operations.batch(self, exchange)
        if first.name in SETS:
            return definitions.handle(self, exchange, parts)
        served = self.tables.by_set.get(first.name)
        if served is None:
            return calling.unbound(self, exchange, first)
        if served.is_elastic:
            elastic.purge(self, served)
        if first.arguments is not None:
            return self._below_record(exchange, served, parts)
        if len(parts) == 1:
            return self.entity_set(exchange, served)
        if parts[1].name == "$count":
            within = elastic.restriction(exchange) if served.is_elastic else None
            return self.count(exchange, served, within)
        return calling.bound(self, exchange, served, parts[1])

    def _charge(self, exchange: Exchange, operation: str, rows: int = 0) -> None:
        exchange.operation = operation
        exchange.cost_seconds += self.guard.cost(operation, rows)

    def service_document(self, exchange: Exchange) -> Response:
        """The entity sets."""
        self._charge(exchange, "metadata")
        sets = [{"name": name, "kind": "EntitySet", "url": name} for name in self.tables.by_set]
        context = f"{base_of(exchange)}$metadata"
        return self.replies.object(exchange, {"@odata.context": context, "value": sets})

    # -- references ---------------------------------------------------------------------------

    def resolve(self, reference: str) -> tuple[DataverseTable, str]:
        """The table and key of `/accounts(guid)` and its like. Raises when it is not there."""
        found = reference_parts(reference)
        if found is None:
            raise errors.PayloadError(
                set="",
                problem=f"Microsoft.OData.ODataException: '{reference}' is no resource path.",
            )
        served = self.tables.of_set(found[0])
        arguments = segments(f"{found[0]}({found[1]})")[0].arguments or ()
        key = self.key_of(served, arguments)
        if not served.records.exists((key,)):
            raise errors.RecordNotFound(table=served.name, id=key)
        return served, id_in(key)

    def key_of(self, served: DataverseTable, arguments: tuple[tuple[str, Expression], ...]) -> str:
        """The row that a key predicate names; alternate keys are looked up."""
        names = {"", served.primary_id, *(("ownerid",) if served.name in PRINCIPALS else ())}
        if len(arguments) == 1 and arguments[0][0] in names:
            value = literal(arguments[0][1])
            text = str(value).lower()
            if len(text) == 36:
                return text
            raise errors.BadKey(table=served.name)
        values = self.alternate_values(served, arguments)
        found = served.records.find(values)
        if not found:
            raise errors.KeyValuesNotFound(table=served.name)
        return str(found[0][served.row_key])

    def alternate_values(
        self, served: DataverseTable, arguments: tuple[tuple[str, Expression], ...]
    ) -> dict[str, Any]:
        """The values of an alternate key. Raises BadKey when the table has no such key."""
        if served.is_elastic:
            arguments = elastic.named(arguments)
        names = {name for name, _ in arguments}
        keys = (*served.definition.keys.values(), *_MORE_KEYS.get(served.name, ()))
        if not any(set(columns) == names for columns in keys):
            raise errors.BadKey(table=served.name)
        return {name: served.checkers[name](literal(value)) for name, value in arguments}

    # -- one record ---------------------------------------------------------------------------

    def record(self, exchange: Exchange, entity_set: str, key: str) -> Response:
        """A record by its id: GET, HEAD, PATCH, DELETE."""
        served = self.tables.by_set.get(entity_set)
        if served is None:
            return self.dispatch(exchange, f"{entity_set}({key})")
        method = exchange.request.method
        if served.is_elastic and method in {"GET", "HEAD", "PATCH", "DELETE"}:
            return elastic.record(self, exchange, served, key)
        if method in {"GET", "HEAD"}:
            return self.retrieve(exchange, served, key)
        if method == "PATCH":
            return self.patch(exchange, served, key)
        if method == "DELETE":
            return self.remove(exchange, served, key)
        if method == "OPTIONS":
            return self.replies.empty(exchange, status=200)
        raise errors.MethodNotAllowed(method=method)

    def retrieve(self, exchange: Exchange, served: DataverseTable, key: str) -> Response:
        """GET of one record; finished answers are kept until the record changes."""
        request = exchange.request
        exchange.operation = "retrieve"
        exchange.cost_seconds += self.guard.cost("retrieve")
        prefer = request.headers.get(b"prefer", b"")
        security = self.security
        view = None
        if security.current is not None:
            security.check(served, key, "Read")
            view = security.number
        host = request.headers.get(b"host")
        variant: Variant = (request.query, prefer, host, request.path[10:14], view)
        kept = served.records.encoded.get((key,), variant)
        if kept is None:
            kept = self._encode(exchange, served, key)
            if "$expand" not in request.query and b"annotations" not in prefer:
                served.records.encoded.put((key,), variant, kept)
        body, head, etag = kept
        unless = request.headers.get(b"if-none-match")
        # Names of related records stand in annotations, and no etag tells of those.
        # Source: "Perform conditional operations using the Web API".
        if unless == etag and "$expand" not in request.query and b"annotations" not in prefer:
            return self.replies.empty(exchange, head, 304)
        return self.replies.json(exchange, body, 200, head)

    def _encode(
        self, exchange: Exchange, served: DataverseTable, key: str, *, expands: bool = True
    ) -> Form:
        query = self.query(exchange)
        if not expands:
            query = replace(query, options=replace(query.options, expand=()))
        wanted = preference(exchange, "odata.include-annotations")
        found = self.reads.record(
            *(served, key, query, wanted, exchange.identity.user_id, page_size(exchange))
        )
        if found is None:
            raise errors.RecordNotFound(table=served.name, id=key)
        context, item, etag = found
        base = base_of(exchange)
        if query.expand:
            self._absolute(base, item)
        more = f'Preference-Applied: odata.include-annotations="{wanted}"\r\n' if wanted else ""
        context = f"{base}$metadata#{context}/$entity"
        return form_of({"@odata.context": context, **item}, etag, more)

    def query(self, exchange: Exchange) -> Query:
        """The parsed query string, kept by its text."""
        raw = exchange.request.query
        if "skiptoken" in raw:
            return parse_query(raw, DATAVERSE)
        query = self._queries.get(raw)
        if query is None:
            query = parse_query(raw, DATAVERSE)
            if len(self._queries) > 4096:
                self._queries.clear()
            self._queries[raw] = query
        return query

    def body(self, exchange: Exchange, served: DataverseTable) -> dict[str, Any]:
        """The JSON object of a write."""
        media = exchange.request.headers.get(b"content-type", b"json").lower()
        if b"json" not in media:
            raise errors.UnsupportedMediaType(media=media.decode("latin-1").partition(";")[0])
        try:
            body = odata_json_of(exchange.request)
        except BadJson as error:
            raise errors.InvalidJson(set=served.entity_set, problem=error) from error
        if not isinstance(body, dict):
            raise errors.PayloadError(
                set=served.entity_set,
                problem="Microsoft.OData.ODataException: An unexpected node was found when reading "
                "from the JSON reader. A 'StartObject' node was expected.",
            )
        if b"ieee754compatible=true" in media:
            return _with_numbers(served, body)
        return body

    def patch(
        self,
        exchange: Exchange,
        served: DataverseTable,
        key: str,
        extra: dict[str, Any] | None = None,
    ) -> Response:
        """Update, or create where there is nothing, as If-Match and If-None-Match allow."""
        headers = exchange.request.headers
        body = self.body(exchange, served)
        match = headers.get(b"if-match", b"").decode("latin-1")
        caller = self.caller(exchange)
        if headers.get(b"if-none-match") == b"*":
            if served.records.exists((key,)):
                raise errors.RecordExists
        else:
            self._charge(exchange, "update")
            version = _version(served, match) if match else None
            if self.writes.update(served, key, body, caller, version):
                return self.written(exchange, served, key, created=False)
            if match:
                raise errors.RecordNotFound(table=served.name, id=key)
            exchange.cost_seconds = 0.0
        self._charge(exchange, "upsert")
        body = {**body, **(extra or {}), served.primary_id: id_in(key)}
        key = self.writes.create(served, body, caller)
        return self.written(exchange, served, key, created=True)

    def written(
        self, exchange: Exchange, served: DataverseTable, key: str, *, created: bool
    ) -> Response:
        """The answer to a write: the record where it is preferred, else its address."""
        uri = f"{base_of(exchange)}{served.entity_set}({id_in(key)})"
        if preference(exchange, "return") == "representation":
            body, head, _ = self._encode(exchange, served, key, expands=created)
            applied = b"Preference-Applied: return=representation"
            if b"Preference-Applied: " in head:
                head = head.replace(b"Preference-Applied: ", applied + b",", 1)
            else:
                head += applied + b"\r\n"
            return self.replies.json(exchange, body, 201 if created else 200, head)
        line = f"OData-EntityId: {uri}\r\nLocation: {uri}\r\n".encode("latin-1")
        if served.is_elastic:
            line += elastic.session_token(self)
        return self.replies.empty(exchange, line)

    def remove(self, exchange: Exchange, served: DataverseTable, key: str) -> Response:
        """DELETE of one record."""
        self._charge(exchange, "delete")
        self.writes.check_method(served, "Delete")
        version = _version(served, exchange.request.header("if-match"))
        if not self.writes.delete(served, key, self.caller(exchange), version):
            raise errors.RecordNotFound(table=served.name, id=key)
        return self.replies.empty(exchange)

    # -- below a record -----------------------------------------------------------------------

    def _below_record(
        self, exchange: Exchange, served: DataverseTable, parts: tuple[Segment, ...]
    ) -> Response:
        arguments = parts[0].arguments or ()
        method = exchange.request.method
        by_id = all(name in {"", served.primary_id} for name, _ in arguments)
        if len(parts) == 1 and method == "PATCH" and not by_id:
            return self._upsert_by_key(exchange, served, arguments)
        key = self.key_of(served, arguments)
        if served.is_elastic and by_id and len(parts) > 1:
            key = elastic.row_key(exchange, key)
        return self.below(exchange, served, key, parts)

    def below(
        self, exchange: Exchange, served: DataverseTable, key: str, parts: tuple[Segment, ...]
    ) -> Response:
        """A record, the first of `parts`, or what the others name below it."""
        if len(parts) == 1:
            return self.record(exchange, served.entity_set, key)
        second = parts[1]
        navigation = served.table.navigations.get(second.name)
        if navigation is not None:
            return operations.navigate(self, exchange, served, key, navigation, parts[1:])
        if second.name in served.table.columns:
            if file_columns.takes_files(served, second.name) and file_columns.is_transfer(
                exchange, len(parts) - 1
            ):
                return file_columns.transfer(self, exchange, served, key, second.name)
            return operations.single_property(self, exchange, served, key, parts[1:])
        return calling.bound(self, exchange, served, second, key)

    def _upsert_by_key(
        self,
        exchange: Exchange,
        served: DataverseTable,
        arguments: tuple[tuple[str, Expression], ...],
    ) -> Response:
        values = self.alternate_values(served, arguments)
        found = served.records.find(values, 1)
        request = exchange.request
        if found:
            if request.header("if-none-match") == "*":
                raise errors.RecordExists
            self._charge(exchange, "update")
            body = {k: v for k, v in self.body(exchange, served).items() if k not in values}
            key = str(found[0][served.row_key])
            match, caller = request.header("if-match"), self.caller(exchange)
            if served.is_elastic and not match:
                elastic.overwrite(self, served, key, body, caller)
            else:
                self.writes.update(served, key, body, caller, _version(served, match))
        else:
            if request.header("if-match"):
                raise errors.KeyValuesNotFound(table=served.name)
            self._charge(exchange, "upsert")
            key = self.writes.create(
                served, self.body(exchange, served), self.caller(exchange), values
            )
        if preference(exchange, "return") == "representation":
            return self.written(exchange, served, key, created=not found)
        named = exchange.request.path.rpartition("/")[2]
        line = f"OData-EntityId: {base_of(exchange)}{named}\r\n".encode("latin-1")
        if served.is_elastic:
            line += elastic.session_token(self)
        return self.replies.empty(exchange, line)

    # -- entity sets --------------------------------------------------------------------------

    def entity_set(self, exchange: Exchange, served: DataverseTable) -> Response:
        """GET lists, POST creates."""
        method = exchange.request.method
        if method in {"GET", "HEAD"}:
            within = elastic.restriction(exchange) if served.is_elastic else None
            return self.list(exchange, served, within, served.entity_set)
        if method == "POST":
            self._charge(exchange, "create")
            caller = self.caller(exchange)
            key = self.writes.create(served, self.body(exchange, served), caller)
            if b"mscrm.solutionuniquename" in exchange.request.headers:
                solutions.add_record(self, exchange, served, key, caller)
            return self.written(exchange, served, key, created=True)
        raise errors.MethodNotAllowed(method=method)

    def list(
        self,
        exchange: Exchange,
        served: DataverseTable,
        restriction: tuple[str, tuple[Any, ...]] | None,
        path: str,
    ) -> Response:
        """One page of records as JSON."""
        query = self.query(exchange)
        other = queries.asked(query) if query.custom else None
        if other is not None:
            return queries.answer(self, exchange, served, other, query.count, restriction)
        if restriction is None and tracking.is_asked(exchange, query):
            return tracking.answer(self, exchange, served, query)
        size, wanted = self.wishes(exchange)
        root = self.listed(exchange, served, restriction, path, (size, wanted))
        self._charge(exchange, "list", len(root["value"]))
        applied = []
        if size:
            applied.append(f"odata.maxpagesize={size}")
        if wanted:
            applied.append(f'odata.include-annotations="{wanted}"')
        more = f"Preference-Applied: {','.join(applied)}\r\n".encode() if applied else b""
        return self.replies.object(exchange, root, 200, more)

    @staticmethod
    def wishes(exchange: Exchange) -> tuple[int, str]:
        """The size of pages and the annotations that a request prefers; 0 and `` for none."""
        return page_size(exchange), preference(exchange, "odata.include-annotations")

    def listed(
        self,
        exchange: Exchange,
        served: DataverseTable,
        restriction: tuple[str, tuple[Any, ...]] | None,
        path: str = "",
        wishes: tuple[int, str] | None = None,
    ) -> dict[str, Any]:
        """One page of records by the options of the request, linked to the next below `path`."""
        raw = exchange.request.query
        size, wanted = self.wishes(exchange) if wishes is None else wishes
        page = self.reads.page(
            served,
            raw,
            size,
            wanted,
            restriction=restriction,
            user=exchange.identity.user_id,
        )
        base = base_of(exchange)
        where = path or exchange.request.path[len(base) - len(exchange.request.base_url) :]
        return self._root(base, page, where, raw, wanted)

    def _root(
        self, base: str, page: Page, path: str, raw_query: str, wanted: str
    ) -> dict[str, Any]:
        root: dict[str, Any] = {"@odata.context": f"{base}$metadata#{page.context}"}
        if page.count is not None:
            root["@odata.count"] = min(page.count, COUNT_CAP)
        if wanted:
            root |= of_list(wanted, page.count, COUNT_CAP, self.tables.stamp)
        if page.has_links:
            for item in page.value:
                self._absolute(base, item)
        root["value"] = page.value
        if page.next_token:
            kept = split_token(raw_query)[1]
            kept = f"{kept}&" if kept else ""
            root["@odata.nextLink"] = f"{base}{path}?{kept}$skiptoken={page.next_token}"
        return root

    def _absolute(self, base: str, item: dict[str, Any]) -> None:
        """Links of expanded collections and references become absolute."""
        for name, value in item.items():
            if name.endswith("@odata.nextLink") and isinstance(value, str):
                item[name] = value if value.startswith("http") else base + value
            elif isinstance(value, dict):
                if "@odata.id" in value:
                    value["@odata.id"] = base + value["@odata.id"]
                else:
                    self._absolute(base, value)
            elif isinstance(value, list):
                for inner in value:
                    if isinstance(inner, dict):
                        self._absolute(base, inner)

    def count(
        self,
        exchange: Exchange,
        served: DataverseTable,
        restriction: tuple[str, tuple[Any, ...]] | None,
    ) -> Response:
        """`/$count` as plain text."""
        self._charge(exchange, "count")
        query = self.query(exchange)
        if restriction is None and query.deltatoken:
            return tracking.count(self, exchange, served, query)
        user = exchange.identity.user_id
        number = self.reads.count(served, exchange.request.query, restriction, user)
        return self.replies.text(exchange, str(number).encode())

    def route(self, exchange: Exchange) -> Response:
        """Handle a request of a batch by its path."""
        from windtunnel.simulator.services.dataverse.replies import ROOT

        root = ROOT.match(exchange.request.path)
        if root is None:
            raise errors.NoRoute(uri=exchange.request.path)
        try:
            return self.dispatch(exchange, exchange.request.path[root.end() :])
        except ODataError as problem:
            raise errors.QueryError(problem=problem.message) from problem


def _with_numbers(served: DataverseTable, body: dict[str, Any]) -> dict[str, Any]:
    """A body with numbers for the texts that stand for large and exact ones."""
    columns = served.table.columns

    def number(name: str, value: Any) -> Any:
        if not isinstance(value, str) or name not in columns or columns[name].edm not in EXACT:
            return value
        return served.checkers[name](value)

    return {name: number(name, value) for name, value in body.items()}


def _version(served: DataverseTable, match: str) -> int | None:
    """The version an If-Match header asks for; None for `*` and for no header."""
    text = match.strip()
    if text in {"", "*", "null"}:
        return None
    if served.definition.facts.get("IsOptimisticConcurrencyEnabled") is False:
        raise errors.NoOptimisticConcurrency(table=served.name)
    digits = text.removeprefix("W/").strip('"')
    return int(digits) if digits.isdigit() and len(digits) < 19 else -1

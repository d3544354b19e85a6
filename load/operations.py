"""Plan operations as HTTP requests of the two services. Pure: addresses, headers and bodies."""

from __future__ import annotations

import itertools
import json
import random
import re
import urllib.parse
import uuid
from bisect import bisect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from windtunnel.contracts.documents import Pattern, Plan, PlanFlow
from windtunnel.contracts.documents.plan import REQUEST_PATTERNS, Operation
from windtunnel.load.errors import LoadError
from windtunnel.load.records import TEMPLATES, Bodies

ROOTS: Final = {"dataverse": "/api/data/v9.2", "finance_operations": "/data"}
DEFAULT_SETS: Final = {"dataverse": "accounts", "finance_operations": "CustomersV3"}
WRITES: Final = frozenset({"create", "update", "upsert"})
_NEED_QUERY: Final = frozenset({"associate", "action", "custom_service", "search"})
_KEY = re.compile(r"\(([^()]*)\)\s*$")
_MOST_KEYS = 20_000


class Call(NamedTuple):
    """One request; `path` begins at the origin, `name` groups requests in statistics."""

    method: str
    path: str
    name: str
    body: bytes | None
    headers: Mapping[str, str]


@dataclass(slots=True)
class Keys:
    """Keys of one entity set as they stand between parentheses in a URL."""

    found: list[str] = field(default_factory=list[str])
    made: list[str] = field(default_factory=list[str])

    def any(self, number: int) -> str | None:
        """Some existing key; another number, another key."""
        total = len(self.found) + len(self.made)
        if not total:
            return None
        place = number % total
        return self.found[place] if place < len(self.found) else self.made[place - len(self.found)]

    def take(self) -> str | None:
        """A key that this run made, to delete it; the data of others stays."""
        return self.made.pop() if self.made else None

    def add(self, location: str | None) -> None:
        """Remember the record that an answer's Location or OData-EntityId names."""
        match = _KEY.search(location) if location else None
        if match and len(self.made) < _MOST_KEYS:
            self.made.append(match[1])


Builder = Callable[[int], Call]


def entity_set_of(flow: PlanFlow, operation: Operation) -> str:
    """The entity set that an operation works on."""
    return operation.entity_set or DEFAULT_SETS[flow.service]


def key_column(service: str, entity_set: str) -> str | None:
    """The column that tells records of a set apart; in Dataverse named after the table."""
    template = TEMPLATES.get((service, entity_set))
    if template is not None:
        return template.key
    return f"{singular(entity_set)}id" if service == "dataverse" else None


def singular(entity_set: str) -> str:
    """The table of a Dataverse entity set, by the way Dataverse names sets."""
    if entity_set.endswith("ies"):
        return entity_set[:-3] + "y"
    if entity_set.endswith(("ses", "xes", "ches", "shes")):
        return entity_set[:-2]
    return entity_set.removesuffix("s")


def check_plan(plan: Plan) -> tuple[PlanFlow, ...]:
    """The flows that send requests; LoadError names an operation that cannot be sent."""
    flows = tuple(flow for flow in plan.flows if flow.pattern in REQUEST_PATTERNS)
    if not flows:
        raise LoadError(
            f"no flow of the plan '{plan.name}' sends requests",
            remedy=f"give one of them a pattern of {', '.join(sorted(REQUEST_PATTERNS))}",
        )
    for flow in flows:
        for operation in flow.operations:
            problem = _problem(flow, operation)
            if problem:
                where = f"flow '{flow.name}', operation '{operation.operation}'"
                raise LoadError(f"{where}: {problem[0]}", remedy=problem[1])
    return flows


def _problem(flow: PlanFlow, operation: Operation) -> tuple[str, str] | None:
    name, fo = operation.operation, flow.service == "finance_operations"
    entity_set = entity_set_of(flow, operation)
    if name == "import_package":
        return "packages are not sent by a load", "forecast this flow instead"
    if fo and name in {"upsert", "fetchxml", "track_changes", "search", "associate"}:
        return "finance and operations has no such request", "use create, update or list"
    if not fo and name == "custom_service":
        return "Dataverse has no custom services", "use function or action"
    if name in _NEED_QUERY and not operation.query:
        return "it says nothing about what to call", "write what is called in `query`"
    if name in WRITES and (flow.service, entity_set) not in TEMPLATES:
        known = sorted(name for service, name in TEMPLATES if service == flow.service)
        return f"records of '{entity_set}' cannot be made up", f"use one of {', '.join(known)}"
    if fo and name == "create" and entity_set == "ReleasedProductsV2":
        return "released products are not created through this entity", "use update or retrieve"
    if name in {"retrieve", "delete"} and key_column(flow.service, entity_set) is None:
        return f"the keys of '{entity_set}' are not known here", "use list"
    if flow.pattern == Pattern.BULK and (fo or name not in {*WRITES, "delete"}):
        return "bulk messages are Dataverse's create, update, upsert and delete", "use batch"
    return None


@dataclass(frozen=True, slots=True)
class Material:
    """What a flow's requests are made of: bodies and keys by entity set."""

    full: Mapping[str, Bodies]
    partial: Mapping[str, Bodies]
    keys: Mapping[str, Keys]
    seed: str


class Requests:
    """The requests of one flow: `call(n)` builds the n-th, by the planned mix."""

    def __init__(self, flow: PlanFlow, material: Material) -> None:
        self._flow = flow
        self._material = material
        self._root = ROOTS[flow.service]
        self._chance = random.Random(f"{material.seed}/{flow.name}/mix")
        shares = [operation.share for operation in flow.operations]
        self._bounds = list(itertools.accumulate(share / sum(shares) for share in shares))[:-1]
        self._builders = [self._with_batch(operation) for operation in flow.operations]
        self._numbers = itertools.count()

    def call(self, number: int) -> Call:
        """The request for the arrival `number`."""
        return self._builders[bisect(self._bounds, self._chance.random())](number)

    def remember(self, call: Call, location: str | None) -> None:
        """Keep the key that an answer to a create gave."""
        if location and call.method == "POST":
            keys = self._material.keys.get(call.name.rsplit(" ", 1)[-1])
            if keys is not None:
                keys.add(location)

    def _with_batch(self, operation: Operation) -> Builder:
        size = self._flow.batch_size
        if self._flow.pattern == Pattern.BULK:
            return self._bulk(operation, size)
        single = self._single(operation)
        if size == 1 and self._flow.pattern != Pattern.BATCH:
            return single
        return self._batch(single, size)

    def _batch(self, single: Builder, size: int) -> Builder:
        path = f"{self._root}/$batch"

        def build(number: int) -> Call:
            del number
            calls = [single(next(self._numbers)) for _ in range(size)]
            boundary = f"batch_{calls[0].name.replace(' ', '_')}"
            headers = {"Content-Type": f"multipart/mixed;boundary={boundary}"}
            name = f"batch of {size} {calls[0].name}"
            return Call("POST", path, name, multipart(calls, boundary), headers)

        return build

    def _bulk(self, operation: Operation, size: int) -> Builder:
        entity_set = entity_set_of(self._flow, operation)
        message = f"{operation.operation.capitalize()}Multiple"
        path = f"{self._root}/{entity_set}/Microsoft.Dynamics.CRM.{message}"
        keys, table = self._material.keys[entity_set], singular(entity_set).encode()
        column = TEMPLATES[self._flow.service, entity_set].key.encode()
        bodies = self._material.partial if operation.operation == "update" else self._material.full
        kind = b'"@odata.type":"Microsoft.Dynamics.CRM.' + table + b'"'

        def target(number: int) -> bytes:
            name = operation.operation
            if name == "delete":
                key = keys.take() or keys.any(number) or str(uuid.UUID(int=number))
                return b'{"' + column + b'":"' + key.encode() + b'",' + kind + b"}"
            body = bodies[entity_set].body(number)[1:]
            if name == "create":
                return b"{" + kind + b"," + body
            known = keys.any(number) if name == "update" else None
            named = (known or self._new_id(number)).encode()
            return b'{"' + column + b'":"' + named + b'",' + kind + b"," + body

        def build(number: int) -> Call:
            del number
            targets = b",".join(target(next(self._numbers)) for _ in range(size))
            body = b'{"Targets":[' + targets + b"]}"
            return Call("POST", path, f"{message} of {size} {entity_set}", body, _JSON)

        return build

    def _new_id(self, number: int) -> str:
        return str(
            uuid.uuid5(uuid.NAMESPACE_URL, f"{self._material.seed}/{self._flow.name}/{number}")
        )

    def _single(self, operation: Operation) -> Builder:
        name = operation.operation
        if name in WRITES or name == "delete":
            return self._write(operation)
        entity_set = entity_set_of(self._flow, operation)
        base = f"{self._root}/{entity_set}"
        if name == "retrieve":
            return self._retrieve(operation, base, entity_set)
        query = _escaped(operation.query)
        fo = self._flow.service == "finance_operations"
        path, method, headers = f"{base}?{query}" if query else base, "GET", _GET
        body: bytes | None = None
        match name:
            case "list":
                path = path if query else f"{base}?$top={operation.rows}"
                if fo and "cross-company" not in path:
                    path += "&cross-company=true"
            case "count":
                path = f"{base}/$count" + (f"?{query}" if query else "")
            case "metadata":
                path, headers = f"{self._root}/$metadata", {"Accept": "application/xml"}
            case "track_changes":
                headers = {**_GET, "Prefer": "odata.track-changes"}
            case "fetchxml":
                fetch = operation.query or (
                    f'<fetch top="{operation.rows}"><entity name="{singular(entity_set)}">'
                    "<all-attributes/></entity></fetch>"
                )
                path = f"{base}?fetchXml={urllib.parse.quote(fetch, safe='')}"
            case "function":
                path = f"{self._root}/{_escaped(operation.query or 'WhoAmI')}"
            case "search":
                path, method, headers = "/api/search/v1.0/query", "POST", _JSON
                body = json.dumps({"search": operation.query}).encode()
            case "custom_service":
                path, method, headers = f"/api/services/{_escaped(operation.query)}", "POST", _JSON
                body = b"{}"
            case _:
                path, method, headers = f"{self._root}/{_escaped(operation.query)}", "POST", _JSON
                body = b"{}"
        call = Call(method, path, f"{name} {entity_set}", body, headers)
        return lambda _number: call

    def _retrieve(self, operation: Operation, base: str, entity_set: str) -> Builder:
        keys, query = self._material.keys[entity_set], _escaped(operation.query)
        tail = f"?{query}" if query else ""

        def build(number: int) -> Call:
            key = keys.any(number)
            path = f"{base}({key}){tail}" if key else f"{base}?$top=1"
            return Call("GET", path, f"retrieve {entity_set}", None, _GET)

        return build

    def _write(self, operation: Operation) -> Builder:
        entity_set, name = entity_set_of(self._flow, operation), operation.operation
        base = f"{self._root}/{entity_set}"
        keys = self._material.keys[entity_set]
        full, partial = self._material.full.get(entity_set), self._material.partial.get(entity_set)

        def create(number: int) -> Call:
            if full is None:
                raise LoadError(f"records of '{entity_set}' cannot be made up")
            return Call("POST", base, f"create {entity_set}", full.body(number), _JSON)

        def update(number: int) -> Call:
            key = keys.any(number)
            if key is None or partial is None:
                return create(number)
            return Call(
                "PATCH", f"{base}({key})", f"update {entity_set}", partial.body(number), _UPDATE
            )

        def upsert(number: int) -> Call:
            call = create(number)
            path = f"{base}({self._new_id(number)})"
            return Call("PATCH", path, f"upsert {entity_set}", call.body, _JSON)

        def delete(number: int) -> Call:
            key = keys.take()
            if key is None:
                return create(number)
            return Call("DELETE", f"{base}({key})", f"delete {entity_set}", None, _GET)

        return {"create": create, "update": update, "upsert": upsert, "delete": delete}[name]


_GET: Final = {"Accept": "application/json", "OData-MaxVersion": "4.0", "OData-Version": "4.0"}
_JSON: Final = {**_GET, "Content-Type": "application/json; charset=utf-8"}
_UPDATE: Final = {**_JSON, "If-Match": "*"}


def multipart(calls: list[Call], boundary: str) -> bytes:
    """An OData batch; each write in its own change set, so that one failure spoils no other."""
    parts: list[bytes] = []
    for number, call in enumerate(calls, 1):
        head = "".join(f"{name}: {value}\r\n" for name, value in call.headers.items())
        request = f"{call.method} {call.path} HTTP/1.1\r\n{head}\r\n".encode() + (call.body or b"")
        kind = b"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
        if call.method == "GET":
            parts.append(f"--{boundary}\r\n".encode() + kind + b"\r\n" + request + b"\r\n")
            continue
        inner = f"changeset_{number}"
        parts.append(
            f"--{boundary}\r\nContent-Type: multipart/mixed;boundary={inner}\r\n\r\n".encode()
            + f"--{inner}\r\n".encode()
            + kind
            + f"Content-ID: {number}\r\n\r\n".encode()
            + request
            + f"\r\n--{inner}--\r\n".encode()
        )
    return b"".join(parts) + f"--{boundary}--\r\n".encode()


def _escaped(query: str) -> str:
    return urllib.parse.quote(query, safe="/$&=?(),:;@!*'%+~.-_")

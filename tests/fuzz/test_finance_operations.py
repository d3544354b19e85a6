"""Generated requests, whole and broken: finance and operations answers each, never with a bug.

`--fuzz N` sets how many of each seed, `--fuzz-seed` where the seeds begin.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from tests.fuzz.noise import NUMBERS, Asked, ask, broken, simulator
from windtunnel.simulator.web.house import House

NS = "Microsoft.Dynamics.DataEntities"
COMPANIES = ("usmf", "usmf", "usmf", "USRT", "demf", "none", "")
OFTEN = ("CustomersV3", "CustomerGroups", "SalesOrderHeadersV2", "SalesOrderLines", "Warehouses")
Generated = tuple[str, str, str, Any]


class Fuzzer:
    """Makes requests from what the environment holds, and breaks some of them."""

    def __init__(self, house: House, seed: int) -> None:
        self.random = random.Random(seed)
        environment = house.finance_operations.environment
        self.sets = list(environment.sets.values())
        self.often = [environment.sets[name] for name in OFTEN]
        self.actions = list(environment.actions)
        self.rows = {s.name: s.records.find({}, 20) for s in self.sets}

    def request(self) -> Asked:
        """(method, path, query, body, more headers)."""
        kinds: tuple[Callable[[], Generated], ...] = (
            self.read, self.read, self.listing, self.listing, self.listing, self.write,
            self.write, self.write, self.action, self.definition, self.batch,
        )  # fmt: skip
        method, path, query, body = self.random.choice(kinds)()
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body else b""
        if self.random.random() < 0.15:
            path = "/data/" + broken(self.random, path.removeprefix("/data/"))
        if self.random.random() < 0.15:
            query = broken(self.random, query)
        if self.random.random() < 0.1:
            data = broken(self.random, data.decode("utf-8", "replace")).encode("utf-8", "replace")
        if self.random.random() < 0.03:
            method = self.random.choice(("PUT", "HEAD", "OPTIONS", "TRACE", "MERGE", "DELETE"))
        return method, path, query, data, self.headers()

    def headers(self) -> dict[bytes, bytes]:
        pick = self.random.choice
        found: dict[bytes, bytes] = {}
        if self.random.random() < 0.2:
            found[b"prefer"] = pick(
                (b"return=representation", b"odata.maxpagesize=2", b"odata.maxpagesize=x,,;;")
            )
        if self.random.random() < 0.1:
            found[b"if-match"] = pick((b"*", b'W/"JzEsMSc="', b"x", b"null", b'W/"'))
        if self.random.random() < 0.1:
            found[b"accept"] = pick(
                (
                    b"application/json;odata.metadata=full",
                    b"application/json;odata.metadata=none",
                    b"text/html",
                    b"*/*;q=0.1",
                    b";;,,",
                    b"application/json;odata.metadata=some;IEEE754Compatible=true",
                )
            )
        if self.random.random() < 0.03:
            found[b"content-type"] = pick((b"text/plain", b"", b"application/json;charset=utf-16"))
        return found

    # -- parts --------------------------------------------------------------------------------

    def entity_set(self) -> Any:
        return self.random.choice(self.often if self.random.random() < 0.6 else self.sets)

    def key(self, entity_set: Any) -> str:
        table, rows = entity_set.table, self.rows[entity_set.name]
        names = list(table.key)
        row = self.random.choice(rows) if rows and self.random.random() < 0.8 else {}
        if self.random.random() < 0.05:
            names.pop()
        self.random.shuffle(names)
        pairs = []
        for name in names:
            value = row.get(name, self.random.choice(("none", 1)))
            pairs.append(f"{name}={self.written(table.columns[name], value)}")
        if len(names) == 1 and self.random.random() < 0.3:
            return pairs[0].partition("=")[2]
        return ",".join(pairs)

    def written(self, column: Any, value: Any) -> str:
        if column.enum is not None:
            return f"{NS}.{column.enum.name.rpartition('.')[2]}'{value}'"
        if isinstance(value, str) and column.edm == "Edm.String":
            return "'" + value.replace("'", "''") + "'"
        return "null" if value is None else str(value)

    def column(self, entity_set: Any) -> str:
        return self.random.choice(list(entity_set.table.columns))

    def value(self, entity_set: Any, name: str) -> Any:
        column = entity_set.table.columns[name]
        if self.random.random() < 0.15:
            return self.random.choice((*NUMBERS, "x", "", [], {}, "2026-13-99", "é" * 5000))
        rows = self.rows[entity_set.name]
        if column.enum is not None:
            return self.random.choice(list(column.enum.members))
        if column.edm == "Edm.String" and rows and self.random.random() < 0.5:
            return self.random.choice(rows)[name]
        return {
            "Edm.String": self.random.choice(("Name", "10", "usrt", "*a*", "US-001")),
            "Edm.Guid": "00000000-0000-0000-0000-00000000dead",
            "Edm.Boolean": True,
            "Edm.DateTimeOffset": "2026-05-01T10:00:00Z",
            "Edm.Binary": "aGk=",
        }.get(column.edm, self.random.randint(0, 5))

    def literal(self, entity_set: Any, name: str) -> str:
        column, value = entity_set.table.columns[name], self.value(entity_set, name)
        if column.enum is not None and isinstance(value, str) and self.random.random() < 0.7:
            return f"{column.enum.name}'{value}'"
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, str) and column.edm in {"Edm.String", "Edm.Binary"}:
            return "'" + value.replace("'", "''") + "'"
        return "null" if value is None else str(value)

    def condition(self, entity_set: Any, depth: int = 0) -> str:
        roll = self.random.random()
        name = self.column(entity_set)
        if roll < 0.15 and depth < 4:
            joined = self.random.choice((" and ", " or "))
            first = self.condition(entity_set, depth + 1)
            return f"({first}{joined}{self.condition(entity_set, depth + 1)})"
        if roll < 0.2 and depth < 4:
            return f"not ({self.condition(entity_set, depth + 1)})"
        if roll < 0.25:
            function = self.random.choice(("contains", "startswith", "length", "now", "tolower"))
            return f"{function}({name},'a*')"
        if roll < 0.3:
            return f"{name} {self.random.choice(('in', 'has', 'add', 'mod', 'div'))} (1,2) eq 1"
        if roll < 0.4 and entity_set.table.navigations:
            link = self.random.choice(list(entity_set.table.navigations.values()))
            ends = ("/any(o:o/x eq 1)", "/$count gt 1", "/dataAreaId eq 'usmf'")
            return f"{link.name}{self.random.choice(ends)}"
        operator = self.random.choice(("eq", "ne", "gt", "ge", "lt", "le"))
        return f"{name} {operator} {self.literal(entity_set, name)}"

    def options(self, entity_set: Any, depth: int = 0) -> list[str]:
        found = []
        if self.random.random() < 0.4:
            names = ",".join(self.column(entity_set) for _ in range(self.random.randint(1, 4)))
            found.append(f"$select={names}")
        if self.random.random() < 0.5:
            found.append(f"$filter={self.condition(entity_set)}")
        if self.random.random() < 0.3:
            direction = self.random.choice(("", " desc", " asc"))
            found.append(f"$orderby={self.column(entity_set)}{direction}")
        found += [
            f"{name}={self.random.choice((0, 1, 3, -1, 2**40, 'x'))}"
            for name in ("$top", "$skip")
            if self.random.random() < 0.2
        ]
        if self.random.random() < 0.2:
            found.append(f"$count={self.random.choice(('true', 'false', 'maybe'))}")
        if self.random.random() < 0.3 and depth < 2 and entity_set.table.navigations:
            link = self.random.choice(list(entity_set.table.navigations.values()))
            target = next((s for s in self.sets if s.kind.name == link.target), None)
            inner = ";".join(self.options(target, depth + 1)) if target is not None else ""
            found.append(f"$expand={link.name}" + (f"({inner})" if inner else ""))
        if not depth:
            if self.random.random() < 0.3:
                found.append(f"cross-company={self.random.choice(('true', 'True', 'false', 'x'))}")
            if self.random.random() < 0.1:
                odd = ("$apply=groupby((a))", "$search=x", "$skiptoken=5", "$format=json;x", "$x=1")
                found.append(self.random.choice(odd))
        return found

    def query(self, entity_set: Any) -> str:
        return quote("&".join(self.options(entity_set)), safe="=&$(),';/*")

    # -- requests -----------------------------------------------------------------------------

    def address(self, entity_set: Any) -> str:
        return f"/data/{entity_set.name}({quote(self.key(entity_set), safe='=,')})"

    def read(self) -> Generated:
        entity_set = self.entity_set()
        path = self.address(entity_set)
        if self.random.random() < 0.3:
            names = [self.column(entity_set), *entity_set.table.navigations]
            path += "/" + self.random.choice(names)
            path += self.random.choice(("", "", "/$value", "/$ref", "/$count"))
        return "GET", path, self.query(entity_set), None

    def listing(self) -> Generated:
        entity_set = self.entity_set()
        ends = ("", "", "", "/$count", "/$ref")
        path = f"/data/{entity_set.name}{self.random.choice(ends)}"
        return "GET", path, self.query(entity_set), None

    def body(self, entity_set: Any) -> dict[str, Any]:
        names = [self.column(entity_set) for _ in range(self.random.randint(0, 6))]
        names += [name for name in entity_set.required if self.random.random() < 0.7]
        found = {name: self.value(entity_set, name) for name in names}
        if entity_set.is_company_specific and self.random.random() < 0.5:
            found["dataAreaId"] = self.random.choice(COMPANIES)
        if self.random.random() < 0.05:
            found[self.random.choice(("Nothing", "a@odata.bind", "@odata.type", ""))] = "x"
        return found

    def write(self) -> Generated:
        entity_set = self.entity_set()
        query = self.random.choice(("", "", "cross-company=true"))
        roll = self.random.random()
        if roll < 0.4:
            return "POST", f"/data/{entity_set.name}", query, self.body(entity_set)
        if roll < 0.8:
            method = self.random.choice(("PATCH", "PATCH", "PUT"))
            return method, self.address(entity_set), query, self.body(entity_set)
        if roll < 0.9:
            return "DELETE", self.address(entity_set), query, None
        return self.random.choice(("PATCH", "DELETE", "PUT")), f"/data/{entity_set.name}", "", {}

    def action(self) -> Generated:
        if not self.actions:
            return self.listing()
        served = self.random.choice(self.actions)
        choices = ("x", "", 1, True, [], ["a"], [1], {}, None)
        body = {
            parameter.name: self.random.choice(choices)
            for parameter, _ in served.parameters
            if self.random.random() < 0.9
        }
        path = f"/data/{NS}.{served.name}"
        if served.bound_to is not None:
            where = f"/data/{served.bound_to.name}"
            if not served.is_of_collection:
                where = self.address(served.bound_to)
            path = f"{where}/{NS}.{served.name}"
        return "POST", path, "", body

    def definition(self) -> Generated:
        entity_set = self.entity_set()
        path = self.random.choice(
            (
                "/metadata",
                "/metadata/DataEntities",
                "/Metadata/PublicEntities",
                f"/metadata/PublicEntities('{entity_set.kind.name}')",
                "/metadata/PublicEnumerations('NoYes')",
                "/metadata/Labels(Id='@SYS5461',Language='en-us')",
                "/data/$metadata",
                "/data",
            )
        )
        query = self.random.choice(
            (
                "",
                "$filter=contains(tolower(Name),'cust')&$select=Name",
                "$filter=IsReadOnly eq false and Nothing ne null",
                "$orderby=Name desc&$top=2&$skip=1&$count=true",
                "$filter=Properties eq 1",
                "$expand=Properties",
            )
        )
        return "GET", path, quote(query, safe="=&$'(),"), None

    def batch(self) -> Generated:
        parts = []
        for number in range(self.random.randint(1, 3)):
            method, path, query, body = self.random.choice((self.read, self.listing, self.write))()
            data = json.dumps(body) if body else ""
            target = f"https://localhost:4{path}" + (f"?{query}" if query else "")
            part = (
                "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
                f"Content-ID: {number}\r\n\r\n{method} {target} HTTP/1.1\r\n"
                f"Content-Type: application/json\r\n\r\n{data}\r\n"
            )
            if self.random.random() < 0.3:
                part = (
                    "Content-Type: multipart/mixed; boundary=c\r\n\r\n"
                    f"--c\r\n{part}--c\r\n{part}--c--\r\n"
                )
            parts.append(f"--b\r\n{part}")
        return "POST", "/data/$batch", "", ("".join(parts) + "--b--\r\n").encode("utf-8", "replace")


@pytest.fixture
def house(tmp_path):
    with simulator(
        tmp_path,
        {
            "finance_operations.throttle": False,
            "finance_operations.action_error_status": 400,
        },
    ) as made:
        yield made


@pytest.mark.parametrize("seed", range(3))
def test_no_request_is_answered_by_a_bug(house, request, caplog, seed):
    count = request.config.getoption("--fuzz")
    fuzzer = Fuzzer(house, seed + request.config.getoption("--fuzz-seed"))
    good = ask(house, "fo", "finance_operations", fuzzer.request, count)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert good > count // 10

"""Generated requests, whole and broken: the Web API answers each, never with a bug.

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

CRM = "Microsoft.Dynamics.CRM."


class Fuzzer:
    """Makes requests from what the environment holds, and breaks some of them."""

    def __init__(self, house: House, seed: int) -> None:
        self.random = random.Random(seed)
        self.tables = list(house.dataverse.tables.by_name.values())
        self.messages = list(house.dataverse.messages)
        self.keys = {
            table.name: [row[table.primary_id] for row in table.records.find({}, 20)]
            for table in self.tables
        }

    def request(self) -> Asked:
        """(method, path, query, body, more headers)."""
        kinds: tuple[Callable[[], tuple[str, str, str, Any]], ...] = (
            self.read, self.read, self.listing, self.listing, self.listing, self.write,
            self.write, self.message, self.definition, self.fetch, self.batch, self.link,
        )  # fmt: skip
        method, path, query, body = self.random.choice(kinds)()
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body else b""
        if self.random.random() < 0.15:
            path = self.broken(path)
        if self.random.random() < 0.15:
            query = self.broken(query)
        if self.random.random() < 0.1:
            data = self.broken(data.decode("utf-8", "replace")).encode("utf-8", "replace")
        if self.random.random() < 0.03:
            method = self.random.choice(("PUT", "HEAD", "OPTIONS", "TRACE", "MERGE", "DELETE"))
        if method == "DELETE" and path.startswith("systemusers("):
            method = "GET"  # a caller that deletes itself would be refused from then on
        return method, f"/api/data/v9.2/{path}", query, data, self.headers()

    def headers(self) -> dict[bytes, bytes]:
        pick = self.random.choice
        found: dict[bytes, bytes] = {}
        if self.random.random() < 0.3:
            found[b"prefer"] = pick(
                (
                    b"return=representation",
                    b'odata.include-annotations="*"',
                    b"odata.maxpagesize=2",
                    b"odata.track-changes",
                    b"odata.maxpagesize=x,,;;",
                    b"respond-async",
                    b'return=representation,odata.include-annotations="*"',
                )
            )
        if self.random.random() < 0.1:
            found[b"mscrm.suppressduplicatedetection"] = pick((b"false", b"true", b"x"))
        if self.random.random() < 0.1:
            found[b"if-match"] = pick((b"*", b'W/"1"', b"x", b"null", b'W/"99999999999999999999"'))
        if self.random.random() < 0.05:
            found[b"if-none-match"] = pick((b"*", b"null", b'W/"1"'))
        return found

    def broken(self, text: str) -> str:
        return broken(self.random, text)

    # -- parts --------------------------------------------------------------------------------

    def table(self) -> Any:
        if self.random.random() < 0.6:
            names = {"account", "contact", "task", "salesorder", "email", "systemuser", "incident"}
            return self.random.choice([t for t in self.tables if t.name in names])
        return self.random.choice(self.tables)

    def key(self, table: Any) -> str:
        known = self.keys[table.name]
        if known and self.random.random() < 0.8:
            return str(self.random.choice(known))
        return "00000000-0000-0000-0000-00000000dead"

    def column(self, table: Any) -> str:
        return self.random.choice(list(table.definition.columns))

    def value(self, table: Any, column: str) -> Any:
        kind = table.definition.columns[column].edm
        if self.random.random() < 0.2:
            return self.random.choice((*NUMBERS, "x", "", [], {}, "2026-13-99", "é" * 5000))
        return {
            "Edm.String": "Name",
            "Edm.Guid": self.key(self.table()),
            "Edm.Boolean": True,
            "Edm.DateTimeOffset": "2026-05-01T10:00:00Z",
            "Edm.Date": "2026-05-01",
            "Edm.Binary": "aGk=",
        }.get(kind, self.random.randint(0, 5))

    def literal(self, table: Any, column: str) -> str:
        value = self.value(table, column)
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, str) and table.definition.columns[column].edm == "Edm.String":
            return f"'{value}'"
        return "null" if value is None else str(value)

    def condition(self, table: Any, depth: int = 0) -> str:
        roll = self.random.random()
        column = self.column(table)
        if roll < 0.15 and depth < 4:
            joined = self.random.choice((" and ", " or "))
            return f"({self.condition(table, depth + 1)}{joined}{self.condition(table, depth + 1)})"
        if roll < 0.2 and depth < 4:
            return f"not ({self.condition(table, depth + 1)})"
        if roll < 0.3:
            function = self.random.choice(("contains", "startswith", "endswith", "substringof"))
            return f"{function}({column},'a%_')"
        if roll < 0.4:
            name = self.random.choice(("LastXDays", "In", "Between", "Under", "ThisFiscalYear"))
            given = f"PropertyName='{column}',PropertyValues=['1','2'],PropertyValue=3"
            return f"{CRM}{name}({given})"
        if roll < 0.5 and table.table.navigations:
            link = self.random.choice(list(table.table.navigations.values()))
            if link.collection:
                return f"{link.name}/{self.random.choice(('any', 'all'))}(o:o/createdon ne null)"
            return f"{link.name}/createdon ne null"
        operator = self.random.choice(("eq", "ne", "gt", "ge", "lt", "le"))
        return f"{column} {operator} {self.literal(table, column)}"

    def options(self, table: Any, depth: int = 0) -> list[str]:
        found = []
        if self.random.random() < 0.5:
            columns = ",".join(self.column(table) for _ in range(self.random.randint(1, 4)))
            found.append(f"$select={columns}")
        if self.random.random() < 0.5:
            found.append(f"$filter={self.condition(table)}")
        if self.random.random() < 0.3:
            direction = self.random.choice(("", " desc", " asc"))
            found.append(f"$orderby={self.column(table)}{direction}")
        if self.random.random() < 0.3:
            found.append(f"$top={self.random.choice((0, 1, 3, -1, 'x'))}")
        if self.random.random() < 0.2 and not depth:
            found.append(f"$count={self.random.choice(('true', 'false', 'maybe'))}")
        if self.random.random() < 0.3 and depth < 2 and table.table.navigations:
            link = self.random.choice(list(table.table.navigations.values()))
            target = next((t for t in self.tables if t.name == link.target), None)
            inner = ";".join(self.options(target, depth + 1)) if target is not None else ""
            found.append(f"$expand={link.name}" + (f"({inner})" if inner else ""))
        if self.random.random() < 0.1 and not depth:
            column = self.column(table)
            how = self.random.choice(("sum", "countdistinct", "max", "average"))
            found.append(
                f"$apply=groupby(({column}),aggregate({self.column(table)} with {how} as x))"
            )
        return found

    # -- requests -----------------------------------------------------------------------------

    def read(self) -> tuple[str, str, str, Any]:
        table = self.table()
        path = f"{table.entity_set}({self.key(table)})"
        if self.random.random() < 0.3:
            path += "/" + self.random.choice([self.column(table), *table.table.navigations])
            path += self.random.choice(("", "", "/$value", "/$ref", "/$count"))
        return "GET", path, quote("&".join(self.options(table)), safe="=&$(),';/"), None

    def listing(self) -> tuple[str, str, str, Any]:
        table = self.table()
        query = "&".join(self.options(table))
        if self.random.random() < 0.1:
            query += f"&$skiptoken={quote(self.broken('<cookie pagenumber=%222%22 />'))}"
        path = table.entity_set + self.random.choice(("", "", "", "/$count"))
        return "GET", path, quote(query, safe="=&$(),';/%"), None

    def body(self, table: Any) -> dict[str, Any]:
        names = [self.column(table) for _ in range(self.random.randint(0, 6))]
        if self.random.random() < 0.95:
            names = [name for name in names if name not in table.lookup_columns]
        # A caller that disables itself would be refused everything from then on.
        found = {name: self.value(table, name) for name in names if name != "isdisabled"}
        for link in (
            self.random.sample(list(table.table.navigations.values()), k=1)
            if (table.table.navigations and self.random.random() < 0.4)
            else ()
        ):
            target = next((t for t in self.tables if t.name == link.target), None)
            if target is None:
                continue
            if self.random.random() < 0.5:
                found[f"{link.name}@odata.bind"] = f"/{target.entity_set}({self.key(target)})"
            else:
                found[link.name] = [{}] if link.collection else {}
        return found

    def write(self) -> tuple[str, str, str, Any]:
        table = self.table()
        body = self.body(table)
        roll = self.random.random()
        if roll < 0.4:
            return "POST", table.entity_set, "", body
        if roll < 0.75:
            return "PATCH", f"{table.entity_set}({self.key(table)})", "", body
        if roll < 0.9:
            column = self.column(table)
            path = f"{table.entity_set}({self.key(table)})/{column}"
            return self.random.choice(("PUT", "DELETE")), path, "", {"value": 1}
        name = self.random.choice(("CreateMultiple", "UpdateMultiple", "UpsertMultiple"))
        targets = [{"@odata.type": CRM + table.name, **self.body(table)} for _ in range(2)]
        return "POST", f"{table.entity_set}/{CRM}{name}", "", {"Targets": targets}

    def link(self) -> tuple[str, str, str, Any]:
        table = self.table()
        if not table.table.navigations:
            return self.read()
        name = self.random.choice(list(table.table.navigations))
        other = self.table()
        path = f"{table.entity_set}({self.key(table)})/{name}/$ref"
        body = {"@odata.id": f"{other.entity_set}({self.key(other)})"}
        return self.random.choice(("POST", "PUT", "DELETE", "GET")), path, "", body

    def message(self) -> tuple[str, str, str, Any]:
        found = self.random.choice(self.messages)
        table = self.table()
        reference = {"@odata.type": CRM + table.name, table.primary_id: self.key(table)}
        given = {
            p.name: self.random.choice((reference, "x", 1, True, [], [reference], self.key(table)))
            for p in found.parameters
            if self.random.random() < 0.9
        }
        name = found.name
        if found.bound:
            bound = found.bound.removeprefix("Collection(").removesuffix(")")
            owner = next((t for t in self.tables if t.name == bound), table)
            where = owner.entity_set
            if not found.bound.startswith("Collection("):
                where += f"({self.key(owner)})"
            name = f"{where}/{CRM}{name}"
        if found.kind == "action":
            return "POST", name, "", given
        listed = ",".join(f"{key}=@{key}" for key in given)
        query = "&".join(f"@{key}={quote(json.dumps(value))}" for key, value in given.items())
        return "GET", f"{name}({listed})", query, None

    def definition(self) -> tuple[str, str, str, Any]:
        table = self.table()
        path = self.random.choice(
            (
                "EntityDefinitions",
                f"EntityDefinitions(LogicalName='{table.name}')",
                f"EntityDefinitions(LogicalName='{table.name}')/Attributes",
                f"EntityDefinitions(LogicalName='{table.name}')/Attributes/{CRM}PicklistAttributeMetadata",
                f"EntityDefinitions(LogicalName='{table.name}')/Keys",
                "GlobalOptionSetDefinitions",
                f"RelationshipDefinitions/{CRM}OneToManyRelationshipMetadata",
            )
        )
        query = self.random.choice(
            (
                "$select=LogicalName",
                "$filter=LogicalName eq 'account'",
                "$expand=OptionSet",
                "$select=SchemaName&$filter=IsCustomEntity eq false or MetadataId ne null",
                "$top=1",
            )
        )
        return "GET", path, quote(query, safe="=&$'"), None

    def fetch(self) -> tuple[str, str, str, Any]:
        table = self.table()
        operator = self.random.choice(
            ("eq", "like", "in", "last-x-days", "null", "eq-userid", "between", "under", "nope")
        )
        inner = f'<attribute name="{self.column(table)}"/>'
        inner += f'<order attribute="{self.column(table)}"/>' * (self.random.random() < 0.4)
        condition = f'attribute="{self.column(table)}" operator="{operator}" value="3"'
        inner += f"<filter><condition {condition}/></filter>"
        if self.random.random() < 0.4:
            other, how = self.table(), self.random.choice(("inner", "outer", "any", "x"))
            inner += (
                f'<link-entity name="{other.name}" from="{self.column(other)}" '
                f'to="{self.column(table)}" link-type="{how}"/>'
            )
        head = self.random.choice(
            ("<fetch>", '<fetch top="3">', '<fetch page="2" count="2">', '<fetch aggregate="true">')
        )
        xml = f'{head}<entity name="{table.name}">{inner}</entity></fetch>'
        if self.random.random() < 0.2:
            xml = self.broken(xml)
        name = "fetchXml" if self.random.random() < 0.8 else "sql"
        if name == "sql":
            where = f"WHERE {self.column(table)} = 1"
            xml = f"SELECT TOP 3 {self.column(table)} FROM {table.name} {where}"
        return "GET", table.entity_set, f"{name}={quote(xml)}", None

    def batch(self) -> tuple[str, str, str, Any]:
        parts = []
        for number in range(self.random.randint(1, 3)):
            method, path, query, body = self.random.choice((self.read, self.listing, self.write))()
            data = json.dumps(body) if body and not isinstance(body, bytes) else ""
            target = f"{path}?{query}" if query else path
            parts.append(
                f"--b\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n"
                f"Content-ID: {number}\r\n\r\n{method} /api/data/v9.2/{target} HTTP/1.1\r\n"
                f"Content-Type: application/json\r\n\r\n{data}\r\n"
            )
        return "POST", "$batch", "", ("".join(parts) + "--b--\r\n").encode("utf-8", "replace")


@pytest.fixture
def house(tmp_path):
    with simulator(tmp_path, {"dataverse.throttle": False}) as made:
        yield made


@pytest.mark.parametrize("seed", range(5))
def test_no_request_is_answered_by_a_bug(house, request, caplog, seed):
    count = request.config.getoption("--fuzz")
    fuzzer = Fuzzer(house, seed + request.config.getoption("--fuzz-seed"))
    good = ask(house, "dataverse", "dataverse", fuzzer.request, count)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
    assert good > count // 10

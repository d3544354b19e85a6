"""Pages of 50 records out of many, by OData and by FetchXML, and the import of a large document."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from urllib.parse import quote, urlsplit

from bench.dataset import ENTITY, SELECTED, TOP, lists_asked
from bench.driver import Ask, BenchFailed, write_workload
from bench.figures import (
    CACHED_IMPORT_SECONDS,
    FETCHXML_PAGE_TIMES,
    IMPORT_SECONDS,
    NEXT_PAGE_TIMES,
    ODATA_PAGE_TIMES,
)
from bench.harness import Cores, measure
from bench.process import exchange
from bench.server import GET, Server
from windtunnel.contracts.entities.dataverse import standard_tables
from windtunnel.simulator.services.dataverse.imports import read_imports

IMPORT_BYTES = 10_000_000
TIMES = 5


def page_times(
    folder: Path, servers: Mapping[int, Server], cores: Cores, rounds: int, seconds: float
) -> dict[str, float]:
    """The server's work for a page at the greatest count, in times of that at the least."""
    few, many = min(servers), max(servers)
    found = {}
    for name, asked in (
        (ODATA_PAGE_TIMES, _odata_pages),
        (FETCHXML_PAGE_TIMES, _fetchxml_pages),
        (NEXT_PAGE_TIMES, _next_pages),
    ):
        costs: dict[int, list[float]] = {few: [], many: []}
        for count, server in servers.items():
            path = folder / f"{name}-{count}.tsv"
            write_workload(path, asked(server))
            measure(server, GET, path, 1.0, 0, cores)
            for number in range(rounds):
                answered = measure(server, GET, path, seconds, number, cores)
                costs[count].append(answered.cpu_seconds / answered.requests)
        found[name] = median(costs[many]) / median(costs[few])
    return found


def _odata_pages(server: Server) -> Iterator[Ask]:
    return (Ask("GET", server.list_path(*asked)) for asked in lists_asked())


def _fetchxml_pages(server: Server) -> Iterator[Ask]:
    for group, above in lists_asked():
        yield Ask("GET", f"{server.collection}?fetchXml={quote(_fetchxml(group, above))}")


def _fetchxml(group: str, above: float) -> str:
    columns = "".join(f'<attribute name="{name}"/>' for name in SELECTED)
    return (
        f'<fetch count="{TOP}"><entity name="{ENTITY}">{columns}<order attribute="wt_name"/>'
        f'<filter><condition attribute="wt_group" operator="eq" value="{group}"/>'
        f'<condition attribute="wt_creditlimit" operator="gt" value="{above}"/>'
        "</filter></entity></fetch>"
    )


def _next_pages(server: Server) -> Iterator[Ask]:
    """The second pages of OData, by the links of the first."""
    headers = {**server.headers, "Prefer": f"odata.maxpagesize={TOP}"}
    for asked in lists_asked()[:200]:
        path = server.list_path(*asked).replace(f"&$top={TOP}", "")
        status, body = exchange("GET", server.url + path, headers)
        if status != 200:
            raise BenchFailed(f"a page answered {status}: {body[:500]!r}")
        link = json.loads(body).get("@odata.nextLink")
        if link is not None:
            parts = urlsplit(link)
            yield Ask("GET", f"{parts.path}?{parts.query}")


def import_times(folder: Path, cores: Cores, rounds: int, seconds: float) -> dict[str, float]:
    """Seconds of one core to read 10 MB of $metadata, and to read them again as they were kept."""
    del cores, rounds, seconds
    file, kept = folder / "large.xml", folder / "kept"
    file.write_text(large_metadata(IMPORT_BYTES), "utf-8")
    standard_tables()
    cold, warm = [], []
    for number in range(TIMES):
        for measured in (cold, warm):
            began = time.process_time()
            found = read_imports([file], kept / str(number))
            measured.append(time.process_time() - began)
            if len(found.tables) < 500:
                raise BenchFailed(f"only {len(found.tables)} tables were read")
            del found
    return {IMPORT_SECONDS: median(cold), CACHED_IMPORT_SECONDS: median(warm)}


def large_metadata(size: int) -> str:
    """A $metadata document of at least `size` bytes, mixed as documents of organisations are.

    They have, for each table, about 29 columns, 23 navigation properties (9 of them lookups) and as
    many bindings of its set.
    """
    types, sets, length, number = [], [], 0, 0
    while length < size:
        types.append(_type(number))
        sets.append(_set(number))
        length += len(types[-1]) + len(sets[-1])
        number += 1
    return (
        '<?xml version="1.0" encoding="utf-8"?><edmx:Edmx Version="4.0" '
        'xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>'
        '<Schema Namespace="Microsoft.Dynamics.CRM" Alias="mscrm" '
        'xmlns="http://docs.oasis-open.org/odata/ns/edm">'
        '<EntityType Name="crmbaseentity" Abstract="true" />'
        '<EntityType Name="systemuser" BaseType="mscrm.crmbaseentity"><Key><PropertyRef '
        'Name="systemuserid" /></Key><Property Name="systemuserid" Type="Edm.Guid" /></EntityType>'
        f'{"".join(types)}<EntityContainer Name="System">'
        '<EntitySet Name="systemusers" EntityType="Microsoft.Dynamics.CRM.systemuser" />'
        f"{''.join(sets)}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>"
    )


def _type(number: int) -> str:
    name = f"wt_table{number}"
    links = [(column, "systemuser") for column in _USERS]
    links += [(f"wt_t{number}_to{k}", f"wt_table{number - k}") for k in _STEPS if number >= k]
    return "".join(
        [
            f'<EntityType Name="{name}" BaseType="mscrm.crmbaseentity">',
            f'<Key><PropertyRef Name="{name}id" /></Key>',
            f'<Property Name="{name}id" Type="Edm.Guid" />',
            *(f'<Property Name="{column}" Type="{edm}" />' for column, edm in _SYSTEM),
            *(
                f'<Property Name="wt_t{number}_column{place}" {_OWN[place % len(_OWN)]} />'
                for place in range(7)
            ),
            *(
                f'<Property Name="_{column}_value" Type="Edm.Guid" />'
                f'<NavigationProperty Name="{column}" Type="mscrm.{target}" Nullable="false" '
                f'Partner="{name}_{column}"><ReferentialConstraint Property="_{column}_value" '
                f'ReferencedProperty="{target}id" /></NavigationProperty>'
                for column, target in links
            ),
            *(
                f'<NavigationProperty Name="{far}_{lookup}" Type="Collection(mscrm.{far})" '
                f'Partner="{lookup}" />'
                for far, lookup in _back(number)
            ),
            "</EntityType>",
        ]
    )


def _set(number: int) -> str:
    name = f"wt_table{number}"
    bound = [(column, "systemusers") for column in _USERS]
    bound += [(f"wt_t{number}_to{k}", f"wt_table{number - k}s") for k in _STEPS if number >= k]
    bound += [(f"{far}_{lookup}", f"{far}s") for far, lookup in _back(number)]
    return (
        f'<EntitySet Name="{name}s" EntityType="Microsoft.Dynamics.CRM.{name}">'
        + "".join(
            f'<NavigationPropertyBinding Path="{path}" Target="{target}" />'
            for path, target in bound
        )
        + "</EntitySet>"
    )


def _back(number: int) -> list[tuple[str, str]]:
    """The tables whose lookups lead to this one, some of them several times."""
    near = [(f"wt_table{number + k}", f"wt_t{number + k}_to{k}") for k in _STEPS]
    return [*near, *((f"wt_table{number + k}", f"wt_log{k}_regarding") for k in range(1, 11))]


_STEPS = (1, 2, 3, 4)
_USERS = ("createdby", "modifiedby", "createdonbehalfby", "modifiedonbehalfby", "owninguser")
_SYSTEM = (
    ("createdon", "Edm.DateTimeOffset"),
    ("modifiedon", "Edm.DateTimeOffset"),
    ("overriddencreatedon", "Edm.DateTimeOffset"),
    ("importsequencenumber", "Edm.Int32"),
    ("timezoneruleversionnumber", "Edm.Int32"),
    ("utcconversiontimezonecode", "Edm.Int32"),
    ("statecode", "Edm.Int32"),
    ("statuscode", "Edm.Int32"),
    ("versionnumber", "Edm.Int64"),
    ("_ownerid_value", "Edm.Guid"),
    ("_owningbusinessunit_value", "Edm.Guid"),
    ("_owningteam_value", "Edm.Guid"),
)
_OWN = (
    'Type="Edm.String" Unicode="false"',
    'Type="Edm.Int32"',
    'Type="Edm.Decimal" Scale="Variable"',
    'Type="Edm.DateTimeOffset"',
    'Type="Edm.Boolean"',
)

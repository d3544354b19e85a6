"""Pages of 50 records out of many, by OData and by FetchXML, and the import of a large document."""

from __future__ import annotations

import gc
import json
import shutil
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias
from urllib.parse import quote, urlsplit

from bench.dataset import ENTITY, ENTITY_SET, SELECTED, TOP, lists_asked, records
from bench.driver import BenchFailed
from bench.figures import (
    CACHED_IMPORT_SECONDS,
    FETCHXML_PAGE_TIMES,
    IMPORT_SECONDS,
    NEXT_PAGE_TIMES,
    ODATA_PAGE_TIMES,
    SERVED_IMPORT_SECONDS,
)
from bench.harness import Cores
from bench.server import odata_list
from bench.windtunnel_server import csdl
from windtunnel.contracts.entities.dataverse import standard_tables
from windtunnel.simulator.exchange import Request, Response
from windtunnel.simulator.kernel.settings import load
from windtunnel.simulator.services.dataverse.imports import read_imports
from windtunnel.simulator.services.dataverse.model.tables import VERSION
from windtunnel.simulator.web.house import House

IMPORT_BYTES = 10_000_000
TIMES = 5
COUNTS = (10_000, 1_000_000)
PAGES, WARM = 330, 30
PAGED = f"odata.maxpagesize={TOP}"
URLS = {
    "control": "http://localhost:1",
    "entra": "https://localhost:2",
    "dataverse": "https://localhost:3",
    "fo": "https://localhost:4",
}


def page_times(folder: Path, cores: Cores, rounds: int, seconds: float) -> dict[str, float]:
    """The work for a page of 50 out of 1,000,000 records, in times of that out of 10,000.

    Asked in this process, without HTTP: processor time of the median of 300 different pages.
    """
    del cores, rounds, seconds
    costs: dict[int, dict[str, float]] = {}
    for count in COUNTS:
        house = _filled(folder / f"pages-{count}", count)
        try:
            ask = _asker(house)
            shown = [odata_list(*asked) for asked in lists_asked()[:PAGES]]
            costs[count] = {
                ODATA_PAGE_TIMES: _median(ask, shown),
                FETCHXML_PAGE_TIMES: _median(ask, [_fetch(*a) for a in lists_asked()[:PAGES]]),
                NEXT_PAGE_TIMES: _median(ask, _next_pages(ask, shown), PAGED),
            }
        finally:
            house.close()
    few, many = (costs[count] for count in COUNTS)
    return {name: many[name] / few[name] for name in few}


Ask: TypeAlias = Callable[[str, str], dict[str, Any]]
"""A query of the set and a preference to the parsed answer."""


def _filled(folder: Path, count: int) -> House:
    """A house whose store holds these many records, written as first content is."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("data.sqlite*"):
        if old.is_file():
            old.unlink()
    schema = folder / "customer.csdl.xml"
    schema.write_text(csdl(), "utf-8")
    overrides = {
        "simulator.data_folder": folder,
        "simulator.database": folder / "data.sqlite",
        "simulator.clock": "manual",
        "simulator.tls": False,
        "simulator.sample_data": False,
        "dataverse.throttle": False,
        "dataverse.schemas": [schema],
    }
    house = House(load(overrides=overrides, environment={}))
    house.announce(URLS)
    served = house.dataverse.tables.of_set(ENTITY_SET)
    source = enumerate(records(count), 1_000_000)
    while block := list(islice(source, 5_000)):
        names = (*block[0][1], VERSION)
        served.records.seed(
            names,
            [(*(served.checkers[n](v) for n, v in row.items()), number) for number, row in block],
        )
        house.store.commit()
    return house


def _asker(house: House) -> Ask:
    applications, entra = house.applications(), house.settings.entra
    client = entra.clients[0]
    form = (
        f"grant_type=client_credentials&client_id={client.app_id}&client_secret="
        f"{client.secrets[0]}&scope={URLS['dataverse']}/.default"
    )
    head = {b"content-type": b"application/x-www-form-urlencoded", b"host": b"localhost:2"}
    token_path = f"/{entra.tenant_id}/oauth2/v2.0/token"
    answer = applications["entra"](Request("POST", token_path, "", head, form.encode(), "https"))
    token = _body(answer)["access_token"]
    own = {b"host": b"localhost:3", b"authorization": f"Bearer {token}".encode()}

    def ask(query: str, prefer: str = "") -> dict[str, Any]:
        headers = {**own, b"prefer": prefer.encode()} if prefer else dict(own)
        path = f"/api/data/v9.2/{ENTITY_SET}"
        found = applications["dataverse"](Request("GET", path, query, headers, b"", "https"))
        house.store.commit()
        return _body(found)

    return ask


def _body(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, Response) or answer.status != 200:
        raise BenchFailed(f"answered {answer.status}: {bytes(answer.body)[:500]!r}")
    assert isinstance(answer.body, bytes)
    found: dict[str, Any] = json.loads(answer.body)
    return found


def _median(ask: Ask, queries: Sequence[str], prefer: str = "") -> float:
    """Seconds of the processor for one of these; the first ones warm plans and make indexes."""
    for query in queries[:WARM]:
        ask(query, prefer)
    taken = []
    for query in queries[WARM:]:
        began = time.process_time()
        ask(query, prefer)
        taken.append(time.process_time() - began)
    return median(taken)


def _fetch(group: str, above: float) -> str:
    columns = "".join(f'<attribute name="{name}"/>' for name in SELECTED)
    xml = (
        f'<fetch count="{TOP}"><entity name="{ENTITY}">{columns}<order attribute="wt_name"/>'
        f'<filter><condition attribute="wt_group" operator="eq" value="{group}"/>'
        f'<condition attribute="wt_creditlimit" operator="gt" value="{above}"/>'
        "</filter></entity></fetch>"
    )
    return f"fetchXml={quote(xml)}"


def _next_pages(ask: Ask, queries: Sequence[str]) -> list[str]:
    """The second pages of OData, by the links of the first."""
    found = []
    for query in queries:
        first = ask(query.replace(f"&$top={TOP}", ""), PAGED)
        link = first.get("@odata.nextLink")
        if link is not None:
            found.append(urlsplit(link).query)
    return found


def import_times(folder: Path, cores: Cores, rounds: int, seconds: float) -> dict[str, float]:
    """Seconds of one core to read 10 MB of $metadata, and to read them again as they were kept.

    And those to make the simulators, first content included, that serve what was kept.
    """
    del cores, rounds, seconds
    file, kept = folder / "large.xml", folder / "kept"
    file.write_text(large_metadata(IMPORT_BYTES), "utf-8")
    shutil.rmtree(kept, ignore_errors=True)
    standard_tables()
    cold, warm, served = [], [], []
    for number in range(TIMES):
        for measured in (cold, warm):
            began = time.process_time()
            found = read_imports([file], kept / str(number))
            measured.append(time.process_time() - began)
            if len(found.tables) < 500:
                raise BenchFailed(f"only {len(found.tables)} tables were read")
            del found
    settings = load(
        overrides={"simulator.data_folder": folder / "served", "dataverse.schemas": [file]},
        environment={},
    )
    House(settings).close()
    for _ in range(TIMES):
        gc.collect()
        gc.disable()  # as `windtunnel up` does until it has started
        began = time.process_time()
        house = House(settings)
        served.append(time.process_time() - began)
        gc.enable()
        house.close()
    return {
        IMPORT_SECONDS: median(cold),
        CACHED_IMPORT_SECONDS: median(warm),
        SERVED_IMPORT_SECONDS: median(served),
    }


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

"""What a run reads before it starts: keys to work on, and values that new records refer to."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable
from typing import Any

from windtunnel.contracts.documents import PlanFlow
from windtunnel.contracts.documents.plan import Operation
from windtunnel.load.operations import (
    ROOTS,
    WRITES,
    Keys,
    Material,
    entity_set_of,
    key_column,
)
from windtunnel.load.records import TEMPLATES, Bodies, make_bodies

MOST_READ = 500

Fetch = Callable[[str], list[dict[str, Any]]]
"""GET a path of the service, answer its `value` rows."""


def prepare(flow: PlanFlow, fetch: Fetch, *, seed: str, prefix: str, company: str) -> Material:
    """The material of one flow's requests."""
    full: dict[str, Bodies] = {}
    partial: dict[str, Bodies] = {}
    keys: dict[str, Keys] = {}
    for operation in flow.operations:
        entity_set = entity_set_of(flow, operation)
        if entity_set not in keys:
            keys[entity_set] = Keys(_keys(flow, operation, fetch, company))
        name = operation.operation
        if name in WRITES or name == "delete":
            for made, only_part in ((full, False), (partial, True)):
                if entity_set not in made and (flow.service, entity_set) in TEMPLATES:
                    made[entity_set] = _bodies(
                        flow, entity_set, fetch, seed, prefix, company, only_part
                    )
    return Material(full, partial, keys, seed)


def _bodies(
    flow: PlanFlow,
    entity_set: str,
    fetch: Fetch,
    seed: str,
    prefix: str,
    company: str,
    partial: bool,
) -> Bodies:
    template = TEMPLATES[flow.service, entity_set]
    borrowed: dict[str, tuple[Any, ...]] = {}
    if not partial:
        for column, (source, value) in template.borrowed.items():
            path = f"{ROOTS[flow.service]}/{source}?$top=50&$select={value}{_scope(company)}"
            borrowed[column] = tuple(row[value] for row in fetch(path) if row.get(value))
    return make_bodies(
        template,
        size=flow.payload_bytes,
        seed=f"{seed}/{flow.name}/{entity_set}",
        prefix=prefix,
        company=company,
        borrowed=borrowed,
        partial=partial,
    )


def _keys(flow: PlanFlow, operation: Operation, fetch: Fetch, company: str) -> list[str]:
    names = {o.operation for o in flow.operations}
    if not names & {"retrieve", "update"}:
        return []
    entity_set = entity_set_of(flow, operation)
    column = key_column(flow.service, entity_set)
    if column is None:
        return []
    path = f"{ROOTS[flow.service]}/{entity_set}?$top={MOST_READ}&$select={column}"
    if flow.service == "dataverse":
        return [str(row[column]) for row in fetch(path) if row.get(column)]
    area = f"dataAreaId='{company}'"
    return [
        f"{area},{column}='{urllib.parse.quote(str(row[column]).replace(chr(39), chr(39) * 2))}'"
        for row in fetch(path + _scope(company))
        if row.get(column)
    ]


def _scope(company: str) -> str:
    return f"&$filter=dataAreaId%20eq%20'{urllib.parse.quote(company)}'"

"""The public views that a new environment has: saved queries over active and inactive records."""

from __future__ import annotations

from typing import Any

from windtunnel.simulator.services.dataverse.model.tables import DataverseTable, Tables

_TABLES = (
    *("account", "contact", "lead", "opportunity", "incident", "quote", "salesorder", "invoice"),
    *("task", "phonecall", "email", "appointment", "letter", "queue"),
)
_OPEN = frozenset({"lead", "opportunity", "task", "phonecall", "email", "appointment", "letter"})
_IDS = {
    "Active Accounts": "00000000-0000-0000-00aa-000010001002",
    "Open Opportunities": "00000000-0000-0000-00aa-000010003001",
}
"""Ids that are the same everywhere. Source: "Retrieve and execute predefined queries"."""
PUBLIC_VIEW = 0
"""The query type of a view that all users see."""


def saved_queries(tables: Tables) -> list[dict[str, Any]]:
    """Rows of savedquery: of each table the active records (by default), own and inactive ones."""
    rows: list[dict[str, Any]] = []
    for name in _TABLES:
        served = tables.by_name.get(name)
        if served is None or not served.has("statecode"):
            continue
        words = ("Open", "Closed") if name in _OPEN else ("Active", "Inactive")
        label = served.definition.collection_label
        rows += [
            _row(served, f"{words[0]} {label}", _state("eq"), is_default=True),
            _row(served, f"My {words[0]} {label}", _state("eq") + _MINE),
            _row(served, f"{words[1]} {label}", _state("ne")),
        ]
    return rows


_MINE = '<condition attribute="ownerid" operator="eq-userid" />'


def _state(operator: str) -> str:
    return f'<condition attribute="statecode" operator="{operator}" value="0" />'


def _row(
    served: DataverseTable, name: str, conditions: str, *, is_default: bool = False
) -> dict[str, Any]:
    title, key = served.definition.primary_name, served.primary_id
    shown = [title, *(extra for extra in ("createdon",) if served.has(extra))]
    attributes = "".join(f'<attribute name="{column}" />' for column in (*shown, key))
    cells = "".join(f'<cell name="{column}" width="150" />' for column in shown)
    return {
        "savedqueryid": _IDS.get(name),
        "name": name,
        "returnedtypecode": served.name,
        "querytype": PUBLIC_VIEW,
        "isdefault": int(is_default),
        "isuserdefined": 0,
        "iscustomizable": 1,
        "canbedeleted": 1,
        "fetchxml": (
            f'<fetch version="1.0" mapping="logical"><entity name="{served.name}">{attributes}'
            f'<order attribute="{title}" descending="false" />'
            f'<filter type="and">{conditions}</filter></entity></fetch>'
        ),
        "layoutxml": (
            f'<grid name="resultset" jump="{title}" select="1" preview="1" icon="1">'
            f'<row name="result" id="{key}">{cells}</row></grid>'
        ),
    }

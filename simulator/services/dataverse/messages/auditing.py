"""The history of audited changes: of a record, of one of its columns, the details of one change.

Source: "Retrieve the history of audited data changes".
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from windtunnel.simulator.kernel.store import quoted
from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.messages.references import reference
from windtunnel.simulator.services.dataverse.messages.registry import Answer, Call, Handler
from windtunnel.simulator.services.dataverse.model.auditing import old_and_new
from windtunnel.simulator.services.dataverse.model.tables import (
    AUDIT,
    CHANGE_DATA,
    NAMESPACE,
    DataverseTable,
    encode_rows,
)
from windtunnel.simulator.services.dataverse.replies import preference

_PAGE: Final = 5_000


def _details(call: Call) -> Answer:
    row = call.bound.records.get((call.key,)) or {}
    return {"AuditDetail": _detail(call, row)}


def _record_history(call: Call) -> Answer:
    return _history(call, "")


def _column_history(call: Call) -> Answer:
    return _history(call, call.arguments["AttributeLogicalName"])


def _history(call: Call, column: str) -> Answer:
    """A page of the changes of a record, the newest first; `column` names the only one shown."""
    call.there.security.demand("prvReadRecordAuditHistory")
    served, key = reference(call, "Target")
    wire = _wire_name(served, column) if column else ""
    rows = [row for row in _rows(call, served, key) if not wire or wire in _changed(row)]
    asked = call.arguments.get("PagingInfo") or {}
    number, count = _whole(asked, "PageNumber", 1), _whole(asked, "Count", _PAGE)
    start = (number - 1) * count
    page = rows[start : start + count]
    more = len(rows) > start + count
    last = f'<auditid last="{page[-1]["auditid"]}" />' if more else ""
    total = len(rows) if asked.get("ReturnTotalRecordCount") is True else -1
    collection = {
        "MoreRecords": more,
        "PagingCookie": f'<cookie page="{number}">{last}</cookie>' if more else "",
        "TotalRecordCount": total,
        "AuditDetails": [_detail(call, row, wire) for row in page],
    }
    return {"AuditDetailCollection": collection}


def _delete_history(call: Call) -> Answer:
    call.there.security.demand("prvDeleteRecordChangeHistory")
    served, key = reference(call, "Target")
    rows = _rows(call, served, key)
    for row in rows:
        _audits(call).records.delete((row["auditid"],), user=call.caller.user_id)
    return {"DeletedEntriesCount": len(rows)}


def _audits(call: Call) -> DataverseTable:
    return call.there.tables.by_name[AUDIT]


def _rows(call: Call, served: DataverseTable, key: str) -> list[dict[str, Any]]:
    names = ("auditid", CHANGE_DATA, "objecttypecode")
    found = call.there.store.read(
        f"SELECT {', '.join(names)} FROM {quoted(_audits(call).table.sql)} "
        "WHERE _objectid_value=? AND objecttypecode=? ORDER BY versionnumber DESC",
        (key, served.name),
    )
    return [dict(zip(names, row, strict=True)) for row in found]


def _changed(row: dict[str, Any]) -> dict[str, Any]:
    changed: dict[str, Any] = orjson.loads(row[CHANGE_DATA])
    return changed


def _wire_name(served: DataverseTable, name: str) -> str:
    for wire, column in served.definition.columns.items():
        if column.logical_name == name:
            return wire
    raise errors.InvalidArgument(
        problem=f"'{served.name}' entity doesn't contain attribute with Name = '{name}'."
    )


def _whole(asked: dict[str, Any], name: str, otherwise: int) -> int:
    """A positive whole number of the paging, or what holds where none is given (0 is none)."""
    value = asked.get(name) or otherwise
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= 2**31 - 1:
        raise errors.InvalidArgument(problem=f"PagingInfo.{name} must be a positive whole number.")
    return value


def _detail(call: Call, row: dict[str, Any], only: str = "") -> dict[str, Any]:
    served = call.there.tables.by_name.get(row["objecttypecode"])
    sides = [{"@odata.type": f"#{NAMESPACE}{row['objecttypecode']}"} for _ in range(2)]
    if served is not None:
        wanted = preference(call.exchange, "odata.include-annotations")
        for side, stored in zip(sides, old_and_new(row), strict=True):
            names = [n for n in stored if served.has(n) and (not only or n == only)]
            [shown] = encode_rows(names, [[stored[n] for n in names]], served.decoders)
            if wanted:
                call.there.reads.annotations.apply(served, [shown], wanted)
            side.update(shown)
    return {
        "@odata.type": f"#{NAMESPACE}AttributeAuditDetail",
        "InvalidNewValueAttributes": [],
        "LocLabelLanguageCode": 0,
        "DeletedAttributes": {"Count": 0, "Keys": [], "Values": []},
        "OldValue": sides[0],
        "NewValue": sides[1],
    }


HANDLERS: Final[dict[str, Handler]] = {
    "RetrieveAuditDetails": _details,
    "RetrieveRecordChangeHistory": _record_history,
    "RetrieveAttributeChangeHistory": _column_history,
    "DeleteRecordChangeHistory": _delete_history,
}

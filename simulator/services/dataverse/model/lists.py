"""Marketing lists: how many members one has, and of what kind they are, kept with the members."""

from __future__ import annotations

from typing import Final

from windtunnel.simulator.kernel.changes import Change, Changes, Operation
from windtunnel.simulator.services.dataverse.model.tables import NAMESPACE, Tables

LIST, MEMBER = "list", "listmember"
KINDS: Final = {1: "account", 2: "contact", 4: "lead"}
"""`createdfromcode` of a list to the table of its members."""


class Lists:
    """Follows the rows of members, in the transaction that writes them."""

    def __init__(self, changes: Changes, tables: Tables) -> None:
        self._tables = tables
        changes.hook(NAMESPACE + MEMBER, self._member_changed, wants_before=True)

    def prepare(self) -> None:
        """Create the indexes that members are found by."""
        records = self._tables.by_name[MEMBER].records
        records.create_index(("_listid_value",))
        records.create_index(("_entityid_value",))

    def _member_changed(self, change: Change) -> None:
        if change.operation is Operation.UPDATE:
            return
        members = self._tables.by_name[MEMBER].records
        lists = self._tables.by_name[LIST].records
        known = change.values if change.operation is Operation.CREATE else change.before or {}
        key = known.get("_listid_value")
        row = lists.get((key,))
        if row is None:
            return
        if change.operation is Operation.CREATE and known.get("entitytype") is None:
            kind = KINDS.get(row.get("createdfromcode") or 0)
            members.update(change.key, {"entitytype": kind}, user=change.user)
        step = 1 if change.operation is Operation.CREATE else -1
        count = max((row.get("membercount") or 0) + step, 0)
        lists.update((key,), {"membercount": count}, user=change.user)

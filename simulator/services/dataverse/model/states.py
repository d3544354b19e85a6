"""Which records are closed to updates, and which states a record may go to from where it is.

Sources: "Dynamics 365 Sales and privacy laws and regulations" (read-only quotes, orders and
invoices, and that administrators may change them all the same), "Web service error codes",
"Define custom state model transitions", and what people report of activities, cases and leads.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from windtunnel.simulator.services.dataverse import errors
from windtunnel.simulator.services.dataverse.model.activities import is_activity
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable, Tables
from windtunnel.simulator.services.dataverse.security import Security

_STATE, _STATUS = "statecode", "statuscode"
_TARGET = re.compile(r"""\btargetstatusid\s*=\s*["'](\d{1,10})["']""")
_ALWAYS_OPEN: Final = frozenset(
    {
        *("_ownerid_value", "_owninguser_value", "_owningteam_value", "_owningbusinessunit_value"),
        *(_STATE, _STATUS),
    }
)
"""A closed record can still be assigned and opened again."""

_MESSAGES: Final[Mapping[tuple[str, int], tuple[str, str]]] = {
    ("opportunity", 1): ("won", "won"),
    ("opportunity", 2): ("lost", "lost"),
    ("incident", 1): ("Resolved", "CloseIncidentRequest"),
    ("quote", 2): ("Won", "WinQuoteRequest"),
    ("quote", 3): ("Closed", "CloseQuoteRequest"),
}
"""States that an update cannot set, with the words of the refusal."""

_REFUSED: Final[Mapping[tuple[str, int, int], type[errors.DataverseError]]] = {
    ("lead", 1, 2): errors.LeadAlreadyClosed,
    ("lead", 2, 1): errors.LeadAlreadyClosed,
    ("opportunity", 1, 2): errors.OpportunityAlreadyClosed,
    ("opportunity", 2, 1): errors.OpportunityAlreadyClosed,
    ("incident", 1, 2): errors.IncidentAlreadyClosed,
    ("incident", 2, 1): errors.IncidentAlreadyClosed,
    ("quote", 2, 1): errors.QuoteNotDraft,
    ("quote", 3, 1): errors.QuoteNotDraft,
    ("invoice", 1, 2): errors.InvoiceNotActive,
    ("invoice", 3, 2): errors.InvoiceNotActive,
    ("invoice", 1, 3): errors.InvoiceNotPayable,
}
"""(table, state, the state that a record cannot go to from there)."""

_CASES: Final[Mapping[int, type[errors.DataverseError]]] = {
    1: errors.CaseAlreadyResolved,
    2: errors.IncidentAlreadyClosed,
}
_SALES: Final = {
    "quote": frozenset({1, 2, 3}),
    "salesorder": frozenset({1, 2, 3, 4}),
    "invoice": frozenset({1, 2, 3}),
}
"""States in which users who are no administrators can change nothing else."""
_PARENTS: Final = {
    "quotedetail": ("quote", "_quoteid_value"),
    "salesorderdetail": ("salesorder", "_salesorderid_value"),
    "invoicedetail": ("invoice", "_invoiceid_value"),
}


@dataclass(frozen=True, slots=True)
class StateRules:
    """What holds for the states of one table.

    `closed`: the refusal of an update by state. `read_only`: states in which only administrators
    change records. `parent`: the table and lookup of a line's document. `moves`: status reasons
    by the reason they can follow, where the table enforces them.
    """

    served: DataverseTable
    closed: Mapping[int, type[errors.DataverseError]]
    read_only: frozenset[int]
    parent: tuple[str, str] | None
    has_messages: bool
    moves: Mapping[int, frozenset[int]] | None


class States:
    """Checks what clients write against the states of records."""

    def __init__(self, tables: Tables, security: Security) -> None:
        self._tables, self._security = tables, security
        self._kept: dict[str, tuple[DataverseTable, StateRules | None]] = {}

    def rules(self, served: DataverseTable) -> StateRules | None:
        """The rules of a table; None for most, whose records can be changed in any state."""
        kept = self._kept.get(served.name)
        if kept is None or kept[0] is not served:
            kept = self._kept[served.name] = (served, _rules(served))
        return kept[1]

    def check_update(self, served: DataverseTable, key: str, values: Mapping[str, Any]) -> None:
        """Raise what the service answers to new values that the state of a record forbids."""
        rules = self.rules(served)
        if rules is None:
            return
        row = served.records.get((key,))
        if row is None:
            return
        self._check_parent(rules, row)
        state = row.get(_STATE)
        if state is None:
            return
        wanted = values.get(_STATE)
        if wanted is None:
            if not values.keys() <= _ALWAYS_OPEN:
                self._check_open(rules, state)
        elif wanted != state:
            self._check_message(rules, wanted)
            self._check_move(served.name, state, wanted)
        if rules.moves is not None:
            self._check_reason(rules, row, values)

    def check_line(self, served: DataverseTable, values: Mapping[str, Any]) -> None:
        """Raise ParentReadOnly for a line, new or about to go, of a document that is closed."""
        if self._security.current is not None and served.name in _PARENTS:
            rules = self.rules(served)
            if rules is not None:
                self._check_parent(rules, values)

    def is_valid(self, served: DataverseTable, row: Mapping[str, Any], state: int, to: int) -> bool:
        """Whether a record may go to a state with a status reason, by whatever message."""
        current = row.get(_STATE)
        if current is not None and (served.name, current, state) in _REFUSED:
            return False
        rules = self.rules(served)
        if rules is None or rules.moves is None or row.get(_STATUS) in {None, to}:
            return True
        return to in rules.moves.get(row[_STATUS], ())

    def _check_open(self, rules: StateRules, state: int) -> None:
        refusal = rules.closed.get(state)
        if refusal is not None:
            raise refusal
        if state in rules.read_only and self._security.current is not None:
            raise errors.RecordReadOnly

    def _check_parent(self, rules: StateRules, row: Mapping[str, Any]) -> None:
        if rules.parent is None or self._security.current is None:
            return
        table, column = rules.parent
        parent = self._tables.by_name[table].records.get((row.get(column),)) or {}
        if parent.get(_STATE) in _SALES[table]:
            raise errors.ParentReadOnly

    @staticmethod
    def _check_message(rules: StateRules, wanted: int) -> None:
        if rules.has_messages:
            message = _MESSAGES.get((rules.served.name, wanted))
            if message is not None:
                state, name = message
                raise errors.StateNeedsMessage(table=rules.served.name, state=state, message=name)

    @staticmethod
    def _check_move(table: str, state: int, wanted: int) -> None:
        refusal = _REFUSED.get((table, state, wanted))
        if refusal is not None:
            raise refusal

    @staticmethod
    def _check_reason(rules: StateRules, row: Mapping[str, Any], values: Mapping[str, Any]) -> None:
        before, after = row.get(_STATUS), values.get(_STATUS)
        if after is None and values.get(_STATE) not in {None, row.get(_STATE)}:
            after = rules.served.definition.default_status.get(values[_STATE])
        moves = rules.moves or {}
        if before is None or after in {None, before} or after in moves.get(before, ()):
            return
        raise errors.BadStatus(
            value=after, table=rules.served.name, id=row[rules.served.primary_id]
        )


def already_closed(table: str) -> type[errors.DataverseError] | None:
    """What a message that closes records of a table answers for one that is closed."""
    return {
        "incident": errors.CaseAlreadyResolved,
        "lead": errors.LeadAlreadyClosed,
        "opportunity": errors.OpportunityAlreadyClosed,
    }.get(table)


def _rules(served: DataverseTable) -> StateRules | None:
    name = served.name
    parent = _PARENTS.get(name)
    if parent is None and not served.has(_STATE):
        return None
    closed: Mapping[int, type[errors.DataverseError]] = {}
    if is_activity(served):
        closed = dict.fromkeys((1, 2), errors.ActivityClosed)
    elif name == "incident":
        closed = _CASES
    has_messages = any(table == name for table, _ in _MESSAGES)
    refuses = has_messages or any(table == name for table, _, _ in _REFUSED)
    moves = _moves(served)
    read_only = _SALES.get(name, frozenset[int]())
    if not (closed or read_only or parent or refuses or moves is not None):
        return None
    return StateRules(served, closed, read_only, parent, has_messages, moves)


def _moves(served: DataverseTable) -> Mapping[int, frozenset[int]] | None:
    """Status reasons by the one before, of a table that enforces them."""
    definition = served.definition
    column = definition.columns.get(_STATUS)
    if column is None or definition.facts.get("EnforceStateTransitions") is not True:
        return None
    return {
        option.value: frozenset(
            int(target) for target in _TARGET.findall(str(option.facts.get("TransitionData") or ""))
        )
        for option in column.options
    }

"""What customers and vendors share: a party with a name, terms of the group, an address."""

from __future__ import annotations

from dataclasses import dataclass

from windtunnel.contracts.entities.finance_operations.catalog import COMPANY
from windtunnel.simulator.entity_sets.records import Values
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet
from windtunnel.simulator.services.finance_operations.model.refusals import (
    Refusal,
    must_fill,
    refuse,
)
from windtunnel.simulator.services.finance_operations.model.rules.entity_rules import (
    AddressColumns,
    Sent,
    Surroundings,
)


@dataclass(frozen=True, slots=True)
class PartyColumns:
    """What the columns of one kind of account are called.

    `group` names a record of `groups`, whose `group_terms` are the `terms` of who sent none.
    """

    kind: str
    name: str
    search_name: str
    known_as: str
    terms: str
    group: str
    groups: str
    group_terms: str
    dimensions: str
    address: AddressColumns


class Parties:
    """The rules of one kind of account."""

    def __init__(self, around: Surroundings, columns: PartyColumns) -> None:
        self._around, self._columns = around, columns

    def default(self, entity_set: EntitySet, values: Values, sent: Sent) -> None:
        """Names from the parts of a person's, terms from the group."""
        del entity_set
        columns = self._columns
        if values[columns.kind] == "Person":
            parts = (values[f"Person{part}Name"] for part in ("First", "Middle", "Last"))
            values[columns.name] = " ".join(part for part in parts if part)
        name = values[columns.name]
        values[columns.search_name] = values[columns.search_name] or name[:20]
        values[columns.known_as] = values[columns.known_as] or name
        if columns.terms not in sent:
            terms = (columns.group_terms,)
            group = self._around.row(columns.groups, values[COMPANY], values[columns.group], terms)
            values[columns.terms] = group[columns.group_terms] if group else ""
        columns.address.show(values)

    def check(self, entity_set: EntitySet, values: Values) -> Refusal | None:
        """A kind of party that is there, a name, dimensions of the format."""
        columns = self._columns
        kind = values[columns.kind]
        if kind not in {"Organization", "Person"}:
            text = f"The value '{kind}' is not a party type."
            return refuse(entity_set, text, columns.kind)
        if not values[columns.name]:
            return must_fill(entity_set, "PersonFirstName" if kind == "Person" else columns.name)
        return self._around.check_dimensions(entity_set, values, columns.dimensions)

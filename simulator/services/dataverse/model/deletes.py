"""What else happens when a record is deleted: the behaviour of each relationship.

Source: "Configure table relationship cascading behavior".
"""

from __future__ import annotations

from dataclasses import dataclass

from windtunnel.simulator.services.dataverse.model.tables import DataverseTable, Tables

INDEX_ABOVE = 1_000
"""Records of a table from which on a column is indexed before it is searched by."""


@dataclass(frozen=True, slots=True)
class Link:
    """A column of another table that points at this one, and what Delete does there.

    `rule` is Cascade, RemoveLink, Restrict or NoCascade; rows of an intersect table go (Cascade).
    `merges`: a merge of two parents moves them to the one that stays. `assigns`: which children go
    to a new owner with their parent: Cascade, Active, UserOwned or NoCascade; `shares` and
    `unshares` say the same of access that the parent is given or loses.
    """

    child: DataverseTable
    column: str
    rule: str
    merges: bool = False
    assigns: str = "NoCascade"
    shares: str = "NoCascade"
    unshares: str = "NoCascade"

    def keys(self, parent: str) -> list[str]:
        """The records that point at `parent`."""
        records = self.child.records
        count = records.rough_count()
        if not count:
            return []
        if count > INDEX_ABOVE:
            records.create_index((self.column,))
        found = records.find({self.column: parent}, 1_000_000)
        return [str(row[self.child.row_key]) for row in found]


def find_links(served: DataverseTable, tables: Tables) -> tuple[Link, ...]:
    """Everything that points at records of a table, restricting relationships first."""
    found: dict[tuple[str, str], Link] = {}
    for relation in served.definition.relations.values():
        if not relation.collection:
            continue
        child = tables.by_name.get(relation.intersect or relation.target)
        if child is None:
            continue
        column = relation.pairs[0][1]
        if relation.intersect:
            found[child.name, column] = Link(child, column, "Cascade")
        else:
            back = child.definition.relations.get(relation.partner)
            facts = {} if back is None else back.facts.get("CascadeConfiguration") or {}
            found[child.name, column] = Link(
                child,
                column,
                facts.get("Delete", "RemoveLink"),
                facts.get("Merge") == "Cascade",
                *(facts.get(name, "NoCascade") for name in ("Assign", "Share", "Unshare")),
            )
    return tuple(sorted(found.values(), key=lambda link: link.rule != "Restrict"))

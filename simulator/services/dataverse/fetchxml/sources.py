"""FROM and WHERE of a query: joins, probes of related rows, filters and their conditions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from windtunnel.simulator.odata.pieces import Piece
from windtunnel.simulator.services.dataverse import query_errors
from windtunnel.simulator.services.dataverse.fetchxml import columns
from windtunnel.simulator.services.dataverse.fetchxml.columns import Place
from windtunnel.simulator.services.dataverse.fetchxml.reader import JOINS
from windtunnel.simulator.services.dataverse.fetchxml.tree import (
    Condition,
    Filter,
    Link,
    Part,
    Source,
)
from windtunnel.simulator.services.dataverse.model.conditions import (
    BY_FETCH_NAME,
    BadOperand,
    Settings,
    Subject,
)
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable, Tables

_COMPARISONS = {"eq": "=", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}


@dataclass(slots=True)
class From:
    """Joins and conditions with their parameters. `placed` are the joined links in order."""

    joins: list[Piece] = field(default_factory=list)
    conditions: list[Piece] = field(default_factory=list)
    placed: list[tuple[Link, Place]] = field(default_factory=list)

    @property
    def join_sql(self) -> str:
        """The joins, each behind a blank."""
        return "".join(f" {piece.text}" for piece in self.joins)

    @property
    def where_sql(self) -> str:
        """WHERE with its conditions, or nothing."""
        if not self.conditions:
            return ""
        return f" WHERE {' AND '.join(piece.text for piece in self.conditions)}"

    @property
    def parameters(self) -> tuple[Any, ...]:
        """The values of the joins and then of the conditions."""
        return tuple(v for piece in (*self.joins, *self.conditions) for v in piece.parameters)


class Sources:
    """Builds FROM and WHERE of one query. Raises BadQuery.

    `searched` are linked tables and the columns, other than keys, that their rows are found by.
    """

    def __init__(self, tables: Tables, settings: Settings) -> None:
        self._tables, self._settings = tables, settings
        self._places: dict[str, Place] = {}
        self._number = 0
        self.searched: list[tuple[DataverseTable, str]] = []

    def table(self, name: str) -> DataverseTable:
        """A table by logical name. Raises NoEntity."""
        served = self._tables.by_name.get(name)
        if served is None:
            raise query_errors.NoEntity(name=name)
        return served

    def place(self, name: str) -> Place | None:
        """A joined table by its alias, or by its name where it has no alias."""
        return self._places.get(name)

    def build(self, source: Source, place: Place) -> From:
        """Everything of the query's entity."""
        found = From()
        self._places.setdefault("", place)
        self._attach(source, place, found)
        for part in source.filters:
            found.conditions.append(self._filter(part, place))
        return found

    def _attach(self, source: Source, place: Place, found: From) -> None:
        for link in source.links:
            if link.kind in JOINS:
                self._join(link, place, found)
            else:
                found.conditions.append(self._probe(link, place))

    # -- joins --------------------------------------------------------------------------------

    def _join(self, link: Link, parent: Place, found: From) -> None:
        served = self.table(link.source.name)
        place = self._new_place(link, served)
        far, own = self._pair(link, parent.served, served)
        if link.kind == "matchfirstrowusingcrossapply":
            found.joins.append(self._first_row(link, parent, place, far, own))
        else:
            word = "LEFT JOIN" if link.kind == "outer" else "JOIN"
            on = self._on(place, far, parent, own)
            terms = [on, *(self._filter(part, place) for part in link.source.filters)]
            text = " AND ".join(term.text for term in terms)
            parameters = tuple(v for term in terms for v in term.parameters)
            name = self._tables.readable(served)
            found.joins.append(Piece(f"{word} {name} {place.alias} ON {text}", parameters, "table"))
        found.placed.append((link, place))
        self._attach(link.source, place, found)

    def _on(self, place: Place, far: str, parent: Place, own: str) -> Piece:
        return Piece(f"{place.sql(far)} = {parent.sql(own)}", (), "Edm.Boolean", True)

    def _first_row(self, link: Link, parent: Place, place: Place, far: str, own: str) -> Piece:
        """An outer join with the one row of the lowest key."""
        self._number += 1
        inner = Place(place.served, f"s{self._number}")
        terms = [
            self._on(inner, far, parent, own),
            *(self._filter(part, inner) for part in link.source.filters),
        ]
        key, name = place.served.primary_id, self._tables.readable(place.served)
        text = (
            f"LEFT JOIN {name} {place.alias} ON {place.sql(key)} = (SELECT min({inner.sql(key)}) "
            f"FROM {name} {inner.alias} WHERE {' AND '.join(term.text for term in terms)})"
        )
        return Piece(text, tuple(v for term in terms for v in term.parameters), "table")

    def _new_place(self, link: Link, served: DataverseTable) -> Place:
        self._number += 1
        name = link.alias or f"{link.source.name}{self._number}"
        place = Place(served, f"j{self._number}", name)
        if name in self._places:
            raise query_errors.BadAlias(
                problem=f"The alias '{name}' is specified more than once. NodeXml = {link.shown}"
            )
        self._places[name] = place
        if not link.alias:
            self._places.setdefault(link.source.name, place)
        return place

    def _pair(self, link: Link, parent: DataverseTable, served: DataverseTable) -> tuple[str, str]:
        """The wire names to join by: (of the linked table, of the table around it)."""
        far, own = link.from_column, link.to_column
        if not far and not own:
            far, own = self._only_relation(link, parent, served)
        far = far or columns.find(served, served.primary_id).logical_name
        own = own or columns.find(parent, parent.primary_id).logical_name
        found = columns.find(served, far).name, columns.find(parent, own).name
        if found[0] != served.primary_id:
            self.searched.append((served, found[0]))
        return found

    def _only_relation(
        self, link: Link, parent: DataverseTable, served: DataverseTable
    ) -> tuple[str, str]:
        pairs = {
            (served.primary_id, columns_of)
            for columns_of, target in parent.writable_lookups.values()
            if target == served.name
        } | {
            (columns_of, parent.primary_id)
            for columns_of, target in served.writable_lookups.values()
            if target == parent.name
        }
        if len(pairs) != 1:
            raise query_errors.BadLinkPair(
                problem="The attributes 'from' and 'to' are needed to join "
                f"'{parent.name}' with '{served.name}'. NodeXml = {link.shown}"
            )
        far, own = pairs.pop()
        names = served.definition.columns[far], parent.definition.columns[own]
        return names[0].logical_name, names[1].logical_name

    # -- probes -------------------------------------------------------------------------------

    def _probe(self, link: Link, parent: Place) -> Piece:
        """Whether related rows are there, without reading them."""
        served = self.table(link.source.name)
        place = self._new_place(link, served)
        far, own = self._pair(link, parent.served, served)
        inner = From()
        self._attach(link.source, place, inner)
        for part in link.source.filters:
            inner.conditions.append(self._filter(part, place))
        head = f"FROM {self._tables.readable(served)} {place.alias}{inner.join_sql}"
        tests = "".join(f" AND {piece.text}" for piece in inner.conditions)
        on = self._on(place, far, parent, own).text
        values = inner.parameters
        exists = f"EXISTS (SELECT 1 {head} WHERE {on}{tests})"
        if link.kind == "in":
            text = f"({parent.sql(own)} IN (SELECT {place.sql(far)} {head} WHERE 1{tests}))"
        elif link.kind == "not any":
            text = f"(NOT {exists})"
        elif link.kind == "all":
            name = self._tables.readable(served)
            text = f"(EXISTS (SELECT 1 FROM {name} {place.alias} WHERE {on}) AND NOT {exists})"
        else:
            text = f"({exists})"
        return Piece(text, values, "Edm.Boolean", True)

    # -- filters ------------------------------------------------------------------------------

    def _filter(self, node: Filter, place: Place) -> Piece:
        parts = [self._part(part, place) for part in node.parts]
        if not parts:
            return Piece("(1)", (), "Edm.Boolean", True)
        word = " OR " if node.any else " AND "
        text = f"({word.join(part.text for part in parts)})"
        return Piece(text, tuple(v for part in parts for v in part.parameters), "Edm.Boolean", True)

    def _part(self, part: Part, place: Place) -> Piece:
        match part:
            case Filter():
                return self._filter(part, place)
            case Link():
                return self._probe(part, place)
            case Condition():
                return self._condition(part, place)

    def _condition(self, condition: Condition, place: Place) -> Piece:
        if condition.entityname:
            other = self._places.get(condition.entityname)
            if other is None:
                raise query_errors.NoSuchAlias(
                    problem=f"LinkEntity with name or alias {condition.entityname} is not found "
                    "or is not joined before the condition that names it."
                )
            place = other
        subject = columns.subject(self._tables, place, condition.attribute)
        if condition.valueof:
            return self._comparison(condition, subject, place)
        try:
            return BY_FETCH_NAME[condition.operator].apply(
                subject, condition.values, self._settings
            )
        except BadOperand as error:
            raise query_errors.refusal(error) from error

    def _comparison(self, condition: Condition, one: Subject, place: Place) -> Piece:
        alias, _, name = condition.valueof.rpartition(".")
        other = self._places.get(alias) if alias else place
        if other is None:
            raise query_errors.NoSuchAlias(
                problem=f"LinkEntity with name or alias {alias} is not found."
            )
        two = columns.subject(self._tables, other, name)
        if one.kind != two.kind:
            raise query_errors.BadCondition(
                problem=f"The attributes '{one.shown}' and '{two.shown}' are of different types "
                "and can't be compared."
            )
        operator = _COMPARISONS.get(condition.operator, "IS NOT")
        values = (*one.piece.parameters, *two.piece.parameters)
        text = f"({one.piece.text} {operator} {two.piece.text})"
        return Piece(text, values, "Edm.Boolean", True)

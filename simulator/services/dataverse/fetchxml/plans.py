"""A query to a plan: its SQL, its results and the keys of its pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from windtunnel.contracts.entities.dataverse import ColumnDefinition
from windtunnel.simulator.odata.pieces import Piece
from windtunnel.simulator.services.dataverse import query_errors
from windtunnel.simulator.services.dataverse.fetchxml import columns, grouping
from windtunnel.simulator.services.dataverse.fetchxml.columns import Output, Place
from windtunnel.simulator.services.dataverse.fetchxml.sources import From, Sources
from windtunnel.simulator.services.dataverse.fetchxml.tree import Attribute, Fetch, Order
from windtunnel.simulator.services.dataverse.model.aggregates import MOST_ROWS
from windtunnel.simulator.services.dataverse.model.companions import Companion, companion
from windtunnel.simulator.services.dataverse.model.conditions import Settings
from windtunnel.simulator.services.dataverse.model.paging import Key
from windtunnel.simulator.services.dataverse.model.tables import (
    ETAG_SQL,
    PRINCIPALS,
    DataverseTable,
    Tables,
)

COUNT_CAP = 5000
Restriction = tuple[str, tuple[Any, ...]] | None


@dataclass(slots=True)
class Plan:
    """A compiled query. `keys` are empty where pages are counted, not sought.

    Of a row, the first value is the etag if `has_etag`, then come the outputs, then the values of
    `computed` keys. `seek_sql` takes its condition at `{}`, its values at `seek_at`.
    """

    fetch: Fetch
    context: str
    outputs: tuple[Output, ...]
    has_etag: bool
    sql: str
    parameters: tuple[Any, ...]
    seek_sql: str
    seek_at: int
    keys: tuple[Key, ...]
    computed: int
    count_sql: str
    count_parameters: tuple[Any, ...]
    limit_rows: int = 0
    equal: tuple[str, ...] = ()
    sorted_by: tuple[str, ...] = ()
    searched: tuple[tuple[DataverseTable, str], ...] = ()
    uses: int = 0


def compile_plan(
    tables: Tables,
    settings: Settings,
    served: DataverseTable,
    fetch: Fetch,
    restriction: Restriction,
) -> Plan:
    """The plan of a query over an entity set. Raises BadQuery."""
    return _Compilation(tables, settings, served, fetch, restriction).plan()


class _Compilation:
    def __init__(
        self,
        tables: Tables,
        settings: Settings,
        served: DataverseTable,
        fetch: Fetch,
        restriction: Restriction,
    ) -> None:
        self._tables, self._settings, self._fetch = tables, settings, fetch
        self._sources = Sources(tables, settings)
        if self._sources.table(fetch.entity.name).name != served.name:
            raise query_errors.EntitiesDiffer(entity=fetch.entity.name, table=served.name)
        if served.is_elastic and fetch.entity.links:
            raise query_errors.NoLinkEntities
        self._root = Place(served, "t")
        self._from: From = self._sources.build(fetch.entity, self._root)
        if restriction is not None:
            self._from.conditions.append(Piece(*restriction, "Edm.Boolean", True))
        self._head = f"FROM {tables.readable(served)} t{self._from.join_sql}"

    def plan(self) -> Plan:
        """Rows, or groups."""
        return self._groups() if self._fetch.aggregate else self._rows()

    # -- rows ---------------------------------------------------------------------------------

    def _rows(self) -> Plan:
        fetch, served = self._fetch, self._root.served
        outputs, values = self._outputs()
        names = [output.key for output in outputs]
        has_etag = served.primary_id in names
        if has_etag:
            values = [Piece(ETAG_SQL, (), "Edm.String"), *values]
        keys, computed = self._keys(names, values, int(has_etag))
        values += [Piece(key.text, key.parameters, key.edm) for key in computed]
        seekable = not fetch.distinct and self._is_seekable()
        where = self._from.where_sql
        select = "SELECT DISTINCT" if fetch.distinct else "SELECT"
        head = f"{select} {', '.join(value.text for value in values)} {self._head}"
        before = (*[v for value in values for v in value.parameters], *self._from.parameters)
        order = [key.order for key in keys]
        if fetch.distinct:
            order += [str(number + 1) for number in range(len(outputs) + has_etag)]
        tail = f"ORDER BY {', '.join(order)} LIMIT ? OFFSET ?"
        behind = tuple(value for key in keys for value in key.parameters)
        counted = head if fetch.distinct else f"SELECT 1 {self._head}"
        count_parameters = before if fetch.distinct else self._from.parameters
        named = [] if self._is_whole() else [o.key for o in outputs if not o.is_aliased]
        shown = ",".join(named)
        equal, sorted_by = self._hints()
        return Plan(
            fetch,
            f"{served.entity_set}({shown})" if shown else served.entity_set,
            tuple(outputs),
            has_etag,
            f"{head}{where} {tail}",
            (*before, *behind),
            f"{head}{where} {'AND' if where else 'WHERE'} {{}} {tail}",
            len(before),
            tuple(keys) if seekable else (),
            len(computed),
            f"SELECT count(*) FROM ({counted}{where} LIMIT {COUNT_CAP + 1})",
            count_parameters,
            equal=equal,
            sorted_by=sorted_by,
            searched=tuple(self._sources.searched),
        )

    def _is_whole(self) -> bool:
        """Whether all columns are asked for: in so many words, or by asking for none."""
        source = self._fetch.entity
        asks_none = not (source.attributes or source.no_attributes or self._fetch.distinct)
        return source.all_attributes or asks_none

    def _outputs(self) -> tuple[list[Output], list[Piece]]:
        """What is returned: columns of the entity, then those of joined tables."""
        source = self._fetch.entity
        found: list[Output] = []
        values: list[Piece] = []
        if self._is_whole():
            for column in self._root.served.definition.columns.values():
                found.append(Output(column.name, self._root.served, column))
                values.append(columns.plain(self._root, column))
        for attribute in source.attributes:
            self._output(attribute, self._root, found, values)
        linked = any(
            link.source.attributes or link.source.all_attributes for link, _ in self._from.placed
        )
        if not self._fetch.distinct or not (found or linked):
            self._always(found, values)
        for link, place in self._from.placed:
            if link.source.all_attributes:
                for column in place.served.definition.columns.values():
                    key = f"{place.name}.{column.logical_name}"
                    found.append(Output(key, place.served, column, is_aliased=True))
                    values.append(columns.plain(place, column))
            for attribute in link.source.attributes:
                self._output(attribute, place, found, values)
        kept = {output.key: number for number, output in enumerate(found)}
        numbers = sorted(kept.values())
        return [found[number] for number in numbers], [values[number] for number in numbers]

    def _output(
        self, attribute: Attribute, place: Place, found: list[Output], values: list[Piece]
    ) -> None:
        if attribute.rowaggregate:
            output, piece = grouping.count_children(attribute, place, self._settings)
            found.append(output)
            values.append(piece)
            return
        repeated = companion(place.served.definition, attribute.name)
        if repeated is not None:
            self._output_companion(attribute, place, repeated, found, values)
            return
        column = columns.find(place.served, attribute.name)
        if attribute.alias or place.name:
            key = attribute.alias or f"{place.name}.{column.logical_name}"
            found.append(Output(key, place.served, column, is_aliased=True))
        else:
            found.append(Output(column.name, place.served, column))
        values.append(columns.plain(place, column))

    def _output_companion(
        self,
        attribute: Attribute,
        place: Place,
        repeated: Companion,
        found: list[Output],
        values: list[Piece],
    ) -> None:
        """What repeats another column: told under an alias; the type has no property for it."""
        piece = columns.shown(self._tables, place, repeated)
        if piece is None or not (attribute.alias or place.name):
            return
        key = attribute.alias or f"{place.name}.{attribute.name}"
        column = ColumnDefinition(attribute.name, "String", "Edm.String")
        if repeated.kind == "type":
            column = ColumnDefinition(attribute.name, "Integer", "Edm.Int32")
        found.append(Output(key, place.served, column, is_aliased=True))
        values.append(piece)

    def _always(self, found: list[Output], values: list[Piece]) -> None:
        """The primary key comes with every row, the currency with every amount."""
        served = self._root.served
        wanted = [served.primary_id]
        if served.name in PRINCIPALS and served.has("ownerid"):
            wanted.append("ownerid")
        money = any(o.column.type == "Money" and not o.is_aliased for o in found)
        if money and served.has("_transactioncurrencyid_value"):
            wanted.append("_transactioncurrencyid_value")
        there = {output.key for output in found}
        for name in wanted:
            if name not in there:
                column = served.definition.columns[name]
                found.append(Output(name, served, column))
                values.append(columns.plain(self._root, column))

    # -- order --------------------------------------------------------------------------------

    def _orders(self) -> list[tuple[Order, Place]]:
        found = [(order, self._root) for order in self._fetch.entity.orders]
        for link, place in self._from.placed:
            found += [(order, place) for order in link.source.orders]
        return found

    def _is_seekable(self) -> bool:
        """A sort by a joined table's column has no cookie, as in the real service."""
        return all(
            place is self._root and not order.entityname and not order.alias
            for order, place in self._orders()
        )

    def _keys(
        self, names: list[str], values: list[Piece], shift: int
    ) -> tuple[list[Key], list[Key]]:
        """Terms of the order, made unique by keys; those that no output shows are computed."""
        keys: list[Key] = []
        computed: list[Key] = []

        def add(name: str, piece: Piece, descending: bool, nullable: bool) -> None:
            texts = [value.text for value in values]
            plain = not piece.parameters and piece.text in texts
            place = texts.index(piece.text) if plain else len(values) + len(computed)
            key = Key(*(name, piece.text, piece.parameters, piece.edm, descending, nullable, place))
            keys.append(key)
            if not plain and not self._fetch.distinct:
                computed.append(key)

        del names, shift
        for order, place in self._orders():
            column, at = self._ordered_column(order, place)
            label = None if self._is_raw(column.type) else columns.label(self._tables, at, column)
            piece = label or columns.plain(at, column)
            add(column.logical_name, piece, order.descending, True)
        if not self._fetch.distinct:
            served = self._root.served
            add(served.primary_id, self._key(self._root), False, False)
            if served.is_elastic:
                piece = Piece(self._root.sql(served.row_key), (), "Edm.String")
                add(served.row_key, piece, False, False)
            for link, place in self._from.placed:
                far = link.from_column or place.served.primary_id
                if far != place.served.primary_id:
                    add(f"{place.name}.{place.served.primary_id}", self._key(place), False, True)
        return keys, computed

    def _is_raw(self, kind: str) -> bool:
        return self._fetch.raw_choice_order and kind in {"Picklist", "State", "Status"}

    def _key(self, place: Place) -> Piece:
        return Piece(place.sql(place.served.primary_id), (), "Edm.Guid")

    def _ordered_column(self, order: Order, place: Place) -> tuple[ColumnDefinition, Place]:
        if order.entityname:
            other = self._sources.place(order.entityname)
            if other is None:
                raise query_errors.NoLinkForOrder(
                    problem=f"The link-entity '{order.entityname}' of an order is not found."
                )
            place = other
        name = order.attribute
        if not name:
            name, place = self._aliased(order.alias)
        return columns.find(place.served, name), place

    def _aliased(self, alias: str) -> tuple[str, Place]:
        sources = [(self._fetch.entity, self._root)]
        sources += [(link.source, place) for link, place in self._from.placed]
        for source, place in sources:
            for attribute in source.attributes:
                if attribute.alias == alias:
                    return attribute.name, place
        raise query_errors.NoSuchAlias(problem=f"The alias '{alias}' of an order does not exist.")

    def _hints(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Columns of the entity compared with one value, and those sorted by, for an index."""
        from windtunnel.simulator.services.dataverse.fetchxml.tree import Condition

        equal = [
            columns.find(self._root.served, part.attribute).name
            for group in self._fetch.entity.filters
            if not group.any
            for part in group.parts
            if isinstance(part, Condition) and part.operator == "eq" and not part.valueof
            if not part.entityname and self._has(part.attribute)
        ]
        orders = self._fetch.entity.orders
        one_way = len({order.descending for order in orders}) <= 1
        if not one_way or not self._is_seekable():
            return tuple(equal), ()
        found = [columns.find(self._root.served, order.attribute) for order in orders]
        if any(
            columns.label(self._tables, self._root, c) for c in found if not self._is_raw(c.type)
        ):
            return tuple(equal), ()
        return tuple(equal), (*(column.name for column in found), self._root.served.primary_id)

    def _has(self, name: str) -> bool:
        known = self._root.served.definition.columns
        return name in known or f"_{name}_value" in known

    # -- groups -------------------------------------------------------------------------------

    def _groups(self) -> Plan:
        fetch, served = self._fetch, self._root.served
        found = grouping.Groups(self._settings)
        for attribute in fetch.entity.attributes:
            found.add(attribute, self._root)
        for link, place in self._from.placed:
            for attribute in link.source.attributes:
                found.add(attribute, place)
        if not found.outputs:
            raise query_errors.AttributeMissing(
                problem="An aggregate query needs an attribute with an aggregate or a groupby."
            )
        order = found.order([order for order, _ in self._orders()])
        groups = f" GROUP BY {', '.join(found.groups)}" if found.groups else ""
        sorted_by = f" ORDER BY {', '.join(order)}" if order else ""
        where = self._from.where_sql
        select = "SELECT DISTINCT" if fetch.distinct else "SELECT"
        limit = min(fetch.aggregate_limit or MOST_ROWS, MOST_ROWS)
        return Plan(
            fetch,
            served.entity_set,
            tuple(found.outputs),
            False,
            f"{select} {', '.join(found.values)} {self._head}{where}{groups}{sorted_by} "
            "LIMIT ? OFFSET ?",
            self._from.parameters,
            "",
            0,
            (),
            0,
            f"SELECT count(*) FROM (SELECT 1 {self._head}{where} LIMIT {limit + 1})",
            self._from.parameters,
            limit_rows=limit,
            searched=tuple(self._sources.searched),
        )

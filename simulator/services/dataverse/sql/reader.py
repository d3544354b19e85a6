"""One SELECT to a query: columns, TOP, joins, WHERE, groups, order, OFFSET and FETCH."""

from __future__ import annotations

from dataclasses import dataclass

from windtunnel.simulator.services.dataverse.fetchxml.tree import (
    Attribute,
    Fetch,
    Filter,
    Link,
    Order,
    Source,
)
from windtunnel.simulator.services.dataverse.sql.conditions import Conditions
from windtunnel.simulator.services.dataverse.sql.cursor import ENDS, Column, Table
from windtunnel.simulator.services.dataverse.sql.words import refused, words

LARGEST_TOP = 5000
_AGGREGATES = {"COUNT": "count", "SUM": "sum", "AVG": "avg", "MIN": "min", "MAX": "max"}


@dataclass(frozen=True, slots=True)
class SqlQuery:
    """The query, and whether TOP 0 asks for no rows."""

    fetch: Fetch
    is_empty: bool


@dataclass(frozen=True, slots=True)
class _Item:
    """A column or an aggregate of the SELECT list."""

    column: Column | None
    aggregate: str
    distinct: bool
    alias: str
    position: int


def read(text: str) -> SqlQuery:
    """The query of a SELECT. Raises QueryError for what the service refuses."""
    return _Reader(words(text)).query()


class _Reader(Conditions):
    """Reads the statement."""

    # -- the statement ------------------------------------------------------------------------

    def query(self) -> SqlQuery:
        """The whole of it."""
        if self.word.upper == "WITH":
            raise refused("common table expressions", self.word.position)
        self.expect("SELECT")
        distinct = self.accept("DISTINCT")
        top = self._top()
        items = [self._item()]
        while self.accept(","):
            items.append(self._item())
        self.expect("FROM")
        self.root = self._table()
        self._joins()
        parts = [self.either()] if self.accept("WHERE") else []
        groups = self._groups()
        self._refuse_clauses()
        orders = self._orders()
        skip, take = self._offset(bool(orders))
        self._end()
        if top is not None and take is not None:
            raise refused("TOP together with OFFSET")
        aggregate = bool(groups) or any(item.aggregate for item in items)
        names = self._attributes(items, groups, aggregate)
        asked = self._ordered(orders, names, aggregate)
        source = self._source(self.root, tuple(asked), tuple(parts))
        size = top if take is None else take
        fetch = Fetch(source, top=size or 0, distinct=distinct, aggregate=aggregate, skip=skip)
        return SqlQuery(fetch, size == 0)

    def _top(self) -> int | None:
        if not self.accept("TOP"):
            return None
        bracket = self.accept("(")
        position, number = self.word.position, self.number()
        if bracket:
            self.expect(")")
        if self.word.upper in {"PERCENT", "WITH"}:
            raise refused(f"TOP with {self.word.upper}", self.word.position)
        if number > LARGEST_TOP:
            raise refused(f"TOP is limited to {LARGEST_TOP}", position)
        return number

    def _refuse_clauses(self) -> None:
        word = self.word
        if word.upper in {"HAVING", "UNION", "EXCEPT", "INTERSECT", "FOR", "OPTION"}:
            raise refused(word.upper, word.position)

    def _end(self) -> None:
        self.accept(";")
        self._refuse_clauses()
        if self.word.kind != "end":
            raise refused(f"'{self.word.value}' is not expected", self.word.position)

    def _offset(self, is_ordered: bool) -> tuple[int, int | None]:
        position = self.word.position
        if not self.accept("OFFSET"):
            return 0, None
        if not is_ordered:
            raise refused("OFFSET without ORDER BY", position)
        skip = self.number()
        if not self.accept("ROWS"):
            self.expect("ROW")
        if not self.accept("FETCH"):
            return skip, LARGEST_TOP
        if not self.accept("NEXT"):
            self.expect("FIRST")
        take = self.number()
        if not self.accept("ROWS"):
            self.expect("ROW")
        self.expect("ONLY")
        if not 1 <= take <= LARGEST_TOP:
            raise refused(f"FETCH takes 1 to {LARGEST_TOP} rows", position)
        return skip, take

    # -- SELECT and FROM ----------------------------------------------------------------------

    def _item(self) -> _Item:
        word = self.word
        if word.upper == "*":
            raise refused("SELECT *; name the columns", word.position)
        following = self.following.upper
        if word.upper in _AGGREGATES and following == "(":
            return self._aggregate(_AGGREGATES[word.upper])
        if word.kind == "name" and (following == "(" or word.upper in {"CASE", "CAST"}):
            raise refused(f"the function or expression {word.upper}", word.position)
        column = self.column()
        return _Item(column, "", False, self._alias(), word.position)

    def _aggregate(self, name: str) -> _Item:
        position = self.word.position
        self.at += 2
        distinct = self.accept("DISTINCT")
        if name == "count" and not distinct and self.accept("*"):
            column = None
        else:
            column = self.column()
            name = "countcolumn" if name == "count" else name
        self.expect(")")
        if self.word.upper == "OVER":
            raise refused("window functions", self.word.position)
        return _Item(column, name, distinct, self._alias(), position)

    def _alias(self) -> str:
        if self.accept("AS"):
            return self.name("an alias")
        word = self.word
        is_name = word.kind == "quoted" or (word.kind == "name" and word.upper not in ENDS)
        return self.name("an alias") if is_name else ""

    def _table(self) -> Table:
        position = self.word.position
        if self.word.upper == "(":
            raise refused("subqueries", position)
        name = self.name("a table")
        if self.accept("."):
            name = self.name("a table")
        alias = self._alias().lower() or name
        if alias in self.tables:
            raise refused(f"the alias '{alias}' is given twice", position)
        table = Table(name, alias)
        self.tables[alias] = table
        return table

    def _joins(self) -> None:
        while True:
            word = self.word
            if word.upper == ",":
                raise refused("several tables without JOIN", word.position)
            if word.upper in {"RIGHT", "FULL", "CROSS"}:
                raise refused(f"{word.upper} JOIN", word.position)
            kind = "inner"
            if self.accept("LEFT"):
                self.accept("OUTER")
                kind = "outer"
            elif not self.accept("INNER") and word.upper != "JOIN":
                return
            self.expect("JOIN")
            self._join(kind)

    def _join(self, kind: str) -> None:
        table = self._table()
        table.kind = kind
        self.expect("ON")
        bracket = self.accept("(")
        position, one = self.word.position, self.column()
        self.expect("=")
        two = self.column()
        while self.accept("AND"):
            table.tests.append(self.test())
        if bracket:
            self.expect(")")
        if table is not self.owner(two):
            one, two = two, one
        other = self.owner(one)
        if table is not self.owner(two) or other is table:
            raise refused("a join needs ON with a column of each table", position)
        table.far, table.own = two.name, one.name
        other.joined.append(table)

    # -- groups and order ---------------------------------------------------------------------

    def _groups(self) -> list[Column]:
        if not self.accept("GROUP", "BY"):
            return []
        found = [self.column()]
        while self.accept(","):
            found.append(self.column())
        return found

    def _orders(self) -> list[tuple[_Item, bool]]:
        if not self.accept("ORDER", "BY"):
            return []
        found = [self._order_item()]
        while self.accept(","):
            found.append(self._order_item())
        return found

    def _order_item(self) -> tuple[_Item, bool]:
        word = self.word
        if word.kind == "number":
            raise refused("ORDER BY a number", word.position)
        if word.upper in _AGGREGATES and self.following.upper == "(":
            item = self._aggregate(_AGGREGATES[word.upper])
        else:
            item = _Item(self.column(), "", False, "", word.position)
        descending = self.accept("DESC")
        if not descending:
            self.accept("ASC")
        return item, descending

    def _attributes(
        self, items: list[_Item], groups: list[Column], aggregate: bool
    ) -> list[tuple[_Item, str]]:
        """Give every table its columns; returns the items with the names of their results."""
        grouped = {(self.owner(group).alias, group.name) for group in groups}
        taken: set[str] = set()
        named: list[tuple[_Item, str]] = []
        for item in items:
            owner = self.root if item.column is None else self.owner(item.column)
            name = item.column.name if item.column is not None else ""
            if aggregate and not item.aggregate and (owner.alias, name) not in grouped:
                raise refused(f"the column '{name}' is not in GROUP BY", item.position)
            key = item.alias or (f"{item.aggregate}_{name}".strip("_") if item.aggregate else "")
            if not key and (aggregate or owner is not self.root):
                key = name if name not in taken else f"{owner.alias}_{name}"
            if (key or name) in taken:
                raise refused(f"the name '{key or name}' is given twice", item.position)
            taken.add(key or name)
            grouping = aggregate and not item.aggregate
            owner.attributes.append(
                Attribute(name, key, item.aggregate, grouping, distinct=item.distinct)
            )
            named.append((item, key or name))
        return named

    def _ordered(
        self, orders: list[tuple[_Item, bool]], names: list[tuple[_Item, str]], aggregate: bool
    ) -> list[Order]:
        found = []
        for item, descending in orders:
            column = item.column
            alias = next((key for other, key in names if self._is_same(item, other, key)), "")
            if aggregate or item.aggregate:
                if not alias:
                    raise refused("ORDER BY of what is not selected", item.position)
                found.append(Order("", alias, descending))
                continue
            assert column is not None
            own = next((o for o, _ in names if not column.table and o.alias == column.name), None)
            column = own.column if own is not None and own.column is not None else column
            owner = self.owner(column)
            entity = "" if owner is self.root else owner.alias
            found.append(Order(column.name, "", descending, entity))
        return found

    def _is_same(self, item: _Item, other: _Item, key: str) -> bool:
        bare = item.column is not None and not item.column.table and not item.aggregate
        if bare and item.column is not None and item.column.name == key.lower():
            return True
        if item.aggregate != other.aggregate or item.distinct != other.distinct:
            return False
        if item.column is None or other.column is None:
            return item.column is other.column
        one, two = self.owner(item.column), self.owner(other.column)
        return one is two and item.column.name == other.column.name

    def _source(
        self, table: Table, orders: tuple[Order, ...], filters: tuple[Filter, ...]
    ) -> Source:
        links = tuple(
            Link(
                self._source(inner, (), (Filter(False, tuple(inner.tests)),)),
                inner.kind,
                inner.far,
                inner.own,
                inner.alias,
                f"JOIN {inner.name} {inner.alias}",
            )
            for inner in table.joined
        )
        empty = not table.attributes
        return Source(table.name, tuple(table.attributes), False, empty, orders, filters, links)

"""One SELECT to a query: columns, TOP, joins, WHERE, groups, order, OFFSET and FETCH."""

from __future__ import annotations

from dataclasses import dataclass, field

from windtunnel.simulator.services.dataverse.fetchxml.tree import (
    Attribute,
    Condition,
    Fetch,
    Filter,
    Link,
    Order,
    Part,
    Source,
)
from windtunnel.simulator.services.dataverse.sql.words import Word, refused, words

LARGEST_TOP = 5000
DEEPEST = 60
_AGGREGATES = {"COUNT": "count", "SUM": "sum", "AVG": "avg", "MIN": "min", "MAX": "max"}
_COMPARISONS = {
    "=": "eq",
    "<>": "ne",
    "!=": "ne",
    "<": "lt",
    "<=": "le",
    ">": "gt",
    ">=": "ge",
}
_MIRRORED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
_ENDS = frozenset(
    {
        *("FROM", "WHERE", "GROUP", "ORDER", "JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS"),
        *("ON", "AND", "OR", "AS", "OFFSET", "HAVING", "UNION", "EXCEPT", "INTERSECT", "FOR"),
        *("OPTION", "ASC", "DESC"),
    }
)
"""Words that end a list, and so are no aliases unless in brackets."""

_NEGATIVE = frozenset({"ne", "not-in", "not-like", "not-between"})


@dataclass(frozen=True, slots=True)
class SqlQuery:
    """The query, and whether TOP 0 asks for no rows."""

    fetch: Fetch
    is_empty: bool


@dataclass(frozen=True, slots=True)
class _Column:
    table: str
    name: str
    position: int


@dataclass(frozen=True, slots=True)
class _Item:
    """A column or an aggregate of the SELECT list."""

    column: _Column | None
    aggregate: str
    distinct: bool
    alias: str
    position: int


@dataclass(slots=True)
class _Table:
    name: str
    alias: str
    kind: str = ""
    far: str = ""
    own: str = ""
    tests: list[Part] = field(default_factory=list)
    joined: list[_Table] = field(default_factory=list)
    attributes: list[Attribute] = field(default_factory=list)


def read(text: str) -> SqlQuery:
    """The query of a SELECT. Raises QueryError for what the service refuses."""
    return _Reader(words(text)).query()


class _Reader:
    def __init__(self, found: list[Word]) -> None:
        self._words, self._at, self._depth = found, 0, 0
        self._tables: dict[str, _Table] = {}
        self._root = _Table("", "")

    # -- words --------------------------------------------------------------------------------

    @property
    def _word(self) -> Word:
        return self._words[self._at]

    @property
    def _next(self) -> Word:
        return self._words[min(self._at + 1, len(self._words) - 1)]

    def _accept(self, *expected: str) -> bool:
        following = self._words[self._at : self._at + len(expected)]
        if tuple(word.upper for word in following) != expected:
            return False
        self._at += len(expected)
        return True

    def _expect(self, *expected: str) -> None:
        if not self._accept(*expected):
            raise refused(f"{' '.join(expected)} is expected", self._word.position)

    def _name(self, what: str) -> str:
        word = self._word
        if word.kind not in {"name", "quoted"} or word.upper in _ENDS:
            raise refused(f"{what} is expected", word.position)
        self._at += 1
        return word.value.lower() if what != "an alias" else word.value

    def _number(self) -> int:
        word = self._word
        if word.kind != "number" or not word.value.isdigit() or len(word.value) > 9:
            raise refused("a whole number is expected", word.position)
        self._at += 1
        return int(word.value)

    # -- the statement ------------------------------------------------------------------------

    def query(self) -> SqlQuery:
        if self._word.upper == "WITH":
            raise refused("common table expressions", self._word.position)
        self._expect("SELECT")
        distinct = self._accept("DISTINCT")
        top = self._top()
        items = [self._item()]
        while self._accept(","):
            items.append(self._item())
        self._expect("FROM")
        self._root = self._table()
        self._joins()
        parts = [self._any()] if self._accept("WHERE") else []
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
        source = self._source(self._root, tuple(asked), tuple(parts))
        size = top if take is None else take
        fetch = Fetch(source, top=size or 0, distinct=distinct, aggregate=aggregate, skip=skip)
        return SqlQuery(fetch, size == 0)

    def _top(self) -> int | None:
        if not self._accept("TOP"):
            return None
        bracket = self._accept("(")
        position, number = self._word.position, self._number()
        if bracket:
            self._expect(")")
        if self._word.upper in {"PERCENT", "WITH"}:
            raise refused(f"TOP with {self._word.upper}", self._word.position)
        if number > LARGEST_TOP:
            raise refused(f"TOP is limited to {LARGEST_TOP}", position)
        return number

    def _refuse_clauses(self) -> None:
        word = self._word
        if word.upper in {"HAVING", "UNION", "EXCEPT", "INTERSECT", "FOR", "OPTION"}:
            raise refused(word.upper, word.position)

    def _end(self) -> None:
        self._accept(";")
        self._refuse_clauses()
        if self._word.kind != "end":
            raise refused(f"'{self._word.value}' is not expected", self._word.position)

    def _offset(self, is_ordered: bool) -> tuple[int, int | None]:
        position = self._word.position
        if not self._accept("OFFSET"):
            return 0, None
        if not is_ordered:
            raise refused("OFFSET without ORDER BY", position)
        skip = self._number()
        if not self._accept("ROWS"):
            self._expect("ROW")
        if not self._accept("FETCH"):
            return skip, LARGEST_TOP
        if not self._accept("NEXT"):
            self._expect("FIRST")
        take = self._number()
        if not self._accept("ROWS"):
            self._expect("ROW")
        self._expect("ONLY")
        if not 1 <= take <= LARGEST_TOP:
            raise refused(f"FETCH takes 1 to {LARGEST_TOP} rows", position)
        return skip, take

    # -- SELECT and FROM ----------------------------------------------------------------------

    def _item(self) -> _Item:
        word = self._word
        if word.upper == "*":
            raise refused("SELECT *; name the columns", word.position)
        following = self._next.upper
        if word.upper in _AGGREGATES and following == "(":
            return self._aggregate(_AGGREGATES[word.upper])
        if word.kind == "name" and (following == "(" or word.upper in {"CASE", "CAST"}):
            raise refused(f"the function or expression {word.upper}", word.position)
        column = self._column()
        return _Item(column, "", False, self._alias(), word.position)

    def _aggregate(self, name: str) -> _Item:
        position = self._word.position
        self._at += 2
        distinct = self._accept("DISTINCT")
        if name == "count" and not distinct and self._accept("*"):
            column = None
        else:
            column = self._column()
            name = "countcolumn" if name == "count" else name
        self._expect(")")
        if self._word.upper == "OVER":
            raise refused("window functions", self._word.position)
        return _Item(column, name, distinct, self._alias(), position)

    def _alias(self) -> str:
        if self._accept("AS"):
            return self._name("an alias")
        word = self._word
        is_name = word.kind == "quoted" or (word.kind == "name" and word.upper not in _ENDS)
        return self._name("an alias") if is_name else ""

    def _column(self) -> _Column:
        position = self._word.position
        first = self._name("a column")
        if not self._accept("."):
            if self._word.upper == "(":
                raise refused(f"the function {first.upper}", position)
            return _Column("", first, position)
        if self._word.upper == "*":
            raise refused("SELECT *; name the columns", position)
        return _Column(first, self._name("a column"), position)

    def _table(self) -> _Table:
        position = self._word.position
        if self._word.upper == "(":
            raise refused("subqueries", position)
        name = self._name("a table")
        if self._accept("."):
            name = self._name("a table")
        alias = self._alias().lower() or name
        if alias in self._tables:
            raise refused(f"the alias '{alias}' is given twice", position)
        table = _Table(name, alias)
        self._tables[alias] = table
        return table

    def _joins(self) -> None:
        while True:
            word = self._word
            if word.upper == ",":
                raise refused("several tables without JOIN", word.position)
            if word.upper in {"RIGHT", "FULL", "CROSS"}:
                raise refused(f"{word.upper} JOIN", word.position)
            kind = "inner"
            if self._accept("LEFT"):
                self._accept("OUTER")
                kind = "outer"
            elif not self._accept("INNER") and word.upper != "JOIN":
                return
            self._expect("JOIN")
            self._join(kind)

    def _join(self, kind: str) -> None:
        table = self._table()
        table.kind = kind
        self._expect("ON")
        bracket = self._accept("(")
        position, one = self._word.position, self._column()
        self._expect("=")
        two = self._column()
        while self._accept("AND"):
            table.tests.append(self._test())
        if bracket:
            self._expect(")")
        if table is not self._owner(two):
            one, two = two, one
        other = self._owner(one)
        if table is not self._owner(two) or other is table:
            raise refused("a join needs ON with a column of each table", position)
        table.far, table.own = two.name, one.name
        other.joined.append(table)

    def _owner(self, column: _Column) -> _Table:
        if not column.table:
            if len(self._tables) == 1:
                return self._root
            column = _Column(self._root.alias, column.name, column.position)
        found = self._tables.get(column.table)
        if found is None:
            raise refused(f"the table '{column.table}' is not joined", column.position)
        return found

    # -- WHERE --------------------------------------------------------------------------------

    def _any(self) -> Filter:
        parts: list[Part] = [self._all()]
        while self._accept("OR"):
            parts.append(self._all())
        return Filter(True, tuple(parts))

    def _all(self) -> Filter:
        parts: list[Part] = [self._test()]
        while self._accept("AND"):
            parts.append(self._test())
        return Filter(False, tuple(parts))

    def _test(self) -> Part:
        word = self._word
        self._depth += 1
        if self._depth > DEEPEST:
            raise refused("it is nested too deeply", word.position)
        if word.upper in {"NOT", "EXISTS"}:
            raise refused(f"{word.upper} before a condition", word.position)
        if self._accept("("):
            if self._word.upper == "SELECT":
                raise refused("subqueries", self._word.position)
            part: Part = self._any()
            self._expect(")")
        elif word.kind in {"text", "number"} or word.upper == "-":
            part = self._turned()
        else:
            part = self._condition(self._column())
        self._depth -= 1
        return part

    def _turned(self) -> Part:
        """`5 < column`."""
        value, sign = self._value(), self._word
        if sign.upper not in _COMPARISONS:
            raise refused("a comparison is expected", sign.position)
        self._at += 1
        name = _COMPARISONS[sign.upper]
        return self._made(self._column(), _MIRRORED.get(name, name), (value,))

    def _condition(self, column: _Column) -> Part:
        sign = self._word
        if sign.upper in _COMPARISONS:
            self._at += 1
            return self._compared(column, _COMPARISONS[sign.upper])
        if self._accept("IS"):
            denied = self._accept("NOT")
            self._expect("NULL")
            return self._made(column, "not-null" if denied else "null", ())
        prefix = "not-" if self._accept("NOT") else ""
        if self._accept("LIKE"):
            return self._made(column, f"{prefix}like", (self._value(),))
        if self._accept("BETWEEN"):
            low = self._value()
            self._expect("AND")
            return self._made(column, f"{prefix}between", (low, self._value()))
        if self._accept("IN"):
            self._expect("(")
            if self._word.upper == "SELECT":
                raise refused("subqueries", self._word.position)
            values = [self._value()]
            while self._accept(","):
                values.append(self._value())
            self._expect(")")
            return self._made(column, f"{prefix}in", tuple(values))
        raise refused("a comparison is expected", sign.position)

    def _compared(self, column: _Column, operator: str) -> Part:
        word = self._word
        if word.upper == "NULL":
            raise refused("a comparison with NULL; use IS NULL", word.position)
        if word.upper == "(" and self._next.upper == "SELECT":
            raise refused("subqueries", word.position)
        if word.kind in {"name", "quoted"}:
            other = self._column()
            owner = self._owner(other)
            alias = "" if owner is self._root else f"{owner.alias}."
            if owner is self._root and self._owner(column) is not self._root:
                column, other = other, column
                operator = _MIRRORED.get(operator, operator)
                alias = f"{self._owner(other).alias}."
            return self._made(column, operator, (), f"{alias}{other.name}")
        return self._made(column, operator, (self._value(),))

    def _made(
        self, column: _Column, operator: str, values: tuple[str, ...], valueof: str = ""
    ) -> Part:
        owner = self._owner(column)
        alias = "" if owner is self._root else owner.alias
        made = Condition(column.name, operator, values, valueof, alias)
        if operator not in _NEGATIVE:
            return made
        # In SQL no comparison holds for what is null.
        there = Condition(column.name, "not-null", (), "", alias)
        return Filter(False, (made, there))

    def _value(self) -> str:
        sign = "-" if self._accept("-") else ""
        word = self._word
        if word.kind not in {"text", "number"} or (sign and word.kind == "text"):
            raise refused("a value is expected", word.position)
        self._at += 1
        if self._word.upper in {"+", "-", "*", "/", "%"}:
            raise refused("arithmetic", self._word.position)
        return sign + word.value

    # -- groups and order ---------------------------------------------------------------------

    def _groups(self) -> list[_Column]:
        if not self._accept("GROUP", "BY"):
            return []
        found = [self._column()]
        while self._accept(","):
            found.append(self._column())
        return found

    def _orders(self) -> list[tuple[_Item, bool]]:
        if not self._accept("ORDER", "BY"):
            return []
        found = [self._order_item()]
        while self._accept(","):
            found.append(self._order_item())
        return found

    def _order_item(self) -> tuple[_Item, bool]:
        word = self._word
        if word.kind == "number":
            raise refused("ORDER BY a number", word.position)
        if word.upper in _AGGREGATES and self._next.upper == "(":
            item = self._aggregate(_AGGREGATES[word.upper])
        else:
            item = _Item(self._column(), "", False, "", word.position)
        descending = self._accept("DESC")
        if not descending:
            self._accept("ASC")
        return item, descending

    def _attributes(
        self, items: list[_Item], groups: list[_Column], aggregate: bool
    ) -> list[tuple[_Item, str]]:
        """Give every table its columns; returns the items with the names of their results."""
        grouped = {(self._owner(group).alias, group.name) for group in groups}
        taken: set[str] = set()
        named: list[tuple[_Item, str]] = []
        for item in items:
            owner = self._root if item.column is None else self._owner(item.column)
            name = item.column.name if item.column is not None else ""
            if aggregate and not item.aggregate and (owner.alias, name) not in grouped:
                raise refused(f"the column '{name}' is not in GROUP BY", item.position)
            key = item.alias or (f"{item.aggregate}_{name}".strip("_") if item.aggregate else "")
            if not key and (aggregate or owner is not self._root):
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
            owner = self._owner(column)
            entity = "" if owner is self._root else owner.alias
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
        one, two = self._owner(item.column), self._owner(other.column)
        return one is two and item.column.name == other.column.name

    def _source(
        self, table: _Table, orders: tuple[Order, ...], filters: tuple[Filter, ...]
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

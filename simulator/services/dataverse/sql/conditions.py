"""Conditions of WHERE and ON as filters."""

from __future__ import annotations

from windtunnel.simulator.services.dataverse.fetchxml.tree import Condition, Filter, Part
from windtunnel.simulator.services.dataverse.sql.cursor import Column, Cursor
from windtunnel.simulator.services.dataverse.sql.words import refused

DEEPEST = 60
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
_NEGATIVE = frozenset({"ne", "not-in", "not-like", "not-between"})


class Conditions(Cursor):
    """Reads conditions."""

    def either(self) -> Filter:
        """Conditions with OR between them."""
        parts: list[Part] = [self._all()]
        while self.accept("OR"):
            parts.append(self._all())
        return Filter(True, tuple(parts))

    def _all(self) -> Filter:
        parts: list[Part] = [self.test()]
        while self.accept("AND"):
            parts.append(self.test())
        return Filter(False, tuple(parts))

    def test(self) -> Part:
        """One condition, or several in brackets."""
        word = self.word
        self.depth += 1
        if self.depth > DEEPEST:
            raise refused("it is nested too deeply", word.position)
        if word.upper in {"NOT", "EXISTS"}:
            raise refused(f"{word.upper} before a condition", word.position)
        if self.accept("("):
            if self.word.upper == "SELECT":
                raise refused("subqueries", self.word.position)
            part: Part = self.either()
            self.expect(")")
        elif word.kind in {"text", "number"} or word.upper == "-":
            part = self._turned()
        else:
            part = self._condition(self.column())
        self.depth -= 1
        return part

    def _turned(self) -> Part:
        """`5 < column`."""
        value, sign = self._value(), self.word
        if sign.upper not in _COMPARISONS:
            raise refused("a comparison is expected", sign.position)
        self.at += 1
        name = _COMPARISONS[sign.upper]
        return self._made(self.column(), _MIRRORED.get(name, name), (value,))

    def _condition(self, column: Column) -> Part:
        sign = self.word
        if sign.upper in _COMPARISONS:
            self.at += 1
            return self._compared(column, _COMPARISONS[sign.upper])
        if self.accept("IS"):
            denied = self.accept("NOT")
            self.expect("NULL")
            return self._made(column, "not-null" if denied else "null", ())
        prefix = "not-" if self.accept("NOT") else ""
        if self.accept("LIKE"):
            return self._made(column, f"{prefix}like", (self._value(),))
        if self.accept("BETWEEN"):
            low = self._value()
            self.expect("AND")
            return self._made(column, f"{prefix}between", (low, self._value()))
        if self.accept("IN"):
            self.expect("(")
            if self.word.upper == "SELECT":
                raise refused("subqueries", self.word.position)
            values = [self._value()]
            while self.accept(","):
                values.append(self._value())
            self.expect(")")
            return self._made(column, f"{prefix}in", tuple(values))
        raise refused("a comparison is expected", sign.position)

    def _compared(self, column: Column, operator: str) -> Part:
        word = self.word
        if word.upper == "NULL":
            raise refused("a comparison with NULL; use IS NULL", word.position)
        if word.upper == "(" and self.following.upper == "SELECT":
            raise refused("subqueries", word.position)
        if word.kind in {"name", "quoted"}:
            other = self.column()
            owner = self.owner(other)
            alias = "" if owner is self.root else f"{owner.alias}."
            if owner is self.root and self.owner(column) is not self.root:
                column, other = other, column
                operator = _MIRRORED.get(operator, operator)
                alias = f"{self.owner(other).alias}."
            return self._made(column, operator, (), f"{alias}{other.name}")
        return self._made(column, operator, (self._value(),))

    def _made(
        self, column: Column, operator: str, values: tuple[str, ...], valueof: str = ""
    ) -> Part:
        owner = self.owner(column)
        alias = "" if owner is self.root else owner.alias
        made = Condition(column.name, operator, values, valueof, alias)
        if operator not in _NEGATIVE:
            return made
        # In SQL no comparison holds for what is null.
        there = Condition(column.name, "not-null", (), "", alias)
        return Filter(False, (made, there))

    def _value(self) -> str:
        sign = "-" if self.accept("-") else ""
        word = self.word
        if word.kind not in {"text", "number"} or (sign and word.kind == "text"):
            raise refused("a value is expected", word.position)
        self.at += 1
        if self.word.upper in {"+", "-", "*", "/", "%"}:
            raise refused("arithmetic", self.word.position)
        return sign + word.value

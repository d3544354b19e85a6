"""The table of condition operators, by their FetchXML names and their query functions.

Sources: "Condition operator values" (FetchXML reference), "Web API Query Function Reference",
"ConditionOperator". Operators that deny also hold where the column has no value.
"""

# ruff: noqa: ARG005 - all builders take the same arguments
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from windtunnel.simulator.odata import scalar
from windtunnel.simulator.odata.pieces import Piece, without_case
from windtunnel.simulator.services.dataverse.model.conditions import people, periods
from windtunnel.simulator.services.dataverse.model.conditions.periods import Edge, Fiscal, Span
from windtunnel.simulator.services.dataverse.model.conditions.shapes import (
    BadOperand,
    Caller,
    Settings,
    Subject,
    moment_of,
    operand,
)

Build: TypeAlias = Callable[[Subject, Sequence[str], Settings], Piece]
PeopleQuery: TypeAlias = Callable[[Settings], tuple[str, tuple[Caller, ...]]]
SpanOf: TypeAlias = Callable[[Sequence[int], Fiscal], Callable[[datetime], Span]]

MANY = 2000
"""Values that one condition takes."""

_ANY = frozenset({"text", "number", "choice", "choices", "date", "id", "other"})
_ORDERED = frozenset({"text", "number", "choice", "date"})
_ID = frozenset({"id"})
_DATE = frozenset({"date"})
_TEXT = frozenset({"text", "id", "number", "choice", "other"})
LARGEST_COUNT = 100_000
"""A count of units beyond this is no time the service can store."""


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator. `least` and `most` say how many values it takes, `kinds` on what columns."""

    name: str
    function: str
    least: int
    most: int
    kinds: frozenset[str]
    build: Build

    def apply(self, subject: Subject, values: Sequence[str], settings: Settings) -> Piece:
        """The condition as SQL. Raises BadOperand."""
        if not self.least <= len(values) <= self.most:
            wanted = str(self.least) if self.least == self.most else f"at least {self.least}"
            raise BadOperand(
                "count",
                f"The condition operator '{self.name}' on attribute '{subject.shown}' takes "
                f"{wanted} value(s) but was given {len(values)}.",
            )
        if subject.kind not in self.kinds:
            raise BadOperand(
                "operator",
                f"The condition operator '{self.name}' is not valid for attribute "
                f"'{subject.shown}' of type '{subject.column.type}'.",
            )
        return self.build(subject, values, settings)


def _condition(subject: Subject, template: str, *values: object) -> Piece:
    """`{}` in the template is the column; the values follow each column's own parameters."""
    column, *sought = without_case(
        subject.piece, *(Piece("?", (value,), subject.piece.edm) for value in values)
    )
    values = tuple([piece.parameters[0] for piece in sought])
    parts = template.split("{}")
    own, taken = column.parameters, 0
    parameters: list[object] = []
    for number, part in enumerate(parts):
        marks = part.count("?")
        parameters += values[taken : taken + marks]
        taken += marks
        if number < len(parts) - 1:
            parameters += own
    return Piece(column.text.join(parts), tuple(parameters), "Edm.Boolean", True)


def _compare(sql: str) -> Build:
    def build(subject: Subject, values: Sequence[str], settings: Settings) -> Piece:
        del settings
        return _condition(subject, f"({{}} {sql} ?)", operand(subject, values[0]))

    return build


def _differs(subject: Subject, values: Sequence[str], settings: Settings) -> Piece:
    del settings
    return _condition(subject, "({} IS NOT ?)", operand(subject, values[0]))


def _like(shape: str, *, denies: bool = False) -> Build:
    def build(subject: Subject, values: Sequence[str], settings: Settings) -> Piece:
        del settings
        found = scalar.like(subject.piece, shape.format(values[0]))
        if not denies:
            return found
        text = f"(NOT coalesce({found.text}, 0))"
        return Piece(text, found.parameters, "Edm.Boolean", True)

    return build


def _null(sql: str) -> Build:
    return lambda subject, values, settings: _condition(subject, f"({{}} {sql})")


def _among(*, denies: bool = False) -> Build:
    def build(subject: Subject, values: Sequence[str], settings: Settings) -> Piece:
        del settings
        if subject.kind == "choices":
            found: list[object] = [operand(subject, ",".join(values))]
        else:
            found = [operand(subject, value) for value in values]
        marks = ", ".join("?" * len(found))
        if denies:
            return _condition(subject, f"({{}} NOT IN ({marks}) OR {{}} IS NULL)", *found)
        return _condition(subject, f"({{}} IN ({marks}))", *found)

    return build


def _between(*, denies: bool = False) -> Build:
    def build(subject: Subject, values: Sequence[str], settings: Settings) -> Piece:
        del settings
        low, high = (operand(subject, value) for value in values)
        if denies:
            return _condition(subject, "({} NOT BETWEEN ? AND ? OR {} IS NULL)", low, high)
        return _condition(subject, "({} BETWEEN ? AND ?)", low, high)

    return build


def _contains(*, denies: bool = False) -> Build:
    """On choice columns with several values: any of the values given."""

    def build(subject: Subject, values: Sequence[str], settings: Settings) -> Piece:
        del settings
        wanted = [f",{operand(subject, value)}," for value in values]
        if any(text.count(",") > 2 for text in wanted):
            raise BadOperand("value", f"A single value of '{subject.shown}' is expected.")
        probes = " OR ".join(["instr(',' || {} || ',', ?) > 0"] * len(wanted))
        if denies:
            return _condition(subject, f"(NOT coalesce({probes}, 0))", *wanted)
        return _condition(subject, f"({probes})", *wanted)

    return build


# -- time -------------------------------------------------------------------------------------


def _within(subject: Subject, span: Callable[[datetime], Span]) -> Piece:
    edges = (Edge(span, 0, subject.is_date_only), Edge(span, 1, subject.is_date_only))
    return _condition(subject, "({} >= ? AND {} < ?)", *edges)


def _span(span: Callable[[datetime], Span]) -> Build:
    return lambda subject, values, settings: _within(subject, span)


def _counted(span_of: SpanOf) -> Build:
    def build(subject: Subject, values: Sequence[str], settings: Settings) -> Piece:
        counts = [_count(subject, value) for value in values]
        return _within(subject, span_of(counts, settings.fiscal))

    return build


def _count(subject: Subject, text: str) -> int:
    bare = text.strip()
    if not bare.isascii() or not bare.isdigit() or not 1 <= int(bare[:9]) <= LARGEST_COUNT:
        raise BadOperand(
            "value",
            f"Condition for attribute '{subject.shown}': integer values greater than 0 are "
            f"expected but received '{text}'.",
        )
    return int(bare)


def _older(unit: str) -> Build:
    def build(subject: Subject, values: Sequence[str], settings: Settings) -> Piece:
        del settings
        span = periods.older(unit, _count(subject, values[0]))
        return _condition(subject, "({} < ?)", Edge(span, 1, subject.is_date_only))

    return build


def _on(template: str, *sides: int) -> Build:
    """A day that is given: its start is side 0, its end side 1."""

    def build(subject: Subject, values: Sequence[str], settings: Settings) -> Piece:
        del settings
        start = periods.day_of(moment_of(values[0]))
        edges = (start, periods.shifted(start, days=1))
        shown = [periods.stored(edges[side], subject.is_date_only) for side in sides]
        return _condition(subject, template, *shown)

    return build


def _year_number(subject: Subject, text: str) -> int:
    number = _count(subject, text)
    if not 1753 <= number <= 9998:
        raise BadOperand("value", f"The fiscal year '{text}' is outside the supported range.")
    return number


def _period_number(subject: Subject, text: str, fiscal: Fiscal) -> int:
    number = _count(subject, text)
    if number > fiscal.periods:
        raise BadOperand("value", f"The fiscal period '{text}' is outside the supported range.")
    return number


def _in_fiscal_year(subject: Subject, values: Sequence[str], settings: Settings) -> Piece:
    span = settings.fiscal.year(_year_number(subject, values[0]))
    return _within(subject, lambda now: span)


def _in_fiscal_period(subject: Subject, values: Sequence[str], settings: Settings) -> Piece:
    fiscal = settings.fiscal
    wanted = _period_number(subject, values[0], fiscal)
    text = (
        f"(((CAST(substr({{}}, 6, 2) AS INTEGER) - {fiscal.first_month} + 12) % 12) "
        f"/ {fiscal.months} + 1 = ?)"
    )
    return _condition(subject, text, wanted)


def _fiscal_edges(template: str, *sides: int) -> Build:
    """Values are the period and then the year."""

    def build(subject: Subject, values: Sequence[str], settings: Settings) -> Piece:
        period = _period_number(subject, values[0], settings.fiscal)
        span = settings.fiscal.period(_year_number(subject, values[1]), period)
        shown = [periods.stored(span[side], subject.is_date_only) for side in sides]
        return _condition(subject, template, *shown)

    return build


# -- people and trees -------------------------------------------------------------------------


def _person(query: PeopleQuery, sql: str) -> Build:
    def build(subject: Subject, values: Sequence[str], settings: Settings) -> Piece:
        del values
        text, parameters = query(settings)
        return _condition(subject, sql.replace("...", text), *parameters)

    return build


def _language(sql: str) -> Build:
    return lambda subject, values, settings: _condition(subject, sql, settings.language)


def _tree(*, upwards: bool, with_root: bool, outside: bool = False) -> Build:
    def build(subject: Subject, values: Sequence[str], settings: Settings) -> Piece:
        key = str(operand(subject, values[0]))
        return people.in_tree(
            subject, settings, key, upwards=upwards, with_root=with_root, outside=outside
        )

    return build


# -- the table --------------------------------------------------------------------------------

_EQUALS, _ONE_OF = "({} = (...))", "({} IN (...))"
_NOT_EQUAL = "({} IS NOT (...))"


def _table() -> list[Operator]:
    rows = [
        Operator("eq", "", 1, 1, _ANY, _compare("=")),
        Operator("ne", "", 1, 1, _ANY, _differs),
        Operator("neq", "", 1, 1, _ANY, _differs),
        Operator("gt", "", 1, 1, _ORDERED, _compare(">")),
        Operator("ge", "", 1, 1, _ORDERED, _compare(">=")),
        Operator("lt", "", 1, 1, _ORDERED, _compare("<")),
        Operator("le", "", 1, 1, _ORDERED, _compare("<=")),
        Operator("like", "", 1, 1, _TEXT, _like("{}")),
        Operator("not-like", "", 1, 1, _TEXT, _like("{}", denies=True)),
        Operator("begins-with", "", 1, 1, _TEXT, _like("{}%")),
        Operator("not-begin-with", "", 1, 1, _TEXT, _like("{}%", denies=True)),
        Operator("ends-with", "", 1, 1, _TEXT, _like("%{}")),
        Operator("not-end-with", "", 1, 1, _TEXT, _like("%{}", denies=True)),
        Operator("null", "", 0, 0, _ANY, _null("IS NULL")),
        Operator("not-null", "", 0, 0, _ANY, _null("IS NOT NULL")),
        Operator("in", "In", 1, MANY, _ANY, _among()),
        Operator("not-in", "NotIn", 1, MANY, _ANY, _among(denies=True)),
        Operator("between", "Between", 2, 2, _ORDERED, _between()),
        Operator("not-between", "NotBetween", 2, 2, _ORDERED, _between(denies=True)),
        Operator("contain-values", "ContainValues", 1, MANY, frozenset({"choices"}), _contains()),
        Operator(
            *("not-contain-values", "DoesNotContainValues", 1, MANY, frozenset({"choices"})),
            _contains(denies=True),
        ),
    ]
    return rows + _people() + _days() + _runs() + _fiscal()


def _people() -> list[Operator]:
    def same(query: PeopleQuery) -> Build:
        return _person(query, _EQUALS)

    def other(query: PeopleQuery) -> Build:
        return _person(query, _NOT_EQUAL)

    def some(query: PeopleQuery) -> Build:
        return _person(query, _ONE_OF)

    return [
        Operator("eq-userid", "EqualUserId", 0, 0, _ID, same(people.user)),
        Operator("ne-userid", "NotEqualUserId", 0, 0, _ID, other(people.user)),
        Operator("eq-businessid", "EqualBusinessId", 0, 0, _ID, same(people.business_unit)),
        Operator(
            *("ne-businessid", "NotEqualBusinessId", 0, 0, _ID),
            other(people.business_unit),
        ),
        Operator("eq-userteams", "EqualUserTeams", 0, 0, _ID, some(people.teams)),
        Operator(
            "eq-useroruserteams", "EqualUserOrUserTeams", 0, 0, _ID, some(people.user_or_teams)
        ),
        Operator(
            "eq-useroruserhierarchy", "EqualUserOrUserHierarchy", 0, 0, _ID, some(people.reports)
        ),
        Operator(
            *("eq-useroruserhierarchyandteams", "EqualUserOrUserHierarchyAndTeams", 0, 0, _ID),
            some(people.reports_and_teams),
        ),
        Operator("eq-userlanguage", "EqualUserLanguage", 0, 0, _ANY, _language("({} = ?)")),
        Operator("ne-userlanguage", "", 0, 0, _ANY, _language("({} IS NOT ?)")),
        Operator("above", "Above", 1, 1, _ID, _tree(upwards=True, with_root=False)),
        Operator("eq-or-above", "AboveOrEqual", 1, 1, _ID, _tree(upwards=True, with_root=True)),
        Operator("under", "Under", 1, 1, _ID, _tree(upwards=False, with_root=False)),
        Operator("eq-or-under", "UnderOrEqual", 1, 1, _ID, _tree(upwards=False, with_root=True)),
        Operator(
            *("not-under", "NotUnder", 1, 1, _ID),
            _tree(upwards=False, with_root=False, outside=True),
        ),
    ]


def _days() -> list[Operator]:
    spans: list[tuple[str, str, Callable[[datetime], Span]]] = [
        ("yesterday", "Yesterday", periods.day(-1)),
        ("today", "Today", periods.day(0)),
        ("tomorrow", "Tomorrow", periods.day(1)),
        ("last-seven-days", "Last7Days", periods.days(-7, 1)),
        ("next-seven-days", "Next7Days", periods.days(0, 8)),
    ]
    for number, word in ((-1, "last"), (0, "this"), (1, "next")):
        name = word.capitalize()
        spans += [
            (f"{word}-week", f"{name}Week", periods.week(number)),
            (f"{word}-month", f"{name}Month", periods.months(number)),
            (f"{word}-year", f"{name}Year", periods.months(number, 12)),
        ]
    return [
        *(Operator(name, function, 0, 0, _DATE, _span(span)) for name, function, span in spans),
        Operator("on", "On", 1, 1, _DATE, _on("({} >= ? AND {} < ?)", 0, 1)),
        Operator("not-on", "NotOn", 1, 1, _DATE, _on("({} < ? OR {} >= ? OR {} IS NULL)", 0, 1)),
        Operator("on-or-after", "OnOrAfter", 1, 1, _DATE, _on("({} >= ?)", 0)),
        Operator("on-or-before", "OnOrBefore", 1, 1, _DATE, _on("({} < ?)", 1)),
    ]


def _units(run: Callable[[str, int], Callable[[datetime], Span]], unit: str) -> SpanOf:
    return lambda counts, fiscal: run(unit, counts[0])


def _one(run: Callable[[Fiscal, int, int], Callable[[datetime], Span]], number: int) -> SpanOf:
    return lambda counts, fiscal: run(fiscal, number, number + 1)


def _runs() -> list[Operator]:
    rows = []
    for unit in ("hours", "days", "weeks", "months", "years"):
        name = unit.capitalize()
        rows += [
            Operator(
                *(f"last-x-{unit}", f"LastX{name}", 1, 1, _DATE),
                _counted(_units(periods.past, unit)),
            ),
            Operator(
                *(f"next-x-{unit}", f"NextX{name}", 1, 1, _DATE),
                _counted(_units(periods.coming, unit)),
            ),
        ]
    for unit in ("minutes", "hours", "days", "weeks", "months", "years"):
        name = unit.capitalize()
        rows.append(Operator(f"olderthan-x-{unit}", f"OlderThanX{name}", 1, 1, _DATE, _older(unit)))
    return rows


def _fiscal() -> list[Operator]:
    years, spans = periods.fiscal_years, periods.fiscal_periods
    rows = []
    for number, word in ((-1, "last"), (0, "this"), (1, "next")):
        name = word.capitalize()
        rows += [
            Operator(
                *(f"{word}-fiscal-year", f"{name}FiscalYear", 0, 0, _DATE),
                _counted(_one(years, number)),
            ),
            Operator(
                *(f"{word}-fiscal-period", f"{name}FiscalPeriod", 0, 0, _DATE),
                _counted(_one(spans, number)),
            ),
        ]
    runs: list[tuple[str, str, SpanOf]] = [
        ("last-x-fiscal-years", "LastXFiscalYears", lambda c, f: years(f, -c[0], 0)),
        ("next-x-fiscal-years", "NextXFiscalYears", lambda c, f: years(f, 1, 1 + c[0])),
        ("last-x-fiscal-periods", "LastXFiscalPeriods", lambda c, f: spans(f, -c[0], 0)),
        ("next-x-fiscal-periods", "NextXFiscalPeriods", lambda c, f: spans(f, 1, 1 + c[0])),
    ]
    rows += [Operator(name, func, 1, 1, _DATE, _counted(run)) for name, func, run in runs]
    return [
        *rows,
        Operator("in-fiscal-year", "InFiscalYear", 1, 1, _DATE, _in_fiscal_year),
        Operator("in-fiscal-period", "InFiscalPeriod", 1, 1, _DATE, _in_fiscal_period),
        Operator(
            *("in-fiscal-period-and-year", "InFiscalPeriodAndYear", 2, 2, _DATE),
            _fiscal_edges("({} >= ? AND {} < ?)", 0, 1),
        ),
        Operator(
            *("in-or-after-fiscal-period-and-year", "InOrAfterFiscalPeriodAndYear", 2, 2, _DATE),
            _fiscal_edges("({} >= ?)", 0),
        ),
        Operator(
            *("in-or-before-fiscal-period-and-year", "InOrBeforeFiscalPeriodAndYear", 2, 2, _DATE),
            _fiscal_edges("({} < ?)", 1),
        ),
    ]


OPERATORS = tuple(_table())
BY_FETCH_NAME = {operator.name: operator for operator in OPERATORS}
BY_FUNCTION_NAME = {operator.function: operator for operator in OPERATORS if operator.function}

__all__ = ["BY_FETCH_NAME", "BY_FUNCTION_NAME", "OPERATORS", "Operator"]

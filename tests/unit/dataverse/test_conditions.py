"""Every condition operator on a fixed clock: which values it takes, which it refuses."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import pytest

from windtunnel.contracts.entities.dataverse import ColumnDefinition
from windtunnel.simulator.odata.pieces import Piece
from windtunnel.simulator.services.dataverse.model.conditions import (
    BY_FETCH_NAME,
    BY_FUNCTION_NAME,
    BadOperand,
    Settings,
    Subject,
)
from windtunnel.simulator.services.dataverse.model.conditions.periods import Fiscal

NOW = datetime(2024, 5, 15, 12, 30, tzinfo=UTC)  # a Wednesday
ME = "11111111-1111-1111-1111-111111111111"
TYPES = {
    "text": ("String", "Edm.String"),
    "number": ("Integer", "Edm.Int32"),
    "money": ("Money", "Edm.Decimal"),
    "choice": ("Picklist", "Edm.Int32"),
    "flag": ("Boolean", "Edm.Boolean"),
    "choices": ("MultiSelectPicklist", "Edm.String"),
    "moment": ("DateTime", "Edm.DateTimeOffset"),
    "day": ("DateTime", "Edm.Date"),
    "id": ("Uniqueidentifier", "Edm.Guid"),
}


def subject(kind: str) -> Subject:
    declared, edm = TYPES[kind]
    collated = " COLLATE NOCASE" if edm == "Edm.String" else ""
    column = ColumnDefinition("x", declared, edm)
    return Subject(Piece(f"v.x{collated}", (), edm), column, "thing")


def holds(kind: str, operator: str, given: tuple[str, ...], value: object) -> bool:
    piece = BY_FETCH_NAME[operator].apply(subject(kind), given, Settings({}))
    database = sqlite3.connect(":memory:")
    sql = f"SELECT coalesce({piece.text}, 0) FROM (SELECT ? AS x) v"
    # The value stands behind the condition in the text.
    bound = piece.bound(NOW.timestamp(), ME)
    found = bool(database.execute(sql, (*bound, value)).fetchone()[0])
    database.close()
    return found


PLAIN = [
    ("text", "eq", ["ab"], ["AB", "ab"], ["a", None]),
    ("text", "ne", ["ab"], ["a", None], ["AB"]),
    ("text", "neq", ["ab"], ["a", None], ["AB"]),
    ("text", "gt", ["b"], ["c"], ["b", "a", None]),
    ("text", "like", ["a%c"], ["abc", "AC"], ["acd", None]),
    ("text", "like", ["[ab]_"], ["a1", "B2"], ["c1", "a"]),
    ("text", "like", ["[^a]x"], ["bx"], ["ax"]),
    ("text", "not-like", ["a%"], ["b", None], ["ab"]),
    ("text", "begins-with", ["ab"], ["abc"], ["cab", None]),
    ("text", "not-begin-with", ["ab"], ["cab", None], ["abc"]),
    ("text", "ends-with", ["bc"], ["abc"], ["bcd"]),
    ("text", "not-end-with", ["bc"], ["bcd", None], ["abc"]),
    ("text", "null", [], [None], [""]),
    ("text", "not-null", [], ["", "a"], [None]),
    ("text", "in", ["a", "b"], ["A", "b"], ["c", None]),
    ("text", "not-in", ["a", "b"], ["c", None], ["a"]),
    ("number", "eq", ["5"], [5], [4, None]),
    ("number", "ge", ["5"], [5, 6], [4, None]),
    ("number", "le", ["5"], [5, 4], [6]),
    ("number", "lt", [" 5 "], [4], [5]),
    ("number", "between", ["5", "7"], [5, 6, 7], [4, 8, None]),
    ("number", "not-between", ["5", "7"], [4, 8, None], [5, 7]),
    ("money", "gt", ["5.5"], [5.6], [5.5]),
    ("choice", "in", ["1", "2"], [1, 2], [3]),
    ("flag", "eq", ["true"], [1], [0, None]),
    ("flag", "eq", ["0"], [0], [1]),
    ("choices", "contain-values", ["1", "3"], ["1,2", "3"], ["2", "11,13", None]),
    ("choices", "not-contain-values", ["1"], ["2", "11", None], ["1,2"]),
    ("choices", "in", ["2", "1"], ["1,2"], ["1", "1,2,3"]),
    ("id", "eq", ["{11111111-1111-1111-1111-111111111111}"], [ME], [None]),
    ("id", "eq-userid", [], [ME], ["2", None]),
    ("id", "ne-userid", [], ["2", None], [ME]),
    ("number", "eq-userlanguage", [], [1033], [1031]),
    ("number", "ne-userlanguage", [], [1031, None], [1033]),
]


@pytest.mark.parametrize(("kind", "operator", "given", "inside", "outside"), PLAIN)
def test_plain_operators(kind, operator, given, inside, outside):
    assert [v for v in inside if not holds(kind, operator, tuple(given), v)] == []
    assert [v for v in outside if holds(kind, operator, tuple(given), v)] == []


TIMES = [
    # operator, values, first moment inside, last moment inside
    ("yesterday", [], "2024-05-14T00:00:00Z", "2024-05-14T23:59:59Z"),
    ("today", [], "2024-05-15T00:00:00Z", "2024-05-15T23:59:59Z"),
    ("tomorrow", [], "2024-05-16T00:00:00Z", "2024-05-16T23:59:59Z"),
    ("last-seven-days", [], "2024-05-08T00:00:00Z", "2024-05-15T23:59:59Z"),
    ("next-seven-days", [], "2024-05-15T00:00:00Z", "2024-05-22T23:59:59Z"),
    ("last-week", [], "2024-05-05T00:00:00Z", "2024-05-11T23:59:59Z"),
    ("this-week", [], "2024-05-12T00:00:00Z", "2024-05-18T23:59:59Z"),
    ("next-week", [], "2024-05-19T00:00:00Z", "2024-05-25T23:59:59Z"),
    ("last-month", [], "2024-04-01T00:00:00Z", "2024-04-30T23:59:59Z"),
    ("this-month", [], "2024-05-01T00:00:00Z", "2024-05-31T23:59:59Z"),
    ("next-month", [], "2024-06-01T00:00:00Z", "2024-06-30T23:59:59Z"),
    ("last-year", [], "2023-01-01T00:00:00Z", "2023-12-31T23:59:59Z"),
    ("this-year", [], "2024-01-01T00:00:00Z", "2024-12-31T23:59:59Z"),
    ("next-year", [], "2025-01-01T00:00:00Z", "2025-12-31T23:59:59Z"),
    ("on", ["2024-02-29"], "2024-02-29T00:00:00Z", "2024-02-29T23:59:59Z"),
    ("on", ["2/29/2024 1:05 PM"], "2024-02-29T00:00:00Z", "2024-02-29T23:59:59Z"),
    ("on-or-after", ["2024-02-29"], "2024-02-29T00:00:00Z", None),
    ("on-or-before", ["2024-02-29"], None, "2024-02-29T23:59:59Z"),
    ("last-x-hours", ["3"], "2024-05-15T09:30:00Z", "2024-05-15T12:30:00Z"),
    ("next-x-hours", ["3"], "2024-05-15T12:30:00Z", "2024-05-15T15:30:00Z"),
    ("last-x-days", ["3"], "2024-05-12T00:00:00Z", "2024-05-15T12:30:00Z"),
    ("next-x-days", ["3"], "2024-05-15T12:30:00Z", "2024-05-18T23:59:59Z"),
    ("last-x-weeks", ["2"], "2024-05-01T00:00:00Z", "2024-05-15T12:30:00Z"),
    ("next-x-weeks", ["2"], "2024-05-15T12:30:00Z", "2024-05-29T23:59:59Z"),
    ("last-x-months", ["3"], "2024-02-15T00:00:00Z", "2024-05-15T12:30:00Z"),
    ("next-x-months", ["1"], "2024-05-15T12:30:00Z", "2024-06-15T23:59:59Z"),
    ("last-x-years", ["1"], "2023-05-15T00:00:00Z", "2024-05-15T12:30:00Z"),
    ("next-x-years", ["1"], "2024-05-15T12:30:00Z", "2025-05-15T23:59:59Z"),
    ("olderthan-x-minutes", ["30"], None, "2024-05-15T11:59:59Z"),
    ("olderthan-x-hours", ["3"], None, "2024-05-15T09:29:59Z"),
    ("olderthan-x-days", ["3"], None, "2024-05-12T12:29:59Z"),
    ("olderthan-x-weeks", ["1"], None, "2024-05-08T12:29:59Z"),
    ("olderthan-x-months", ["3"], None, "2024-02-15T12:29:59Z"),
    ("olderthan-x-years", ["1"], None, "2023-05-15T12:29:59Z"),
    ("last-fiscal-year", [], "2023-01-01T00:00:00Z", "2023-12-31T23:59:59Z"),
    ("this-fiscal-year", [], "2024-01-01T00:00:00Z", "2024-12-31T23:59:59Z"),
    ("next-fiscal-year", [], "2025-01-01T00:00:00Z", "2025-12-31T23:59:59Z"),
    ("last-fiscal-period", [], "2024-01-01T00:00:00Z", "2024-03-31T23:59:59Z"),
    ("this-fiscal-period", [], "2024-04-01T00:00:00Z", "2024-06-30T23:59:59Z"),
    ("next-fiscal-period", [], "2024-07-01T00:00:00Z", "2024-09-30T23:59:59Z"),
    ("last-x-fiscal-years", ["2"], "2022-01-01T00:00:00Z", "2023-12-31T23:59:59Z"),
    ("next-x-fiscal-years", ["2"], "2025-01-01T00:00:00Z", "2026-12-31T23:59:59Z"),
    ("last-x-fiscal-periods", ["2"], "2023-10-01T00:00:00Z", "2024-03-31T23:59:59Z"),
    ("next-x-fiscal-periods", ["2"], "2024-07-01T00:00:00Z", "2024-12-31T23:59:59Z"),
    ("in-fiscal-year", ["2022"], "2022-01-01T00:00:00Z", "2022-12-31T23:59:59Z"),
    ("in-fiscal-period-and-year", ["2", "2022"], "2022-04-01T00:00:00Z", "2022-06-30T23:59:59Z"),
    ("in-or-after-fiscal-period-and-year", ["2", "2022"], "2022-04-01T00:00:00Z", None),
    ("in-or-before-fiscal-period-and-year", ["2", "2022"], None, "2022-06-30T23:59:59Z"),
]


@pytest.mark.parametrize(("operator", "given", "first", "last"), TIMES)
def test_time_operators_begin_and_end_to_the_second(operator, given, first, last):
    def moved(text: str, seconds: int) -> str:
        moment = datetime.fromisoformat(text).timestamp() + seconds
        return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    if first is not None:
        assert holds("moment", operator, tuple(given), first)
        assert not holds("moment", operator, tuple(given), moved(first, -1))
    if last is not None:
        assert holds("moment", operator, tuple(given), last)
        assert not holds("moment", operator, tuple(given), moved(last, 1))
    assert not holds("moment", operator, tuple(given), None)


DAYS = [
    ("today", [], ["2024-05-15"], ["2024-05-14", "2024-05-16"]),
    ("last-x-days", ["3"], ["2024-05-12", "2024-05-15"], ["2024-05-11", "2024-05-16"]),
    ("next-x-days", ["1"], ["2024-05-16"], ["2024-05-15", "2024-05-17"]),
    ("olderthan-x-days", ["1"], ["2024-05-14"], ["2024-05-15"]),
    ("on", ["2024-05-01"], ["2024-05-01"], ["2024-05-02"]),
    ("in-fiscal-period", ["2"], ["2020-04-01", "2023-06-30"], ["2020-03-31", "2020-07-01"]),
    ("between", ["2024-05-01", "2024-05-03"], ["2024-05-02"], ["2024-05-04"]),
]


@pytest.mark.parametrize(("operator", "given", "inside", "outside"), DAYS)
def test_columns_of_days_compare_with_days(operator, given, inside, outside):
    assert [v for v in inside if not holds("day", operator, tuple(given), v)] == []
    assert [v for v in outside if holds("day", operator, tuple(given), v)] == []


REFUSED = [
    ("number", "eq", ["abc"], "value"),
    ("number", "eq", [], "count"),
    ("number", "between", ["1"], "count"),
    ("number", "like-nothing", [], None),
    ("text", "last-x-days", ["3"], "operator"),
    ("moment", "last-x-days", ["0"], "value"),
    ("moment", "last-x-days", ["-1"], "value"),
    ("moment", "last-x-days", ["99999999999999999999"], "value"),
    ("moment", "on", ["2024-13-01"], "date"),
    ("moment", "eq", ["soon"], "date"),
    ("moment", "on", ["13/40/2024"], "date"),
    ("moment", "in-fiscal-period-and-year", ["5", "2024"], "value"),
    ("moment", "in-fiscal-year", ["99"], "value"),
    ("id", "eq", ["not-a-guid"], "value"),
    ("id", "gt", [ME], "operator"),
    ("flag", "eq", ["maybe"], "value"),
    ("choice", "eq", ["Preferred"], "value"),
    ("choices", "contain-values", ["1,2"], "value"),
    ("text", "contain-values", ["1"], "operator"),
    ("id", "under", [ME], "operator"),
]


@pytest.mark.parametrize(("kind", "operator", "given", "fault"), REFUSED)
def test_what_does_not_fit_is_refused(kind, operator, given, fault):
    if fault is None:
        assert operator not in BY_FETCH_NAME
        return
    with pytest.raises(BadOperand) as refused:
        holds(kind, operator, tuple(given), None)
    assert refused.value.fault == fault


@pytest.mark.parametrize("operator", sorted(BY_FETCH_NAME))
def test_long_spans_stay_within_what_can_be_stored(operator):
    found = BY_FETCH_NAME[operator]
    if "-x-" not in operator:
        return
    assert found.function
    piece = found.apply(subject("moment"), ("100000",), Settings({}))
    for value in piece.bound(NOW.timestamp()):
        assert "1753" <= value <= "9999-12-31T23:59:59Z"


def test_a_fiscal_year_may_begin_in_any_month():
    fiscal = Fiscal(first_month=7, periods=12)
    assert fiscal.year_of(NOW) == 2023
    assert fiscal.period_of(NOW) == 11
    assert fiscal.period(2023, 11) == (
        datetime(2024, 5, 1, tzinfo=UTC),
        datetime(2024, 6, 1, tzinfo=UTC),
    )


def test_every_function_of_the_reference_is_there():
    dates = "Today Yesterday Tomorrow Last7Days Next7Days On OnOrAfter OnOrBefore"
    around = [
        f"{when}{what}"
        for when in ("Last", "This", "Next")
        for what in ("Week", "Month", "Year", "FiscalPeriod", "FiscalYear")
    ]
    runs = [
        f"{when}X{what}"
        for when in ("Last", "Next")
        for what in ("Hours", "Days", "Weeks", "Months", "Years", "FiscalPeriods", "FiscalYears")
    ]
    older = [
        f"OlderThanX{what}" for what in ("Minutes", "Hours", "Days", "Weeks", "Months", "Years")
    ]
    others = (
        "InFiscalPeriod InFiscalYear InFiscalPeriodAndYear InOrAfterFiscalPeriodAndYear "
        "InOrBeforeFiscalPeriodAndYear EqualUserId NotEqualUserId EqualBusinessId "
        "NotEqualBusinessId EqualUserTeams EqualUserOrUserTeams EqualUserOrUserHierarchy "
        "EqualUserOrUserHierarchyAndTeams EqualUserLanguage Above AboveOrEqual Under UnderOrEqual "
        "NotUnder ContainValues DoesNotContainValues Between NotBetween In NotIn"
    )
    wanted = {*dates.split(), *around, *runs, *older, *others.split()}
    assert wanted - set(BY_FUNCTION_NAME) == set()

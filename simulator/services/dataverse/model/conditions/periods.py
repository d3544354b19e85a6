"""Spans of time that conditions name: days, weeks from Sunday, months, years, fiscal periods.

Source: "Condition operator values" (FetchXML reference) and "ConditionOperator". Spans are
half-open and in UTC, which is the time zone of a user without personal settings.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from windtunnel.simulator.odata.pieces import Late

Span: TypeAlias = tuple[datetime, datetime]
EARLIEST = datetime(1753, 1, 1, tzinfo=UTC)
LATEST = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Fiscal:
    """The fiscal calendar: the month its year starts in, and how many periods a year has.

    A new organisation has quarters from January. Years are named by the year they start in.
    """

    first_month: int = 1
    periods: int = 4

    @property
    def months(self) -> int:
        """The months of one period."""
        return 12 // self.periods

    def year_of(self, moment: datetime) -> int:
        """The fiscal year that a moment belongs to."""
        return moment.year if moment.month >= self.first_month else moment.year - 1

    def period_of(self, moment: datetime) -> int:
        """The fiscal period within its year, from 1."""
        return (moment.month - self.first_month) % 12 // self.months + 1

    def year(self, number: int) -> Span:
        """The span of a fiscal year."""
        return _first(number, self.first_month), _first(number + 1, self.first_month)

    def period(self, year: int, number: int) -> Span:
        """The span of a fiscal period; numbers beyond the year run on."""
        months = self.first_month - 1 + (number - 1) * self.months
        start = _first(year + months // 12, months % 12 + 1)
        return start, later(start, self.months)


def _first(year: int, month: int) -> datetime:
    if not 1 <= year <= 9999:
        return EARLIEST if year < 1 else LATEST
    return datetime(year, month, 1, tzinfo=UTC)


def day_of(moment: datetime) -> datetime:
    """The start of the day."""
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def later(moment: datetime, months: int) -> datetime:
    """Whole months on (or back), on the last day where the month is too short."""
    total = moment.year * 12 + moment.month - 1 + months
    year, month = total // 12, total % 12 + 1
    if not EARLIEST.year <= year <= 9999:
        return EARLIEST if year < EARLIEST.year else LATEST
    day = min(moment.day, calendar.monthrange(year, month)[1])
    return moment.replace(year=year, month=month, day=day)


def shifted(moment: datetime, **parts: float) -> datetime:
    """A moment moved by a time difference, held within what the service can store."""
    try:
        moved = moment + timedelta(**parts)
    except OverflowError:
        return LATEST if next(iter(parts.values())) > 0 else EARLIEST
    return max(moved, EARLIEST)


def day(offset: int) -> Callable[[datetime], Span]:
    """The day `offset` days from today."""

    def span(now: datetime) -> Span:
        start = day_of(now) + timedelta(days=offset)
        return start, start + timedelta(days=1)

    return span


def days(first: int, behind: int) -> Callable[[datetime], Span]:
    """From the start of the day `first` days from now until the day `behind` days from now."""

    def span(now: datetime) -> Span:
        today = day_of(now)
        return today + timedelta(days=first), today + timedelta(days=behind)

    return span


def week(offset: int) -> Callable[[datetime], Span]:
    """A week, Sunday to Saturday."""

    def span(now: datetime) -> Span:
        sunday = day_of(now) - timedelta(days=(now.weekday() + 1) % 7)
        start = sunday + timedelta(weeks=offset)
        return start, start + timedelta(weeks=1)

    return span


def months(offset: int, length: int = 1) -> Callable[[datetime], Span]:
    """A calendar month or, with a length of 12, a calendar year."""

    def span(now: datetime) -> Span:
        first = day_of(now).replace(day=1)
        start = later(first.replace(month=1) if length == 12 else first, offset * length)
        return start, later(start, length)

    return span


def past(unit: str, count: int) -> Callable[[datetime], Span]:
    """The last `count` units until now: hours to the second, the others from the start of a day."""

    def span(now: datetime) -> Span:
        end = shifted(now, seconds=1)
        if unit == "hours":
            return shifted(now, hours=-count), end
        return day_of(moved(now, unit, -count)), end

    return span


def coming(unit: str, count: int) -> Callable[[datetime], Span]:
    """The next `count` units from now: hours to the second, the others to the end of a day."""

    def span(now: datetime) -> Span:
        if unit == "hours":
            return now, shifted(now, seconds=count * 3600 + 1)
        return now, shifted(day_of(moved(now, unit, count)), days=1)

    return span


def moved(moment: datetime, unit: str, count: int) -> datetime:
    """A moment `count` units on; `unit` is minutes, hours, days, weeks, months or years."""
    if unit in {"months", "years"}:
        return later(moment, count * (12 if unit == "years" else 1))
    return shifted(moment, **{unit: count})


def older(unit: str, count: int) -> Callable[[datetime], Span]:
    """All time before `count` units ago."""
    return lambda now: (EARLIEST, moved(now, unit, -count))


def fiscal_years(fiscal: Fiscal, first: int, behind: int) -> Callable[[datetime], Span]:
    """Fiscal years, counted from the present one, from `first` until before `behind`."""

    def span(now: datetime) -> Span:
        year = fiscal.year_of(now)
        return fiscal.year(year + first)[0], fiscal.year(year + behind)[0]

    return span


def fiscal_periods(fiscal: Fiscal, first: int, behind: int) -> Callable[[datetime], Span]:
    """Fiscal periods, counted from the present one, from `first` until before `behind`."""

    def span(now: datetime) -> Span:
        year, period = fiscal.year_of(now), fiscal.period_of(now)
        start = fiscal.period(year, period + first)[0]
        return start, fiscal.period(year, period + behind)[0]

    return span


@dataclass(frozen=True, slots=True)
class Edge(Late):
    """The start (0) or the end (1) of a span, as a column of dates or moments keeps it."""

    span: Callable[[datetime], Span]
    side: int
    is_date: bool

    def at(self, now: float, user: str) -> Any:
        """The stored form of the edge."""
        del user
        return stored(self.span(datetime.fromtimestamp(now, UTC))[self.side], self.is_date)


def stored(moment: datetime, is_date: bool) -> str:
    """An edge as the store keeps it: a moment to the second, or the first day at or after it."""
    if is_date and moment != day_of(moment):
        moment = shifted(day_of(moment), days=1)
    text = f"{moment.year:04}-{moment.month:02}-{moment.day:02}"
    return text if is_date else f"{text}T{moment:%H:%M:%S}Z"

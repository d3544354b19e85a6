"""What one limit is, and the table of all of them; every user of a limit reads its row here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from enum import StrEnum
from math import inf


class Confidence(StrEnum):
    """How sure a number is."""

    DOCUMENTED = "documented"
    OBSERVED = "observed"
    UNCONFIRMED = "unconfirmed"
    MODEL = "ours"


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of a service: `allowance` of `unit` in any `seconds` (0: no window), per `scope`.

    `status`, `code` (hexadecimal text) and `decimal` are what a refused caller gets; 0 and "" where
    the service does not refuse. `text` is the message: `{n}` is the allowance, `{ms}` the same in
    thousandths, `{window}` the seconds of the window, `{retry}` the Retry-After. `since` and
    `until` are the releases between which it exists, `on_since` and `on_until` those between which
    it is on unless an environment chose otherwise; the later one is exclusive, empty means no end.
    """

    id: str
    service: str
    facet: str
    allowance: float
    unit: str
    seconds: float = 0
    scope: str = ""
    status: int = 0
    code: str = ""
    decimal: int = 0
    text: str = ""
    since: str = ""
    until: str = ""
    on_since: str = ""
    on_until: str = ""
    source: str = ""
    confidence: Confidence = Confidence.DOCUMENTED
    note: str = ""

    def message(self, retry_after_seconds: int = 0) -> str:
        """The text of a refusal, its numbers written as the service writes them."""
        return self.text.format(
            n=self.allowance,
            ms=self.allowance * 1000,
            window=self.seconds,
            retry=retry_after_seconds,
        )

    def holds_in(self, release: str) -> bool:
        """Whether the limit exists in a release; one that cannot be read is today's."""
        return _between(self.since, release, self.until)

    def is_on_in(self, release: str) -> bool:
        """Whether the limit is on in a release unless an environment chose otherwise."""
        return self.holds_in(release) and _between(self.on_since, release, self.on_until)


def release_number(release: str) -> tuple[float, ...]:
    """A release such as 10.0.43 as numbers that compare; what is none is later than all."""
    parts = release.split(".")
    return tuple(map(int, parts)) if all(p.isascii() and p.isdigit() for p in parts) else (inf,)


def _between(since: str, release: str, until: str) -> bool:
    number = release_number(release)
    return not (since and number < release_number(since)) and not (
        until and number >= release_number(until)
    )


class UnknownLimit(LookupError):
    """No limit has this id; `suggestion` is the nearest id or empty."""

    def __init__(self, limit_id: str, known: Iterable[str]) -> None:
        self.limit_id = limit_id
        near = get_close_matches(limit_id, list(known), n=1, cutoff=0.5)
        self.suggestion = near[0] if near else ""
        hint = f"; did you mean '{self.suggestion}'?" if near else ""
        super().__init__(f"no limit has the id '{limit_id}'{hint}")


class Limits(Mapping[str, Limit]):
    """All limits by id; never changes, `override` returns another table."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Iterable[Limit]) -> None:
        self._rows: dict[str, Limit] = {}
        for row in rows:
            if row.id in self._rows:
                raise ValueError(f"two limits have the id '{row.id}'")
            self._rows[row.id] = row

    def __getitem__(self, limit_id: str) -> Limit:
        row = self._rows.get(limit_id)
        if row is None:
            raise UnknownLimit(limit_id, self._rows)
        return row

    def __contains__(self, limit_id: object) -> bool:
        return limit_id in self._rows

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def override(
        self,
        limit_id: str,
        *,
        allowance: float | None = None,
        seconds: float | None = None,
    ) -> Limits:
        """The same table with other numbers in one row; UnknownLimit, or ValueError below 0."""
        row = self[limit_id]
        if allowance is not None:
            if not 0 <= allowance < float("inf"):
                raise ValueError(f"allowance of {limit_id} must be 0 or more, not {allowance}")
            row = replace(row, allowance=allowance)
        if seconds is not None:
            if not row.seconds:
                raise ValueError(f"{limit_id} has no window: leave out its seconds")
            if not 0 < seconds < float("inf"):
                raise ValueError(f"seconds of {limit_id} must be above 0, not {seconds}")
            row = replace(row, seconds=seconds)
        return Limits(row if other.id == limit_id else other for other in self._rows.values())

"""Mistakes in files people write: where, what was found, what was expected, what to do about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from windtunnel.contracts.results import Place


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake; `found` and `expected` may be empty where the message says it all."""

    place: Place
    message: str
    found: str = ""
    expected: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        place = self.place
        where = place.file or "<text>"
        if place.line:
            where += f":{place.line}:{place.column}"
        text = (
            f"{where}: {place.path}: {self.message}" if place.path else f"{where}: {self.message}"
        )
        if self.found:
            text += f"; found {self.found}"
        if self.expected:
            text += f"; expected {self.expected}"
        return f"{text}\n  {self.remedy}" if self.remedy else text


class DocumentError(Exception):
    """A file cannot be used; commands print it and end with exit code 2."""

    is_usage_error = True

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

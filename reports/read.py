"""Result files of a folder, read and checked; a bad file is named with the place in it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from windtunnel.contracts.results import (
    DesignResult,
    LoadResult,
    Outcome,
    Result,
    ScenarioResult,
    Severity,
)

PATTERNS = ("scenario-*.json", "load-*.json", "design-*.json")
MOST_BYTES = 256 * 1024 * 1024
_RESULT: TypeAdapter[ScenarioResult | LoadResult | DesignResult] = TypeAdapter(Result)


class ResultError(Exception):
    """A folder or file that cannot be reported; commands print it and end with exit code 2."""

    is_usage_error = True

    def __init__(self, file: Path, message: str, *, place: str = "", remedy: str = "") -> None:
        self.file, self.place, self.remedy = file, place, remedy
        where = f"{file}:{place}" if place else str(file)
        super().__init__(f"{where}: {message}" + (f"\n  {remedy}" if remedy else ""))


@dataclass(frozen=True, slots=True)
class Results:
    """Everything a run found, each kind in the order it started."""

    scenarios: tuple[ScenarioResult, ...] = ()
    loads: tuple[LoadResult, ...] = ()
    designs: tuple[DesignResult, ...] = ()

    @property
    def all(self) -> tuple[ScenarioResult | LoadResult | DesignResult, ...]:
        """All of them, by kind."""
        return (*self.scenarios, *self.loads, *self.designs)

    @property
    def outcomes(self) -> Counter[Outcome]:
        """How many results ended how."""
        return Counter(one.outcome for one in self.all)

    @property
    def good(self) -> bool:
        """Whether nothing failed."""
        return not (self.outcomes[Outcome.FAILED] or self.outcomes[Outcome.ERROR])

    @property
    def severities(self) -> Counter[Severity]:
        """How many design findings weigh how much."""
        return Counter(finding.severity for design in self.designs for finding in design.findings)

    @property
    def started(self) -> float:
        """When the first of them started, seconds since 1970; 0 when there is none."""
        return min((one.started for one in self.all), default=0.0)


def read_results(folder: Path) -> Results:
    """Read all results of a folder; ResultError names what is wrong."""
    if not folder.is_dir():
        raise ResultError(
            folder, "there is no such folder", remedy="run with --report FOLDER first"
        )
    found = [_read(file) for pattern in PATTERNS for file in sorted(folder.glob(pattern))]
    if not found:
        raise ResultError(
            folder,
            "there are no results in it",
            remedy=f"a result is a file named {', '.join(PATTERNS)}",
        )
    found.sort(key=lambda one: one.started)
    return Results(
        tuple(one for one in found if isinstance(one, ScenarioResult)),
        tuple(one for one in found if isinstance(one, LoadResult)),
        tuple(one for one in found if isinstance(one, DesignResult)),
    )


def _read(file: Path) -> ScenarioResult | LoadResult | DesignResult:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise ResultError(file, f"larger than {MOST_BYTES:,} bytes", remedy="remove it")
        text = file.read_text("utf-8")
        return _RESULT.validate_python(json.loads(text), strict=False)
    except json.JSONDecodeError as error:
        place = f"{error.lineno}:{error.colno}"
        raise ResultError(file, f"not JSON: {error.msg}", place=place, remedy=_AGAIN) from error
    except UnicodeDecodeError as error:
        raise ResultError(file, f"byte {error.start} is not UTF-8", remedy=_AGAIN) from error
    except RecursionError as error:
        raise ResultError(file, "nested too deeply", remedy=_AGAIN) from error
    except OSError as error:
        raise ResultError(file, f"cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        parts = [part for part in first["loc"] if part not in {"scenario", "load", "design"}]
        path = ".".join(str(part) for part in parts)
        more = error.error_count() - 1
        tail = f" (and {more} more)" if more else ""
        raise ResultError(file, f"{first['msg']}{tail}", place=path, remedy=_AGAIN) from error


_AGAIN = "write it again with the same version of windtunnel, or remove it"

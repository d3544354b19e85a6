"""Jobs, files of sources and their states; what electronic reporting needs of the records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class JobState(StrEnum):
    """State of an electronic reporting job."""

    WAITING = "Waiting"
    COMPLETED = "Completed"
    FAILED = "Failed"


class FileState(StrEnum):
    """State of a file of a source: the words of "Configure data import from SharePoint"."""

    READY = "Ready"
    IMPORTING = "Importing"
    IMPORTED = "Imported"
    FAILED = "Failed"
    ON_HOLD = "On hold"


@dataclass(frozen=True, slots=True)
class Job:
    """One run of a format; its file when a destination archives it."""

    id: str
    number: int
    format: str
    company: str
    state: JobState
    started: float
    completed: float | None
    file_name: str
    archived: bool
    log: str


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that a source has seen."""

    source: str
    name: str
    arrived: float
    state: FileState
    records: int
    log: str


class Records(Protocol):
    """Records of the environment, as JSON values; every rule of the entity is kept."""

    def has(self, entity_set: str) -> bool:
        """Whether there is such a set."""
        ...

    def read(
        self, entity_set: str, columns: Sequence[str], company: str
    ) -> Iterator[Sequence[Any]]:
        """The records of a company (empty: of all) in key order. KeyError for a column."""
        ...

    def write(
        self, entity_set: str, rows: Sequence[Mapping[str, Any]], company: str
    ) -> Sequence[str]:
        """Create or change records; returns why some were refused, `row N: text`."""
        ...

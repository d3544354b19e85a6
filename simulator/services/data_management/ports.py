"""What the framework needs of its neighbours; simulator/web/wiring wires it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol

from windtunnel.simulator.exchange import Spooled
from windtunnel.simulator.services.data_management.values import Field


@dataclass(frozen=True, slots=True)
class DataEntity:
    """One data entity as the framework lists it. `name` is its label, `target` its AOT name.

    `depends_on` are labels of entities that its fields point at.
    """

    name: str
    entity_set: str
    target: str
    staging_table: str
    key: tuple[str, ...]
    is_shared: bool
    category: str = "Master"
    depends_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stored:
    """A row that was written, and the key it has now."""

    is_new: bool
    key: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not: Infolog entries and the field to blame, or an empty text."""

    infolog: tuple[str, ...]
    field: str


class Entities(Protocol):
    """The data entities of the environment and their rows."""

    def standard(self) -> Sequence[DataEntity]:
        """The entities that every environment has."""
        ...

    def imported(self) -> Sequence[DataEntity]:
        """The entities of the user's own documents, which may be thousands."""
        ...

    def fields(self, entity_set: str) -> tuple[Field, ...]:
        """The columns that files of an entity may have."""
        ...

    def write(
        self,
        entity_set: str,
        names: Sequence[str],
        rows: Sequence[Sequence[Any]],
        *,
        company: str,
        user: str,
        validates: bool,
        runs_logic: bool,
    ) -> list[Stored | Refused]:
        """Create or change records by the rules of the entity; one outcome a row.

        Fields are always checked and defaults always given; rows are checked where it `validates`,
        and what goes with a row is written where it `runs_logic`.
        """
        ...

    def pages(
        self,
        entity_set: str,
        names: Sequence[str],
        *,
        company: str,
        since: int | None,
        size: Callable[[], int],
        where: str = "",
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Stored values of all records of a company, or of those changed after `since`.

        `size` is asked before each page; `where` is a filter. Raises FilterRefused.
        """
        ...

    def related(
        self, entity_set: str, names: Sequence[str], values: Mapping[str, Any], *, company: str
    ) -> list[tuple[Any, ...]]:
        """Stored values of the records of a company that have these stored values."""
        ...

    def version(self) -> int:
        """The present number of the change log."""
        ...

    def delete_some(self, entity_set: str, *, company: str, user: str, most: int) -> int:
        """Delete up to `most` records of a company without asking the rules; returns how many."""
        ...

    def company_exists(self, company: str) -> bool:
        """Whether there is a legal entity of this id."""
        ...

    def get(self, entity_set: str, key: tuple[str, ...]) -> Mapping[str, Any] | None:
        """A record of a set of the framework's own, as JSON values."""
        ...

    def find(self, entity_set: str, column: str, value: str) -> list[Mapping[str, Any]]:
        """Records of a set of the framework's own with one value, as JSON values."""
        ...

    def put(self, entity_set: str, values: Mapping[str, Any]) -> None:
        """Create or change a record of a set of the framework's own."""
        ...

    def remove(self, entity_set: str, key: tuple[str, ...]) -> None:
        """Delete such a record with what it owns, if it is there."""
        ...


class Draft(Protocol):
    """A blob under construction."""

    @property
    def file(self) -> BinaryIO:
        """Where its bytes go; to write and to seek in."""
        ...

    def store(self, container: str, name: str) -> None:
        """Make it the blob, without moving a byte; `file` is closed then."""
        ...


class Blobs(Protocol):
    """The blob storage behind the environment."""

    def write_url(self, container: str, name: str, seconds: float) -> str:
        """A URL that lets its holder write a blob."""
        ...

    def read_url(self, container: str, name: str, seconds: float) -> str:
        """A URL that lets its holder read a blob."""
        ...

    def open_url(self, url: str) -> BinaryIO:
        """The blob behind a URL, to be read and sought in. Raises BlobRefused."""
        ...

    def store(self, container: str, name: str, pieces: Iterable[bytes]) -> None:
        """Write a blob as a whole."""
        ...

    def take(self, container: str, name: str, spooled: Spooled) -> None:
        """Make a request's body a blob, without moving a byte."""
        ...

    def copy(self, source: tuple[str, str], target: tuple[str, str]) -> bool:
        """Let a blob have the content of another, by container and name; False without another."""
        ...

    def draft(self) -> AbstractContextManager[Draft]:
        """A file for a blob that takes long to make; it goes unless it is stored."""
        ...

    def delete(self, container: str, name: str) -> None:
        """Delete a blob, if it is there."""
        ...


class FilterRefused(Exception):
    """A filter that the entity's set does not take; the text says why."""


class BlobRefused(Exception):
    """A URL that leads to no blob that may be read now; the text says why."""


class Messages(Protocol):
    """The messages of recurring integrations."""

    def status(self, message_id: str) -> str | None:
        """The message's state, or None for an unknown message."""
        ...

    def execution_id(self, message_id: str) -> str | None:
        """The execution that took the message; empty before, None for an unknown message."""
        ...

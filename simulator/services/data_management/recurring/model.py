"""Messages of recurring data jobs: their states, and what the framework says of an execution."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import BinaryIO, Literal, Protocol, TypeAlias

from windtunnel.simulator.exchange import Spooled

Spelling = Literal["client", "documentation"]
Body: TypeAlias = bytes | Spooled
"""What a client sent: in memory, or in a file when it is large."""


class MessageState(IntEnum):
    """State of a message; numbers as jobstatus sends them and the scheduler reads them."""

    ENQUEUED = 0
    DEQUEUED = 1
    DOWNLOADED = 2
    ACKED = 3
    PROCESSING = 4
    PROCESSED = 5
    PROCESSED_WITH_ERRORS = 6
    POST_PROCESSING_ERROR = 7
    PRE_PROCESSING_ERROR = 8
    PRE_PROCESSING = 9

    def named(self, spelling: Spelling) -> str:
        """The word of GetMessageStatus; the documentation spells three of them in another way."""
        if spelling == "documentation" and self in _DOCUMENTED:
            return _DOCUMENTED[self]
        special = {self.PRE_PROCESSING_ERROR: "PreProcessingError"}
        return special.get(self, "".join(part.capitalize() for part in self.name.split("_")))


_DOCUMENTED = {
    MessageState.POST_PROCESSING_ERROR: "PostProcessingFailed",
    MessageState.PRE_PROCESSING: "Preprocessing",
    MessageState.DOWNLOADED: "Dequeued",
}


@dataclass(frozen=True, slots=True)
class DataJob:
    """A recurring data job. `applications` are the client ids of its authorization policy."""

    activity: str
    name: str
    project: str
    is_export: bool
    is_package: bool
    company: str
    recurrence: str
    applications: frozenset[str]
    enabled: bool = True
    in_order: bool = False
    prevents_empty_upload: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One message, without its content."""

    id: str
    activity: str
    external: str
    entity: str
    company: str
    state: MessageState
    execution: str
    enqueued: float
    started: float | None
    completed: float | None
    dequeued: float | None
    visible: float
    receipt: str
    has_file: bool
    records: int
    log: str


class ExecutionState(IntEnum):
    """State of one step of one entity in an execution, numbered as clients number it."""

    NOT_STARTED = 0
    WAITING = 1
    EXECUTING = 2
    ERROR = 3
    FINISHED = 4
    READY = 5
    NOT_RUN = 6
    CANCELLING = 7
    CANCELED = 8
    HOLD = 9


@dataclass(frozen=True, slots=True)
class EntityRun:
    """What became of one entity."""

    entity: str
    company: str
    staging: ExecutionState
    staging_records: int
    staging_errors: int
    target: ExecutionState
    target_records: int
    target_errors: int
    started: float
    completed: float


@dataclass(frozen=True, slots=True)
class Ended:
    """An execution that is over. `has_errors` when a row, an entity or the whole failed."""

    has_errors: bool
    entities: tuple[EntityRun, ...] = ()
    log: str = ""

    @property
    def records(self) -> int:
        """Records that reached their target, of all entities."""
        return sum(run.target_records for run in self.entities)


class Framework(Protocol):
    """What recurring integrations need of data management; executions run on the clock.

    It keeps the files of messages, by message id. Every `import_` and `export` answers an execution
    id, or raises NotProcessable.
    """

    def keep(self, message: str, body: Body) -> None:
        """Keep what a client sent as the file of a message."""
        ...

    def open(self, message: str) -> BinaryIO | None:
        """The file of a message, to be closed; None when it is gone."""
        ...

    def drop(self, message: str) -> None:
        """Forget the file of a message, if there is one."""
        ...

    def import_file(
        self, project: str, entity: str, company: str, file_name: str, message: str
    ) -> str:
        """Import a message's file into an entity of a project, in the project's source format."""
        ...

    def import_package(self, project: str, company: str, message: str) -> str:
        """Import a message's data package by a project."""
        ...

    def export(self, project: str, company: str) -> str:
        """Export a project."""
        ...

    def ended(self, execution: str) -> Ended | None:
        """What became of an execution; None while it runs."""
        ...

    def keep_export(self, execution: str, message: str) -> bool:
        """Make the package of an export the file of a message; False when there is none."""
        ...

"""The messages of all recurring data jobs in the store; whoever calls commits."""

from __future__ import annotations

from typing import Any, Final

from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.services.data_management.recurring.model import Message, MessageState

_TABLE: Final = """CREATE TABLE IF NOT EXISTS recurring_messages (
 number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, activity TEXT NOT NULL,
 external TEXT NOT NULL, entity TEXT NOT NULL, company TEXT NOT NULL, state INTEGER NOT NULL,
 execution TEXT NOT NULL DEFAULT '', enqueued REAL NOT NULL, started REAL, completed REAL,
 dequeued REAL, visible REAL NOT NULL DEFAULT 0, receipt TEXT NOT NULL DEFAULT '',
 records INTEGER NOT NULL DEFAULT 0, log TEXT NOT NULL DEFAULT '',
 has_file INTEGER NOT NULL DEFAULT 0)"""
_INDEX: Final = (
    "CREATE INDEX IF NOT EXISTS recurring_messages_queue "
    "ON recurring_messages (activity, state, number)"
)
_READ: Final = (
    "SELECT id, activity, external, entity, company, state, execution, enqueued, started,"
    " completed, dequeued, visible, receipt, has_file, records, log"
    " FROM recurring_messages "
)
_CHANGEABLE: Final = frozenset(
    {
        "state",
        "execution",
        "started",
        "completed",
        "dequeued",
        "visible",
        "receipt",
        "records",
        "log",
        "has_file",
    }
)


class QueueTable:
    """Rows of messages, oldest first."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def create(self) -> None:
        """Create the table where it is not there."""
        self._store.write(_TABLE)
        self._store.write(_INDEX)

    def put(
        self,
        message: str,
        activity: str,
        now: float,
        *,
        state: MessageState = MessageState.ENQUEUED,
        external: str = "",
        entity: str = "",
        company: str = "",
        has_file: bool = False,
    ) -> None:
        """Add a message."""
        self._store.write(
            "INSERT INTO recurring_messages (id, activity, external, entity, company, state,"
            " enqueued, has_file) VALUES (?,?,?,?,?,?,?,?)",
            (message, activity, external, entity, company, int(state), now, has_file),
        )

    def change(self, message: str, **values: Any) -> None:
        """Set columns of a message."""
        unknown = set(values) - _CHANGEABLE
        if unknown:
            raise ValueError(f"no columns to change: {sorted(unknown)}")
        columns = ",".join(f"{name}=?" for name in values)
        given = [int(v) if isinstance(v, MessageState) else v for v in values.values()]
        self._store.write(f"UPDATE recurring_messages SET {columns} WHERE id=?", [*given, message])

    def get(self, message: str) -> Message | None:
        """A message by its id."""
        row = self._store.read(f"{_READ} WHERE id=?", (message,)).fetchone()
        return None if row is None else _message(row)

    def of(self, activity: str, *states: MessageState, limit: int = 10_000) -> list[Message]:
        """The messages of a data job in any of these states, in all when none is given."""
        marks = ",".join("?" * len(states))
        condition = f"activity=? AND state IN ({marks})" if states else "activity=?"
        values = (activity, *map(int, states), limit)
        rows = self._store.read(f"{_READ} WHERE {condition} ORDER BY number LIMIT ?", values)
        return [_message(row) for row in rows.fetchall()]

    def next_visible(self, activity: str, now: float) -> Message | None:
        """The oldest exported message that nobody holds."""
        row = self._store.read(
            f"{_READ} WHERE activity=? AND state IN (?,?,?) AND visible<=? ORDER BY number LIMIT 1",
            (
                activity,
                int(MessageState.ENQUEUED),
                int(MessageState.DEQUEUED),
                int(MessageState.DOWNLOADED),
                now,
            ),
        ).fetchone()
        return None if row is None else _message(row)

    def with_old_files(self, before: float) -> list[str]:
        """The ids of messages that came before a moment and still have their files."""
        rows = self._store.read(
            "SELECT id FROM recurring_messages WHERE enqueued<? AND has_file", (before,)
        )
        return [message for (message,) in rows.fetchall()]

    def counts(self, activity: str) -> dict[MessageState, int]:
        """How many messages of a data job are in each state."""
        rows = self._store.read(
            "SELECT state, count(*) FROM recurring_messages WHERE activity=? GROUP BY state",
            (activity,),
        )
        return {MessageState(state): count for state, count in rows.fetchall()}


def _message(row: tuple[Any, ...]) -> Message:
    names = list(row)
    names[5], names[13] = MessageState(names[5]), bool(names[13])
    return Message(*names)

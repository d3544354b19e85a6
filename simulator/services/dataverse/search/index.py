"""The full-text index: a document per text column of a record, filled from the change log.

It is built at the first search and follows the log with the lag that the settings give. It is
derived, so it stands in a database of its own in memory: snapshots and resets do not carry it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from windtunnel.simulator.kernel.changes import Changes
from windtunnel.simulator.kernel.clock import Clock
from windtunnel.simulator.kernel.store import Store, quoted
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable, Tables

_TABLES = (
    """CREATE TABLE document (id INTEGER PRIMARY KEY,
    entity TEXT NOT NULL, record TEXT NOT NULL, "column" TEXT NOT NULL)""",
    """CREATE INDEX document_record
    ON document (entity, record)""",
    """CREATE VIRTUAL TABLE texts
    USING fts5(text, tokenize='unicode61 remove_diacritics 0')""",
    """CREATE VIRTUAL TABLE words
    USING fts5vocab(texts, 'row')""",
)
_COLUMNS = {
    "account": "name accountnumber emailaddress1 telephone1 telephone2 address1_city",
    "contact": "fullname firstname lastname middlename emailaddress1 telephone1 mobilephone "
    "address1_city address1_telephone1",
    "lead": "fullname firstname lastname subject companyname emailaddress1 telephone1 mobilephone",
    "opportunity": "name description",
    "incident": "title ticketnumber description",
    "product": "name productnumber description",
    "quote": "name quotenumber",
    "salesorder": "name ordernumber",
    "invoice": "name invoicenumber",
    "task": "subject description",
    "phonecall": "subject phonenumber description",
    "email": "subject description",
    "appointment": "subject location description",
    "annotation": "subject notetext filename",
    "systemuser": "fullname internalemailaddress",
    "knowledgearticle": "title keywords description",
}
_BATCH = 500


def searched_columns(served: DataverseTable) -> tuple[str, ...]:
    """The text columns of a table that are indexed; none where it is not enabled for search."""
    definition = served.definition
    enabled = definition.facts.get("SyncToExternalSearchIndex")
    known = _COLUMNS.get(served.name)
    if enabled is False or (known is None and not (enabled or definition.is_custom)):
        return ()
    if known is not None:
        names = [name for name in known.split() if served.has(name)]
    else:
        names = [
            name
            for name, column in definition.columns.items()
            if column.type in {"String", "Memo"} and not name.endswith("_url")
        ]
    return tuple(dict.fromkeys([*names, *_own(served)]))


def _own(served: DataverseTable) -> list[str]:
    """The primary name, and text columns that somebody added to a standard table."""
    columns = served.definition.columns
    own = [n for n, c in columns.items() if c.is_custom and c.type in {"String", "Memo"}]
    name = served.definition.primary_name
    return [name, *own] if name in columns and columns[name].edm == "Edm.String" else own


class SearchIndex:
    """What was written until some seconds ago, by words."""

    def __init__(
        self, store: Store, clock: Clock, changes: Changes, tables: Tables, lag_seconds: float
    ) -> None:
        self._store, self._clock, self._changes = store, clock, changes
        self._tables, self._lag = tables, lag_seconds
        self._index: Store | None = None
        self._followed: dict[str, int] = {}

    def forget(self) -> None:
        """Drop the index; the next search builds it anew."""
        if self._index is not None:
            self._index.close()
        self._index = None
        self._followed.clear()

    @property
    def _texts(self) -> Store:
        if self._index is None:
            self._index = Store()
            for sql in _TABLES:
                self._index.write(sql)
        return self._index

    def tables(self) -> dict[str, tuple[str, ...]]:
        """The tables enabled for search with their indexed columns."""
        found = {served.name: searched_columns(served) for served in self._tables.by_name.values()}
        return {name: columns for name, columns in found.items() if columns}

    def refresh(self, names: Iterable[str]) -> None:
        """Bring the index of these tables up to what was written before the lag."""
        for name in names:
            served = self._tables.by_name[name]
            since = self._followed.get(name)
            if since is None:
                self._build(served)
            else:
                self._follow(served, since)
        self._texts.commit()

    def _until(self, served: DataverseTable, since: int) -> list[tuple[int, str]]:
        entity = self._changes.logged_as(served.table.entity_type)
        return self._store.read(
            "SELECT max(seq), record FROM change_log WHERE entity=? AND seq>? AND at<=? "
            "GROUP BY record",
            (entity, since, self._clock.now() - self._lag),
        ).fetchall()

    def _build(self, served: DataverseTable) -> None:
        entity = self._changes.logged_as(served.table.entity_type)
        key = quoted(served.row_key)
        rows = self._store.read(
            f"SELECT {key} FROM {quoted(served.table.sql)} WHERE {key} NOT IN "
            "(SELECT record FROM change_log WHERE entity=?)",
            (entity,),
        )
        self._put(served, [row[0] for row in rows])
        self._follow(served, 0)

    def _follow(self, served: DataverseTable, since: int) -> None:
        changed = self._until(served, since)
        self._put(served, [record for _, record in changed])
        self._followed[served.name] = max([since, *(seq for seq, _ in changed)])

    def _put(self, served: DataverseTable, keys: Sequence[str]) -> None:
        columns = searched_columns(served)
        names = ", ".join(quoted(name) for name in columns)
        key = quoted(served.row_key)
        for start in range(0, len(keys), _BATCH):
            part = keys[start : start + _BATCH]
            marks = ",".join("?" * len(part))
            self._drop(served.name, part, marks)
            rows = self._store.read(
                f"SELECT {key}, {names} FROM {quoted(served.table.sql)} WHERE {key} IN ({marks})",
                part,
            ).fetchall()
            for row in rows:
                for column, text in zip(columns, row[1:], strict=True):
                    if text:
                        self._add(served.name, row[0], column, text)

    def _drop(self, entity: str, keys: Sequence[str], marks: str) -> None:
        chosen = f"entity=? AND record IN ({marks})"
        self._texts.write(
            f"DELETE FROM texts WHERE rowid IN (SELECT id FROM document WHERE {chosen})",
            (entity, *keys),
        )
        self._texts.write(f"DELETE FROM document WHERE {chosen}", (entity, *keys))

    def _add(self, entity: str, record: str, column: str, text: Any) -> None:
        made = self._texts.write(
            'INSERT INTO document (entity, record, "column") VALUES (?,?,?)',
            (entity, record, column),
        )
        self._texts.write(
            "INSERT INTO texts (rowid, text) VALUES (?,?)", (made.lastrowid, str(text))
        )

    # -- asking -------------------------------------------------------------------------------

    def hits(self, match: str) -> list[tuple[str, str, str, float]]:
        """(table, record, column, score) of the documents that an FTS5 expression finds."""
        return self._texts.read(
            'SELECT d.entity, d.record, d."column", -bm25(texts) '
            "FROM texts f JOIN document d ON d.id=f.rowid "
            "WHERE f.texts MATCH ?",
            (match,),
        ).fetchall()

    def documents(self) -> list[tuple[str, str]]:
        """(table, record) of all that is indexed."""
        return self._texts.read("SELECT DISTINCT entity, record FROM document").fetchall()

    def words(self) -> list[str]:
        """All words of the index."""
        return [row[0] for row in self._texts.read("SELECT term FROM words")]

    def highlights(self, match: str, entity: str, record: str) -> dict[str, str]:
        """The texts of one record that match, by column, with what matched in `{crmhit}`."""
        if not match:
            return {}
        rows = self._texts.read(
            "SELECT d.\"column\", highlight(texts, 0, '{crmhit}', '{/crmhit}') "
            "FROM texts f JOIN document d ON d.id=f.rowid "
            "WHERE f.texts MATCH ? AND d.entity=? AND d.record=?",
            (match, entity, record),
        )
        return dict(rows.fetchall())

    def size(self) -> tuple[int, int]:
        """(documents, bytes of text)."""
        found = self._texts.read("SELECT count(DISTINCT entity || record) FROM document").fetchone()
        text = self._texts.read("SELECT coalesce(sum(length(text)), 0) FROM texts")
        return int(found[0]), int(text.fetchone()[0])

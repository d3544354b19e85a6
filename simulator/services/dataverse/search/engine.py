"""Answers a search: which records match and how well, filtered, ordered, counted by facets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import quote

from windtunnel.simulator.kernel.store import Store, quoted
from windtunnel.simulator.odata import DATAVERSE, parse_query
from windtunnel.simulator.odata.pieces import bind
from windtunnel.simulator.services.dataverse.model.reads import Reads
from windtunnel.simulator.services.dataverse.model.tables import DataverseTable, Tables
from windtunnel.simulator.services.dataverse.search.index import SearchIndex
from windtunnel.simulator.services.dataverse.search.language import (
    Boost,
    Both,
    Either,
    Everything,
    Fuzzy,
    Node,
    Regex,
    Without,
    Words,
)
from windtunnel.simulator.services.dataverse.search.patterns import Pattern, is_near

Scores: TypeAlias = dict[tuple[str, str], float]
_BATCH = 500
MOST_WORDS = 200
"""Words that one pattern or fuzzy term may stand for."""
_NAIVE_MOMENT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?)(?![\d:.Z+-])")


@dataclass(frozen=True, slots=True)
class Scope:
    """One table that is searched: columns to look into (none: all), to return, and a filter."""

    name: str
    search_columns: tuple[str, ...] = ()
    select_columns: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()


@dataclass(slots=True)
class Hit:
    """A record that matches."""

    entity: str
    record: str
    score: float
    row: dict[str, Any] = field(default_factory=dict)


class Engine:
    """Evaluates trees of search texts over the index."""

    def __init__(self, store: Store, tables: Tables, index: SearchIndex, reads: Reads) -> None:
        self._store, self._tables, self._index, self._reads = store, tables, index, reads

    def run(self, node: Node, scopes: Sequence[Scope], now: float) -> tuple[list[Hit], str]:
        """(hits with their rows, an FTS5 expression of all that may be highlighted)."""
        by_name = {scope.name: scope for scope in scopes}
        self._index.refresh(by_name)
        evaluation = _Evaluation(self._index, by_name)
        scores = evaluation.scores(node)
        hits: list[Hit] = []
        for scope in scopes:
            chosen = {key: score for (name, key), score in scores.items() if name == scope.name}
            served = self._tables.by_name[scope.name]
            rows = self._rows(served, list(chosen), scope.filters, now)
            hits += [Hit(scope.name, key, chosen[key], row) for key, row in rows.items()]
        return hits, evaluation.expression()

    def _rows(
        self, served: DataverseTable, keys: list[str], filters: Iterable[str], now: float
    ) -> dict[str, dict[str, Any]]:
        """The records of these keys that pass the filters, by key."""
        if not keys:
            return {}
        conditions: list[str] = []
        more: list[Any] = []
        for text in filters:
            query = parse_query(f"$filter={quote(_as_odata(served, text))}", DATAVERSE)
            if query.filter is not None:
                piece = self._reads.condition(served, query.filter)
                conditions.append(f" AND ({piece.text})")
                more += piece.parameters
        names = served.records.names
        columns = ", ".join(f"t.{quoted(name)}" for name in names)
        found: dict[str, dict[str, Any]] = {}
        place = names.index(served.row_key)
        for start in range(0, len(keys), _BATCH):
            part = keys[start : start + _BATCH]
            rows = self._store.read(
                f"SELECT {columns} FROM {self._tables.readable(served)} t "
                f"WHERE t.{quoted(served.row_key)} IN ({','.join('?' * len(part))})"
                f"{''.join(conditions)}",
                (*part, *bind(tuple(more), now)),
            )
            for row in rows.fetchall():
                found[row[place]] = dict(zip(names, row, strict=True))
        return found


def _as_odata(served: DataverseTable, text: str) -> str:
    """Lookups by logical name, and moments without an offset, as the Web API writes them."""
    parts = re.split(r"('(?:[^']|'')*')", text)
    for place in range(0, len(parts), 2):
        part = _NAIVE_MOMENT.sub(r"\1Z", parts[place])
        parts[place] = re.sub(r"[A-Za-z_]\w*", lambda found: wire_name(served, found[0]), part)
    return "".join(parts)


def wire_name(served: DataverseTable, name: str) -> str:
    """A column's name in the table: a lookup's is decorated."""
    decorated = f"_{name}_value"
    return decorated if not served.has(name) and served.has(decorated) else name


class _Evaluation:
    """One search: scores by record, and what was looked for."""

    def __init__(self, index: SearchIndex, scopes: dict[str, Scope]) -> None:
        self._index, self._scopes = index, scopes
        self._leaves: dict[str, None] = {}
        self._words: list[str] | None = None

    def expression(self) -> str:
        """All positive terms, for highlighting; empty when there are none."""
        return " OR ".join(f"({leaf})" for leaf in self._leaves)

    def scores(self, node: Node) -> Scores:
        match node:
            case Words():
                return self._leaf(_fts(node))
            case Fuzzy():
                return self._any_word(lambda word: is_near(word, node.word, node.edits))
            case Regex():
                pattern = (
                    Pattern.of_wildcards(node.pattern) if node.wildcards else Pattern(node.pattern)
                )
                return self._any_word(pattern.matches)
            case Boost():
                return {key: s * node.factor for key, s in self.scores(node.part).items()}
            case Everything():
                return self._everything()
            case Without():
                return self._without(node)
            case Either():
                return _union([self.scores(part) for part in node.parts])
            case Both():
                return self._both(node.parts)

    def _both(self, parts: Sequence[Node]) -> Scores:
        found: Scores | None = None
        for part in parts:
            if isinstance(part, Without):
                continue
            more = self.scores(part)
            found = (
                more
                if found is None
                else {key: score + more[key] for key, score in found.items() if key in more}
            )
        found = self._everything() if found is None else found
        for part in parts:
            if isinstance(part, Without):
                refused = self._silently(part.part)
                found = {key: score for key, score in found.items() if key not in refused}
        return found

    def _without(self, node: Without) -> Scores:
        refused = self._silently(node.part)
        return {key: 1.0 for key in self._everything() if key not in refused}

    def _silently(self, node: Node) -> Scores:
        """The matches of what must not match: nothing of it is highlighted."""
        kept = dict(self._leaves)
        found = self.scores(node)
        self._leaves = kept
        return found

    def _everything(self) -> Scores:
        return {
            (entity, record): 1.0
            for entity, record in self._index.documents()
            if entity in self._scopes
        }

    def _leaf(self, match: str) -> Scores:
        self._leaves[match] = None
        found: Scores = {}
        for entity, record, column, score in self._index.hits(match):
            scope = self._scopes.get(entity)
            if scope is None or (scope.search_columns and column not in scope.search_columns):
                continue
            key = (entity, record)
            found[key] = found.get(key, 0.0) + max(score, 0.000001)
        return found

    def _any_word(self, fits: Callable[[str], bool]) -> Scores:
        if self._words is None:
            self._words = self._index.words()
        chosen = [word for word in self._words if fits(word)][:MOST_WORDS]
        return _union([self._leaf(_quoted(word)) for word in chosen])


def _union(parts: Iterable[Scores]) -> Scores:
    found: Scores = {}
    for part in parts:
        for key, score in part.items():
            found[key] = found.get(key, 0.0) + score
    return found


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '""') + '"'


def _fts(node: Words) -> str:
    """FTS5's expression for words in a row, near each other, or beginning so."""
    if node.slop and len(node.words) > 1:
        return f"NEAR({' '.join(map(_quoted, node.words))}, {node.slop})"
    return _quoted(" ".join(node.words)) + ("*" if node.prefix else "")

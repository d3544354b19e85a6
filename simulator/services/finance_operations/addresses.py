"""Paths below `/data` to what they name. The one place that reads keys.

The service decodes a path once before it looks for slashes and once more for what is between
them: a key with a slash, a backslash, a plus or a percent sign must be encoded twice; encoded once
it has no route or is another key. Source: public notes of integrators on double encoding.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, unquote_plus

from windtunnel.simulator.entity_sets.records import Key
from windtunnel.simulator.entity_sets.values import BadValue
from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.odata import FINANCE_AND_OPERATIONS, ODataError
from windtunnel.simulator.odata.expressions import key_predicate
from windtunnel.simulator.odata.reader import Reader
from windtunnel.simulator.odata.tree import Expression, Literal
from windtunnel.simulator.services.finance_operations.model.entity_set import EntitySet

KEPT = 32_768
_GUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"


class NotAnAddress(ValueError):
    """A path that no route has."""


@dataclass(frozen=True, slots=True)
class Address:
    """A set, perhaps one record of it, perhaps what stands behind it: `Lines`, `$count`, ...

    Without a set, `rest` holds the first segments: none, `$metadata`, `$batch`, an action's name.
    """

    entity_set: EntitySet | None
    key: Key | None = None
    rest: tuple[str, ...] = ()


def with_aliases(
    sets: Mapping[str, EntitySet], aliases: Mapping[str, str]
) -> Mapping[str, EntitySet]:
    """The sets by their names and by further ones. Raises UsageError for one that is not there."""
    found = dict(sets)
    for name, target in aliases.items():
        if target not in sets:
            close = difflib.get_close_matches(target, sets, 1)
            raise UsageError(
                f"there is no entity set '{target}'",
                where=f"finance_operations.set_aliases, {name}",
                remedy=f"Did you mean {close[0]}?" if close else "GET /data lists the sets.",
            )
        if name in sets:
            raise UsageError(
                f"'{name}' is an entity set of its own",
                where="finance_operations.set_aliases",
                remedy="Leave it out.",
            )
        found[name] = sets[target]
    return found


class Addresses:
    """Reads paths and remembers them."""

    def __init__(self, sets: Mapping[str, EntitySet]) -> None:
        self._sets = sets
        self._known: dict[str, Address] = {}

    def of(self, path: str) -> Address:
        """What a path behind `/data` names, as it came. Raises NotAnAddress."""
        known = self._known.get(path)
        if known is None:
            try:
                known = self._read(unquote(path, errors="strict"))
            except UnicodeDecodeError as error:
                raise NotAnAddress(path) from error
            if len(self._known) >= KEPT:
                self._known.clear()
            self._known[path] = known
        return known

    def _read(self, path: str) -> Address:
        segments = [unquote_plus(part) for part in path.split("/") if part]
        if not segments or segments[0].startswith("$"):
            return Address(None, rest=tuple(segments))
        name, opened, predicate = segments[0].partition("(")
        entity_set = self._sets.get(name)
        if entity_set is None:
            return Address(None, rest=tuple(segments))
        key = read_key(entity_set, opened + predicate) if opened else None
        return Address(entity_set, key, tuple(segments[1:]))


def read_key(entity_set: EntitySet, text: str) -> Key:
    """`('US-001')` or `(dataAreaId='usmf',..)` as stored values. Raises NotAnAddress."""
    names = entity_set.table.key
    plain = _plain_key(names).match(text)
    if plain is not None:
        try:
            written = zip(names, plain.groups(), strict=True)
            return tuple([entity_set.stored(name, _plain(text)) for name, text in written])
        except BadValue as error:
            raise NotAnAddress(text) from error
    try:
        reader = Reader(text, FINANCE_AND_OPERATIONS)
        pairs = key_predicate(reader)
        reader.finish()
    except ODataError as error:
        raise NotAnAddress(text) from error
    given = dict(pairs)
    if len(pairs) == 1 and len(names) == 1 and not pairs[0][0]:
        given = {names[0]: pairs[0][1]}
    if set(given) != set(names):
        raise NotAnAddress(text)
    try:
        return tuple([entity_set.stored(name, _value(given[name])) for name in names])
    except BadValue as error:
        raise NotAnAddress(text) from error


@lru_cache(maxsize=4_096)
def _plain_key(names: tuple[str, ...]) -> re.Pattern[str]:
    """What most clients write: all names in order, texts without a quote inside, and GUIDs.

    Nine of ten keys are such; what is not is read by the grammar, which says the same of these.
    """
    parts = [f"{re.escape(name)}=('[^']*'|{_GUID})" for name in names]
    return re.compile(rf"\({', *'.join(parts)}\)\Z")


def _plain(written: str) -> str:
    return written[1:-1] if written[0] == "'" else written.lower()


def _value(node: Expression) -> Any:
    if not isinstance(node, Literal):
        raise NotAnAddress(str(node))
    return node.value

"""Where each value of a document stands in its file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from windtunnel.contracts.results import Place

Path: TypeAlias = tuple[str | int, ...]
Position: TypeAlias = tuple[int, int]


def path_text(path: Sequence[str | int]) -> str:
    """A path as people read it: `flows[0].retry.on`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


class Marks:
    """Positions of a document's keys and values by path; lines and columns count from 1."""

    def __init__(
        self,
        file: str,
        values: Mapping[Path, Position] | None = None,
        keys: Mapping[Path, Position] | None = None,
    ) -> None:
        self.file = file
        self._values = values or {}
        self._keys = keys or {}

    def place(self, *path: str | int) -> Place:
        """The place of a value, or of the nearest thing around it that is in the file."""
        return self._nearest(path, self._values)

    def key_place(self, *path: str | int) -> Place:
        """The place of the key that names a value; of an item of a list, the item's own."""
        return self._nearest(path, {**self._values, **self._keys} if path else self._values)

    def _nearest(self, path: Path, table: Mapping[Path, Position]) -> Place:
        for length in range(len(path), -1, -1):
            position = table.get(path[:length])
            if position:
                line, column = position
                return Place(file=self.file, line=line, column=column, path=path_text(path))
        return Place(file=self.file, path=path_text(path))

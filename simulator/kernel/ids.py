"""Ids and randomness from one seeded source, so that a run can be repeated to the byte."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

_FREE: Final = ~(0xF000 << 64 | 0xC000 << 48)
_VERSION_4: Final = 4 << 76 | 0x8000 << 48

States: TypeAlias = Mapping["Ids", tuple[Any, ...]]


class Ids:
    """Seeded GUIDs, numbers and choices; not for secrets."""

    def __init__(self, seed: int | str = 365) -> None:
        self.random = random.Random(seed)
        self._children: list[tuple[str, Ids]] = []

    def uuid(self) -> str:
        """A version 4 GUID in lower case."""
        # The bits of version and variant as in RFC 9562, section 5.4; uuid.UUID takes longer.
        text = f"{self.random.getrandbits(128) & _FREE | _VERSION_4:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def child(self, name: str) -> Ids:
        """An independent source whose sequence depends on this one's seed state and `name` only."""
        ids = Ids(self._seed_of(name))
        self._children.append((name, ids))
        return ids

    def _seed_of(self, child: str) -> str:
        return f"{self.random.getstate()[1][:4]}{child}"

    def reseed(self, seed: int | str) -> None:
        """Go on from another seed, with all children."""
        self.random.seed(seed)
        for name, child in self._children:
            child.reseed(self._seed_of(name))

    def states(self) -> States:
        """Where this source and all below it stand."""
        return {ids: ids.random.getstate() for ids in self._family()}

    @staticmethod
    def restore(states: States) -> None:
        """Let every source stand again where it stood."""
        for ids, state in states.items():
            ids.random.setstate(state)

    def _family(self) -> Iterator[Ids]:
        yield self
        for _, child in self._children:
            yield from child._family()

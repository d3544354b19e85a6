"""Ids and randomness from one seeded source, so that a run can be repeated to the byte."""

from __future__ import annotations

import random
import uuid


class Ids:
    """Seeded GUIDs, numbers and choices; not for secrets."""

    def __init__(self, seed: int = 365) -> None:
        self.random = random.Random(seed)

    def uuid(self) -> str:
        """A version 4 GUID in lower case."""
        return str(uuid.UUID(int=self.random.getrandbits(128), version=4))

    def child(self, name: str) -> Ids:
        """An independent source whose sequence depends on this one's seed state and `name` only."""
        ids = Ids(0)
        ids.random.seed(f"{self.random.getstate()[1][:4]}{name}")
        return ids

"""Ids and randomness from one seeded source, so that a run can be repeated to the byte."""

from __future__ import annotations

import random
from typing import Final

_FREE: Final = ~(0xF000 << 64 | 0xC000 << 48)
_VERSION_4: Final = 4 << 76 | 0x8000 << 48


class Ids:
    """Seeded GUIDs, numbers and choices; not for secrets."""

    def __init__(self, seed: int = 365) -> None:
        self.random = random.Random(seed)

    def uuid(self) -> str:
        """A version 4 GUID in lower case."""
        # The bits of version and variant as in RFC 9562, section 5.4; uuid.UUID takes longer.
        text = f"{self.random.getrandbits(128) & _FREE | _VERSION_4:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def child(self, name: str) -> Ids:
        """An independent source whose sequence depends on this one's seed state and `name` only."""
        ids = Ids(0)
        ids.random.seed(f"{self.random.getstate()[1][:4]}{name}")
        return ids

"""Labels of one environment: ids in the form of label files, with their texts.

Our documents carry texts; an id is made of each (`@Windtunnel:CustomerGroup`), so that clients can
resolve it as they do on the real service, where label files hold ids such as `@SYS5461`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

FILE: Final = "@Windtunnel"
LANGUAGE: Final = "en-us"
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")
_WORD = re.compile(r"[^\W_]+")


_KNOWN: Final = {"No": "@SYS2048", "Yes": "@SYS5461"}
"""Texts whose id was seen on the real service."""


class Labels:
    """Gives ids to texts and texts to ids; `texts` get theirs at once, in their order."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._ids = dict(_KNOWN)
        self._texts = {label_id.lower(): text for text, label_id in _KNOWN.items()}
        for text in texts:
            self.id_of(text)

    def id_of(self, text: str) -> str:
        """The label id of a text; a text that is an id already stays as it is."""
        if not text or text.startswith("@"):
            return text
        known = self._ids.get(text)
        if known is None:
            name = "".join(word[:1].upper() + word[1:] for word in _WORD.findall(text)) or "Label"
            known, number = f"{FILE}:{name}", 1
            while known.lower() in self._texts:
                number += 1
                known = f"{FILE}:{name}{number}"
            self._ids[text] = known
            self._texts[known.lower()] = text
        return known

    def text(self, label_id: str, language: str) -> str | None:
        """The text of an id in a language: English, where there is no other, as fallback does."""
        if not _LANGUAGE.match(language):
            return None
        return self._texts.get(label_id.lower())

    def rows(self) -> Iterator[tuple[str, str]]:
        """All labels, as `/metadata/Labels` lists them: id and language."""
        return ((label_id, LANGUAGE) for label_id in self._ids.values())

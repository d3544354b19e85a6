"""Says what is wrong with a file of settings, and in which line."""

from __future__ import annotations

import difflib
import re
from typing import Any

from pydantic import BaseModel, ValidationError

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.settings.whole import Settings


def usage_error(error: ValidationError, text: str, file: str) -> UsageError:
    """The first mistake, where it stands in `text`, and a remedy."""
    first = error.errors()[0]
    keys = [str(part) for part in first["loc"]]
    line = _line_of(text, keys)
    where = f"{file}:{line}" if line else file if text else "settings"
    dotted = ".".join(keys)
    if first["type"] == "extra_forbidden":
        close = difflib.get_close_matches(keys[-1], _names_at(keys[:-1]), 1)
        remedy = f"Did you mean {close[0]!r}?" if close else "See docs/reference/settings.md."
        return UsageError(f"unknown setting {dotted!r}", where=where, remedy=remedy)
    return UsageError(
        f"{dotted}: {first['msg']} (found {first['input']!r})",
        where=where,
        remedy="See docs/reference/settings.md.",
    )


def _names_at(keys: list[str]) -> list[str]:
    model: Any = Settings
    for key in keys:
        if key.isdigit():
            continue
        found = model.model_fields.get(key)
        if found is None:
            return []
        model = next(
            (
                part
                for part in (found.annotation, *getattr(found.annotation, "__args__", ()))
                if isinstance(part, type) and issubclass(part, BaseModel)
            ),
            None,
        )
        if model is None:
            return []
    return list(model.model_fields)


def _line_of(text: str, keys: list[str]) -> int:
    """The line a key stands in; array tables are counted."""
    names = [key for key in keys if not key.isdigit()]
    index = next((int(key) for key in keys if key.isdigit()), 0)
    section, seen, best = "", -1, 0
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]", line)
        if header:
            name = header[2].replace('"', "")
            again = seen + 1 if name == section else 0
            seen = again if header[1] == "[[" else index
            section = name
            if section.split(".") == names and seen == index:
                return number
            continue
        key = re.match(r"\s*\"?([A-Za-z0-9_.-]+)\"?\s*=", line)
        if key:
            full = [*(section.split(".") if section else []), *key[1].split(".")]
            if full == names[: len(full)] and (seen in {-1, index}):
                best = number
                if full == names:
                    return number
    return best

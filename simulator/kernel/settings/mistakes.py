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
    keys = [str(part) for part in first["loc"] if part != "[key]"]
    place = _place_of(text, keys)
    where = f"{file}:{place}" if place else file if text else "settings"
    dotted = ".".join(keys)
    if first["type"] == "extra_forbidden":
        close = difflib.get_close_matches(keys[-1], _names_at(keys[:-1]), 1)
        remedy = f"Did you mean {close[0]!r}?" if close else "See docs/reference/settings.md."
        return UsageError(f"unknown setting {dotted!r}", where=where, remedy=remedy)
    if first["type"] == "value_error":
        message, _, remedy = first["msg"].removeprefix("Value error, ").partition("; ")
        return UsageError(f"{dotted}: {message}", where=where, remedy=remedy)
    return UsageError(
        f"{dotted}: {first['msg']} (found {_shown(first['input'])})",
        where=where,
        remedy="See docs/reference/settings.md.",
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


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


_KEY = r"(?:\"[^\"]*\"|'[^']*'|[A-Za-z0-9_-]+)"
_DOTTED = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_ASSIGNED = re.compile(rf"\s*({_DOTTED})\s*=")


def _names(dotted: str) -> list[str]:
    return [name.strip("\"'") for name in re.findall(_KEY, dotted)]


def _place_of(text: str, keys: list[str]) -> str:
    """`line:column` of the key, or of the last of its tables that is there; array tables count."""
    names = [key for key in keys if not key.isdigit()]
    index = next((int(key) for key in keys if key.isdigit()), 0)
    section: list[str] = []
    seen, best = -1, ""
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header:
            name = _names(header[2])
            again = seen + 1 if name == section else 0
            seen = again if header[1] == "[[" else index
            section = name
            if section == names[: len(section)] and seen == index:
                best = f"{number}:{header.start(2) + 1}"
                if section == names:
                    return best
            continue
        key = _ASSIGNED.match(line)
        if key:
            full = [*section, *_names(key[1])]
            if full == names[: len(full)] and seen in {-1, index}:
                best = f"{number}:{key.start(1) + 1}"
                if full == names:
                    return best
    return best

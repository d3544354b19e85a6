"""Reads settings: the file, then `WINDTUNNEL_...` variables, then flags."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.settings.mistakes import usage_error
from windtunnel.simulator.kernel.settings.whole import Settings


def load(
    path: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Read the settings; `overrides` are dotted keys, as flags give them.

    Without a path, `windtunnel.toml` of the working folder is read if it is there. Raises
    UsageError that names file, line and remedy.
    """
    tree: dict[str, Any] = {}
    text, file = "", "windtunnel.toml"
    if path is None and Path(file).is_file():
        path = Path(file)
    if path is not None:
        file = str(path)
        text = _read(path)
        tree = _parsed(text, file)
    _merge_variables(tree, os.environ if environment is None else environment)
    for dotted, value in (overrides or {}).items():
        _put(tree, dotted.split("."), value)
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        raise usage_error(error, text, file) from error
    return settings if path is None else _anchored(settings, path.parent)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}", where=str(path), remedy="Check the path."
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"is not UTF-8 at byte {error.start}", where=str(path), remedy="Save it as UTF-8."
        ) from error


def _parsed(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+), column (\d+)", str(error))
        where = f"{file}:{found[1]}:{found[2]}" if found else file
        reason = re.sub(r" \(at .*\)$", "", str(error))
        raise UsageError(
            f"is not TOML: {reason}", where=where, remedy="See https://toml.io for the syntax."
        ) from error
    except RecursionError as error:
        raise UsageError(
            "is nested too deeply", where=file, remedy="Settings are tables of values and lists."
        ) from error


def _merge_variables(tree: dict[str, Any], environment: Mapping[str, str]) -> None:
    for name, value in environment.items():
        if name.startswith("WINDTUNNEL_") and "__" in name:
            _put(tree, name.removeprefix("WINDTUNNEL_").lower().split("__"), value)


def _put(tree: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        inner = tree.setdefault(key, {})
        if not isinstance(inner, dict):
            return  # the model says what is wrong with it
        tree = inner
    tree[keys[-1]] = value


def _anchored(settings: Settings, folder: Path) -> Settings:
    """Paths in the file are relative to the file."""

    def anchor(section: BaseModel) -> BaseModel:
        update: dict[str, Any] = {}
        for name in type(section).model_fields:
            value = getattr(section, name)
            if isinstance(value, Path):
                update[name] = folder / value
            elif isinstance(value, BaseModel):
                update[name] = anchor(value)
            elif isinstance(value, tuple):
                update[name] = tuple(
                    folder / item
                    if isinstance(item, Path)
                    else anchor(item)
                    if isinstance(item, BaseModel)
                    else item
                    for item in value
                )
        return section.model_copy(update=update)

    return TypeAdapter(Settings).validate_python(anchor(settings))

"""Writes the generated reference pages: settings, control API, commands, plan and design files.

`python tools/reference_pages.py` rewrites them; tests/meta/test_docs.py fails when they differ.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator
from enum import Enum
from importlib.metadata import entry_points
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

import typer
from pydantic import BaseModel

from windtunnel.contracts.documents.design import Design
from windtunnel.contracts.documents.plan import Plan
from windtunnel.contracts.documents.units import Bytes, Seconds
from windtunnel.contracts.entities.finance_operations.catalog import FACTS, EntityFacts
from windtunnel.contracts.entities.finance_operations.definitions import EntityType
from windtunnel.contracts.entities.finance_operations.load import entity_types
from windtunnel.simulator.cli import ORDER
from windtunnel.simulator.kernel.settings import Settings, load
from windtunnel.simulator.web.house import House

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"
MADE_BY = "<!-- made by tools/reference_pages.py; do not edit -->\n"


def settings_page() -> str:
    """docs/reference/settings.md."""
    lines = [
        "# Settings",
        MADE_BY,
        "`windtunnel.toml` in the working folder (or `--config FILE`), then variables such as",
        "`WINDTUNNEL_DATAVERSE__WEB_SERVERS=4`, then the flags of a command. Unknown keys are",
        "refused with their line. Paths in the file are relative to it.",
        "",
    ]
    for name, field in Settings.model_fields.items():
        lines += _section(name, field.annotation)
    return "\n".join(lines)


def _section(name: str, annotation: Any, *, array: bool = False) -> list[str]:
    model = _model_in(annotation)
    if model is None:
        return []
    shown = f"[[{name}]]" if array else f"[{name}]"
    about = (inspect.getdoc(model) or "").partition(": ")[2] or inspect.getdoc(model) or ""
    lines = [f"## `{shown}`", "", about[:1].upper() + about[1:], ""]
    rows, nested = [], []
    for key, field in model.model_fields.items():
        inner = _model_in(field.annotation)
        if inner is not None:
            is_array = "tuple" in str(field.annotation)
            nested += _section(f"{name}.{key}", field.annotation, array=is_array)
            continue
        default = (
            "required"
            if field.is_required()
            else f"`{_shown(field.get_default(call_default_factory=True))}`"
        )
        rows.append(f"| `{key}` | {default} | {field.description or ''} |")
    if rows:
        lines += ["| key | default | meaning |", "|---|---|---|", *rows, ""]
    return lines + nested


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "none"
    if isinstance(value, (tuple, dict)):
        return "[]" if isinstance(value, tuple) else "{}"
    return str(value)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for part in getattr(annotation, "__args__", ()):
        found = _model_in(part)
        if found is not None:
            return found
    return None


def documents_page() -> str:
    """docs/reference/documents.md."""
    lines = [
        "# Plan and design files",
        MADE_BY,
        "A volume plan (`*.plan.yaml`) says what flows send in a day; `windtunnel load` sends it and",
        "`windtunnel forecast` works it out. An integration design (`*.design.yaml`) says how systems",
        "work together; `windtunnel check` holds it against the [design rules](design-rules.md).",
        "Unknown keys and wrong values are refused with line, column and remedy.",
        "",
        "A *time* is a number of seconds, or text such as `250ms`, `90s`, `5m`, `2h`, `7d`. A *size* is a",
        "number of bytes, or text such as `4 KB`, `1 MB`.",
        "",
    ]
    for title, model in (("Volume plan", Plan), ("Integration design", Design)):
        lines += [f"## {title}", ""]
        for part in dict.fromkeys(_parts(model)):
            if title == "Integration design" and part in set(_parts(Plan)):
                continue
            lines += _part(part)
    return "\n".join(lines)


def _parts(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        inner = _model_in(field.annotation)
        if inner is not None:
            yield from _parts(inner)


def _title(model: type[BaseModel]) -> str:
    first, *rest = re.split(r"(?<=[a-z])(?=[A-Z])", model.__name__)
    return " ".join([first, *(word.lower() for word in rest)])


def _part(model: type[BaseModel]) -> Iterator[str]:
    name = _title(model)
    about = " ".join((inspect.getdoc(model) or "").split())
    yield from (
        f"### {name}",
        "",
        about,
        "",
        "| key | takes | default | meaning |",
        "|---|---|---|---|",
    )
    for key, field in model.model_fields.items():
        default = "required" if field.is_required() else _default(field.get_default())
        takes = _takes(field.annotation, field.metadata)
        yield f"| `{key}` | {takes} | {default} | {field.description or ''} |"
    yield ""


def _default(value: Any) -> str:
    """What holds without the key; what has keys of its own, or is nothing, is not shown."""
    if isinstance(value, tuple) and value and not isinstance(value[0], BaseModel):
        return f"`[{', '.join(str(item) for item in value)}]`"
    if isinstance(value, (BaseModel, tuple)) or value in {"", None}:
        return ""
    return f"`{_shown(value)}`"


def _takes(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """What people write for a value of a type."""
    makers = {getattr(found, "func", None) for found in metadata}
    for kind, words in ((Seconds, "time"), (Bytes, "size")):
        if makers & {found.func for found in kind.__metadata__ if hasattr(found, "func")}:
            return words
    if hasattr(annotation, "__metadata__"):
        return _takes(annotation.__origin__, annotation.__metadata__)
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        name = _title(annotation)
        return f"[{name}](#{name.lower().replace(' ', '-')})"
    if get_origin(annotation) is tuple:
        return f"list of {_takes(get_args(annotation)[0])}"
    if get_args(annotation):
        return _takes(next(part for part in get_args(annotation) if part is not NoneType))
    return {str: "text", bool: "`true`, `false`", int: "whole number", float: "number"}[annotation]


def control_page() -> str:
    """docs/reference/control-api.md."""
    lines = [
        "# Control API",
        MADE_BY,
        "Under the control origin (`WT_CONTROL_URL`). JSON in, JSON out; a mistake answers 400",
        "and names it.",
        "",
        "| method | path | does |",
        "|---|---|---|",
    ]
    house = House(load(environment={}, overrides={"simulator.sample_data": False}))
    for route in house.control.routes:
        about = (inspect.getdoc(route.handler) or "").split("\n", maxsplit=1)[0]
        lines.append(f"| {route.method} | `{route.path}` | {about} |")
    return "\n".join([*lines, ""])


def commands_page() -> str:
    """docs/reference/commands.md."""
    lines = ["# Commands", MADE_BY, "Exit codes: 0 good, 1 checks failed, 2 usage, 3 our bug.", ""]
    offered = {entry.name: entry for entry in entry_points(group="windtunnel.commands")}
    for name in [name for name in ORDER if name in offered]:
        command = typer.main.get_command(offered[name].load())
        lines += [f"## `windtunnel {name}`", "", (command.help or "").strip(), ""]
        lines += list(_parameters(command))
    return "\n".join(lines)


def _parameters(command: Any) -> Iterator[str]:
    rows = []
    for parameter in command.params:
        if parameter.name in {"help", "install_completion", "show_completion"}:
            continue
        names = ", ".join(f"`{option}`" for option in (*parameter.opts, *parameter.secondary_opts))
        if not parameter.opts[0].startswith("-"):
            names = f"`{parameter.name.upper()}`"
        rows.append(f"| {names} | {getattr(parameter, 'help', None) or ''} |")
    if rows:
        yield from ("| option | meaning |", "|---|---|", *rows, "")


def entities_page() -> str:
    """docs/reference/finance-operations-entities.md."""
    types = entity_types().types
    lines = [
        "# Entity sets of finance and operations",
        MADE_BY,
        f"{len(types)} sets with every column of the real metadata of 2025; navigation properties",
        "are those between them. *Entity* is the name in messages, *label* the name in Data",
        "Management. A field that must be there is checked in the company of the row.",
        "",
    ]
    for name, facts in FACTS.items():
        lines += _entity_set(types[name], facts)
    return "\n".join(lines)


def _entity_set(kind: EntityType, facts: EntityFacts) -> Iterator[str]:
    properties = kind.properties.values()
    labels = (f"label `{kind.label}`", f"staging `{kind.staging}`") if kind.staging else ()
    yield from (f"## {kind.entity_set}", "")
    names = ", ".join((f"type `{kind.name}`", f"entity `{kind.entity}`", *labels))
    size = f"{len(kind.properties)} columns, {len(kind.navigations)} navigation properties"
    yield f"{names}; {size}."
    if kind.is_read_only:
        yield "Only shows: every write is refused."
    if facts.stored_with:
        yield f"Another version of {facts.stored_with}: the records are the same."
    rows = {
        "key": kind.key,
        "mandatory": [p.name for p in properties if p.required],
        "never written": [p.name for p in properties if not p.allow_edit_on_create],
        "written once": sorted(
            facts.fixed | {p.name for p in properties if p.allow_edit_on_create > p.allow_edit}
        ),
        "drawn": [f"{n} (`{s.form}`)" for n, s in facts.sequences.items()],
        "must be there": [f"{n} in {r.target}" for n, r in facts.relations.items()],
        "default": [
            f"{n} {'null' if value is None else value}" for n, value in facts.defaults.items()
        ],
        "cut at": [f"{n} {length}" for n, length in facts.lengths.items()],
    }
    yield from ("", "| | |", "|---|---|")
    yield from (f"| {name} | {', '.join(values)} |" for name, values in rows.items() if values)
    yield ""


PAGES = {
    "finance-operations-entities.md": entities_page,
    "settings.md": settings_page,
    "control-api.md": control_page,
    "commands.md": commands_page,
    "documents.md": documents_page,
}

if __name__ == "__main__":
    for page, text in PAGES.items():
        (REFERENCE / page).write_text(text(), "utf-8")

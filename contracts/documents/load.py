"""Files to validated models: errors say where, what was found, what is expected, what to do."""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from windtunnel.contracts.documents.errors import DocumentError, Problem
from windtunnel.contracts.documents.marks import Marks, Path
from windtunnel.contracts.documents.yaml_tree import MOST_CHARACTERS, parse_yaml
from windtunnel.contracts.results import Place

M = TypeVar("M", bound=BaseModel)

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "finite_number": "a finite number",
    "missing": "a value",
}
_BOUNDS = {
    "greater_than": ("gt", "more than {}"),
    "greater_than_equal": ("ge", "{} or more"),
    "less_than": ("lt", "less than {}"),
    "less_than_equal": ("le", "at most {}"),
    "too_short": ("min_length", "at least {} entries"),
    "too_long": ("max_length", "at most {} entries"),
    "string_too_short": ("min_length", "at least {} characters"),
    "string_too_long": ("max_length", "at most {} characters"),
    "string_pattern_mismatch": ("pattern", "text that matches {}"),
}


def load_yaml(path: str | pathlib.Path) -> tuple[Any, Marks]:
    """Read a YAML file into plain values and their positions; DocumentError when that fails."""
    return parse_yaml(read_text(path), str(path))


def load_document(path: str | pathlib.Path, model: type[M]) -> tuple[M, Marks]:
    """Read a YAML file into a model; DocumentError lists every mistake in it."""
    return parse_document(read_text(path), str(path), model)


def read_text(path: str | pathlib.Path) -> str:
    """The text of a UTF-8 file; DocumentError when there is none."""
    file = pathlib.Path(path)

    def failed(message: str, remedy: str) -> DocumentError:
        return DocumentError([Problem(Place(file=str(path)), message, remedy=remedy)])

    try:
        if file.stat().st_size > MOST_CHARACTERS * 4:
            raise failed("the file is too large", "split it")
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        near = _nearest(file.name, _names_beside(file))
        remedy = f"did you mean '{file.with_name(near)}'?" if near else "check the path"
        raise failed("there is no such file", remedy) from error
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        column = error.start - before.rfind(b"\n")
        place = Place(file=str(path), line=before.count(b"\n") + 1, column=column)
        problem = Problem(place, "this is not UTF-8", remedy="save the file as UTF-8")
        raise DocumentError([problem]) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise failed(f"cannot be read: {reason}", "check path and rights") from error


def parse_document(text: str, file: str, model: type[M]) -> tuple[M, Marks]:
    """The same for text that is already in memory; `file` is only shown."""
    tree, marks = parse_yaml(text, file)
    return validate(tree, marks, model), marks


def validate(tree: Any, marks: Marks, model: type[M]) -> M:
    """Plain values into a model; DocumentError lists every mistake with its position."""
    if tree is None:
        remedy = f"begin with: {_first_key(model)}: ..."
        raise DocumentError(
            [Problem(Place(file=marks.file), "the document is empty", remedy=remedy)]
        )
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        details = _without_echoes(error.errors())
        problems = [problem_of(detail, tree, marks, model) for detail in details]
        raise DocumentError(_in_order(problems)) from error


def problem_of(detail: ErrorDetails, tree: Any, marks: Marks, model: type[BaseModel]) -> Problem:
    """One pydantic error as a problem with its place."""
    kind, loc = detail["type"], detail["loc"]
    context: dict[str, Any] = detail.get("ctx", {})
    if kind == "extra_forbidden":
        path = _path_in_tree(loc[:-1], tree)
        key = str(loc[-1])
        known = sorted(_keys_at(model, loc[:-1]))
        near = _nearest(key, known)
        remedy = f"did you mean '{near}'?" if near else f"known here: {', '.join(known)}"
        return Problem(marks.key_place(*path, key), f"the key '{key}' is unknown", remedy=remedy)
    if kind == "missing":
        path = _path_in_tree(loc[:-1], tree)
        key = str(loc[-1])
        return Problem(marks.place(*path), f"'{key}' is missing", remedy=f"add '{key}: ...'")
    path = _path_in_tree(loc, tree)
    place, found = marks.place(*path), _shown(detail["input"])
    if kind in {"literal_error", "enum"}:
        expected = str(context.get("expected", ""))
        choices = [part.strip("' ") for part in expected.replace(" or ", ", ").split(",")]
        near = _nearest(str(detail["input"]), choices)
        remedy = f"did you mean '{near}'?" if near else ""
        return Problem(place, "not one of the known values", found, ", ".join(choices), remedy)
    if kind in _BOUNDS:
        name, text = _BOUNDS[kind]
        return Problem(place, "out of bounds", found, text.format(context.get(name)))
    if kind in _KINDS:
        return Problem(place, "of the wrong kind", found, _KINDS[kind])
    message = detail["msg"].removeprefix("Value error, ")
    message, _, remedy = message.partition("; ")
    return Problem(place, message[:1].lower() + message[1:], found, remedy=remedy)


def _path_in_tree(loc: Sequence[str | int], tree: Any) -> Path:
    """The parts of a pydantic location that are in the document: tags of unions are left out."""
    path: list[str | int] = []
    node = tree
    for part in loc:
        inside: Any = None
        if isinstance(node, dict):
            inside = node
        elif isinstance(node, list) and isinstance(part, int):
            inside = dict(enumerate(node))
        if inside is not None and part in inside:
            node = inside[part]
            path.append(part)
    return tuple(path)


def _keys_at(model: type[BaseModel], loc: Sequence[str | int]) -> set[str]:
    candidates: set[type[BaseModel]] = {model}
    for part in loc:
        found: set[type[BaseModel]] = set()
        for candidate in candidates:
            for name, info in candidate.model_fields.items():
                if part in {name, info.alias}:
                    found |= _models_in(info.annotation)
        named = {candidate for candidate in candidates if candidate.__name__ == part}
        candidates = found or named or candidates
    return {info.alias or name for m in candidates for name, info in m.model_fields.items()}


def _models_in(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {model for argument in get_args(annotation) for model in _models_in(argument)}


def _nearest(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return near[0] if near else ""


def _names_beside(file: pathlib.Path) -> list[str]:
    return [entry.name for entry in file.parent.iterdir()] if file.parent.is_dir() else []


def _first_key(model: type[BaseModel]) -> str:
    return next(iter(model.model_fields), "name")


def _shown(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _without_echoes(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Leave out that a list is too short where that is so because its items are wrong."""
    inner = [detail["loc"] for detail in details]
    return [
        detail
        for detail in details
        if detail["type"] != "too_short"
        or not any(
            len(loc) > (n := len(detail["loc"])) and loc[:n] == detail["loc"] for loc in inner
        )
    ]


def _in_order(problems: list[Problem]) -> list[Problem]:
    kept = list(dict.fromkeys(problems))
    kept.sort(key=lambda problem: (problem.place.line, problem.place.column))
    return kept

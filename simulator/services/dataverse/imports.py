"""Files of `dataverse.schemas`: read once, then from a kept form as long as they do not change."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from windtunnel.contracts.entities.dataverse import (
    OptionSet,
    TableDefinition,
    standard_tables,
)
from windtunnel.contracts.entities.dataverse.imports import Imported, ImportProblem, imported
from windtunnel.contracts.entities.dataverse.kept import opened, packed
from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.kept_files import create_once

_FORM = b"2"
"""Counts up when the kept form or the way of reading documents changes."""


def read_imports(paths: Iterable[Path], folder: Path) -> Imported:
    """The definitions of all files together; the kept form lies below `folder`.

    Raises UsageError with the file's name.
    """
    documents = {str(path): _read(path) for path in paths}
    if not documents:
        return Imported()
    digest = hashlib.sha256(_FORM + version("windtunnel-d365").encode())
    for document in documents.values():
        digest.update(hashlib.sha256(document).digest())
    fresh: list[Imported] = []

    def make() -> bytes:
        known = {table.logical_name: table for table in standard_tables()}
        fresh.append(imported(documents, known))
        return packed(fresh[0].tables.values(), fresh[0].choices.values())

    try:
        with _without_collector():
            kept = create_once(folder / "imports" / f"{digest.hexdigest()}.json", make)
            return fresh[0] if fresh else _imported(*opened(kept))
    except ImportProblem as error:
        raise UsageError(
            str(error),
            where=error.where,
            remedy="It must be a $metadata document, or the JSON of EntityDefinitions or "
            "GlobalOptionSetDefinitions; each may be compressed by gzip.",
        ) from error


def _imported(tables: Iterable[TableDefinition], choices: Iterable[OptionSet]) -> Imported:
    return Imported(
        {table.logical_name: table for table in tables},
        {choice.name: choice for choice in choices},
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error


@contextmanager
def _without_collector() -> Generator[None]:
    """Hundreds of thousands of new objects, none of them garbage: looking for some costs half."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

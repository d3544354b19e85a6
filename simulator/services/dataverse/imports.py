"""Files of `dataverse.schemas`: read once, then from a kept form as long as they do not change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from windtunnel.contracts.entities.dataverse import (
    OptionSet,
    TableDefinition,
    standard_tables,
)
from windtunnel.contracts.entities.dataverse.imports import Imported, imported
from windtunnel.contracts.entities.dataverse.kept import opened, packed
from windtunnel.simulator.kernel.kept_imports import kept_import, without_collector

_FORM: Final = "4"
"""Counts up when the kept form or the way of reading documents changes."""
_REMEDY: Final = (
    "It must be a $metadata document, or the JSON of EntityDefinitions or "
    "GlobalOptionSetDefinitions; each may be compressed by gzip."
)


def read_imports(paths: Iterable[Path], folder: Path) -> Imported:
    """The definitions of all files together; the kept form lies below `folder`.

    Raises UsageError with the file's name.
    """
    fresh: list[Imported] = []

    def make(documents: Mapping[str, bytes]) -> bytes:
        known = {table.logical_name: table for table in standard_tables()}
        fresh.append(imported(documents, known))
        return packed(fresh[0].tables.values(), fresh[0].choices.values())

    with without_collector():
        kept = kept_import(paths, folder, _FORM, make, _REMEDY)
        if kept is None:
            return Imported()
        return fresh[0] if fresh else _imported(*opened(kept))


def _imported(tables: Iterable[TableDefinition], choices: Iterable[OptionSet]) -> Imported:
    return Imported(
        {table.logical_name: table for table in tables},
        {choice.name: choice for choice in choices},
    )

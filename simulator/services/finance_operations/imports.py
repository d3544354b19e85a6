"""Documents of `finance_operations.schemas` as entity types, kept in a form that opens fast."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from windtunnel.contracts.entities.finance_operations.definitions import EntityTypes
from windtunnel.contracts.entities.finance_operations.imports import imported, opened, packed
from windtunnel.contracts.entities.finance_operations.load import entity_types
from windtunnel.simulator.kernel.kept_imports import kept_import, without_collector

_FORM: Final = "fo3"
"""Counts up when the kept form or the way of reading documents changes."""
_REMEDY: Final = (
    "It must be the $metadata document of finance and operations, whole, as "
    "GET https://<environment>/data/$metadata answers it; it may be compressed by gzip."
)


def read_imports(paths: Iterable[Path], folder: Path) -> list[EntityTypes]:
    """The types of all files together, none without files; the kept form lies below `folder`.

    Raises UsageError with the file's name.
    """

    def make(documents: Mapping[str, bytes]) -> bytes:
        return packed(imported(documents, entity_types().enums))

    with without_collector():
        kept = kept_import(paths, folder, _FORM, make, _REMEDY)
    return [] if kept is None else [opened(kept)]

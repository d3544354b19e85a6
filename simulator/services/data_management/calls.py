"""What an import or an export is asked to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ImportCall:
    """The arguments of ImportFromPackage and its kin.

    With `is_file` the URL leads to a data file, not to a package. A `recurring` one runs beside
    others of its project and leaves a project that is there alone. With `fail_on_error` what has
    not begun when an entity has errors is skipped; `without_batch` it does not wait for the batch.
    """

    package_url: str
    project: str
    execution_id: str
    company: str
    user: str
    execute: bool = True
    overwrite: bool = False
    recurring: bool = False
    fail_on_error: bool = False
    without_batch: bool = False
    is_file: bool = False


@dataclass(frozen=True, slots=True)
class ExportCall:
    """The arguments of ExportToPackage and its kin; `count` 0 exports all rows."""

    project: str
    package: str
    execution_id: str
    company: str
    user: str
    again: bool = False
    entities: str = ""
    delta: bool = False
    count: int = 0

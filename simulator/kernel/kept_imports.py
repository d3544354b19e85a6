"""Documents named in settings: read once, then from a kept form as long as they do not change."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from windtunnel.contracts.entities.imports import ImportProblem
from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.kept_files import create_once


def kept_import(
    paths: Iterable[Path],
    folder: Path,
    form: str,
    make: Callable[[Mapping[str, bytes]], bytes],
    remedy: str,
) -> bytes | None:
    """The kept form of all documents together, below `folder`; None without any document.

    `make` gets the documents by name when nothing is kept for just these contents; `form` names
    the kept form and changes with it. Raises UsageError with the file's name for a file that
    cannot be read, and for an ImportProblem.
    """
    documents = {str(path): _read(path) for path in paths}
    if not documents:
        return None
    digest = hashlib.sha256(form.encode() + version("windtunnel-d365").encode())
    for document in documents.values():
        digest.update(hashlib.sha256(document).digest())
    try:
        kept = folder / "imports" / f"{digest.hexdigest()}.json"
        return create_once(kept, lambda: make(documents))
    except ImportProblem as error:
        raise UsageError(str(error), where=error.where, remedy=remedy) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}",
            where=str(path),
            remedy="Check the paths of the setting `schemas`: they are relative to its file.",
        ) from error


@contextmanager
def without_collector() -> Generator[None]:
    """Hundreds of thousands of new objects, none of them garbage: looking for some costs half.

    They count as old ones afterwards, by passing through the collector's permanent generation.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.freeze()
            gc.unfreeze()
            gc.enable()

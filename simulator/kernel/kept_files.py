"""Small files made once and shared by simulators that may start at the same moment."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from windtunnel.simulator.exchange import UsageError
from windtunnel.simulator.kernel.locks import FileLock, Held


def create_once(path: Path, make: Callable[[], bytes], *, mode: int = 0o600) -> bytes:
    """The content of `path`; made by `make` when it is not there yet.

    Of several processes that start together one wins and all get the winner's content. Raises
    UsageError when the folder cannot be written.
    """
    with contextlib.suppress(FileNotFoundError):
        return _read(path)
    draft = _draft(path, make(), mode)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    except OSError:
        _move_once(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return _read(path)


def _move_once(draft: Path, path: Path) -> None:
    """Give a file its name unless that is taken, where the file system has no hard links."""
    try:
        with contextlib.closing(FileLock(path, patience_seconds=60.0)):
            if not path.exists():
                draft.replace(path)
    except (OSError, sqlite3.Error, Held) as error:
        raise _unwritable(path, error) from error


def replace(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write `path` in one step: a reader sees the old content or the new, never a part."""
    draft = _draft(path, content, mode)
    try:
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise _unwritable(path, error) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}",
            where=str(path),
            remedy="Make it readable, or name another folder by simulator.data_folder.",
        ) from error


def _draft(path: Path, content: bytes, mode: int) -> Path:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # made as 0600
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(mode)
    except OSError as error:
        raise _unwritable(path, error) from error
    return Path(name)


def _unwritable(path: Path, error: Exception) -> UsageError:
    return UsageError(
        f"cannot be written: {getattr(error, 'strerror', None) or error}",
        where=str(path),
        remedy="Make the folder writable, or name another by simulator.data_folder.",
    )

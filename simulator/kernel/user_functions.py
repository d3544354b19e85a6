"""Functions of the user's own modules, named in `windtunnel.toml` as `package.module:function`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from windtunnel.simulator.exchange import UsageError

_REMEDY = "Write `package.module:function`; the package must be installed or on the path."


def load_function(reference: str, where: str) -> Callable[..., Any]:
    """The function of a reference. Raises UsageError that names `where`."""
    module, _, name = reference.partition(":")
    try:
        found = import_module(module)
    except (ImportError, ValueError) as error:
        raise UsageError(
            f"the module of '{reference}' cannot be imported: {error}", where=where, remedy=_REMEDY
        ) from error
    function = getattr(found, name, None)
    if not callable(function):
        raise UsageError(f"'{reference}' is not a function", where=where, remedy=_REMEDY)
    made: Callable[..., Any] = function
    return made

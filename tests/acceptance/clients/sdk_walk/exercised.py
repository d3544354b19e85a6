"""Which public operations of the SDK a walk calls: the interpreter tells, the SDK is untouched."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
import threading
from collections.abc import Iterator
from types import CodeType, FrameType, ModuleType
from typing import Any

from PowerPlatform import Dataverse

NAME = Dataverse.__name__
# Tools for a developer's own sources; neither speaks to Dataverse.
TOOLS = ("migration", "claude_skill")


def public_operations(*, aio: bool) -> dict[CodeType, str]:
    """Every public function, method and property of the SDK, by its code.

    The aio client has classes of its own under `aio`; the plain one has all the others, which
    hold the models that both share.
    """
    found: dict[CodeType, str] = {}
    for module in _modules():
        if (".aio." in module.__name__) is not aio:
            continue
        for name, member in vars(module).items():
            if name.startswith("_") or getattr(member, "__module__", "") != module.__name__:
                continue
            if inspect.isclass(member):
                found.update(_of_class(member))
            elif inspect.isfunction(member):
                found[inspect.unwrap(member).__code__] = f"{module.__name__}.{name}"
    return found


def _modules() -> Iterator[ModuleType]:
    for module in pkgutil.walk_packages(Dataverse.__path__, f"{NAME}."):
        parts = module.name.removeprefix(f"{NAME}.").split(".")
        if parts[0] not in TOOLS and not any(part.startswith("_") for part in parts):
            yield importlib.import_module(module.name)


def _of_class(kind: type) -> Iterator[tuple[CodeType, str]]:
    if getattr(kind, "_is_protocol", False):  # a shape, with no code of its own
        return
    for name in dir(kind):
        member = inspect.getattr_static(kind, name)
        if name.startswith("_"):
            continue
        if isinstance(member, property):
            member = member.fget
        function = inspect.unwrap(getattr(member, "__func__", member))
        ours = str(getattr(function, "__module__", "")).startswith(f"{NAME}.")
        if inspect.isfunction(function) and ours:
            yield function.__code__, f"{kind.__name__}.{name}"


class Watch:
    """Remembers the code that is called, in every thread that starts after it."""

    def __init__(self) -> None:
        self._called: set[CodeType] = set()
        threading.setprofile(self._see)
        sys.setprofile(self._see)

    def _see(self, frame: FrameType, event: str, _argument: Any) -> None:
        if event == "call":
            self._called.add(frame.f_code)

    def missed(self, operations: dict[CodeType, str]) -> list[str]:
        """The operations that were never called, by name."""
        return sorted(name for code, name in operations.items() if code not in self._called)

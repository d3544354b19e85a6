"""What the Python scripts of this folder share: named steps, one line of JSON each."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable


def step(name: str) -> Callable[[Callable[[], None]], None]:
    """Run the decorated function at once and print how it went; the other steps run anyway."""

    def run(work: Callable[[], None]) -> None:
        wrong = ""
        try:
            work()
        except Exception as error:
            wrong = f"{type(error).__name__}: {error}"[:1500] or "failed"
        sys.stdout.write(json.dumps({"step": name, "wrong": wrong}) + "\n")

    return run

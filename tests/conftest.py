"""What all tests share: no test fails because the machine is busy, nor once in a hundred runs."""

from __future__ import annotations

import inspect
import os

import httpx
from hypothesis import HealthCheck, settings

# Generated examples are the same in every run: a failure is then seen at once, by whoever made it,
# and not by somebody else weeks later. WT_SOAK=1 looks at others, and at more.
settings.register_profile(
    "windtunnel",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("soak", settings.get_profile("windtunnel"), derandomize=False)
settings.load_profile("soak" if os.environ.get("WT_SOAK") else "windtunnel")

# Five seconds, httpx's patience without a word, are no time for an answer on a busy machine.
_patience = inspect.signature(httpx.Client).parameters["timeout"].default
for _name in ("connect", "read", "write", "pool"):
    setattr(_patience, _name, 120.0)

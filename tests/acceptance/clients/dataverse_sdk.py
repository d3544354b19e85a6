"""Microsoft's SDK for Python: every public operation of the client named by WT_SDK_CLIENT."""

from __future__ import annotations

import importlib
import warnings

from sdk_walk.either import AIO
from sdk_walk.exercised import Watch, public_operations
from steps import step

SUBJECTS = (
    "records",
    "filters",
    "queries",
    "sql",
    "fetchxml",
    "tables",
    "relationships",
    "files",
    "batches",
    "frames",
    "models",
    "mistakes",
)
ONLY_PLAIN = ("deprecated",)

warnings.simplefilter("ignore")  # what is deprecated, or slow at scale, is walked as well
watch = Watch()
for subject in (*SUBJECTS, *(() if AIO else ONLY_PLAIN)):
    importlib.import_module(f"sdk_walk.{subject}")


@step("leaves no public operation of the SDK out")
def _() -> None:
    missed = watch.missed(public_operations(aio=AIO))
    assert not missed, f"never called: {', '.join(missed)}"

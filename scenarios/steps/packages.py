"""`import_package`: a data package through the package API, to the end of its job."""

from __future__ import annotations

import json
from typing import Any

from windtunnel.contracts.results import Mismatch
from windtunnel.scenarios import matchers
from windtunnel.scenarios.answers import Answer
from windtunnel.scenarios.errors import StepError
from windtunnel.scenarios.frame import Found, Frame
from windtunnel.scenarios.functions import text_of
from windtunnel.scenarios.packages import ACTIONS, csv_unicode, package
from windtunnel.scenarios.step_models import ImportPackageStep
from windtunnel.scenarios.steps.calls import send
from windtunnel.scenarios.waiting import until

_BLOB = {"x-ms-blob-type": "BlockBlob", "x-ms-version": "2021-08-06"}
_RUNNING = frozenset({"NotRun", "Executing", "Unknown"})


def import_package(step: ImportPackageStep, frame: Frame) -> Found:
    """Upload, import, wait; a job that does not end in time is a mismatch of the status."""
    project = frame.text(step.project)
    content = _content(step, frame, project)
    unique = frame.run.maker.uuid()
    given = json.loads(_value(step, frame, "GetAzureWriteUrl", uniqueFileName=f"{unique}.zip"))
    url = str(given["BlobUrl"])
    uploaded = send(frame, "PUT", url, headers=_BLOB, identity="none", content={"content": content})
    if not 200 <= uploaded.status < 300:
        raise StepError(f"the package could not be uploaded: {uploaded.title()}")
    execution = f"{project}-{unique}"
    _value(
        step,
        frame,
        "ImportFromPackage",
        packageUrl=url,
        definitionGroupId=project,
        executionId=execution,
        execute=True,
        overwrite=True,
        legalEntityId=frame.text(step.company),
    )
    status = _status(step, frame, execution)
    errors = _value(step, frame, "GetExecutionErrors", executionId=execution)
    frame.keep(step.name, {"execution": execution, "status": status, "errors": errors})
    found = matchers.compare(frame.expected(step.status), status, "status")
    if step.errors is not None:
        found += matchers.compare(frame.expected(step.errors), errors, "errors")
    return Found(found, f"{execution} ended as {status}; errors: {errors}")


def _content(step: ImportPackageStep, frame: Frame, project: str) -> bytes:
    if step.package:
        path = frame.run.folder / frame.text(step.package)
        try:
            return path.read_bytes()
        except OSError as error:
            raise StepError(f"the package {path} cannot be read: {error.strerror}") from error
    rows = [{key.upper(): value for key, value in row.items()} for row in frame.render(step.rows)]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    texts = [[text_of(row.get(column, "")) for column in columns] for row in rows]
    label = frame.text(step.entity)
    return package(project, label, columns, csv_unicode(columns, texts))


def _status(step: ImportPackageStep, frame: Frame, execution: str) -> str:
    """The last status; the execution's details may not be there at first."""
    seen = "Unknown"

    def look() -> Found:
        nonlocal seen
        answer = _asked(step, frame, "GetExecutionSummaryStatus", {"executionId": execution})
        seen = str(answer.json["value"]) if answer.status == 200 else "Unknown"
        running = [Mismatch(path="status", expected=step.status, actual=seen)]
        return Found(running if seen in _RUNNING else [])

    until(frame, step.within, look)
    return seen


def _value(step: ImportPackageStep, frame: Frame, action: str, **given: Any) -> str:
    answer = _asked(step, frame, action, given)
    if answer.status != 200 or not isinstance(answer.json, dict):
        raise StepError(f"{action} was refused: {answer.title()}\n{answer.text[:1000]}")
    return str(answer.json["value"])


def _asked(step: ImportPackageStep, frame: Frame, action: str, given: dict[str, Any]) -> Answer:
    url = frame.run.environment.url("fo") + ACTIONS + action
    content = {"json": given}
    return send(frame, "POST", url, origin="fo", identity=step.identity, content=content)

"""What a step is called in results: one line, without its values filled in."""

from __future__ import annotations

from typing import Any

from windtunnel.scenarios import step_models as kinds
from windtunnel.scenarios.document import ParallelStep, RepeatStep, Scenario, Step


def title_of(step: Step, scenario: Scenario) -> str:
    """A line such as `call POST fo /data/CustomersV3`."""
    return f"{step.kind} {_about(step.content, scenario)}".rstrip()


def _about(content: Any, scenario: Scenario) -> str:
    origin = getattr(content, "origin", None) or scenario.defaults.origin or ""
    match content:
        case kinds.CallStep():
            return f"{content.method} {content.url or f'{origin} {content.path}'}"
        case kinds.ChangeRecordStep():
            return f"{content.do} {origin} {content.entity_set}{_key(content.key)}"
        case kinds.ImportPackageStep():
            return f"{content.package or content.entity} into {content.project}"
        case kinds.ExpectRecordStep():
            absent = " absent" if content.absent else ""
            return f"{origin} {content.entity_set}{_key(content.key)}{absent}"
        case kinds.ExpectResponseStep():
            return f"of {content.of}" if content.of else ""
        case kinds.ExpectEventStep():
            where = f" at {content.at}" if content.at else ""
            return f"{content.event or 'any'}{where}{' absent' if content.absent else ''}"
        case kinds.ExpectCallsStep():
            parts = (content.service, content.method, content.path, content.status or "")
            return " ".join(str(part) for part in parts if part)
        case kinds.FaultStep():
            parts = (content.action, content.service, content.method, content.path)
            return "clear" if content.clear else " ".join(part for part in parts if part)
        case kinds.ThrottleStep():
            return ", ".join(content.root)
        case kinds.AdvanceStep():
            return str(content.by)
        case kinds.RunIntegrationStep():
            command = content.command
            words = command if isinstance(command, str) else " ".join(command)
            name = f"stop {content.stop}" if content.stop else content.name
            return name or words
        case RepeatStep():
            return f"{content.times} times" if content.over is None else "over a list"
        case ParallelStep():
            return f"{len(content.branches)} branches"
        case _:
            return ""


def _key(key: Any) -> str:
    if key is None:
        return ""
    if isinstance(key, str):
        return f"({key})"
    return f"({', '.join(f'{name}={value}' for name, value in key.items())})"

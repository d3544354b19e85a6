"""Steps that steer the simulators: `fault`, `throttle`, `advance`.

Faults and limits that they change are put back when the scenario ends.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from windtunnel.contracts.documents.units import is_duration
from windtunnel.scenarios.errors import StepError
from windtunnel.scenarios.expressions import evaluate, parse
from windtunnel.scenarios.frame import Found, Frame
from windtunnel.scenarios.step_models import AdvanceStep, FaultStep, ThrottleStep


def fault(step: FaultStep, frame: Frame) -> Found:
    """Put a fault in force, or clear all."""
    control = frame.run.environment.need_control("fault")
    if step.clear:
        control.send("DELETE", "/faults")
        return Found()
    rule: dict[str, Any] = step.model_dump(exclude_unset=True, exclude={"clear", "delay"})
    rule = frame.render(rule)
    if "delay" in step.model_fields_set:
        rule["delay_seconds"] = step.delay
    made = control.send("POST", "/faults", json=rule)
    name = str(made["id"])

    def remove() -> None:
        if any(there["id"] == name for there in control.send("GET", "/faults")["value"]):
            control.send("DELETE", f"/faults/{quote(name, safe='')}")

    frame.run.cleanups.append(remove)
    return Found()


def throttle(step: ThrottleStep, frame: Frame) -> Found:
    """Override limits; what they were comes back when the scenario ends."""
    control = frame.run.environment.need_control("throttle")
    changes = {limit: change.model_dump(exclude_none=True) for limit, change in step.root.items()}
    before = {
        row["id"]: {
            name: row[name] for name in ("allowance", "seconds") if row.get(name) is not None
        }
        for row in control.send("GET", "/limits")["value"]
    }
    control.send("PUT", "/limits", json=changes)
    restored = {limit: before[limit] for limit in changes if limit in before}
    frame.run.cleanups.append(lambda: control.send("PUT", "/limits", json=restored))
    return Found()


def advance(step: AdvanceStep, frame: Frame) -> Found:
    """Move the clock; everything that becomes due happens before the next step."""
    by = frame.render(step.by)
    if isinstance(by, str) and is_duration(by):
        by = evaluate(parse(by.replace(" ", "")), {}).total_seconds()
    try:
        seconds = float(by)
    except (TypeError, ValueError):
        raise StepError(f"advance: {by!r} is no duration") from None
    if not 0 <= seconds < float("inf"):
        raise StepError(f"advance: a clock goes forward, not by {by!r}")
    frame.run.clock.advance(seconds)
    return Found()

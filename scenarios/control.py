"""The simulators' control API, as a client sees it; and the scenario's clock that stands on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from windtunnel.contracts.results import JournalLine
from windtunnel.scenarios.errors import StepError, Stopped

ROOT = "/_windtunnel"
_LINE = tuple(JournalLine.model_fields)


@dataclass(frozen=True, slots=True)
class Timing:
    """Real time: how it passes and how to let some pass."""

    monotonic: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    stopped: threading.Event | None = None
    sleep: Callable[[float], None] = time.sleep

    def pause(self, seconds: float) -> None:
        """Wait, or raise Stopped when the run is stopped."""
        if self.stopped is None:
            self.sleep(seconds)
        elif self.stopped.wait(seconds):
            raise Stopped


class Control:
    """Requests to the control API. StepError when it does not answer or refuses."""

    def __init__(self, http: httpx.Client, url: str) -> None:
        self._http = http
        self._url = url.rstrip("/") + ROOT

    def send(self, method: str, path: str, **content: Any) -> Any:
        """The JSON of the answer, None without a body."""
        try:
            answer = self._http.request(method, self._url + path, **content)
        except httpx.HTTPError as error:
            raise StepError(
                f"the control API at {self._url} does not answer ({type(error).__name__}: {error})"
            ) from error
        if answer.is_error:
            raise StepError(
                f"the control API refused {method} {ROOT}{path}: {answer.status_code} "
                f"{answer.text[:500]}"
            )
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise StepError(
                f"{method} {self._url}{path} answered no JSON; is WT_CONTROL_URL right?"
            ) from error

    def reset(self) -> None:
        """Bring the simulators back to their first content."""
        self.send("POST", "/reset")

    def journal(self, **wanted: Any) -> list[dict[str, Any]]:
        """Recorded requests, oldest first; parameters as the control API has them."""
        params = {name: value for name, value in wanted.items() if value not in {None, ""}}
        return list(self.send("GET", "/journal", params=params)["value"])

    def deliveries(self, event: str, since: float) -> list[dict[str, Any]]:
        """Events that were delivered, or tried, since a moment."""
        params = {"since": str(since), **({"event": event} if event else {})}
        return list(self.send("GET", "/events/deliveries", params=params)["value"])


def journal_lines(entries: list[dict[str, Any]]) -> tuple[JournalLine, ...]:
    """Journal entries as results keep them."""
    lines: list[JournalLine] = []
    for entry in entries:
        known = {name: entry[name] for name in _LINE if entry.get(name) is not None}
        known["identity"] = entry.get("identity_name") or entry.get("identity") or ""
        lines.append(JournalLine.model_validate(known))
    return tuple(lines)


class ScenarioClock:
    """The clock that deadlines and `now` run on: the simulators', or the wall without simulators.

    Between two looks at the simulators it goes on by itself at their pace.
    """

    def __init__(self, control: Control | None, timing: Timing) -> None:
        self._control = control
        self._timing = timing
        self._seen_at = timing.monotonic()
        self._now = timing.wall()
        self._factor = 1.0
        if control is not None:
            self._keep(control.send("GET", "/clock"))

    @property
    def is_manual(self) -> bool:
        """Whether only `advance` moves it."""
        return self._factor == 0.0

    @property
    def factor(self) -> float:
        """Seconds of this clock per real second."""
        return self._factor

    def now(self) -> float:
        """Seconds since 1970 UTC."""
        return self._now + (self._timing.monotonic() - self._seen_at) * self._factor

    def look(self) -> None:
        """Ask the simulators again; without them nothing changes."""
        if self._control is not None:
            self._keep(self._control.send("GET", "/clock"))

    def advance(self, seconds: float) -> None:
        """Move the simulators' clock forward."""
        if self._control is None:
            raise StepError("there is no clock to advance: WT_CONTROL_URL is not set")
        self._control.send("POST", "/clock/advance", json={"seconds": seconds})
        self.look()

    def _keep(self, clock: Mapping[str, Any]) -> None:
        self._seen_at = self._timing.monotonic()
        self._now = float(clock["now"])
        default = {"real": 1.0, "manual": 0.0}.get(str(clock["kind"]), 1.0)
        self._factor = float(clock.get("factor", default))

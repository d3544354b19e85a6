"""Faults that a test asks for: errors, delays, lost answers, broken bodies; by match and count."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from windtunnel.simulator.exchange import Exchange, Response, ServiceError
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.web.http_server import DROP_CONNECTION


class FaultRule(BaseModel):
    """One fault. What it matches: all given members; what it does: `action`.

    `error` answers instead of the service (`status`, `code`, `message`, `headers`, `body`); `delay`
    adds `delay_seconds` of the simulator's clock; `drop_before` closes the connection and does
    nothing; `drop_after` lets the service do its work and then closes the connection without an
    answer; `truncate` sends half of the body.
    """

    model_config = ConfigDict(extra="forbid")

    id: str = ""
    service: str = ""
    method: str = ""
    path: str = ""
    identity: str = ""
    server: str = ""
    action: Literal["error", "delay", "drop_before", "drop_after", "truncate"] = "error"
    status: int = Field(default=503, ge=100, le=599)
    code: str = ""
    message: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    body: str | None = None
    delay_seconds: float = Field(default=0.0, ge=0.0, le=86_400.0)
    probability: float = Field(default=1.0, ge=0.0, le=1.0)
    skip: int = Field(default=0, ge=0)
    times: int | None = Field(default=None, ge=1)

    @field_validator("path")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"not a regular expression: {error}") from error
        return value


class InjectedFault(ServiceError):
    """The error of a fault rule, in the words of the service it was injected into."""

    def __init__(self, rule: FaultRule) -> None:
        self.status, self.code, self.text = rule.status, rule.code, "{message}"
        self.rule = rule
        super().__init__(headers=rule.headers, message=rule.message)


@dataclass(slots=True)
class _Armed:
    rule: FaultRule
    path: re.Pattern[str]
    seen: int = 0
    hits: int = 0
    done: bool = field(default=False)

    def takes(self, exchange: Exchange, ids: Ids) -> bool:
        rule, request = self.rule, exchange.request
        if self.done or (rule.service and rule.service != exchange.service):
            return False
        if rule.method and rule.method.upper() != request.method:
            return False
        if rule.identity and rule.identity not in {
            exchange.identity.user_id,
            exchange.identity.app_id,
            exchange.identity.name,
        }:
            return False
        target = f"{request.path}?{request.query}" if request.query else request.path
        if rule.path and self.path.search(target) is None:
            return False
        self.seen += 1
        if self.seen <= rule.skip:
            return False
        if rule.probability < 1.0 and ids.random.random() >= rule.probability:
            return False
        self.hits += 1
        self.done = rule.times is not None and self.hits >= rule.times
        return True


class Faults:
    """The rules in force, in the order they were added; the first that matches acts."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self.armed: list[_Armed] = []
        self._number = 0

    def add(self, rule: FaultRule) -> FaultRule:
        """Put a rule in force; returns it with its id."""
        self._number += 1
        rule = rule.model_copy(update={"id": rule.id or f"fault-{self._number}"})
        self.armed.append(_Armed(rule, re.compile(rule.path)))
        return rule

    def remove(self, rule_id: str) -> bool:
        """Take one rule out of force."""
        before = len(self.armed)
        self.armed = [armed for armed in self.armed if armed.rule.id != rule_id]
        return len(self.armed) < before

    def clear(self) -> None:
        """Take all rules out of force."""
        self.armed.clear()

    def listed(self) -> list[dict[str, Any]]:
        """The rules with how often each acted."""
        return [{**armed.rule.model_dump(), "hits": armed.hits} for armed in self.armed]

    def match(self, exchange: Exchange) -> FaultRule | None:
        """The rule that acts on this request, if any; it is counted."""
        for armed in self.armed:
            if armed.takes(exchange, self._ids):
                exchange.fault = armed.rule.id
                return armed.rule
        return None


def distort(rule: FaultRule, response: Response) -> Response:
    """What a rule does to an answer that the service has already given."""
    if rule.action == "delay":
        response.delay_seconds += rule.delay_seconds
    elif rule.action == "drop_after":
        return Response(DROP_CONNECTION)
    elif rule.action == "truncate" and isinstance(response.body, bytes):
        response.body = response.body[: len(response.body) // 2]
    return response

"""One HTTP exchange as a scenario sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import httpx


@dataclass(frozen=True)
class Answer:
    """What was asked and what came back; `record` is what a change sent or got."""

    method: str
    url: str
    status: int
    headers: httpx.Headers
    content: bytes
    seconds: float
    record: Any = None

    @classmethod
    def of(cls, response: httpx.Response, seconds: float) -> Answer:
        """From a response that was read to its end."""
        return cls(
            response.request.method,
            str(response.request.url),
            response.status_code,
            response.headers,
            response.content,
            seconds,
        )

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8-sig", "replace")

    @cached_property
    def _parsed(self) -> tuple[bool, Any]:
        try:
            return True, json.loads(self.text)
        except (ValueError, RecursionError):
            return False, None

    @property
    def is_json(self) -> bool:
        """Whether the body is JSON."""
        return self._parsed[0]

    @property
    def json(self) -> Any:
        """The body as JSON; None where it is none."""
        return self._parsed[1]

    def view(self) -> Mapping[str, Any]:
        """What templates reach as `response`."""
        return {
            "status": self.status,
            "headers": self.headers,
            "text": self.text,
            "seconds": self.seconds,
            **({"json": self.json} if self.is_json else {}),
        }

    def title(self) -> str:
        """The exchange on one line, with the beginning of an error's body."""
        line = f"{self.method} {self.url} answered {self.status}"
        text = self.text.strip()
        return f"{line}: {text[:500]}" if self.status >= 400 and text else line

"""What a meter says to one request."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from windtunnel.contracts.limits.table import Limit


class Admitted(NamedTuple):
    """The request may run; meters always return the one value ADMITTED, so compare with `is`."""


class Refused(NamedTuple):
    """The request must wait: which limit it met, and the value of Retry-After."""

    limit: Limit
    retry_after_seconds: int

    @property
    def message(self) -> str:
        """The text of the error."""
        return self.limit.message(self.retry_after_seconds)


Verdict: TypeAlias = Admitted | Refused

ADMITTED: Final = Admitted()

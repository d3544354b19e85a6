"""Who the bearer of a token is, kept by the whole header for as long as the token is valid."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from windtunnel.simulator.kernel.tokens import Claims

T = TypeVar("T")


class Callers(Generic[T]):
    """What a service makes of the claims of a token. Not thread-safe: one per event loop.

    `check` reads an Authorization header or raises InvalidToken; `make` is asked once for the
    claims of each token, and what it raises is not kept.
    """

    def __init__(
        self,
        check: Callable[[bytes], Claims],
        make: Callable[[Claims], T],
        *,
        capacity: int = 10_000,
    ) -> None:
        self._check, self._make, self._capacity = check, make, capacity
        self._known: dict[bytes, tuple[float, float, T]] = {}

    def find(self, header: bytes, moment: float) -> T:
        """The caller behind a header, at a moment of the clock that tokens are checked by."""
        known = self._known.get(header)
        if known is not None:
            if known[0] <= moment < known[1]:
                return known[2]
            del self._known[header]
        claims = self._check(header)
        made = self._make(claims)
        if len(self._known) >= self._capacity:
            del self._known[next(iter(self._known))]
        self._known[header] = (claims.not_before, claims.expires, made)
        return made

    def forget(self) -> None:
        """What is made of claims has changed: make it anew."""
        self._known.clear()

"""Callers: who a token stands for is worked out once, and never longer than the token is valid."""

from __future__ import annotations

import pytest

from windtunnel.simulator.kernel.callers import Callers
from windtunnel.simulator.kernel.tokens import Claims, InvalidToken


class Desk:
    """Counts what is asked of it; the header is the application."""

    def __init__(self, *, capacity: int = 10) -> None:
        self.asked: list[bytes] = []
        self.callers = Callers(self.check, lambda claims: [claims.app_id], capacity=capacity)

    def check(self, header: bytes) -> Claims:
        self.asked.append(header)
        if header == b"bad" or len(self.asked) > 6:
            raise InvalidToken("expired", "The token expired.")
        return Claims(header.decode(), "", "", not_before=10.0, expires=20.0)


def test_a_token_is_checked_once_while_it_is_valid():
    desk = Desk()
    first = desk.callers.find(b"one", 10.0)
    assert first == ["one"]
    assert desk.callers.find(b"one", 19.9) is first
    assert desk.asked == [b"one"]


@pytest.mark.parametrize("moment", [9.9, 20.0, 1e9])
def test_outside_its_time_a_known_token_is_checked_again(moment):
    desk = Desk()
    desk.callers.find(b"one", 15.0)
    desk.callers.find(b"one", moment)
    assert desk.asked == [b"one", b"one"]


def test_what_is_refused_is_not_kept():
    desk = Desk()
    for _ in range(2):
        with pytest.raises(InvalidToken):
            desk.callers.find(b"bad", 15.0)
    assert desk.asked == [b"bad", b"bad"]


def test_the_memory_is_bounded_and_forgets_the_oldest():
    desk = Desk(capacity=2)
    for name in (b"one", b"two", b"three", b"two"):
        desk.callers.find(name, 15.0)
    assert desk.asked == [b"one", b"two", b"three"]
    desk.callers.find(b"one", 15.0)
    assert desk.asked[-1] == b"one"


def test_it_forgets_when_told():
    desk = Desk()
    desk.callers.find(b"one", 15.0)
    desk.callers.forget()
    desk.callers.find(b"one", 15.0)
    assert desk.asked == [b"one", b"one"]

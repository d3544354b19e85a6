"""Clocks and timers."""

from __future__ import annotations

import asyncio
import uuid
from datetime import UTC, datetime
from functools import partial
from types import SimpleNamespace

import pytest

from windtunnel.simulator.kernel.clock import ManualClock, SteerableClock, iso_seconds, iso_text
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.timers import Timers


def test_a_manual_clock_moves_only_when_told():
    clock = ManualClock(10.0)
    clock.advance(5)
    assert clock.now() == 15.0
    assert clock.real_seconds(1) is None
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)


def test_a_steerable_clock_stops_moves_and_goes_on():
    heard = []
    clock = SteerableClock(0.0, 100.0)
    clock.on_steer(lambda: heard.append(clock.now()))
    assert (clock.kind, clock.now(), clock.real_seconds(3)) == ("manual", 100.0, None)
    clock.advance(50)
    assert clock.now() == 150.0
    clock.pace(60.0)
    assert clock.kind == "scaled"
    assert clock.real_seconds(60) == 1.0
    assert clock.now() >= 150.0
    clock.pace(1.0)
    assert (clock.kind, clock.factor) == ("real", 1.0)
    assert len(heard) == 3


@pytest.mark.parametrize("factor", [-1.0, 2_000_000.0])
def test_a_clock_refuses_an_impossible_pace(factor):
    with pytest.raises(ValueError, match="factor"):
        SteerableClock(factor)


def test_a_steerable_clock_does_not_go_back_but_begins_anew_with_all_else():
    heard = []
    clock = SteerableClock(0.0, 100.0)
    clock.on_steer(lambda: heard.append(clock.now()))
    with pytest.raises(ValueError, match="back"):
        clock.advance(-1)
    clock.advance(50)
    clock.restart(100.0)
    assert heard == [150.0, 100.0]


def test_moments_print_as_iso_seconds():
    assert iso_seconds(0.0) == "1970-01-01T00:00:00Z"


def test_timers_run_in_order_when_their_moment_has_come():
    clock, ran = ManualClock(0.0), []
    timers = Timers(clock)
    timers.call_later(2, lambda: ran.append("second"))
    timers.call_later(1, lambda: ran.append("first"))
    timers.call_later(9, lambda: ran.append("later"))
    clock.advance(2)
    assert timers.run_due() == 2
    assert ran == ["first", "second"]
    assert timers.next_moment == 9


def test_a_timer_may_plan_another():
    clock, ran = ManualClock(0.0), []
    timers = Timers(clock)
    timers.call_later(1, lambda: timers.call_later(0, lambda: ran.append("chained")))
    clock.advance(1)
    timers.run_due()
    assert ran == ["chained"]


def test_sleep_takes_real_time_on_a_fast_clock_and_none_on_a_standing_one():
    async def main() -> None:
        clock = SteerableClock(10_000.0, 0.0)
        timers = Timers(clock)
        clock.on_steer(timers.run_due)
        timers.attach(asyncio.get_running_loop())
        await timers.sleep(100.0)
        assert clock.now() >= 100.0
        clock.pace(0.0)
        waiting = asyncio.ensure_future(timers.sleep(3600.0))
        await asyncio.sleep(0)
        assert not waiting.done()
        clock.advance(3600.0)
        await waiting
        timers.detach()

    asyncio.run(main())


class Loop:
    """Keeps what was planned; nothing of it runs by itself."""

    def __init__(self):
        self.planned = []

    def call_later(self, wait, callback):
        self.planned.append([wait, callback, True])
        return SimpleNamespace(cancel=partial(self.planned[-1].__setitem__, 2, False))

    def live(self):
        return [wait for wait, _, is_live in self.planned if is_live]


def test_timers_wake_once_for_the_earliest_moment_and_not_when_detached():
    timers, loop, ran = Timers(SteerableClock(2.0, 0.0)), Loop(), []
    timers.attach(loop)
    assert loop.live() == []
    timers.call_later(3600, lambda: ran.append("late"))
    timers.call_later(1800, lambda: ran.append("early"))
    assert [round(wait / 900) for wait in loop.live()] == [1]
    timers.detach()
    assert loop.live() == []
    timers.attach(loop)
    assert [round(wait / 900) for wait in loop.live()] == [1]
    assert timers.next_moment is not None
    assert ran == []


def test_the_same_seed_gives_the_same_ids_and_children_differ():
    made = uuid.UUID(Ids(7).uuid())
    assert (made.version, made.variant) == (4, uuid.RFC_4122)
    assert Ids(7).uuid() == str(uuid.UUID(int=Ids(7).random.getrandbits(128), version=4))
    assert Ids(7).uuid() == Ids(7).uuid()
    assert Ids(7).uuid() != Ids(8).uuid()
    assert Ids(7).child("a").uuid() == Ids(7).child("a").uuid()
    assert Ids(7).child("a").uuid() != Ids(7).child("b").uuid()


def test_years_have_four_digits_on_every_system():
    assert iso_text(datetime(1, 1, 1, tzinfo=UTC)) == "0001-01-01T00:00:00Z"
    assert iso_text(datetime(2026, 1, 31, 8, 0, 0, 5, UTC)) == "2026-01-31T08:00:00.000005Z"

"""Long work in slices, side by side, on the clock."""

from __future__ import annotations

import asyncio
import logging

import pytest

from windtunnel.simulator.kernel import background as module
from windtunnel.simulator.kernel.background import SLICE_SECONDS, Background, Slices
from windtunnel.simulator.kernel.clock import ManualClock
from windtunnel.simulator.kernel.timers import Timers


class Rig:
    def __init__(self):
        self.clock = ManualClock()
        self.timers = Timers(self.clock)
        self.commits = 0
        self.done = []
        self.background = Background(self.timers, self.commit)

    def commit(self):
        self.commits += 1

    def work(self, name, *waits):
        for wait in waits:
            self.done.append(name)
            yield wait
        self.done.append(f"{name}.")


def test_pieces_of_work_take_turns():
    rig = Rig()
    rig.background.start(rig.work("a", 0.0, 0.0))
    rig.background.start(rig.work("b", 0.0))
    assert rig.background.is_busy
    rig.background.drain()
    assert rig.done == ["a", "b", "a", "b.", "a."]
    assert rig.commits == 1


def test_work_that_waits_goes_on_at_its_moment():
    rig = Rig()
    rig.background.start(rig.work("a", 5.0))
    rig.background.drain()
    rig.clock.advance(4.9)
    rig.timers.run_due()
    assert not rig.background.is_busy
    rig.clock.advance(0.1)
    rig.timers.run_due()
    rig.background.drain()
    assert rig.done == ["a", "a."]


def test_work_that_fails_is_logged_and_left_and_the_rest_goes_on(caplog):
    rig = Rig()

    def broken():
        yield 0.0
        raise RuntimeError("broken")

    rig.background.start(broken())
    rig.background.start(rig.work("a", 0.0))
    with caplog.at_level(logging.ERROR):
        rig.background.drain()
    assert rig.done == ["a", "a."]
    assert "broken" in caplog.text


def test_forgotten_work_does_nothing_any_more():
    rig = Rig()
    rig.background.start(rig.work("a", 5.0))
    rig.background.start(rig.work("b", 0.0, 0.0))
    rig.background.drain()
    rig.background.start(rig.work("c", 0.0))
    rig.background.forget()
    rig.clock.advance(5.0)
    rig.timers.run_due()
    rig.background.drain()
    assert rig.done == ["a", "b", "b", "b."]


def test_on_a_loop_others_are_answered_between_the_slices():
    rig = Rig()
    seen = []

    def long_work():
        for number in range(200):
            until = asyncio.get_running_loop().time() + 0.001
            while asyncio.get_running_loop().time() < until:
                pass
            seen.append(number)
            yield 0.0

    async def main():
        rig.background.attach(asyncio.get_running_loop())
        rig.background.start(long_work())
        assert seen == []
        turns = 0
        while len(seen) < 200:
            await asyncio.sleep(0)
            turns += 1
        await asyncio.sleep(0)
        rig.background.detach()
        rig.background.start(rig.work("later", 0.0))
        await asyncio.sleep(0)
        return turns

    assert asyncio.run(main()) >= 5
    assert rig.commits >= 5
    assert rig.done == []


def test_a_slice_waits_while_it_is_held_back_and_then_goes_on_whatever_is_said():
    rig = Rig()
    waiting = []

    def hold_back(then):
        waiting.append(then)
        return True

    rig.background = Background(rig.timers, rig.commit, hold_back)

    async def main():
        rig.background.attach(asyncio.get_running_loop())
        rig.background.start(rig.work("a"))
        rig.background.start(rig.work("b"))
        for _ in range(5):
            await asyncio.sleep(0)
        assert (rig.done, len(waiting)) == ([], 1)
        await asyncio.to_thread(waiting[0])
        for _ in range(5):
            await asyncio.sleep(0)
        assert rig.done == ["a.", "b."]
        rig.background.detach()

    asyncio.run(main())
    waiting[0]()  # the thread may be late: the loop is closed


def test_work_that_was_held_back_at_the_end_goes_on_at_the_next_loop():
    rig = Rig()
    waiting = []

    def hold_back(then):
        waiting.append(then)
        return len(waiting) == 1

    rig.background = Background(rig.timers, rig.commit, hold_back)

    async def run():
        rig.background.attach(asyncio.get_running_loop())
        for _ in range(5):
            await asyncio.sleep(0)
        rig.background.detach()

    rig.background.start(rig.work("a"))
    asyncio.run(run())
    assert rig.done == []
    asyncio.run(run())
    assert rig.done == ["a."]


@pytest.mark.parametrize("wait", [0.0, 1.0])
def test_work_may_forget_all_work_while_it_runs(wait):
    rig = Rig()

    def resets():
        rig.background.forget()
        yield wait
        rig.done.append("never")

    rig.background.start(resets())
    rig.background.drain()
    rig.clock.advance(2.0)
    rig.timers.run_due()
    rig.background.drain()
    assert rig.done == []


def test_a_slice_has_as_many_items_as_fill_it(monkeypatch):
    moments = iter([0.0, 0.0, SLICE_SECONDS, 1.0, 1.0 + 100 * SLICE_SECONDS, 5.0, 5.0])
    monkeypatch.setattr(module.time, "thread_time", lambda: next(moments))
    slices = Slices(10, 50)
    assert slices.rows() == 10
    slices.begin()
    slices.did(40)
    assert slices.rows() == 40, "40 took the whole of a slice"
    slices.begin()
    slices.did(40)
    assert slices.rows() == 1, "never none"
    slices.begin()
    slices.did(1)
    assert slices.rows() == 50, "never more than the most"

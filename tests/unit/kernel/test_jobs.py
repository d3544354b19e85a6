"""Jobs: at once, on the clock, by hand; they outlive the process."""

from __future__ import annotations

import pytest

from windtunnel.simulator.kernel.clock import ManualClock
from windtunnel.simulator.kernel.ids import Ids
from windtunnel.simulator.kernel.jobs import Jobs
from windtunnel.simulator.kernel.store import Store
from windtunnel.simulator.kernel.timers import Timers


@pytest.fixture
def clock():
    return ManualClock(1000.0)


@pytest.fixture
def timers(clock):
    return Timers(clock)


@pytest.fixture
def store():
    made = Store()
    yield made
    made.close()


@pytest.fixture
def done():
    return []


@pytest.fixture
def jobs(store, clock, timers, done):
    made = Jobs(store, clock, timers, Ids())
    made.register("count", lambda given: done.append(given["n"]))
    return made


def test_an_immediate_job_is_done_when_start_returns(jobs, done):
    jobs.start("count", {"n": 1}, "immediate")
    assert done == [1]
    assert jobs.waiting() == []


def test_a_timed_job_is_done_at_its_moment(jobs, done, clock, timers):
    job = jobs.start("count", {"n": 1}, "time: 30")
    assert [(j.id, j.due) for j in jobs.waiting()] == [(job, 1030.0)]
    clock.advance(29.9)
    timers.run_due()
    assert done == []
    clock.advance(0.1)
    timers.run_due()
    assert done == [1]
    assert jobs.waiting() == []


def test_a_job_by_hand_waits_for_it_and_is_done_once(jobs, done, clock, timers):
    job = jobs.start("count", {"n": 1}, "manual")
    clock.advance(1e6)
    timers.run_due()
    assert done == []
    assert jobs.complete(job)
    assert not jobs.complete(job)
    assert done == [1]


def test_waiting_jobs_are_planned_again_after_a_restart(jobs, done, store, clock):
    jobs.start("count", {"n": 7}, "time: 30")
    store.commit()
    timers = Timers(clock)
    again = Jobs(store, clock, timers, Ids())
    again.register("count", lambda given: done.append(given["n"]))
    again.resume()
    clock.advance(31)
    timers.run_due()
    assert done == [7]


def test_a_job_that_fails_stays_and_leaves_no_trace(jobs, store, done):
    def fail(given):
        store.write("CREATE TABLE trace (x)")
        raise LookupError

    jobs.register("fail", fail)
    job = jobs.start("fail", {}, "manual")
    with pytest.raises(LookupError):
        jobs.complete(job)
    assert [j.id for j in jobs.waiting()] == [job]
    assert not store.read("SELECT 1 FROM sqlite_master WHERE name='trace'").fetchall()


def test_a_cancelled_job_is_never_done(jobs, done, clock, timers):
    job = jobs.start("count", {"n": 1}, "time: 30")
    assert jobs.cancel(job)
    assert not jobs.cancel(job)
    clock.advance(31)
    timers.run_due()
    assert done == []
    assert jobs.waiting() == []

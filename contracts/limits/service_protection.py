"""Service protection: requests, execution time and concurrency of an identity on a web server."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from heapq import heappop, heappush

from windtunnel.contracts.limits.block import Block
from windtunnel.contracts.limits.sliding_window import COMPACT_ABOVE, seconds_until_outside
from windtunnel.contracts.limits.table import Limit, Limits
from windtunnel.contracts.limits.verdict import ADMITTED, Refused, Verdict

MICROSECONDS = 1_000_000
COMPACT_MASK = COMPACT_ABOVE - 1


@dataclass(frozen=True, slots=True)
class ProtectionRules:
    """The three rows and the numbers of the model that a meter follows."""

    requests: Limit
    execution: Limit
    concurrency: Limit
    growth: float
    retry_cap: int
    block_cap: int
    concurrency_retry: int
    count_refused: bool

    @classmethod
    def of(cls, limits: Limits, prefix: str = "dataverse") -> ProtectionRules:
        """Read the rows of `dataverse`, or of `fo` for the user-based limits up to 10.0.35."""
        model = f"{prefix}.model"
        return cls(
            limits[f"{prefix}.requests"],
            limits[f"{prefix}.execution-time"],
            limits[f"{prefix}.concurrency"],
            limits[f"{model}.retry-growth"].allowance,
            int(limits[f"{model}.retry-cap"].allowance),
            int(limits[f"{model}.block-cap"].allowance),
            int(limits[f"{model}.concurrency-retry"].allowance),
            bool(limits[f"{model}.count-refused"].allowance),
        )


class ServiceProtection:
    """One meter per (identity, web server). Give it moments that never go back, on any one clock.

    Either call `admit` when a request comes and `finish` when it is done, or call `run` with the
    time that it will take and leave the rest to the meter. A caller that waits the Retry-After of
    a count or time refusal is admitted, unless requests that were in flight ended meanwhile. A
    concurrency refusal blocks nothing: the next request is admitted as soon as one has ended.

    Both windows are exact and kept here, not in objects of their own: this runs for every request
    of every server and for millions in a forecast. What left a window is forgotten only when it
    could matter: totals that still hold it are too high, so below the peak they decide nothing.
    """

    __slots__ = (
        "_began", "_block", "_blocked_by", "_concurrent", "_costs", "_ends", "_most_requests",
        "_most_time", "_over", "_spent", "_spent_head", "_spent_moments", "_time_window",
        "_until",
        "_window", "_window_head", "in_flight", "peak_execution", "peak_in_flight",
        "peak_requests", "refused_concurrency", "refused_execution", "refused_requests", "rules",
    )  # fmt: skip

    def __init__(self, rules: ProtectionRules) -> None:
        self.rules = rules
        self.in_flight = 0
        self.peak_requests = self.peak_execution = self.peak_in_flight = 0
        self.refused_requests = self.refused_execution = self.refused_concurrency = 0
        self._most_requests = int(rules.requests.allowance)
        self._most_time = round(rules.execution.allowance * MICROSECONDS)
        self._concurrent = int(rules.concurrency.allowance)
        self._window, self._time_window = rules.requests.seconds, rules.execution.seconds
        self._began = array("d")
        self._window_head = 0
        self._spent_moments = array("d")
        self._costs = array("q")
        self._spent_head = 0
        self._spent = 0
        self._ends: list[tuple[float, float]] = []
        self._block = Block(rules.growth, rules.retry_cap, rules.block_cap)
        self._until = self._block.until
        self._blocked_by = rules.requests
        self._over = 0

    def admit(self, now: float) -> Verdict:
        """Decide one request; an admitted one is in flight until `finish`."""
        ends = self._ends
        if ends and ends[0][0] <= now:
            self.settle(now)
        if now < self._until:
            return self._still_blocked(now)
        in_flight = self.in_flight
        if in_flight >= self._concurrent:
            return self._too_many_at_once(now)
        began = self._began
        fresh_peak = 0
        if len(began) - self._window_head >= self.peak_requests:
            count = self._expire_requests(now)
            if count >= self._most_requests:
                self.refused_requests += 1
                return self._breach(now, self.rules.requests)
            fresh_peak = count + 1
        if self._spent > self._most_time and self._expire_time(now) > self._most_time:
            self.refused_execution += 1
            return self._breach(now, self.rules.execution)
        began.append(now)
        if fresh_peak > self.peak_requests:  # noqa: PLR1730 - a call of max costs more
            self.peak_requests = fresh_peak
        self.in_flight = in_flight = in_flight + 1
        if in_flight > self.peak_in_flight:  # noqa: PLR1730 - a call of max costs more
            self.peak_in_flight = in_flight
        self._over = 0
        return ADMITTED

    def finish(self, now: float, execution_seconds: float) -> None:
        """An admitted request ended and took so long."""
        self.in_flight -= 1
        moments = self._spent_moments
        cost = int(execution_seconds * 1_000_000 + 0.5)
        spent = self._spent + cost
        if spent > self.peak_execution or not len(moments) & COMPACT_MASK:
            spent = self._expire_time(now) + cost
            if spent > self.peak_execution:  # noqa: PLR1730 - a call of max costs more
                self.peak_execution = spent
        moments.append(now)
        self._costs.append(cost)
        self._spent = spent

    def run(self, now: float, execution_seconds: float) -> Verdict:
        """Decide a request that will take so long; if admitted, the meter ends it by itself."""
        verdict = self.admit(now)
        if verdict is ADMITTED:
            heappush(self._ends, (now + execution_seconds, execution_seconds))
        return verdict

    def left(self, now: float) -> tuple[int, int]:
        """(requests, microseconds of execution time) still allowed.

        What x-ms-ratelimit-burst-remaining-xrm-requests and
        x-ms-ratelimit-time-remaining-xrm-requests show.
        """
        if self._ends:
            self.settle(now)
        requests = self._most_requests - self._expire_requests(now)
        time = self._most_time - self._expire_time(now)
        return max(0, requests), max(0, time)

    def finish_and_tell(self, now: float, execution_seconds: float) -> tuple[int, int]:
        """`finish`, and what is `left` then: every answer of the server shows it."""
        self.in_flight -= 1
        cost = int(execution_seconds * 1_000_000 + 0.5)
        moments, began = self._spent_moments, self._began
        moments.append(now)
        self._costs.append(cost)
        spent = self._spent = self._spent + cost
        if moments[self._spent_head] <= now - self._time_window:
            spent = self._expire_time(now)
        self.peak_execution = max(self.peak_execution, spent)
        head = self._window_head
        count = len(began) - head
        if count and began[head] <= now - self._window:
            count = self._expire_requests(now)
        time = self._most_time - spent
        return self._most_requests - count, max(0, time)

    def blocked_until(self, now: float) -> float | None:
        """When the current block ends, if there is one."""
        return self._until if now < self._until else None

    def peaks(self) -> tuple[tuple[Limit, float, int], ...]:
        """Each limit with the most that was used of it and its refusals."""
        rules = self.rules
        return (
            (rules.requests, self.peak_requests, self.refused_requests),
            (rules.execution, self.peak_execution / MICROSECONDS, self.refused_execution),
            (rules.concurrency, self.peak_in_flight, self.refused_concurrency),
        )

    def settle(self, now: float) -> None:
        """End what `run` began and is over by now; `admit` does it by itself."""
        ends = self._ends
        while ends and ends[0][0] <= now:
            self.finish(*heappop(ends))

    def _expire_requests(self, now: float) -> int:
        began, head = self._began, self._window_head
        last, horizon = len(began), now - self._window
        while head < last and began[head] <= horizon:
            head += 1
        if head > COMPACT_ABOVE and head * 2 > last:
            del began[:head]
            last -= head
            head = 0
        self._window_head = head
        return last - head

    def _expire_time(self, now: float) -> int:
        moments, costs, head = self._spent_moments, self._costs, self._spent_head
        last, horizon, spent = len(moments), now - self._time_window, self._spent
        while head < last and moments[head] <= horizon:
            spent -= costs[head]
            head += 1
        if head > COMPACT_ABOVE and head * 2 > last:
            del moments[:head], costs[:head]
            head = 0
        self._spent_head = head
        self._spent = spent
        return spent

    def _breach(self, now: float, limit: Limit) -> Refused:
        self._blocked_by = limit
        self._count_refused(now)
        retry = self._block.begin(now, self._wait(now))
        self._until = self._block.until
        return Refused(limit, retry)

    def _still_blocked(self, now: float) -> Refused:
        limit = self._blocked_by
        if limit is self.rules.requests:
            self.refused_requests += 1
        else:
            self.refused_execution += 1
        self._count_refused(now)
        needed = self._wait(now) if self.rules.count_refused else 0
        retry = self._block.lengthen(now, needed)
        self._until = self._block.until
        return Refused(limit, retry)

    def _too_many_at_once(self, now: float) -> Refused:
        self.refused_concurrency += 1
        self._count_refused(now)
        longest = self.rules.concurrency_retry
        retry = 1 + self._over * longest // max(1, self._concurrent)
        self._over += 1
        return Refused(self.rules.concurrency, min(longest, retry))

    def _count_refused(self, now: float) -> None:
        if self.rules.count_refused:
            self._began.append(now)

    def _wait(self, now: float) -> int:
        """Whole seconds until both windows have room; a limit of 0 requests never has."""
        excess = self._expire_requests(now) - self._most_requests
        wait = 1
        if self._most_requests < 1:
            wait = max(1, round(self._window))
        elif excess >= 0:
            moment = self._began[self._window_head + excess]
            wait = seconds_until_outside(now, moment, self._window)
        overspent, index = self._expire_time(now) - self._most_time, self._spent_head
        if overspent > 0:
            while overspent > 0:
                overspent -= self._costs[index]
                index += 1
            moment = self._spent_moments[index - 1]
            wait = max(wait, seconds_until_outside(now, moment, self._time_window))
        return wait

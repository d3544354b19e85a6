"""Priority-based throttling of finance and operations: refuse by load, low priority first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from heapq import heappop, heappush
from math import inf

from windtunnel.contracts.limits.block import Block
from windtunnel.contracts.limits.service_protection import MICROSECONDS
from windtunnel.contracts.limits.sliding_window import SumWindow
from windtunnel.contracts.limits.table import Limit, Limits
from windtunnel.contracts.limits.verdict import ADMITTED, Refused, Verdict


class Priority(StrEnum):
    """Priority of a caller in the throttling priority mapping; exempt callers are never refused."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    EXEMPT = "exempt"


@dataclass(frozen=True, slots=True)
class ResourceRules:
    """Size of the environment, what else runs on it, and from which load each priority is refused.

    Microsoft publishes neither thresholds nor the growth of Retry-After: these numbers are ours.
    """

    limit: Limit
    retry_after: int
    cores: float
    memory: float
    request_memory: float
    background_cpu: float
    background_memory: float
    batch_share: float
    smoothing_seconds: float
    refuse_low: float
    refuse_medium: float
    refuse_high: float
    growth: float
    retry_cap: int
    block_cap: int

    @classmethod
    def of(cls, limits: Limits) -> ResourceRules:
        """Read the rows `fo.load` and `fo.model.*`."""

        def model(name: str) -> float:
            return limits[f"fo.model.{name}"].allowance

        servers = model("servers")
        return cls(
            limits["fo.load"],
            max(1, round(limits["fo.retry-after"].allowance)),
            servers * model("cores"),
            servers * model("memory"),
            model("request-memory"),
            model("background-cpu"),
            model("background-memory"),
            model("batch-share"),
            model("smoothing"),
            model("refuse-low"),
            model("refuse-medium"),
            model("refuse-high"),
            model("retry-growth"),
            int(model("retry-cap")),
            int(model("block-cap")),
        )


class WorkBeside:
    """Work that runs beside the requests: batch jobs, imports, exports. Nobody refuses it."""

    __slots__ = ("_under_way", "cores", "memory")

    def __init__(self) -> None:
        self._under_way: dict[object, tuple[float, float]] = {}
        self.cores = self.memory = 0.0

    def working(self, cores: float, memory: float = 0.0) -> Callable[[], None]:
        """Work begins that keeps so many cores and MB busy; call what is returned at its end."""
        if not (0 <= cores < inf and 0 <= memory < inf):
            raise ValueError(f"{cores} cores and {memory} MB cannot be busy")
        work = object()
        self._under_way[work] = (cores, memory)
        self._sum_up()

        def end() -> None:
            if self._under_way.pop(work, None) is not None:
                self._sum_up()

        return end

    def forget(self) -> None:
        """Nothing is under way any more; ends that come later change nothing."""
        self._under_way.clear()
        self._sum_up()

    def __len__(self) -> int:
        return len(self._under_way)

    def _sum_up(self) -> None:
        self.cores = sum(cores for cores, _ in self._under_way.values())
        self.memory = sum(memory for _, memory in self._under_way.values())


class ResourceThrottle:
    """One meter per environment. Load: the larger of averaged processor use and memory in use.

    1 means all of it. A refused caller is refused until its Retry-After is over, even when the load
    has fallen; asking earlier lengthens it. After it the load decides anew, so waiting does not
    promise to be enough.
    """

    __slots__ = (
        "_blocks", "_capacity", "_cpu", "_ends", "_thresholds", "background_cpu",
        "background_memory", "beside", "in_flight", "peak_load", "refused", "rules",
    )  # fmt: skip

    def __init__(self, rules: ResourceRules, beside: WorkBeside | None = None) -> None:
        self.rules = rules
        self.beside = WorkBeside() if beside is None else beside
        self.background_cpu = rules.background_cpu
        self.background_memory = rules.background_memory
        self.in_flight = 0
        self.peak_load = 0.0
        self.refused: dict[str, int] = {}
        self._cpu = SumWindow(rules.smoothing_seconds)
        self._capacity = rules.smoothing_seconds * rules.cores * MICROSECONDS
        self._ends: list[tuple[float, int]] = []
        self._blocks: dict[str, Block] = {}
        self._thresholds = {
            Priority.LOW: rules.refuse_low,
            Priority.MEDIUM: rules.refuse_medium,
            Priority.HIGH: rules.refuse_high,
            Priority.EXEMPT: inf,
        }

    def admit(self, now: float, caller: str, priority: Priority = Priority.LOW) -> Verdict:
        """Decide one request of a caller; an admitted one is in flight until `finish`."""
        block = self._blocks.get(caller)
        if block is not None and now < block.until and priority is not Priority.EXEMPT:
            return self._refuse(caller, block.lengthen(now))
        load = self.load(now)
        self.peak_load = max(self.peak_load, load)
        if load >= self._thresholds[priority]:
            if block is None:
                rules = self.rules
                block = self._blocks[caller] = Block(rules.growth, rules.retry_cap, rules.block_cap)
            return self._refuse(caller, block.begin(now, self.rules.retry_after))
        self.in_flight += 1
        return ADMITTED

    def finish(self, now: float, execution_seconds: float) -> None:
        """An admitted request ended and took so much processor time."""
        self.in_flight -= 1
        self.spend(now, execution_seconds)

    def spend(self, now: float, core_seconds: float) -> None:
        """So much processor time was used by now, by a request or beside them."""
        self._cpu.expire(now)
        self._cpu.add(now, int(core_seconds * MICROSECONDS + 0.5))

    def run(
        self, now: float, caller: str, execution_seconds: float, priority: Priority = Priority.LOW
    ) -> Verdict:
        """Decide a request that will take so long; if admitted, the meter ends it by itself."""
        verdict = self.admit(now, caller, priority)
        if verdict is ADMITTED:
            cost = int(execution_seconds * MICROSECONDS + 0.5)
            heappush(self._ends, (now + execution_seconds, cost))
        return verdict

    def cpu(self, now: float) -> float:
        """Processor use, 1 = all cores busy."""
        ends = self._ends
        while ends and ends[0][0] <= now:
            end, cost = heappop(ends)
            self.in_flight -= 1
            self._cpu.add(end, cost)
        beside = min(self.beside.cores / self.rules.cores, self.rules.batch_share)
        return self.background_cpu + beside + self._cpu.expire(now) / self._capacity

    def memory(self) -> float:
        """Memory in use, 1 = all."""
        rules = self.rules
        used = self.in_flight * rules.request_memory + self.beside.memory
        return self.background_memory + used / rules.memory

    def load(self, now: float) -> float:
        """The larger of the two."""
        return max(self.cpu(now), self.memory())

    def blocked_until(self, now: float, caller: str) -> float | None:
        """When the block of a caller ends, if there is one."""
        block = self._blocks.get(caller)
        return block.until if block is not None and now < block.until else None

    def _refuse(self, caller: str, retry_after_seconds: int) -> Refused:
        self.refused[caller] = self.refused.get(caller, 0) + 1
        return Refused(self.rules.limit, retry_after_seconds)

"""Many scenarios: finding files, choosing, running them on workers, writing their results."""

from __future__ import annotations

import re
import threading
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue

from windtunnel.contracts.documents import DocumentError, Problem
from windtunnel.contracts.results import Outcome, ScenarioResult, StepResult
from windtunnel.scenarios.control import Timing
from windtunnel.scenarios.document import SUFFIX, Loaded, load_scenario
from windtunnel.scenarios.environment import Environment
from windtunnel.scenarios.errors import Stopped, UsageError
from windtunnel.scenarios.runner import run_scenario

Variables = AbstractContextManager[Mapping[str, str]]
PACKS = Path(__file__).parent / "samples"
"""Scenario packs that come with windtunnel: a folder each, named on the command line."""
_HIDDEN = {".git", ".venv", ".windtunnel", "node_modules", "__pycache__"}


def find_files(paths: Sequence[Path]) -> list[Path]:
    """Scenario files: those named, and all in the folders named. UsageError when there is none.

    A name that is no file or folder may be that of a pack.
    """
    found: dict[Path, None] = {}
    for path in paths:
        path = path if path.exists() else pack_of(path) or path  # noqa: PLW2901 - the same, found
        if path.is_dir():
            found |= dict.fromkeys(sorted(_below(path)))
        elif path.exists():
            found[path] = None
        else:
            raise UsageError(f"{path}: there is no such file or folder\n  check the path")
    if not found:
        places = ", ".join(str(path) for path in paths)
        raise UsageError(f"no *{SUFFIX} file in {places}")
    return list(found)


def pack_of(path: Path) -> Path | None:
    """The folder of the pack that has this name."""
    folder = PACKS / path
    is_pack = len(path.parts) == 1 and path.name not in {"", ".."} and folder.is_dir()
    return folder if is_pack and any(_below(folder)) else None


def pack_settings(paths: Sequence[Path]) -> Path | None:
    """The windtunnel.toml that belongs to the packs named, when nothing else is."""
    found = {None if path.exists() else pack_of(path) for path in paths}
    folder = found.pop() if len(found) == 1 else None
    file = folder / "windtunnel.toml" if folder is not None else None
    return file if file is not None and file.is_file() else None


def with_data(loaded: Sequence[Loaded], given: Mapping[str, str]) -> list[Loaded]:
    """The same scenarios with other values in their data. UsageError for names that none has."""
    known = {name for one in loaded for name in one.scenario.data}
    for name in given:
        if name not in known:
            names = ", ".join(sorted(known)) or "none"
            raise UsageError(f"--data {name}: no scenario has such data; there is {names}")
    changed: list[Loaded] = []
    for one in loaded:
        own = {name: value for name, value in given.items() if name in one.scenario.data}
        scenario = one.scenario.model_copy(update={"data": {**one.scenario.data, **own}})
        changed.append(replace(one, scenario=scenario))
    return changed


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.rglob(f"*{SUFFIX}"):
        if not _HIDDEN & set(path.relative_to(folder).parts) and path.is_file():
            yield path


def load_all(files: Iterable[Path]) -> list[Loaded]:
    """Every file, or one DocumentError with the mistakes of all."""
    loaded: list[Loaded] = []
    problems: list[Problem] = []
    for file in files:
        try:
            loaded.append(load_scenario(file))
        except DocumentError as error:
            problems += error.problems
    if problems:
        raise DocumentError(problems)
    return loaded


def choose(loaded: Iterable[Loaded], tags: Sequence[str], words: str) -> list[Loaded]:
    """Those with any of the tags (`-tag` leaves out) and all words in their name or path."""
    wanted = {tag for tag in tags if not tag.startswith("-")}
    refused = {tag[1:] for tag in tags if tag.startswith("-")}
    chosen: list[Loaded] = []
    for one in loaded:
        have = set(one.scenario.tags)
        text = f"{one.scenario.name} {one.file}".lower()
        if (
            (not wanted or wanted & have)
            and not refused & have
            and all(word in text for word in words.lower().split())
        ):
            chosen.append(one)
    return chosen


@dataclass(slots=True)
class Watch:
    """What a run tells about itself, from any thread."""

    started: Callable[[Loaded], None]
    step: Callable[[Loaded, StepResult], None]
    ended: Callable[[ScenarioResult], None]


class Suite:
    """Scenarios on workers, each with an environment of its own from `environments`."""

    def __init__(
        self,
        scenarios: Sequence[Loaded],
        environments: Callable[[], Variables],
        *,
        workers: int = 1,
        reset: bool = True,
        seed: int | None = None,
        fail_fast: bool = False,
    ) -> None:
        self._scenarios = scenarios
        self._environments = environments
        self._workers = max(1, min(workers, len(scenarios)))
        self._reset = reset
        self._seed = seed
        self._fail_fast = fail_fast
        self._stopped = threading.Event()
        self._enough = threading.Event()

    def run(self, watch: Watch) -> list[ScenarioResult]:
        """Results in the order of the scenarios. KeyboardInterrupt ends the workers first."""
        waiting: SimpleQueue[tuple[int, Loaded]] = SimpleQueue()
        for numbered in enumerate(self._scenarios):
            waiting.put(numbered)
        results: dict[int, ScenarioResult] = {}
        with ThreadPoolExecutor(self._workers, thread_name_prefix="scenarios") as pool:
            futures = [
                pool.submit(self._work, waiting, results, watch) for _ in range(self._workers)
            ]
            try:
                wait(futures, return_when=FIRST_EXCEPTION)
            finally:
                if not all(future.done() for future in futures):
                    self._stopped.set()
        for future in futures:
            error = future.exception()
            if error is not None and not isinstance(error, Stopped):
                raise error
        return [results[number] for number in sorted(results)]

    def _work(
        self,
        waiting: SimpleQueue[tuple[int, Loaded]],
        results: dict[int, ScenarioResult],
        watch: Watch,
    ) -> None:
        timing = Timing(stopped=self._stopped)
        with (
            self._environments() as variables,
            Environment(variables, timing=timing) as environment,
        ):
            while not self._enough.is_set():
                try:
                    number, one = waiting.get_nowait()
                except Empty:
                    return
                watch.started(one)
                result = self._run_one(one, environment, watch)
                results[number] = result
                watch.ended(result)
                if self._fail_fast and result.outcome is not Outcome.PASSED:
                    self._enough.set()

    def _run_one(self, one: Loaded, environment: Environment, watch: Watch) -> ScenarioResult:
        return run_scenario(
            one,
            environment,
            seed=self._seed,
            reset=self._reset,
            progress=lambda step: watch.step(one, step),
        )


def write_result(result: ScenarioResult, folder: Path) -> Path:
    """Write `scenario-NAME-HASH.json`; the hash keeps equal names of two files apart."""
    name = re.sub(r"[^a-z0-9]+", "-", result.name.lower()).strip("-")[:60] or "unnamed"
    mark = zlib.crc32(f"{result.file}\0{result.name}".encode())
    path = folder / f"scenario-{name}-{mark:08x}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(result.model_dump_json(indent=2), "utf-8")
    except OSError as error:
        raise UsageError(f"the result cannot be written to {folder}: {error}") from error
    return path

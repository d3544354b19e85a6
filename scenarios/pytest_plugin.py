"""pytest: every `*.scenario.yaml` is a test; failures show expected against got by path."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from windtunnel.contracts.results import ScenarioResult
    from windtunnel.scenarios.document import Loaded
    from windtunnel.scenarios.environment import Environment

_SUFFIX = ".scenario.yaml"
_ENVIRONMENTS = pytest.StashKey[dict[int, "Environment"]]()


class ScenarioFailed(Exception):
    """A scenario that did not pass; its text is the whole report."""

    def __init__(self, result: ScenarioResult) -> None:
        from windtunnel.scenarios.failure_text import scenario_text

        self.result = result
        super().__init__(scenario_text(result))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of scenario files."""
    group = parser.getgroup("windtunnel")
    group.addoption(
        "--windtunnel-env-file",
        type=Path,
        default=None,
        help="Run scenario files against what `windtunnel up` wrote here.",
    )
    group.addoption(
        "--windtunnel-report",
        type=Path,
        default=None,
        help="Write a result file per scenario into this folder.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """A place for the environments of this worker."""
    config.stash[_ENVIRONMENTS] = {}


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the connections."""
    for environment in config.stash.get(_ENVIRONMENTS, {}).values():
        environment.close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Scenario files are test files."""
    if file_path.name.endswith(_SUFFIX):
        return ScenarioFile.from_parent(parent, path=file_path)
    return None


class ScenarioFile(pytest.Module):
    """One scenario file; a Module, so that fixtures of module scope have a place to live."""

    obj: Any = None  # pyright: ignore[reportIncompatibleMethodOverride]  # as for doctest files

    def collect(self) -> Iterable[pytest.Item]:
        """The one scenario of the file."""
        from windtunnel.contracts.documents import DocumentError
        from windtunnel.scenarios.document import load_scenario

        try:
            loaded = load_scenario(self.path)
        except DocumentError as error:
            raise self.CollectError(str(error)) from error
        yield ScenarioItem.make(self, loaded)


class ScenarioItem(pytest.Function):
    """A scenario as a test; with `--windtunnel-env-file` it needs no simulator of its own."""

    loaded: Loaded

    @classmethod
    def make(cls, parent: ScenarioFile, loaded: Loaded) -> ScenarioItem:
        """The item, with the tags as markers."""
        config = parent.config
        file: Path | None = config.getoption("--windtunnel-env-file")

        def in_simulators(windtunnel: Any) -> None:
            _run(config, loaded, windtunnel.env)

        def in_env_file() -> None:
            assert file is not None
            from windtunnel.scenarios.environment import read_env_file

            _run(config, loaded, read_env_file(file))

        item = cls.from_parent(
            parent, name=loaded.scenario.name, callobj=in_env_file if file else in_simulators
        )
        item.loaded = loaded
        for tag in loaded.scenario.tags:
            config.addinivalue_line("markers", f"{tag}: tag of scenario files")
            item.add_marker(getattr(pytest.mark, tag))
        return item

    def reportinfo(self) -> tuple[Path, int, str]:
        """File, line (from 0) and name."""
        line = self.loaded.marks.place("name").line
        return self.path, max(line - 1, 0), self.loaded.scenario.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any) -> Any:
        """The mismatches and the journal; anything else as pytest shows it."""
        if isinstance(excinfo.value, ScenarioFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, *args)


def _run(config: pytest.Config, loaded: Loaded, variables: Any) -> None:
    from windtunnel.scenarios.environment import Environment
    from windtunnel.scenarios.runner import run_scenario
    from windtunnel.scenarios.suite import write_result

    kept = config.stash[_ENVIRONMENTS]
    mark = hash(frozenset(variables.items()))
    if mark not in kept:
        kept[mark] = Environment(variables)
    seed = config.getoption("--windtunnel-seed", default=None)
    result = run_scenario(loaded, kept[mark], seed=seed)
    folder = config.getoption("--windtunnel-report")
    if folder is not None:
        write_result(result, folder)
    if result.outcome != "passed":
        raise ScenarioFailed(result)

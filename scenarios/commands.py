"""`windtunnel run`: scenario files in the terminal."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from windtunnel.contracts.results import ScenarioResult
    from windtunnel.scenarios.suite import Suite

app_run = typer.Typer(add_completion=False)


@app_run.command()
def run(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...", help="*.scenario.yaml files, folders that hold some, or pack fo."
        ),
    ],
    env_file: Annotated[
        Path | None,
        typer.Option(
            help="Run against what `windtunnel up` wrote here, instead of own simulators."
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=URL", help="Another address, such as fo=https://...; repeatable."
        ),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(
            "--tag", "-t", help="Only scenarios with this tag; -TAG leaves out; repeatable."
        ),
    ] = None,
    words: Annotated[
        str, typer.Option("-k", help="Only scenarios with all these words in name or path.")
    ] = "",
    data: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=TEXT", help="Another value in the scenarios' data; repeatable."),
    ] = None,
    workers: Annotated[
        str, typer.Option("-n", help="Workers, each with its own simulators: a number or auto.")
    ] = "1",
    report: Annotated[
        Path | None, typer.Option(help="Write a result file per scenario into this folder.")
    ] = None,
    clock: Annotated[
        str, typer.Option(help="Clock of own simulators: real, manual, or a factor such as 60x.")
    ] = "real",
    config: Annotated[Path | None, typer.Option(help="windtunnel.toml of own simulators.")] = None,
    seed: Annotated[
        int | None, typer.Option(help="Seed of data and own simulators; a failure prints its own.")
    ] = None,
    reset: Annotated[
        bool | None,
        typer.Option(
            "--reset/--no-reset",
            help="First content before each scenario; default for own simulators only.",
        ),
    ] = None,
    fail_fast: Annotated[
        bool, typer.Option("--fail-fast", "-x", help="Stop after the first failure.")
    ] = False,
) -> None:
    """Run scenario files and say what did not match.

    Without --env-file and --target it starts simulators of its own for each worker and resets
    them between scenarios. Exit code 0: all passed; 1: some did not; 2: a file or flag is wrong.
    """
    from windtunnel.contracts.documents import DocumentError
    from windtunnel.scenarios.environment import local_environment, read_env_file, read_targets
    from windtunnel.scenarios.errors import UsageError
    from windtunnel.scenarios.suite import (
        Suite,
        choose,
        find_files,
        load_all,
        pack_settings,
        with_data,
    )

    try:
        chosen = choose(load_all(find_files(paths)), tag or [], words)
        if not chosen:
            raise UsageError("no scenario has these tags and words")  # noqa: TRY301 - one way out
        chosen = with_data(chosen, _values(data or []))
        config = config or pack_settings(paths)
        count = _workers(workers, len(chosen))
        given = read_env_file(env_file) if env_file else {}
        given |= read_targets(target or [])
    except (UsageError, DocumentError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from None

    environments: Callable[[], AbstractContextManager[Mapping[str, str]]]
    if given:
        environments = lambda: nullcontext(given)  # noqa: E731 - two ways to the same thing
    else:
        environments = lambda: local_environment(clock=clock, seed=seed, config=config)  # noqa: E731
    suite = Suite(
        chosen,
        environments,
        workers=count,
        reset=not given if reset is None else reset,
        seed=seed,
        fail_fast=fail_fast,
    )
    results = _watched(suite, len(chosen), report)
    if any(result.outcome != "passed" for result in results):
        raise typer.Exit(1)


def _values(given: list[str]) -> dict[str, str]:
    from windtunnel.scenarios.errors import UsageError

    values: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not name:
            raise UsageError(f"--data {text}: write it as NAME=TEXT")
        values[name] = value
    return values


def _workers(text: str, scenarios: int) -> int:
    from windtunnel.scenarios.errors import UsageError

    if text == "auto":
        return min(os.cpu_count() or 1, scenarios)
    if text.isdigit() and 1 <= int(text) <= 256:
        return int(text)
    raise UsageError(f"-n {text}: write a number from 1 to 256, or auto")


def _watched(suite: Suite, count: int, report: Path | None) -> list[ScenarioResult]:
    """Run with a progress bar; failures are printed as they happen, a summary at the end."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from windtunnel.scenarios.suite import Watch, write_result

    console = Console()
    columns = (
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("starting", total=count)

        def ended(result: ScenarioResult) -> None:
            _print_result(console, result)
            if report is not None:
                write_result(result, report)
            progress.advance(bar)

        results = suite.run(
            Watch(
                started=lambda one: progress.update(bar, description=one.scenario.name),
                step=lambda one, step: progress.update(
                    bar, description=f"{one.scenario.name}: {step.title}"
                ),
                ended=ended,
            )
        )
    _print_summary(console, results, count, report)
    return results


def _print_result(console: Console, result: ScenarioResult) -> None:
    from rich.text import Text

    from windtunnel.scenarios.failure_text import scenario_text

    styles = {"passed": "green", "failed": "red", "error": "red"}
    outcome = result.outcome.value
    line = Text.assemble(
        (f"{outcome:7}", styles.get(outcome, "yellow")),
        f" {result.name} ",
        (f"({result.seconds:.2f} s)", "dim"),
    )
    console.print(line)
    if outcome != "passed":
        text = scenario_text(result).replace("\n", "\n        ")
        console.print(Text(f"        {text}"), soft_wrap=True)


def _print_summary(
    console: Console, results: list[ScenarioResult], count: int, report: Path | None
) -> None:
    from collections import Counter

    from rich.text import Text

    counted = Counter(result.outcome.value for result in results)
    parts = [f"{number} {outcome}" for outcome, number in sorted(counted.items())]
    if len(results) < count:
        parts.append(f"{count - len(results)} not run")
    good = set(counted) == {"passed"} and len(results) == count
    console.print(Text(", ".join(parts), style="bold green" if good else "bold red"))
    if report is not None:
        console.print(Text(f"Results are in {report}; `windtunnel report {report}` makes a page."))

"""`windtunnel check` and `windtunnel forecast`. Heavy imports wait until a command runs."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from windtunnel.contracts.results import DesignResult
    from windtunnel.design.forecast.run import Tick

EXIT_FAILED = 1
EXIT_USAGE = 2

app_check = typer.Typer(add_completion=False)
app_forecast = typer.Typer(add_completion=False)


class EngineOption(StrEnum):
    """Which engine runs a forecast; both give the same result."""

    AUTO = "auto"
    PYTHON = "python"
    NUMBA = "numba"


class FailOption(StrEnum):
    """From which severity on a finding fails the check."""

    ERROR = "error"
    WARNING = "warning"
    NEVER = "never"


Limits = Annotated[Path | None, typer.Option(help="YAML file with other numbers for limits.")]
Days = Annotated[int, typer.Option(help="Planned days to run.", min=1, max=366)]
Seed = Annotated[int, typer.Option(help="Seed of arrivals and execution times.")]
Engine = Annotated[EngineOption, typer.Option(help="Engine of the forecast.")]
Report = Annotated[Path | None, typer.Option(help="Folder for the result, design-NAME.json.")]


@app_check.command()
def check(
    design: Annotated[Path, typer.Argument(help="The design, *.design.yaml.", show_default=False)],
    limits: Limits = None,
    days: Days = 1,
    seed: Seed = 0,
    engine: Engine = EngineOption.AUTO,
    sarif: Annotated[Path | None, typer.Option(help="Write the findings as SARIF 2.1.0.")] = None,
    report: Report = None,
    fail_on: Annotated[
        FailOption, typer.Option(help="From which severity on to exit with 1.")
    ] = FailOption.ERROR,
) -> None:
    """Check a design against the rules and forecast its volumes."""
    from windtunnel.contracts.limits.overrides import load_limits
    from windtunnel.contracts.results import Outcome
    from windtunnel.contracts.sarif import to_sarif
    from windtunnel.design.check import check_file
    from windtunnel.design.terminal import show_findings, show_forecast

    with _mistakes_explained(), _progress(days) as tick:
        result = check_file(
            design,
            load_limits(limits),
            days=days,
            seed=seed,
            engine=engine.value,
            fail_on=fail_on.value,
            tick=tick,
        )
    show_findings(result)
    if result.forecast is not None:
        show_forecast(result.forecast)
    with _mistakes_explained():
        if sarif is not None:
            _write_json(sarif, to_sarif(result))
        if report is not None:
            _write_result(report, result)
    raise typer.Exit(EXIT_FAILED if result.outcome is Outcome.FAILED else 0)


@app_forecast.command()
def forecast(
    document: Annotated[
        Path, typer.Argument(help="A *.design.yaml or *.plan.yaml.", show_default=False)
    ],
    limits: Limits = None,
    days: Days = 1,
    seed: Seed = 0,
    engine: Engine = EngineOption.AUTO,
    report: Report = None,
) -> None:
    """Run whole planned days on virtual time against the limits."""
    import time

    from windtunnel.contracts.limits.overrides import load_limits
    from windtunnel.contracts.results import DesignResult, Outcome
    from windtunnel.design.forecast import forecast as run
    from windtunnel.design.terminal import show_forecast

    started = time.time()
    with _mistakes_explained():
        loaded = _plan_or_design(document)
        with _progress(days) as tick:
            allowances = load_limits(limits)
            result = run(loaded, allowances, days=days, seed=seed, engine=engine.value, tick=tick)
    show_forecast(result)
    if report is not None:
        whole = DesignResult(
            name=loaded.name,
            file=str(document),
            started=started,
            forecast=result,
            outcome=Outcome.PASSED,
        )
        with _mistakes_explained():
            _write_result(report, whole)


def _plan_or_design(path: Path) -> Any:
    """A plan, or a design with its plan; the name decides, else the key `systems`."""
    from windtunnel.contracts.documents import Plan, load_document, load_yaml
    from windtunnel.design.check import load_design

    design = path.name.endswith((".design.yaml", ".design.yml"))
    if not design and not path.name.endswith((".plan.yaml", ".plan.yml")):
        tree, _ = load_yaml(path)
        design = isinstance(tree, dict) and "systems" in tree
    return load_design(path)[0] if design else load_document(path, Plan)[0]


@contextmanager
def _mistakes_explained() -> Generator[None]:
    """Turn a mistake in a file into its message and exit code 2."""
    from windtunnel.contracts.documents.errors import DocumentError
    from windtunnel.design.forecast.run import NoNumba

    try:
        yield
    except (DocumentError, NoNumba) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(EXIT_USAGE) from error
    except OSError as error:
        typer.echo(f"Error: {error.filename}: {error.strerror}\n  check path and rights", err=True)
        raise typer.Exit(EXIT_USAGE) from error


@contextmanager
def _progress(days: int) -> Generator[Tick]:
    """A progress bar over the virtual time; only on a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    seconds = days * 86_400
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("forecast", total=seconds)
        yield lambda moment: bar.update(task, completed=min(moment, seconds))


def _write_json(path: Path, content: Any) -> None:
    import json

    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_result(folder: Path, result: DesignResult) -> None:
    import re

    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", result.name).strip("-.").lower()[:80] or "unnamed"
    text = result.model_dump_json(indent=1) + "\n"
    (folder / f"design-{name}.json").write_text(text, encoding="utf-8")

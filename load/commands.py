"""`windtunnel load`: a volume plan against a service. Locust runs in a process of its own."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Generator, Mapping
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130

app_load = typer.Typer(add_completion=False)


class SpacingOption(StrEnum):
    """How arrivals are spread."""

    POISSON = "poisson"
    UNIFORM = "uniform"


@app_load.command()
def load(
    plan: Annotated[Path, typer.Argument(help="The volume plan, *.plan.yaml.", show_default=False)],
    env_file: Annotated[
        Path | None,
        typer.Option(help="Env file of `windtunnel up`; without it, own simulators are started."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Settings file of the own simulators.")
    ] = None,
    duration: Annotated[
        str, typer.Option(help="How long requests arrive: the planned day in short. 30s, 5m, 1h.")
    ] = "30s",
    drain: Annotated[str, typer.Option(help="How long open requests may end after that.")] = "10s",
    scale: Annotated[float, typer.Option(help="Multiply the planned rates.", min=1e-6)] = 1.0,
    seed: Annotated[int, typer.Option(help="Seed of arrivals, mix and records.")] = 365,
    arrivals: Annotated[
        SpacingOption, typer.Option(help="Random arrivals as in reality, or evenly spread.")
    ] = SpacingOption.POISSON,
    report: Annotated[Path, typer.Option(help="Folder for the result, load-NAME.json.")] = Path(
        ".windtunnel/results"
    ),
    workers: Annotated[int, typer.Option(help="Processes that send.", min=1, max=64)] = 1,
    web: Annotated[bool, typer.Option("--web", help="Serve Locust's own page.")] = False,
    web_port: Annotated[int, typer.Option(help="Port of Locust's page.")] = 8089,
    master: Annotated[
        bool, typer.Option("--master", help="Wait for --workers workers on other machines.")
    ] = False,
    worker: Annotated[bool, typer.Option("--worker", help="Work for a master.")] = False,
    master_host: Annotated[
        str, typer.Option(help="Where the master is, or listens.")
    ] = "127.0.0.1",
    master_port: Annotated[int, typer.Option(help="Port of the master.")] = 5557,
    compare: Annotated[
        str, typer.Option(help="Name of a group; the report sets its members side by side.")
    ] = "",
) -> None:
    """Send a volume plan's requests and say what the limits made of them.

    Requests arrive at the planned rates whether or not earlier ones were answered, and latency
    counts from the moment a request was meant to start. Ends with 1 when a request failed, was
    given up or was still open at the end.
    """
    from windtunnel.load.control import Choice, prepare_job, supervise
    from windtunnel.load.errors import LoadError

    if master and worker:
        raise LoadError("--master and --worker exclude each other", remedy="choose one")
    if web and (master or worker or workers > 1):
        raise LoadError("--web runs in one process", remedy="leave out the other flags")
    role = "master" if master else "worker" if worker else "web" if web else "local"
    choice = Choice(
        plan=plan,
        duration=_seconds(duration, "--duration"),
        drain=_seconds(drain, "--drain", least=0.0),
        scale=scale,
        seed=seed,
        spacing=arrivals.value,
        report=report,
        role=role,
        workers=workers,
        web_port=web_port,
        master_host=master_host,
        master_port=master_port,
        compare=compare,
    )
    document, flows = prepare_job(choice)
    with _environment(env_file, config, flows, seed) as environment:
        ended = supervise(choice, document, environment)
    if ended.interrupted:
        raise typer.Exit(EXIT_INTERRUPTED)
    if ended.failed:
        raise typer.Exit(EXIT_FAILED)


def _seconds(text: str, flag: str, *, least: float = 1.0) -> float:
    from windtunnel.load.errors import LoadError

    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h)?", text.strip())
    factors = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}
    seconds = float(match[1]) * factors[match[2]] if match else -1.0
    if not least <= seconds <= 86_400:
        raise LoadError(
            f"{flag} cannot be '{text}'", remedy=f"write {least:g}s to 24h, such as 30s or 5m"
        )
    return seconds


@contextmanager
def _environment(
    env_file: Path | None, config: Path | None, flows: Any, seed: int
) -> Generator[Mapping[str, str], None, None]:
    """The variables of the env file over those of the process, or of simulators of our own."""
    with ExitStack() as stack:
        if env_file is not None:
            given = _read_env_file(env_file)
        elif "WT_AUTHORITY_URL" in os.environ:
            given = dict[str, str]()
        else:
            given = dict(stack.enter_context(_own_simulators(config, flows, seed)))
        yield {**{k: v for k, v in os.environ.items() if k.startswith("WT_")}, **given}


def _read_env_file(path: Path) -> dict[str, str]:
    from windtunnel.load.errors import LoadError

    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LoadError(
            f"the env file {path} cannot be read: {error}",
            remedy="`windtunnel up` writes it; or leave --env-file out",
        ) from error
    return dict(
        line.strip().split("=", 1)
        for line in lines
        if "=" in line and not line.lstrip().startswith("#")
    )


@contextmanager
def _own_simulators(
    config: Path | None, flows: Any, seed: int
) -> Generator[Mapping[str, str], None, None]:
    """Simulators of the plan's own, in which each identity is a registered application."""
    import tempfile
    from importlib.metadata import entry_points

    from windtunnel.load.errors import LoadError
    from windtunnel.load.identities import invented

    offered = {entry.name: entry for entry in entry_points(group="windtunnel.environment")}
    if "local" not in offered:
        raise LoadError(
            "no simulators are installed that a load could start",
            remedy="name the env file of a running environment with --env-file",
        )
    variables: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="windtunnel-load-") as folder:
        chosen = config
        if chosen is None and not Path("windtunnel.toml").exists():
            settings, variables = invented(flows, seed)
            chosen = Path(folder) / "windtunnel.toml"
            chosen.write_text(settings, "utf-8")
        print("Starting simulators...", file=sys.stderr)  # noqa: T201 - for the person who waits
        with offered["local"].load()(seed=seed, config=chosen) as given:
            yield {**given, **variables}

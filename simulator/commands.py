"""`windtunnel up`, `init` and `doctor`; and the environment other rooms start by entry point."""

from __future__ import annotations

import gc
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from windtunnel.simulator.exchange import UsageError

if TYPE_CHECKING:
    from windtunnel.simulator.web.running import Running

app_up = typer.Typer(add_completion=False)


@app_up.command()
def up(
    config: Annotated[
        Path | None,
        typer.Option("--config", help="Settings file; default windtunnel.toml if it is there."),
    ] = None,
    env_file: Annotated[
        Path, typer.Option(help="Where to write addresses and secrets when all is ready.")
    ] = Path(".windtunnel/env"),
    port_base: Annotated[
        int | None, typer.Option(help="Shift all ports by N; 0 picks free ones.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; loopback unless you say so.")
    ] = None,
    db: Annotated[
        Path | None, typer.Option(help="Keep the data in this SQLite file; memory without.")
    ] = None,
    clock: Annotated[
        str | None, typer.Option(help="real, manual, or a factor such as 60x.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of ids and sample data.")] = None,
    throttle: Annotated[
        bool, typer.Option("--throttle/--no-throttle", help="Keep the real limits.")
    ] = True,
    limits: Annotated[
        Path | None, typer.Option(help="YAML file with other numbers for limits.")
    ] = None,
    tls: Annotated[bool, typer.Option("--tls/--no-tls", help="Serve the https origins.")] = True,
    workers: Annotated[
        int | None,
        typer.Option(help="Web servers, each with its own counters; 1 without."),
    ] = None,
) -> None:
    """Run the simulators until Ctrl-C.

    Prints a table of addresses; when every listener answers, writes the env file that clients,
    `windtunnel run` and `windtunnel load` read. Point an SDK at WT_DATAVERSE_URL and
    WT_AUTHORITY_URL and let it trust WT_CA_FILE.
    """
    overrides: dict[str, Any] = {
        "simulator.port_base": port_base,
        "simulator.host": host,
        "simulator.database": db,
        "simulator.clock": clock,
        "simulator.seed": seed,
        "simulator.limits_file": limits,
        "dataverse.web_servers": workers,
        "finance_operations.web_servers": workers,
    }
    if not throttle:
        overrides |= {"dataverse.throttle": False, "finance_operations.throttle": False}
    if not tls:
        overrides["simulator.tls"] = False
    given = {name: value for name, value in overrides.items() if value is not None}
    gc.disable()  # A start makes what stays; looking for garbage meanwhile takes a tenth of it.

    from windtunnel.simulator.kernel.settings import load
    from windtunnel.simulator.web.running import serve

    settings = load(config, overrides=given)
    serve(settings, lambda running: _announce(running, env_file))
    typer.echo("Stopped.")


def _announce(running: Running, env_file: Path) -> None:
    from windtunnel.simulator.web.origins import ORIGINS, write_env_file

    write_env_file(env_file, running.variables)

    from rich.console import Console
    from rich.table import Table

    table = Table(title="windtunnel is up", title_justify="left")
    table.add_column("origin")
    table.add_column("address", no_wrap=True)
    table.add_column("variable", no_wrap=True)
    for origin in ORIGINS:
        if origin.variable in running.variables:
            table.add_row(origin.title, running.variables[origin.variable], origin.variable)
    console = Console()
    console.print(table)
    console.print(f"Client {running.variables['WT_CLIENT_ID']}, everything in {env_file}.")
    console.print("Ctrl-C stops.")


@contextmanager
def start(
    *,
    env_file: Path | None = None,
    port_base: int = 0,
    clock: str = "real",
    seed: int | None = None,
    config: Path | None = None,
) -> Generator[Mapping[str, str], None, None]:
    """The entry point `windtunnel.environment`/`local`: simulators in a process of their own.

    The value is the mapping of the env file. The process ends with the context.
    """
    import subprocess
    import sys
    import tempfile
    import time

    with tempfile.TemporaryDirectory(prefix="windtunnel-") as folder:
        file = env_file or Path(folder) / "env"
        file.unlink(missing_ok=True)
        command = [
            *(sys.executable, "-m", "windtunnel.simulator.cli", "up"),
            *("--env-file", str(file), "--port-base", str(port_base), "--clock", clock),
            *(("--seed", str(seed)) if seed is not None else ()),
            *(("--config", str(config)) if config is not None else ()),
        ]
        log = Path(folder) / "up.log"
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own command
                command, stdout=output, stderr=subprocess.STDOUT
            )
        try:
            deadline = time.monotonic() + 60
            while not file.exists():
                if process.poll() is not None or time.monotonic() > deadline:
                    raise UsageError(
                        f"the simulators did not start:\n{log.read_text('utf-8', 'replace')}",
                        remedy="Run `windtunnel up` to see why.",
                    )
                time.sleep(0.02)
            lines = file.read_text("utf-8").splitlines()
            yield dict(line.split("=", 1) for line in lines if "=" in line)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

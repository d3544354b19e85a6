"""The `windtunnel` command: one group over the commands that the rooms offer as entry points.

A command is imported only when it is called (or when help lists it), so one room's weight never
slows another's start. Exit codes: 0 good, 1 checks failed, 2 usage, 3 our bug.
"""

from __future__ import annotations

import os
import sys
import traceback
from importlib.metadata import EntryPoint, entry_points, version
from typing import Any

import typer
from typer.core import TyperGroup

GROUP = "windtunnel.commands"
ORDER = (
    "demo",
    "up",
    "run",
    "record",
    "replay",
    "load",
    "forecast",
    "check",
    "contracts",
    "report",
    "init",
    "doctor",
)
EXIT_USAGE = 2
EXIT_BUG = 3


class Rooms(TyperGroup):
    """Commands of the rooms, in the order of a project's life."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names in the order people need them; others after, by name."""
        del ctx
        offered = _offered()
        rest = sorted(set(offered) - set(ORDER))
        return [name for name in ORDER if name in offered] + rest

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Import the command behind a name, or None."""
        del ctx
        entry = _offered().get(cmd_name)
        if entry is None:
            return None
        command = typer.main.get_command(entry.load())
        command.name = cmd_name
        command.help = _flowing(command.help or "")
        return command


def _flowing(text: str) -> str:
    """A docstring whose lines break where the window ends, not where the source does."""
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _offered() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


app = typer.Typer(
    cls=Rooms,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Start with `windtunnel demo`; `windtunnel COMMAND --help` explains each.",
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"windtunnel {version('windtunnel-d365')}")
        raise typer.Exit


@app.callback(
    help="A wind tunnel for Microsoft Dynamics 365 integrations.\n\n"
    "Prove an integration against faithful local simulators of Dataverse and of finance and "
    "operations before it meets production."
)
def windtunnel(
    show_version: bool = typer.Option(
        False, "--version", help="Show the version and exit.", callback=_show_version, is_eager=True
    ),
) -> None:
    """The command over all others."""
    del show_version


def main() -> None:
    """Run the command; mistakes of the user and our own end with different exit codes."""
    try:
        app(prog_name="windtunnel")
    except KeyboardInterrupt:
        typer.echo("Stopped.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if getattr(error, "is_usage_error", False):
            typer.echo(f"Error: {error}", err=True)
            sys.exit(EXIT_USAGE)
        traceback.print_exc()
        typer.echo("This is a bug of windtunnel; please report it with the lines above.", err=True)
        sys.exit(EXIT_BUG)


if __name__ == "__main__":
    main()

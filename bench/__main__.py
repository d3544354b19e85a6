"""`python -m bench`: measures windtunnel beside its peers and prints, or writes, the tables."""

from __future__ import annotations

import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench.dataset import records
from bench.driver import BenchFailed, wrk
from bench.extras import EXTRAS
from bench.figures import Results, from_json, to_json
from bench.finance_operations import FinanceOperations
from bench.harness import FULL, QUICK, Cores, Plan, run
from bench.peers.cap import Cap
from bench.peers.floor import Floor
from bench.peers.team import Team
from bench.process import ServerFailed, cores
from bench.server import Peer
from bench.tables import put_between_marks, show
from bench.windtunnel_server import Windtunnel

_ALL: tuple[Peer, ...] = (Windtunnel(), FinanceOperations(), Floor(), Cap(), Team())
PEERS = {peer.name: peer for peer in _ALL}
FOLDER = Path(".windtunnel/bench")


def main(
    peer: Annotated[
        list[str] | None, typer.Option(help=f"Only these; there are {', '.join(PEERS)}.")
    ] = None,
    without: Annotated[list[str] | None, typer.Option(help="All but these.")] = None,
    extra: Annotated[
        list[str] | None,
        typer.Option(help=f"Single figures of windtunnel too: all, or {', '.join(EXTRAS)}."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="One short round.")] = False,
    rounds: Annotated[int | None, typer.Option(min=1, help="Rounds in turn.")] = None,
    seconds: Annotated[int | None, typer.Option(min=1, help="Seconds of each.")] = None,
    rates: Annotated[
        bool, typer.Option("--rates/--no-rates", help="Measure the servers side by side.")
    ] = True,
    count: Annotated[int, typer.Option("--records", min=1_000, help="Records.")] = 10_000,
    add_to: Annotated[
        Path | None,
        typer.Option("--add-to", help="A JSON file of an earlier run to take figures from."),
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the run here.")] = None,
    page: Annotated[
        Path | None,
        typer.Option("--markdown", help="Page whose tables are replaced between its marks."),
    ] = None,
) -> None:
    """Measure windtunnel beside its peers on the same records, each server on one core."""
    console = Console()
    wanted = _chosen(peer, without)
    extras = _chosen_extras(extra)
    base = QUICK if quick else FULL
    plan = Plan(rounds or base.rounds, seconds or base.seconds, base.warm)
    wrk()
    places = Cores(*cores())
    if places.server is None:
        console.print("Processes cannot be pinned to a core here: server and driver share all.")
    folder = FOLDER.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console
    )
    with bar:
        task = bar.add_task("start", total=None)

        def say(text: str, done: int, total: int) -> None:
            bar.update(task, description=text, completed=done, total=total)

        results = Results()
        if rates:
            results = run(
                [PEERS[name] for name in wanted], list(records(count)), plan, folder, places, say
            )
            results.about |= {"seconds": plan.seconds}
        if add_to is not None:
            results = _merged(from_json(json.loads(add_to.read_text("utf-8"))), results)
        for number, name in enumerate(extras):
            say(f"extra: {name}", number, len(extras))
            results.extras |= EXTRAS[name](folder, places, plan.rounds, plan.seconds)
        say("done", 1, 1)
    results.about |= {"date": datetime.now(UTC).date().isoformat(), "machine": machine()}
    show(results, console)
    if json_file is not None:
        json_file.write_text(json.dumps(to_json(results), indent=2) + "\n", "utf-8")
    if page is not None:
        put_between_marks(page, results)


def machine() -> str:
    """The class of machine, in words that name nobody's."""
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"


def _merged(earlier: Results, later: Results) -> Results:
    about: dict[str, Any] = {**earlier.about, **later.about}
    known = (earlier.about.get("versions", {}), later.about.get("versions", {}))
    about["versions"] = known[0] | known[1]
    return Results(
        earlier.titles | later.titles,
        earlier.rounds | later.rounds,
        earlier.extras | later.extras,
        about,
    )


def _chosen(only: list[str] | None, without: list[str] | None) -> list[str]:
    for name in (*(only or ()), *(without or ())):
        if name not in PEERS:
            raise typer.BadParameter(f"no peer {name!r}; there are {', '.join(PEERS)}")
    return [n for n in PEERS if (not only or n in only) and n not in (without or ())]


def _chosen_extras(names: list[str] | None) -> list[str]:
    if names == ["all"]:
        return list(EXTRAS)
    for name in names or ():
        if name not in EXTRAS:
            raise typer.BadParameter(f"no extra {name!r}; there are all, {', '.join(EXTRAS)}")
    return names or []


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    try:
        app()
    except (BenchFailed, ServerFailed) as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(1)

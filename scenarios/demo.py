"""`windtunnel demo`: two versions of one integration through the simulators, to one report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from windtunnel.contracts.ports import reserved_port

app_demo = typer.Typer(add_completion=False)

SAMPLES = Path(__file__).parent / "samples" / "order_sync"
VERSIONS = ("careful", "naive")
PEAK_SECONDS = 5
SCALED_LIMITS = {
    "dataverse.requests": {"allowance": 200, "seconds": 4},
    "dataverse.model.retry-cap": {"allowance": 4},
    "dataverse.model.block-cap": {"allowance": 8},
}
"""A 75th of the real window, so that seconds show what minutes do: 50 requests a second pass."""


@app_demo.command()
def demo(
    output: Annotated[Path, typer.Option(help="Folder for results and the report.")] = Path(
        ".windtunnel/demo"
    ),
    open_report: Annotated[
        bool, typer.Option("--open/--no-open", help="Show the report in the browser.")
    ] = False,
) -> None:
    """Do the main job end to end, on real input, in under a minute.

    Starts the simulators; sends a web shop's orders through a careful and a naive version of one
    integration while the services throttle and lose answers; loads both into the limits; checks
    both designs; writes one HTML report that shows what the naive version loses and why.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console()
    began = time.monotonic()
    output = output.absolute()
    _empty(output)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting the simulators", total=len(VERSIONS) * 4 + 2)

        def step(text: str) -> None:
            progress.update(task, advance=1, description=text)

        with _simulators() as env:
            step("the simulators are up")
            for name in VERSIONS:
                run = _Run(name, env, output)
                step(f"{name}: orders into finance and operations")
                run.inbound()
                step(f"{name}: order events into Dataverse")
                run.outbound()
                step(f"{name}: its peak against the limits")
                run.load()
                step(f"{name}: its design")
                run.check()
        step("the report")
        _windtunnel(
            "report", str(output), "--html", "--junit", "--markdown", "--output", str(output)
        )
    _tell(console, output, time.monotonic() - began)
    if open_report:
        typer.launch(str(output / "report.html"))


def _empty(output: Path) -> None:
    try:
        output.mkdir(parents=True, exist_ok=True)
        for old in output.rglob("*.json"):
            old.unlink()
    except OSError as error:
        raise DemoFailed(
            f"{output}: cannot be written: {error.strerror}\n  Name another folder with --output."
        ) from error


def _simulators() -> AbstractContextManager[Mapping[str, str]]:
    [local] = entry_points(group="windtunnel.environment", name="local")
    return cast("AbstractContextManager[Mapping[str, str]]", local.load()(seed=365))


def _windtunnel(*arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run a command of ours; one that ends with usage or a bug ends the demo with its words."""
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "windtunnel.simulator.cli", *arguments],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONUTF8": "1", **(environment or {})},
        check=False,
    )
    if done.returncode not in {0, 1}:
        raise DemoFailed(f"windtunnel {arguments[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


class DemoFailed(Exception):
    """A part of the demo did not run; its own words follow."""

    is_usage_error = True


@dataclass(frozen=True, slots=True)
class _Run:
    """One version of the integration."""

    name: str
    env: Mapping[str, str]
    output: Path

    def _fresh(self, port: int = 0) -> Path:
        """First content, and an env file with what this version needs."""
        self._control("POST", "reset")
        folder = self.output / self.name
        folder.mkdir(exist_ok=True)
        for old in folder.glob("state*"):
            old.unlink()
        more = {
            "WT_ORDER_SYNC": self.name,
            "WT_ORDERS": str(SAMPLES / "orders.jsonl"),
            "WT_STATE": str(folder / "state"),
            "WT_ORDER_SYNC_PORT": str(port),
        }
        file = folder / "env"
        lines = {**self.env, **more}
        file.write_text("".join(f"{k}={v}\n" for k, v in lines.items()), "utf-8")
        return file

    def _control(self, method: str, path: str, body: Any = None) -> Any:
        import httpx

        url = f"{self.env['WT_CONTROL_URL']}/_windtunnel/{path}"
        answer = httpx.request(method, url, json=body, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _records(self, service: str, path: str) -> list[dict[str, Any]]:
        """Rows of a query as an outsider reads them."""
        import httpx

        from windtunnel.scenarios.samples.order_sync.environment import Environment, Tokens

        there = Environment(*(self.env[f"WT_{name}"] for name in _VARIABLES))
        url = there.fo_url if service == "fo" else there.dataverse_url
        headers = Tokens(there).headers(url)
        answer = httpx.get(url + path, headers=headers, verify=there.tls(), timeout=30)
        answer.raise_for_status()
        return list(answer.json()["value"])

    def _refusals(self, service: str) -> int:
        return len(
            self._control("GET", f"journal?detail=false&service={service}&status=429")["value"]
        )

    def _scenario(self, file: str, env_file: Path) -> Path:
        folder = self.output / self.name / file
        _windtunnel(
            *("run", str(SAMPLES / f"{file}.scenario.yaml"), "--env-file", str(env_file)),
            *("--report", str(folder)),
        )
        [result] = folder.glob("scenario-*.json")
        return result

    def inbound(self) -> None:
        """Orders of the shop into finance and operations."""
        result = self._scenario("inbound", self._fresh())
        wanted = {
            json.loads(line)["reference"]: len(json.loads(line)["lines"])
            for line in (SAMPLES / "orders.jsonl").read_text("utf-8").splitlines()
        }
        headers = self._records(
            "fo",
            "/data/SalesOrderHeadersV2?cross-company=true&$select=SalesOrderNumber,"
            "CustomersOrderReference&$filter=CustomersOrderReference eq 'WEB-*'",
        )
        numbers = Counter(
            row["SalesOrderNumber"]
            for row in self._records(
                "fo", "/data/SalesOrderLines?cross-company=true&$select=SalesOrderNumber"
            )
        )
        there = Counter(row["CustomersOrderReference"] for row in headers)
        incomplete = sum(
            numbers[row["SalesOrderNumber"]] < wanted[row["CustomersOrderReference"]]
            for row in headers
        )
        self._annotate(
            result,
            group="inbound",
            facts={
                "orders sent by the shop": len(wanted),
                "orders lost": sum(reference not in there for reference in wanted),
                "duplicate orders": sum(count - 1 for count in there.values()),
                "orders with lines lost": incomplete,
                "requests refused (429)": self._refusals("finance_operations"),
            },
            why=_WHY_INBOUND,
        )

    def outbound(self) -> None:
        """Order events into Dataverse."""
        with reserved_port() as port:
            result = self._scenario("outbound", self._fresh(port))
        rows = self._records(
            "dataverse", "/api/data/v9.2/salesorders?$select=name&$filter=startswith(name,'EVT-')"
        )
        there = Counter(row["name"] for row in rows)
        self._annotate(
            result,
            group="outbound",
            facts={
                "orders changed": 6,
                "orders lost": sum(f"EVT-{n}" not in there for n in range(1, 7)),
                "duplicate orders": sum(count - 1 for count in there.values()),
                "requests refused (429)": self._refusals("dataverse"),
            },
            why=_WHY_OUTBOUND,
        )

    def _annotate(
        self, file: Path, *, group: str, facts: Mapping[str, int], why: Mapping[str, str]
    ) -> None:
        from windtunnel.contracts.results import ScenarioResult

        result = ScenarioResult.model_validate_json(file.read_text("utf-8"))
        properties = {
            "compare": group,
            "variant": self.name,
            **{name: str(value) for name, value in facts.items()},
            "why": why[self.name],
        }
        title = result.name.replace("${env.WT_ORDER_SYNC}", self.name)
        changed = result.model_copy(update={"properties": properties, "name": title})
        target = self.output / f"scenario-{group}-{self.name}.json"
        target.write_text(changed.model_dump_json(indent=1), "utf-8")
        file.unlink()

    def load(self) -> None:
        """The peak of the plan against a scaled-down limit."""
        env_file = self._fresh()
        self._control("PUT", "limits", SCALED_LIMITS)
        _windtunnel(
            *("load", str(SAMPLES / f"order-sync-{self.name}.plan.yaml")),
            *("--env-file", str(env_file), "--duration", f"{PEAK_SECONDS}s"),
            *("--drain", f"{PEAK_SECONDS + 3}s", "--report", str(self.output), "--compare", "peak"),
        )

    def check(self) -> None:
        """The written design against the rules, and its day on virtual time."""
        _windtunnel(
            *("check", str(SAMPLES / f"order-sync-{self.name}.design.yaml")),
            *("--report", str(self.output)),
        )


_WHY_INBOUND = {
    "careful": "It looks for the shop's reference before it sends anything again, waits as long "
    "as Retry-After says, and a second start goes on where the first ended.",
    "naive": "It posts again when an answer is lost, and gives up after three tries in under a "
    "second while the service asks for more.",
}
_WHY_OUTBOUND = {
    "careful": "It stores each event before it acknowledges it, skips what its event id and "
    "control number say is old, and updates the row that is there.",
    "naive": "It makes a new row for every event, and tells finance and operations that all is "
    "well when Dataverse refused the write.",
}
_VARIABLES = (
    "FO_URL",
    "DATAVERSE_URL",
    "AUTHORITY_URL",
    "TENANT_ID",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "CA_FILE",
)


def _tell(console: Any, output: Path, seconds: float) -> None:
    """The summary: what each version did to the shop's orders."""
    from rich.table import Table

    from windtunnel.contracts.results import ScenarioResult

    for group in ("inbound", "outbound"):
        results = [
            ScenarioResult.model_validate_json(
                (output / f"scenario-{group}-{name}.json").read_text("utf-8")
            )
            for name in VERSIONS
        ]
        table = Table(title=f"order sync, {group}", title_justify="left")
        table.add_column("")
        for name in VERSIONS:
            table.add_column(name, justify="right")
        hidden = {"compare", "variant", "why"}
        for fact in [key for key in results[0].properties if key not in hidden]:
            table.add_row(fact, *(result.properties[fact] for result in results))
        table.add_row("scenario", *(str(result.outcome) for result in results))
        console.print(table)
    console.print(f"Report: {output / 'report.html'} ({seconds:.0f} s)")

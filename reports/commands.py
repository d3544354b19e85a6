"""`windtunnel report`: result files to a page, and to the forms that pipelines read."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from windtunnel.reports.read import Results

app_report = typer.Typer(add_completion=False)

JOB_SUMMARY = "GITHUB_STEP_SUMMARY"


@app_report.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Folder with result files.", metavar="DIR")] = Path(
        ".windtunnel/results"
    ),
    html: Annotated[bool, typer.Option("--html", help="Write report.html (the default).")] = False,
    junit: Annotated[bool, typer.Option("--junit", help="Write junit.xml.")] = False,
    markdown: Annotated[
        bool,
        typer.Option("--markdown", help=f"Write report.md, and append it to ${JOB_SUMMARY}."),
    ] = False,
    json_: Annotated[bool, typer.Option("--json", help="Write report.json, all merged.")] = False,
    sarif: Annotated[bool, typer.Option("--sarif", help="Write report.sarif of findings.")] = False,
    output: Annotated[
        Path | None, typer.Option(help="Where to write; the folder itself without.")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Show the page in a browser.")] = False,
) -> None:
    """Turn results into one self-contained HTML page, JUnit, Markdown, JSON or SARIF.

    Prints a summary too. Ends with 0 whatever the results say: what failed has already failed the
    command that ran it.
    """
    from rich.console import Console

    from windtunnel.reports.html import render_html
    from windtunnel.reports.junit import render_junit
    from windtunnel.reports.markdown import render_markdown
    from windtunnel.reports.merged import render_json
    from windtunnel.reports.read import read_results
    from windtunnel.reports.sarif import render_sarif
    from windtunnel.reports.terminal import show

    results = read_results(folder)
    target = output or folder
    wanted: list[tuple[str, Callable[[Results], str]]] = []
    if html or open_ or not (junit or markdown or json_ or sarif):
        wanted.append(("report.html", render_html))
    others: list[tuple[bool, str, Callable[[Results], str]]] = [
        (junit, "junit.xml", render_junit),
        (markdown, "report.md", render_markdown),
        (json_, "report.json", render_json),
        (sarif, "report.sarif", render_sarif),
    ]
    wanted += [(name, render) for asked, name, render in others if asked]
    console = Console()
    show(results, console)
    for name, make in wanted:
        text = make(results)
        write(target / name, text)
        if name == "report.md" and os.environ.get(JOB_SUMMARY):
            append(Path(os.environ[JOB_SUMMARY]), text)
        console.print(f"Wrote {target / name}", highlight=False, markup=False, soft_wrap=True)
    if open_:
        typer.launch((target / "report.html").resolve().as_uri())


def write(file: Path, text: str) -> None:
    """Write a report; ResultError when that is not possible."""
    from windtunnel.reports.read import ResultError

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8", errors="replace", newline="\n")
    except OSError as error:
        raise ResultError(
            file, f"cannot be written: {error.strerror}", remedy="name another with --output"
        ) from error


def append(file: Path, text: str) -> None:
    """Add text to the summary of a pipeline's job; ResultError when that is not possible."""
    from windtunnel.reports.read import ResultError

    try:
        with file.open("a", encoding="utf-8", errors="replace", newline="\n") as summary:
            summary.write(text)
    except OSError as error:
        raise ResultError(
            file, f"cannot be written: {error.strerror}", remedy=f"correct ${JOB_SUMMARY}"
        ) from error

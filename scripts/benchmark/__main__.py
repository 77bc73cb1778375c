"""Measure the load, the tests and the analyst queries: `python -m scripts.benchmark`."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from scripts.benchmark import report, scenarios
from scripts.benchmark.area import generated, survey
from scripts.benchmark.floor import engine_settings
from scripts.benchmark.measure import STATUS, progress
from scripts.benchmark.queries import time_queries
from scripts.benchmark.steps import STEPS, Steps
from scripts.problem import Problem
from scripts.project import PROJECT


def _chosen(_context: click.Context, _parameter: click.Parameter, value: str) -> list[str]:
    """Steps of a list with commas, in the order in which they are measured."""
    names = [name.strip() for name in value.split(",") if name.strip()]
    unknown = sorted(set(names) - set(STEPS))
    if unknown or not names:
        raise click.BadParameter(f"{', '.join(unknown) or 'nothing'} is no step. Choose from {', '.join(STEPS)}.")
    return [name for name in STEPS if name in names]


@click.command(context_settings={"show_default": True})
@click.option(
    "--scale",
    type=click.FloatRange(0, 10_000, min_open=True),
    help="1 is about 100 MB.",
    show_default="10; quarter: 1, history: 3",
)
@click.option("--days", type=click.IntRange(0, 400), default=2, help="Daily batches after the history.")
@click.option("--seed", type=click.IntRange(0), default=7, help="Of the generated landing area.")
@click.option(
    "--landing",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Measure this landing area instead of a generated one.",
)
@click.option(
    "--work",
    type=click.Path(file_okay=False, resolve_path=True, path_type=Path),
    default=PROJECT / "data" / "benchmark",
    show_default="data/benchmark",
    help="Folder for landing areas, warehouses and logs.",
)
@click.option("--only", callback=_chosen, default=",".join(STEPS), help="Steps to measure, with commas.")
@click.option(
    "--repeat", type=click.IntRange(1, 100), default=1, help="Runs of floor (3 at least), load, tests, build."
)
@click.option("--query-runs", type=click.IntRange(2, 10_000), default=20, help="Runs of each query after the first.")
@click.option("--memory", default="", help="DuckDB's memory limit.", show_default="that of the profile")
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Write the result here too.")
@click.option(
    "--against",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="An older result; exit code 1 where something got slower.",
)
@click.option(
    "--scenario",
    type=click.Choice(list(scenarios.SCENARIOS)),
    help="Instead: a quarter of daily batches, one day on two histories, or peak memory under a limit.",
)
def main(
    scale: float | None,
    days: int,
    seed: int,
    landing: Path | None,
    work: Path,
    only: list[str],
    repeat: int,
    query_runs: int,
    memory: str,
    out: Path | None,
    against: Path | None,
    scenario: str | None,
) -> None:
    """Measure the load, the tests and the analyst queries, each against plain DuckDB on the same files."""
    console = Console(soft_wrap=True)
    # Ended from outside, it ends what it measures too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        old = report.read(against) if against else None
        with STATUS:
            if scenario:
                measure, usual_scale = scenarios.SCENARIOS[scenario]
                found = measure(work, scale or usual_scale, seed, memory)
            else:
                progress("landing area")
                area = survey((landing or generated(work, scale or 10, days, seed)).resolve())
                found = _measured(Steps(work / area.path.name, area, repeat, memory), only, query_runs)
        report.show(console, found)
        target = out or work / f"{scenario or 'benchmark'}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        console.print(f"\nWritten to {target}")
        if old and against and not scenario and report.show_changes(console, report.changes(old, found), against):
            sys.exit(1)
    except OSError as error:
        raise Problem(str(error)) from None


def _measured(steps: Steps, only: list[str], query_runs: int) -> dict[str, Any]:
    results = [result for name in only if name != "queries" for result in getattr(steps, name)()]
    queries = time_queries(steps.loaded(), query_runs) if "queries" in only else []
    floor = next((result for result in results if result.name == "floor"), None)
    settings = {
        "landing": steps.area.path.name,
        "rows": steps.area.total_rows,
        "bytes": steps.area.bytes,
        "batches": len(steps.area.rows),
        "memory_limit": steps.memory or engine_settings()["memory_limit"],
        "repeat": steps.repeat,
        "query_runs": query_runs,
    }
    return report.document(settings, [result.as_dict(floor) for result in results], queries)


if __name__ == "__main__":
    main()

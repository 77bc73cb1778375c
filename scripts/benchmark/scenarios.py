"""Longer measurements: a quarter of daily batches, one day on histories of two sizes, memory under a limit."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console

from scripts.benchmark import report
from scripts.benchmark.area import generated, survey
from scripts.benchmark.floor import engine_settings
from scripts.benchmark.measure import Result
from scripts.benchmark.steps import Bench, Steps, remove_database

QUARTER_DAYS, EDGE_DAYS = 90, 10
"""Daily batches of a quarter, and how many of them at either end are compared."""
LARGER, HISTORY_DAYS = 10, 4
"""How much larger the other history is, and how many days are loaded on each."""


@dataclass(frozen=True)
class Request:
    """What a scenario is asked to measure."""

    work: Path
    scale: float | None
    seed: int
    memory: str
    progress: Callable[[str], None]


def quarter(request: Request) -> dict[str, Any]:
    """Load 90 daily batches one by one; compare the last ten with the first ten."""
    scale = request.scale or 1
    request.progress(f"landing area of scale {scale:g} and {QUARTER_DAYS} days")
    landing = generated(request.work, Path(sys.executable), scale, QUARTER_DAYS, request.seed)
    steps = Steps(request.work / landing.name, survey(landing), 1, request.progress, request.memory)
    results = steps.increments()
    ratios, (first, last) = _compared(results[1 : EDGE_DAYS + 1], results[-EDGE_DAYS:])
    found = ratios | {"first_ten_wall_seconds": first, "last_ten_wall_seconds": last}
    return _document("quarter", {"scale": scale, "days": QUARTER_DAYS, "seed": request.seed}, results, found)


def _compared(before: list[Result], after: list[Result]) -> tuple[dict[str, float], list[float]]:
    """Ratios of the medians of two series of days, and their median wall seconds."""
    wall, cpu = (
        [statistics.median(getattr(r, f"{key}_median") for r in days) for days in (before, after)]
        for key in ("wall", "cpu")
    )
    return {"wall_ratio": wall[1] / wall[0], "cpu_ratio": cpu[1] / cpu[0]}, wall


def memory(request: Request) -> dict[str, Any]:
    """Load everything at once under a memory limit; peak memory of all processes against it."""
    scale = request.scale or 10
    limit = request.memory or str(engine_settings()["memory_limit"])
    request.progress(f"landing area of scale {scale:g}")
    landing = generated(request.work, Path(sys.executable), scale, 2, request.seed)
    area = survey(landing)
    bench = Bench(request.work / landing.name, "memory", landing, limit)
    bench.begin()
    result = Result("load", rows=area.total_rows)
    request.progress(f"load of {area.bytes / 1e6:,.0f} MB within {limit}")
    bench.dbt(result, "run")
    remove_database(bench.path)
    found = {"limit_bytes": limit_bytes(limit), "peak_to_limit": result.peak_bytes / limit_bytes(limit)}
    settings = {"scale": scale, "seed": request.seed, "memory_limit": limit, "bytes": area.bytes}
    return _document("memory", settings, [result], found)


def history(request: Request) -> dict[str, Any]:
    """Load days of one size on a history and on one ten times as large."""
    small = request.scale or 3
    results: list[list[Result]] = []
    for scale in (small, LARGER * small):
        request.progress(f"landing area of scale {scale:g} with days of scale {small:g}")
        options = [] if scale == small else ["--daily-scale", f"{small:g}"]
        landing = generated(request.work, Path(sys.executable), scale, HISTORY_DAYS, request.seed, *options)
        steps = Steps(request.work / landing.name, survey(landing), 1, request.progress, request.memory)
        days = steps.increments()
        for day in days:
            day.name = f"scale {scale:g}, {day.name}"
        results.append(days)
    # On the second day, a list that got shorter has settled: prospects that it left out are gone by then.
    ratios, (on_small, on_large) = _compared(*(days[2:] for days in results))
    found = ratios | {"small_history_wall_seconds": on_small, "large_history_wall_seconds": on_large}
    settings = {"scale": small, "times": LARGER, "seed": request.seed}
    return _document("history", settings, [*results[0], *results[1]], found)


def limit_bytes(text: str) -> int:
    """Bytes of a limit as DuckDB reads it, such as 4GB."""
    with duckdb.connect(config={"memory_limit": text}) as con:
        shown = str(con.sql("select current_setting('memory_limit')").fetchall()[0][0])
    number, unit = shown.split()
    units = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}
    return round(float(number) * units[unit])


def _document(name: str, settings: dict[str, Any], results: list[Result], found: dict[str, Any]) -> dict[str, Any]:
    document = report.document(settings, [result.as_dict(None) for result in results], [])
    return {**document, "scenario": name, "found": found}


def show(console: Console, document: dict[str, Any]) -> None:
    """Print what a scenario found."""
    table = report.table("step", "wall s", "CPU s", "peak MB", "database MB", "rows")
    for step in document["steps"]:
        table.add_row(
            step["name"],
            f"{step['wall_seconds']:.1f}",
            f"{step['cpu_seconds']:.1f}",
            f"{step['peak_bytes'] / 1e6:,.0f}",
            f"{step['database_bytes'] / 1e6:,.0f}",
            f"{step['rows']:,}",
        )
    console.print(table)
    for name, value in document["found"].items():
        console.print(f"{name.replace('_', ' ')}: {value:,.2f}")


SCENARIOS: dict[str, Callable[[Request], dict[str, Any]]] = {"quarter": quarter, "history": history, "memory": memory}

"""Longer measurements: a quarter of daily batches, one day on histories of two sizes, memory under a limit.

Each takes the work folder, the scale, the seed of the generated landing area and DuckDB's memory limit.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from scripts.benchmark import report
from scripts.benchmark.area import generated, survey
from scripts.benchmark.floor import engine_settings
from scripts.benchmark.measure import Result, progress
from scripts.benchmark.steps import Steps
from scripts.project import DBT

QUARTER_DAYS, EDGE_DAYS = 90, 10
"""Daily batches of a quarter, and how many of them at either end are compared."""
LARGER, HISTORY_DAYS = 10, 4
"""How much larger the other history is, and how many days are loaded on each."""


def quarter(work: Path, scale: float, seed: int, memory: str) -> dict[str, Any]:
    """Load 90 daily batches one by one; compare the last ten with the first ten."""
    results = _steps(work, memory, scale, QUARTER_DAYS, seed).increments()
    found = _compared(first_ten=results[1 : EDGE_DAYS + 1], last_ten=results[-EDGE_DAYS:])
    settings = {"scale": scale, "days": QUARTER_DAYS, "seed": seed}
    return report.document(settings, [r.as_dict() for r in results], scenario="quarter", found=found)


def memory(work: Path, scale: float, seed: int, memory: str) -> dict[str, Any]:
    """Load everything at once under a memory limit; peak memory of all processes against it."""
    limit = memory or str(engine_settings()["memory_limit"])
    steps = _steps(work, limit, scale, 2, seed)
    progress(f"load of {steps.area.bytes / 1e6:,.0f} MB within {limit}")
    results = steps.anew("load", steps.bench("memory"), DBT, "run")
    found = {"limit_bytes": limit_bytes(limit), "peak_to_limit": results[0].peak_bytes / limit_bytes(limit)}
    settings = {"scale": scale, "seed": seed, "memory_limit": limit, "bytes": steps.area.bytes}
    return report.document(settings, [r.as_dict() for r in results], scenario="memory", found=found)


def history(work: Path, scale: float, seed: int, memory: str) -> dict[str, Any]:
    """Load days of one size on a history and on one ten times as large."""
    runs: list[list[Result]] = []
    for size, options in ((scale, []), (LARGER * scale, ["--daily-scale", f"{scale:g}"])):
        days = _steps(work, memory, size, HISTORY_DAYS, seed, *options).increments()
        for day in days:
            day.name = f"scale {size:g}, {day.name}"
        runs.append(days)
    # On the second day, a list that got shorter has settled: prospects that it left out are gone by then.
    found = _compared(small_history=runs[0][2:], large_history=runs[1][2:])
    settings = {"scale": scale, "times": LARGER, "seed": seed}
    steps = [result.as_dict() for days in runs for result in days]
    return report.document(settings, steps, scenario="history", found=found)


def _steps(work: Path, memory: str, scale: float, days: int, seed: int, *options: str) -> Steps:
    """The steps on a generated landing area."""
    progress(f"landing area of scale {scale:g} and {days} days")
    landing = generated(work, scale, days, seed, *options)
    return Steps(work / landing.name, survey(landing), memory=memory)


def _compared(**series: list[Result]) -> dict[str, float]:
    """Ratios of the medians of two series of days, the second to the first, and their median wall seconds."""
    wall = [statistics.median(day.wall_seconds for day in days) for days in series.values()]
    cpu = [statistics.median(day.cpu_seconds for day in days) for days in series.values()]
    named = {f"{name}_wall_seconds": seconds for name, seconds in zip(series, wall, strict=True)}
    return {"wall_ratio": wall[1] / wall[0], "cpu_ratio": cpu[1] / cpu[0], **named}


def limit_bytes(text: str) -> int:
    """Bytes of a limit as DuckDB reads it, such as 4GB."""
    return int(duckdb.execute("select parse_formatted_bytes(?)", [text]).fetchall()[0][0])


SCENARIOS: dict[str, tuple[Callable[[Path, float, int, str], dict[str, Any]], float]] = {
    "quarter": (quarter, 1),
    "history": (history, 3),
    "memory": (memory, 10),
}
"""Each with its default scale."""

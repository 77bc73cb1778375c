"""What was measured: a table on the terminal, JSON on disk, and what got slower since an older run."""

from __future__ import annotations

import json
import os
import platform
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from scripts.benchmark.measure import StepError

FORMAT = 1
SLOWER = 0.15
"""Share by which a step must take more CPU time to be flagged, if its repetitions differ by less."""
STEP_SLACK, QUERY_SLACK = 0.3, 0.005
"""Seconds too few to notice, in a step and in a query."""


def machine() -> dict[str, Any]:
    """What the figures depend on besides the project."""
    model = platform.processor() or platform.machine()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "processor": model,
        "cores": cores,
        "system": platform.system(),
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
    }


def document(settings: dict[str, Any], steps: list[dict[str, Any]], queries: list[dict[str, Any]]) -> dict[str, Any]:
    """All of a run as JSON has it."""
    return {
        "format": FORMAT,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "settings": settings,
        "steps": steps,
        "queries": queries,
    }


def table(first: str, *others: str) -> Table:
    """An empty table: a column of names, then columns of figures."""
    made = Table(box=None, pad_edge=False)
    made.add_column(first)
    for name in others:
        made.add_column(name, justify="right", no_wrap=True)
    return made


def show(console: Console, report: dict[str, Any]) -> None:
    """Print what was measured, ratios to the floor first."""
    settings = report["settings"]
    where = report["machine"]
    console.print(
        f"{settings['bytes'] / 1e6:,.0f} MB and {settings['rows']:,} rows in {settings['batches']} batches; "
        f"{where['cores']} cores of {where['processor']}, DuckDB {where['duckdb']}, "
        f"memory limit {settings['memory_limit']}."
    )
    steps = table("step", "CPU ÷ floor", "wall ÷ floor", "CPU s", "wall s", "peak MB", "database MB", "rows/s")
    for step in report["steps"]:
        ratio = step.get("ratio_to_floor", {})
        steps.add_row(
            step["name"],
            *(f"{ratio[key]:.2f}" if ratio else "" for key in ("cpu", "wall")),
            f"{step['cpu_seconds']:.1f}",
            f"{step['wall_seconds']:.1f}",
            f"{step['peak_bytes'] / 1e6:,.0f}",
            f"{step['database_bytes'] / 1e6:,.0f}" if step["database_bytes"] else "",
            f"{step['rows_per_second']:,.0f}" if step["rows"] else "",
        )
    if report["steps"]:
        console.print(steps)
    if report["queries"]:
        queries = table("query", "first ms", "p50 ms", "p95 ms", "CPU p50 ms", "rows")
        for query in report["queries"]:
            times = [f"{query[key] * 1000:,.1f}" for key in ("first", "p50", "p95", "cpu_p50")]
            queries.add_row(query["name"], *times, f"{query['rows']:,}")
        console.print(queries)


def read(path: Path) -> dict[str, Any]:
    """An older run's JSON; a StepError where it is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] == FORMAT:
            return dict(found)
    except (ValueError, KeyError, TypeError):
        pass
    raise StepError(f"{path} was not written by this benchmark. Name a file that --json wrote.")


@dataclass(frozen=True)
class Change:
    """Something measured in both runs."""

    name: str
    before: float
    now: float
    allowed: float
    unit: str

    @property
    def growth(self) -> float:
        """Share by which it grew."""
        return self.now / self.before - 1

    slack: float = 0

    @property
    def slower(self) -> bool:
        """Whether it grew by more than chance explains."""
        return self.growth > self.allowed and self.now - self.before > self.slack


def changes(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """What both runs measured. On another machine, only ratios to the floor can be compared."""
    for key in ("rows", "bytes", "memory_limit"):
        if old["settings"][key] != new["settings"][key]:
            raise StepError(
                f"The older run cannot be compared: its {key.replace('_', ' ')} was {old['settings'][key]}, now it is "
                f"{new['settings'][key]}. Measure the same landing area with the same settings."
            )
    same = all(old["machine"][key] == new["machine"][key] for key in ("processor", "cores"))
    found = []
    before = {step["name"]: step for step in old["steps"]}
    for step in new["steps"]:
        past = before.get(step["name"])
        if past is None:
            continue
        allowed = max(SLOWER, _spread(past["cpu_runs"]) + _spread(step["cpu_runs"]))
        if same:
            found.append(Change(step["name"], past["cpu_seconds"], step["cpu_seconds"], allowed, "s", slack=STEP_SLACK))
        elif "ratio_to_floor" in past and "ratio_to_floor" in step:
            was, is_ = past["ratio_to_floor"]["cpu"], step["ratio_to_floor"]["cpu"]
            found.append(Change(step["name"], was, is_, allowed, "× floor"))
    earlier = {query["name"]: query for query in old["queries"]} if same else {}
    for query in new["queries"]:
        past = earlier.get(query["name"])
        if past is not None:
            allowed = max(SLOWER, past["spread"] + query["spread"])
            found.append(Change(query["name"], past["p50"], query["p50"], allowed, "s", slack=QUERY_SLACK))
    return found


def _spread(runs: list[float]) -> float:
    return (max(runs) - min(runs)) / min(runs)


def show_changes(console: Console, found: list[Change], path: Path) -> int:
    """Print what changed since an older run; returns how many got slower."""
    slower = [change for change in found if change.slower]
    compared = table(f"against {path.name}", "before", "now", "change", "allowed", "")
    for change in found:
        compared.add_row(
            change.name,
            f"{change.before:.3f} {change.unit}",
            f"{change.now:.3f} {change.unit}",
            f"{change.growth:+.0%}",
            f"{change.allowed:+.0%}",
            "slower" if change.slower else "",
        )
    console.print(compared)
    console.print(f"{len(found)} compared, {len(slower)} slower.")
    return len(slower)

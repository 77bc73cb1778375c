"""What was measured: a table on the terminal, JSON on disk, and what got slower since an older run."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import suppress
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

Measured = dict[str, Any]
"""A step or a query as JSON has it."""


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


def document(
    settings: dict[str, Any], steps: list[Measured], queries: Sequence[Measured] = (), **more: object
) -> dict[str, Any]:
    """All of a run as JSON has it; a scenario adds its name and what it found."""
    return {
        "format": FORMAT,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "settings": settings,
        "steps": steps,
        "queries": queries,
        **more,
    }


def table(rows: list[dict[str, str]]) -> Table:
    """A table of texts by column: first names, then figures; without columns that are empty."""
    made = Table(box=None, pad_edge=False)
    columns = [name for name in rows[0] if any(row[name] for row in rows)]
    for name in columns:
        is_first = name == columns[0]
        made.add_column(name, justify="left" if is_first else "right", no_wrap=not is_first)
    for row in rows:
        made.add_row(*(row[name] for name in columns))
    return made


def show(console: Console, report: dict[str, Any]) -> None:
    """Print what was measured, ratios to the floor first, and what a scenario found."""
    settings, where, found = report["settings"], report["machine"], report.get("found")
    if found is None:
        console.print(
            f"{settings['bytes'] / 1e6:,.0f} MB and {settings['rows']:,} rows in {settings['batches']} batches; "
            f"{where['cores']} cores of {where['processor']}, DuckDB {where['duckdb']}, "
            f"memory limit {settings['memory_limit']}."
        )
    for rows in ([_step(step) for step in report["steps"]], [_query(query) for query in report["queries"]]):
        if rows:
            console.print(table(rows))
    for name, value in (found or {}).items():
        console.print(f"{name.replace('_', ' ')}: {value:,.2f}")


def _step(step: Measured) -> dict[str, str]:
    ratio = step.get("ratio_to_floor", {})
    return {
        "step": step["name"],
        "CPU ÷ floor": f"{ratio['cpu']:.2f}" if ratio else "",
        "wall ÷ floor": f"{ratio['wall']:.2f}" if ratio else "",
        "CPU s": f"{step['cpu_seconds']:.1f}",
        "wall s": f"{step['wall_seconds']:.1f}",
        "peak MB": f"{step['peak_bytes'] / 1e6:,.0f}",
        "database MB": f"{step['database_bytes'] / 1e6:,.0f}" if step["database_bytes"] else "",
        # A terminal of 80 columns has no room for it beside the ratios.
        "rows": f"{step['rows']:,}" if step["rows"] and not ratio else "",
        "rows/s": f"{step['rows_per_second']:,.0f}" if step["rows"] else "",
    }


def _query(query: Measured) -> dict[str, str]:
    keys = {"first ms": "first", "p50 ms": "p50", "p95 ms": "p95", "CPU p50 ms": "cpu_p50"}
    times = {name: f"{query[key] * 1000:,.1f}" for name, key in keys.items()}
    return {"query": query["name"], **times, "rows": f"{query['rows']:,}"}


def read(path: Path) -> dict[str, Any]:
    """An older run's JSON; a StepError where it is none."""
    with suppress(ValueError, KeyError, TypeError):
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["format"] == FORMAT:
            return dict(found)
    raise StepError(f"{path} was not written by this benchmark. Name a file that --json wrote.")


def changes(old: dict[str, Any], new: dict[str, Any]) -> list[dict[str, str]]:
    """What both runs measured, as `table` takes it. On another machine, only ratios to the floor can be compared."""
    for key in ("rows", "bytes", "memory_limit"):
        if old["settings"][key] != new["settings"][key]:
            raise StepError(
                f"The older run cannot be compared: its {key.replace('_', ' ')} was {old['settings'][key]}, now it is "
                f"{new['settings'][key]}. Measure the same landing area with the same settings."
            )
    same = all(old["machine"][key] == new["machine"][key] for key in ("processor", "cores"))
    found = []
    for name, past, step in _both(old["steps"], new["steps"]):
        allowed = max(SLOWER, _spread(past["cpu_runs"]) + _spread(step["cpu_runs"]))
        if same:
            found.append(_change(name, past["cpu_seconds"], step["cpu_seconds"], "s", allowed, STEP_SLACK))
        elif "ratio_to_floor" in past and "ratio_to_floor" in step:
            was, is_ = past["ratio_to_floor"]["cpu"], step["ratio_to_floor"]["cpu"]
            found.append(_change(name, was, is_, "× floor", allowed))
    for name, past, query in _both(old["queries"], new["queries"]) if same else ():
        allowed = max(SLOWER, past["spread"] + query["spread"])
        found.append(_change(name, past["p50"], query["p50"], "s", allowed, QUERY_SLACK))
    return found


def _both(old: list[Measured], new: list[Measured]) -> Iterator[tuple[str, Measured, Measured]]:
    """What has one name in both runs: the name, what it took then, and what it takes now."""
    before = {one["name"]: one for one in old}
    return ((one["name"], before[one["name"]], one) for one in new if one["name"] in before)


def _spread(runs: list[float]) -> float:
    return (max(runs) - min(runs)) / min(runs)


def _change(name: str, before: float, now: float, unit: str, allowed: float, slack: float = 0) -> dict[str, str]:
    """What may grow by a share, and must by an amount to be noticed."""
    growth = now / before - 1
    return {
        "measured": name,
        "before": f"{before:.3f} {unit}",
        "now": f"{now:.3f} {unit}",
        "change": f"{growth:+.0%}",
        "allowed": f"{allowed:+.0%}",
        "verdict": "slower" if growth > allowed and now - before > slack else "",
    }


def show_changes(console: Console, found: list[dict[str, str]], path: Path) -> int:
    """Print what changed since an older run; returns how many got slower."""
    slower = sum(change["verdict"] == "slower" for change in found)
    if found:
        console.print(f"Against {path.name}:", table(found), sep="\n")
    console.print(f"{len(found)} compared, {slower} slower.")
    return slower

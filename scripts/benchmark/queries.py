"""The analyst queries: compiled by dbt, timed on a warm connection."""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from scripts.benchmark.floor import engine_settings
from scripts.benchmark.measure import Result, StepError
from scripts.benchmark.steps import Bench


@dataclass(frozen=True)
class QueryResult:
    """Seconds of one query: the first run on a new connection, and those after it."""

    name: str
    first: float
    p50: float
    p95: float
    cpu_p50: float
    spread: float
    """Interquartile range over the median: how much a difference must exceed to mean anything."""
    runs: int
    rows: int


def compiled(bench: Bench) -> list[Path]:
    """Compile the analyses against a warehouse; returns their SQL files."""
    bench.dbt(Result("compile the analyses"), "compile", "--quiet", "--select", "path:analyses")
    found = sorted((bench.target / "compiled").glob("*/analyses/*.sql"))
    if not found:
        raise StepError("The project has no analyses: analyses/*.sql are the queries that are timed.")
    return found


def time_queries(bench: Bench, runs: int, progress: Callable[[str], None]) -> list[QueryResult]:
    """Time each analysis: once on a new connection, then so many times on the same one."""
    results = []
    for path in compiled(bench):
        progress(path.stem)
        sql = path.read_text(encoding="utf-8")
        with duckdb.connect(str(bench.path), read_only=True, config=engine_settings()) as con:
            try:
                rows, first, _ = _once(con, sql)
                _, walls, cpus = zip(*(_once(con, sql) for _ in range(runs)), strict=True)
            except duckdb.Error as error:
                raise StepError(f"The query analyses/{path.name} failed: {error}") from None
        quarter, p50, three_quarters, p95 = (float(q) for q in np.quantile(walls, (0.25, 0.5, 0.75, 0.95)))
        spread = (three_quarters - quarter) / p50
        results.append(QueryResult(path.stem, first, p50, p95, statistics.median(cpus), spread, runs, rows))
    return results


def _once(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, float, float]:
    """Rows of the answer, wall and CPU seconds until all of it is here."""
    before, started = _cpu(), time.perf_counter()
    # As columns: turning numbers into Python objects would take longer than many a query.
    rows = con.execute(sql).to_arrow_table().num_rows
    return rows, time.perf_counter() - started, _cpu() - before


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime

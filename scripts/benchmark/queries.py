"""The analyst queries: compiled by dbt, timed on a warm connection."""

from __future__ import annotations

import statistics
import time
from typing import Any

import duckdb
import numpy as np

from scripts.benchmark.floor import engine_settings
from scripts.benchmark.measure import Result, StepError, progress
from scripts.benchmark.steps import Bench
from scripts.encryption import ALIAS
from scripts.project import DBT
from scripts.warehouse_file import attach_file


def time_queries(bench: Bench, runs: int) -> list[dict[str, Any]]:
    """Seconds of each analysis, which dbt compiles: once on a new connection, then so many times on the same one."""
    bench.run(Result("compile the analyses"), DBT, "compile", "--quiet", "--select", "path:analyses")
    compiled = sorted((bench.target / "compiled").glob("*/analyses/*.sql"))
    if not compiled:
        raise StepError("The project has no analyses: analyses/*.sql are the queries that are timed.")
    results = []
    for path in compiled:
        progress(path.stem)
        sql = path.read_text(encoding="utf-8")
        with duckdb.connect(config=engine_settings()) as con:
            attach_file(con, bench.path, ALIAS, encrypted=False, read_only=True)
            con.execute(f"use {ALIAS}")
            try:
                rows, first, _ = _once(con, sql)
                _, walls, cpus = zip(*(_once(con, sql) for _ in range(runs)), strict=True)
            except duckdb.Error as error:
                raise StepError(f"The query analyses/{path.name} failed: {error}") from None
        quarter, p50, three_quarters, p95 = (float(q) for q in np.quantile(walls, (0.25, 0.5, 0.75, 0.95)))
        results.append(
            {
                "name": path.stem,
                "first": first,
                "p50": p50,
                "p95": p95,
                "cpu_p50": statistics.median(cpus),
                # How much a difference must exceed to mean anything: the interquartile range over the median.
                "spread": (three_quarters - quarter) / p50,
                "runs": runs,
                "rows": rows,
            }
        )
    return results


def _once(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, float, float]:
    """Rows of the answer, wall and CPU seconds until all of it is here."""
    before, started = time.process_time(), time.perf_counter()
    # As columns: turning numbers into Python objects would take longer than many a query.
    rows = con.execute(sql).to_arrow_table().num_rows
    return rows, time.perf_counter() - started, time.process_time() - before

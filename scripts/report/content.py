"""What the report says, read from the schema `operations`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
from markupsafe import Markup

from scripts.report.charts import runs_chart, score_chart, series_chart
from scripts.warehouse_file import named_rows

DIMENSIONS = ("completeness", "validity", "uniqueness", "consistency", "integrity", "timeliness")
CHARTED_RUNS = 60
LISTED_RUNS = 15
LISTED_ANOMALIES = 24
SERIES_BATCHES = 60
READ = {
    "anomalies",
    "batch_series",
    "batches",
    "control_results",
    "reconciliation",
    "rejected_rows",
    "series_forecasts",
}

Row = dict[str, Any]


@dataclass(frozen=True)
class Content:
    """All parts of the page."""

    made_at: str
    headline: str
    missing: list[str]
    last_run: Row | None
    batches: Row | None
    scorecard: list[Row]
    score: float | None
    runs: list[Row]
    runs_chart: Markup
    score_chart: Markup
    failing: list[Row]
    anomalies: list[Row]
    anomaly_count: int
    anomaly_batches: int
    reconciled: list[Row]
    reconciled_count: int
    files: list[Row]
    controls: list[Row]
    rejected: list[Row]
    rejected_count: int

    def lacks(self, *tables: str) -> bool:
        """Whether one of these tables has not been made, so that nothing can be said of what it holds."""
        return not set(tables).isdisjoint(self.missing)


def read_content(con: duckdb.DuckDBPyConnection) -> Content:
    """Read everything from a warehouse. Tables that `dbt build` has not made yet, because what they are made from could
    not be built, are left out and named.

    Raises duckdb.CatalogException where the warehouse has no run history.
    """
    tables = con.execute(
        "select table_name from information_schema.tables "
        "where table_catalog = current_database() and table_schema = 'operations'"
    )
    there = {name for (name,) in tables.fetchall()}
    runs = named_rows(con, "select * from operations.runs order by started_at desc, run_id limit ?", [CHARTED_RUNS])
    scores = named_rows(
        con,
        """
        select runs.started_at, sum(history.passed) / sum(history.checks) as score
        from operations.quality_scorecard_history as history
        inner join operations.runs as runs using (run_id)
        group by runs.run_id, runs.started_at
        order by runs.started_at desc
        limit ?
        """,
        [CHARTED_RUNS],
    )
    scorecard = _scorecard(con)
    checks = [cell for row in scorecard for cell in row["cells"].values() if cell]
    failing = _failing(con)
    has_anomalies = there >= {"anomalies", "batch_series", "batches", "series_forecasts"}
    anomalies = _anomalies(con) if has_anomalies else []
    counts = {"n": 0, "batches": 0}
    if anomalies:
        (counts,) = named_rows(
            con, "select count(*) as n, count(distinct batch_id) as batches from operations.anomalies"
        )
    rejected = _rejected(con) if "rejected_rows" in there else []
    rejected_count = sum(row["rejected_rows"] for row in rejected)
    is_reconciled = "reconciliation" in there
    headline = [
        _count(len(failing), "failing test"),
        _count(counts["n"], "anomaly", "anomalies") if has_anomalies else "anomalies not known",
        _count(rejected_count, "rejected row") if "rejected_rows" in there else "rejected rows not known",
    ]
    return Content(
        made_at=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        headline=", ".join(headline),
        missing=sorted(READ - there),
        last_run=runs[0] if runs else None,
        batches=_batches(con) if "batches" in there else None,
        scorecard=scorecard,
        score=sum(c["passed"] for c in checks) / sum(c["checks"] for c in checks) if checks else None,
        runs=runs[:LISTED_RUNS],
        runs_chart=runs_chart(runs[::-1]),
        score_chart=score_chart(scores[::-1]),
        failing=failing,
        anomalies=anomalies,
        anomaly_count=counts["n"],
        anomaly_batches=counts["batches"],
        reconciled=_differences(con) if is_reconciled else [],
        reconciled_count=named_rows(con, "select count(*) as n from operations.reconciliation")[0]["n"]
        if is_reconciled
        else 0,
        files=_files(con) if is_reconciled else [],
        controls=_controls(con) if there >= {"control_results", "reconciliation", "rejected_rows"} else [],
        rejected=rejected,
        rejected_count=rejected_count,
    )


def _batches(con: duckdb.DuckDBPyConnection) -> Row:
    """What has landed in all."""
    (row,) = named_rows(
        con,
        """
        select
            count(*) as batches,
            min(batch_date) as first_day,
            max(batch_date) as last_day,
            sum(landed_rows)::bigint as landed_rows,
            max(loaded_at) as loaded_at
        from operations.batches
        """,
    )
    return row


def _differences(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """Sources and batches of which a row was rejected, lost, or not counted by the source."""
    return named_rows(
        con,
        """
        select * from operations.reconciliation
        where rejected_rows > 0 or lost_rows <> 0 or difference <> 0
        order by abs(lost_rows) desc, batch_id desc, source_name
        """,
    )


def _scorecard(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """A row per model: how its checks of each dimension ended when they were last made, the worst models first."""
    cells = named_rows(
        con,
        """
        select * from operations.quality_scorecard
        qualify row_number() over (partition by model_name, dimension order by batch_id desc) = 1
        """,
    )
    models: dict[str, dict[str, Row]] = {}
    for cell in cells:
        models.setdefault(cell["model_name"] or "(no model)", {})[cell["dimension"]] = cell
    rows = [{"model": model, "cells": {d: found.get(d) for d in DIMENSIONS}} for model, found in models.items()]
    return sorted(rows, key=lambda r: (min(c["score"] for c in r["cells"].values() if c), r["model"]))


def _failing(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """Tests that fail now, with the first of the runs in a row in which they have failed."""
    return named_rows(
        con,
        """
        with results as (
            select results.node_id, results.status, runs.started_at
            from operations.run_results as results
            inner join operations.runs as runs using (run_id)
            where results.node_kind = 'test' and results.status <> 'skipped'
        ),

        passed as (
            select node_id, max(started_at) as passed_at from results where status = 'pass' group by node_id
        ),

        since as (
            select results.node_id, min(results.started_at) as failing_since
            from results
            left join passed on results.node_id = passed.node_id
            where passed.passed_at is null or results.started_at > passed.passed_at
            group by results.node_id
        )

        select failing.*, since.failing_since
        from operations.failing_rows as failing
        left join since on failing.test_id = since.node_id
        order by failing.severity, failing.failing_rows desc, failing.test_name
        """,
    )


def _anomalies(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """The newest anomalies, the strongest of a batch first, each with a chart of the batches around it."""
    found = named_rows(
        con,
        """
        select anomalies.*, batches.batch_date
        from operations.anomalies as anomalies
        inner join operations.batches as batches using (batch_id)
        order by anomalies.batch_id desc, abs(anomalies.score) desc, anomalies.series, anomalies.kind
        limit ?
        """,
        [LISTED_ANOMALIES],
    )
    for anomaly in found:
        points = named_rows(
            con,
            """
            select series.batch_id, series.value,
                -- From so few batches nothing can be expected.
                case when forecasts.history_count >= 4 then forecasts.expected end as expected
            from operations.batch_series as series
            left join operations.series_forecasts as forecasts
                on series.series = forecasts.series and series.batch_id = forecasts.batch_id
            where series.series = ? and series.batch_id > 1
                and series.batch_id between ? - cast(? as integer) and ? + 10
            order by series.batch_id
            """,
            [anomaly["series"], anomaly["batch_id"], SERIES_BATCHES, anomaly["batch_id"]],
        )
        anomaly["chart"] = series_chart(points, anomaly)
    return found


def _files(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """Reconciliation of each source over all batches."""
    return named_rows(
        con,
        """
        select
            source_name,
            count(*) as batches,
            sum(file_count)::bigint as files,
            sum(landed_rows)::bigint as landed_rows,
            sum(loaded_rows)::bigint as loaded_rows,
            sum(rejected_rows)::bigint as rejected_rows,
            sum(lost_rows)::bigint as lost_rows,
            sum(control_total) as control_total,
            sum(abs(difference)) as difference
        from operations.reconciliation
        group by source_name
        order by source_name
        """,
    )


def _controls(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """Control totals that do not agree, and what is known of the difference."""
    return named_rows(
        con,
        """
        select * from operations.control_results
        where outcome in ('differs', 'unusable', 'accepted')
        order by outcome = 'accepted', batch_id desc, control
        """,
    )


def _rejected(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """Rejected rows by source, column and kind of reason, with what to do. The value is left out of the reason."""
    return named_rows(
        con,
        r"""
        select
            rejects.source_name,
            rejects.column_name,
            coalesce(regexp_replace(reasons.reason, '\{\w+\}', '…', 'g'), rejects.reason_code) as reason,
            reasons.advice,
            count(*) as rejected_rows,
            count(distinct rejects.batch_id) as batches,
            max(rejects.batch_id) as last_batch
        from operations.rejected_rows as rejects
        left join reference.reject_reasons as reasons on rejects.reason_code = reasons.reason_code
        group by all
        order by rejected_rows desc, rejects.source_name, rejects.column_name, reason
        """,
    )


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"

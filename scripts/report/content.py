"""What the report says, read from the schema `operations`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb

from scripts.sql import read_query
from scripts.warehouse_file import named_rows

# Parts of the page, each a query in queries/, with the tables it needs that a run which stopped may not have made. The
# run history is there as soon as a run has begun.
PARTS: dict[str, tuple[str, ...]] = {
    "runs": (),
    "scores": (),
    "scorecard": (),
    "failing": (),
    "batches": ("batches",),
    "anomalies": ("anomalies", "batch_series", "batches", "series_forecasts"),
    "rejected": ("rejected_rows",),
    "files": ("reconciliation",),
    "reconciled": ("reconciliation",),
    "controls": ("control_results", "reconciliation", "rejected_rows"),
}

# The rows of each part, None where nothing can be said of it; which tables are missing, how many anomalies and rejected
# rows there are, the headline, and when all this was read.
Content = dict[str, Any]


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
    content: Content = {
        part: named_rows(con, read_query(__file__, part)) if there.issuperset(needed) else None
        for part, needed in PARTS.items()
    }
    anomalies, rejected = content["anomalies"], content["rejected"]
    anomaly_count = None if anomalies is None else max((row["anomaly_count"] for row in anomalies), default=0)
    rejected_count = None if rejected is None else sum(row["rejected_rows"] for row in rejected)
    headline = (
        _count(len(content["failing"]), "failing test", "failing tests"),
        _count(anomaly_count, "anomaly", "anomalies"),
        _count(rejected_count, "rejected row", "rejected rows"),
    )
    return content | {
        "made_at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "missing": sorted({table for needed in PARTS.values() for table in needed} - there),
        "anomaly_count": anomaly_count,
        "rejected_count": rejected_count,
        "headline": ", ".join(headline),
    }


def _count(number: int | None, one: str, many: str) -> str:
    if number is None:
        return f"{many} not known"
    return f"{number:,} {one if number == 1 else many}"

"""Rows that a statement has written, which dbt-duckdb does not pass on.

DuckDB answers an insert, and a `create table as`, with a single number in a column `Count`. dbt-duckdb throws it away;
here it becomes the `rows_affected` that dbt's results have for every other database.
"""

from __future__ import annotations

from typing import Any

from dbt.adapters.contracts.connection import AdapterResponse
from dbt.adapters.duckdb.connections import DuckDBConnectionManager

WRITTEN = "_rows_written"


def count_affected_rows() -> None:
    """Make dbt's results say how many rows each model wrote."""
    DuckDBConnectionManager.get_response = classmethod(_get_response)


def _get_response(cls: type[Any], cursor: Any) -> AdapterResponse:
    try:
        columns = [(name, str(kind)) for name, kind, *_ in cursor.description or []]
        # A query's own column is hardly called Count with a capital.
        if columns == [("Count", "BIGINT")] or columns == [("Count", "NUMBER")]:
            row = cursor.fetchone()
            # dbt asks twice, and the row can be fetched once. A view, or a statement that only changes a table's shape,
            # has the column but no row.
            written = int(row[0]) if row else getattr(cursor, WRITTEN, None)
            setattr(cursor, WRITTEN, written if row else None)
            return AdapterResponse(_message="OK", rows_affected=written)
    except Exception:  # An unknown number must not stop a load.
        return AdapterResponse(_message="OK")
    return AdapterResponse(_message="OK")

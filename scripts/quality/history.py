"""Run history: what dbt's hooks hand over as JSON, written into `operations`.

The columns of the tables stand once, in the models' YAML; the hooks pass them on. Everything here works on a cursor of
its own, so that what a hook's statement does, and what is recorded, cannot hold each other up.
"""

from __future__ import annotations

import json
from typing import Any

import duckdb

from scripts.code_version import code_version
from scripts.sql import read_query

SAMPLE_ROWS = 3
SAMPLE_LENGTH = 2000
READABLE = {"public", "internal"}


def start_run(con: duckdb.DuckDBPyConnection, handed_over: str) -> None:
    """Create what is missing of the history and note that a run has begun."""
    doc = json.loads(handed_over)
    _create_tables(con, doc["tables"])
    runs = doc["tables"]["runs"]["name"]
    # DuckDB lets one process write at a time: a run that is still on record as running has died.
    con.execute(f"update {runs} set status = 'interrupted' where status = 'running'")
    run = {**doc["run"], "status": "running", "code_version": code_version(), "latest_batch_id": latest_batch(con)}
    _insert(con, doc["tables"]["runs"], [run])


def end_run(con: duckdb.DuckDBPyConnection, handed_over: str) -> None:
    """Note how a run ended, what became of each node, and where the rows are that failed a test."""
    doc = json.loads(handed_over)
    tables = doc["tables"]
    common = {"run_id": doc["run_id"], "batch_id": latest_batch(con), "code_version": code_version()}
    results = [{**r, **common} for r in doc["results"]]
    con.execute("begin")
    _insert(con, tables["run_results"], results)
    con.execute(read_query(__file__, "end_run"), {"run_id": doc["run_id"], "refused": doc["refused"]})
    if doc["loads"] and common["batch_id"] is not None:
        con.execute(read_query(__file__, "loaded_batches"), {"run_id": doc["run_id"]})
    _keep_failing_rows(con, tables["failing_rows"], results, doc["failed_tests"])
    con.execute("commit")


def latest_batch(con: duckdb.DuckDBPyConnection) -> int | None:
    """The newest batch that has been loaded."""
    try:
        [(batch_id,)] = con.execute("select max(batch_id) from operations.landed_files").fetchall()
    except duckdb.CatalogException:
        return None
    return batch_id  # type: ignore[no-any-return]


def _create_tables(con: duckdb.DuckDBPyConnection, tables: dict[str, Any]) -> None:
    """A run is recorded before dbt has built the models, and after a column has come to them."""
    for table in tables.values():
        con.execute(f"create schema if not exists {table['schema']}")
        columns = ", ".join(f'"{name}" {kind}' for name, kind in table["columns"].items())
        con.execute(f"create table if not exists {table['name']} ({columns})")
        for name, kind in table["columns"].items():
            con.execute(f'alter table {table["name"]} add column if not exists "{name}" {kind}')


def _insert(con: duckdb.DuckDBPyConnection, table: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """All rows in one statement; a key that is no column is left out."""
    if not rows:
        return
    listed = ", ".join(f'"{name}"' for name in table["columns"])
    unnested = "select unnest(from_json($1, $2), max_depth := 2)"
    con.execute(
        f"insert into {table['name']} ({listed}) select {listed} from ({unnested})",
        [json.dumps(rows), json.dumps([table["columns"]])],
    )


def _keep_failing_rows(
    con: duckdb.DuckDBPyConnection,
    table: dict[str, Any],
    results: list[dict[str, Any]],
    failed_tests: dict[str, dict[str, Any]],
) -> None:
    """Replace what is known of the tests that ran; those that did not run keep their rows."""
    tested = [r["node_id"] for r in results if r["node_kind"] == "test" and r["status"] != "skipped"]
    con.execute(f"delete from {table['name']} where test_id in (select unnest($1::varchar[]))", [tested])
    rows = []
    for result in results:
        if test := failed_tests.get(result["node_id"]):
            # A result has model, dimension and severity under the names that the table has for them.
            shown = {"test_id": result["node_id"], "test_name": result["node_name"], "failing_rows": result["failures"]}
            shown |= {"reason": test["reason"], "sample": _sample(con, test["table"], _readable_columns(con, test))}
            rows.append({**result, **shown, "failures_table": test["table"] if _columns(con, test["table"]) else None})
    _insert(con, table, rows)


def _columns(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    try:
        return [str(row[0]) for row in con.execute(f"describe {table}").fetchall()]
    except duckdb.CatalogException:
        return []


def _readable_columns(con: duckdb.DuckDBPyConnection, test: dict[str, Any]) -> list[str]:
    """Columns of a table of failing rows that may be shown: every tested table that has one says so.

    A column of a tested table without a classification, or one that no tested table has, is not shown.
    """
    seen: dict[str, bool] = {}
    for tested in test["tested"]:
        names = {*tested["columns"], *_columns(con, tested["name"])}
        for name in names:
            readable = tested["columns"].get(name) in READABLE
            seen[name] = seen.get(name, True) and readable
    # A generic test gives the values of the column it tests under a name of its own.
    column = test["column"]
    for name in ("value_field", "unique_field"):
        seen[name] = bool(column) and seen.get(column, False)
    # Counts that the test computes; it names them itself.
    seen |= {name: seen.get(name, True) for name in test["shows"]}
    return [name for name in _columns(con, test["table"]) if seen.get(name, False)]


def _sample(con: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> str:
    if not columns:
        return "[]"
    listed = ", ".join(f'"{name}"' for name in columns)
    rows = con.execute(f"select to_json(t) from (select {listed} from {table} limit {SAMPLE_ROWS}) as t").fetchall()
    shown: list[str] = []
    for (row,) in rows:
        # A sample stays valid JSON: a row that makes it too long is left out, not cut.
        if sum(map(len, shown)) + len(row) <= SAMPLE_LENGTH:
            shown.append(row)
    return "[" + ", ".join(shown) + "]"

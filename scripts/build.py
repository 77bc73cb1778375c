"""Land deliveries, build the warehouse, and summarise: tables, tests, rejects, next steps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import click
import duckdb
from rich.console import Console
from rich.table import Table

from scripts.deliver.land import deliver
from scripts.encryption import EncryptionProblem, warehouse_path
from scripts.keys import KeyProblem
from scripts.landing.errors import LandingError
from scripts.project import DBT, PROJECT, landing_folder, target_folder
from scripts.warehouse_file import DISK_FULL, open_warehouse

# How many ignored files and failures are named.
SHOWN, SHOWN_FAILURES = 3, 10
# More models at once than this wait for each other.
MOST_THREADS = 6


def run_dbt(arguments: tuple[str, ...]) -> tuple[int, float, list[dict[str, Any]]]:
    """Run `dbt build` without unit tests; returns exit code, seconds, and results: none where it was refused."""
    written = target_folder() / "run_results.json"
    written.unlink(missing_ok=True)
    started = time.monotonic()
    # Unit tests test code, not data: `make check` and `make test` run them.
    command = [DBT, "build", "--exclude-resource-type", "unit_test", *arguments]
    if "DBT_THREADS" not in os.environ and "--threads" not in arguments:
        command += ["--threads", str(min((os.cpu_count() or 2) + 1, MOST_THREADS))]
    code = subprocess.run(command, cwd=PROJECT, check=False).returncode
    results = json.loads(written.read_text(encoding="utf-8"))["results"] if written.exists() else []
    return code, time.monotonic() - started, results


def is_test(result: dict[str, Any]) -> bool:
    """Whether a result is a test's."""
    return result["unique_id"].split(".")[0] in ("test", "unit_test")


def summarise(console: Console, warehouse: Path, seconds: float, results: list[dict[str, Any]]) -> None:
    """Print what the warehouse holds after the build."""
    with open_warehouse(path=warehouse) as con:
        tables = con.sql(
            "select table_name from duckdb_tables() "
            "where schema_name = 'core' and database_name = current_database() order by table_name"
        ).fetchall()
        counted = [(name, con.sql(f"select count(*) from core.{name}").fetchall()[0][0]) for (name,) in tables]
        batches, first, last, alerts, rejected = con.sql(
            "select count(*), min(batch_date), max(batch_date), "
            "(select count(*) from operations.di_messages where message_type = 'Alert'), "
            "(select count(*) from operations.rejected_rows) from operations.batches"
        ).fetchall()[0]
        slow = con.sql("select explanation from operations.slow_models order by times_usual desc limit 3").fetchall()
        ignored = ignored_files(con)

    console.rule("The warehouse")
    shown = Table("table in core", "rows", box=None, pad_edge=False)
    shown.columns[1].justify = "right"
    for name, rows in counted:
        shown.add_row(name, f"{rows:,}")
    console.print(shown)
    tests = Counter(result["status"] for result in results if is_test(result))
    failed = sum(n for status, n in tests.items() if status not in ("pass", "warn", "skipped"))
    console.print(f"\nBatches loaded  {batches}, from {first} to {last}")
    console.print(
        f"Tests           {tests['pass']} passed, {tests['warn']} warned, {failed} failed, {tests['skipped']} skipped"
    )
    console.print(f"Alerts raised   {alerts:,}  (operations.di_messages)")
    console.print(f"Rows rejected   {rejected:,}  (operations.rejected_rows)")
    if ignored:
        names = ", ".join(ignored[:SHOWN]) + (", …" if len(ignored) > SHOWN else "")
        console.print(f"Files ignored   {len(ignored):,}: {names}  (operations.ignored_files)", markup=False)
    console.print(f"Time            {seconds:.0f} s")
    for (explanation,) in slow:
        console.print(f"Slower          {explanation}  (operations.slow_models)")


def ignored_files(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Names of the files in the landing area that no feed knows."""
    try:
        found = con.sql("select file_name from operations.ignored_files order by all").fetchall()
    except duckdb.CatalogException:
        return []
    return [name for (name,) in found]


def report_failures(console: Console, failed: list[dict[str, Any]]) -> None:
    """Name what failed, why, and where its rows or its SQL are."""
    console.rule("What failed")
    for result in failed[:SHOWN_FAILURES]:
        kind, _, name = result["unique_id"].split(".")[:3]
        message = "\n    ".join((result["message"] or result["status"]).strip().splitlines())
        console.print(f"{kind} {name}\n    {message}", markup=False)
        if is_test(result) and result.get("relation_name"):
            schema, table = result["relation_name"].replace('"', "").split(".")[-2:]
            console.print(f"    The rows are in {schema}.{table}.", markup=False)
    if len(failed) > SHOWN_FAILURES:
        console.print(f"and {len(failed) - SHOWN_FAILURES} more, named above.")
    if all(is_test(result) for result in failed):
        console.print("\nThe warehouse is loaded, but cannot be published until its tests pass.")
    else:
        if any(DISK_FULL in (result["message"] or "") for result in failed):
            console.print("\nThe disk is full: free space for the warehouse.")
        console.print("\nThe warehouse is incomplete. Fix the cause and run again: each model resumes where it")
        console.print("stopped.")


@click.command(context_settings={"ignore_unknown_options": True}, help=__doc__)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def main(arguments: tuple[str, ...]) -> None:
    """Build, then summarise; exits with dbt's code."""
    console = Console(soft_wrap=True)
    try:
        deliver(landing_folder(), click.echo)
    except LandingError as error:
        sys.exit(f"Not everything that was delivered can land, so nothing is built.\n{error}")
    warehouse = warehouse_path()
    with suppress(OSError):  # dbt says what is wrong with the place.
        warehouse.parent.mkdir(parents=True, exist_ok=True)
    code, seconds, results = run_dbt(arguments)
    failed = [r for r in results if r["status"] in ("error", "fail", "runtime error")]
    if code and not failed:
        sys.exit(code)  # Refused: dbt's last words say why, and nothing that was built is worth a summary.
    if all(is_test(result) for result in failed):
        try:
            summarise(console, warehouse, seconds, results)
        except (EncryptionProblem, KeyProblem) as error:
            console.print(f"No summary: {error}", markup=False)
        except duckdb.Error as error:
            console.print(f"No summary: the warehouse is not complete ({str(error).splitlines()[0]}).", markup=False)
    if failed:
        report_failures(console, failed)
    else:
        console.print(
            "\nNext: `make publish && make site` writes what analysts read, and dashboards that open in a browser.\n"
            "docs/analysts.md takes you to a chart of your own; docs/questions.md has twenty questions with their SQL."
        )
    sys.exit(code)


if __name__ == "__main__":
    main()

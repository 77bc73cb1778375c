"""Build the warehouse and say what came out: tables, batches, tests, alerts, rejects, time, what to do next."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import click
import duckdb
from rich.console import Console
from rich.table import Table

from scripts.encryption import EncryptionProblem
from scripts.keys import KeyProblem
from scripts.warehouse_file import open_warehouse

PROJECT = Path(__file__).resolve().parents[1]


def run_dbt(arguments: tuple[str, ...]) -> tuple[int, float]:
    """Run `dbt build`; returns its exit code and the seconds it took."""
    started = time.monotonic()
    dbt = Path(sys.executable).with_name("dbt")
    code = subprocess.run([dbt, "build", *arguments], cwd=PROJECT, check=False).returncode
    return code, time.monotonic() - started


def test_counts() -> dict[str, int]:
    """Tests of the last invocation by status."""
    path = PROJECT / os.environ.get("DBT_TARGET_PATH", "target") / "run_results.json"
    counts: dict[str, int] = {}
    if path.exists():
        for result in json.loads(path.read_text(encoding="utf-8"))["results"]:
            if result["unique_id"].split(".")[0] in ("test", "unit_test"):
                counts[result["status"]] = counts.get(result["status"], 0) + 1
    return counts


def summarise(console: Console, warehouse: Path, seconds: float) -> None:
    """Print what the warehouse holds after the build."""
    with open_warehouse(path=warehouse) as con:
        tables = con.sql(
            """
            select table_name, estimated_size from duckdb_tables()
            where schema_name = 'core' and database_name = current_database() order by table_name
            """
        ).fetchall()
        counted = [(name, con.sql(f"select count(*) from core.{name}").fetchall()[0][0]) for name, _ in tables]
        batches, first, last = con.sql(
            "select count(*), min(batch_date), max(batch_date) from operations.batches"
        ).fetchall()[0]
        alerts = con.sql("select count(*) from operations.di_messages where message_type = 'Alert'").fetchall()[0][0]
        slow = con.sql("select explanation from operations.slow_models order by times_usual desc limit 3").fetchall()
        rejected = con.sql("select count(*) from operations.rejected_rows").fetchall()[0][0]

    shown = Table("table in core", "rows", box=None, pad_edge=False)
    shown.columns[1].justify = "right"
    for name, rows in counted:
        shown.add_row(name, f"{rows:,}")
    console.print(shown)
    tests = test_counts()
    failed = sum(n for status, n in tests.items() if status not in ("pass", "warn", "skipped"))
    console.print(f"\nBatches loaded  {batches}, from {first} to {last}")
    console.print(
        f"Tests           {tests.get('pass', 0)} passed, {tests.get('warn', 0)} warned, {failed} failed, "
        f"{tests.get('skipped', 0)} skipped"
    )
    console.print(f"Alerts raised   {alerts:,}  (operations.di_messages)")
    console.print(f"Rows rejected   {rejected:,}  (operations.rejected_rows)")
    console.print(f"Time            {seconds:.0f} s")
    for (explanation,) in slow:
        console.print(f"Slower          {explanation}  (operations.slow_models)")


@click.command(context_settings={"ignore_unknown_options": True}, help=__doc__)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def main(arguments: tuple[str, ...]) -> None:
    """Build, then summarise; exits with dbt's code."""
    console = Console(soft_wrap=True)
    warehouse = Path(os.environ.get("WAREHOUSE_PATH", "data/warehouse.duckdb"))
    with suppress(OSError):  # dbt says what is wrong with the place.
        (PROJECT / warehouse).parent.mkdir(parents=True, exist_ok=True)
    code, seconds = run_dbt(arguments)
    console.rule("The warehouse")
    try:
        summarise(console, PROJECT / warehouse, seconds)
    except (EncryptionProblem, KeyProblem) as error:
        console.print(f"No summary: {error}")
    except duckdb.Error as error:
        console.print(f"No summary: the warehouse is not complete ({str(error).splitlines()[0]}).")
    if code:
        console.print("\nThe build did not finish: the messages above say what failed and what to do.")
    else:
        hint = (
            "`python -m scripts.publish` to write the files that readers get"
            if os.environ.get("DBT_TARGET") == "prod"
            else f"`python -c \"import duckdb; duckdb.connect({str(warehouse)!r}).sql('from core.dim_trade').show()\"`"
        )
        console.print(
            "\nNext: `source .venv/bin/activate`, then `dbt docs generate && dbt docs serve` to browse the models,\n"
            f"or {hint}.\nREADME.md has ten queries worth trying."
        )
    sys.exit(code)


if __name__ == "__main__":
    main()

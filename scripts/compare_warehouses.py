"""Compare two warehouses table by table, row by row.

Load timestamps are the only columns that may differ, and what was done with a warehouse is not compared. Rows are
compared as multisets, so a row that one side holds twice counts. Views hold no rows of their own: what they are made
from is compared.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import click
import duckdb

from scripts.encryption import EncryptionProblem, fingerprint
from scripts.keys import KeyProblem
from scripts.warehouse_file import attach_any, connect_encrypted

LOAD_TIMES = {"loaded_at", "rejected_at", "message_date_and_time"}
# Tables about what was done with a warehouse, not what was loaded into it: no two of them agree, and none should.
#   operations.access_log: who published, exported, erased or changed keys, and when;
#   the run history and what is counted from it: every run adds to it.
HISTORY_TABLES = {
    f"operations.{name}"
    for name in ("access_log", "runs", "run_results", "failing_rows", "quality_scorecard", "quality_scorecard_history")
}
# Rows that tests found wanting are kept there, of the warehouses that were tested.
FAILURES = "quality_failures"
SNAPSHOT_TIMES = {"dbt_valid_from", "dbt_valid_to", "dbt_updated_at", "dbt_scd_id"}


@dataclass(frozen=True)
class Difference:
    """Rows of one table that only the left, or only the right warehouse holds."""

    table: str
    left_rows: int
    right_rows: int
    only_left: int
    only_right: int
    example: str


def differences(left: Path, right: Path) -> list[Difference]:
    """Compare every table of two DuckDB warehouses."""
    with connect_encrypted(Path(f"{left}.tmp")) as con:
        for name, path in (("l", left), ("r", right)):
            attach_any(con, path, name)
        tables = con.execute(
            """
            select schema_name || '.' || table_name as name from duckdb_tables()
            where database_name in ('l', 'r') and schema_name != ?
            group by all
            order by 1
            """,
            [FAILURES],
        ).fetchall()
        return [_difference(con, name) for (name,) in tables if name not in HISTORY_TABLES]


def _difference(con: duckdb.DuckDBPyConnection, table: str) -> Difference:
    columns = [_columns(con, side, table) for side in ("l", "r")]
    if columns[0] != columns[1]:
        return Difference(table, -1, -1, -1, -1, f"columns differ: {sorted(set(columns[0]) ^ set(columns[1]))}")
    listed = ", ".join(f'"{c}"' for c in columns[0] if c not in LOAD_TIMES | SNAPSHOT_TIMES)
    # Cheap, and enough where two tables are the same.
    left, right = (fingerprint(con, f"(select {listed} from {side}.{table})") for side in ("l", "r"))
    if left == right:
        return Difference(table, left[0], right[0], 0, 0, "")
    only = []
    example = ""
    for a, b in (("l", "r"), ("r", "l")):
        query = f"select {listed} from {a}.{table} except all select {listed} from {b}.{table}"
        only.append(con.sql(f"select count(*) from ({query})").fetchall()[0][0])
        if only[-1] and not example:
            example = f"{a}: {con.sql(f'{query} limit 1').fetchall()[0]}"
    return Difference(table, left[0], right[0], only[0], only[1], example)


def _columns(con: duckdb.DuckDBPyConnection, side: str, table: str) -> list[str]:
    try:
        return [str(row[0]) for row in con.sql(f"describe {side}.{table}").fetchall()]
    except duckdb.CatalogException:
        return ["(no such table)"]


@click.command(help=__doc__)
@click.argument("left", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("right", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(left: Path, right: Path) -> None:
    """Print a row a table that differs; exit with 1 where one does."""
    try:
        found = differences(left, right)
    except (EncryptionProblem, KeyProblem) as error:
        sys.exit(str(error))
    unequal = [d for d in found if d.only_left or d.only_right]
    for d in unequal:
        click.echo(
            f"{d.table}: {d.left_rows:,} and {d.right_rows:,} rows, {d.only_left:,} only left, "
            f"{d.only_right:,} only right, for example {d.example[:200]}"
        )
    click.echo(f"{len(found)} tables compared, {len(unequal)} differ.")
    sys.exit(1 if unequal else 0)


if __name__ == "__main__":
    main()

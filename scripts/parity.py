"""Build one landing area on DuckDB and on a Spark engine, and compare every table, row by row.

Columns must have the same names, order and types. Rows are compared as multisets: decimals, texts and dates exactly,
fractions to nine significant digits, since engines add them up in different orders. Load timestamps do not count. Of a
table with a key, the first rows that differ are shown with their columns.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click
import duckdb

from scripts.diff.relations import HISTORY_TABLES, LOAD_TIMES
from scripts.project import DBT, PROJECT, landing_folder
from scripts.site.artifacts import read_json
from scripts.site.project import Project, Table, read
from scripts.spark.__main__ import MISSING
from scripts.warehouse_file import attach_any, connect_encrypted

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

LAYERS = ("staging", "intermediate", "core", "marts", "operations", "reference")
TYPES = {
    "VARCHAR": "string",
    "TIME": "string",
    "TIMESTAMP": "timestamp_ntz",
    "INTEGER": "int",
    "HUGEINT": "decimal(38,0)",
}
SHOWN = 3


def tables(project: Project, layers: tuple[str, ...]) -> list[Table]:
    """Models and seeds of some layers that the Spark target builds."""
    found = [
        table
        for table in project.tables.values()
        if table.layer in layers and table.materialized != "ephemeral" and table.relation not in HISTORY_TABLES
    ]
    return sorted(found, key=lambda table: (LAYERS.index(table.layer), table.relation))


def differences(con: duckdb.DuckDBPyConnection, spark: SparkSession, table: Table, folder: Path) -> Iterator[str]:
    """What differs between the two tables of a name, in words; nothing where they are the same."""
    relation = table.relation
    expected = {str(r[0]): str(r[1]) for r in con.sql(f"describe w.{relation}").fetchall()}
    rows = spark.table(relation)
    given = {f.name: f.dataType.simpleString() for f in rows.schema.fields}
    wanted = {name: TYPES.get(kind, kind.lower()) for name, kind in expected.items()}
    if given != wanted or list(given) != list(wanted):
        only = [sorted(dict(a.items() - b.items()).items()) for a, b in ((wanted, given), (given, wanted))]
        yield f"columns differ: {only[0]} on DuckDB, {only[1]} on Spark; or their order"
    shared = [name for name in expected if name in given and name not in LOAD_TIMES]
    target = folder / relation
    rows.write.mode("overwrite").parquet(str(target))
    # No row, no file.
    written = (
        f"read_parquet('{target}/**/*.parquet')" if any(target.rglob("*.parquet")) else f"w.{relation} where false"
    )
    values = {}
    for name in shared:
        fractions = "DOUBLE" in (expected[name], given[name].upper())
        values[name] = f"printf('%.9g', \"{name}\")" if fractions else f'cast("{name}" as {expected[name]})'
    listed = ", ".join(f'{value} as "{name}"' for name, value in values.items())
    con.execute(f"create or replace temp view duckdb_rows as select {listed} from w.{relation}")
    con.execute(f"create or replace temp view spark_rows as select {listed} from {written}")
    counts = [con.sql(f"select count(*) from {side}_rows").fetchall()[0][0] for side in ("duckdb", "spark")]
    if counts[0] != counts[1]:
        yield f"{counts[0]:,} rows on DuckDB, {counts[1]:,} on Spark"
    for side, other in (("duckdb", "spark"), ("spark", "duckdb")):
        con.execute(f"create or replace temp table only_{side} as from {side}_rows except all from {other}_rows")
    only = [con.sql(f"select count(*) from only_{side}").fetchall()[0][0] for side in ("duckdb", "spark")]
    if any(only):
        yield f"{only[0]:,} rows only on DuckDB, {only[1]:,} only on Spark"
        yield from _examples(con, [c for c in table.key if c in shared], shared)


def _examples(con: duckdb.DuckDBPyConnection, key: list[str], columns: list[str]) -> Iterator[str]:
    """The first rows that differ: by key where there is one, else as they are."""
    if key:
        joined = " and ".join(f'l."{c}" is not distinct from r."{c}"' for c in key)
        changed = con.sql(f"select l.*, r.* from only_duckdb l join only_spark r on {joined} limit {SHOWN}").fetchall()
        for row in changed:
            pairs = zip(columns, row[: len(columns)], row[len(columns) :], strict=True)
            found = {name: (left, right) for name, left, right in pairs if left != right}
            which = {c: row[columns.index(c)] for c in key}
            yield f"  {which}: " + "; ".join(f"{n} is {a!r} on DuckDB, {b!r} on Spark" for n, (a, b) in found.items())
        if changed:
            return
    for side in ("duckdb", "spark"):
        for row in con.sql(f"from only_{side} limit {SHOWN}").fetchall():
            yield f"  only on {side}: {dict(zip(columns, row, strict=True))}"


@click.command(help=__doc__)
@click.option("--landing", default=landing_folder, help="Landing area.")
@click.option(
    "--work", default="data/parity", type=click.Path(file_okay=False, path_type=Path), help="Where both are built."
)
@click.option("--built", is_flag=True, help="Load only what is new into what lies there.")
@click.option(
    "--layer", "layers", multiple=True, type=click.Choice(LAYERS), help="Layers to compare; all unless given."
)
def main(landing: str, work: Path, built: bool, layers: tuple[str, ...]) -> None:
    """Print what differs; exit with 1 where something does."""
    try:
        from scripts.spark.engine import session
        from scripts.spark.load import load
    except ImportError as error:
        sys.exit(MISSING.format(error.name))
    work = work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    command = ["run"] if built else ["run", "--full-refresh"]
    os.environ |= {"LANDING_DIR": landing, "WAREHOUSE_PATH": str(work / "warehouse.duckdb")}
    os.environ |= {"SPARK_WAREHOUSE": str(work / "tables"), "DBT_TARGET_PATH": str(work / "target/duckdb")}
    started = time.monotonic()
    if subprocess.run([DBT, *command], cwd=PROJECT, check=False).returncode:
        sys.exit("The load on DuckDB failed; see dbt's message above.")
    seconds = [time.monotonic() - started]
    os.environ["DBT_TARGET_PATH"] = str(work / "target/spark")
    unequal = 0
    with session() as spark, connect_encrypted(work / "compare.tmp") as con:
        started = time.monotonic()
        if not load(spark, command):
            sys.exit("The load on the Spark engine failed; see dbt's message above.")
        seconds.append(time.monotonic() - started)
        attach_any(con, work / "warehouse.duckdb", "w")
        con.execute("use w")  # Views name no catalog.
        found = tables(read(read_json(work / "target/spark/manifest.json")), layers or LAYERS)
        for table in found:
            said = list(differences(con, spark, table, work / "rows"))
            unequal += bool(said)
            for line in said:
                click.echo(line if line.startswith(" ") else f"{table.relation}: {line}")
    click.echo(f"Loaded in {seconds[0]:.0f} s on DuckDB, {seconds[1]:.0f} s on the Spark engine.")
    click.echo(f"{len(found)} tables compared, {unequal} differ.")
    sys.exit(1 if unequal else 0)


if __name__ == "__main__":
    main()

"""Compare the sample's warehouse with what is expected of it: rows and a hash of their content, per table and batch.

The expectations are in git, so a change of numbers shows in the diff of the pull request that makes it, and a change
that was not meant fails. `make expectations RENEW=1` rewrites them. Times of loading, and what was done with the
warehouse, do not count. Only tables count: a view holds nothing that they don't.
"""

from __future__ import annotations

import csv
import io
import os
import sys
from pathlib import Path

import click
import duckdb

from scripts.diff.relations import FAILURES, HISTORY_TABLES, NOT_COUNTED
from scripts.encryption import warehouse_path
from scripts.warehouse_file import attach_any, connect_encrypted

EXPECTED = Path(__file__).resolve().parents[1] / "tests" / "expectations" / "sample.csv"
# When a file was generated, which the sample's maker decides.
TIMES = NOT_COUNTED | {"modified_at"}
SHOWN = 20

# Rows and hash by table and batch; the batch is empty where a table has none.
Counts = dict[tuple[str, str], tuple[str, str]]


def counts(path: Path) -> Counts:
    """What a warehouse holds."""
    with connect_encrypted(Path(f"{path}.tmp")) as con:
        attach_any(con, path, "w")
        named = "select schema_name || '.' || table_name from duckdb_tables() where database_name = 'w'"
        tables = con.sql(f"{named} and schema_name <> '{FAILURES}' order by 1").fetchall()
        return dict(row for (name,) in tables if name not in HISTORY_TABLES for row in _count(con, name))


def _count(con: duckdb.DuckDBPyConnection, table: str) -> list[tuple[tuple[str, str], tuple[str, str]]]:
    columns = {str(row[0]): str(row[1]) for row in con.sql(f"describe w.{table}").fetchall()}
    # The order in which threads add up fractions decides about their last digits.
    values = ", ".join(
        f"""printf('%.9g', "{name}")""" if kind in ("DOUBLE", "FLOAT") else f'"{name}"'
        for name, kind in columns.items()
        if name not in TIMES
    )
    batch = "cast(batch_id as varchar)" if "batch_id" in columns else "''"
    rows = con.sql(
        f"""
        select
            coalesce({batch}, ''),
            count(*),
            hex(cast(sum(md5_number_lower(cast(row({values}) as varchar))) % {1 << 60} as bigint))
        from w.{table} group by all order by all
        """
    ).fetchall()
    return [((table, str(batch_id)), (str(count), str(content))) for batch_id, count, content in rows]


def read() -> Counts:
    """What is expected."""
    with EXPECTED.open(encoding="utf-8", newline="") as stream:
        return {(r["table"], r["batch_id"]): (r["rows"], r["content_hash"]) for r in csv.DictReader(stream)}


def as_text(found: Counts) -> str:
    """The file's text."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["table", "batch_id", "rows", "content_hash"])
    writer.writerows([*key, *value] for key, value in found.items())
    return stream.getvalue()


def differences(expected: Counts, found: Counts) -> list[str]:
    """Sentences that name table and batch."""
    said = []
    for table, batch in sorted({*expected, *found}):
        before, now = expected.get((table, batch)), found.get((table, batch))
        place = f"{table}, batch {batch}" if batch else table
        if before is None and now is not None:
            said.append(f"{place}: {now[0]} rows that nothing expects")
        elif now is None and before is not None:
            said.append(f"{place}: none of the {before[0]} rows")
        elif before and now and before[0] != now[0]:
            said.append(f"{place}: {before[0]} rows became {now[0]}")
        elif before != now:
            said.append(f"{place}: values changed")
    return said


@click.command(help=__doc__)
def main() -> None:
    """Print differences, or rewrite the expectations; exit with 1 if something differs."""
    path = warehouse_path()
    if not path.exists():
        sys.exit(f"{path} is not there. Run `make build` first; the expectations are about the sample.")
    found = counts(path)
    if os.environ.get("ASKED_RENEW"):
        EXPECTED.write_text(as_text(found), encoding="utf-8")
        click.echo(f"{len(found)} expectations written to {EXPECTED}. Look at `git diff` before you commit them.")
        return
    said = differences(read(), found)
    for sentence in said[:SHOWN]:
        click.echo(sentence)
    if len(said) > SHOWN:
        click.echo(f"… and {len(said) - SHOWN} more")
    if said:
        sys.exit(
            f"{len(said)} of {len(found)} expectations of the sample do not hold. If you meant to change them, "
            "commit what `make expectations RENEW=1` writes; if not, find the model that changed them."
        )
    click.echo(f"All {len(found)} expectations of the sample hold.")


if __name__ == "__main__":
    main()

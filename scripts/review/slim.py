"""Build and test what a change touches, on a copy of main's warehouse, and write the review of it.

Takes dbt's `state:modified+` against main's manifest. What was not touched keeps main's rows. A change of Python that
models call (readers of files, functions) is none that dbt sees: the full build is what counts in the end.
"""

from __future__ import annotations

import os
import shutil
import sys

import click

from scripts.build import run_dbt
from scripts.project import PROJECT
from scripts.review.base import base
from scripts.review.comment import review

WAREHOUSE = PROJECT / "data" / "slim.duckdb"
# Another path of the warehouse makes dbt parse anew, so the everyday target keeps its own.
TARGET = "target/slim"


@click.command(help=__doc__)
def main() -> None:
    """Copy, build, compare; exit as dbt does."""
    found = base()
    shutil.copy(found.warehouse, WAREHOUSE)
    os.environ |= {"WAREHOUSE_PATH": str(WAREHOUSE), "DBT_TARGET_PATH": TARGET}
    # What changed is built from its first batch on, as everywhere after it.
    code, _, _ = run_dbt(("--select", "state:modified+", "--state", str(found.target), "--full-refresh"))
    click.echo(review(WAREHOUSE))
    sys.exit(code)


if __name__ == "__main__":
    main()

"""Compare two warehouses: BASE, and HEAD, by default the configured warehouse.

With --base-ref, both are built first from the landing area: the base from that commit, the head from the working tree.
Exits with 0 where nothing differs, 1 where something does, 2 where the two could not be compared in full.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import duckdb
from rich.console import Console

from scripts.diff.builds import build_both
from scripts.diff.metrics import metrics
from scripts.diff.project import DiffProblem, Known, impact, load
from scripts.diff.relations import SIDES, both, relations
from scripts.diff.rendering import markdown, page
from scripts.diff.report import Report, Side
from scripts.diff.rows import Rules, compare
from scripts.encryption import warehouse_path
from scripts.files import write
from scripts.problem import Problem
from scripts.sql import literal

SAME, DIFFERENT, NOT_COMPARED = 0, 1, 2
FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


def make(base: Side, head: Side, selected: tuple[str, ...], notes: list[str], console: Console) -> Report:
    """Compare two warehouses by all that is known of them."""
    if base.warehouse.samefile(head.warehouse):
        raise DiffProblem(f"{base.warehouse} and {head.warehouse} are one file. Name two.")
    known = Known(*(load(side.target) if side.target else None for side in (base, head)))
    with (
        tempfile.TemporaryDirectory(prefix="diff-") as spill,
        both(base.warehouse, head.warehouse, Path(spill)) as con,
        console.status("") as status,
    ):
        con.execute(f"set memory_limit = {literal(os.environ.get('WAREHOUSE_MEMORY', '4GB'))}")
        rules = Rules(known.keys, known.shows, _selection(con, selected))
        compared = compare(con, rules, lambda table: status.update(f"Comparing {table}"))
        status.update("Metrics and impact")
        evaluated = metrics(con, known.base, known.head) if known.base and known.head else None
        return Report(base, head, compared, evaluated, impact(compared, known), known, notes)


def _selection(con: duckdb.DuckDBPyConnection, selected: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a table is asked for, by its name or its schema's."""
    asked = {name for text in selected for name in text.replace(",", " ").split()}
    tables = {name for side in SIDES for name in relations(con, side)}
    for name in sorted(asked - tables - {table.split(".")[0] for table in tables}):
        raise DiffProblem(f"--select {name}: neither warehouse has such a schema or table.")
    return lambda table: not asked or not asked.isdisjoint((table, table.split(".")[0]))


@contextmanager
def _sides(
    base: Path | None, head: Path | None, ref: str | None, targets: tuple[Path | None, Path | None], console: Console
) -> Iterator[tuple[Side, Side, list[str]]]:
    """What is compared: two files as they are, or two that are built first."""
    if ref:
        if base or head or any(targets):
            raise click.UsageError("--base-ref builds both sides, so leave out BASE, HEAD and the target folders.")
        with build_both(ref, console) as built:
            yield built
    elif base is None:
        raise click.UsageError("Name the warehouse to compare with as BASE, or a commit with --base-ref.")
    else:
        head = head or warehouse_path()
        for path in (base, head):
            if not path.is_file():
                raise DiffProblem(f"There is no warehouse {path}.")
        yield Side(base.name, base, targets[0]), Side(head.name, head, targets[1]), []


@click.command(help=__doc__)
@click.argument("base", type=FILE, required=False, envvar="ASKED_BASE")
@click.argument("head", type=FILE, required=False)
@click.option("--base-ref", envvar="ASKED_REF", help="Build both, the base from this branch, tag or commit.")
@click.option("--base-target", type=FOLDER, help="dbt's target folder of the base, for keys, classes and metrics.")
@click.option("--head-target", type=FOLDER, help="The same of the head.")
@click.option("--select", "selected", multiple=True, help="A schema or table, such as core or core.dim_trade.")
@click.option("--markdown", "markdown_file", type=FILE, help="Write Markdown here, instead of to the terminal.")
@click.option("--html", "html_file", type=FILE, help="Write a page with all details here.")
def main(
    base: Path | None,
    head: Path | None,
    base_ref: str | None,
    base_target: Path | None,
    head_target: Path | None,
    selected: tuple[str, ...],
    markdown_file: Path | None,
    html_file: Path | None,
) -> None:
    """Compare, report, and exit with the code of the outcome."""
    console = Console(stderr=True)
    try:
        with _sides(base, head, base_ref, (base_target, head_target), console) as (one, other, notes):
            found = make(one, other, selected, notes, console)
    except Problem as error:
        click.echo(str(error), err=True)
        sys.exit(NOT_COMPARED)
    if html_file:
        write(html_file, page(found))
    if markdown_file:
        write(markdown_file, markdown(found))
        click.echo(found.summary)
    else:
        click.echo(markdown(found), nl=False)
    sys.exit(NOT_COMPARED if found.comparison.unreadable else DIFFERENT if found.differs else SAME)


if __name__ == "__main__":
    main()

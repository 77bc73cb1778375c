"""Write the quality report: scorecard, runs, anomalies, reconciliation and rejected rows on one HTML page.

The page needs no network, holds no script, and shows no personal data: of rejected rows it says how many there are for
which reason, never what stood in them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click
import duckdb

from scripts.encryption import warehouse_path
from scripts.files import write
from scripts.pages import environment
from scripts.project import PROJECT
from scripts.report.charts import chart
from scripts.report.content import Content, read_content
from scripts.warehouse_file import open_warehouse

DEFAULT = "data/report.html"
FILTERS: dict[str, Callable[..., str]] = {
    "chart": chart,
    "number": lambda value: "" if value is None else f"{value:,.10g}",
    "percent": lambda value: f"{value:.0%}" if value in (0, 1) else f"{value:.1%}",
}


def write_report(warehouse: Path, out: Path) -> Content:
    """Read the warehouse and write the page."""
    with open_warehouse(path=warehouse) as con:
        content = read_content(con)
    pages = environment("scripts.report")
    pages.filters |= FILTERS
    write(out, pages.get_template("report.html").render(content=content))
    return content


@click.command(help=__doc__)
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=Path(DEFAULT), show_default=True)
def main(out: Path) -> None:
    """Write the page and say where it is."""
    out = PROJECT / out
    try:
        content = write_report(warehouse_path(), out)
    except duckdb.CatalogException as error:
        sys.exit(
            f"The warehouse is not complete ({str(error).splitlines()[0]}). Run `make build`, then `make report` again."
        )
    click.echo(f"{out}: {content['headline']}. Open it in a browser.")


if __name__ == "__main__":
    main()

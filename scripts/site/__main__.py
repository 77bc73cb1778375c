"""Write the site: dictionary, diagrams, column lineage, guides, quality report, dashboards and dbt's documentation.

It opens from disk or any static host, requests nothing from anywhere, and shows no personal data.
"""

from __future__ import annotations

import re
import shutil
import sys
from itertools import groupby
from pathlib import Path
from typing import Any

import click
import duckdb
from markupsafe import Markup

from scripts import dashboards
from scripts.code_version import code_version
from scripts.dashboards import NothingPublished
from scripts.encryption import warehouse_path
from scripts.pages import data_block
from scripts.project import PROJECT
from scripts.report.content import Content, read_content
from scripts.site import DEFAULT
from scripts.site.artifacts import SiteProblem, documentation, generate, read_json
from scripts.site.diagram import draw
from scripts.site.guides import Guide, first_paragraph, read_guides
from scripts.site.lineage import Lineage, follow
from scripts.site.pages import Site
from scripts.site.pictures import star
from scripts.site.project import LAYERS, Project, Reference, Table, read
from scripts.site.relations import facts, references, star_tables
from scripts.site.search import entries
from scripts.warehouse_file import open_warehouse

# Of a table that refers to nothing, where a picture of it shows little else.
ALONE_COLUMNS = 12
MADE_HERE = '<meta name="generator" content="scripts.site">'


def build(warehouse: Path, out: Path) -> int:
    """Make the site beside its place, then put it there; returns how many pages it has."""
    _refuse_foreign(out)
    aside = out.with_name(out.name + ".part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    # What reads the warehouse comes first: dbt opens it too, and keeps it open as long as this process lives.
    with open_warehouse(path=warehouse) as con:
        report = read_content(con)
    target = generate()
    manifest = read_json(target / "manifest.json")
    try:
        found = dashboards.write(aside / "dashboards", manifest, has_start=True)
    except NothingPublished as problem:
        click.echo(f"Without dashboards: {problem}", err=True)
        found = ()
    project = read(manifest, read_json(target / "catalog.json"))
    lineage = follow(target / "manifest.json", project)
    guides = read_guides(list(project.layers))
    site = Site(aside, project=project, has_dashboards=bool(found), layer_words=LAYERS)
    _write_start(site, project, guides, found, report)
    _write_dictionary(site, project, lineage)
    _write_diagrams(site, project)
    site.write(
        "lineage/index.html",
        "lineage.html",
        "Column lineage",
        ["lineage.js"],
        data=data_block(lineage.graph(project)),
        not_followed=lineage.not_followed,
    )
    site.write("quality/index.html", "quality.html", "Quality report", content=report, names_people=False)
    for guide in guides:
        site.write(guide.url, "guide.html", guide.title, guide=guide)
    (aside / "docs").mkdir()
    (aside / "docs" / "index.html").write_text(documentation(target), encoding="utf-8")
    shutil.rmtree(out, ignore_errors=True)
    aside.replace(out)
    return sum(1 for _ in out.rglob("*.html"))


def _refuse_foreign(out: Path) -> None:
    """Never remove a folder that something else made."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    start = out / "index.html"
    if not start.is_file() or MADE_HERE not in start.read_text(encoding="utf-8", errors="replace"):
        raise SiteProblem(f"{out} holds something that is no site of this project. Remove it, or name another folder.")


def _write_start(
    site: Site, project: Project, guides: list[Guide], found: tuple[dashboards.Page, ...], report: Content
) -> None:
    site.write(
        "index.html",
        "index.html",
        "Brokerage warehouse",
        ["search.js"],
        what=first_paragraph("README.md"),
        guides=guides,
        dashboards=found,
        report=report,
        code=code_version(),
        index=data_block(entries(project, guides, found)),
    )


def _write_dictionary(site: Site, project: Project, lineage: Lineage) -> None:
    refers: dict[str, dict[str, list[Reference]]] = {}
    for reference in references(project):
        refers.setdefault(reference.table, {}).setdefault(reference.column, []).append(reference)
    site.write("dictionary/index.html", "dictionary.html", "Data dictionary")
    for layer, tables in project.layers.items():
        site.write(
            f"dictionary/{layer}.html", "layer.html", layer.capitalize(),
            layer=layer, tables=tables, lineage=lineage, refers=refers,
        )  # fmt: skip
    if project.metrics or project.semantic_models:
        site.write("dictionary/metrics.html", "metrics.html", "Metrics")
    if project.exposures:
        site.write("dictionary/exposures.html", "exposures.html", "Exposures")


def _write_diagrams(site: Site, project: Project) -> None:
    """The star as a whole, each fact with its dimensions, dimensions among themselves, and marts by folder."""
    found = references(project)
    joined = {r.table for r in found} | {r.to for r in found}

    def drawn(title: str, words: str, tables: list[Table], detail: int, lines: list[Reference]) -> dict[str, Any]:
        """Tables that refer to others as one picture, those that stand alone beside each other."""

        def picture(some: list[Table], columns: int) -> Markup:
            return draw(project, some, lines, title, columns, lambda table: f"../{table.url}")

        together = [t for t in tables if t.name in joined]
        return {
            "anchor": title.lower().replace(" ", "-"),
            "title": title,
            "words": words,
            "svg": picture(together, detail) if together else "",
            "alone": [picture([t], ALONE_COLUMNS) for t in tables if t.name not in joined],
        }

    among_dimensions = [r for r in found if project.tables[r.table].folder != "facts"]
    stars = [
        drawn(fact.name, fact.summary, [fact], 6, [r for r in found if r.table == fact.name] + among_dimensions)
        for fact in facts(project, found)
    ]
    dimensions = [t for t in star_tables(project) if t.folder == "dimensions" and t.name in {r.table for r in found}]
    around = [drawn("Dimensions among themselves", "", dimensions, 0, found)] if dimensions else []
    marts = groupby(project.layers.get("marts", []), lambda table: table.folder)
    answers = [drawn(f"Marts {folder}".strip(), "", list(tables), 4, found) for folder, tables in marts]
    site.write(
        "diagrams/index.html",
        "diagrams.html",
        "Diagrams",
        star=star(project, "../"),
        groups={"Facts": stars, "Dimensions": around, "Marts": answers},
        alone=[t for t in star_tables(project) if t.name not in joined],
    )


@click.command(help=__doc__)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path(DEFAULT), show_default=True)
def main(out: Path) -> None:
    """Write the site and say where it is."""
    out = PROJECT / out
    try:
        pages = build(warehouse_path(), out)
    except duckdb.CatalogException as error:
        cause = re.sub(r"\s+", " ", str(error).splitlines()[0])
        sys.exit(f"The warehouse is not complete ({cause}). Run `make build`, then `make site` again.")
    except OSError as error:
        sys.exit(f"The site cannot be written: {error}")
    click.echo(f"{out}: {pages} pages. Open index.html in a browser, or run `make serve`.")


if __name__ == "__main__":
    main()

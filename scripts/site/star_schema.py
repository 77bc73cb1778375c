"""Draw the star schema, facts with their dimensions, into docs/images. `--check` says whether that has been done."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from markupsafe import Markup

from scripts.project import PROJECT
from scripts.site.artifacts import SiteProblem, parse
from scripts.site.diagram import draw, standalone
from scripts.site.project import Project, read
from scripts.site.relations import facts, references

FILE = PROJECT / "docs" / "images" / "star-schema.svg"


def star(project: Project, prefix: str | None = None) -> Markup:
    """The picture; with a prefix, each table leads to its entry in the dictionary."""
    found = references(project)
    link = None if prefix is None else lambda table: prefix + table.url
    return draw(project, facts(project, found), found, "The star schema: facts and their dimensions", link=link)


@click.command(help=__doc__)
@click.option("--check", is_flag=True, help="Write nothing; fail where the picture is not what would be drawn.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), default=FILE)
def main(check: bool, out: Path) -> None:
    """Read the project and draw it, as its contracts and tests have it."""
    try:
        svg = standalone(star(read(parse())))
    except SiteProblem as error:
        sys.exit(str(error))
    if check:
        if not out.exists() or out.read_text(encoding="utf-8") != svg:
            sys.exit(f"{out} is not the star schema as it is now. Run `make star-schema`.")
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(svg, encoding="utf-8")
    click.echo(f"{out}: written.")


if __name__ == "__main__":
    main()

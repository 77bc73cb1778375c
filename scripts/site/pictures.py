"""Draw the pictures of docs/images anew: the flow of the data, and the star schema. `--check` says whether they are."""

from __future__ import annotations

import sys

import click
from markupsafe import Markup

from scripts.project import PROJECT
from scripts.site.artifacts import parse
from scripts.site.diagram import draw, standalone
from scripts.site.flow import flow
from scripts.site.project import Project, read
from scripts.site.relations import facts, references

FOLDER = PROJECT / "docs" / "images"


def star(project: Project, prefix: str | None = None) -> Markup:
    """The star schema; with a prefix, each table leads to its entry in the dictionary."""
    found = references(project)
    link = None if prefix is None else lambda table: prefix + table.url
    return draw(project, facts(project, found), found, "The star schema: facts and their dimensions", link=link)


def pictures(project: Project) -> dict[str, str]:
    """Each picture by the name of its file."""
    return {"flow.svg": standalone(flow(project)), "star-schema.svg": standalone(star(project))}


@click.command(help=__doc__)
@click.option("--check", is_flag=True, help="Write nothing; fail where a picture is not what would be drawn.")
def main(check: bool) -> None:
    """Read the project and draw it, as its contracts and tests have it."""
    for name, svg in pictures(read(parse())).items():
        path = FOLDER / name
        if not check:
            path.write_text(svg, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != svg:
            sys.exit(f"{path} does not show the project as it is now. Run `make pictures`.")


if __name__ == "__main__":
    main()

"""Write the dashboards; `make site` writes everything around them too."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from scripts.audiences import PolicyProblem
from scripts.dashboards import write
from scripts.dashboards.rendering import NothingPublished
from scripts.encryption import EncryptionProblem
from scripts.keys import PROJECT, KeyProblem


@click.command(help=__doc__)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), default=Path("site/dashboards"), show_default=True
)
def main(out: Path) -> None:
    """Write the pages and say where they are."""
    try:
        pages = write(PROJECT / out)
    except (NothingPublished, PolicyProblem, EncryptionProblem, KeyProblem) as error:
        sys.exit(str(error))
    click.echo(f"{len(pages)} pages. Open {PROJECT / out / pages[0].slug}.html in a browser.")


if __name__ == "__main__":
    main()

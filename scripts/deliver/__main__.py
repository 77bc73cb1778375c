"""Land deliveries: every file and table that a layout names under `delivery`.

A dated file lands in the first complete batch on or after its day, the current state of a replaced one in the newest
batch. Deliveries that have already landed are skipped, so run this as often as you like.
"""

from __future__ import annotations

import click
from rich.console import Console

from scripts.deliver.land import deliver
from scripts.project import landing_folder


def run(console: Console) -> None:
    """Deliver and report what landed; raises a LandingError for what did not."""
    deliver(landing_folder(), lambda line: console.print(line, markup=False, highlight=False))


@click.command(help=__doc__)
def main() -> None:
    """Deliver; exits with 1 if anything was refused."""
    run(Console(soft_wrap=True))


if __name__ == "__main__":
    main()

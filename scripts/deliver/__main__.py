"""Land deliveries: every file and table that a layout names under `delivery`.

A dated file lands in the first complete batch on or after its day, the current state of a replaced one in the newest
batch. Deliveries that have already landed are skipped, so run this as often as you like.
"""

from __future__ import annotations

import click

from scripts.deliver.land import deliver
from scripts.project import landing_folder


@click.command(help=__doc__)
def main() -> None:
    """Deliver and report what landed; exits with 1 if anything was refused."""
    deliver(landing_folder(), click.echo)


if __name__ == "__main__":
    main()

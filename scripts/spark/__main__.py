"""Run dbt on a Spark engine: `python -m scripts.spark build`, and whatever else dbt takes.

The environment names the engine (scripts/spark/engine.py). The landing area is checked before dbt starts, and seeds are
loaded before models.
"""

from __future__ import annotations

import sys

import click

from scripts.landing.errors import LandingError

MISSING = "There is no Spark engine here ({}). Install one: pip install '.[spark]'."


@click.command(help=__doc__, context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, required=True, type=click.UNPROCESSED)
def main(arguments: tuple[str, ...]) -> None:
    """Run dbt; exits with 1 if it fails."""
    try:
        from scripts.spark.engine import session
        from scripts.spark.load import load
    except ImportError as error:
        sys.exit(MISSING.format(error.name))
    try:
        with session() as spark:
            succeeded = load(spark, list(arguments))
    except LandingError as error:
        sys.exit(f"The landing area cannot be loaded.\n{error}")
    sys.exit(0 if succeeded else 1)


if __name__ == "__main__":
    main()

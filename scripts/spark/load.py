"""dbt in a Spark session, after the look at the landing area and with the seeds loaded."""

from __future__ import annotations

import os

from dbt.cli.main import dbtRunner
from pyspark.sql import SparkSession

from scripts.keys import PROJECT
from scripts.privacy import tokens
from scripts.privacy.ledger import read_ledger
from scripts.spark import engine, landing, masks, tables

LOADS = ("run", "build")


def load(spark: SparkSession, arguments: list[str]) -> bool:
    """Run dbt with these arguments; whether it succeeded. Raises a LandingError where there is nothing to load."""
    os.chdir(PROJECT)
    os.environ["DBT_TARGET"] = "spark"
    tables.register(spark, engine.warehouse_folder())
    masks.register(spark, tokens.token_key(make=True))
    if arguments[0] in LOADS:
        through = int(os.environ.get("THROUGH_BATCH") or 0)
        folder = PROJECT / os.environ.get("LANDING_DIR", "data/landing")
        landing.show(spark, folder, through, read_ledger(), "--full-refresh" in arguments)
        if not dbtRunner().invoke(["seed", "--quiet"]).success:
            return False
    return bool(dbtRunner().invoke(arguments).success)

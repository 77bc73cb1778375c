"""Run dbt in a Spark session, after checking the landing area and loading the seeds."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any

from dbt.adapters.spark.session import Cursor
from dbt.cli.main import dbtRunner
from pyspark.sql import SparkSession

from scripts import settings, tokens
from scripts.data_subjects.ledger import read_ledger
from scripts.project import PROJECT, landing_folder
from scripts.spark import engine, landing, masks, tables

# Commands to run first: seeds, which hooks read; views, which an engine forgets when it stops.
BEFORE = {
    "run": ["seed", "--quiet"],
    "build": ["seed", "--quiet"],
    "test": ["run", "--quiet", "--select", "config.materialized:view"],
}

# Small tables that the hooks of all models write.
SHARED = re.compile(r"\boperations[.](landed_files|rejected_rows|row_counts|rebuilds_due)\b")


def serialize_calls() -> None:
    """Let dbt's threads use the shared tables one at a time.

    To engines, two commits to one table are a conflict, and in Sail 0.7 a query during a commit fails.
    """
    lock = Lock()

    def serialized(method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def call(cursor: Any, *given: Any) -> Any:
            if given:
                cursor.shares = bool(SHARED.search(given[0]))
            if not cursor.shares:
                return method(cursor, *given)
            with lock:
                return method(cursor, *given)

        return call

    if not hasattr(Cursor.execute, "__wrapped__"):
        Cursor.execute, Cursor.fetchall = serialized(Cursor.execute), serialized(Cursor.fetchall)


def load(spark: SparkSession, arguments: list[str]) -> bool:
    """Run dbt; returns whether it succeeded. Raises a LandingError if the landing area cannot be loaded."""
    os.chdir(PROJECT)
    settings.check({})
    if any("through_batch" in argument for argument in arguments):
        raise settings.SettingProblem("--vars comes too late for through_batch here. Set THROUGH_BATCH instead.")
    os.environ["DBT_TARGET"] = "spark"
    serialize_calls()
    tables.register(spark, engine.warehouse_folder())
    masks.register(spark, tokens.token_key(make=True))
    if before := BEFORE.get(arguments[0]):
        loaded_files = ""
        if "--full-refresh" not in arguments:
            compiled = dbtRunner().invoke(["compile", "--quiet", "--inline", "{{ loaded_files() }}"])
            if not compiled.success:
                return False
            loaded_files = compiled.result.results[0].node.compiled_code
        through = int(os.environ.get("THROUGH_BATCH") or 0)
        landing.show(spark, landing_folder(), through, read_ledger(), loaded_files)
        if not dbtRunner().invoke(before).success:
            return False
    succeeded = dbtRunner().invoke(arguments).success
    tables.clear(engine.warehouse_folder())
    return bool(succeeded)

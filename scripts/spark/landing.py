"""The landing area as relations of a Spark session, after the same checks as on DuckDB.

scripts/landing/relations.py and scripts/duckdb_plugin.py describe `landing_area`, `landing_ignored`, `landing_retakes`,
and the relation `landing_<source>__<table>` of each layout.
"""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from scripts.data_subjects.ledger import Ledger
from scripts.landing.definitions import layouts
from scripts.landing.errors import LandingError
from scripts.landing.inventory import LandedFile, LoadedFile, compare, read, survey
from scripts.landing.relations import landed_text, relations
from scripts.spark.landed import Landed


def show(spark: SparkSession, landing: Path, through_batch: int, ledger: Ledger, loaded_files: str) -> None:
    """Check the landing area and register its relations; raises a LandingError with all problems.

    `loaded_files` is a query for the files that the warehouse holds; empty to reload all of them.
    """
    if ledger.replacements:
        raise LandingError(
            "The erasure ledger names persons, and only a load into DuckDB leaves them out of files that bring them "
            "again. Load there, or erase from the files first and begin a new ledger."
        )
    loaded = _loaded(spark, loaded_files) if loaded_files else []
    through = _loaded_through(spark) if loaded_files else 0
    found = survey(landing, through_batch or None)
    comparison = compare(found, loaded, through)
    files = sorted(read(found, comparison), key=_place)
    for name, table in relations(found, comparison, files).items():
        schema = from_arrow_schema(table.schema, prefer_timestamp_ntz=True)
        rows = [tuple(row.values()) for row in table.to_pylist()]
        spark.createDataFrame(rows, schema).createOrReplaceTempView(name)
    spark.dataSource.register(Landed)
    spark.udf.register("landed_text", partial(landed_text, landing), "string")
    for definition in layouts():
        source = spark.read.format("landed").option("layout", definition.name).option("folder", str(landing))
        listed = [(f.batch_id, f.name) for f in files if f.source == definition.name]
        rows = source.option("files", json.dumps(listed)).load()
        rows.createOrReplaceTempView(f"landing_{definition.source}__{definition.table}")


def _place(file: LandedFile) -> tuple[int, str, int, str]:
    """A sort key with the parts of a file in the order of their numbers, as in landed_paths."""
    part = re.search(r"_([0-9]+)([.][a-z]+)?$", file.path)
    whole = file.path[: part.start()] if part else file.path
    return file.batch_id, whole, int(part.group(1)) if part else 0, file.path


def _exists(spark: SparkSession, name: str) -> bool:
    return bool(spark.catalog.tableExists(f"operations.{name}"))


def _loaded(spark: SparkSession, query: str) -> list[LoadedFile]:
    if not (_exists(spark, "landed_files") and _exists(spark, "row_counts")):
        return []
    columns = ("source_name", "batch_id", "file_name", "byte_count", "modified_at", "content_hash", "is_taken")
    return [LoadedFile(*row) for row in spark.sql(query).select(*columns).collect()]


def _loaded_through(spark: SparkSession) -> int:
    if not _exists(spark, "row_counts"):
        return 0
    query = "select coalesce(max(batch_id), 0) from operations.row_counts where source_name is null"
    return int(spark.sql(query).collect()[0][0])

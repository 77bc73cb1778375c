"""Tables that lie in the warehouse's folder, made known to an engine that forgets them when it stops."""

from __future__ import annotations

from pathlib import Path

from pyspark.sql import SparkSession


def register(spark: SparkSession, warehouse: str) -> None:
    """Make all Delta tables of a local warehouse known, each by its folder's name in the schema of the folder above."""
    if "://" in warehouse:
        return
    for log in sorted(Path(warehouse).glob("*/*/_delta_log")):
        table = log.parent
        spark.sql(f"create schema if not exists {table.parent.name} location '{table.parent}'")
        # What is left of a table that was being replaced when its run was killed.
        if not table.name.endswith(("__rows", "__kept")):
            # Without columns, Sail finds them when it reads the table, and not when it is asked for them.
            fields = spark.read.format("delta").load(str(table)).schema.fields
            columns = ", ".join(f"{f.name} {f.dataType.simpleString()}" for f in fields)
            name = f"{table.parent.name}.{table.name}"
            spark.sql(f"create table if not exists {name} ({columns}) using delta location '{table}'")

"""Prepare the tables in the warehouse's folder for dbt, and tidy up after it.

A warehouse in a cluster's storage is maintained by the cluster, so nothing here touches a URL.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from pyspark.sql import SparkSession


def register(spark: SparkSession, warehouse: str) -> None:
    """Register the Delta tables, which an engine forgets when it stops, and finish what a killed run started.

    A table is named after its folder, and its schema after the folder above.
    """
    if "://" in warehouse:
        return
    for kept in sorted(Path(warehouse).glob("*/*__kept/_SUCCESS")):
        # A copy of a table that a run was about to overwrite; the table itself may hold half of its rows.
        name = f"{kept.parent.parent.name}.{kept.parent.name.removesuffix('__kept')}"
        if spark.catalog.tableExists(name) and spark.catalog.tableExists(f"{name}__kept"):
            spark.sql(f"insert overwrite table {name} select * from {name}__kept")
            spark.sql(f"drop table {name}__kept")
    clear(warehouse)
    for log in sorted(Path(warehouse).glob("*/*/_delta_log")):
        table = log.parent
        spark.sql(f"create schema if not exists {table.parent.name} location '{table.parent}'")
        # Without declared columns, Sail learns them when it reads the table, but does not describe them.
        fields = spark.read.format("delta").load(str(table)).schema.fields
        columns = ", ".join(f"{f.name} {f.dataType.simpleString()}" for f in fields)
        name = f"{table.parent.name}.{table.name}"
        spark.sql(f"create table if not exists {name} ({columns}) using delta location '{table}'")


def clear(warehouse: str) -> None:
    """Remove the files of models' temporary tables, which Sail keeps when it drops them."""
    if "://" not in warehouse:
        for log in Path(warehouse).glob("*/*__rows/_delta_log"):
            shutil.rmtree(log.parent)

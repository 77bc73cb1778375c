"""Tables that lie in the warehouse's folder, before and after dbt uses them.

A warehouse in a cluster's storage is the cluster's to keep: of an address, nothing here does anything.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from pyspark.sql import SparkSession


def register(spark: SparkSession, warehouse: str) -> None:
    """Make the Delta tables known, which an engine forgets when it stops, and finish what a killed run had begun.

    A table has its folder's name, in the schema that the folder above names.
    """
    if "://" in warehouse:
        return
    for kept in sorted(Path(warehouse).glob("*/*__kept/_SUCCESS")):
        # All rows of a table that a run was about to overwrite: what it holds may be half of them.
        name = f"{kept.parent.parent.name}.{kept.parent.name.removesuffix('__kept')}"
        if spark.catalog.tableExists(name) and spark.catalog.tableExists(f"{name}__kept"):
            spark.sql(f"insert overwrite table {name} select * from {name}__kept")
            spark.sql(f"drop table {name}__kept")
    clear(warehouse)
    for log in sorted(Path(warehouse).glob("*/*/_delta_log")):
        table = log.parent
        spark.sql(f"create schema if not exists {table.parent.name} location '{table.parent}'")
        # Without columns, Sail finds them when it reads the table, and not when it is asked for them.
        fields = spark.read.format("delta").load(str(table)).schema.fields
        columns = ", ".join(f"{f.name} {f.dataType.simpleString()}" for f in fields)
        name = f"{table.parent.name}.{table.name}"
        spark.sql(f"create table if not exists {name} ({columns}) using delta location '{table}'")


def clear(warehouse: str) -> None:
    """Remove the files of tables that only lasted as long as a model; Sail leaves those of a dropped table."""
    if "://" not in warehouse:
        for log in Path(warehouse).glob("*/*__rows/_delta_log"):
            shutil.rmtree(log.parent)

"""A session on the Spark engine that the environment names.

`SPARK_REMOTE` names a Spark Connect server (`sc://host:port`) of a cluster; `SPARK_MASTER` starts Apache Spark in this
process (`local[2]`); without either, a Sail server runs in this process as long as it does.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

from scripts.project import PROJECT

# Keep timestamps as they landed, whatever a machine's time zone.
SETTINGS = {
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.python.filterPushdown.enabled": "true",
}


def warehouse_folder() -> str:
    """Where tables are stored: a folder, or a URL that the cluster can reach."""
    named = os.environ.get("SPARK_WAREHOUSE", "data/spark")
    return named if "://" in named else str(PROJECT / named)


@contextmanager
def session() -> Iterator[SparkSession]:
    """A session that dbt uses, too; on exit, its engine stops."""
    os.environ["SPARK_WAREHOUSE"] = warehouse_folder()
    server = None
    builder = SparkSession.builder
    if master := os.environ.get("SPARK_MASTER"):
        # Apache Spark comes without Delta, and its Python workers search for modules themselves.
        os.environ.setdefault("SPARK_TABLE_FORMAT", "parquet")
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ["PYTHONPATH"] = os.pathsep.join([str(PROJECT), *filter(None, [os.environ.get("PYTHONPATH")])])
        folder = os.environ["SPARK_WAREHOUSE"]
        builder = builder.master(master).enableHiveSupport()
        builder = builder.config(
            map={
                "spark.ui.enabled": "false",
                "spark.sql.warehouse.dir": folder,
                # Keep the catalog next to the tables.
                "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={folder}/catalog;create=true",
                "spark.driver.extraJavaOptions": f"-Dderby.stream.error.file={folder}/catalog.log",
                # The default of 200 partitions for each shuffle is meant for a cluster.
                "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 1)),
            }
        )
    elif "SPARK_REMOTE" not in os.environ:
        os.environ.setdefault("RUST_LOG", "error")  # It logs the start and end of each session.
        from pysail.spark import SparkConnectServer

        server = SparkConnectServer(ip="127.0.0.1", port=0)
        server.start(background=True)
        host, port = server.listening_address
        os.environ["SPARK_REMOTE"] = f"sc://{host}:{port}"
    spark = builder.getOrCreate()
    for name, value in SETTINGS.items():
        spark.conf.set(name, value)
    try:
        yield spark
    finally:
        spark.stop()
        if server:
            server.stop()
            del os.environ["SPARK_REMOTE"]

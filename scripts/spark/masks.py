"""The masks as functions of a Spark session.

Sail has no functions written in SQL, so each mask is an Arrow function, in which an embedded DuckDB runs the body from
macros/privacy/create_masks.sql: a mask is written once, and means the same on every engine. The token key travels to
the engine's workers with the functions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import duckdb
import pyarrow as pa
from jinja2 import Environment
from pyspark.sql import SparkSession
from pyspark.sql.functions import arrow_udf

from scripts import tokens
from scripts.keys import Key
from scripts.project import PROJECT

FILE = PROJECT / "macros" / "privacy" / "create_masks.sql"
VERSION = "pii_key_version"
# Result types of masks other than string.
TYPES = {"pii_key": "bigint"}


def register(spark: SparkSession, key: Key | None) -> None:
    """Register all masks; without a key, those that make tokens fail when called."""
    for signature in bodies():
        name, _, arguments = signature.rstrip(")").partition("(")
        if name != VERSION:
            function = _with_purpose(name, key) if "purpose" in arguments else _plain(name, key)
            spark.udf.register(name, arrow_udf(function, TYPES.get(name, "string")))
    spark.udf.register(VERSION, partial(_version, key), "int")


@cache
def bodies() -> dict[str, str]:
    """The SQL of each mask by its signature."""
    found: list[dict[str, str]] = []
    environment = Environment(extensions=["jinja2.ext.do"])
    module: Any = environment.from_string(FILE.read_text(encoding="utf-8")).make_module({"return": found.append})
    module.masks()
    return found[0]


@cache
def _database(key: Key | None) -> duckdb.DuckDBPyConnection:
    """A DuckDB with the masks, one for each process."""
    con = duckdb.connect(config={"threads": 1})
    tokens.register(con, key)
    for signature, body in bodies().items():
        con.execute(f"create macro {signature} as {body}")
    return con


def _masked(name: str, key: Key | None, **columns: pa.Array) -> pa.Array:
    given = pa.table(columns)  # noqa: F841 (the query reads it)
    query = f"select {name}({', '.join(columns)}) as masked from given"
    with _database(key).cursor() as cursor:
        return cursor.execute(query).to_arrow_table()["masked"].combine_chunks()


def _plain(name: str, key: Key | None) -> Callable[[pa.Array], pa.Array]:
    def mask(personal: pa.Array) -> pa.Array:
        return _masked(name, key, personal=personal)

    return mask


def _with_purpose(name: str, key: Key | None) -> Callable[[pa.Array, pa.Array], pa.Array]:
    def mask(purpose: pa.Array, personal: pa.Array) -> pa.Array:
        return _masked(name, key, purpose=purpose, personal=personal)

    return mask


def _version(key: Key | None) -> int:
    return tokens.needed(key).version

"""Keyed tokens: what the database's masks need of Python.

A token is HMAC-SHA256 of `purpose`, a unit separator and the value, under the key `token`. The key stays in this
process: SQL can call the function and cannot see the key, neither in a variable nor in a query plan, where DuckDB
would show a session variable in full.
"""

from __future__ import annotations

import hmac

import duckdb
import pyarrow as pa
from duckdb.func import ARROW, SPECIAL

from scripts.keys import Key, KeyProblem, ensure_key, read_key

KEY = "token"
SEPARATOR = "\x1f"


def token_key(make: bool = False) -> Key | None:
    """The key, made first where there is none and `make` says so. Without it only what holds tokens cannot be read."""
    try:
        return ensure_key(KEY) if make else read_key(KEY)
    except KeyProblem:
        return None


def needed(key: Key | None) -> Key:
    """The key; raises KeyProblem where there is none."""
    if key is None:
        raise KeyProblem(
            "There is no key for tokens, so nothing can be read that holds tokens. "
            "Make one with `python -m scripts.keys token`, or restore the original one."
        )
    return key


def register(conn: duckdb.DuckDBPyConnection, key: Key | None) -> None:
    """Give a connection `keyed_hash(purpose, value)` and `keyed_hash_version()`; without a key, both fail when called.

    Null gives null. All cursors of the connection share the functions.
    """

    def keyed_hash(purposes: pa.StringArray, values: pa.StringArray) -> pa.StringArray:
        keyed = hmac.new(needed(key).secret, digestmod="sha256")

        def digest(message: str) -> str:
            mac = keyed.copy()
            mac.update(message.encode())
            return mac.hexdigest()

        pairs = zip(purposes.to_pylist(), values.to_pylist(), strict=True)
        return pa.array([None if v is None else digest(f"{p}{SEPARATOR}{v}") for p, v in pairs], pa.string())

    def version() -> int:
        return needed(key).version

    # A call for each value would cost a hundred times as much as one for each vector.
    conn.create_function("keyed_hash", keyed_hash, ["VARCHAR", "VARCHAR"], "VARCHAR", type=ARROW, null_handling=SPECIAL)
    # The value never changes while the process lives; side effects keep DuckDB from asking before a query runs.
    conn.create_function("keyed_hash_version", version, [], "INTEGER", side_effects=True)

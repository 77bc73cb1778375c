"""Encrypted DuckDB files: attach one without showing its key, and recognise one.

DuckDB opens an encrypted file only as an attached database. The key goes through a session variable, so that it never
stands in a statement, and with it in an error, a log or a query's profile. Writing needs DuckDB's httpfs extension for
its cipher; it comes as a Python package and is loaded from there, never downloaded.
"""

from __future__ import annotations

import importlib.resources
import os
from itertools import chain
from pathlib import Path

import duckdb

from scripts.keys import Key, read_key, versions
from scripts.problem import Problem
from scripts.project import PROJECT
from scripts.sql import literal

# The catalog that an encrypted warehouse has; views inside it name their tables by it.
ALIAS = "warehouse"
KEY = "warehouse"
_VARIABLE = "attached_key"
_MAGIC = b"DUCK"


class EncryptionProblem(Problem):
    """A database that cannot be opened with the key at hand. The message says which, why, and what to do."""


def warehouse_path() -> Path:
    """The configured warehouse file."""
    return PROJECT / os.environ.get("WAREHOUSE_PATH", "data/warehouse.duckdb")


def is_encrypted(path: Path) -> bool:
    """Whether a DuckDB file is encrypted, by the flag in its header.

    Not to be asked while this process has the file open: to close it here would give up DuckDB's lock of it.
    """
    with open(path, "rb") as stream:
        header = stream.read(24)
    return header[8:12] == _MAGIC and bool(header[20:24] and header[20] & 1)


def is_duckdb(path: Path) -> bool:
    """Whether a file is a DuckDB database at all."""
    with open(path, "rb") as stream:
        return stream.read(12)[8:] == _MAGIC


def load_cipher(con: duckdb.DuckDBPyConnection) -> None:
    """Load the extension that encrypts."""
    load_extension(con, "httpfs")


def load_extension(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Load an extension from its Python package."""
    version = con.execute("pragma version").fetchall()[0][0]
    folder = importlib.resources.files(f"duckdb_extension_{name}") / "extensions" / version
    place = folder / f"{name}.duckdb_extension"
    if not place.is_file():
        raise EncryptionProblem(
            f"The package duckdb-extension-{name} does not match DuckDB {version}. Install that of requirements.lock."
        )
    con.execute(f"load {literal(place)}")


def attach(con: duckdb.DuckDBPyConnection, path: Path, alias: str, key: Key, read_only: bool = False) -> None:
    """Attach an encrypted file, which is made where there is none and it may be written."""
    if path.exists() and path.stat().st_size:
        if not is_duckdb(path):
            raise EncryptionProblem(f"{path} is not a DuckDB file. Name another place in WAREHOUSE_PATH, or remove it.")
        if not is_encrypted(path):
            raise EncryptionProblem(
                f"{path} is a plain file, but encryption was asked for. Name another place in WAREHOUSE_PATH and load "
                "the landing area into it; then destroy the plain file, and its copies."
            )
    elif read_only:
        raise EncryptionProblem(f"There is no {path}. Load the warehouse first, with `make build`.")
    if not _try(con, path, alias, key, read_only):
        raise EncryptionProblem(
            f"The key {key.name}, version {key.version}, does not open {path}: it was encrypted with another one. "
            "Restore the key it was made with."
        )


def attach_warehouse(con: duckdb.DuckDBPyConnection, path: Path, alias: str = ALIAS, read_only: bool = False) -> Key:
    """Attach the warehouse with the newest key that opens it, and return that key.

    A rotation that was interrupted has made a key that no file uses yet, so an older version is tried too.
    """
    newest = read_key(KEY)
    if path.exists() and is_encrypted(path):
        older = (read_key(KEY, version) for version in reversed(versions(KEY)) if version != newest.version)
        for key in chain([newest], older):
            if _try(con, path, alias, key, read_only):
                return key
    attach(con, path, alias, newest, read_only)
    return newest


def _try(con: duckdb.DuckDBPyConnection, path: Path, alias: str, key: Key, read_only: bool) -> bool:
    """Attach a file; false where it was encrypted with another key."""
    con.execute(f"set variable {_VARIABLE} = ?", [key.hex])
    try:
        con.execute(
            f"attach {literal(path)} as {alias} "
            f"(encryption_key getvariable('{_VARIABLE}'){', read_only' if read_only else ''})"
        )
    except duckdb.InvalidInputException as error:
        if "encryption key" not in str(error):
            raise
        return False
    finally:
        con.execute(f"reset variable {_VARIABLE}")
    return True


def fingerprints(con: duckdb.DuckDBPyConnection, catalog: str) -> dict[str, tuple[int, int]]:
    """Rows of each table of a catalog, and a number that changes with any value in them but not with their order."""
    tables = con.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ? order by all", [catalog]
    ).fetchall()
    return {f"{s}.{t}": fingerprint(con, f'"{catalog}"."{s}"."{t}"') for s, t in tables}


def fingerprint(con: duckdb.DuckDBPyConnection, relation: str) -> tuple[int, int]:
    """Rows of a relation, and a number that changes with any value in them but not with their order."""
    rows = con.execute(f"select count(*), sum(hash(whole_row)::hugeint) from {relation} as whole_row").fetchall()
    return int(rows[0][0]), int(rows[0][1] or 0)

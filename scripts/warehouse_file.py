"""Open the configured warehouse from Python, plain or encrypted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from scripts.encryption import (
    ALIAS,
    EncryptionProblem,
    attach_warehouse,
    is_encrypted,
    load_cipher,
    quoted,
    warehouse_path,
)
from scripts.privacy import tokens


@contextmanager
def open_warehouse(read_only: bool = True, path: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose default catalog is the warehouse. Others may be attached to it: name the catalog in queries
    of duckdb_tables() and the like, with `where database_name = current_database()`.

    Raises EncryptionProblem or KeyProblem where it cannot be opened, and duckdb.IOException where another process
    writes it.
    """
    path = path or warehouse_path()
    if not path.exists():
        raise EncryptionProblem(f"There is no {path}. Load the warehouse first, with `make build`.")
    if not is_encrypted(path):
        if os.environ.get("DBT_TARGET") == "prod":
            raise EncryptionProblem(f"{path} is a plain file, but the target prod keeps its warehouse encrypted.")
        with duckdb.connect(str(path), read_only=read_only) as con:
            tokens.register(con, tokens.token_key())
            yield con
        return
    with connect_encrypted(path.with_name(path.name + ".tmp")) as con:
        attach_warehouse(con, path, ALIAS, read_only)
        con.execute(f"use {ALIAS}")
        yield con


@contextmanager
def connect_encrypted(spill: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that can attach encrypted files, and encrypts what it spills to the folder given."""
    config: dict[str, str | bool | int | float | list[str]] = {"temp_file_encryption": "true"}
    with duckdb.connect(config=config) as con:
        con.execute(f"set temp_directory = {quoted(spill)}")
        load_cipher(con)
        tokens.register(con, tokens.token_key())
        yield con


def attach_any(con: duckdb.DuckDBPyConnection, path: Path, alias: str) -> None:
    """Attach a warehouse to read it, plain or encrypted."""
    if is_encrypted(path):
        attach_warehouse(con, path, alias, read_only=True)
    else:
        con.execute(f'attach {quoted(path)} as "{alias}" (read_only)')

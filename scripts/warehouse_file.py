"""Open the configured warehouse, plain or encrypted, with a readable message if that fails."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import duckdb

from scripts import tokens
from scripts.encryption import (
    ALIAS,
    EncryptionProblem,
    attach_warehouse,
    is_duckdb,
    is_encrypted,
    load_cipher,
    warehouse_path,
)
from scripts.sql import literal

# What DuckDB quotes from the system.
DISK_FULL = "No space left on device"


class WarehouseInUse(EncryptionProblem):
    """Another process has the warehouse open."""


def is_in_use(error: duckdb.Error) -> bool:
    """Whether DuckDB could not open a file because another process has it open."""
    return "Could not set lock" in str(error)


@contextmanager
def open_warehouse(read_only: bool = True, path: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose default catalog is the warehouse. Others may be attached to it: name the catalog in queries
    of duckdb_tables() and the like, with `where database_name = current_database()`.

    Raises EncryptionProblem or KeyProblem where it cannot be opened.
    """
    path = path or warehouse_path()
    encrypted = refuse_missing(path)
    with connect(path.with_name(path.name + ".tmp"), encrypted) as con:
        attach_file(con, path, ALIAS, encrypted, read_only)
        con.execute(f"use {ALIAS}")
        yield con


def refuse_missing(path: Path) -> bool:
    """Whether a warehouse is encrypted; raises EncryptionProblem where it is missing, or plain on prod."""
    if not path.exists():
        raise EncryptionProblem(f"There is no {path}. Load the warehouse first, with `make build`.")
    encrypted = path.is_file() and is_encrypted(path)
    if not encrypted and os.environ.get("DBT_TARGET") == "prod":
        raise EncryptionProblem(f"{path} is a plain file, but the target prod keeps its warehouse encrypted.")
    return encrypted


def named_rows(con: duckdb.DuckDBPyConnection, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
    """What a query gives, each row by the names of its columns."""
    result = con.execute(sql, parameters)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def connect_encrypted(spill: Path) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    """A connection that can attach encrypted files, and encrypts what it spills to the folder given."""
    return connect(spill, encrypted=True)


@contextmanager
def connect(spill: Path, encrypted: bool) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that reads tokens, spills to the folder given, and encrypts as said."""
    with duckdb.connect(config={"temp_file_encryption": encrypted}) as con:
        con.execute(f"set temp_directory = {literal(spill)}")
        if encrypted:
            load_cipher(con)
        tokens.register(con, tokens.token_key())
        yield con


def attach_any(con: duckdb.DuckDBPyConnection, path: Path, alias: str) -> None:
    """Attach a warehouse to read it, plain or encrypted."""
    attach_file(con, path, alias, is_encrypted(path), read_only=True)


def attach_file(
    con: duckdb.DuckDBPyConnection, path: Path, alias: str, encrypted: bool, read_only: bool = False
) -> None:
    """Attach a warehouse, which is made where there is none and it may be written.

    Raises EncryptionProblem or KeyProblem where it cannot be opened.
    """
    _refuse_unusable(path, encrypted, read_only)
    try:
        if encrypted:
            load_cipher(con)
            attach_warehouse(con, path, alias, read_only)
        else:
            con.execute(f'attach {literal(path)} as "{alias}"{" (read_only)" if read_only else ""}')
    except duckdb.Error as error:
        text = str(error)
        if is_in_use(error):
            raise WarehouseInUse(
                f"{path} is open in another process, and while one writes, no other may have it open. "
                f"Wait until it ends, or close it, then run again.\n{text}"
            ) from None
        if "newer version of DuckDB" in text:
            raise EncryptionProblem(
                f"{path} was written by a newer DuckDB than this one, {duckdb.__version__}. Use the environment that "
                "wrote it, or name another file in WAREHOUSE_PATH and load the landing area into that one."
            ) from None
        if DISK_FULL in text:
            raise EncryptionProblem(f"The disk that holds {path} is full. Make room, then run again.") from None
        raise EncryptionProblem(
            f"{path} cannot be opened: {text.splitlines()[0]}\n"
            "Where it is damaged, restore a copy, or remove it and reload the landing area."
        ) from None


def _refuse_unusable(path: Path, encrypted: bool, read_only: bool) -> None:
    """Check the location itself, which DuckDB reports cryptically or only when it writes."""
    elsewhere = "name another file in WAREHOUSE_PATH"
    if path.is_dir():
        problem = f"{path} is a folder. Name a file in WAREHOUSE_PATH, such as {path / 'warehouse.duckdb'}."
    elif not path.parent.is_dir():
        problem = f"There is no folder {path.parent}. Create it, or {elsewhere}."
    elif path.exists() and not path.is_file():
        problem = f"{path} is no ordinary file. Remove it, or {elsewhere}."
    elif path.exists() and not os.access(path, os.R_OK):
        problem = f"{path} may not be read. Have it made readable, or {elsewhere}."
    elif path.exists() and path.stat().st_size and not is_duckdb(path):
        problem = f"{path} is not a DuckDB file. Remove it, or {elsewhere}."
    elif path.exists() and path.stat().st_size and not encrypted and is_encrypted(path):
        problem = f"{path} is encrypted. Use it with DBT_TARGET=prod, or {elsewhere}."
    elif not read_only and path.exists() and not os.access(path, os.W_OK):
        problem = f"{path} is read-only. Have it made writable, or {elsewhere}."
    elif not read_only and not os.access(path.parent, os.W_OK | os.X_OK):
        problem = (
            f"The folder {path.parent} is read-only, and DuckDB writes its log beside the warehouse. Have it made "
            f"writable, or {elsewhere}."
        )
    else:
        return
    raise EncryptionProblem(problem)

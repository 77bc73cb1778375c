"""Published tables as lake tables with a history of versions, which others read where they lie.

An audience whose policy says `lake: delta` or `lake: ducklake` gets its tables in `PUBLISH_DIR/lake/<audience>`, too. A
publication adds a version where a table's rows, columns or descriptions differ from the last one. Versions stay for 30
days; an erasure and a withdrawal remove all of them.

Delta tables are not encrypted, so no audience with personal data can have them. A DuckLake is: its catalogue with the
audience's key, each data file with a key that the catalogue holds.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa

from scripts.columns import Column, columns_of
from scripts.encryption import EncryptionProblem, attach, fingerprint, load_extension
from scripts.keys import Key
from scripts.problem import Problem
from scripts.sql import literal
from scripts.warehouse_file import connect_encrypted

LAKE = "lake"
# Kinds of lake, and the package that each needs.
KINDS = {"delta": "deltalake", "ducklake": "duckdb_extension_ducklake"}
CATALOG = "catalog.ducklake"
DAYS = 30
# Types that Delta does not have, as what they are there.
TYPES = {"TIME": "VARCHAR", "HUGEINT": "DECIMAL(38, 0)", "UBIGINT": "DECIMAL(20, 0)", "UINTEGER": "BIGINT"}


class LakeProblem(Problem):
    """A lake that cannot be written. The message says why and what to do."""


def write(kind: str | None, file: Path, key: Key, folder: Path, batch_id: int) -> int:
    """Bring the lake in a folder up to a published file; returns how many tables got a new version.

    A table that is no longer published is removed. So is the whole lake where it is of another kind than asked for, or
    was encrypted with another key; without a kind, that is all.
    """
    if kind and importlib.util.find_spec(KINDS[kind]) is None:
        raise LakeProblem(f"A lake of the kind {kind} needs the package {KINDS[kind]}: pip install '.[lake]'.")
    if not kind or (folder / CATALOG).exists() != (kind == "ducklake"):
        shutil.rmtree(folder, ignore_errors=True)
    if not kind:
        return 0
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        with connect_encrypted(folder / "lake.tmp") as con:
            attach(con, file, "published", key, read_only=True)
            if kind == "delta":
                return _write_delta(con, folder, batch_id)
            return _write_ducklake(con, folder, key, batch_id)
    except (duckdb.Error, OSError) as error:
        raise LakeProblem(
            f"The lake {folder} could not be written: {str(error).splitlines()[0]}. Its last version can be read as "
            "before. Correct the cause, then publish again."
        ) from None


def remove(published: Path) -> None:
    """Remove all lakes, with their history."""
    shutil.rmtree(published / LAKE, ignore_errors=True)


def attach_lake(con: duckdb.DuckDBPyConnection, catalog: Path, key: Key, read_only: bool = False) -> None:
    """Attach a DuckLake as `lake`, with its data files beside the catalogue, wherever they lay when it was written."""
    load_extension(con, "ducklake")
    con.execute("set variable lake_key = ?", [key.hex])
    try:
        con.execute(
            f"attach {literal(f'ducklake:{catalog}')} as lake (data_path {literal(f'{catalog.parent}/')}, "
            "override_data_path true, meta_encryption_key getvariable('lake_key'), "
            f"{'read_only' if read_only else 'encrypted'})"
        )
    finally:
        con.execute("reset variable lake_key")


def describe(con: duckdb.DuckDBPyConnection, table: str, description: str, columns: Iterable[Column]) -> None:
    """Keep what the models say about a table and its columns."""
    con.execute(f"comment on table {table} is {literal(description)}")
    for column in columns:
        con.execute(f'comment on column {table}."{column.name}" is {literal(column.description)}')


def _write_delta(con: duckdb.DuckDBPyConnection, folder: Path, batch_id: int) -> int:
    """Write each table that changed, in one step each."""
    import deltalake

    written = 0
    tables = _tables(con, "published")
    for (schema, name), (description, columns) in tables.items():
        target = folder / schema / name
        cast = ", ".join(f'cast("{c.name}" as {TYPES.get(c.data_type, c.data_type)}) as "{c.name}"' for c in columns)
        rows = f'(select {cast} from published."{schema}"."{name}")'
        described = [(c.name, c.data_type, c.description) for c in columns]
        said = json.dumps([fingerprint(con, rows), description, described])
        content = hashlib.sha256(said.encode()).hexdigest()
        try:
            if deltalake.DeltaTable.is_deltatable(str(target)):
                held = deltalake.DeltaTable(target)
                if held.history(1)[0].get("content") == content:
                    continue
                # Before the write, whose entry is to be the last. Entries go only up to a checkpoint.
                held.vacuum(dry_run=False)
                held.create_checkpoint()
                held.cleanup_metadata()
            deltalake.write_deltalake(
                target,
                _described(con.execute(f"from {rows}").to_arrow_reader(), columns),
                mode="overwrite",
                schema_mode="overwrite",
                description=description or None,
                configuration={
                    "delta.logRetentionDuration": f"interval {DAYS} days",
                    "delta.deletedFileRetentionDuration": f"interval {DAYS} days",
                },
                commit_properties=deltalake.CommitProperties(
                    custom_metadata={"content": content, "batch_id": str(batch_id)}
                ),
            )
        except deltalake.exceptions.DeltaError as error:
            raise OSError(str(error)) from None
        written += 1
    for left in folder.glob("*/*"):
        if (left.parent.name, left.name) not in tables:
            shutil.rmtree(left)
    return written


def _described(rows: pa.RecordBatchReader, columns: list[Column]) -> pa.RecordBatchReader:
    """The same rows with the columns' descriptions, which Delta keeps as comments."""
    about = {c.name: c.description for c in columns}
    fields = [f.with_metadata({"comment": about[f.name]}) if about[f.name] else f for f in rows.schema]
    return rows.cast(pa.schema(fields))


def _write_ducklake(con: duckdb.DuckDBPyConnection, folder: Path, key: Key, batch_id: int) -> int:
    """Write all tables that changed as one snapshot, on a copy of the catalogue that then takes its place: a reader who
    has the old one open goes on reading it.
    """
    catalog, work = folder / CATALOG, folder / f"{CATALOG}.next"
    for left in folder.glob(f"{CATALOG}.next*"):
        left.unlink()
    if catalog.exists():
        try:
            attach(con, catalog, "tried", key, read_only=True)
        except EncryptionProblem:
            # The audience has a new key, and the old one shall open nothing any more.
            shutil.rmtree(folder)
            folder.mkdir(mode=0o700)
        else:
            con.execute("detach tried")
            shutil.copyfile(catalog, work)
    attach_lake(con, work, key)
    con.execute(f"call ducklake_cleanup_old_files('lake', older_than => now() - interval '{DAYS} days')")
    con.execute("call ducklake_delete_orphaned_files('lake', cleanup_all => true)")
    wanted, held = _tables(con, "published"), _tables(con, "lake")
    written = 0
    con.execute("begin")
    con.execute("call lake.set_commit_message('publication', ?)", [f"batch {batch_id}"])
    for schema, name in held.keys() - wanted.keys():
        con.execute(f'drop table lake."{schema}"."{name}"')
    for (schema, name), (description, columns) in wanted.items():
        table = f'"{schema}"."{name}"'
        is_as_wanted = held.get((schema, name)) == (description, columns)
        if is_as_wanted and fingerprint(con, f"lake.{table}") == fingerprint(con, f"published.{table}"):
            continue
        con.execute(f'create schema if not exists lake."{schema}"')
        con.execute(f"create or replace table lake.{table} as from published.{table}")
        describe(con, f"lake.{table}", description, columns)
        written += 1
    con.execute("commit")
    con.execute(f"call ducklake_expire_snapshots('lake', older_than => now() - interval '{DAYS} days')")
    con.execute("detach lake")
    work.replace(catalog)
    return written


def _tables(con: duckdb.DuckDBPyConnection, catalog: str) -> dict[tuple[str, str], tuple[str, list[Column]]]:
    """Description and columns of each table of a catalog, by its schema and name."""
    rows = con.execute(
        "select schema_name, table_name, coalesce(comment, '') from duckdb_tables() "
        "where database_name = ? order by all",
        [catalog],
    ).fetchall()
    columns = columns_of(con, catalog)
    return {(schema, name): (description, columns[f"{schema}.{name}"]) for schema, name, description in rows}

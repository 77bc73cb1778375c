"""Published tables as Delta tables with a history of versions, which a lakehouse reads where they lie.

Audiences whose policy says `lake: delta` get them in `PUBLISH_DIR/lake/<audience>/<schema>/<table>`. A publication adds
a version where a table's rows, columns or descriptions differ from the last one. Versions stay for 30 days; an erasure
and a withdrawal remove all of them. The files are not encrypted, so no audience with personal data can have them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import duckdb
import pyarrow as pa

from scripts.encryption import attach, fingerprint
from scripts.keys import Key
from scripts.warehouse_file import connect_encrypted

LAKE = "lake"
DAYS = 30
# Types that Delta does not have, as what they are there.
TYPES = {"TIME": "VARCHAR", "HUGEINT": "DECIMAL(38, 0)", "UBIGINT": "DECIMAL(20, 0)", "UINTEGER": "BIGINT"}


class LakeProblem(Exception):
    """Delta tables that cannot be written. The message says why and what to do."""


def write(file: Path, key: Key, folder: Path, batch_id: int) -> int:
    """Write the tables of a published file as Delta tables below a folder; returns how many got a new version.

    A table that is no longer published is removed, with its history.
    """
    try:
        import deltalake
    except ImportError:
        raise LakeProblem("Delta tables need the package deltalake. Install it: pip install '.[lake]'.") from None
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    written = 0
    with connect_encrypted(folder / "lake.tmp") as con:
        attach(con, file, "published", key, read_only=True)
        tables = _tables(con)
        for (schema, name), (description, columns) in tables.items():
            target = folder / schema / name
            cast = ", ".join(f'cast("{c}" as {TYPES.get(kind, kind)}) as "{c}"' for c, kind, _ in columns)
            rows = f'(select {cast} from published."{schema}"."{name}")'
            said = json.dumps([fingerprint(con, rows), description, columns])
            content = hashlib.sha256(said.encode()).hexdigest()
            if (
                deltalake.DeltaTable.is_deltatable(str(target))
                and deltalake.DeltaTable(target).history(1)[0].get("content") == content
            ):
                continue
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
            written += 1
            table = deltalake.DeltaTable(target)
            table.vacuum(dry_run=False)
            table.cleanup_metadata()
    for left in folder.glob("*/*"):
        if (left.parent.name, left.name) not in tables:
            shutil.rmtree(left)
    return written


def remove(published: Path) -> None:
    """Remove all lake tables, with their history."""
    shutil.rmtree(published / LAKE, ignore_errors=True)


def _tables(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[str, list[tuple[str, str, str]]]]:
    """Description, and columns with type and description, of each published table."""
    found: dict[tuple[str, str], tuple[str, list[tuple[str, str, str]]]] = {}
    rows = con.execute(
        """
        select tables.schema_name, tables.table_name, coalesce(tables.comment, ''),
            columns.column_name, columns.data_type, coalesce(columns.comment, '')
        from duckdb_tables() as tables
        inner join duckdb_columns() as columns using (database_name, schema_name, table_name)
        where tables.database_name = 'published'
        order by tables.schema_name, tables.table_name, columns.column_index
        """
    ).fetchall()
    for schema, name, description, column, kind, about in rows:
        found.setdefault((schema, name), (description, []))[1].append((column, kind, about))
    return found


def _described(rows: pa.RecordBatchReader, columns: list[tuple[str, str, str]]) -> pa.RecordBatchReader:
    """The same rows with the columns' descriptions, which Delta keeps as comments."""
    about = {name: description for name, _, description in columns}
    fields = [f.with_metadata({"comment": about[f.name]}) if about[f.name] else f for f in rows.schema]
    schema = pa.schema(fields)
    batches = (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in rows)
    return pa.RecordBatchReader.from_batches(schema, batches)

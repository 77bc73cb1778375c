"""Give the encrypted warehouse a new key: a verified copy under the new key takes its place in one step.

A crash at any moment leaves either the old file, which the old key opens, or the new one, which the new key opens; both
keys are kept. Meanwhile no one can write the warehouse, and it must not be open elsewhere at the start.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click
import duckdb
from rich.console import Console

from scripts import access_log
from scripts.encryption import (
    ALIAS,
    KEY,
    EncryptionProblem,
    attach,
    attach_warehouse,
    fingerprints,
    is_encrypted,
    warehouse_path,
)
from scripts.files import flush
from scripts.keys import Key, KeyProblem, new_key, read_key, variable
from scripts.warehouse_file import connect_encrypted, is_in_use

COPY = "rotated"
NEXT = "warehouse-next"


def rotate(path: Path) -> tuple[Key, Key]:
    """Replace the warehouse's key; returns the old one and the new one."""
    if not path.exists():
        raise EncryptionProblem(f"There is no {path}. Load the warehouse first, with `DBT_TARGET=prod make build`.")
    if not is_encrypted(path):
        raise EncryptionProblem(f"{path} is a plain file, which has no key. The target prod makes encrypted ones.")
    copy = path.with_name(path.name + ".rotating")
    # From here on this connection holds the lock of the old file, so no process writes what was copied, and no
    # other rotation is under way.
    with connect_encrypted(path.with_name(path.name + ".tmp")) as con:
        old = attach_warehouse(con, path)
        con.execute(f"checkpoint {ALIAS}")
        _remove(copy)
        try:
            new = _next_key(old)
            _copy(con, copy, old, new)
            for name in (path, copy):
                if Path(f"{name}.wal").exists():
                    raise EncryptionProblem(f"{name} has a write-ahead log after its checkpoint. Nothing was changed.")
            copy.replace(path)
        finally:
            _remove(copy)
        flush(path.parent)
    return old, new


def _copy(con: duckdb.DuckDBPyConnection, copy: Path, old: Key, new: Key) -> None:
    """Write the warehouse to another file under the new key, compare it, note the rotation in it, and open it again."""
    attach(con, copy, COPY, new)
    con.execute(f"copy from database {ALIAS} to {COPY}")
    _verify(con)
    detail: dict[str, object] = {"key": KEY, "old_version": old.version, "new_version": new.version}
    con.execute(f"use {COPY}")
    access_log.append(con, "rotate-key", detail)
    con.execute("use memory")
    con.execute(f"checkpoint {COPY}")
    con.execute(f"detach {COPY}")
    flush(copy)
    with connect_encrypted(copy.with_name(copy.name + ".tmp")) as other:
        attach(other, copy, COPY, new, read_only=True)


def _next_key(old: Key) -> Key:
    """A new key; where keys come from the environment, the one that was put beside it."""
    if not os.environ.get(variable(KEY)):
        return new_key(KEY)
    new = read_key(NEXT)
    if new.version == old.version or new.secret == old.secret:
        raise KeyProblem(f"{variable(NEXT)} holds the key that the warehouse has already. Put a new one there.")
    return Key(KEY, new.version, new.secret)


def _verify(con: duckdb.DuckDBPyConnection) -> None:
    """Compare the copy with the warehouse: every table's rows by value, and what else a catalog holds."""
    tables = [fingerprints(con, catalog) for catalog in (ALIAS, COPY)]
    others = [
        con.execute(
            """
            select 'view', schema_name, view_name from duckdb_views() where database_name = $catalog and not internal
            union all
            select function_type, schema_name, function_name from duckdb_functions()
            where database_name = $catalog and not internal
            union all
            select 'index', schema_name, index_name from duckdb_indexes() where database_name = $catalog
            union all
            select 'sequence', schema_name, sequence_name from duckdb_sequences() where database_name = $catalog
            union all
            select 'comment', schema_name || '.' || table_name, column_name from duckdb_columns()
            where database_name = $catalog and comment is not null
            order by all
            """,
            {"catalog": catalog},
        ).fetchall()
        for catalog in (ALIAS, COPY)
    ]
    differing = sorted(t for t in tables[0].keys() | tables[1].keys() if tables[0].get(t) != tables[1].get(t))
    if differing or others[0] != others[1]:
        what = ", ".join(differing[:5]) or "views or macros"
        raise EncryptionProblem(f"The copy differs from the warehouse in {what}. The warehouse was left as it is.")


def _remove(copy: Path) -> None:
    """Remove what a rotation that was interrupted left behind."""
    for name in (copy, Path(f"{copy}.wal")):
        name.unlink(missing_ok=True)


@click.command(help=__doc__)
def main() -> None:
    """Rotate, then say what became of the old key."""
    path = warehouse_path()
    try:
        with Console(stderr=True).status("Copying the warehouse under a new key"):
            old, new = rotate(path)
    except duckdb.IOException as error:
        if not is_in_use(error):
            raise
        sys.exit(f"{path} is open in another process. Wait until it ends, or close it, then run again.")
    click.echo(f"{path} is encrypted with version {new.version} of the key {KEY}; the old file is gone.")
    if os.environ.get(variable(KEY)):
        click.echo(f"Put the value of {variable(NEXT)} into {variable(KEY)} now.")
    click.echo(
        f"Version {old.version} opens backups made until now, and is kept for them. Once there are none, destroy it; "
        "until then, whoever has it and a backup has the data."
    )


if __name__ == "__main__":
    main()

"""Search a warehouse, published files or a folder for values that must not be there.

Planted persons have unique values. Wherever such a value turns up, something let it through, whatever the
proof says.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from scripts.sql import identifier

PIECE = 1 << 20


@dataclass(frozen=True, order=True)
class Hit:
    """A value that was found: in which file, and in which column or at which byte. The value itself is not shown."""

    file: str
    place: str
    number: int


def find_in_database(
    con: duckdb.DuckDBPyConnection,
    database: str,
    values: Iterable[str],
    wanted: Callable[[str, str, str], bool] = lambda schema, table, column: True,
) -> list[Hit]:
    """Columns of an attached database that hold one of the values, in any letter case; views are read too.

    `wanted(schema, table, column)` leaves columns out. `number` is the value's place among those sought, from 1.
    """
    sought = [value.lower() for value in values]
    columns = con.execute(
        """
        select schema_name, table_name, column_name
        from duckdb_columns()
        where database_name = $1 and not internal
        order by all
        """,
        [database],
    ).fetchall()
    tables: dict[tuple[str, str], list[str]] = {}
    for schema, table, column in columns:
        if wanted(schema, table, column):
            tables.setdefault((schema, table), []).append(column)
    any_of_them = "|".join(re.escape(value) for value in sought)
    hits = []
    for (schema, table), names in tables.items():
        relation = identifier(database, schema, table)
        # Lists and structs become text with all they hold. Most columns hold none of the values, which one scan shows.
        texts = [f"lower(cast({identifier(name)} as varchar))" for name in names]
        looks = ", ".join(f"coalesce(bool_or(regexp_matches({text}, $1)), false)" for text in texts)
        has_any = con.execute(f"select {looks} from {relation}", [any_of_them]).fetchall()[0]
        for name, text, has in zip(names, texts, has_any, strict=True):
            if not has:
                continue
            contained = ", ".join(f"bool_or(contains({text}, ${n}))" for n in range(1, len(sought) + 1))
            found = con.execute(f"select {contained} from {relation}", sought).fetchall()[0]
            hits += [
                Hit(database, f"{schema}.{table}.{name}", n) for n, is_there in enumerate(found, start=1) if is_there
            ]
    return hits


def find_values(place: Path, values: Iterable[str]) -> list[Hit]:
    """Where any of the values is: in each column of DuckDB and Parquet files, in the bytes of any other file.

    DuckDB files must be readable without a key; attach encrypted ones and call `find_in_database`.
    """
    sought = list(values)
    hits: list[Hit] = []
    files = sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]
    for path in files:
        if path.suffix == ".duckdb":
            with duckdb.connect() as con:
                con.execute(f"attach {_literal(path)} as searched (read_only)")
                found = find_in_database(con, "searched", sought)
        elif path.suffix == ".parquet":
            with duckdb.connect() as con:
                con.execute(f"create view searched as from read_parquet({_literal(path)})")
                found = find_in_database(con, "memory", sought)
        else:
            found = find_in_bytes(path, sought)
        hits += [Hit(os.fspath(path), hit.place, hit.number) for hit in found]
    return hits


def find_in_bytes(path: Path, values: Iterable[str]) -> list[Hit]:
    """Where a file's bytes hold one of the values as UTF-8, as it is; the first place of each."""
    sought = [value.encode() for value in values]
    longest = max((len(value) for value in sought), default=1)
    first: dict[int, int] = {}
    with open(path, "rb") as stream:
        start, kept = 0, b""
        while piece := stream.read(PIECE):
            text = kept + piece
            for number, value in enumerate(sought, start=1):
                if number not in first and (at := text.find(value)) >= 0:
                    first[number] = start - len(kept) + at
            start += len(piece)
            kept = text[-(longest - 1) :] if longest > 1 else b""
    return [Hit(os.fspath(path), f"byte {at}", number) for number, at in sorted(first.items())]


def _literal(path: Path) -> str:
    return "'" + os.fspath(path).replace("'", "''") + "'"

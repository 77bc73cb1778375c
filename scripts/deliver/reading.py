"""Read a delivery's rows as text, from text files, JSON, Parquet, Excel, or a table of a database.

python-calamine reads Excel: it knows all of its formats and takes a fraction of openpyxl's time. The standard library
reads SQLite, DuckDB reads Parquet, JSON and its own files, and psycopg reads PostgreSQL, from the server in PGHOST and
the like. Rows of a table are sorted by all columns, so that the same rows give the same file.
"""

from __future__ import annotations

import csv
import re
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from scripts.deliver.origin import Origin, TextFormat
from scripts.landing.contents import unreadable
from scripts.landing.errors import LandingError
from scripts.sql import identifier, literal

Row = list[str]
BATCH = 10_000
# DuckDB's nested types, which are written as JSON.
NESTED = re.compile(r"^(STRUCT|MAP|UNION)\(|\]$")


def read(origin: Origin, path: Path, text: TextFormat) -> Iterator[Row]:
    """Yield a delivery's column names, unless it is a text without header, and then its rows.

    Blank lines are skipped. Raises a LandingError if the delivery cannot be read.
    """
    try:
        if origin.engine == "text":
            yield from islice(_text(path, text), text.skip, None)
        elif origin.engine == "excel":
            yield from islice(_excel(path, origin.name), text.skip, None)
        elif origin.engine == "sqlite":
            yield from _sqlite(path, origin.name)
        elif origin.engine == "postgresql":
            yield from _postgresql(origin.name)
        else:
            yield from _duckdb(origin, path)
    except OSError as error:
        raise unreadable(path, error) from None


def _text(path: Path, text: TextFormat) -> Iterator[Row]:
    csv.field_size_limit(sys.maxsize)
    # Leave a byte order mark out of the first name.
    encoding = "utf-8-sig" if text.encoding.lower().replace("_", "-") in ("utf-8", "utf8") else text.encoding
    quoting: dict[str, Any] = {"quotechar": text.quote} if text.quote else {"quoting": csv.QUOTE_NONE}
    try:
        stream = open(path, encoding=encoding, newline="")  # noqa: SIM115
    except LookupError:
        raise LandingError(f"{path}: there is no encoding {text.encoding!r}. Correct it in the layout.") from None
    with stream:
        rows = csv.reader(stream, delimiter=text.delimiter, strict=True, **quoting)
        try:
            yield from filter(None, rows)
        except UnicodeError:
            raise LandingError(
                f"{path} is not {text.encoding}: what follows line {rows.line_num} cannot be read. Say in the layout "
                "how it is encoded (encoding: cp1252, say), or have it exported as UTF-8."
            ) from None
        except csv.Error as error:
            raise LandingError(
                f"{path}, line {rows.line_num}: {error}. Have it exported with quotes around and doubled within a "
                'cell; or give the layout quote: "" where its quotes mean nothing.'
            ) from None


def _excel(path: Path, name: str) -> Iterator[Row]:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        if name and name not in book.sheet_names:
            raise LandingError(f"{path} has no sheet {name}. It has {', '.join(book.sheet_names)}.")
        sheet = book.get_sheet_by_name(name or book.sheet_names[0])
        rows = [[_written(_as_shown(cell)) for cell in row] for row in sheet.to_python()]
    except CalamineError as error:
        raise LandingError(f"{path} is not a readable workbook: {error}. Have it saved again.") from None
    yield from filter(any, rows)


def _as_shown(value: Any) -> Any:
    """A workbook's number with Excel's precision of 15 digits: 0.3, not 0.30000000000000004."""
    return float(f"{value:.15g}") if isinstance(value, float) else value


def _written(value: Any) -> str:
    """A value of Excel or SQLite as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        # Workbooks store whole numbers as floats.
        return str(int(value))
    return value.hex() if isinstance(value, bytes) else str(value)


def _sqlite(path: Path, name: str) -> Iterator[Row]:
    table = identifier(name)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as con:
            names = [column[0] for column in con.execute(f"select * from {table} limit 0").description]
            yield names
            for row in con.execute(f"select * from {table} order by {_all(names)}"):
                yield [_written(value) for value in row]
    except sqlite3.Error as error:
        raise LandingError(f"{path}, table {name} cannot be read: {error}. Correct `from`, or the file.") from None


def _postgresql(name: str) -> Iterator[Row]:
    try:
        import psycopg
    except ImportError:
        raise LandingError("A table of PostgreSQL needs the package psycopg: pip install 'psycopg[binary]'.") from None
    table = identifier(*name.split("."))
    try:
        with psycopg.connect(options="-c datestyle=ISO -c timezone=UTC -c default_transaction_read_only=on") as con:
            described = con.execute(f"select * from {table} limit 0".encode()).description
            names = [column.name for column in described or []]
            yield names
            texts = ", ".join(f"{identifier(column)}::text" for column in names)
            with con.cursor("delivery") as cursor:
                cursor.itersize = BATCH
                for row in cursor.execute(f"select {texts} from {table} order by {_all(names)}".encode()):
                    yield [value or "" for value in row]
    except psycopg.Error as error:
        said = str(error).strip().splitlines()[0]
        raise LandingError(
            f"Table {name} of PostgreSQL cannot be read: {said}. Set PGHOST, PGDATABASE, PGUSER and the like, and have "
            "the user granted select on it."
        ) from None


def _duckdb(origin: Origin, path: Path) -> Iterator[Row]:
    if not path.exists():
        raise FileNotFoundError(2, "No such file or directory")
    file = literal(path)
    try:
        with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as con:
            if origin.engine == "json":
                con.execute(f"create view delivery as select json from read_json_objects({file}, format = 'auto')")
                keys = con.execute(
                    "select key from (select unnest(json_keys(json)) as key, generate_subscripts(json_keys(json), 1) "
                    "as place from delivery) group by key order by min(place), key"
                ).fetchall()
                names = [key for (key,) in keys]
                # A JSON pointer can hold any key; a path would need more escapes.
                pointers = [literal("/" + key.replace("~", "~0").replace("/", "~1")) for key in names]
                query = f"select {', '.join(f'json_extract_string(json, {p})' for p in pointers)} from delivery"
            else:
                if origin.engine == "parquet":
                    table, order = f"read_parquet({file})", ""
                else:
                    con.execute(f"attach {file} as delivery (read_only)")
                    table, order = f"delivery.{identifier(*origin.name.split('.'))}", " order by all"
                # Write times with a zone in UTC, wherever this runs.
                con.execute("set timezone = 'UTC'")
                types = dict(row[:2] for row in con.execute(f"describe from {table}").fetchall())
                names = list(types)
                texts = (
                    f"{'to_json' if NESTED.search(kind) else ''}({identifier(name)})::varchar"
                    for name, kind in types.items()
                )
                query = f"select {', '.join(texts)} from {table}{order}"
            yield names
            cursor = con.execute(query) if names else None
            while cursor and (rows := cursor.fetchmany(BATCH)):
                yield from ([value or "" for value in row] for row in rows)
    except duckdb.Error as error:
        said = str(error).splitlines()[0]
        raise LandingError(f"{path} cannot be read: {said} Correct `from`, or have it delivered again.") from None


def _all(names: Sequence[str]) -> str:
    return ", ".join(str(place) for place in range(1, len(names) + 1))

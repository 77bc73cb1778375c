"""Search for what was known of a person: in every column of the warehouse, and in the bytes of every file around it.

A value that is another person's own as well (a common last name) proves nothing, so it isn't searched for: one that
stands in the same column of someone else's row. That it merely stands in another's row, in a description or
as the name of their account, makes it a place where the person is still found. Both are told apart before the person
is erased.
"""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol
from xml.sax.saxutils import escape

import duckdb

from scripts.audiences import published_folder
from scripts.columns import Column
from scripts.data_subjects.ledger import ledger_path
from scripts.data_subjects.persons import DISTINCTIVE, Person, Table, rows_of
from scripts.encryption import is_duckdb, is_encrypted
from scripts.project import PROJECT, target_folder

BLOCK = 1 << 24
# What of the project's own text dbt copies into its manifest, and so into target/.
SOURCES = ("models", "tests", "macros", "seeds", "snapshots", "docs", "README.md", "dbt_project.yml")
COMPILED = (".sql", ".yml", ".md", ".csv")
# Columns that identify a row, beside those whose names end in _id.
KEYS = ("source_name", "file_name", "line_number", "landed_file", "cdc_dsn", "message_date_and_time")


@dataclass(frozen=True)
class Needle:
    """A value to search for, in lower case, what kind of data it is, and where it says nothing: everywhere, since it is
    another person's too; or, since a word of the project is written alike, in what dbt makes of the project's text.
    """

    value: str
    kind: str
    is_shared: bool = False
    is_in_project: bool = False


class Counts(Protocol):
    """Where numbers of places are noted."""

    places_searched: dict[str, int]
    notes: list[str]


def logs_folder() -> Path:
    """Where dbt logs."""
    return PROJECT / os.environ.get("DBT_LOG_PATH", "logs")


def exports_folder() -> Path:
    """Where exports for data subjects lie."""
    return PROJECT / os.environ.get("SUBJECT_EXPORTS", "data/exports")


def reports_folder() -> Path:
    """Where reports about erasures lie."""
    return PROJECT / os.environ.get("ERASURE_REPORTS", "data/erasures")


def shown(path: Path) -> str:
    """A path as a person reads it: below the project, or in full."""
    return path.relative_to(PROJECT).as_posix() if path.is_relative_to(PROJECT) else str(path)


def is_distinctive(value: str) -> bool:
    """Whether a value is long enough to be found in bytes without being met by chance."""
    if any(c.isalpha() for c in value):
        return len(value) >= 4
    return len(value) >= (7 if value.isdigit() else 6)


def needles(con: duckdb.DuckDBPyConnection, tables: list[Table], person: Person) -> list[Needle]:
    """What is known of a person, from the columns that the project classifies as such."""
    kinds: dict[str, str] = {}
    columns: dict[str, set[str]] = {}
    for table in tables:
        mine = rows_of(table, person)
        for name, sql, kind in _distinctive(table) if mine else ():
            for (value,) in person.rows(con, f"select distinct lower({sql}) from {table.relation} where ({mine})"):
                if value and is_distinctive(value) and not value.startswith("erased"):
                    kinds[value] = kind
                    columns.setdefault(name, set()).add(value)
    found = [Needle(v, k) for v, k in sorted(kinds.items())]
    shared = {v for table in tables for v in _others_own(con, table, columns, person)}
    own = set()
    for source in SOURCES:
        path = PROJECT / source
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix in COMPILED:
                own |= {n.value for n in _in_file(file, found)}
    return [replace(n, is_shared=n.value in shared, is_in_project=n.value in own) for n in found]


def _distinctive(table: Table) -> list[tuple[str, str, str]]:
    """What identifies a person, in a table that leads to persons: name, SQL and kind of each column, and the first
    and last name together, which say more than either.
    """
    if not any(c.subject for c in table.columns):
        return []
    personal = [c for c in table.columns if c.is_personal and c.kind in DISTINCTIVE and c.data_type == "VARCHAR"]
    found = [(c.name, f'"{c.name}"', str(c.kind)) for c in personal]
    if {"first_name", "last_name"} <= {c.name for c in personal}:
        found.append(("full_name", "first_name || ' ' || last_name", "name"))
    return found


def _others_own(
    con: duckdb.DuckDBPyConnection, table: Table, columns: dict[str, set[str]], person: Person
) -> Iterator[str]:
    """Values of the person that someone else has in the same column."""
    mine = rows_of(table, person) or "false"
    for name, sql, _ in _distinctive(table):
        if values := columns.get(name):
            theirs = f"select lower({sql}) as value from {table.relation} where not coalesce(({mine}), false)"
            query = f"select distinct value from ({theirs}) where value in (select unnest($values::varchar[]))"
            yield from (v for (v,) in person.run(con, query, values=sorted(values)).fetchall())


def identified(con: duckdb.DuckDBPyConnection, tables: list[Table], person: Person) -> list[str]:
    """Tables that still have rows with an identifier of the person."""
    person = _by_number(person)
    counts = {
        table.full_name: person.rows(con, f"select count(*) from {table.relation} where {mine}")[0][0]
        for table in tables
        if (mine := rows_of(table, person))
    }
    return [f"{table}: {rows} rows with an identifier" for table, rows in counts.items() if rows]


def mentions(
    con: duckdb.DuckDBPyConnection, tables: list[Table], person: Person, sought: Iterable[Needle]
) -> tuple[list[str], set[str]]:
    """Where the person is named in rows that aren't theirs: table, column and key, without what was found. And the
    values that stand in any column, if only as a part of a word: finding those in the file's bytes proves nothing more.
    """
    unique = [n.value for n in sought if not n.is_shared]
    found: list[str] = []
    live: set[str] = set()
    for table in tables:
        hits = _values_in(con, table, unique)
        live.update(*hits.values())
        for column, values in sorted(hits.items()):
            keys = _keys_of(con, table, column, values, set(hits), _by_number(person))
            found += [f"{table.full_name}, column {column}{key}" for key in keys]
    return found, live


def _by_number(person: Person) -> Person:
    """Identifiers that an erasure replaces; trades stay."""
    return Person({k: v for k, v in person.ids.items() if k in ("customer", "account", "prospect", "employee")})


def _values_in(con: duckdb.DuckDBPyConnection, table: Table, values: list[str]) -> dict[str, set[str]]:
    """Columns in whose text values stand, with those values."""
    found: dict[str, set[str]] = {}
    texts = [c.name for c in table.columns if c.data_type.startswith(("VARCHAR", "JSON", "STRUCT", "MAP", "BLOB"))]
    texts += [c.name for c in table.columns if c.data_type.endswith("[]")]
    for name in texts if values else []:
        text = f'lower(cast("{name}" as varchar))'
        rows = con.execute(
            f"""
            with texts as (
                select distinct {text} as text from {table.relation} where regexp_matches({text}, $pattern)
            )
            select distinct value from texts, unnest($values::varchar[]) as sought (value) where contains(text, value)
            """,
            {"pattern": "|".join(map(_literally, values)), "values": values},
        ).fetchall()
        if rows:
            found.setdefault(name, set()).update(v for (v,) in rows)
    return found


def _keys_of(
    con: duckdb.DuckDBPyConnection, table: Table, column: str, values: set[str], holding: set[str], but: Person
) -> list[str]:
    """Keys of others' rows in which a value stands as a word of its own. Columns that hold a value are no keys."""
    edge = r"(^|$|[^\pL\pN])"
    words = [f"{edge if v[0].isalnum() else ''}{_literally(v)}{edge if v[-1].isalnum() else ''}" for v in values]
    keys = [c.name for c in table.columns if c.name not in holding and _is_key(c)]
    listed = ", ".join(f'"{k}"' for k in keys)
    rows = but.run(
        con,
        f"""
        select distinct {listed or "null"} from {table.relation}
        where regexp_matches(lower(cast("{column}" as varchar)), $pattern)
        and not coalesce(({rows_of(table, but) or "false"}), false)
        order by all
        """,
        pattern="|".join(words),
    ).fetchall()
    return ["".join(f", {k} {v}" for k, v in zip(keys, row, strict=bool(keys)) if v is not None) for row in rows]


def _is_key(column: Column) -> bool:
    """Whether a column identifies a row, and says nothing else of the person."""
    is_named_so = column.name.endswith("_id") or column.name in KEYS
    return bool(column.subject or (is_named_so and column.classification and column.kind in (None, "identifier")))


def _literally(value: str) -> str:
    """A value as a pattern of DuckDB that matches it and nothing else."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", value)


def search_places(
    landing: Path, warehouse: Path, sought: Iterable[Needle], live: set[str], counts: Counts
) -> list[str]:
    """Files in which the person is still found, by their bytes, and the lines. `live` are values that stand in the
    warehouse's columns, where they have been looked at already.
    """
    unique = [n for n in sought if not n.is_shared]
    outside = [n for n in unique if not n.is_in_project]
    in_bytes = [n for n in outside if n.value not in live]
    if len(in_bytes) < len(unique):
        counts.notes.append(
            f"{len(unique) - len(in_bytes)} values are also words of others' data or of the project, so they were "
            "searched for in columns and landed files only."
        )
    places = {
        "the landing area": (landing, unique),
        "the warehouse's bytes": (warehouse, in_bytes),
        "its write-ahead log": (warehouse.with_name(warehouse.name + ".wal"), in_bytes),
        "what dbt compiled": (target_folder(), outside),
        "dbt's logs": (logs_folder(), outside),
        "exports": (exports_folder(), outside),
        "published files": (published_folder(), outside),
        "reports of erasures": (reports_folder(), outside),
        "the ledger": (ledger_path(), outside),
    }
    found = []
    for place, (path, values) in places.items():
        if path == warehouse and is_encrypted(path):
            counts.notes.append("The warehouse is encrypted, so its bytes can't be searched; its columns were.")
            continue
        files = [path] if path.is_file() else list(_files(path))
        counts.places_searched[place] = len(files)
        found += [f"{place}: {at}" for file in files for at in _places_in(file, values, path == landing)]
    return found


def landed(landing: Path, sought: Iterable[Needle]) -> list[str]:
    """Files and lines of the landing area that name the person."""
    unique = [n for n in sought if not n.is_shared]
    return [at for file in _files(landing) for at in _places_in(file, unique, is_landed=True)]


def _places_in(file: Path, sought: list[Needle], is_landed: bool) -> list[str]:
    """A file's lines that hold a value. Landed ones are read by words; one that is no text can't be ruled out."""
    if not is_text(file):
        if is_landed:
            return [f"{shown(file)} is no text, so it can't be searched"]
        return [shown(file)] if _in_file(file, sought) else []
    lines = {line for hits in _in_file(file, sought, is_landed).values() for line in hits}
    return [f"{shown(file)}, line {line}" for line in sorted(lines)]


def files_with(folder: Path, sought: Iterable[Needle]) -> list[Path]:
    """Files of a folder that hold a value no one else has."""
    unique = [n for n in sought if not n.is_shared and not n.is_in_project]
    return [file for file in _files(folder) if _in_file(file, unique)]


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (p for p in sorted(folder.rglob("*")) if p.is_file())


def is_text(path: Path) -> bool:
    """Whether a file begins as text in UTF-8 does, which a compressed file and one of another encoding don't."""
    with open(path, "rb") as stream:
        begin = stream.read(1 << 16)
    try:
        codecs.getincrementaldecoder("utf-8")().decode(begin)
    except UnicodeDecodeError:
        return False
    return b"\0" not in begin


def _spellings(value: str) -> set[bytes]:
    """The ways in which a value may be written in a file, in lower case."""
    texts = {value, value.upper(), value.title()}
    texts |= {escape(t, {"'": "&apos;", '"': "&quot;"}) for t in texts} | {t.replace('"', '""') for t in texts}
    texts |= {json.dumps(t)[1:-1] for t in texts}
    return {t.encode().lower() for t in texts}


def is_named_in(text: bytes, sought: Iterable[Needle]) -> bool:
    """Whether a value that no one else has stands in a text, as a word of its own."""
    text = text.lower()
    return any(
        _is_word(text, match.start(), match.end())
        for needle in sought
        if not needle.is_shared
        for spelled in _spellings(needle.value)
        for match in re.finditer(re.escape(spelled), text)
    )


def _is_word(text: bytes, begin: int, end: int) -> bool:
    """Whether what stands between two places isn't a part of a longer word or number."""
    around = [
        text[max(begin - 4, 0) : begin].decode(errors="ignore")[-1:],
        text[end : end + 4].decode(errors="ignore")[:1],
    ]
    inside = text[begin:end].decode(errors="ignore")
    return not any(a.isalnum() and b.isalnum() for a, b in zip(around, (inside[:1], inside[-1:]), strict=True))


def _in_file(path: Path, sought: list[Needle], as_words: bool = False) -> dict[Needle, set[int]]:
    """Which values a file's bytes hold, whatever their letter case, and in which lines."""
    if not sought or (path.suffix == ".duckdb" and is_duckdb(path) and is_encrypted(path)):
        return {}
    spelled = [(n, s) for n in sought for s in _spellings(n.value)]
    kept = max(len(s) for _, s in spelled) + 8
    found: dict[Needle, set[int]] = {}
    text, line, is_first = b"", 1, True
    with open(path, "rb") as stream:
        while True:
            block = stream.read(BLOCK)
            text += block.lower()
            for needle, spelling in spelled:
                at = text.find(spelling)
                while at >= 0:
                    end = at + len(spelling)
                    # One that touches the edge is seen whole with the block before or after.
                    is_whole = (at >= 4 or is_first) and (end + 4 <= len(text) or not block)
                    if is_whole and (not as_words or _is_word(text, at, end)):
                        found.setdefault(needle, set()).add(line + text.count(b"\n", 0, at))
                    at = text.find(spelling, end)
            if not block:
                return found
            cut = max(len(text) - kept, 0)
            line, text, is_first = line + text.count(b"\n", 0, cut), text[cut:], is_first and not cut

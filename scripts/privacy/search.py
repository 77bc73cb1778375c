"""Search for what was known of a person: in every column of the warehouse, and in the bytes of every file around it.

A value that others have too (a common last name, a broker's name) proves nothing, so it isn't searched for. Whether
others have it is found out before the person is erased, in the same places.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol
from xml.sax.saxutils import escape

import duckdb

from scripts.encryption import is_duckdb, is_encrypted
from scripts.keys import PROJECT
from scripts.privacy.ledger import ledger_path
from scripts.privacy.subjects import DISTINCTIVE, Person, Table, rows_of

BLOCK = 1 << 24
# What of the project's own text dbt copies into its manifest, and so into target/.
SOURCES = ("models", "tests", "macros", "seeds", "snapshots", "docs", "README.md", "dbt_project.yml")
COMPILED = (".sql", ".yml", ".md", ".csv")


@dataclass(frozen=True)
class Needle:
    """A value to search for, in lower case, and what kind of data it is."""

    value: str
    kind: str
    is_shared: bool = False


class Counts(Protocol):
    """Where numbers of places are noted."""

    places_searched: dict[str, int]
    notes: list[str]


def target_folder() -> Path:
    """Where dbt writes what it has compiled and run."""
    return PROJECT / os.environ.get("DBT_TARGET_PATH", "target")


def logs_folder() -> Path:
    """Where dbt logs."""
    return PROJECT / os.environ.get("DBT_LOG_PATH", "logs")


def exports_folder() -> Path:
    """Where exports for data subjects lie."""
    return PROJECT / os.environ.get("SUBJECT_EXPORTS", "data/exports")


def published_folder() -> Path:
    """Where published files lie."""
    return PROJECT / os.environ.get("PUBLISH_DIR", "data/published")


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
    for table in tables:
        mine = rows_of(table, person)
        for column in table.columns:
            if not mine or not column.is_personal or column.kind not in DISTINCTIVE or column.data_type != "VARCHAR":
                continue
            rows = person.rows(con, f'select distinct lower("{column.name}") from {table.relation} where ({mine})')
            kinds.update(
                (v, str(column.kind)) for (v,) in rows if v and is_distinctive(v) and not v.startswith("erased")
            )
    found = [Needle(v, k) for v, k in sorted(kinds.items())]
    shared = {v for table in tables for v in _values_in(con, table, found, person)}
    for name in SOURCES:
        path = PROJECT / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and file.suffix in COMPILED:
                shared |= {n.value for n in _in_file(file, found)}
    return [replace(n, is_shared=n.value in shared) for n in found]


def _values_in(
    con: duckdb.DuckDBPyConnection, table: Table, sought: list[Needle], but: Person | None = None
) -> dict[str, set[str]]:
    """Values that occur in a table's text, with the columns they occur in; the rows of one person can be left out."""
    found: dict[str, set[str]] = {}
    values = [n.value for n in sought]
    pattern = "|".join(re.sub(r"([^\w\s]|_)", r"\\\1", v) for v in values)
    person = but or Person()
    mine = rows_of(table, person) or "false"
    texts = [c.name for c in table.columns if c.data_type.startswith(("VARCHAR", "JSON", "STRUCT", "MAP", "BLOB"))]
    texts += [c.name for c in table.columns if c.data_type.endswith("[]")]
    for name in texts if values else []:
        rows = person.run(
            con,
            f"""
            with texts as (
                select distinct lower(cast("{name}" as varchar)) as text
                from {table.relation}
                where not coalesce(({mine}), false) and regexp_matches(lower(cast("{name}" as varchar)), $pattern)
            )
            select distinct value from texts, unnest($values::varchar[]) as sought (value) where contains(text, value)
            """,
            pattern=pattern,
            values=values,
        ).fetchall()
        for (value,) in rows:
            found.setdefault(value, set()).add(name)
    return found


def search_tables(
    con: duckdb.DuckDBPyConnection, tables: list[Table], person: Person, sought: Iterable[Needle], counts: Counts
) -> list[str]:
    """Tables and columns in which the person is still found, without saying what was found."""
    unique = [n for n in sought if not n.is_shared]
    identifiers = Person({k: v for k, v in person.ids.items() if k in ("customer", "account", "prospect")})
    found = []
    columns = 0
    for table in tables:
        columns += len(table.columns)
        if mine := rows_of(table, identifiers):
            rows = identifiers.rows(con, f"select count(*) from {table.relation} where {mine}")[0][0]
            if rows:
                found.append(f"{table.full_name}: {rows} rows with an identifier")
        hits = {column for names in _values_in(con, table, unique).values() for column in names}
        found += [f"{table.full_name}, column {column}: a value" for column in sorted(hits)]
    counts.places_searched["columns of the warehouse"] = columns
    return found


def search_places(landing: Path, warehouse: Path, sought: Iterable[Needle], counts: Counts) -> list[str]:
    """Files in which the person is still found, by their bytes."""
    unique = [n for n in sought if not n.is_shared]
    places = {
        "the landing area": landing,
        "the warehouse's bytes": warehouse,
        "its write-ahead log": warehouse.with_name(warehouse.name + ".wal"),
        "what dbt compiled": target_folder(),
        "dbt's logs": logs_folder(),
        "exports": exports_folder(),
        "published files": published_folder(),
        "reports of erasures": reports_folder(),
        "the ledger": ledger_path(),
    }
    found = []
    for place, path in places.items():
        if path == warehouse and is_encrypted(path):
            counts.notes.append("The warehouse is encrypted, so its bytes can't be searched; its columns were.")
            continue
        files = [path] if path.is_file() else list(_files(path))
        counts.places_searched[place] = len(files)
        found += [f"{place}: {shown(file)}" for file in files if _in_file(file, unique)]
    return found


def files_with(folder: Path, sought: Iterable[Needle]) -> list[Path]:
    """Files of a folder that hold a value nobody else has."""
    unique = [n for n in sought if not n.is_shared]
    return [file for file in _files(folder) if _in_file(file, unique)]


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (p for p in sorted(folder.rglob("*")) if p.is_file())


def _spellings(value: str) -> set[bytes]:
    """The ways in which a value may be written in a file, in lower case."""
    texts = {value, value.upper(), value.title()}
    texts |= {escape(t, {"'": "&apos;", '"': "&quot;"}) for t in texts} | {t.replace('"', '""') for t in texts}
    texts |= {json.dumps(t)[1:-1] for t in texts}
    return {t.encode().lower() for t in texts}


def _in_file(path: Path, sought: list[Needle]) -> list[Needle]:
    """Which values a file's bytes hold, whatever their letter case."""
    if not sought or (path.suffix == ".duckdb" and is_duckdb(path) and is_encrypted(path)):
        return []
    spelled = [(n, _spellings(n.value)) for n in sought]
    longest = max(len(s) for _, all_of_it in spelled for s in all_of_it)
    found: dict[str, Needle] = {}
    with open(path, "rb") as stream:
        rest = b""
        while block := stream.read(BLOCK):
            text = rest + block.lower()
            for needle, all_of_it in spelled:
                if needle.value not in found and any(s in text for s in all_of_it):
                    found[needle.value] = needle
            rest = text[-longest:]
    return list(found.values())

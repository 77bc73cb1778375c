"""What two warehouses hold, and what of it counts: relations with columns and definitions, by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from scripts.sql import identifier, read_query
from scripts.warehouse_file import attach_any, connect_encrypted

SIDES = ("base", "head")
LOAD_TIMES = {"loaded_at", "rejected_at", "message_date_and_time"}
SNAPSHOT_TIMES = {"dbt_valid_from", "dbt_valid_to", "dbt_updated_at", "dbt_scd_id"}
NOT_COUNTED = LOAD_TIMES | SNAPSHOT_TIMES
# Tables about what was done with a warehouse, not what was loaded into it: no two of them agree, and none should.
#   operations.access_log: who published, exported, erased or changed keys, and when;
#   the run history and what is counted from it: every run adds to it.
HISTORY_TABLES = {
    f"operations.{name}"
    for name in ("access_log", "runs", "run_results", "failing_rows", "quality_scorecard", "quality_scorecard_history")
}
# Rows that tests found wanting are kept there, of the warehouses that were tested.
FAILURES = "quality_failures"
_LITERAL = re.compile(r"'(?:[^']|'')*'")


@dataclass(frozen=True)
class ColumnType:
    """What a table says of a column. A type that lists values, as an enum does, is shown without them."""

    type: str
    is_nullable: bool

    @property
    def shown_type(self) -> str:
        """The type in lower case; values in it may be personal."""
        return _LITERAL.sub("…", self.type).lower()


@dataclass
class Relation:
    """A table, or a view with the SQL that makes it."""

    definition: str = ""
    columns: dict[str, ColumnType] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Table or view."""
        return "view" if self.definition else "table"


@contextmanager
def both(base: Path, head: Path, spill: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that reads two warehouses, plain or encrypted, as the catalogs `base` and `head`."""
    with connect_encrypted(spill or Path(f"{base}.tmp")) as con:
        for side, path in zip(SIDES, (base, head), strict=True):
            attach_any(con, path, side)
        con.execute("set preserve_insertion_order = false")
        yield con


def relations(con: duckdb.DuckDBPyConnection, side: str) -> dict[str, Relation]:
    """All tables and views of a warehouse as `schema.name`."""
    rows = con.execute(read_query(__file__, "relations"), {"side": side}).fetchall()
    return {
        name: Relation(definition, {column: ColumnType(type_, is_nullable) for column, type_, is_nullable in columns})
        for name, definition, columns in rows
    }


def macros(con: duckdb.DuckDBPyConnection, side: str) -> dict[str, str]:
    """Macros that the warehouse's views may call, with what they are defined as."""
    rows = con.execute(
        "select function_name, string_agg(parameters::varchar || macro_definition, ';' order by parameters) "
        "from duckdb_functions() where database_name = ? and not internal and macro_definition is not null group by 1",
        [side],
    ).fetchall()
    return dict(rows)


def place(side: str, table: str) -> str:
    """A table of one of the warehouses as SQL names it."""
    return ".".join(identifier(part) for part in (side, *table.split(".", 1)))

"""Two warehouses are equal only when every table holds the same rows, load timestamps aside."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from scripts.compare_warehouses import differences


def make(path: Path, *statements: str) -> Path:
    """A small database with a table of three rows, changed by the statements."""
    with duckdb.connect(str(path)) as con:
        con.execute("create schema core")
        con.execute("create table core.things as select i as id, i % 2 as kind, now() as loaded_at from range(3) t(i)")
        for statement in statements:
            con.execute(statement)
    return path


def test_load_timestamps_do_not_count(tmp_path: Path) -> None:
    """Two builds of the same files differ in when they ran, and are equal."""
    right = make(tmp_path / "r.duckdb", "update core.things set loaded_at = now() - interval 1 day")
    found = differences(make(tmp_path / "l.duckdb"), right)
    assert [(d.table, d.only_left, d.only_right) for d in found] == [("core.things", 0, 0)]


@pytest.mark.parametrize(
    ("change", "only_left", "only_right"),
    [
        ("update core.things set kind = 7 where id = 1", 1, 1),
        ("delete from core.things where id = 1", 1, 0),
        ("insert into core.things from core.things where id = 1", 0, 1),
        ("update core.things set kind = null where id = 1", 1, 1),
        ("alter table core.things rename kind to sort", -1, -1),
        ("drop table core.things", -1, -1),
    ],
)
def test_a_difference_is_found(tmp_path: Path, change: str, only_left: int, only_right: int) -> None:
    """A changed value, a missing row, a row too many, another column or a missing table is told."""
    (found,) = differences(make(tmp_path / "l.duckdb"), make(tmp_path / "r.duckdb", change))
    assert (found.only_left, found.only_right) == (only_left, only_right)
    assert found.example

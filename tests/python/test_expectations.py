"""Expectations of the sample notice a row more, a value changed and a table gone, and nothing that no one meant."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from scripts import expectations
from scripts.expectations import as_text, counts, differences, read

TABLES = """
create schema core;
create schema operations;
create table core.facts as
    select n as id, n % 3 + 1 as batch_id, n / 7 as amount, 'a' || n as name, timestamp '2026-01-01' as loaded_at
    from range(60) as t(n);
create table core.days as select date '2026-01-01' + cast(n as integer) as day from range(9) as t(n);
create table operations.runs as select 1 as run_id;
create view core.seen as select * from core.facts;
"""


def warehouse(path: Path, *changes: str) -> Path:
    with duckdb.connect(str(path)) as con:
        con.execute(TABLES)
        for change in changes:
            con.execute(change)
    return path


def test_tables_count_and_not_what_was_done_with_them(tmp_path: Path) -> None:
    found = counts(warehouse(tmp_path / "w.duckdb"))
    assert {key: rows for key, (rows, _) in found.items()} == {
        ("core.days", ""): "9",
        ("core.facts", "1"): "20",
        ("core.facts", "2"): "20",
        ("core.facts", "3"): "20",
    }


@pytest.mark.parametrize(
    "change",
    [
        "update core.facts set loaded_at = now()",
        "create or replace table core.facts as from core.facts order by id desc",
        "update core.facts set amount = amount * (1 + 1e-13)",
        "insert into operations.runs values (2)",
    ],
)
def test_what_no_one_meant_does_not_count(tmp_path: Path, change: str) -> None:
    """Times, the order of rows, the last digits of a sum, another run."""
    assert counts(warehouse(tmp_path / "one.duckdb")) == counts(warehouse(tmp_path / "two.duckdb", change))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("insert into core.facts values (99, 2, 1, 'b', now())", ["core.facts, batch 2: 20 rows became 21"]),
        ("update core.facts set name = null where id = 3", ["core.facts, batch 1: values changed"]),
        ("update core.facts set amount = amount + 0.01 where id = 4", ["core.facts, batch 2: values changed"]),
        ("alter table core.days rename to weeks", ["core.days: none of the 9 rows", "core.weeks: 9 rows that nothing"]),
        ("alter table core.days add column is_holiday boolean", ["core.days: values changed"]),
        ("update core.facts set batch_id = 4 where id = 0", ["batch 1: 20 rows became 19", "batch 4: 1 rows that"]),
    ],
)
def test_a_change_is_named_with_table_and_batch(tmp_path: Path, change: str, said: list[str]) -> None:
    found = differences(counts(warehouse(tmp_path / "one.duckdb")), counts(warehouse(tmp_path / "two.duckdb", change)))
    assert len(found) == len(said) and all(part in line for part, line in zip(said, found, strict=True)), found


def test_what_is_written_is_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = warehouse(tmp_path / "w.duckdb")
    monkeypatch.setattr(expectations, "EXPECTED", tmp_path / "sample.csv")
    monkeypatch.setenv("WAREHOUSE_PATH", str(path))
    monkeypatch.setenv("ASKED_RENEW", "1")
    assert CliRunner().invoke(expectations.main).exit_code == 0
    assert read() == counts(path) and as_text(read()) == (tmp_path / "sample.csv").read_text(encoding="utf-8")
    monkeypatch.delenv("ASKED_RENEW")
    assert CliRunner().invoke(expectations.main).output == "All 4 expectations of the sample hold.\n"
    with duckdb.connect(str(path)) as con:
        con.execute("delete from core.days")
    ran = CliRunner().invoke(expectations.main)
    assert ran.exit_code == 1 and "core.days: 9 rows became 0" in ran.output and "RENEW=1" in ran.output

"""Published tables as Delta tables: the same rows, a version where something changed, nothing left when removed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import deltalake
import duckdb
import pyarrow as pa
import pytest
import yaml

from scripts import lake
from scripts.audiences import POLICY, PolicyProblem, load_policy
from scripts.encryption import attach
from scripts.keys import Key
from scripts.warehouse_file import connect_encrypted

KEY = Key("audience-analyst", 1, b"k" * 32)
TRADES = """
    create or replace table published.marts.trades as
        select 1 as trade_id, date '2020-02-29' as day, 12.50::decimal(15, 2) as price, time '09:30' as at,
            1e20::hugeint as shares, timestamp '2020-02-29 09:30:00' as changed_at, 'é' as name
        union all select 2, null, null, null, null, null, null;
    comment on table published.marts.trades is 'What was traded';
    comment on column published.marts.trades.price is 'For one share'
"""
DAYS = "create or replace table published.marts.days as select date '2020-01-01' as day"


def published(folder: Path, *statements: str) -> Path:
    """A published file that holds what the statements make."""
    file = folder / "analyst.duckdb"
    with connect_encrypted(folder / "make.tmp") as con:
        attach(con, file, "published", KEY)
        con.execute("create schema if not exists published.marts")
        for statement in statements:
            con.execute(statement)
    return file


def rows(folder: Path, version: int | None = None) -> list[tuple[object, ...]]:
    """Rows of a Delta table, by their first column."""
    table = deltalake.DeltaTable(folder, version=version)
    return duckdb.from_arrow(table.to_pyarrow_table()).order("1").fetchall()


def test_rows_types_and_descriptions_arrive(tmp_path: Path) -> None:
    lake.write(published(tmp_path, TRADES), KEY, tmp_path / "lake", 3)
    folder = tmp_path / "lake/marts/trades"
    [first, second] = rows(folder)
    assert first[:5] == (1, date(2020, 2, 29), Decimal("12.50"), "09:30:00", Decimal(10**20))
    assert second[1:] == (None,) * 6
    table = deltalake.DeltaTable(folder)
    assert table.metadata().description == "What was traded"
    assert {f.name: f.metadata.get("comment") for f in table.schema().fields}["price"] == "For one share"
    assert table.history(1)[0]["batch_id"] == "3"
    assert (tmp_path / "lake").stat().st_mode & 0o077 == 0


def test_only_what_changed_gets_a_version(tmp_path: Path) -> None:
    folder = tmp_path / "lake"
    file = published(tmp_path, TRADES, DAYS)
    assert lake.write(file, KEY, folder, 1) == 2
    assert lake.write(file, KEY, folder, 2) == 0
    published(tmp_path, "insert into published.marts.days values ('2020-01-02')")
    assert lake.write(file, KEY, folder, 3) == 1
    assert len(rows(folder / "marts/days")) == 2
    assert len(rows(folder / "marts/days", 0)) == 1
    published(tmp_path, "comment on column published.marts.days.day is 'A day'")
    assert lake.write(file, KEY, folder, 3) == 1
    published(tmp_path, "alter table published.marts.days add column month int")
    assert lake.write(file, KEY, folder, 4) == 1
    published(tmp_path, "drop table published.marts.trades")
    assert lake.write(file, KEY, folder, 4) == 0
    assert [p.name for p in (folder / "marts").iterdir()] == ["days"]


def test_an_interrupted_write_leaves_the_last_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "lake"
    file = published(tmp_path, DAYS)
    lake.write(file, KEY, folder, 1)
    published(tmp_path, "insert into published.marts.days values ('2020-01-02')")

    def broken(given: pa.RecordBatchReader, columns: object) -> pa.RecordBatchReader:
        def batches() -> Iterator[pa.RecordBatch]:
            yield from given
            raise OSError("killed")

        return pa.RecordBatchReader.from_batches(given.schema, batches())

    with monkeypatch.context() as patch, pytest.raises(Exception, match="killed"):
        patch.setattr(lake, "_described", broken)
        lake.write(file, KEY, folder, 2)
    assert len(rows(folder / "marts/days")) == 1
    assert lake.write(file, KEY, folder, 2) == 1
    assert len(rows(folder / "marts/days")) == 2


def test_nothing_is_left_of_a_lake_that_is_removed(tmp_path: Path) -> None:
    lake.write(published(tmp_path, DAYS), KEY, tmp_path / lake.LAKE / "analyst", 1)
    lake.remove(tmp_path)
    assert not (tmp_path / lake.LAKE).exists()


@pytest.mark.parametrize(
    ("who", "kind", "message"),
    [
        ("analyst", "iceberg", "the lake of analyst can be delta, or be left out"),
        ("compliance", "delta", "compliance has personal data, and files of a lake are not encrypted"),
    ],
)
def test_who_may_not_have_a_lake_is_refused(tmp_path: Path, who: str, kind: str, message: str) -> None:
    policy = yaml.safe_load(POLICY.read_text(encoding="utf-8"))
    policy["audiences"][who]["lake"] = kind
    changed = tmp_path / "audiences.yml"
    changed.write_text(yaml.safe_dump(policy), encoding="utf-8")
    with pytest.raises(PolicyProblem, match=re.escape(message)):
        load_policy(changed)

"""Published tables as a lake: the same rows, a version where something changed, nothing left when removed."""

from __future__ import annotations

import re
from datetime import date, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import deltalake
import duckdb
import pytest
import yaml

from scripts import lake
from scripts.audiences import POLICY, PolicyProblem, load_policy
from scripts.encryption import attach, fingerprint, load_extension
from scripts.keys import Key
from scripts.project import PROJECT
from scripts.warehouse_file import connect_encrypted

pytestmark = pytest.mark.slow

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
EACH_KIND = pytest.mark.parametrize("kind", lake.KINDS)


def published(folder: Path, *statements: str) -> Path:
    """A published file that holds what the statements make."""
    file = folder / "analyst.duckdb"
    with connect_encrypted(folder / "make.tmp") as con:
        attach(con, file, "published", KEY)
        con.execute("create schema if not exists published.marts")
        for statement in statements:
            con.execute(statement)
    return file


def rows(kind: str, folder: Path, table: str, version: int | None = None) -> list[tuple[Any, ...]]:
    """Rows of a lake's table by their first column, now or in a version: Delta counts a table's, from 0, and a DuckLake
    those of all tables, from 1.
    """
    if kind == "delta":
        held = deltalake.DeltaTable(folder / "marts" / table, version=version)
        return duckdb.from_arrow(held.to_pyarrow_table()).order("1").fetchall()
    at = "" if version is None else f" at (version => {version + 1})"
    return ask(folder, f"from lake.marts.{table}{at} order by 1")


def ask(folder: Path, query: str, key: Key = KEY) -> list[tuple[Any, ...]]:
    """Rows of a query of a DuckLake."""
    with connect_encrypted(folder / "ask.tmp") as con:
        lake.attach_lake(con, folder / lake.CATALOG, key, read_only=True)
        return con.execute(query).fetchall()


def versions(kind: str, folder: Path) -> int:
    """How many versions there are of the table `days`, or of a DuckLake."""
    if kind == "delta":
        return len(deltalake.DeltaTable(folder / "marts" / "days").history())
    return len(ask(folder, "from ducklake_snapshots('lake')"))


@EACH_KIND
def test_rows_types_and_descriptions_arrive(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "lake"
    lake.write(kind, published(tmp_path, TRADES), KEY, folder, 3)
    [first, second] = rows(kind, folder, "trades")
    at = "09:30:00" if kind == "delta" else time(9, 30)
    assert first[:5] == (1, date(2020, 2, 29), Decimal("12.50"), at, 10**20)
    assert second[1:] == (None,) * 6
    if kind == "delta":
        table = deltalake.DeltaTable(folder / "marts" / "trades")
        description, batch = table.metadata().description, table.history(1)[0]["batch_id"]
        about = {f.name: f.metadata.get("comment") for f in table.schema().fields}["price"]
    else:
        [(description,)] = ask(folder, "select comment from duckdb_tables() where table_name = 'trades'")
        [(about,)] = ask(folder, "select comment from duckdb_columns() where column_name = 'price'")
        [(batch,)] = ask(folder, "select commit_message[7:] from ducklake_snapshots('lake') where commit_message <> ''")
    assert (description, about, batch) == ("What was traded", "For one share", "3")
    assert folder.stat().st_mode & 0o077 == 0


@EACH_KIND
def test_only_what_changed_gets_a_version(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "lake"
    file = published(tmp_path, TRADES, DAYS)

    def write(*statements: str) -> int:
        published(tmp_path, *statements)
        return lake.write(kind, file, KEY, folder, 1)

    assert write() == 2
    before = versions(kind, folder)
    assert write() == 0
    assert versions(kind, folder) == before
    assert write("insert into published.marts.days values ('2020-01-02')") == 1
    assert len(rows(kind, folder, "days")) == 2
    assert len(rows(kind, folder, "days", 0)) == 1
    assert write("create or replace table published.marts.days as from published.marts.days order by day desc") == 0
    assert write("comment on column published.marts.days.day is 'A day'") == 1
    assert write("alter table published.marts.days add column month int") == 1
    assert write("drop table published.marts.trades") == 0
    with pytest.raises((duckdb.Error, deltalake.exceptions.TableNotFoundError)):
        rows(kind, folder, "trades")
    assert len(rows(kind, folder, "days")) == 2


@EACH_KIND
def test_an_interrupted_write_leaves_the_last_version(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "lake"
    file = published(tmp_path, DAYS)
    lake.write(kind, file, KEY, folder, 1)
    published(tmp_path, "insert into published.marts.days values ('2020-01-02')", TRADES)

    def broken(con: duckdb.DuckDBPyConnection, relation: str) -> tuple[int, int]:
        """Killed between one table and the next."""
        if "trades" in relation:
            raise OSError("killed")
        return fingerprint(con, relation)

    def cut(work: Path, target: Path) -> None:
        """Killed when all is written but the catalogue."""
        raise OSError("killed")

    with (
        monkeypatch.context() as patch,
        pytest.raises(lake.LakeProblem, match="could not be written: killed"),
    ):
        if kind == "delta":
            patch.setattr(lake, "fingerprint", broken)
        else:
            patch.setattr(Path, "replace", cut)
        lake.write(kind, file, KEY, folder, 2)
    # Each table of a Delta lake is of its last version or the new one, and all of a DuckLake are of the last.
    assert len(rows(kind, folder, "days")) == (2 if kind == "delta" else 1)
    assert lake.write(kind, file, KEY, folder, 2) == (1 if kind == "delta" else 2)
    assert len(rows(kind, folder, "days")) == len(rows(kind, folder, "trades")) == 2
    kept = {path.name for path in folder.iterdir()}
    assert kept == ({"marts"} if kind == "delta" else {"marts", lake.CATALOG})


@EACH_KIND
def test_old_versions_go(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a Delta table with the next version, of a DuckLake with the next publication."""
    monkeypatch.setattr(lake, "DAYS", 0)
    folder = tmp_path / "lake"
    for day in range(1, 4):
        file = published(tmp_path, DAYS, f"update published.marts.days set day = '2020-01-0{day}'")
        lake.write(kind, file, KEY, folder, day)
    assert lake.write(kind, file, KEY, folder, 4) == 0
    assert len([path for path in folder.rglob("*.parquet") if path.parent.name != "_delta_log"]) <= 2
    assert rows(kind, folder, "days") == [(date(2020, 1, 3),)]


def test_a_ducklake_is_encrypted(tmp_path: Path) -> None:
    """Neither rows nor names of columns can be read without the key; a new key starts a new lake."""
    folder = tmp_path / "lake"
    file = published(tmp_path, TRADES.replace("'é'", "'Quixotlby'"))
    lake.write("ducklake", file, KEY, folder, 1)
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    assert not any(word in content for content in files for word in (b"Quixotlby", b"trade_id"))
    new = Key("audience-analyst", 2, b"n" * 32)
    with connect_encrypted(tmp_path / "make.tmp") as con:
        attach(con, file, "old", KEY)
        attach(con, tmp_path / "new.duckdb", "new", new)
        con.execute("create schema new.marts; create table new.marts.trades as from old.marts.trades")
    assert lake.write("ducklake", tmp_path / "new.duckdb", new, folder, 1) == 1
    assert len(ask(folder, "from lake.marts.trades", new)) == 2
    with pytest.raises(duckdb.Error):
        ask(folder, "from lake.marts.trades")


def test_the_guide_reads_a_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The code of docs/scaling-out.md runs in the folder that contains `data`."""
    guide = (PROJECT / "docs" / "scaling-out.md").read_text(encoding="utf-8").split("## Lake outputs")[1]
    python, sql = (re.findall(rf"```{language}\n(.*?)```", guide, re.S)[0] for language in ("python", "sql"))
    data = tmp_path / "data"
    folder = data / "published" / "lake" / "analyst"
    file = published(tmp_path, DAYS.replace("days", "lots"))
    monkeypatch.chdir(tmp_path)
    lake.write("delta", file, KEY, folder, 1)
    told: dict[str, Any] = {}
    exec(python, told)
    assert told["answer"].num_rows == 1
    lake.write("ducklake", file, KEY, folder, 1)
    (data / "keys").mkdir()
    (data / "keys" / "audience-analyst.v1.key").write_text(KEY.hex + "\n", encoding="ascii")
    with duckdb.connect() as con:
        load_extension(con, "ducklake")
        answers = [con.execute(statement).fetchall() for statement in con.extract_statements(sql)]
    assert answers[-2] == [(1,)]
    assert len(answers[-1]) == 2


def test_another_kind_begins_anew(tmp_path: Path) -> None:
    folder = tmp_path / "lake"
    file = published(tmp_path, DAYS)
    for kind in ("delta", "ducklake", "delta"):
        assert lake.write(kind, file, KEY, folder, 1) == 1
    assert not (folder / lake.CATALOG).exists()
    assert lake.write(None, file, KEY, folder, 1) == 0
    assert not folder.exists()


def test_nothing_is_left_of_a_lake_that_is_removed(tmp_path: Path) -> None:
    lake.write("delta", published(tmp_path, DAYS), KEY, tmp_path / lake.LAKE / "analyst", 1)
    lake.remove(tmp_path)
    assert not (tmp_path / lake.LAKE).exists()


@pytest.mark.parametrize(
    ("who", "kind", "message"),
    [
        ("analyst", "iceberg", "the lake of analyst can be delta or ducklake, or be left out"),
        ("compliance", "delta", "compliance has personal data, and Delta tables are not encrypted"),
    ],
)
def test_who_may_not_have_a_lake_is_refused(tmp_path: Path, who: str, kind: str, message: str) -> None:
    policy = yaml.safe_load(POLICY.read_text(encoding="utf-8"))
    policy["audiences"][who]["lake"] = kind
    changed = tmp_path / "audiences.yml"
    changed.write_text(yaml.safe_dump(policy), encoding="utf-8")
    with pytest.raises(PolicyProblem, match=re.escape(message)):
        load_policy(changed)

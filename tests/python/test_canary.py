"""Planted persons are searched in every column that does not declare them, and in what is shown to analysts."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from canary import find_in_bytes, find_in_database, find_values
from planted import CRM, EMPLOYEE, VALUES, plant
from warehouse import Warehouse, copy_landing

from scripts import tokens
from scripts.keys import read_key
from scripts.proof.labels import Level
from scripts.proof.project import read

SHOWN = ("analytics", "marts")
# A birth date is a day like any other there.
CALENDARS = {"dim_date", "stg_reference__date"}


@pytest.fixture(scope="module")
def planted(loaded: Warehouse) -> Warehouse:
    """A warehouse with the planted persons in it."""
    landing = copy_landing(loaded.landing, loaded.session / "planted_landing")
    plant(landing)
    warehouse = Warehouse(loaded.session / "planted", landing, loaded.session)
    warehouse.load(max_rejected_share=0.5)
    return warehouse


@pytest.fixture(scope="module")
def opened(planted: Warehouse) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(str(planted.path), read_only=True)
    tokens.register(con, read_key("token"))
    return con


def personal_columns(session: Path) -> set[tuple[str, str, str]]:
    """Columns that are declared personal or sensitive, as schema, table and column."""
    manifest = next(path for path in sorted(session.glob("target*/manifest.json")))
    return {
        (node.schema, node.table, column)
        for node in read(manifest).nodes.values()
        for column, label in node.columns.items()
        if label is None or label.level >= Level.personal
    }


def test_every_planted_value_is_in_the_warehouse(opened: duckdb.DuckDBPyConnection) -> None:
    """Else the search below would find nothing because there is nothing."""
    found = {hit.number for hit in find_in_database(opened, "warehouse", VALUES.values())}
    missing = [name for number, name in enumerate(VALUES, start=1) if number not in found]
    assert missing == []


def test_the_planted_persons_are_in_the_star_schema(planted: Warehouse) -> None:
    assert planted.query("select count(*) from core.dim_customer where customer_id in (770001, 770002)") == [(2,)]
    assert planted.query("select count(*) from core.dim_broker where broker_id = 880011") == [(1,)]
    assert planted.query("select agency_id is not null from core.dim_customer where customer_id = 770001") == [(True,)]
    assert planted.query("select count(*) from operations.rejected_rows where raw_text like '%Vvorpalix%'") == [(1,)]


def test_no_planted_value_is_where_analysts_read(opened: duckdb.DuckDBPyConnection) -> None:
    """Not in any column of the analytics schema and the marts, whatever it declares."""
    tables = opened.execute("select count(*) from duckdb_views() where schema_name = 'analytics'").fetchall()
    assert tables[0][0] >= 18
    hits = find_in_database(opened, "warehouse", VALUES.values(), lambda s, t, _: s in SHOWN and t not in CALENDARS)
    assert hits == []


def test_no_planted_key_is_where_analysts_read(opened: duckdb.DuckDBPyConnection) -> None:
    """No number of a planted customer, account or broker or of a version of one, in any table with tokens."""
    real = {
        row[0]
        for key, table in (("customer", "dim_customer"), ("account", "dim_account"), ("broker", "dim_broker"))
        for column in (f"{key}_id", f"sk_{key}_id")
        for row in opened.execute(f"select {column} from core.{table}").fetchall()
    }
    columns = opened.execute(
        """
        select table_name, column_name from duckdb_columns()
        where schema_name = 'analytics' and regexp_matches(column_name, '^(sk_)?(customer|account|broker|manager)_id$')
        """
    ).fetchall()
    assert len(columns) >= 16
    for table, column in columns:
        shown = {row[0] for row in opened.execute(f"select {column} from analytics.{table}").fetchall()}
        assert not shown & real, f"{table}.{column}"


def test_planted_values_are_only_in_columns_that_declare_them(
    opened: duckdb.DuckDBPyConnection, planted: Warehouse
) -> None:
    """In every schema, operations too: a value is found in personal and sensitive columns alone."""
    declared = personal_columns(planted.session)
    hits = find_in_database(
        opened, "warehouse", VALUES.values(), lambda *c: c not in declared and c[1] not in CALENDARS
    )
    # Where a broker works is internal, and so is what a profile shows of it.
    works = [*VALUES.values()].index(EMPLOYEE["office"]) + 1
    lives = [*VALUES.values()].index(CRM["city"]) + 1
    expected = {("office", works), ("branch", lives)}
    expected |= {
        (shown, n) for shown in ("frequent_values", "min_value", "max_value", "category") for n in (works, lives)
    }
    unexpected = [hit for hit in hits if (hit.place.rsplit(".", 1)[-1], hit.number) not in expected]
    assert unexpected == []


def test_the_search_finds_values_in_all_kinds_of_files(tmp_path: Path) -> None:
    secret = "Zzyzxqua"
    with duckdb.connect(str(tmp_path / "one.duckdb")) as con:
        con.execute(f"create schema s; create table s.t as select 1 as a, ['x', 'The {secret.upper()}'] as b")
        con.execute(f"copy (select {{'n': '{secret}'}} as c) to '{tmp_path}/two.parquet' (compression zstd)")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "three.log").write_bytes(b"." * ((1 << 20) - 3) + secret.encode() + b"\n")
    (tmp_path / "four.txt").write_text("nothing")
    hits = find_values(tmp_path, ["nowhere", secret])
    assert [(Path(hit.file).name, hit.place, hit.number) for hit in hits] == [
        ("three.log", f"byte {(1 << 20) - 3}", 2),
        ("one.duckdb", "s.t.b", 2),
        ("two.parquet", "main.searched.c", 2),
    ]
    assert find_in_bytes(tmp_path / "four.txt", [secret]) == []


def test_tokens_join_and_are_nothing_but_keyed(planted: Warehouse, opened: duckdb.DuckDBPyConnection) -> None:
    """The planted customer is found under the token of their number and no other way, with all that belongs to them."""
    rows = opened.execute(
        """
        select customers.gender, accounts.sk_account_id is not null
        from analytics.dim_customer as customers
        inner join analytics.dim_account as accounts on customers.sk_customer_id = accounts.sk_customer_id
        where customers.customer_id = pii_key('customer', 770001)
        """
    ).fetchall()
    assert len(rows) == 1
    assert rows[0][1]

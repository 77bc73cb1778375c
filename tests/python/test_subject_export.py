"""An export holds everything about a person, and nothing about other people."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner
from warehouse import Warehouse

from scripts.data_subjects import __main__ as commands
from scripts.data_subjects import export, persons
from scripts.data_subjects.ledger import PrivacyProblem, read_ledger
from scripts.warehouse_file import open_warehouse


@pytest.fixture
def mine(loaded: Warehouse, room: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """A copy of a loaded warehouse, configured as the one to export from."""
    warehouse = loaded.copy(room / "warehouse")
    monkeypatch.setenv("WAREHOUSE_PATH", str(warehouse.path))
    monkeypatch.setenv("WAREHOUSE_KEYS", str(room / "keys"))
    monkeypatch.setenv("LANDING_DIR", str(loaded.landing))
    monkeypatch.setenv("ERASURE_LEDGER", str(room / "ledger.jsonl"))
    monkeypatch.setenv("DBT_TARGET_PATH", str(loaded.session / "target"))
    parsed = persons.read_manifest
    monkeypatch.setattr(export, "read_manifest", lambda: parsed(parse=False))
    return warehouse


def customer_with_prospect(warehouse: Warehouse) -> tuple[int, str]:
    rows = warehouse.query(
        """
        select customer_id, any_value(agency_id) from core.dim_customer
        where
            agency_id is not null
            and customer_id in (select customer_id from staging.stg_brokerage__watch_history)
            and sk_customer_id in (select sk_customer_id from core.fact_cash_balances)
        group by 1 order by 1 limit 1
        """
    )
    return int(rows[0][0]), str(rows[0][1])


def test_everything_and_nobody_else(mine: Warehouse, room: Path) -> None:
    customer, agency = customer_with_prospect(mine)
    other = int(mine.query(f"select min(customer_id) from core.dim_customer where customer_id <> {customer}")[0][0])
    with duckdb.connect(str(mine.path)) as con:
        con.execute("create schema main_dbt_test__audit")
        con.execute(f"create table main_dbt_test__audit.failed as select {customer} as customer_id, 'odd' as why")
        for who, raw in [(customer, "mine"), (other, "theirs")]:
            con.execute(
                "insert into operations.rejected_rows by name "
                f"select 'brokerage.customer' as source_name, 2 as batch_id, '{raw}' as reason, "
                f"'U|1|{who}|{raw}' as raw_text"
            )
            con.execute(
                "insert into operations.di_messages values "
                f"(now(), 2, 'DimCustomer', 'Invalid customer tier', 'Alert', 'C_ID = {who}, C_TIER = {raw}')"
            )
    folder, count, rows = export.export([str(customer)], [], [], room / "exports")
    content: dict[str, Any] = json.loads((folder / "subject.json").read_text(encoding="utf-8"))
    tables = {f"{t['schema']}.{t['table']}": t["rows"] for t in content["tables"]}
    assert (count, rows) == (len(tables), sum(len(r) for r in tables.values()))
    assert {
        "core.dim_customer",
        "core.dim_account",
        "core.dim_trade",
        "core.fact_cash_balances",
        "core.fact_watches",
        "core.prospect",
        "intermediate.int_customer_events",
        "staging.stg_crm__customer_mgmt",
        "staging.stg_marketing__prospect",
        "staging.stg_brokerage__trade_history",
        "main_dbt_test__audit.failed",
    } <= set(tables)
    assert {r["customer_id"] for t in tables.values() for r in t if "customer_id" in r} <= {customer, None}
    assert {r["sk_customer_id"] // 10**8 for t in tables.values() for r in t if "sk_customer_id" in r} == {customer}
    assert {r["agency_id"] for t in tables.values() for r in t if r.get("agency_id")} == {agency}
    assert [r["raw_text"] for r in tables["operations.rejected_rows"]] == [f"U|1|{customer}|mine"]
    assert [r["message_data"] for r in tables["operations.di_messages"] if "mine" in r["message_data"]]
    assert "theirs" not in (folder / "subject.json").read_text(encoding="utf-8")
    known = mine.query(f"select count(*) from core.dim_customer where customer_id = {customer}")[0][0]
    assert len(tables["core.dim_customer"]) == known
    trades = "select count(*) from core.dim_trade where sk_customer_id // 100000000 = "
    assert len(tables["core.dim_trade"]) == mine.query(trades + str(customer))[0][0]

    page = (folder / "subject.html").read_text(encoding="utf-8")
    assert all(f'id="{name}"' in page for name in tables)
    assert stat.S_IMODE((folder / "subject.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    entry = mine.query("select action, detail from operations.access_log")
    assert entry[0][0] == "export" and json.loads(entry[0][1])["rows"] == rows and folder.name != str(customer)


def test_values_are_escaped_in_the_page(mine: Warehouse, room: Path) -> None:
    customer, _ = customer_with_prospect(mine)
    with duckdb.connect(str(mine.path)) as con:
        con.execute(f"update core.dim_customer set city = '<script>x</script>' where customer_id = {customer}")
    folder, _, _ = export.export([str(customer)], [], [], room / "exports")
    page = (folder / "subject.html").read_text(encoding="utf-8")
    assert "<script>" not in page and "&lt;script&gt;" in page


@pytest.mark.parametrize(
    "asked",
    [
        ["--customer", "123456789"],
        ["--prospect", "no such agency number"],
        ["--prospect", "x' or '1' = '1"],
        ["--prospect", "x') or (1=1) or ('x' = 'x"],
        ["--employee", "123456789"],
        # A known one does not take an unknown one along.
        ["--customer", "KNOWN", "--customer", "123456789"],
    ],
    ids=str,
)
def test_nobody(mine: Warehouse, room: Path, asked: list[str]) -> None:
    known = str(customer_with_prospect(mine)[0])
    asked = [known if part == "KNOWN" else part for part in asked]
    ran = CliRunner().invoke(commands.main, ["export", *asked, "--out", str(room / "exports")])
    assert ran.exit_code == 1 and "of this number is in the warehouse, so nothing was done" in ran.output
    assert not (room / "exports").exists()
    assert mine.query("select count(*) from operations.access_log") == [(0,)]


SQL = [
    "0) or (1=1",
    "0)); drop table core.dim_trade; --",
    "1 or 1=1",
    "1,2",
    "7 8",
    "\N{FULLWIDTH DIGIT SEVEN}",
    "-1",
    "",
]


@pytest.mark.parametrize("number", SQL)
@pytest.mark.parametrize("command", ["export", "erase", "legal-hold"])
def test_a_customer_number_has_digits_only(command: str, number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused before anything is opened."""
    monkeypatch.setenv("WAREHOUSE_PATH", "/nowhere")
    monkeypatch.setenv("ERASURE_LEDGER", "/nowhere")
    options = {"export": [], "erase": ["--reason", "asked"], "legal-hold": ["--release"]}[command]
    ran = CliRunner().invoke(commands.main, [command, "--customer", number, *options])
    assert ran.exit_code == 2 and "A number has digits only" in ran.output, ran.output


@pytest.mark.parametrize("number", SQL)
def test_a_value_never_stands_in_sql(mine: Warehouse, room: Path, number: str) -> None:
    """Whichever way it gets past the command line."""
    for kind in range(3):
        asked: list[list[str]] = [[number] if kind == i else [] for i in range(3)]
        with pytest.raises(PrivacyProblem, match="of this number is in the warehouse"):
            export.export(asked[0], asked[1], asked[2], room / "exports")
    with open_warehouse() as con:
        found = persons.tables(con, persons.read_manifest(parse=False))
        person = persons.identify(con, found, [number], [number], [number])
        conditions = [(t.relation, rows) for t in found if (rows := persons.rows_of(t, person))]
        assert [table for table, rows in conditions if person.rows(con, f"from {table} where {rows}")] == []
    assert mine.query("select count(*) > 0 from core.dim_trade") == [(True,)]


def test_an_export_only_reads(mine: Warehouse, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what it hands out is on record before, each person by a token; 007 is 7."""
    customer, agency = customer_with_prospect(mine)
    collect = export.collect

    def collect_and_write(con: duckdb.DuckDBPyConnection, *rest: Any) -> list[dict[str, Any]]:
        with pytest.raises(duckdb.Error, match="read-only"):
            con.execute("drop table core.dim_trade")
        return collect(con, *rest)

    monkeypatch.setattr(export, "collect", collect_and_write)
    asked = ["export", "--customer", f"00{customer}", "--prospect", f" {agency}", "--out", str(room / "exports")]
    assert CliRunner().invoke(commands.main, asked).exit_code == 0
    (entry,) = (json.loads(detail) for (detail,) in mine.query("select detail from operations.access_log"))
    tokens = [read_ledger().hash("export", who)[:16] for who in (f"customer:{customer}", f"prospect:{agency}")]
    assert entry["subjects"] == sorted(tokens) and (room / "exports" / entry["folder"]).is_dir()


def test_a_hold_needs_a_known_person(mine: Warehouse, room: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hold on a wrong number would protect no one."""
    monkeypatch.setattr(commands, "read_manifest", lambda: persons.read_manifest(parse=False))
    options = ["--until", "2999-01-01", "--by", "file 7", "--why", "a suit"]
    ran = CliRunner().invoke(commands.main, ["legal-hold", "--customer", "123456789", *options])
    assert ran.exit_code == 1 and "No customer of this number" in ran.output and not read_ledger().entries
    ran = CliRunner().invoke(
        commands.main, ["legal-hold", "--customer", str(customer_with_prospect(mine)[0]), *options]
    )
    assert ran.exit_code == 0 and len(read_ledger().holds) == 1


def test_employees_are_asked_for_by_name(mine: Warehouse, room: Path) -> None:
    """Employee 7 is not customer 7."""
    employee = str(mine.query("select min(broker_id) from core.dim_broker")[0][0])
    folder, _, _ = export.export([], [], [employee], room / "exports")
    content = json.loads((folder / "subject.json").read_text(encoding="utf-8"))
    names = {f"{t['schema']}.{t['table']}" for t in content["tables"]}
    assert {"core.dim_broker", "staging.stg_hr__employee"} <= names
    assert not names & {"core.dim_customer", "core.dim_account", "core.fact_cash_balances"}

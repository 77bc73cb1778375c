"""An export holds everything about a person, and nothing about anybody else."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import duckdb
import pytest
from warehouse import Warehouse

from scripts.privacy import subject_export, subjects
from scripts.privacy.ledger import PrivacyProblem


@pytest.fixture
def mine(loaded: Warehouse, room: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """A copy of a loaded warehouse, configured as the one to export from."""
    warehouse = loaded.copy(room / "warehouse")
    monkeypatch.setenv("WAREHOUSE_PATH", str(warehouse.path))
    monkeypatch.setenv("WAREHOUSE_KEYS", str(room / "keys"))
    monkeypatch.setenv("LANDING_DIR", str(loaded.landing))
    monkeypatch.setenv("ERASURE_LEDGER", str(room / "ledger.jsonl"))
    monkeypatch.setenv("DBT_TARGET_PATH", str(loaded.session / "target"))
    parsed = subjects.read_manifest
    monkeypatch.setattr(subject_export, "read_manifest", lambda: parsed(parse=False))
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
    folder, count, rows = subject_export.export([str(customer)], [], [], room / "exports")
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
    folder, _, _ = subject_export.export([str(customer)], [], [], room / "exports")
    page = (folder / "subject.html").read_text(encoding="utf-8")
    assert "<script>" not in page and "&lt;script&gt;" in page


def test_nobody(mine: Warehouse, room: Path) -> None:
    with pytest.raises(PrivacyProblem, match="Nothing in the warehouse is about this person"):
        subject_export.export(["123456789"], [], [], room / "exports")
    assert not (room / "exports").exists()


def test_employees_are_asked_for_by_name(mine: Warehouse, room: Path) -> None:
    """Employee 7 is not customer 7."""
    employee = str(mine.query("select min(broker_id) from core.dim_broker")[0][0])
    folder, _, _ = subject_export.export([], [], [employee], room / "exports")
    content = json.loads((folder / "subject.json").read_text(encoding="utf-8"))
    names = {f"{t['schema']}.{t['table']}" for t in content["tables"]}
    assert {"core.dim_broker", "staging.stg_hr__employee"} <= names
    assert not names & {"core.dim_customer", "core.dim_account", "core.fact_cash_balances"}

"""Retention rules: what is due is counted, acted on, and never against a hold; the committed pages are current."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from warehouse import PROJECT, Warehouse

from scripts.data_subjects import persons, retention
from scripts.data_subjects.ledger import read_ledger
from scripts.data_subjects.record_of_processing import render


@pytest.fixture
def aged(loaded: Warehouse, room: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """A copy of a loaded warehouse with a rule that finds whoever was inactive for a hundred days."""
    warehouse = loaded.copy(room / "warehouse")
    monkeypatch.setenv("WAREHOUSE_PATH", str(warehouse.path))
    monkeypatch.setenv("WAREHOUSE_KEYS", str(room / "keys"))
    monkeypatch.setenv("ERASURE_LEDGER", str(room / "ledger.jsonl"))
    with duckdb.connect(str(warehouse.path)) as con:
        con.execute("update reference.retention_rules set keep_days = 100 where subject = 'customer'")
        con.execute(
            "insert into operations.rejected_rows by name "
            "select 'brokerage.trade' as source_name, 1 as batch_id, 'odd' as reason, 'a|b' as raw_text"
        )
        con.execute("update reference.retention_rules set keep_days = 1 where subject = 'rejected_row'")
    return warehouse


def inactive(warehouse: Warehouse, days: int) -> list[str]:
    """Customers who have been inactive so long, found the plain way, version by version."""
    rows = warehouse.query("select customer_id, status, effective_date from core.dim_customer order by 1, 3")
    today = warehouse.query("select max(batch_date) from operations.batches")[0][0]
    since: dict[int, date | None] = {}
    for customer, status, effective in rows:
        since[customer] = (since.get(customer) or effective) if status == "Inactive" else None
    return sorted(str(c) for c, d in since.items() if d and (today - d).days >= days)


def test_due_customers_and_holds(aged: Warehouse) -> None:
    expected = inactive(aged, 100)
    assert len(expected) > 1
    ledger = read_ledger()
    hold = {"type": "hold", "until": "2999-01-01", "by": "file 7", "why": "a suit"}
    ledger.append({**hold, "hash": ledger.hash("customer", expected[0])})
    with duckdb.connect(str(aged.path), read_only=True) as con:
        found = {d.subject: d for d in retention.due(con, read_ledger())}
    assert found["customer"].values == expected[1:] and found["customer"].held == 1
    assert found["rejected_row"].rows == 1


def test_the_table_counts_the_same(loaded: Warehouse) -> None:
    rows = loaded.query("select rule, subject, subject_count, due_count, keep_days from operations.retention_due")
    assert {r[1] for r in rows} == {"customer", "prospect", "rejected_row"}
    for _, subject, count, due_count, days in rows:
        if subject == "customer":
            assert count == len(inactive(loaded, 0)) and due_count == len(inactive(loaded, days))
        else:
            assert 0 <= due_count <= count


def test_what_is_due_is_erased(aged: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def note(customers: list[str], prospects: list[str], *_: object) -> list[object]:
        asked.append([*customers, *prospects])
        return []

    monkeypatch.setattr(retention, "erase", note)
    with duckdb.connect(str(aged.path), read_only=True) as con:
        found = retention.due(con, read_ledger())
    retention.apply(found)
    assert asked == [inactive(aged, 100)]
    assert aged.query("select raw_text, reason from operations.rejected_rows") == [(None, "past its retention")]
    assert aged.query("select action from operations.access_log") == [("retention",)]


def test_the_committed_pages_are_current(loaded: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make privacy-docs` rewrites them."""
    monkeypatch.setenv("DBT_TARGET_PATH", str(loaded.session / "target"))
    for name, text in render(persons.read_manifest(parse=False)).items():
        assert (PROJECT / "docs" / "privacy" / name).read_text(encoding="utf-8") == text

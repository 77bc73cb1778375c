"""What changes after it was loaded, or comes late, is loaded again: the rows are those of a fresh load of what lies there."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from warehouse import Warehouse, copy_landing, rewrite

NOBODY = 999_999
FACTS = ("dim_trade", "fact_cash_balances", "fact_holdings", "fact_market_history", "fact_watches")
# What is noted of files is not compared: their times differ.
FILES = {"operations.landed_files"}


def without_totals(landing: Path, copy: Path) -> Path:
    """A landing area to be changed, without the control totals that the change would break."""
    area = copy_landing(landing, copy)
    for path in area.rglob("*_audit.csv"):
        path.unlink()
    return area


def fresh(like: Warehouse, folder: Path, **variables: object) -> Warehouse:
    """A warehouse loaded from scratch from what lies in another one's landing area now."""
    warehouse = Warehouse(folder, like.landing, like.session)
    warehouse.load(**variables)
    return warehouse


def lost(warehouse: Warehouse) -> list[tuple[object, ...]]:
    """Feeds and batches with rows that are neither in core nor rejected."""
    return warehouse.query(
        "select source_name, batch_id, lost_rows from operations.reconciliation where lost_rows <> 0 order by all"
    )


@pytest.fixture(scope="module")
def started(loaded: Warehouse) -> Warehouse:
    """A warehouse of three batches, on a landing area without control totals."""
    area = without_totals(loaded.landing, loaded.session / "corrected_landing")
    warehouse = Warehouse(loaded.session / "corrected", area, loaded.session)
    warehouse.load()
    return warehouse


def last_line_gone(data: bytes) -> bytes:
    return data[: data.rstrip().rfind(b"\n") + 1]


CHANGES: dict[str, Callable[[Path], None]] = {
    "cash of the last batch": lambda area: rewrite(area / "Batch3/CashTransaction.txt", last_line_gone),
    "customers of the last batch": lambda area: rewrite(area / "Batch3/Customer.txt", last_line_gone),
    "trades and prospects of the last batch": lambda area: [  # type: ignore[dict-item]
        rewrite(area / "Batch3" / name, last_line_gone) for name in ("Trade.txt", "Prospect.csv")
    ],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_replaced_file_of_the_last_batch_is_loaded_again(started: Warehouse, room: Path, change: str) -> None:
    """The batch's old rows go, whatever they had changed, and the new ones come."""
    area = copy_landing(started.landing, room / "landing")
    warehouse = started.copy(room / "warehouse", area)
    CHANGES[change](area)
    said = warehouse.load()
    assert "have changed" in said
    assert set(warehouse.unlike(fresh(warehouse, room / "fresh"))) <= FILES
    assert lost(warehouse) == []
    assert warehouse.query("select * from operations.rebuilds_due") == []


def test_a_new_time_alone_is_no_change(started: Warehouse, room: Path) -> None:
    """A file that was copied again has the same bytes, so nothing is loaded again."""
    area = copy_landing(started.landing, room / "landing")
    warehouse = started.copy(room / "warehouse", area)
    for name in ("Batch1/HR.csv", "Batch3/Trade.txt"):
        rewrite(area / name, lambda data: data)
        os.utime(area / name, (1, 1))
    assert "changed" not in warehouse.load()
    assert warehouse.unlike(started) == {}


LATE = {
    "a file of batch 1": ("Batch1/FINWIRE1980Q2", None),
    "a part of an earlier batch": ("Batch2/CashTransaction_2.txt", "Batch2/CashTransaction.txt"),
}


@pytest.mark.parametrize("late", LATE)
def test_what_comes_late_is_loaded(started: Warehouse, room: Path, late: str) -> None:
    """A file that comes to a batch which is loaded already reaches core, in full."""
    name, whole = LATE[late]
    area = copy_landing(started.landing, room / "landing")
    if whole:
        lines = (area / whole).read_bytes().splitlines(keepends=True)
        (area / whole).unlink()
        (area / whole.replace(".txt", "_1.txt")).write_bytes(b"".join(lines[:-2]))
        held_back = b"".join(lines[-2:])
    else:
        held_back = (area / name).read_bytes()
        (area / name).unlink()
    warehouse = fresh(Warehouse(room / "unused", area, started.session), room / "warehouse", max_rejected_share=1)
    (area / name).write_bytes(held_back)
    said = warehouse.load(max_rejected_share=1)
    assert "came late" in said
    assert set(warehouse.unlike(fresh(warehouse, room / "fresh"))) <= FILES
    assert lost(warehouse) == []


def test_a_correction_that_is_interrupted_is_completed(started: Warehouse, room: Path) -> None:
    """What was taken out and not yet built anew is what the next run does."""
    area = copy_landing(started.landing, room / "landing")
    warehouse = started.copy(room / "warehouse", area)
    rewrite(area / "Batch3/Account.txt", last_line_gone)
    rewrite(area / "Batch3/Trade.txt", last_line_gone)
    assert warehouse.dbt("run", "--select", "staging", "dim_customer").code == 0
    assert ("dim_trade",) in warehouse.query("select model_name from operations.rebuilds_due")
    warehouse.load()
    assert set(warehouse.unlike(fresh(warehouse, room / "fresh"))) <= FILES
    assert warehouse.query("select * from operations.rebuilds_due") == []


def bad_lines(warehouse: Warehouse, name: str, share: float, text: str) -> int:
    """Add to a file as many bad rows as make up the share that may be rejected; returns how many rows it then has."""
    path = warehouse.landing / name
    lines = len(path.read_bytes().splitlines())
    added = 0
    while added + 1 <= -(-(lines + added + 1) * share // 1):
        added += 1
    rewrite(path, lambda data: data + b"".join(f"{text % n}\n".encode() for n in range(added)))
    return added


SHARE = 0.02
UNREADABLE = ("Batch3/CashTransaction.txt", f"I|9{'%d'}|x|2017-07-09 10:00:00|5.00|x")
ORPHANED = ("Batch3/CashTransaction.txt", f"I|9{'%d'}|{NOBODY}|2017-07-09 10:00:00|5.00|x")


@pytest.mark.parametrize("kind", ["unreadable", "orphaned", "both"])
@pytest.mark.parametrize("steps", ["at once", "one by one"])
def test_the_limit_on_rejected_rows(started: Warehouse, room: Path, kind: str, steps: str) -> None:
    """At the limit the load goes on; one row more stops it before the tables change that would lack it, with all rows on
    record; a raised limit or a corrected file then completes it."""
    area = copy_landing(started.landing, room / "landing")
    warehouse = Warehouse(room / "warehouse", area, started.session)
    name, text = ORPHANED if kind == "orphaned" else UNREADABLE
    sound = (area / name).read_bytes()
    at_limit = bad_lines(warehouse, name, SHARE, text)
    if kind == "both":
        half = f"I|8|{NOBODY}|2017-07-09 10:00:00|5.00|x".encode()
        rewrite(area / name, lambda data: data[: data.rstrip().rfind(b"\n") + 1] + half + b"\n")
    assert at_limit > 0
    if steps == "one by one":
        warehouse.load(through_batch=2, max_rejected_share=SHARE)
    warehouse.load(max_rejected_share=SHARE)
    assert warehouse.query("select count(*) from operations.rejected_rows") == [(at_limit,)]
    assert lost(warehouse) == []

    beyond = Warehouse(room / "beyond", area, started.session)
    rewrite(area / name, lambda data: data + (text % 77).encode() + b"\n")
    if steps == "one by one":
        beyond.load(through_batch=2, max_rejected_share=SHARE)
        before = {fact: beyond.query(f"select count(*) from core.{fact}") for fact in FACTS}
    said = beyond.refuse(max_rejected_share=SHARE)
    assert f"{name}: {at_limit + 1} of " in said and f"the {SHARE} that max_rejected_share allows" in said
    assert beyond.query("select count(*) from operations.rejected_rows") == [(at_limit + 1,)]
    on_record = "select rejected_rows, loaded_rows from operations.reconciliation where batch_id = 3 and source_name = "
    assert beyond.query(on_record + "'brokerage.cash_transaction'") == [(at_limit + 1, 0)]
    if steps == "one by one":
        unchanged = {fact: beyond.query(f"select count(*) from core.{fact}") for fact in ("fact_cash_balances",)}
        assert unchanged == {"fact_cash_balances": before["fact_cash_balances"]}
    else:
        assert beyond.query("select count(*) from duckdb_tables() where table_name = 'fact_cash_balances'") == [(0,)]
    assert beyond.refuse(max_rejected_share=SHARE)

    raised = beyond.copy(room / "raised")
    raised.load(max_rejected_share=1)
    assert raised.unlike(fresh(raised, room / "fresh", max_rejected_share=1)) == {}
    rewrite(area / name, lambda _: sound)
    beyond.load()
    assert set(beyond.unlike(started)) <= FILES
    assert lost(beyond) == []

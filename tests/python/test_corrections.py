"""What changes after it was loaded, or comes late, is loaded again; the rows are those of a fresh load of the files."""

from __future__ import annotations

import math
import os
from pathlib import Path

import pytest
from warehouse import ROWS_ONLY, Warehouse, copy_landing, rewrite

NOBODY = 999_999
# What is noted of files is not compared: their times differ.
FILES = {"operations.landed_files"}
# What no load of rows alone builds.
PROFILES = {"column_profile", "batch_series", "series_forecasts", "anomalies"}


def without_totals(landing: Path, copy: Path) -> Path:
    """A landing area to be changed, without the control totals that the change would break."""
    area = copy_landing(landing, copy)
    for path in area.rglob("*_audit.csv"):
        path.unlink()
    return area


def fresh(like: Warehouse, folder: Path, *arguments: str, **variables: object) -> Warehouse:
    """A warehouse loaded from scratch from what lies in another one's landing area now."""
    warehouse = Warehouse(folder, like.landing, like.session)
    warehouse.load(*arguments, **variables)
    return warehouse


def lost(warehouse: Warehouse) -> list[tuple[object, ...]]:
    """Feeds and batches with rows that are neither in core nor rejected."""
    return warehouse.query(
        "select source_name, batch_id, lost_rows from operations.reconciliation where lost_rows <> 0 order by all"
    )


def due(warehouse: Warehouse) -> set[str]:
    """Models still to be rebuilt."""
    return {str(name) for (name,) in warehouse.query("select model_name from operations.rebuilds_due")}


@pytest.fixture(scope="module")
def started(loaded: Warehouse) -> Warehouse:
    """A warehouse of three batches, on a landing area without control totals."""
    area = without_totals(loaded.landing, loaded.session / "corrected_landing")
    warehouse = Warehouse(loaded.session / "corrected", area, loaded.session)
    warehouse.load(*ROWS_ONLY)
    return warehouse


def last_line_gone(data: bytes) -> bytes:
    return data[: data.rstrip().rfind(b"\n") + 1]


CHANGES = {
    "cash": ["CashTransaction.txt"],
    "customers": ["Customer.txt"],
    "trades and prospects": ["Trade.txt", "Prospect.csv"],
}


@pytest.mark.parametrize("change", ["cash", *(pytest.param(c, marks=pytest.mark.long) for c in list(CHANGES)[1:])])
def test_a_replaced_file_of_the_last_batch_is_loaded_again(started: Warehouse, room: Path, change: str) -> None:
    """The batch's old rows go, whatever they had changed, and the new ones come."""
    area = copy_landing(started.landing, room / "landing")
    warehouse = started.copy(room / "warehouse", area)
    for name in CHANGES[change]:
        rewrite(area / "Batch3" / name, last_line_gone)
    said = warehouse.load(*ROWS_ONLY)
    assert "have changed" in said
    assert set(warehouse.unlike(fresh(warehouse, room / "fresh", *ROWS_ONLY), rows_only=True)) <= FILES
    assert lost(warehouse) == []
    assert due(warehouse) <= PROFILES


def test_a_new_time_alone_is_no_change(started: Warehouse, room: Path) -> None:
    """A file that was copied again has the same bytes, so nothing is loaded again."""
    area = copy_landing(started.landing, room / "landing")
    warehouse = started.copy(room / "warehouse", area)
    for name in ("Batch1/HR.csv", "Batch3/Trade.txt"):
        rewrite(area / name, lambda data: data)
        os.utime(area / name, (1, 1))
    assert "changed" not in warehouse.load(*ROWS_ONLY)
    assert warehouse.unlike(started) == {}


LATE = {
    "a file of batch 1": ("Batch1/FINWIRE1980Q2", None),
    "a part of an earlier batch": ("Batch2/CashTransaction_2.txt", "Batch2/CashTransaction.txt"),
}


@pytest.mark.long
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
    warehouse = fresh(
        Warehouse(room / "unused", area, started.session), room / "warehouse", *ROWS_ONLY, max_rejected_share=1
    )
    (area / name).write_bytes(held_back)
    said = warehouse.load(*ROWS_ONLY, max_rejected_share=1)
    assert "came late" in said
    assert set(warehouse.unlike(fresh(warehouse, room / "fresh", *ROWS_ONLY), rows_only=True)) <= FILES
    assert lost(warehouse) == []


@pytest.mark.long
def test_a_correction_that_is_interrupted_is_completed(started: Warehouse, room: Path) -> None:
    """The next run completes what was removed but not yet rebuilt."""
    area = copy_landing(started.landing, room / "landing")
    warehouse = started.copy(room / "warehouse", area)
    rewrite(area / "Batch3/Account.txt", last_line_gone)
    rewrite(area / "Batch3/Trade.txt", last_line_gone)
    assert warehouse.dbt("run", "--select", "staging", "dim_customer").code == 0
    assert "dim_trade" in due(warehouse)
    warehouse.load(*ROWS_ONLY)
    assert set(warehouse.unlike(fresh(warehouse, room / "fresh", *ROWS_ONLY), rows_only=True)) <= FILES
    assert due(warehouse) <= PROFILES


SHARE = 0.3
# What a cash transaction comes to, and what accounts for it: the rest of the warehouse has no part in the limit.
CASH_ONLY = ("--select", "+fact_cash_balances", "+reconciliation")
CASH = "Batch3/CashTransaction.txt"
# A row that cannot be read, and one of an account that is not there: the limit counts them together.
BAD_ROWS = ["I|{n}|x|2017-07-09 10:00:00|5.00|x\n", f"I|{{n}}|{NOBODY}|2017-07-09 10:00:00|5.00|x\n"]


def most_rejects(lines: int) -> int:
    """How many bad rows may be added to a file, so that they are no more than the share of all its rows, rounded up."""
    return next(n for n in range(lines) if n + 1 > math.ceil((lines + n + 1) * SHARE))


def add(area: Path, count: int) -> None:
    """Add bad rows of both kinds to the file of cash transactions, all different."""
    rows = "".join(BAD_ROWS[n % 2].format(n=90_000 + n) for n in range(count))
    rewrite(area / CASH, lambda data: data + rows.encode())


def of_cash(warehouse: Warehouse) -> tuple[int, int]:
    """How many cash transactions are lost, and how many are rejected."""
    ((lost_rows, rejected_rows),) = warehouse.query(
        "select sum(lost_rows), sum(rejected_rows) from operations.reconciliation "
        "where source_name = 'brokerage.cash_transaction'"
    )
    return lost_rows, rejected_rows


@pytest.mark.parametrize("steps", [pytest.param("batch by batch", marks=pytest.mark.long), "at once"])
def test_the_limit_on_rejected_rows(started: Warehouse, room: Path, steps: str) -> None:
    """At the limit the load goes on. One row more stops it before a table changes that would lack it, with all rejects
    on record, reconciliation included; a raised limit or a corrected file completes it."""
    area = copy_landing(started.landing, room / "landing")
    most = most_rejects(len((area / CASH).read_bytes().splitlines()))
    sound = (area / CASH).read_bytes()
    assert most >= 2

    def begun(folder: Path) -> Warehouse:
        warehouse = Warehouse(folder, area, started.session)
        if steps == "batch by batch":
            warehouse.load(*CASH_ONLY, through_batch=2, max_rejected_share=SHARE)
        return warehouse

    add(area, most)
    at_limit = begun(room / "at_limit")
    at_limit.load(*CASH_ONLY, max_rejected_share=SHARE)
    assert at_limit.query("select count(*) from operations.rejected_rows") == [(most,)]
    in_core = (
        "select loaded_rows, rejected_rows, lost_rows from operations.reconciliation "
        "where batch_id = 3 and source_name = 'brokerage.cash_transaction'"
    )
    assert at_limit.query(in_core) == [(len(sound.splitlines()), most, 0)]

    rewrite(area / CASH, lambda _: sound)
    add(area, most + 1)
    beyond = begun(room / "beyond")
    balances = "select count(*) from duckdb_tables() where table_name = 'fact_cash_balances'"
    if steps == "batch by batch":
        balances = "select count(*), sum(cash), max(batch_id) from core.fact_cash_balances"
    before = beyond.query(balances) if steps == "batch by batch" else [(0,)]
    for _ in range(2):
        said = beyond.refuse(*CASH_ONLY, max_rejected_share=SHARE)
        assert f"{CASH}: {most + 1} of " in said and f"the {SHARE} that max_rejected_share allows" in said
        assert beyond.query(balances) == before
        assert beyond.query("select count(*) from operations.rejected_rows") == [(most + 1,)]
        assert beyond.query(
            "select rejected_rows, loaded_rows from operations.reconciliation "
            "where batch_id = 3 and source_name = 'brokerage.cash_transaction'"
        ) == [(most + 1, 0)]

    raised = beyond.copy(room / "raised")
    raised.load(*CASH_ONLY, max_rejected_share=1)
    assert of_cash(raised) == (0, most + 1)
    assert raised.unlike(fresh(raised, room / "fresh", *CASH_ONLY, max_rejected_share=1), rows_only=True) == {}
    raised.load(*CASH_ONLY, max_rejected_share=SHARE)

    rewrite(area / CASH, lambda _: sound)
    beyond.load(*CASH_ONLY, max_rejected_share=SHARE)
    assert of_cash(beyond) == (0, 0)
    assert "core.fact_cash_balances" not in beyond.unlike(started)

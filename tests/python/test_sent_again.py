"""Rows that an earlier batch has brought are rejected, and what is in the warehouse stays as if they had not come."""

from __future__ import annotations

from pathlib import Path

import pytest
from warehouse import ROWS_ONLY, Warehouse, copy_landing, rewrite

LIMIT = 0.5
EVENTS = ["CashTransaction", "DailyMarket", "HoldingHistory", "Trade", "WatchHistory"]


def append(path: Path, *rows: str) -> None:
    rewrite(path, lambda data: data + "".join(f"{row}\n" for row in rows).encode())


def lines(area: Path, name: str) -> list[str]:
    return (area / name).read_text(encoding="utf-8").splitlines()


def insertion(area: Path) -> tuple[int, str]:
    """Line, from 1, and text of a row of Batch2 that creates a trade."""
    rows = lines(area, "Batch2/Trade.txt")
    return next((n, row) for n, row in enumerate(rows, 1) if row.startswith("I|"))


@pytest.fixture(scope="module")
def area(session: Path, loaded: Warehouse) -> Path:
    """A landing area whose Batch3 begins with rows of Batch2, and has prices and cash of the history again."""
    area = copy_landing(loaded.landing, session / "sent_again_landing")
    for path in area.rglob("*_audit.csv"):
        path.unlink()
    for name in EVENTS:
        again = insertion(area)[1] if name == "Trade" else lines(area, f"Batch2/{name}.txt")[0]
        rewrite(area / f"Batch3/{name}.txt", lambda data, again=again: f"{again}\n".encode() + data)  # type: ignore[misc]
    day, symbol, *prices = lines(area, "Batch1/DailyMarket.txt")[4].split("|")
    append(area / "Batch2/DailyMarket.txt", "|".join(["I", "9001", day, symbol, *prices]))
    append(area / "Batch3/DailyMarket.txt", f"I|9002|{day}|{symbol}|1.00|1.00|1.00|1")
    cash = lines(area, "Batch1/CashTransaction.txt")[6]
    append(area / "Batch2/CashTransaction.txt", f"I|9003|{cash}")
    return area


@pytest.fixture(scope="module")
def sent_again(session: Path, area: Path) -> Warehouse:
    """A warehouse loaded from it at once."""
    warehouse = Warehouse(session / "sent_again", area, session)
    warehouse.load(*ROWS_ONLY, max_rejected_share=LIMIT)
    return warehouse


def test_each_row_that_came_before_is_on_record(sent_again: Warehouse, area: Path) -> None:
    """With the line that it repeats, and a word where its values are others."""
    row = insertion(area)[1]
    rejected = sent_again.query("select file_name, line_number, reason from operations.rejected_rows order by all")
    second, last = (len(lines(area, f"Batch{n}/DailyMarket.txt")) for n in (2, 3))
    cash = len(lines(area, "Batch2/CashTransaction.txt"))
    assert rejected == [
        ("Batch2/CashTransaction.txt", cash, "same key as line 7 of Batch1/CashTransaction.txt"),
        ("Batch2/DailyMarket.txt", second, "same key as line 5 of Batch1/DailyMarket.txt"),
        ("Batch3/CashTransaction.txt", 1, "same key as line 1 of Batch2/CashTransaction.txt"),
        ("Batch3/DailyMarket.txt", 1, "same key as line 1 of Batch2/DailyMarket.txt"),
        ("Batch3/DailyMarket.txt", last, "same key as line 5 of Batch1/DailyMarket.txt, but other values"),
        ("Batch3/HoldingHistory.txt", 1, "same key as line 1 of Batch2/HoldingHistory.txt"),
        ("Batch3/Trade.txt", 1, f"trade {row.split('|')[2]} was inserted before"),
        ("Batch3/WatchHistory.txt", 1, "same key as line 1 of Batch2/WatchHistory.txt"),
    ]  # fmt: skip
    assert sent_again.query("select * from operations.reconciliation where lost_rows <> 0") == []


def test_what_came_before_does_not_count_again(sent_again: Warehouse, loaded: Warehouse) -> None:
    """No table of the star schema differs."""
    assert [table for table in sent_again.unlike(loaded) if table.startswith("core.")] == []


@pytest.mark.long
def test_rows_that_came_before_come_out_the_same_one_batch_at_a_time(sent_again: Warehouse, room: Path) -> None:
    daily = Warehouse(room / "daily", sent_again.landing, sent_again.session)
    for batch in (2, 3):
        daily.load(*ROWS_ONLY, through_batch=batch, max_rejected_share=LIMIT)
    assert daily.unlike(sent_again) == {}


@pytest.mark.long
def test_a_late_part_comes_before_what_repeats_it(sent_again: Warehouse, room: Path) -> None:
    """Rows of a later batch are rejected for a part that came after them, as in a fresh load."""
    area = copy_landing(sent_again.landing, room / "landing")
    whole = area / "Batch2/CashTransaction.txt"
    rows = whole.read_bytes().splitlines(keepends=True)
    whole.unlink()
    (area / "Batch2/CashTransaction_1.txt").write_bytes(b"".join(rows[1:]))
    warehouse = Warehouse(room / "warehouse", area, sent_again.session)
    warehouse.load(*ROWS_ONLY, max_rejected_share=LIMIT)
    (area / "Batch2/CashTransaction_2.txt").write_bytes(rows[0])
    said = warehouse.load(*ROWS_ONLY, max_rejected_share=LIMIT)
    assert "Batch2 is loaded, and files of brokerage.cash_transaction in it came late" in said
    assert "Batch3 is loaded, and files of brokerage.cash_transaction in it follow" in said
    assert warehouse.query("select * from operations.reconciliation where lost_rows <> 0") == []
    assert warehouse.query(
        "select line_number, reason from operations.rejected_rows where file_name = 'Batch3/CashTransaction.txt'"
    ) == [(1, "same key as line 1 of Batch2/CashTransaction_2.txt")]
    assert [table for table in warehouse.unlike(sent_again) if table.startswith("core.")] == []

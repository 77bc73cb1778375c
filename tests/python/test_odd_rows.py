"""Rows that are nearly right: each is either loaded or rejected, never both and never neither."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from warehouse import ROWS_ONLY, Warehouse, copy_landing, rewrite

NOBODY = 999_999
LIMIT = 0.2


def append(path: Path, *rows: str) -> None:
    rewrite(path, lambda data: data + "".join(f"{row}\n" for row in rows).encode())


@pytest.fixture(scope="module")
def area(session: Path, loaded: Warehouse) -> Path:
    """A landing area with readable rows that refer to something that does not exist then."""
    area = copy_landing(loaded.landing, session / "odd_landing")
    for path in area.rglob("*_audit.csv"):
        path.unlink()
    ((late, since),) = loaded.query(
        "select account_id, min(effective_date) from core.dim_account where batch_id = 3 and account_id in (select "
        "account_id from staging.stg_brokerage__account where batch_id = 3 and cdc_flag = 'I') group by 1 limit 1"
    )
    ((account, opened),) = loaded.query("""
        select account_id, min(effective_date) from core.dim_account
        where account_id in (select account_id from staging.stg_brokerage__cash_transaction where batch_id = 1)
        group by account_id order by account_id limit 1
    """)
    ((symbol, issued),) = loaded.query("""
        select symbol, min(effective_date) from core.dim_security where symbol in (
            select symbol from staging.stg_brokerage__daily_market
        ) group by symbol order by 2 desc, 1 limit 1
    """)
    ((customer, watched, removed),) = loaded.query("""
        select customer_id, symbol, max(changed_at) from staging.stg_brokerage__watch_history where batch_id = 1
        group by customer_id, symbol
        having count(*) = 2 and max_by(action, changed_at) = 'CNCL' and hour(max(changed_at)) < 20
        order by 3 desc limit 1
    """)
    append(
        area / "Batch1/CashTransaction.txt",
        *[f"{NOBODY}|2017-07-01 10:00:00|1000000.00|Sent twice"] * 2,
        f"{account}|{opened - timedelta(days=1)} 10:00:00|1000000.00|Before the account",
        f"{account}|9999-12-31 10:00:00|1000000.00|When nothing is in force",
        f"{late}|{since - timedelta(days=3)} 10:00:00|1000000.00|Before the account",
    )
    append(
        area / "Batch1/DailyMarket.txt",
        f"{issued - timedelta(days=1)}|{symbol}|90000.00|99999.00|0.01|1",
    )
    append(area / "Batch1/WatchHistory.txt", f"{customer}|{watched}|{removed + timedelta(hours=1)}|CNCL")
    action = (
        f'<TPCDI:Action ActionType="NEW" ActionTS="2017-07-01T10:00:00"><Customer C_ID="{NOBODY}"><Account '
        f'CA_ID="{NOBODY}"><CA_B_ID>{NOBODY}</CA_B_ID></Account></Customer></TPCDI:Action>\n</TPCDI:Actions>'
    )
    rewrite(area / "Batch1/CustomerMgmt.xml", lambda data: data.replace(b"</TPCDI:Actions>", action.encode()))
    return area


@pytest.fixture(scope="module")
def odd(session: Path, area: Path) -> Warehouse:
    """A warehouse loaded from it at once."""
    warehouse = Warehouse(session / "odd", area, session)
    warehouse.load(*ROWS_ONLY, max_rejected_share=LIMIT)
    return warehouse


def test_each_is_rejected_once(odd: Warehouse) -> None:
    """A second removal of a watch, on the same day, too, and a doubled orphan: no row is lost without a word."""
    assert odd.query("select * from operations.reconciliation where lost_rows <> 0") == []
    rejected = odd.query("select file_name, column_name from operations.rejected_rows order by all")
    assert rejected == [
        ("Batch1/CashTransaction.txt", "ct_ca_id"),
        ("Batch1/CashTransaction.txt", "ct_ca_id"),
        ("Batch1/CashTransaction.txt", "ct_dts"),
        ("Batch1/CashTransaction.txt", "ct_dts"),
        ("Batch1/CashTransaction.txt", None),
        ("Batch1/CustomerMgmt.xml", "ca_b_id"),
        ("Batch1/DailyMarket.txt", "dm_date"),
        ("Batch1/WatchHistory.txt", "w_action"),
    ]


@pytest.mark.parametrize("table", ["dim_customer", "dim_account", "fact_cash_balances", "fact_market_history"])
def test_what_is_rejected_does_not_count(odd: Warehouse, loaded: Warehouse, table: str) -> None:
    """No part of a rejected row finds its way into a balance, a yearly extreme or a dimension."""
    assert odd.unlike(loaded).get(f"core.{table}") is None


@pytest.mark.long
def test_reasons_do_not_depend_on_later_batches(odd: Warehouse, room: Path) -> None:
    """A row about an account that a later batch opens is rejected with the same words day by day and at once."""
    daily = Warehouse(room / "daily", odd.landing, odd.session)
    daily.load(*ROWS_ONLY, through_batch=1, max_rejected_share=LIMIT)
    daily.load(*ROWS_ONLY, max_rejected_share=LIMIT)
    assert daily.unlike(odd) == {}


def test_sound_rows_beside_a_bad_one_are_not_rejected(loaded: Warehouse, room: Path) -> None:
    """A line end in quotes and a delimiter at a line's end do no harm, also where another row of the file is bad."""
    area = copy_landing(loaded.landing, room / "landing")
    prospects, cash = area / "Batch1/Prospect.csv", area / "Batch1/CashTransaction.txt"
    count = len(prospects.read_bytes().splitlines())
    append(prospects, 'Q1,"Two\nLines"' + "," * 20, "X,too short")
    append(cash, f"{cash.read_text(encoding='utf-8').split('|')[0]}|2017-07-01 10:00:00|5.00|Gift|", "X")
    warehouse = Warehouse(room / "warehouse", area, loaded.session)
    warehouse.load(*ROWS_ONLY, max_rejected_share=LIMIT)
    assert warehouse.query("select agency_id from core.prospect where last_name = 'Two\nLines'") == [("Q1",)]
    rejected = "select line_number, raw_text from operations.rejected_rows where file_name like '%Prospect%'"
    assert warehouse.query(rejected) == [(count + 3, "X,too short")]
    assert warehouse.query("select * from operations.reconciliation where lost_rows <> 0") == []


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("Prospect.csv", ",", ',"Open', "line 56: the quote in byte"),
        ("Prospect.csv", ",", ',"Clo"sed', "line 56: the quote in byte"),
        ("Prospect.csv", ",", "\r,", "mixes line ends"),
        ("FINWIRE1967Q1", "\n", "\r\n", "mixes line ends"),
    ],
)
def test_text_whose_rows_have_no_clear_end_is_refused(
    loaded: Warehouse, room: Path, name: str, old: str, new: str, says: str
) -> None:
    """DuckDB leaves out all rows after a broken quote, in silence, so such a file is named before it is loaded."""
    area = copy_landing(loaded.landing, room / "landing")
    path = area / "Batch1" / name
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    at = 55 if name.endswith(".csv") else 5
    lines[at] = lines[at].replace(old, new, 1)
    rewrite(path, lambda _: "".join(lines).encode())
    output = Warehouse(room / "warehouse", area, loaded.session).refuse()
    assert f"Batch1/{name}" in output
    assert says in output

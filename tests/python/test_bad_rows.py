"""A row that cannot be taken is put on record with its place, text and reason, and costs nothing else.

All bad rows are added to a landing area that is sound without them, so the star schema must come out as if they were
not there.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest
from warehouse import PROJECT, ROWS_ONLY, Warehouse, copy_landing, rewrite

from scripts.report.__main__ import write_report

NOBODY = 999_999
LONGEST_TEXT = 4_000


@dataclass(frozen=True)
class Bad:
    """A row added to a file, and what must be said of it."""

    source: str
    file: str
    text: str
    column: str | None
    reason: str


@dataclass(frozen=True)
class Known:
    """Keys of the landing area that a bad row can refer to."""

    account: str
    customer: str
    trade: str
    symbol: str
    watch: str


def known(landing: Path) -> Known:
    """Keys from the first rows of some files, and a watch that was never placed."""
    cash = (landing / "Batch1/CashTransaction.txt").read_text(encoding="utf-8").split("|", 1)
    trade = (landing / "Batch1/Trade.txt").read_text(encoding="utf-8").split("|", 6)
    watches = [line.split("|") for line in (landing / "Batch1/WatchHistory.txt").read_text().splitlines()]
    later = [line.split("|")[2:] for n in (2, 3) for line in (landing / f"Batch{n}/WatchHistory.txt").open()]
    placed = {(row[0], row[1]) for row in [*watches, *later]}
    symbols = sorted({row[1] for row in watches})
    customer = watches[0][0]
    never = next(symbol for symbol in symbols if (customer, symbol) not in placed)
    return Known(cash[0], customer, trade[0], trade[5], f"{customer}|{never}")


def element(kind: str, inside: str, time: str = "2017-07-01T10:00:00") -> str:
    return f'<TPCDI:Action ActionType="{kind}" ActionTS="{time}">{inside}</TPCDI:Action>'


def bad_rows(k: Known) -> list[Bad]:
    cash, cash_file = "brokerage.cash_transaction", "Batch1/CashTransaction.txt"
    day, prices = "brokerage.daily_market", "Batch1/DailyMarket.txt"
    wire, wire_file, company = "newswire.financial", "Batch1/FINWIRE2017Q2", "newswire.company"
    fin = "20170630-120000FIN201722017040120170630" + "".join(
        f"{n:<{w}}" for n, w in zip(range(1, 11), [17, 17, 12, 12, 12, 17, 17, 17, 13, 13], strict=True)
    )
    crm, crm_file = "crm.customer_mgmt", "Batch1/CustomerMgmt.xml"
    new = f'<Customer C_ID="{NOBODY}" C_DOB="%s"><Name><C_L_NAME>No</C_L_NAME></Name><Account CA_ID="{NOBODY}"/>'
    return [
        Bad(cash, cash_file, f"{k.account}|2017-07-01 10:00:00|5.00", None, "wrong number of fields: 3 instead of 4"),
        Bad(cash, cash_file, f"{k.account}|2017-07-01 10:00:00|V|x", "ct_amt", "'V' is not of type decimal(15,2)"),
        Bad(cash, cash_file, f"{k.account}||5.00|x", "ct_dts", "empty, but required"),
        Bad(cash, cash_file, f"{NOBODY}|2017-07-01 10:00:00|5.00|naïve", "ct_ca_id", f"unknown account {NOBODY}"),
        Bad(day, prices, f"2017-07-32|{k.symbol}|1|1|1|1", "dm_date", "'2017-07-32' is not of type date"),
        Bad(day, prices, "2017-07-06|NOSUCH|1.00|1.00|1.00|1", "dm_s_symb", "unknown security NOSUCH"),
        Bad(day, prices, f"1950-01-02|{k.symbol}|1|1|1|1", "dm_date", "security was not in force on 1950-01-02"),
        Bad(day, prices, f"2017-07-06|{k.symbol}|1.00|1.00|1.00|2.5", "dm_vol", "'2.5' is not of type bigint"),
        Bad(day, prices, f"2017-07-06|{k.symbol}|1|1e8|1|1", "dm_high", "'1e8' is not of type decimal(10,2)"),
        Bad(
            "brokerage.trade", "Batch1/Trade.txt",
            f"{NOBODY}|2017-07-01 10:00:00|SBMT|TMB|1|{k.symbol}|50|4.24|{NOBODY}|Nobody||||",
            "t_ca_id", f"unknown account {NOBODY}",
        ),
        Bad(
            "brokerage.trade_history", "Batch1/TradeHistory.txt",
            f"{NOBODY}|2017-07-01 10:00:00|SBMT", "th_t_id", f"trade {NOBODY} was rejected",
        ),
        Bad(
            "brokerage.trade", "Batch2/Trade.txt",
            f"D|900|{k.trade}|2017-07-08 10:00:00|CNCL|TMB|1|{k.symbol}|50|4.24|{k.account}|Nobody||||",
            "cdc_flag", "'D' is not one of I, U",
        ),
        Bad(
            "brokerage.trade", "Batch2/Trade.txt",
            f"U|901|{k.trade}|2017-07-08 10:00:00|GONE|TMB|1|{k.symbol}|50|4.24|{k.account}|Nobody||||",
            "t_st_id", "'GONE' is not one of ACTV, CMPT, CNCL, PNDG, SBMT, INAC",
        ),
        Bad(
            "brokerage.watch_history", "Batch2/WatchHistory.txt",
            f"I|900|{k.watch}|2017-07-08 10:00:00|CNCL", "w_action", "no active watch to remove",
        ),
        Bad(
            "brokerage.holding_history", "Batch3/HoldingHistory.txt",
            f"I||{k.trade}|{k.trade}|1|2", "cdc_dsn", "empty, but required",
        ),
        Bad(
            "brokerage.account", "Batch3/Account.txt",
            f"I|900|{NOBODY}|1|{NOBODY}|Nobody's|0|ACTV", "ca_c_id", f"unknown customer {NOBODY}",
        ),
        Bad(
            "marketing.prospect", "Batch2/Prospect.csv",
            '"X1","No ""B"" Ody",,,,,,,,,,,,,,,old,,,,,', "age", "'old' is not of type integer",
        ),
        Bad(wire, wire_file, fin[:100], "inventory", "truncated or empty: the record has 100 characters"),
        Bad(wire, wire_file, fin + "No Inc.", "co_name_or_cik", "no company No Inc. in force when posted"),
        Bad(company, "Batch1/FINWIRE1967Q1", "20170630-120000DIV1.00", "rec_type", "unknown record type 'DIV'"),
        Bad(company, "Batch1/FINWIRE1967Q1", "2017", "rec_type", "unknown record type ''"),
        Bad(crm, crm_file, element("NEW", new % "1980-01-01"), None, "not well-formed XML: mismatched tag"),
        Bad(
            crm, crm_file, element("NEW", new % "1980-02-30" + "</Customer>"),
            "c_dob", "'1980-02-30' is not of type date",
        ),
        Bad(
            crm, crm_file, element("UPDACCT", f'<Customer C_ID="{k.customer}"><Account CA_ID="{NOBODY}"/></Customer>'),
            "ca_id", f"unknown account {NOBODY}",
        ),
        Bad(crm, crm_file, element("INACT", f'<Customer C_ID="{NOBODY}"/>'), "c_id", f"unknown customer {NOBODY}"),
        Bad(
            crm, crm_file,
            element("INACT", f'<Customer C_ID="{NOBODY}"/><!-- {"long " * 1000}-->', "2017-07-01T10:00:01"),
            "c_id", f"unknown customer {NOBODY}",
        ),
    ]  # fmt: skip


Place = tuple[int, int | None]


def add(landing: Path, rows: list[Bad]) -> dict[Bad, Place]:
    """Put bad rows into their files, spread over each; returns the line, and in XML the byte, where each begins."""
    places: dict[Bad, Place] = {}
    by_file = defaultdict(list)
    for row in rows:
        by_file[row.file].append(row)
    for name, added in by_file.items():
        is_xml = name.endswith(".xml")
        lines = (landing / name).read_bytes().splitlines(keepends=True)
        # XML rows lie between the two lines of its head and the last line.
        first, last = (2, len(lines) - 1) if is_xml else (0, len(lines))
        taken = lines[:first]
        for number, row in enumerate(added):
            upto = first + (last - first) * (number + 1) // len(added)
            begin = len(taken)
            taken += lines[begin - number : upto]
            places[row] = (len(taken) + 1, len(b"".join(taken)) if is_xml else None)
            taken.append(row.text.encode() + b"\n")
        taken += lines[last:]
        assert len(taken) == len(lines) + len(added)
        rewrite(landing / name, lambda _, taken=taken: b"".join(taken))  # type: ignore[misc]
    return places


@dataclass(frozen=True)
class Damaged:
    """A warehouse loaded from a landing area with bad rows, and where those lie."""

    warehouse: Warehouse
    places: dict[Bad, Place]


@pytest.fixture(scope="module")
def damaged(session: Path, landing: Path) -> Damaged:
    """Loaded at once. Few rows land, so the limit on rejected rows is raised."""
    area = copy_landing(landing, session / "damaged_landing")
    for path in area.rglob("*_audit.csv"):
        path.unlink()
    places = add(area, bad_rows(known(landing)))
    warehouse = Warehouse(session / "damaged", area, session)
    warehouse.load(max_rejected_share=0.2)
    return Damaged(warehouse, places)


def test_every_bad_row_is_on_record(damaged: Damaged) -> None:
    """Each bad row is listed with file, line, column, reason and text; no other row is."""
    found = damaged.warehouse.query("""
        select source_name, file_name, raw_text, column_name, reason, batch_id, line_number, byte_offset
        from operations.rejected_rows
    """)
    expected = [
        (row.source, row.file, row.text[:LONGEST_TEXT], row.column, row.reason, int(row.file[5]), *place)
        for row, place in damaged.places.items()
    ]
    assert sorted(found, key=str) == sorted(expected, key=str)


def test_nothing_else_is_lost(damaged: Damaged, loaded: Warehouse) -> None:
    """Loaded and rejected rows make up what landed, file by file, and the star schema is that of the sound rows."""
    assert damaged.warehouse.query("select * from operations.reconciliation where lost_rows <> 0") == []
    rejected = damaged.warehouse.query("select cast(sum(rejected_rows) as integer) from operations.reconciliation")
    assert rejected == [(len(damaged.places),)]
    unlike = damaged.warehouse.unlike(loaded)
    assert {t: example for t, example in unlike.items() if re.match(r"core\.(?!resolved_)", t)} == {}


def test_the_report_says_why_and_never_what(damaged: Damaged, room: Path) -> None:
    """Each reason comes in the seed's words, with what to do; no value of a rejected row is shown."""
    content = write_report(damaged.warehouse.path, room / "report.html")
    assert sum(row["rejected_rows"] for row in content["rejected"]) == len(damaged.places)
    with open(PROJECT / "seeds" / "reject_reasons.csv", encoding="utf-8", newline="") as stream:
        worded = {(re.sub(r"{.*?}", "…", row["reason"]), row["advice"]) for row in csv.DictReader(stream)}
    assert {(row["reason"], row["advice"]) for row in content["rejected"]} <= worded


def test_the_warehouse_passes_its_tests(damaged: Damaged) -> None:
    """Rows that were rejected leave nothing behind that breaks the warehouse's own rules."""
    ran = damaged.warehouse.dbt("test", "--exclude-resource-type", "unit_test", max_rejected_share=0.2)
    assert ran.code == 0, ran.output


@pytest.mark.long
def test_bad_rows_come_out_the_same_one_batch_at_a_time(damaged: Damaged, room: Path) -> None:
    """A warehouse that was loaded day by day rejects what one that was loaded at once rejects."""
    daily = Warehouse(room / "daily", damaged.warehouse.landing, damaged.warehouse.session)
    daily.load(*ROWS_ONLY, through_batch=1, max_rejected_share=0.2)
    daily.load(*ROWS_ONLY, through_batch=2, max_rejected_share=0.2)
    daily.load(*ROWS_ONLY, max_rejected_share=0.2)
    assert daily.unlike(damaged.warehouse, rows_only=True) == {}

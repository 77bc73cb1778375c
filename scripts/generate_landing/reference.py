"""Files that hardly change: the calendar, the clock and the small code lists."""

from __future__ import annotations

import numpy as np

from scripts.generate_landing import words
from scripts.generate_landing.cells import (
    Piece,
    choice,
    clock,
    compact_date,
    date,
    delimited,
    integer,
    padded,
    pick,
    table,
)  # fmt: skip
from scripts.generate_landing.days import holiday, parts, weekday
from scripts.generate_landing.dice import I64, Cells
from scripts.generate_landing.finwire import industry_ids
from scripts.generate_landing.output import Landing
from scripts.generate_landing.settings import Settings

FIRST_DAY, LAST_YEAR = "1950-01-01", 2051

_MONTHS = words.listed("January February March April May June July August September October November December")
_WEEKDAYS = words.listed("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")

STATUS_TYPES = (
    ("ACTV", "Active"), ("CMPT", "Completed"), ("CNCL", "Canceled"),
    ("PNDG", "Pending"), ("SBMT", "Submitted"), ("INAC", "Inactive"),
)  # fmt: skip
TRADE_TYPES = (
    ("TMB", "Market Buy", 0, 1), ("TMS", "Market Sell", 1, 1), ("TSL", "Stop Loss", 1, 0),
    ("TLS", "Limit Sell", 1, 0), ("TLB", "Limit Buy", 0, 0),
)  # fmt: skip


def write_reference(landing: Landing, settings: Settings) -> None:
    """All reference files of the first batch."""
    _write_dates(landing, settings)
    _write_times(landing)
    small = {
        "StatusType.txt": ["|".join(row) for row in STATUS_TYPES],
        "TradeType.txt": [f"{key}|{name}|{sell}|{market}" for key, name, sell, market in TRADE_TYPES],
        "Industry.txt": [
            f"{key}|{name}|{words.SECTORS[place % len(words.SECTORS)]}"
            for place, (key, name) in enumerate(zip(industry_ids(), words.INDUSTRIES, strict=True))
        ],
        "TaxRate.txt": _tax_rates(),
    }
    for name, lines in small.items():
        with landing.file(1, name) as file:
            file.write_bytes("".join(f"{line}\n" for line in lines).encode())


def _tax_rates() -> list[str]:
    """National brackets, then the brackets of states and provinces; rates are shares of income."""
    lines = [f"US{n}|U.S. income tax bracket {n}|{0.10 + 0.055 * n:.5f}" for n in range(1, 6)]
    lines += [f"CN{n}|Canadian income tax bracket {n}|{0.12 + 0.05 * n:.5f}" for n in range(1, 5)]
    for place, state in enumerate(words.US_STATES):
        base = (place * 37 % 51) / 1000
        lines += [f"{state}{n}|{state} state income tax bracket {n}|{base + 0.0093 * n:.5f}" for n in range(1, 6)]
    for place, province in enumerate(words.PROVINCES):
        base = 0.04 + (place * 7 % 13) / 500
        lines += [f"{province}{n}|{province} provincial tax bracket {n}|{base + 0.0171 * n:.5f}" for n in range(1, 5)]
    return lines


def _write_dates(landing: Landing, settings: Settings) -> None:
    last_year = max(LAST_YEAR, settings.end_of_history.year + 10)
    first = int(np.datetime64(FIRST_DAY, "D").astype(np.int64))
    last = int(np.datetime64(f"{last_year}-01-01", "D").astype(np.int64))
    days: I64 = np.arange(first, last)
    year, month, day = parts(days)
    dow = weekday(days)
    quarter = (month - 1) // 3 + 1
    # Weeks are numbered within the year, the first one starting on 1 January.
    january = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64)
    week = (days - january + weekday(january)) // 7 + 1
    # The fiscal year starts in July and bears the number of the year in which it ends.
    fiscal_year, fiscal_quarter = year + (month >= 7), (quarter + 1) % 4 + 1
    month_name = pick(table(_MONTHS), month - 1)
    y, fy = integer(year), integer(fiscal_year)
    columns: list[Piece] = [
        compact_date(days),
        date(days),
        [month_name, b" ", integer(day), b", ", y],
        y,
        y,
        [y, integer(quarter)],
        [y, b" Q", integer(quarter)],
        [y, integer(month)],
        [y, b" ", month_name],
        [y, integer(week)],
        [y, b"-W", integer(week)],
        integer((dow + 1) % 7 + 1),
        pick(table(_WEEKDAYS), dow),
        fy,
        fy,
        [fy, integer(fiscal_quarter)],
        [fy, b" Q", integer(fiscal_quarter)],
        choice(holiday(days), "true", "false"),
    ]
    with landing.file(1, "Date.txt") as file:
        file.write(delimited(columns, b"|"), len(days))


def _write_times(landing: Landing) -> None:
    second: I64 = np.arange(86_400)
    hour, minute = second // 3600, second // 60 % 60
    text = clock(second)
    market: Cells = choice((second >= 34_200) & (second < 57_600), "true", "false")
    office: Cells = choice((second >= 28_800) & (second < 64_800), "true", "false")
    columns: list[Piece] = [
        padded(hour * 10_000 + minute * 100 + second % 60, 6),
        text,
        integer(hour),
        text[:, :2],
        integer(minute),
        text[:, :5],
        integer(second % 60),
        text,
        market,
        office,
    ]
    with landing.file(1, "Time.txt") as file:
        file.write(delimited(columns, b"|"), len(second))

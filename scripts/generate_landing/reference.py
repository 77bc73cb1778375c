"""Files that hardly change: the calendar, the clock and the small code lists."""

from __future__ import annotations

import duckdb
import numpy as np
import pyarrow as pa

from scripts.generate_landing import words
from scripts.generate_landing.days import holiday
from scripts.generate_landing.finwire import industry_ids
from scripts.generate_landing.output import Landing
from scripts.generate_landing.settings import Settings
from scripts.sql import read_query

FIRST_DAY, LAST_YEAR = "1950-01-01", 2051

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
    last_year = max(LAST_YEAR, settings.end_of_history.year + 10)
    days = np.arange(FIRST_DAY, f"{last_year}-01-01", dtype="datetime64[D]")
    calendar = pa.table({"day": days, "is_holiday": holiday(days.astype(np.int64))})
    # Other files are written at the same time.
    with duckdb.connect(config={"threads": 1}) as con:
        con.register("days", calendar)
        for name in ("Date", "Time"):
            with landing.file(1, f"{name}.txt") as file:
                for rows in con.sql(read_query(__file__, name.lower())).to_arrow_reader():
                    file.add([column.cast(pa.string()) for column in rows.columns])
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
            file.write(pa.array(f"{line}\n" for line in lines))


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

"""DailyMarket.txt: a price for each listed security and market day."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scripts.generate_landing.cells import Piece, cents, date, delimited, integer
from scripts.generate_landing.companies import Companies
from scripts.generate_landing.days import Calendar
from scripts.generate_landing.dice import I64
from scripts.generate_landing.output import Landing
from scripts.generate_landing.prices import Prices
from scripts.generate_landing.settings import CHUNK_ROWS, Settings

FILE = "DailyMarket.txt"


class Market:
    """Writes daily prices. A day's prices come with the batch of the next day."""

    def __init__(self, settings: Settings, companies: Companies, calendar: Calendar, prices: Prices) -> None:
        self.settings = settings
        self.companies, self.calendar, self.prices = companies, calendar, prices

    def write(self, landing: Landing) -> None:
        """The files of all batches, with their control totals."""
        sequence = 1
        for batch in range(1, self.calendar.last_batch + 1):
            # The last day of the history comes with batch 2.
            last = self.calendar.batch_market_day(batch)
            with landing.file(batch, FILE, large=True) as file:
                for security, market_day in self._blocks(0 if batch == 1 else last - 1, last):
                    if batch > 1:
                        told = self.settings.in_daily_share(security)
                        security, market_day = security[told], market_day[told]
                    first = None if batch == 1 else sequence + file.rows
                    file.write(self._lines(security, market_day, first), len(security))
            if batch > 1:
                sequence += file.rows
            landing.audit(batch, "DailyMarket", [("FactMarketHistory", "DM_RECORDS", file.rows)])

    def _blocks(self, first_day: int, last_day: int) -> Iterator[tuple[I64, I64]]:
        """Securities and days, day by day, in blocks that are neither small nor large."""
        day = first_day
        while day < last_day:
            listed = self.companies.listed(day)
            securities, days = [listed], [np.full(len(listed), day)]
            rows, day = len(listed), day + 1
            while day < last_day and rows < CHUNK_ROWS:
                listed = self.companies.listed(day)
                securities.append(listed)
                days.append(np.full(len(listed), day))
                rows, day = rows + len(listed), day + 1
            security, market_day = np.concatenate(securities), np.concatenate(days)
            for at in range(0, rows, CHUNK_ROWS):
                yield security[at : at + CHUNK_ROWS], market_day[at : at + CHUNK_ROWS]

    def _lines(self, security: I64, market_day: I64, sequence: int | None) -> Piece:
        low, close, high = self.prices.day(security, market_day)
        columns: list[Piece] = [
            date(self.calendar.dates[market_day]),
            np.take(self.companies.symbols, security, axis=0),
            cents(close),
            cents(high),
            cents(low),
            integer(self.prices.volume(security, market_day)),
        ]
        if sequence is not None:
            columns = [b"I", integer(sequence + np.arange(len(security))), *columns]
        return delimited(columns, b"|")

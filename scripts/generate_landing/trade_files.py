"""Trade.txt, TradeHistory.txt, CashTransaction.txt and HoldingHistory.txt, all from the same trades."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scripts.generate_landing.days import SECONDS_A_DAY, Calendar
from scripts.generate_landing.dice import I64, Bool, Dice, count
from scripts.generate_landing.hr import Employees
from scripts.generate_landing.output import DataFile, Landing
from scripts.generate_landing.text import Text, cents, delimited, integer, join, only, timestamp
from scripts.generate_landing.trades import LOTS, TLB, TLS, TMB, TMS, Desk, Trades

_DAY = SECONDS_A_DAY
PNDG, SBMT, CMPT, CNCL = range(4)
_STATUS = pa.array(["PNDG", "SBMT", "CMPT", "CNCL"])
_KINDS = pa.array(["TMB", "TMS", "TSL", "TLS", "TLB"])
_DONE = pa.array(["Market Buy", "Market Sell", "Stop Loss", "Limit Sell", "Limit Buy"])
_HISTORY_TOTALS = (
    "TH_Records", "TH_TLBTrades", "TH_TLSTrades", "TH_TMBTrades", "TH_TMSTrades", "TH_CanceledLTrades",
)  # fmt: skip


@dataclass
class _Events:
    """Events of trades: row of the trade, instant, and the status that is reached."""

    row: I64
    at: I64
    status: I64
    first: Bool

    def take(self, rows: I64 | Bool) -> _Events:
        """Some of the events."""
        return _Events(*(values[rows] for values in vars(self).values()))

    def between(self, start: int, stop: int) -> _Events:
        """Events from one instant up to another."""
        return self.take((self.at >= start) & (self.at < stop))


def events_of(trades: Trades) -> _Events:
    """All events, trade by trade, each trade's in time order."""
    rows = np.arange(len(trades))
    limit = trades.is_limit
    submitted = np.flatnonzero(limit & (trades.submitted >= 0))
    row = np.concatenate([rows, submitted, rows])
    at = np.concatenate([trades.created, trades.submitted[submitted], trades.closed])
    begin, end = np.where(limit, PNDG, SBMT), np.where(trades.completed, CMPT, CNCL)
    status = np.concatenate([begin, np.full(len(submitted), SBMT), end])
    step = np.repeat([0, 1, 2], [len(rows), len(submitted), len(rows)])
    return _Events(row, at, status, step == 0).take(np.argsort(row * 4 + step))


class TradeFiles:
    """Writes the files of all batches."""

    def __init__(self, desk: Desk, employees: Employees, calendar: Calendar, dice: Dice) -> None:
        self.desk, self.employees, self.calendar = desk, employees, calendar
        self.dice = dice.sub("trade files")
        self.symbols = desk.companies.symbols
        self.totals: Counter[str] = Counter()

    def write(self, landing: Landing) -> None:
        """All batches, one after the other. Orders that are open at a batch's end wait for the next."""
        open_: list[Trades] = []
        with landing.file(1, "TradeHistory.txt", large=True) as history:
            for batch in range(1, self.calendar.last_batch + 1):
                day = self.calendar.batch_market_day(batch)
                first = 0 if batch == 1 else day
                # The history is written as it is simulated; a day in one piece with what is open.
                pieces: Iterable[Trades] = self.desk.simulate(first, day + 1)
                if batch > 1 and (pending := [*open_, *pieces]):
                    pieces, open_ = [Trades.concatenate(pending)], []
                with (
                    landing.file(batch, "Trade.txt", large=True) as trade,
                    landing.file(batch, "CashTransaction.txt", large=True) as cash,
                    landing.file(batch, "HoldingHistory.txt", large=True) as holding,
                ):
                    for trades in pieces:
                        if batch == 1:
                            self._past(trades, (day + 1) * _DAY, trade, history)
                        else:
                            self._today(trades, day, trade)
                        self._consequences(trades, first * _DAY, (day + 1) * _DAY, cash, holding)
                        open_.append(trades.take(trades.closed >= (day + 1) * _DAY))
                self._audit(landing, batch)

    def _audit(self, landing: Landing, batch: int) -> None:
        def totals(*names: str) -> dict[str, int]:
            return {name: self.totals[name] for name in names}

        if batch == 1:
            landing.audit(1, "TradeHistory", DimTradeHistory=totals(*_HISTORY_TOTALS))
        trades = totals("T_Records", "T_NEW", "T_CanceledTrades", "T_InvalidCommision", "T_InvalidCharge")
        landing.audit(batch, "Trade", DimTrade=trades)
        landing.audit(batch, "CashTransaction", DimTradeHistory=totals("CT_Records", "CT_Trades"))
        landing.audit(batch, "HoldingHistory", FactHoldings=totals("HH_RECORDS"))
        self.totals.clear()

    def _past(self, trades: Trades, end: int, trade: DataFile, history: DataFile) -> None:
        """The history: each trade as it stands at the end, and each event up to then."""
        events = events_of(trades).between(0, end)
        last = np.append(events.row[1:] != events.row[:-1], True)
        at, status = events.at[last], events.status[last]
        self._count(trades, status)
        self.totals["T_NEW"] += len(at)
        trade.add(self._columns(trades, at, status))
        number = integer(trades.number[events.row])
        history.write(delimited([number, self._instant(events.at), _STATUS.take(events.status)], "|"))
        self._count_history(trades, events)

    def _count_history(self, trades: Trades, events: _Events) -> None:
        """Each kind is counted by the status that its orders start with."""
        kind, limit = trades.kind[events.row], trades.is_limit[events.row]
        self.totals["TH_Records"] += len(kind)
        for name, which in (("TLB", TLB), ("TLS", TLS), ("TMB", TMB), ("TMS", TMS)):
            self.totals[f"TH_{name}Trades"] += count(events.first & (kind == which))
        self.totals["TH_CanceledLTrades"] += count(limit & (events.status == CNCL))

    def _today(self, trades: Trades, day: int, trade: DataFile) -> None:
        """A day: a row for each event, the first one of a trade an insert, in the order of time."""
        events = events_of(trades).between(day * _DAY, (day + 1) * _DAY)
        events = events.take(np.argsort(events.at, kind="stable"))
        rows, first = trades.take(events.row), events.first
        self._count(rows, events.status)
        self.totals["T_NEW"] += count(first)
        trade.add(self._columns(rows, events.at, events.status), pc.if_else(first, "I", "U"))

    def _count(self, rows: Trades, status: I64) -> None:
        closed = status == CMPT
        value = rows.price * rows.quantity
        self.totals["T_Records"] += len(status)
        self.totals["T_CanceledTrades"] += count(status == CNCL)
        self.totals["T_InvalidCommision"] += count(closed & (rows.commission > value))
        self.totals["T_InvalidCharge"] += count(closed & (rows.fee > value))

    def _instant(self, at: I64) -> Text:
        return timestamp(self.calendar.dates[at // _DAY], at % _DAY)

    def _columns(self, rows: Trades, at: I64, status: I64) -> list[Text]:
        done = status == CMPT
        return [
            integer(rows.number),
            self._instant(at),
            _STATUS.take(status),
            _KINDS.take(rows.kind),
            integer(rows.cash.astype(np.int64)),
            self.symbols.take(rows.security),
            integer(rows.quantity),
            cents(rows.bid),
            integer(rows.account),
            self.employees.full_name(rows.executor),
            only(done, cents(rows.price)),
            only(done, cents(rows.fee)),
            only(done, cents(rows.commission)),
            only(done, cents(rows.tax)),
        ]

    def _consequences(self, trades: Trades, start: int, stop: int, cash: DataFile, holding: DataFile) -> None:
        """Money and shares that change hands between two instants."""
        self._holdings(trades, start, stop, holding)
        paid = trades.take(trades.completed & trades.cash & (trades.closed >= start) & (trades.closed < stop))
        into = trades.take((trades.deposit > 0) & (trades.created >= start) & (trades.created < stop))
        self.totals["CT_Trades"] += len(paid)
        self.totals["CT_Records"] += len(paid) + len(into)
        value, costs = paid.price * paid.quantity, paid.fee + paid.commission
        amount = np.where(paid.is_sale, value, -value) - costs
        settled = np.minimum(paid.closed + 1 + paid.number % 120, paid.closed // _DAY * _DAY + _DAY - 1)
        name = join(
            _DONE.take(paid.kind), " ", integer(paid.quantity), " shares of ", self.symbols.take(paid.security),
            " at ", cents(paid.price), " (trade ", integer(paid.number), ")",
        )  # fmt: skip
        morning = into.created // _DAY * _DAY + 28_800 + into.number % 3600
        # Deposits of a block come first, then what trades cost or bring.
        cash.add([integer(into.account), self._instant(morning), cents(into.deposit), "Deposit"])
        cash.add([integer(paid.account), self._instant(settled), cents(amount), name])

    def _holdings(self, trades: Trades, start: int, stop: int, holding: DataFile) -> None:
        due = trades.completed & (trades.closed >= start) & (trades.closed < stop)
        used = trades.lot_used & due[:, None]
        row, lot = np.divmod(np.flatnonzero(used.reshape(-1)), LOTS)
        self.totals["HH_RECORDS"] += len(row)
        if holding.is_daily:
            order = np.argsort(trades.closed[row], kind="stable")
            row, lot = row[order], lot[order]
        before, after = trades.lot_before[row, lot], trades.lot_after[row, lot]
        holding.add([integer(each) for each in (trades.lot_number[row, lot], trades.number[row], before, after)])

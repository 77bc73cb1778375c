"""Trades: accounts open positions in securities and sell them again.

Each chain is one account's line of business: it buys a security, perhaps more of it, and sells it first
in, first out, then turns to another security. All that happens to an order (when it is submitted, how
it ends, at what price) is known once it is placed, so a chain's state is small: its present security and
at most three lots held. An order that is still open when the chain's next turn comes is left alone; the
chain turns to another security.

An instant is a market day times 86,400 plus a second of that day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from scripts.generate_landing.companies import Companies
from scripts.generate_landing.crm import Lives
from scripts.generate_landing.days import SECONDS_A_DAY, Calendar
from scripts.generate_landing.dice import I64, Bool, Dice, count, ordinals
from scripts.generate_landing.market import Prices
from scripts.generate_landing.settings import Settings
from scripts.generate_landing.slots import Piece, Seats, Slots

TMB, TMS, TSL, TLS, TLB = range(5)
LONGEST = 7
"""Market days after which an order has come to its end."""
LOTS = 3
COPIES = 4
"""Most chains of one account at the start."""
_DAY = SECONDS_A_DAY


@dataclass
class Trades:
    """Trades in the order of their numbers. Amounts in cents."""

    number: I64
    created: I64
    submitted: I64
    """Equal to `created` for market orders, -1 for a limit order that is canceled before."""
    closed: I64
    completed: Bool
    """False: canceled."""
    kind: I64
    cash: Bool
    security: I64
    quantity: I64
    bid: I64
    account: I64
    executor: I64
    price: I64
    fee: I64
    commission: I64
    tax: I64
    deposit: I64
    """Paid into the account before the trade, 0 for none."""
    lot_number: I64
    """The trades that opened the holdings which the trade changes (trades x lots)."""
    lot_before: I64
    """Shares held before, 0 for a purchase."""
    lot_after: I64
    lot_used: Bool

    def __len__(self) -> int:
        return len(self.number)

    def take(self, rows: I64 | Bool) -> Trades:
        """Some of the trades."""
        return Trades(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @staticmethod
    def concatenate(parts: list[Trades]) -> Trades:
        """Trades one after the other."""
        return Trades(**{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(Trades)
        })  # fmt: skip

    @property
    def is_limit(self) -> Bool:
        """Orders that wait for a price."""
        return np.asarray(self.kind >= TSL)

    @property
    def is_sale(self) -> Bool:
        """Orders to sell."""
        return np.asarray((self.kind >= TMS) & (self.kind <= TLS))


class Desk:
    """Simulates trading, piece by piece."""

    def __init__(
        self, settings: Settings, calendar: Calendar, companies: Companies, lives: Lives, prices: Prices,
        employees: int, dice: Dice,
    ) -> None:  # fmt: skip
        self.calendar, self.companies, self.prices = calendar, companies, prices
        self.employees = employees
        self.dice = dice.sub("trades")
        # An account trades from the day after its opening to the day before its end.
        never = len(calendar.dates) + LONGEST
        self._from, self._until = calendar.span(lives.account_new, lives.account_gone, never)
        old = np.flatnonzero((self._from == 0) & (self._until > 0))
        copies = 1 + self.dice.choose((0.8, 0.13, 0.04, 0.03), "chains", old)
        chains = int(copies.sum())
        mixed = np.argsort(self.dice.bits("mixed", np.arange(chains)))
        self._copy = ordinals(copies)[mixed]
        self.seats = Seats(np.repeat(old, copies)[mixed], self._until)
        waiting = np.flatnonzero(self._from > 0)
        self._waiting = waiting[np.argsort(self._from[waiting], kind="stable")]
        self._seated = 0

        slots = int(settings.trades / 0.99)
        daily = max(16, round(settings.daily(slots) * 0.6))
        self.slots = Slots(calendar, self.dice.sub("slots"), chains, slots, daily, (9.5, 15.8))
        self._security: I64 = np.full(chains, -1)
        self._campaign: I64 = np.zeros(chains, dtype=np.int64)
        self._free_at: I64 = np.full(chains, -1)
        self._lot_size: I64 = np.zeros((chains, LOTS), dtype=np.int64)
        self._lot_number: I64 = np.zeros((chains, LOTS), dtype=np.int64)
        self._lot_price: I64 = np.zeros((chains, LOTS), dtype=np.int64)
        self._next_number = 0
        # An account never returns to a security.
        self._campaigns = max(1, companies.securities // COPIES)

    def simulate(self, first_day: int, last_day: int) -> Iterator[Trades]:
        """Trades placed from one market day up to another. Days must be asked for in order."""
        for piece in self.slots.pieces(first_day, last_day):
            self._seat(int(piece.market_day[0]))
            trades = self._piece(piece)
            if len(trades):
                yield trades

    def _seat(self, market_day: int) -> None:
        """New accounts take over chains: those of accounts that have gone, then any."""
        upto = int(np.searchsorted(self._from[self._waiting], market_day, side="right"))
        new = self._waiting[self._seated : upto]
        self._seated = upto
        new = new[self._until[new] > market_day]
        seats = self.seats.give(new, market_day)
        self._copy[seats] = 0
        self._security[seats] = -1
        self._campaign[seats] = 0
        self._free_at[seats] = -1
        self._lot_size[seats] = 0

    def _piece(self, piece: Piece) -> Trades:
        dice, chain, slot, day = self.dice, piece.chain, piece.slot, piece.market_day
        created = day * _DAY + piece.second
        account, copy = self.seats.holder[chain], self._copy[chain]
        security, campaign = self._security[chain], self._campaign[chain]
        held_lots = self._lot_size[chain]

        # Turn to another security: at the first turn, while an order is open, or at will.
        must = (security < 0) | (self._free_at[chain] >= created)
        must |= ~self.companies.is_listed(np.maximum(security, 0), day, day + LONGEST)
        turns = must | dice.chance(0.22, "turns", slot)
        turns &= (campaign < self._campaigns - 1) | must
        fits = ~turns
        for _ in range(3):
            rows = np.flatnonzero(~fits & (campaign < self._campaigns))
            candidate = self.companies.visited(dice, account[rows], campaign[rows] * COPIES + copy[rows])
            campaign[rows] += 1
            good = self.companies.is_listed(candidate, day[rows], day[rows] + LONGEST)
            security[rows] = np.where(good, candidate, security[rows])
            fits[rows] |= good
        held_lots = np.where((turns & fits)[:, None], 0, held_lots)
        held = held_lots.sum(axis=1)

        full = held_lots[:, -1] > 0
        sells = (held > 0) & (full | dice.chance(0.52, "sells", slot))
        kind = np.where(
            sells,
            np.array([TMS, TLS, TSL])[dice.choose((0.5, 0.3, 0.2), "sale kind", slot)],
            np.array([TMB, TLB])[dice.choose((0.5, 0.5), "purchase kind", slot)],
        )
        submitted, closed, completed = self._fate(slot, created, kind)
        last_day = closed // _DAY
        valid = fits & (self._from[account] <= day) & (last_day < self._until[account])

        bought = 10 * (1 + (79 * dice.unit("quantity", slot) ** 2).astype(np.int64))
        part = 1 + (held * dice.unit("part", slot)).astype(np.int64)
        sold = np.where(dice.chance(0.5, "all", slot), held, np.minimum(part, held))
        quantity = np.where(sells, sold, bought)
        low, _, high = self.prices.day(np.maximum(security, 0), last_day)
        price = low + ((high - low) * dice.unit("price", slot)).astype(np.int64)
        margin = dice.below(50, "margin", slot)
        # A limit is never worse than the price; a stop loss is sold at its price or below.
        side = np.where((kind == TLS), -margin, np.where(kind >= TSL, margin, margin - 25))
        bid = np.maximum(price + price * side // 1000, 1)

        value = price * quantity
        number = self._next_number + np.cumsum(valid) - 1
        self._next_number += count(valid)
        lot_after, lot_used, cost = self._sell(chain, held_lots, quantity, sells & completed)
        trades = Trades(
            number=number, created=created, submitted=submitted, closed=closed, completed=completed, kind=kind,
            cash=dice.chance(0.88, "cash", account, security), security=security, quantity=quantity, bid=bid,
            account=account, executor=dice.below(self.employees, "executor", account, day // 60),
            price=price, fee=self._fee(slot, value), commission=self._commission(slot, number, value),
            tax=self._tax(account, value - cost, sells), deposit=self._deposit(slot, value, sells, turns),
            lot_number=self._lot_number[chain], lot_before=held_lots, lot_after=lot_after, lot_used=lot_used,
        )  # fmt: skip
        self._keep(piece, trades, valid, campaign, turns & fits, sells)
        return trades.take(np.flatnonzero(valid))

    def _fate(self, slot: I64, created: I64, kind: I64) -> tuple[I64, I64, Bool]:
        """When an order is submitted and closed, and whether it is completed then."""
        dice = self.dice
        limit = kind >= TSL
        completed = ~dice.chance(0.07, "fails", slot)
        completed &= ~(limit & dice.chance(0.12, "limit fails", slot))
        day = created // _DAY
        # How many days a limit order waits for its price: many of them none.
        wait = np.where(limit, dice.choose((0.4, 0.2, 0.14, 0.11, 0.08, 0.07), "wait", slot), 0)
        night = np.where(limit & dice.chance(0.06, "night", slot), 1, 0)
        rest = 16 * 3600 - created % _DAY
        same_day = created + 1 + (rest * 0.8 * dice.unit("submit", slot)).astype(np.int64)
        later = (day + wait) * _DAY + 34_200 + (22_000 * dice.unit("submit", slot)).astype(np.int64)
        submit = np.where(wait == 0, same_day, later)
        delay = 1 + dice.below(400, "fill", slot)
        overnight = (day + wait + 1) * _DAY + 34_200 + delay * 40
        closed = np.where(limit, np.where(night > 0, overnight, submit + delay), created + delay)
        # Some limit orders are withdrawn before they are ever submitted.
        withdrawn = limit & ~completed & dice.chance(0.5, "withdrawn", slot)
        closed = np.where(withdrawn, submit, closed)
        return np.where(limit, np.where(withdrawn, -1, submit), created), closed, completed

    def _sell(self, chain: I64, held: I64, quantity: I64, sells: Bool) -> tuple[I64, Bool, I64]:
        """First in, first out: what is left of each lot, which lots change, and what the shares cost."""
        after = held.copy()
        rest = np.where(sells, quantity, 0)
        cost = np.zeros(len(chain), dtype=np.int64)
        prices = self._lot_price[chain]
        for lot in range(LOTS):
            taken = np.minimum(held[:, lot], rest)
            after[:, lot] -= taken
            rest = rest - taken
            cost += taken * prices[:, lot]
        return after, after != held, cost

    def _fee(self, slot: I64, value: I64) -> I64:
        """Usually a few dollars, always less than the trade; rarely entered wrong: more than the trade."""
        fee = np.minimum(300 + self.dice.below(1700, "fee", slot), value // 4)
        wrong = self.dice.chance(0.002, "wrong fee", slot) | (slot % 997 == 12)
        return np.where(wrong, value + 1 + self.dice.below(5000, "wrong fee by", slot), fee)

    def _commission(self, slot: I64, number: I64, value: I64) -> I64:
        """Up to 1.5 % of the trade; rarely entered wrong: more than the trade."""
        commission = value * (20 + self.dice.below(130, "commission", slot)) // 10_000
        wrong = self.dice.chance(0.002, "wrong commission", slot) | (number % 911 == 30)
        return np.where(wrong, value + 1 + self.dice.below(9000, "wrong commission by", slot), commission)

    def _tax(self, account: I64, gain: I64, sells: Bool) -> I64:
        rate = 10 + self.dice.below(26, "tax rate", account)
        return np.where(sells, np.maximum(gain, 0) * rate // 100, 0)

    def _deposit(self, slot: I64, value: I64, sells: Bool, turns: Bool) -> I64:
        pays = turns & ~sells & self.dice.chance(0.2, "deposit", slot)
        return np.where(pays, value // 10_000 * 10_000 + 100_000, 0)

    def _keep(self, piece: Piece, trades: Trades, valid: Bool, campaign: I64, turned: Bool, sells: Bool) -> None:
        """Bring the chains' state forward, and complete the lots of purchases."""
        chain = piece.chain
        self._campaign[chain] = campaign
        changed = valid | turned
        rows = np.flatnonzero(changed)
        self._security[chain[rows]] = trades.security[rows]
        self._free_at[chain[valid]] = trades.closed[valid]
        sizes, numbers, prices = trades.lot_after, trades.lot_number, self._lot_price[chain]

        buys = np.flatnonzero(valid & trades.completed & ~sells)
        place = np.count_nonzero(sizes[buys] > 0, axis=1)
        # Lots that are sold out leave their place: those that are left move up.
        new_sizes, new_numbers, new_prices = sizes.copy(), numbers.copy(), prices.copy()
        new_sizes[buys, place] = trades.quantity[buys]
        new_numbers[buys, place] = trades.number[buys]
        new_prices[buys, place] = trades.price[buys]
        order = np.argsort(new_sizes == 0, axis=1, kind="stable")
        ids = chain[rows]
        pick = order[rows]
        kept = np.where(valid[:, None], new_sizes, trades.lot_before)
        self._lot_size[ids] = np.take_along_axis(kept[rows], pick, axis=1)
        self._lot_number[ids] = np.take_along_axis(new_numbers[rows], pick, axis=1)
        self._lot_price[ids] = np.take_along_axis(new_prices[rows], pick, axis=1)

        # A purchase changes one holding, its own.
        trades.lot_before[buys] = 0
        trades.lot_after[buys] = 0
        trades.lot_used[buys] = False
        trades.lot_number[buys, 0] = trades.number[buys]
        trades.lot_after[buys, 0] = trades.quantity[buys]
        trades.lot_used[buys, 0] = True

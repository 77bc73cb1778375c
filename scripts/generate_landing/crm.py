"""The life of customers and accounts: every event of the history and of the days after it.

Simulated first and wholly: other sources need to know which accounts live when. Held in arrays with
one element an event, a customer or an account; times are seconds since 1970-01-01.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scripts.generate_landing.companies import NEVER
from scripts.generate_landing.crm_days import simulate_day
from scripts.generate_landing.crm_parts import (
    ADDACCT,
    CLOSEACCT,
    INACT,
    NEW,
    UPDACCT,
    UPDCUST,
    Events,
    account_changes,
    customer_changes,
    ordered,
)  # fmt: skip
from scripts.generate_landing.days import LOOKAHEAD, SECONDS_A_DAY, Calendar
from scripts.generate_landing.dice import I64, Dice
from scripts.generate_landing.settings import Settings

YEARS = 10
_DAY = SECONDS_A_DAY


@dataclass
class Lives:
    """When customers and accounts come and go (`NEVER`: not within what is simulated)."""

    customer_new: I64
    customer_gone: I64
    account_new: I64
    account_closed: I64
    """By itself; its customer may be gone before."""
    account_customer: I64

    @property
    def account_gone(self) -> I64:
        """When accounts cease to trade."""
        return np.minimum(self.account_closed, self.customer_gone[self.account_customer])


class Crm:
    """All events, and the lives that they make."""

    def __init__(self, settings: Settings, calendar: Calendar, dice: Dice) -> None:
        self.settings, self.calendar = settings, calendar
        self.dice = dice.sub("crm")
        self.history, self.lives = self._history()
        self.customers_in_history = len(self.lives.customer_new)
        self.days: list[Events] = []
        first = len(self.history.kind)
        for number in range(settings.days + LOOKAHEAD):
            events = simulate_day(settings, self.dice, calendar.end + 1 + number, self.lives, first)
            first += len(events.kind)
            self.days.append(events)

    def _spread(self, purpose: str, ids: I64, low: I64, high: I64) -> I64:
        """A moment between two, `low` itself where there is no room."""
        room = np.maximum(high - low, 1)
        return np.asarray(low + (self.dice.unit(purpose, ids) * room).astype(np.int64))

    def _history(self) -> tuple[Events, Lives]:
        settings, dice = self.settings, self.dice
        stop = (self.calendar.end + 1) * _DAY
        start = stop - YEARS * 365 * _DAY
        count = settings.new_customers
        c = np.arange(count)
        new = start + ((c + dice.unit("new", c)) / count * (stop - start - 3 * _DAY)).astype(np.int64)
        # Two desks sometimes open customers in the same second.
        tie = (dice.chance(0.01, "new tie", c) | (c % 40 == 11)) & (c > 0)
        new[tie] = new[np.flatnonzero(tie) - 1]
        leaves = dice.chance(0.11, "leaves", c) & (new + 30 * _DAY < stop)
        gone = np.where(leaves, self._spread("leaves when", c, new + 30 * _DAY, c * 0 + stop), NEVER)
        until = np.minimum(gone, stop - 1)

        extra = np.arange(settings.new_accounts)
        owner = dice.below(count, "owner", extra)
        added = self._spread("added", extra, new[owner], until[owner])
        # Accounts are numbered in the order in which they are opened.
        times = np.concatenate([new, added])
        kinds = np.repeat([NEW, ADDACCT], [count, len(extra)])
        order = np.lexsort((np.concatenate([c, owner]), kinds, times))
        account_new = times[order]
        account_customer = np.concatenate([c, owner])[order]
        opened_by = kinds[order]
        a = np.arange(len(order))
        closes = dice.chance(0.09, "closes", a) & (account_new + _DAY < stop)
        closed = self._spread("closes when", a, account_new + _DAY, a * 0 + stop)
        closed = np.where(closes, closed, NEVER)

        changed, changed_at = self._customer_updates(new, gone, until, stop)
        account, account_at = self._account_updates(account_new, changed, changed_at, account_customer, stop)
        gone_c, closed_a = np.flatnonzero(gone < NEVER), np.flatnonzero(closed < NEVER)
        sizes = [len(a), len(changed), len(account), len(closed_a), len(gone_c)]
        no_account = np.full(len(changed), -1)
        kind = np.concatenate([opened_by, np.repeat([UPDCUST, UPDACCT, CLOSEACCT, INACT], sizes[1:])])
        customer = np.concatenate(
            [
                account_customer,
                changed,
                account_customer[account],
                account_customer[closed_a],
                gone_c,
            ]
        )
        accounts = np.concatenate([a, no_account, account, closed_a, np.full(len(gone_c), -1)])
        time = np.concatenate([account_new, changed_at, account_at, closed[closed_a], gone[gone_c]])
        events = ordered(dice, kind, customer, accounts, time, 0)
        return events, Lives(new, gone, account_new, closed, account_customer)

    def _customer_updates(self, new: I64, gone: I64, until: I64, stop: int) -> tuple[I64, I64]:
        """Who is updated when; some twice a day, on the first day or on the last one."""
        dice = self.dice
        u = np.arange(self.settings.customer_updates)
        who = dice.below(len(new), "updated", u)
        when = self._spread("updated when", u, new[who], until[who])
        night = self._month_end(when)
        when = np.where(dice.chance(0.06, "night", u) & (night < until[who]), night, when)
        first_day = dice.chance(0.02, "first day", u) | (u == 3)
        when = np.where(first_day, np.minimum(new[who] + 600, _day_end(new[who])), when)
        # A burst: the customer of the update before, within the hour or the second.
        burst = (dice.chance(0.06, "burst", u) | (u % 50 == 7)) & (u > 0)
        before = np.maximum(u - 1, 0)
        who = np.where(burst, who[before], who)
        again = when[before] + dice.below(3600, "burst when", u) * (u % 5 > 0)
        when = np.where(burst, np.minimum(again, _day_end(when[before])), when)
        when = np.where(burst & (when > until[who]), until[who], when)
        # Some change their address on the day on which they leave.
        last_day = np.flatnonzero(dice.chance(0.08, "last day", np.arange(len(gone))) & (gone < NEVER))
        last_when = np.maximum(gone[last_day] - 900, gone[last_day] // _DAY * _DAY)
        keep = when < stop
        return np.concatenate([who[keep], last_day]), np.concatenate([when[keep], last_when])

    def _account_updates(
        self, account_new: I64, changed: I64, changed_at: I64, account_customer: I64, stop: int
    ) -> tuple[I64, I64]:
        """Which accounts are updated when; some twice a day, or on the day their customer changes."""
        dice = self.dice
        u = np.arange(self.settings.account_updates)
        who = dice.below(len(account_new), "account", u)
        when = self._spread("account when", u, account_new[who], u * 0 + stop)
        night = self._month_end(when)
        when = np.where(dice.chance(0.06, "account night", u) & (night < stop), night, when)
        burst = (dice.chance(0.06, "account burst", u) | (u % 50 == 7)) & (u > 0)
        before = np.maximum(u - 1, 0)
        who = np.where(burst, who[before], who)
        again = when[before] + dice.below(3600, "account burst when", u) * (u % 5 > 0)
        when = np.where(burst, np.minimum(again, _day_end(when[before])), when)
        # First account of a customer that has just been updated (accounts are in order of opening).
        same = np.flatnonzero(dice.chance(0.05, "with customer", np.arange(len(changed))))
        order = np.argsort(account_customer, kind="stable")
        first = order[np.searchsorted(account_customer[order], changed[same])]
        at = np.minimum(changed_at[same] + 120, _day_end(changed_at[same]))
        known = account_new[first] <= at
        return np.concatenate([who, first[known]]), np.concatenate([when, at[known]])

    def _month_end(self, when: I64) -> I64:
        """The nightly run at the start of the next month, on which many changes tie."""
        month = (when // _DAY).astype("datetime64[D]").astype("datetime64[M]") + 1
        return month.astype("datetime64[D]").astype(np.int64) * _DAY + 7200

    def history_totals(self) -> tuple[list[tuple[str, str, int]], list[tuple[str, str, int]]]:
        """Control totals of the history's events: by customers, by accounts."""
        return (
            customer_changes(self.history),
            account_changes(self.history, self.lives.account_customer, self.lives.account_new),
        )


def _day_end(when: I64) -> I64:
    """Last second of the day."""
    return when // _DAY * _DAY + _DAY - 1

"""One day of customers and accounts after the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from scripts.generate_landing.companies import NEVER
from scripts.generate_landing.crm_parts import (
    ADDACCT,
    CLOSEACCT,
    DAILY_SHARE,
    INACT,
    NEW,
    UPDACCT,
    UPDCUST,
    Events,
    ordered,
)  # fmt: skip
from scripts.generate_landing.days import SECONDS_A_DAY, weekday
from scripts.generate_landing.dice import I64, Dice
from scripts.generate_landing.settings import Settings

if TYPE_CHECKING:
    from scripts.generate_landing.crm import Lives

HOUR = 3600


def simulate_day(settings: Settings, dice: Dice, day: int, lives: Lives, first: int) -> Events:
    """The events of a day; `lives` is brought forward. `first` is the number of the first event."""
    draw = _Day(settings, dice.sub("day"), day, lives)
    return draw.events(first)


class _Day:
    def __init__(self, settings: Settings, dice: Dice, day: int, lives: Lives) -> None:
        self.settings, self.dice, self.day, self.lives = settings, dice, day, lives
        self.start = day * SECONDS_A_DAY
        self.busy = 0.8 + 0.4 * dice.number("busy", day)
        self.busy *= 0.85 if int(weekday(np.array([day]))[0]) >= 5 else 1.05

    def _number(self, of_history: float, at_least: float, purpose: str) -> int:
        """How many events of a kind: a share of the history's; a part of one is a chance of one."""
        wanted = max(at_least, of_history * DAILY_SHARE * self.settings.daily_share * self.busy)
        return int(wanted + self.dice.number(f"number {purpose}", self.day))

    def _pick(self, among: I64, number: int, purpose: str) -> I64:
        """Some of a list, each once."""
        if not len(among) or not number:
            return among[:0]
        drawn = self.dice.below(len(among), purpose, self.day, np.arange(number))
        _, at = np.unique(drawn, return_index=True)
        return among[drawn[np.sort(at)]]

    def _time(self, low: float, high: float, purpose: str, number: int) -> I64:
        """Moments between two hours of the day."""
        share = self.dice.unit(purpose, self.day, np.arange(number)) if number else np.zeros(0)
        return self.start + ((low + (high - low) * share) * HOUR).astype(np.int64)

    def events(self, first: int) -> Events:
        """Simulate the day."""
        settings, lives, dice = self.settings, self.lives, self.dice
        customers, accounts = len(lives.customer_new), len(lives.account_new)
        staying = np.flatnonzero(lives.customer_gone == NEVER)

        # Who leaves is drawn first: nobody who leaves opens or closes an account the same day.
        leaving = self._pick(staying, self._number(0.11 * settings.new_customers, 0.6, "leave"), "leave")
        leaving = leaving[: max(0, len(staying) - 5)]
        staying = staying[~np.isin(staying, leaving)]
        leave_at = self._time(21, 22, "leave at", len(leaving))

        new = customers + np.arange(self._number(settings.new_customers, 2, "new"))
        new_at = np.sort(self._time(6, 17, "new at", len(new)))
        add = self._pick(staying, self._number(settings.new_accounts, 1, "add"), "add")
        add_at = self._time(6, 20, "add at", len(add))

        update = self._pick(staying, self._number(settings.customer_updates, 3, "update"), "update")
        update_at = self._time(6, 17, "update at", len(update))
        again = update[self._chance(0.12, "again", update)]
        again_at = update_at[self._chance(0.12, "again", update)] + HOUR
        fresh = new[self._chance(0.2, "fresh", new)]
        fresh_at = new_at[self._chance(0.2, "fresh", new)] + 2 * HOUR
        last = leaving[self._chance(0.25, "last", leaving)]
        last_at = self._time(18, 20, "last at", len(last))

        opened = np.concatenate([new, add])
        opened_at = np.concatenate([new_at, add_at])
        kinds = np.repeat([NEW, ADDACCT], [len(new), len(add)])
        order = np.lexsort((opened, kinds, opened_at))
        opened, opened_at, kinds = opened[order], opened_at[order], kinds[order]
        opened_account = accounts + np.arange(len(opened))

        gone = lives.account_gone
        live = np.flatnonzero((gone == NEVER) & ~np.isin(lives.account_customer, leaving))
        close = self._pick(live, self._number(0.09 * (1.5 * settings.new_customers), 0.7, "close"), "close")
        close = close[: max(0, len(live) - 5)]
        close_at = self._time(20, 21, "close at", len(close))
        change = dice.below(
            accounts,
            "change",
            self.day,
            np.arange(self._number(settings.account_updates, 2, "change")),
        )
        change = np.unique(change)
        change_at = self._time(6, 18, "change at", len(change))
        twice = self._chance(0.12, "twice", change)
        fresh_account = self._chance(0.2, "fresh account", opened_account)

        customer_of = np.concatenate([lives.account_customer, opened])
        account = np.concatenate([change, change[twice], opened_account[fresh_account]])
        account_at = np.concatenate([change_at, change_at[twice] + HOUR, opened_at[fresh_account] + HOUR])
        who = np.concatenate([update, again, fresh, last])
        who_at = np.concatenate([update_at, again_at, fresh_at, last_at])

        lives.customer_new = np.concatenate([lives.customer_new, new_at])
        lives.customer_gone = np.concatenate([lives.customer_gone, np.full(len(new), NEVER)])
        lives.customer_gone[leaving] = leave_at
        lives.account_new = np.concatenate([lives.account_new, opened_at])
        lives.account_closed = np.concatenate([lives.account_closed, np.full(len(opened), NEVER)])
        lives.account_closed[close] = close_at
        lives.account_customer = customer_of

        sizes = [len(who), len(account), len(close), len(leaving)]
        return ordered(
            dice,
            np.concatenate([kinds, np.repeat([UPDCUST, UPDACCT, CLOSEACCT, INACT], sizes)]),
            np.concatenate([opened, who, customer_of[account], customer_of[close], leaving]),
            np.concatenate([opened_account, np.full(len(who), -1), account, close, np.full(len(leaving), -1)]),
            np.concatenate([opened_at, who_at, account_at, close_at, leave_at]),
            first,
        )

    def _chance(self, probability: float, purpose: str, ids: I64) -> np.ndarray:
        """Draws for each of some; none of none."""
        if not len(ids):
            return np.zeros(0, dtype=np.bool_)
        return self.dice.chance(probability, purpose, self.day, ids)

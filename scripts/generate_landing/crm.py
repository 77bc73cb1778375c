"""The life of customers and accounts: every event of the history and of the days after it.

Simulated first and wholly: other sources need to know which accounts live when. Held in arrays with
one element an event, a customer or an account; times are seconds since 1970-01-01.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pyarrow as pa

from scripts.generate_landing.days import LOOKAHEAD, NEVER, SECONDS_A_DAY, Calendar, weekday
from scripts.generate_landing.dice import I64, Bool, Dice, count
from scripts.generate_landing.persons import UPDATE_CHANCE
from scripts.generate_landing.settings import DAILY_SHARE, Settings

Action = IntEnum("Action", "NEW ADDACCT UPDCUST UPDACCT CLOSEACCT INACT", start=0)
"""Kinds of events, in the order in which those of one second may follow each other."""
Account = IntEnum("Account", "BROKER NAME TAX_STATUS", start=0)
"""Properties of an account that change on their own."""
_ACCOUNT_CHANCE = (0.4, 0.35, 0.4)

YEARS = 10
HOUR = 3600
_DAY = SECONDS_A_DAY

When = tuple[I64, I64]
"""Customers or accounts, and when something happens to each."""


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


@dataclass
class Events:
    """Events in their order. Numbers run on over history and days."""

    kind: I64
    customer: I64
    account: I64
    """-1 where the event is not about one account."""
    time: I64
    first: int
    """Number of the first event."""
    sets: Bool
    """Which properties of the customer each event sets (events x properties)."""
    sets_account: Bool
    """Which properties of the account each event sets."""

    @property
    def number(self) -> I64:
        """Numbers of the events."""
        return self.first + np.arange(len(self.kind))

    @property
    def day(self) -> I64:
        """Days of the events, since 1970-01-01."""
        return self.time // _DAY

    @property
    def of_customer(self) -> Bool:
        """Whether events are about a customer."""
        return np.isin(self.kind, (Action.NEW, Action.UPDCUST, Action.INACT))


def _opened(new: When, added: When) -> tuple[I64, I64, I64]:
    """Customers, times and kinds of accounts in the order in which they are opened, which is that of their numbers."""
    customer, time = (np.concatenate(pair) for pair in zip(new, added, strict=True))
    kind = np.repeat([Action.NEW, Action.ADDACCT], [len(new[0]), len(added[0])])
    order = np.lexsort((customer, kind, time))
    return customer[order], time[order], kind[order]


def _ordered(
    dice: Dice, first: int, owner: I64, opened_by: I64, opened: When, changed: When, updated: When, closed: When,
    gone: When,
) -> Events:  # fmt: skip
    """Events by time; ties so that nothing is changed before it exists or after it has gone.

    Accounts are opened, updated and closed; customers are changed and gone. `owner` is the customer of each account.
    """
    happened = (opened, changed, updated, closed, gone)
    later = (Action.UPDCUST, Action.UPDACCT, Action.CLOSEACCT, Action.INACT)
    kind = np.concatenate([opened_by, np.repeat(later, [len(who) for who, _ in happened[1:]])])
    no_account = [np.full(len(who), -1) for who, _ in (changed, gone)]
    account = np.concatenate([opened[0], no_account[0], updated[0], closed[0], no_account[1]])
    customer = np.concatenate([owner[opened[0]], changed[0], owner[updated[0]], owner[closed[0]], gone[0]])
    time = np.concatenate([when for _, when in happened])
    order = np.lexsort((account, customer, kind, time))
    kind, customer, account, time = kind[order], customer[order], account[order], time[order]
    number = first + np.arange(len(kind))
    sets = _some(dice, "sets", number, kind == Action.UPDCUST, UPDATE_CHANCE) | (kind == Action.NEW)[:, None]
    sets_account = _some(dice, "sets account", number, kind == Action.UPDACCT, _ACCOUNT_CHANCE)
    sets_account |= ((kind == Action.NEW) | (kind == Action.ADDACCT))[:, None]
    return Events(kind, customer, account, time, first, sets, sets_account)


def _some(dice: Dice, purpose: str, number: I64, updates: Bool, chances: tuple[float, ...]) -> Bool:
    """Which properties updates set: each with its chance, at least one."""
    drawn = np.stack([dice.chance(chance, f"{purpose} {p}", number) for p, chance in enumerate(chances)], axis=1)
    none = ~drawn.any(axis=1)
    drawn[none, dice.below(len(chances), f"{purpose} one", number)[none]] = True
    return np.asarray(drawn & updates[:, None])


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
            day = _Day(settings, self.dice.sub("day"), calendar.end + 1 + number, self.lives)
            self.days.append(day.events(first))
            first += len(self.days[-1].kind)

    def _spread(self, purpose: str, ids: I64, low: I64, high: I64 | int) -> I64:
        """A moment between two, `low` itself where there is no room."""
        room = np.maximum(high - low, 1)
        return np.asarray(low + (self.dice.unit(purpose, ids) * room).astype(np.int64))

    def _history(self) -> tuple[Events, Lives]:
        settings, dice = self.settings, self.dice
        stop = (self.calendar.end + 1) * _DAY
        start = stop - YEARS * 365 * _DAY
        c = np.arange(settings.new_customers)
        new = start + ((c + dice.unit("new", c)) / len(c) * (stop - start - 3 * _DAY)).astype(np.int64)
        # Two desks sometimes open customers in the same second.
        tie = (dice.chance(0.01, "new tie", c) | (c % 40 == 11)) & (c > 0)
        new[tie] = new[np.flatnonzero(tie) - 1]
        leaves = dice.chance(0.11, "leaves", c) & (new + 30 * _DAY < stop)
        gone = np.where(leaves, self._spread("leaves when", c, new + 30 * _DAY, stop), NEVER)
        until = np.minimum(gone, stop - 1)

        extra = np.arange(settings.new_accounts)
        holder = dice.below(len(c), "owner", extra)
        added = self._spread("added", extra, new[holder], until[holder])
        owner, account_new, opened_by = _opened((c, new), (holder, added))
        a = np.arange(len(owner))
        closes = dice.chance(0.09, "closes", a) & (account_new + _DAY < stop)
        closed = np.where(closes, self._spread("closes when", a, account_new + _DAY, stop), NEVER)

        changed = self._customer_updates(new, gone, until, stop)
        updated = self._account_updates(account_new, changed, owner, stop)
        closed_a, gone_c = np.flatnonzero(closed < NEVER), np.flatnonzero(gone < NEVER)
        events = _ordered(
            dice, 0, owner, opened_by, (a, account_new), changed, updated, (closed_a, closed[closed_a]),
            (gone_c, gone[gone_c]),
        )  # fmt: skip
        return events, Lives(new, gone, account_new, closed, owner)

    def _customer_updates(self, new: I64, gone: I64, until: I64, stop: int) -> When:
        """Who is updated when; some twice a day, on the first day or on the last one."""
        dice = self.dice
        u = np.arange(self.settings.customer_updates)
        who = dice.below(len(new), "updated", u)
        when = self._spread("updated when", u, new[who], until[who])
        when = self._at_night("night", when, until[who])
        first_day = dice.chance(0.02, "first day", u) | (u == 3)
        when = np.where(first_day, np.minimum(new[who] + 600, _day_end(new[who])), when)
        who, when, burst = self._in_bursts("burst", who, when)
        when = np.where(burst & (when > until[who]), until[who], when)
        # Some change their address on the day on which they leave.
        last_day = np.flatnonzero(dice.chance(0.08, "last day", np.arange(len(gone))) & (gone < NEVER))
        last_when = np.maximum(gone[last_day] - 900, gone[last_day] // _DAY * _DAY)
        keep = when < stop
        return np.concatenate([who[keep], last_day]), np.concatenate([when[keep], last_when])

    def _account_updates(self, account_new: I64, changed: When, owner: I64, stop: int) -> When:
        """Which accounts are updated when; some twice a day, or on the day their customer changes."""
        u = np.arange(self.settings.account_updates)
        who = self.dice.below(len(account_new), "account", u)
        when = self._at_night("account night", self._spread("account when", u, account_new[who], stop), stop)
        who, when, _ = self._in_bursts("account burst", who, when)
        # First account of a customer that has just been updated (accounts are in order of opening).
        same = np.flatnonzero(self.dice.chance(0.05, "with customer", np.arange(len(changed[0]))))
        customer, changed_at = (each[same] for each in changed)
        order = np.argsort(owner, kind="stable")
        first = order[np.searchsorted(owner[order], customer)]
        at = np.minimum(changed_at + 120, _day_end(changed_at))
        known = account_new[first] <= at
        return np.concatenate([who, first[known]]), np.concatenate([when, at[known]])

    def _at_night(self, purpose: str, when: I64, until: I64 | int) -> I64:
        """Some come with the nightly run at the start of the next month, on which many changes tie."""
        month = (when // _DAY).astype("datetime64[D]").astype("datetime64[M]") + 1
        night = month.astype("datetime64[D]").astype(np.int64) * _DAY + 7200
        chosen = self.dice.chance(0.06, purpose, np.arange(len(when))) & (night < until)
        return np.where(chosen, night, when)

    def _in_bursts(self, purpose: str, who: I64, when: I64) -> tuple[I64, I64, Bool]:
        """Some are about the same as the update before, within the hour or the second; and which these are."""
        u = np.arange(len(who))
        burst = (self.dice.chance(0.06, purpose, u) | (u % 50 == 7)) & (u > 0)
        before = np.maximum(u - 1, 0)
        again = when[before] + self.dice.below(3600, f"{purpose} when", u) * (u % 5 > 0)
        again = np.minimum(again, _day_end(when[before]))
        return np.where(burst, who[before], who), np.where(burst, again, when), burst


def _day_end(when: I64) -> I64:
    """Last second of the day."""
    return when // _DAY * _DAY + _DAY - 1


class _Day:
    """A day after the history."""

    def __init__(self, settings: Settings, dice: Dice, day: int, lives: Lives) -> None:
        self.settings, self.dice, self.day, self.lives = settings, dice, day, lives
        self.busy = 0.8 + 0.4 * dice.number("busy", day)
        self.busy *= 0.85 if int(weekday(np.array([day]))[0]) >= 5 else 1.05

    def _number(self, of_history: float, at_least: float, purpose: str) -> int:
        """How many events of a kind: a share of the history's; a part of one is a chance of one."""
        wanted = max(at_least, of_history * DAILY_SHARE * self.settings.daily_share * self.busy)
        return int(wanted + self.dice.number(f"number {purpose}", self.day))

    def _pick(self, among: I64, of_history: float, at_least: float, purpose: str) -> I64:
        """Some of a list, each once."""
        number = self._number(of_history, at_least, purpose)
        if not len(among):
            return among
        drawn = self.dice.below(len(among), purpose, self.day, np.arange(number))
        _, at = np.unique(drawn, return_index=True)
        return among[drawn[np.sort(at)]]

    def _time(self, low: float, high: float, purpose: str, number: int) -> I64:
        """Moments between two hours of the day."""
        share = self.dice.unit(purpose, self.day, np.arange(number))
        return self.day * _DAY + ((low + (high - low) * share) * HOUR).astype(np.int64)

    def events(self, first: int) -> Events:
        """Simulate the day, and bring the lives forward; `first` is the number of the first event."""
        settings, lives = self.settings, self.lives
        customers, accounts = len(lives.customer_new), len(lives.account_new)
        staying = np.flatnonzero(lives.customer_gone == NEVER)

        # Who leaves is drawn first: no leaver opens or closes an account the same day.
        leaving = self._pick(staying, 0.11 * settings.new_customers, 0.6, "leave")[: max(0, len(staying) - 5)]
        staying = staying[~np.isin(staying, leaving)]
        leave_at = self._time(21, 22, "leave at", len(leaving))

        new = customers + np.arange(self._number(settings.new_customers, 2, "new"))
        new_at = np.sort(self._time(6, 17, "new at", len(new)))
        add = self._pick(staying, settings.new_accounts, 1, "add")
        add_at = self._time(6, 20, "add at", len(add))

        update = self._pick(staying, settings.customer_updates, 3, "update")
        update_at = self._time(6, 17, "update at", len(update))
        again = self.dice.chance(0.12, "again", self.day, update)
        fresh = self.dice.chance(0.2, "fresh", self.day, new)
        last = leaving[self.dice.chance(0.25, "last", self.day, leaving)]
        last_at = self._time(18, 20, "last at", len(last))

        opened, opened_at, kinds = _opened((new, new_at), (add, add_at))
        opened_account = accounts + np.arange(len(opened))

        live = np.flatnonzero((lives.account_gone == NEVER) & ~np.isin(lives.account_customer, leaving))
        close = self._pick(live, 0.09 * (1.5 * settings.new_customers), 0.7, "close")[: max(0, len(live) - 5)]
        close_at = self._time(20, 21, "close at", len(close))
        changes = np.arange(self._number(settings.account_updates, 2, "change"))
        change = np.unique(self.dice.below(accounts, "change", self.day, changes))
        change_at = self._time(6, 18, "change at", len(change))
        twice = self.dice.chance(0.12, "twice", self.day, change)
        fresh_account = self.dice.chance(0.2, "fresh account", self.day, opened_account)

        lives.customer_new = np.concatenate([lives.customer_new, new_at])
        lives.customer_gone = np.concatenate([lives.customer_gone, np.full(len(new), NEVER)])
        lives.customer_gone[leaving] = leave_at
        lives.account_new = np.concatenate([lives.account_new, opened_at])
        lives.account_closed = np.concatenate([lives.account_closed, np.full(len(opened), NEVER)])
        lives.account_closed[close] = close_at
        lives.account_customer = np.concatenate([lives.account_customer, opened])

        who = np.concatenate([update, update[again], new[fresh], last])
        who_at = np.concatenate([update_at, update_at[again] + HOUR, new_at[fresh] + 2 * HOUR, last_at])
        account = np.concatenate([change, change[twice], opened_account[fresh_account]])
        account_at = np.concatenate([change_at, change_at[twice] + HOUR, opened_at[fresh_account] + HOUR])
        return _ordered(
            self.dice, first, lives.account_customer, kinds, (opened_account, opened_at), (who, who_at),
            (account, account_at), (close, close_at), (leaving, leave_at),
        )  # fmt: skip


def customer_changes(events: Events) -> dict[str, int]:
    """Counts of customer events; C_ID_HIST: those that a later one of the same day swallows."""
    mine = events.of_customer
    pairs = events.customer[mine] * 1_000_000 + events.day[mine]
    counts = {f"C_{kind.name}": count(events.kind == kind) for kind in (Action.NEW, Action.UPDCUST, Action.INACT)}
    return counts | {"C_ID_HIST": len(pairs) - len(np.unique(pairs))}


def account_changes(kind: I64, events: Events, lives: Lives) -> dict[str, int]:
    """Counts of what happened to accounts. `kind`: of each change of an account, INACT where its customer left."""
    # An account that leaves with its customer repeats what its customer's row says already.
    along = count(kind == Action.INACT)
    return {
        "CA_ADDACCT": count(kind == Action.ADDACCT),
        "CA_CLOSEACCT": count(kind == Action.CLOSEACCT) + along,
        "CA_UPDACCT": count(kind == Action.UPDACCT),
        "CA_ID_HIST": _swallowed_accounts(events, lives.account_customer, lives.account_new) + along,
    }


def _swallowed_accounts(events: Events, account_customer: I64, account_new: I64) -> int:
    """Changes of accounts, their own or their customer's, beyond one per day."""
    own, upper = events.account >= 0, np.isin(events.kind, (Action.UPDCUST, Action.INACT))
    # Each change of a customer with each of the customer's accounts (those of the same day too).
    changes = pa.table({"customer": events.customer[upper], "day": events.day[upper]})
    everyone = pa.table({"customer": account_customer, "account": np.arange(len(account_customer))})
    theirs = changes.join(everyone, "customer", join_type="inner")
    account, day = theirs["account"].to_numpy(), theirs["day"].to_numpy()
    known = account_new[account] // _DAY <= day
    pairs = np.concatenate([events.account[own] * 1_000_000 + events.day[own], (account * 1_000_000 + day)[known]])
    return len(pairs) - len(np.unique(pairs))

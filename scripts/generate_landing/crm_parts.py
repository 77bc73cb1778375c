"""Events of the customer system, their order and what they add up to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scripts.generate_landing.days import SECONDS_A_DAY
from scripts.generate_landing.dice import I64, Bool, Dice
from scripts.generate_landing.persons import PROPERTIES, UPDATE_CHANCE

# In the order in which events of one second may follow each other.
NEW, ADDACCT, UPDCUST, UPDACCT, CLOSEACCT, INACT = range(6)
ACTIONS = ("NEW", "ADDACCT", "UPDCUST", "UPDACCT", "CLOSEACCT", "INACT")

# Properties of an account that change on their own.
BROKER, NAME, TAX_STATUS = range(3)
ACCOUNT_PROPERTIES = 3
_ACCOUNT_CHANCE = (0.4, 0.35, 0.4)

DAILY_SHARE = 0.004
"""Rows of a day as a share of the history's."""

Totals = list[tuple[str, str, int]]


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
        return self.time // SECONDS_A_DAY


def ordered(dice: Dice, kind: I64, customer: I64, account: I64, time: I64, first: int) -> Events:
    """Events by time; ties so that nothing is changed before it exists or after it has gone."""
    order = np.lexsort((account, customer, kind, time))
    kind, customer, account, time = kind[order], customer[order], account[order], time[order]
    number = first + np.arange(len(kind))
    updates = kind == UPDCUST
    sets = _some(dice, "sets", number, updates, UPDATE_CHANCE) | (kind == NEW)[:, None]
    updates = kind == UPDACCT
    opened = (kind == NEW) | (kind == ADDACCT)
    sets_account = _some(dice, "sets account", number, updates, _ACCOUNT_CHANCE) | opened[:, None]
    assert sets.shape[1] == PROPERTIES and sets_account.shape[1] == ACCOUNT_PROPERTIES
    return Events(kind, customer, account, time, first, sets, sets_account)


def _some(dice: Dice, purpose: str, number: I64, updates: Bool, chances: tuple[float, ...]) -> Bool:
    """Which properties updates set: each with its chance, at least one."""
    drawn = np.stack([dice.chance(chance, f"{purpose} {p}", number) for p, chance in enumerate(chances)], axis=1)
    none = ~drawn.any(axis=1)
    drawn[none, dice.below(len(chances), f"{purpose} one", number)[none]] = True
    return np.asarray(drawn & updates[:, None])


def customer_changes(events: Events) -> Totals:
    """Counts of customer events; C_ID_HIST: those that a later one of the same day swallows."""
    mine = (events.kind == NEW) | (events.kind == UPDCUST) | (events.kind == INACT)
    pairs = events.customer[mine] * 1_000_000 + events.day[mine]
    return [
        ("DimCustomer", "C_NEW", int(np.count_nonzero(events.kind == NEW))),
        ("DimCustomer", "C_UPDCUST", int(np.count_nonzero(events.kind == UPDCUST))),
        ("DimCustomer", "C_INACT", int(np.count_nonzero(events.kind == INACT))),
        ("DimCustomer", "C_ID_HIST", len(pairs) - len(np.unique(pairs))),
    ]


def swallowed_accounts(events: Events, account_customer: I64, account_new: I64) -> int:
    """CA_ID_HIST: changes of accounts, their own or their customer's, beyond one per day."""
    own = events.account >= 0
    touched = events.account[own] * 1_000_000 + events.day[own]
    upper = (events.kind == UPDCUST) | (events.kind == INACT)
    customer, day = events.customer[upper], events.day[upper]
    # Each change of a customer with each of the customer's accounts (those of the same day too).
    order = np.argsort(account_customer, kind="stable")
    owners = account_customer[order]
    low, high = np.searchsorted(owners, customer), np.searchsorted(owners, customer, side="right")
    number = high - low
    which = np.arange(int(number.sum())) - np.repeat(np.cumsum(number) - number, number)
    account = order[np.repeat(low, number) + which]
    days = np.repeat(day, number)
    known = account_new[account] // SECONDS_A_DAY <= days
    touched = np.concatenate([touched, account[known] * 1_000_000 + days[known]])
    return len(touched) - len(np.unique(touched))


def account_changes(events: Events, account_customer: I64, account_new: I64) -> Totals:
    """Counts of account events of the history."""
    return [
        ("DimAccount", "CA_ADDACCT", int(np.count_nonzero(events.kind == ADDACCT))),
        ("DimAccount", "CA_CLOSEACCT", int(np.count_nonzero(events.kind == CLOSEACCT))),
        ("DimAccount", "CA_UPDACCT", int(np.count_nonzero(events.kind == UPDACCT))),
        ("DimAccount", "CA_ID_HIST", swallowed_accounts(events, account_customer, account_new)),
    ]

"""Customer.txt and Account.txt: full images of what changed on a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from scripts.generate_landing.crm import Account, Action, Crm, Events, account_changes, customer_changes
from scripts.generate_landing.crm_xml import AccountValues, dirty_totals
from scripts.generate_landing.dice import I64, U64, Bool, count
from scripts.generate_landing.output import Landing
from scripts.generate_landing.persons import Person, Persons
from scripts.generate_landing.text import LETTERS, Text, date, delimited, integer, only


class State:
    """What is true of each customer and account: by property, the event that last set it."""

    def __init__(self, crm: Crm) -> None:
        lives, events = crm.lives, crm.history
        self.customer: I64 = np.zeros((len(lives.customer_new), len(Person)), dtype=np.int64)
        self.account: I64 = np.zeros((len(lives.account_new), events.sets_account.shape[1]), dtype=np.int64)
        # Of several assignments to one element, numpy keeps the last: the latest event.
        for state, sets, who in (
            (self.customer, events.sets, events.customer),
            (self.account, events.sets_account, events.account),
        ):
            for p in range(sets.shape[1]):
                rows = sets[:, p]
                state[who[rows], p] = events.number[rows]
        self.owner: I64 = lives.account_customer
        self.customer_gone: Bool = np.zeros(len(lives.customer_new), dtype=np.bool_)
        self.customer_gone[events.customer[events.kind == Action.INACT]] = True
        self.account_gone: Bool = self.customer_gone[self.owner]
        self.account_gone[events.account[events.kind == Action.CLOSEACCT]] = True
        self.customers = count(events.kind == Action.NEW)
        """Customers that are known."""
        self.accounts = self.customers + count(events.kind == Action.ADDACCT)

    def keys(self, persons: Persons, customers: I64) -> U64:
        """Name and address keys of customers as they are now."""
        now = self.customer[customers].T
        places = (Person.LAST, Person.FIRST, Person.LINE1, Person.LINE2, Person.PLACE)
        return persons.address_key(*(now[place] for place in places))

    def active(self) -> I64:
        """Customers that are known and active."""
        return np.flatnonzero(~self.customer_gone[: self.customers])


@dataclass
class _Images:
    """Rows of a day: whose, in what state, in which order."""

    who: I64
    kind: I64
    sequence: I64
    """Place of the row among the day's rows of both files."""
    setters: I64
    gone: Bool


class Daily:
    """Writes the days' files, and keeps the state that the next day starts from."""

    def __init__(self, crm: Crm, state: State, persons: Persons, accounts: AccountValues, origin: I64) -> None:
        self.crm, self.state, self.persons, self.accounts = crm, state, persons, accounts
        self.origin = origin
        self.sequence = 1

    def write(self, landing: Landing, batch: int) -> None:
        """The files of a batch with their control totals."""
        events = self.crm.days[batch - 2]
        customers, accounts = self._rows(events)
        with landing.file(batch, "Customer.txt") as file:
            file.write(self._customer_lines(customers))
        with landing.file(batch, "Account.txt") as file:
            file.write(self._account_lines(accounts))
        day, end = self.crm.calendar.batch_day(batch), self.crm.calendar.end
        tier, birth = customers.setters[:, Person.TIER], customers.setters[:, Person.BIRTH]
        dirty = dirty_totals(self.persons, tier, birth, day, end)
        landing.audit(batch, "Customer", DimCustomer=customer_changes(events) | dirty)
        landing.audit(batch, "Account", DimAccount=account_changes(accounts.kind, events, self.crm.lives))

    def _rows(self, events: Events) -> tuple[_Images, _Images]:
        state, kind = self.state, events.kind
        of_customer = np.flatnonzero(events.of_customer)
        own = np.flatnonzero(events.account >= 0)

        # A customer who leaves takes all accounts along that are still active then.
        closed_at = np.full(len(self.crm.lives.account_new), len(kind))
        closing = np.flatnonzero(kind == Action.CLOSEACCT)
        closed_at[events.account[closing]] = closing
        left_at = np.full(len(self.crm.lives.customer_new), -1)
        leaving = np.flatnonzero(kind == Action.INACT)
        left_at[events.customer[leaving]] = leaving
        opened = state.accounts + count((kind == Action.NEW) | (kind == Action.ADDACCT))
        a = np.arange(opened)
        leaves = left_at[state.owner[:opened]]
        a = a[(leaves >= 0) & ~state.account_gone[:opened] & (closed_at[:opened] > leaves)]

        account = np.concatenate([events.account[own], a])
        account_kind = np.concatenate([kind[own], np.full(len(a), Action.INACT)])
        after = np.concatenate([own, left_at[state.owner[a]]])
        order = np.lexsort((account, after))
        account, account_kind, after = account[order], account_kind[order], after[order]

        customers = self._images(
            events.customer[of_customer], kind[of_customer], of_customer, events.sets[of_customer],
            events.number[of_customer], state.customer, state.customer_gone, Action.INACT,
        )  # fmt: skip
        accounts = self._images(
            account, account_kind, after, events.sets_account[after] & (account_kind != Action.INACT)[:, None],
            events.number[after], state.account, state.account_gone, Action.CLOSEACCT,
        )  # fmt: skip
        state.customers += count(kind == Action.NEW)
        state.accounts = opened
        # One sequence over both files; a customer's row comes before the rows of its accounts.
        both = np.concatenate([customers.sequence * 2, accounts.sequence * 2 + 1])
        numbers = np.empty(len(both), dtype=np.int64)
        numbers[np.argsort(both, kind="stable")] = self.sequence + np.arange(len(both))
        self.sequence += len(both)
        customers.sequence = numbers[: len(customers.who)]
        accounts.sequence = numbers[len(customers.who) :]
        return customers, accounts

    def _images(
        self, who: I64, kind: I64, sequence: I64, sets: Bool, number: I64, state: I64, gone: Bool, ends: int
    ) -> _Images:
        """Bring the state forward row by row of each subject; the image is the state after the row."""
        images, ended = np.empty_like(state, shape=sets.shape), np.empty_like(gone, shape=who.shape)
        ending = (kind == ends) | (kind == Action.INACT)
        for row, one in enumerate(who):
            state[one, sets[row]] = number[row]
            gone[one] |= ending[row]
            images[row], ended[row] = state[one], gone[one]
        return _Images(who, kind, sequence, images, ended)

    def _customer_lines(self, rows: _Images) -> Text:
        persons, set_by, origin = self.persons, rows.setters.T, self.origin[rows.who]
        phones = [persons.phone(which, set_by[Person.PHONE1 + which]) for which in range(3)]
        emails = [persons.email(which, set_by[Person.EMAIL1 + which], origin) for which in range(2)]
        return delimited(
            [
                pc.if_else(rows.kind == Action.NEW, "I", "U"),
                integer(rows.sequence),
                integer(rows.who),
                persons.tax_id(rows.who),
                pc.if_else(rows.gone, "INAC", "ACTV"),
                persons.last(set_by[Person.LAST]),
                persons.first(set_by[Person.FIRST]),
                LETTERS.take(persons.middle(set_by[Person.MIDDLE])),
                persons.genders.take(persons.gender(set_by[Person.GENDER])),
                persons.tiers.take(persons.tier(set_by[Person.TIER])),
                date(persons.birth(set_by[Person.BIRTH], self.crm.calendar.end)),
                persons.line1(set_by[Person.LINE1]),
                persons.line2(set_by[Person.LINE2]),
                *persons.address(set_by[Person.PLACE]),
                *(only(has, text) for phone in phones for text, has in phone),
                *(only(has, text) for text, has in emails),
                persons.local_tax(set_by[Person.LOCAL_TAX]),
                persons.national_tax(set_by[Person.NATIONAL_TAX]),
            ],
            "|",
        )

    def _account_lines(self, rows: _Images) -> Text:
        values, set_by = self.accounts, rows.setters
        named = set_by[:, Account.NAME]
        opened = (rows.kind == Action.NEW) | (rows.kind == Action.ADDACCT)
        return delimited(
            [
                pc.if_else(opened, "I", "U"),
                integer(rows.sequence),
                integer(rows.who),
                integer(values.broker(set_by[:, Account.BROKER])),
                integer(self.state.owner[rows.who]),
                only(values.has_name(named), values.name(named)),
                integer(values.tax_status(set_by[:, Account.TAX_STATUS])),
                pc.if_else(rows.gone, "INAC", "ACTV"),
            ],
            "|",
        )

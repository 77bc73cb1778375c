"""Customer.txt and Account.txt: full images of what changed on a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scripts.generate_landing.cells import Piece, date, delimited, integer, only, table
from scripts.generate_landing.crm import Crm
from scripts.generate_landing.crm_parts import (
    ACCOUNT_PROPERTIES,
    ADDACCT,
    BROKER,
    CLOSEACCT,
    INACT,
    NAME,
    NEW,
    TAX_STATUS,
    UPDACCT,
    UPDCUST,
    Events,
    customer_changes,
    swallowed_accounts,
)  # fmt: skip
from scripts.generate_landing.crm_xml import LETTERS, AccountValues, dirty_totals
from scripts.generate_landing.dice import I64, U64, Bool
from scripts.generate_landing.output import Landing
from scripts.generate_landing.persons import (
    BIRTH,
    EMAIL1,
    EMAIL2,
    FIRST,
    GENDER,
    LAST,
    LINE1,
    LINE2,
    LOCAL_TAX,
    MIDDLE,
    NATIONAL_TAX,
    PHONE1,
    PLACE,
    PROPERTIES,
    TIER,
    Persons,
)  # fmt: skip

_STATUS = table(["ACTV", "INAC"])
_FLAGS = table(["I", "U"])


class State:
    """What is true of each customer and account: by property, the event that last set it."""

    def __init__(self, crm: Crm) -> None:
        lives = crm.lives
        self.customer: I64 = np.zeros((len(lives.customer_new), PROPERTIES), dtype=np.int64)
        self.account: I64 = np.zeros((len(lives.account_new), ACCOUNT_PROPERTIES), dtype=np.int64)
        self.customer_gone: Bool = np.zeros(len(lives.customer_new), dtype=np.bool_)
        self.account_gone: Bool = np.zeros(len(lives.account_new), dtype=np.bool_)
        self.owner: I64 = lives.account_customer
        self.customers = 0
        """Customers that are known."""
        self.accounts = 0
        events = crm.history
        # Of several assignments to one element, numpy keeps the last: the latest event.
        for p in range(PROPERTIES):
            rows = events.sets[:, p]
            self.customer[events.customer[rows], p] = events.number[rows]
        for p in range(ACCOUNT_PROPERTIES):
            rows = events.sets_account[:, p]
            self.account[events.account[rows], p] = events.number[rows]
        self.customer_gone[events.customer[events.kind == INACT]] = True
        self.account_gone[events.account[events.kind == CLOSEACCT]] = True
        self.customers = int(np.count_nonzero(events.kind == NEW))
        self.accounts = self.customers + int(np.count_nonzero(events.kind == ADDACCT))
        self.account_gone |= self.customer_gone[self.owner]

    def keys(self, persons: Persons, customers: I64) -> U64:
        """Name and address keys of customers as they are now."""
        now = self.customer[customers]
        return persons.address_key(now[:, LAST], now[:, FIRST], now[:, LINE1], now[:, LINE2], now[:, PLACE])

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
            file.write(self._customer_lines(customers), len(customers.who))
        with landing.file(batch, "Account.txt") as file:
            file.write(self._account_lines(accounts), len(accounts.who))
        day, end = self.crm.calendar.batch_day(batch), self.crm.calendar.end
        dirty = dirty_totals(self.persons, customers.setters[:, TIER], customers.setters[:, BIRTH], day, end)
        landing.audit(batch, "Customer", customer_changes(events) + dirty)
        landing.audit(batch, "Account", self._account_totals(events, accounts))

    def _account_totals(self, events: Events, rows: _Images) -> list[tuple[str, str, int]]:
        """Accounts that close with their customer count as closed, and as touched twice."""
        lives = self.crm.lives
        closed = int(np.count_nonzero((rows.kind == CLOSEACCT) | (rows.kind == INACT)))
        swallowed = swallowed_accounts(events, lives.account_customer, lives.account_new)
        # Each of these rows repeats what its customer's row says already.
        swallowed += int(np.count_nonzero(rows.kind == INACT))
        return [
            ("DimAccount", "CA_ADDACCT", int(np.count_nonzero(rows.kind == ADDACCT))),
            ("DimAccount", "CA_CLOSEACCT", closed),
            ("DimAccount", "CA_UPDACCT", int(np.count_nonzero(rows.kind == UPDACCT))),
            ("DimAccount", "CA_ID_HIST", swallowed),
        ]

    def _rows(self, events: Events) -> tuple[_Images, _Images]:
        state, kind = self.state, events.kind
        place = np.arange(len(kind))
        of_customer = (kind == NEW) | (kind == UPDCUST) | (kind == INACT)
        own = np.flatnonzero(events.account >= 0)

        # A customer who leaves takes all accounts along that are still active then.
        closed_at = np.full(len(self.crm.lives.account_new), len(kind))
        closing = np.flatnonzero(kind == CLOSEACCT)
        closed_at[events.account[closing]] = closing
        left_at = np.full(len(self.crm.lives.customer_new), -1)
        leaving = np.flatnonzero(kind == INACT)
        left_at[events.customer[leaving]] = leaving
        opened = state.accounts + int(np.count_nonzero((kind == NEW) | (kind == ADDACCT)))
        a = np.arange(opened)
        leaves = left_at[state.owner[:opened]]
        a = a[(leaves >= 0) & ~state.account_gone[:opened] & (closed_at[:opened] > leaves)]

        account = np.concatenate([events.account[own], a])
        account_kind = np.concatenate([kind[own], np.full(len(a), INACT)])
        after = np.concatenate([own, left_at[state.owner[a]]])
        order = np.lexsort((account, after))
        account, account_kind, after = account[order], account_kind[order], after[order]

        customers = self._images(
            events.customer[of_customer], kind[of_customer], place[of_customer], events.sets[of_customer],
            events.number[of_customer], state.customer, state.customer_gone, INACT,
        )  # fmt: skip
        sets = events.sets_account[after] & (account_kind != INACT)[:, None]
        accounts = self._images(
            account,
            account_kind,
            after,
            sets,
            events.number[after],
            state.account,
            state.account_gone,
            CLOSEACCT,
        )
        state.customers += int(np.count_nonzero(kind == NEW))
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
        self,
        who: I64,
        kind: I64,
        sequence: I64,
        sets: Bool,
        number: I64,
        state: I64,
        gone: Bool,
        ends: int,
    ) -> _Images:
        """Bring the state forward row by row of each subject; the image is the state after the row."""
        order = np.argsort(who, kind="stable")
        start = np.concatenate([[True], who[order][1:] != who[order][:-1]]) if len(who) else np.zeros(0, bool)
        group = np.flatnonzero(start)
        turn = np.empty(len(who), dtype=np.int64)
        turn[order] = np.arange(len(who)) - np.repeat(group, np.diff(np.append(group, len(who))))
        images = np.empty((len(who), state.shape[1]), dtype=np.int64)
        ended = np.zeros(len(who), dtype=np.bool_)
        for wave in range(int(turn.max()) + 1 if len(who) else 0):
            rows = np.flatnonzero(turn == wave)
            state[who[rows]] = np.where(sets[rows], number[rows, None], state[who[rows]])
            gone[who[rows]] |= (kind[rows] == ends) | (kind[rows] == INACT)
            images[rows] = state[who[rows]]
            ended[rows] = gone[who[rows]]
        return _Images(who, kind, sequence, images, ended)

    def _customer_lines(self, rows: _Images) -> Piece:
        persons, set_by = self.persons, rows.setters
        place = persons.place(set_by[:, PLACE])
        birth = persons.birth(set_by[:, BIRTH], self.crm.calendar.end)
        columns: list[Piece] = [
            np.take(_FLAGS, (rows.kind != NEW).astype(np.int64), axis=0),
            integer(rows.sequence),
            integer(rows.who),
            persons.tax_id(rows.who),
            np.take(_STATUS, rows.gone.astype(np.int64), axis=0),
            np.take(persons.last, persons.last_name(set_by[:, LAST]), axis=0),
            np.take(persons.first, persons.first_name(set_by[:, FIRST]), axis=0),
            np.take(LETTERS, persons.middle(set_by[:, MIDDLE]), axis=0),
            np.take(persons.genders, persons.gender(set_by[:, GENDER]), axis=0),
            np.take(persons.tiers, persons.tier(set_by[:, TIER]), axis=0),
            date(birth),
            persons.line1(set_by[:, LINE1]),
            persons.line2(set_by[:, LINE2]),
            persons.postal_code(set_by[:, PLACE]),
            np.take(persons.cities, place, axis=0),
            np.take(persons.states, place, axis=0),
            np.take(persons.countries, place, axis=0),
        ]
        for which in range(3):
            phone = persons.phone(which, set_by[:, PHONE1 + which])
            columns += [
                only(phone.has_country, phone.country), only(phone.has_area, phone.area),
                only(phone.has_local, phone.local), only(phone.has_extension, phone.extension),
            ]  # fmt: skip
        origin = self.origin[rows.who]
        for which, column in enumerate([EMAIL1, EMAIL2]):
            text, has = persons.email(which, set_by[:, column], origin, origin)
            columns.append(only(has, text))
        columns += [
            persons.local_tax(set_by[:, LOCAL_TAX]),
            persons.national_tax(set_by[:, NATIONAL_TAX]),
        ]
        return delimited(columns, b"|")

    def _account_lines(self, rows: _Images) -> Piece:
        values, set_by = self.accounts, rows.setters
        named = set_by[:, NAME]
        opened = (rows.kind == NEW) | (rows.kind == ADDACCT)
        return delimited(
            [
                np.take(_FLAGS, (~opened).astype(np.int64), axis=0),
                integer(rows.sequence),
                integer(rows.who),
                integer(values.broker(set_by[:, BROKER])),
                integer(self.state.owner[rows.who]),
                only(values.has_name(named), values.name(named)),
                integer(values.tax_status(set_by[:, TAX_STATUS])),
                np.take(_STATUS, rows.gone.astype(np.int64), axis=0),
            ],
            b"|",
        )

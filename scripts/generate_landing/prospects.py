"""The marketing agency's list: people who may become customers, and some who are.

The list comes whole with every batch. What is said of a prospect is a draw on the number of its last
change; name and address are draws on numbers of their own, which for a prospect who is a customer are
those of the customer's events, so that both say the same.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scripts.generate_landing import words
from scripts.generate_landing.crm_daily import State
from scripts.generate_landing.dice import I64, U64, Bool, Dice, count
from scripts.generate_landing.output import Landing
from scripts.generate_landing.persons import Person, Persons, telephone
from scripts.generate_landing.settings import DAILY_SHARE, Settings
from scripts.generate_landing.text import LETTERS, Text, csv_words, delimited, integer, join, only, padded

_OWN = 1 << 40
"""Numbers of prospects' own changes start here, far above those of customers' events."""
_VERSIONS = 1 << 12
_ADDRESS = (Person.LAST, Person.FIRST, Person.LINE1, Person.LINE2, Person.PLACE)


_GENDERS, _MARITAL, _OWNS = pa.array(["F", "M"]), pa.array([*"SMDWUms", ""]), pa.array([*"ORUo", ""])
_EMPLOYERS = csv_words(words.EMPLOYERS)


class Prospects:
    """Writes the lists, one after the other."""

    def __init__(self, settings: Settings, dice: Dice, persons: Persons, origin: I64) -> None:
        self.dice, self.persons, self.origin = dice.sub("prospects"), persons, origin
        self.settings, self.usual = settings, settings.prospects
        self.customer: I64 = np.zeros(0, dtype=np.int64)
        """The customer that a prospect is, -1 for none."""
        self.setters: I64 = np.zeros((0, len(_ADDRESS)), dtype=np.int64)
        self.version: I64 = np.zeros(0, dtype=np.int64)
        self.listed: Bool = np.zeros(0, dtype=np.bool_)
        self.keys: U64 = np.zeros(0, dtype=np.uint64)

    def write(self, landing: Landing, batch: int, state: State) -> None:
        """The list of a batch, with its control totals."""
        known, number = len(self.customer), self.usual
        if batch > 1:
            self._change(batch, state)
            number = 1 + int(self.settings.daily(self.usual) * (0.4 + 0.4 * self.dice.number("new", batch)))
        self._add(batch, number, state)
        listed = np.flatnonzero(self.listed)
        if batch > 1:
            listed = listed[self.settings.in_daily_share(listed)]
        with landing.file(batch, "Prospect.csv") as file:
            file.write_each(self._lines, listed)
        matching = np.isin(self.keys[listed], state.keys(self.persons, state.active()))
        totals = {"P_RECORDS": len(listed), "P_NEW": count(listed >= known), "P_C_MATCHING": count(matching)}
        landing.audit(batch, "Prospect", Prospect=totals)

    def _add(self, batch: int, number: int, state: State) -> None:
        """New prospects; a quarter of them are customers who are no prospects yet."""
        dice = self.dice
        known = len(self.customer)
        who = known + np.arange(number)
        active = state.active()
        active = active[~np.isin(active, self.customer)]
        active = active[np.argsort(dice.bits("order", active, batch))]
        active = active[: min(-(-number // 4), len(active) * 4 // 5 + 1)]
        customer = np.full(number, -1)
        seats = np.argsort(dice.bits("seat", who))[: len(active)]
        customer[seats] = active
        setters = np.repeat((_OWN + who * _VERSIONS)[:, None], len(_ADDRESS), axis=1)
        now = state.customer[active][:, _ADDRESS]
        # Some lists are old: the customer as first known.
        old = dice.chance(0.1, "old", active)
        setters[seats] = np.where(old[:, None], self.origin[active][:, None], now)
        self.customer = np.concatenate([self.customer, customer])
        self.setters = np.concatenate([self.setters, setters])
        self.version = np.concatenate([self.version, np.zeros(number, dtype=np.int64)])
        self.listed = np.concatenate([self.listed, np.ones(number, dtype=np.bool_)])
        self.keys = np.concatenate([self.keys, self._keys(who)])
        self._distinguish()

    def _change(self, batch: int, state: State) -> None:
        """Some leave the list, some come back, some are described anew."""
        dice, who = self.dice, np.arange(len(self.customer))
        # Of those who leave, more than half do so for good: about as many as are new.
        absent = np.flatnonzero(~self.listed & ~dice.chance(0.6, "for good", who))
        back = absent[dice.chance(0.2, "back", absent, batch)]
        if len(absent) > 2 and not len(back):
            back = absent[:1]
        leaves = self.listed & dice.chance(DAILY_SHARE, "leaves", who, batch)
        leaves[int(dice.below(len(who), "leaves", batch)[0])] = True
        self.listed[leaves] = False
        self.listed[back] = True

        changes = dice.chance(0.01, "changes", who, batch)
        changes[dice.below(len(who), "changes", batch, np.arange(3))] = True
        changed = np.flatnonzero(changes)
        self.version[changed] += 1
        customer = self.customer[changed]
        # Customers are brought up to date; of the others, some move.
        up_to_date = changed[customer >= 0]
        self.setters[up_to_date] = state.customer[self.customer[up_to_date]][:, _ADDRESS]
        moved = changed[(customer < 0) & dice.chance(0.3, "moves", changed, batch)]
        number = _OWN + moved * _VERSIONS + self.version[moved]
        self.setters[moved, 2:] = number[:, None]
        self.keys[changed] = self._keys(changed)
        self._distinguish()

    def _keys(self, who: I64) -> U64:
        last, first, line1, line2, place = self.setters[who].T
        return self.persons.address_key(last, first, line1, line2, place)

    def _distinguish(self) -> None:
        """No two prospects share name and address: the later one gets others."""
        while True:
            _, first = np.unique(self.keys, return_index=True)
            if len(first) == len(self.keys):
                return
            twins = np.setdiff1d(np.arange(len(self.keys)), first)
            self.version[twins] += 1
            self.customer[twins] = -1
            self.setters[twins] = (_OWN + twins * _VERSIONS + self.version[twins])[:, None]
            self.keys[twins] = self._keys(twins)

    def _lines(self, who: I64) -> Text:
        dice, persons = self.dice, self.persons
        number = _OWN + who * _VERSIONS + self.version[who]
        last, first, line1, line2, place = self.setters[who].T
        case = dice.below(3, "case", who)
        quote = only(dice.chance(0.03, "quoted", who), '"')
        tag = padded(dice.below(17_576, "tag", who) * 1_000_000_000 + who, 14)
        net_worth = 1000 * dice.between(-90, 900, "net worth", number)
        net_worth = np.where(dice.chance(0.15, "rich", who), net_worth * 7 + 10_000, net_worth)

        def cased(text: Text) -> Text:
            """Some lists are all in capitals or all in small letters."""
            return pc.choose(case, text, pc.utf8_upper(text), pc.utf8_lower(text))

        def amount(name: str, low: int, high: int) -> Text:
            value = dice.between(low, high, name, number)
            return only(~dice.chance(0.05, f"no {name}", who), integer(value))

        gender = cased(_GENDERS.take(dice.below(4, "gender", who) % 2))
        no_gender = dice.chance(0.06, "no gender", who)
        return delimited(
            [
                join(LETTERS.take(dice.below(26, "tag letter", who)), tag),
                join(quote, cased(persons.last(last)), quote),
                cased(persons.first(first)),
                cased(LETTERS.take(persons.middle(number))),
                pc.if_else(no_gender, pc.if_else(who % 2 == 0, "U", ""), gender),
                join(quote, cased(persons.line1(line1)), quote),
                cased(persons.line2(line2)),
                *map(cased, persons.address(place)),
                only(~dice.chance(0.1, "no phone", who), telephone(dice, who, number)),
                amount("income", 12_000, 320_000),
                amount("cars", 0, 5),
                amount("children", 0, 5),
                dice.word(_MARITAL, "marital", number),
                amount("age", 18, 92),
                amount("credit rating", 320, 850),
                dice.word(_OWNS, "owns", number),
                only(~dice.chance(0.1, "no employer", who), cased(dice.word(_EMPLOYERS, "employer", number))),
                amount("cards", 0, 9),
                only(~dice.chance(0.05, "no net worth", who), integer(net_worth)),
            ],
            ",",
        )

"""CustomerMgmt.xml: the history of customers and accounts, one action a line."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scripts.generate_landing import words
from scripts.generate_landing.crm import Account, Action, Crm, Events, account_changes, customer_changes
from scripts.generate_landing.days import SECONDS_A_DAY
from scripts.generate_landing.dice import I64, Bool, Dice, count
from scripts.generate_landing.output import Landing
from scripts.generate_landing.persons import Person, Persons
from scripts.generate_landing.text import LETTERS, Text, date, integer, join, only, timestamp

_CHUNK = 8192
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<TPCDI:Actions xmlns:TPCDI="http://www.tpc.org/tpc-di">\n'
_TAIL = "</TPCDI:Actions>\n"
_ACTIONS = pa.array(action.name for action in Action)


class AccountValues:
    """Values of accounts' properties, as functions of the events that set them."""

    def __init__(self, dice: Dice, persons: Persons, brokers: I64) -> None:
        self.dice = dice.sub("accounts")
        self.persons = persons
        self.brokers = brokers
        self.kinds = persons.written(words.ACCOUNT_KINDS)

    def broker(self, event: I64) -> I64:
        """An employee who is a broker."""
        return self.brokers[self.dice.below(len(self.brokers), "broker", event)]

    def tax_status(self, event: I64) -> I64:
        """0, 1 or 2."""
        return self.dice.choose((0.2, 0.5, 0.3), "tax status", event)

    def has_name(self, event: I64) -> Bool:
        """Whether the account has a name."""
        return self.dice.chance(0.97, "has name", event)

    def name(self, event: I64) -> Text:
        """For example `Mary Smith Roth IRA`; the person named need not be the customer."""
        persons = self.persons
        return join(persons.first(event), " ", persons.last(event), " ", self.dice.word(self.kinds, "kind", event))


class _Line:
    """Assembles the markup of a block of events."""

    def __init__(self, dice: Dice, number: I64) -> None:
        self.pair = dice.chance(0.5, "empty pair", number)
        self.quote = pc.if_else(dice.chance(0.2, "single quotes", number), "'", '"')

    def attribute(self, name: str, value: Text, present: Bool) -> Text:
        """An attribute where it is present."""
        return only(present, join(f" {name}=", self.quote, value, self.quote))

    def element(self, name: str, value: Text, present: Bool, filled: Bool | None = None) -> Text:
        """An element; where it is present but not filled, it is empty in one of two notations."""
        text = join(f"<{name}>", value, f"</{name}>")
        if filled is not None:
            text = pc.if_else(filled, text, pc.if_else(self.pair, f"<{name}></{name}>", f"<{name}/>"))
        return only(present, text)


class CustomerMgmt:
    """Writes the history's actions."""

    def __init__(self, crm: Crm, persons: Persons, accounts: AccountValues, origin: I64, dice: Dice) -> None:
        self.crm, self.persons, self.accounts = crm, persons, accounts
        self.origin = origin
        """The number of the NEW event of each customer."""
        self.dice = dice.sub("xml")

    def write(self, landing: Landing) -> None:
        """The file with its control totals."""
        events = self.crm.history
        with landing.file(1, "CustomerMgmt.xml") as file:
            file.write(pa.array([_HEAD]))
            for at in range(0, len(events.kind), _CHUNK):
                file.write(self._block(events, slice(at, at + _CHUNK)))
            file.write(pa.array([_TAIL]))
        new, end = events.number[events.kind == Action.NEW], self.crm.calendar.end
        landing.audit(
            1,
            "CustomerMgmt",
            DimCustomer=customer_changes(events) | dirty_totals(self.persons, new, new, end, end),
            DimAccount=account_changes(events.kind[events.account >= 0], events, self.crm.lives),
        )

    def _block(self, events: Events, span: slice) -> Text:
        number, sets, when = events.number[span], events.sets[span], events.time[span]
        kind, customer = events.kind[span], events.customer[span]
        line = _Line(self.dice, number)
        new = kind == Action.NEW
        # A missing value is left out or left empty; where it is a change, only the latter says so.
        explicit = ~new | self.dice.chance(0.4, "tell empty", number)
        at = pc.replace_substring(timestamp(when // SECONDS_A_DAY, when % SECONDS_A_DAY), " ", "T")
        return join(
            '<TPCDI:Action ActionType="', _ACTIONS.take(kind), '" ActionTS="', at, '">',
            self._customer_start(line, sets, number, customer, new, explicit),
            only(new | (kind == Action.UPDCUST), self._customer_body(line, sets, number, customer, explicit)),
            self._account(line, events.sets_account[span], number, kind, events.account[span]),
            only(kind != Action.INACT, "</Customer>"), "</TPCDI:Action>\n",
        )  # fmt: skip

    def _customer_start(self, line: _Line, sets: Bool, number: I64, customer: I64, new: Bool, explicit: Bool) -> Text:
        persons = self.persons
        gender, tier = persons.gender(number), persons.tier(number)
        has_gender, has_tier = gender != len(persons.genders) - 1, tier != len(persons.tiers) - 1
        birth = date(persons.birth(number, self.crm.calendar.end))
        attributes = [
            line.attribute("C_ID", integer(customer), np.ones(len(number), dtype=np.bool_)),
            line.attribute("C_TAX_ID", persons.tax_id(customer), new),
            line.attribute("C_GNDR", persons.genders.take(gender), sets[:, Person.GENDER] & (has_gender | explicit)),
            line.attribute("C_TIER", persons.tiers.take(tier), sets[:, Person.TIER] & (has_tier | explicit)),
            line.attribute("C_DOB", birth, sets[:, Person.BIRTH]),
        ]
        turned = self.dice.chance(0.2, "turned", number)
        leaving = self.crm.history.kind[number - self.crm.history.first] == Action.INACT
        in_order = pc.if_else(turned, join(*attributes[::-1]), join(*attributes))
        return join("<Customer", in_order, pc.if_else(leaving, "/>", ">"))

    def _customer_body(self, line: _Line, sets: Bool, number: I64, customer: I64, explicit: Bool) -> Text:
        persons, origin = self.persons, self.origin[customer]
        middle, has_line2 = persons.middle(number), persons.has_line2(number)
        address = zip(("C_ZIPCODE", "C_CITY", "C_STATE_PROV", "C_CTRY"), persons.address(number), strict=True)

        def element(name: str, value: Text, property: int, filled: Bool | None = None) -> Text:
            is_set = sets[:, property]
            return line.element(name, value, is_set if filled is None else is_set & (filled | explicit), filled)

        def group(name: str, first: int, last: int, *elements: Text) -> Text:
            """Elements for properties, where an event sets any of these."""
            any_set = np.asarray(sets[:, first : last + 1].any(axis=1))
            return only(any_set, join(f"<{name}>", *elements, f"</{name}>"))

        emails = [persons.email(which, number, origin) for which in range(2)]
        return join(
            group(
                "Name", Person.LAST, Person.MIDDLE,
                element("C_L_NAME", persons.last(number), Person.LAST),
                element("C_F_NAME", persons.first(number), Person.FIRST),
                element("C_M_NAME", LETTERS.take(middle), Person.MIDDLE, middle < 26),
            ),
            group(
                "Address", Person.LINE1, Person.PLACE,
                element("C_ADLINE1", persons.line1(number), Person.LINE1),
                element("C_ADLINE2", persons.line2(number), Person.LINE2, has_line2),
                *(element(name, text, Person.PLACE) for name, text in address),
            ),
            group(
                "ContactInfo", Person.PHONE1, Person.EMAIL2,
                element("C_PRIM_EMAIL", emails[0][0], Person.EMAIL1, emails[0][1]),
                element("C_ALT_EMAIL", emails[1][0], Person.EMAIL2, emails[1][1]),
                *(self._phone(line, which, number, sets[:, Person.PHONE1 + which], explicit) for which in range(3)),
            ),
            group(
                "TaxInfo", Person.LOCAL_TAX, Person.NATIONAL_TAX,
                element("C_LCL_TX_ID", persons.local_tax(number), Person.LOCAL_TAX),
                element("C_NAT_TX_ID", persons.national_tax(number), Person.NATIONAL_TAX),
            ),
        )  # fmt: skip

    def _phone(self, line: _Line, which: int, number: I64, sets: Bool, explicit: Bool) -> Text:
        parts = self.persons.phone(which, number)
        names = ("C_CTRY_CODE", "C_AREA_CODE", "C_LOCAL", "C_EXT")
        inner = [line.element(name, text, has | explicit, has) for name, (text, has) in zip(names, parts, strict=True)]
        # An extension alone is no number.
        some = parts[0][1] | parts[1][1] | parts[2][1]
        return line.element(f"C_PHONE_{which + 1}", join(*inner), sets & (some | explicit), some)

    def _account(self, line: _Line, sets: Bool, number: I64, kind: I64, account: I64) -> Text:
        values = self.accounts
        present = account >= 0
        opened = (kind == Action.NEW) | (kind == Action.ADDACCT)
        has_name = values.has_name(number)
        broker, named = sets[:, Account.BROKER], sets[:, Account.NAME] & (has_name | ~opened)
        inside = broker | named
        turned = self.dice.chance(0.3, "account turned", number)
        identity = line.attribute("CA_ID", integer(account), present)
        status = line.attribute("CA_TAX_ST", integer(values.tax_status(number)), sets[:, Account.TAX_STATUS])
        start = join("<Account", pc.if_else(turned, join(status, identity), join(identity, status)))
        within = join(
            line.element("CA_B_ID", integer(values.broker(number)), broker),
            line.element("CA_NAME", values.name(number), named, has_name),
        )
        return only(present, join(start, pc.if_else(inside, join(">", within, "</Account>"), "/>")))


def dirty_totals(persons: Persons, tier: I64, birth: I64, day: int, end: int) -> dict[str, int]:
    """Counts of invalid tiers and dates of birth among images, given by the events that set them."""
    born = persons.birth(birth, end).astype("datetime64[D]")
    today = np.datetime64(day, "D")
    months = born.astype("datetime64[M]")
    # 29 February has no anniversary in most years; no one here is within a month of a hundred.
    hundred = (months + 1200).astype("datetime64[D]") + (born - months)
    return {
        "C_DOB_TO": count(hundred <= today),
        "C_DOB_TY": count(born > today),
        "C_TIER_INV": count(persons.tier(tier) >= 3),
    }

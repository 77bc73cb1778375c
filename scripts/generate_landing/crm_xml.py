"""CustomerMgmt.xml: the history of customers and accounts, one action a line."""

from __future__ import annotations

import numpy as np

from scripts.generate_landing import words
from scripts.generate_landing.cells import (
    Cells,
    Piece,
    clock,
    date,
    integer,
    join,
    only,
    squeeze,
    table,
    xml_table,
)
from scripts.generate_landing.crm import Crm
from scripts.generate_landing.crm_parts import (
    ACTIONS,
    ADDACCT,
    BROKER,
    INACT,
    NAME,
    NEW,
    TAX_STATUS,
    UPDCUST,
    Events,
)  # fmt: skip
from scripts.generate_landing.days import SECONDS_A_DAY
from scripts.generate_landing.dice import I64, Bool, Dice
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
    TIER,
    Persons,
)  # fmt: skip

_CHUNK = 8192
_HEAD = b'<?xml version="1.0" encoding="UTF-8"?>\n<TPCDI:Actions xmlns:TPCDI="http://www.tpc.org/tpc-di">\n'
_TAIL = b"</TPCDI:Actions>\n"
LETTERS = table([*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", ""])


class AccountValues:
    """Values of accounts' properties, as functions of the events that set them."""

    def __init__(self, dice: Dice, persons: Persons, brokers: I64) -> None:
        self.dice = dice.sub("accounts")
        self.persons = persons
        self.brokers = brokers
        self.kinds = table(words.ACCOUNT_KINDS)
        self.kinds_xml = xml_table(words.ACCOUNT_KINDS)

    def broker(self, event: I64) -> I64:
        """An employee who is a broker."""
        return self.brokers[self.dice.below(len(self.brokers), "broker", event)]

    def tax_status(self, event: I64) -> I64:
        """0, 1 or 2."""
        return self.dice.choose((0.2, 0.5, 0.3), "tax status", event)

    def has_name(self, event: I64) -> Bool:
        """Whether the account has a name."""
        return self.dice.chance(0.97, "has name", event)

    def name(self, event: I64, xml: bool = False) -> Piece:
        """For example `Mary Smith Roth IRA`; the person named need not be the customer."""
        persons = self.persons
        kind = self.dice.below(len(words.ACCOUNT_KINDS), "kind", event)
        return [
            np.take(persons.first_xml if xml else persons.first, persons.first_name(event), axis=0), b" ",
            np.take(persons.last_xml if xml else persons.last, persons.last_name(event), axis=0), b" ",
            np.take(self.kinds_xml if xml else self.kinds, kind, axis=0),
        ]  # fmt: skip


class _Line:
    """Assembles the markup of a block of events."""

    def __init__(self, dice: Dice, number: I64) -> None:
        self.pair = dice.chance(0.5, "empty pair", number)
        single = dice.chance(0.2, "single quotes", number)
        self.quote = np.where(single, ord("'"), ord('"')).astype(np.uint8)[:, None]

    def attribute(self, name: bytes, value: Piece, present: Bool) -> Piece:
        """An attribute where it is present."""
        return only(present, [b" " + name + b"=", self.quote, value, self.quote])

    def element(self, name: bytes, value: Piece, present: Bool, filled: Bool | None = None) -> Piece:
        """An element; where it is present but not filled, it is empty in one of two notations."""
        if filled is None:
            filled = present
        full: Piece = [b"<" + name + b">", value, b"</" + name + b">"]
        pieces: list[Piece] = [only(present & filled, full)]
        empty = present & ~filled
        if empty.any():
            pieces.append(only(empty & self.pair, b"<" + name + b"></" + name + b">"))
            pieces.append(only(empty & ~self.pair, b"<" + name + b"/>"))
        return pieces


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
            file.write_bytes(_HEAD)
            for at in range(0, len(events.kind), _CHUNK):
                file.write_bytes(squeeze(self._block(events, at, min(at + _CHUNK, len(events.kind)))).data)
            file.write_bytes(_TAIL)
        customers, accounts = self.crm.history_totals()
        new = events.number[events.kind == NEW]
        end = self.crm.calendar.end
        landing.audit(1, "CustomerMgmt", customers + dirty_totals(self.persons, new, new, end, end) + accounts)

    def _block(self, events: Events, first: int, last: int) -> Cells:
        span = slice(first, last)
        number = events.number[span]
        kind, customer, account = events.kind[span], events.customer[span], events.account[span]
        line = _Line(self.dice, number)
        new = kind == NEW
        # A missing value is left out or left empty; where it is a change, only the latter says so.
        tell = ~new | self.dice.chance(0.4, "tell empty", number)
        when = events.time[span]
        names = table(ACTIONS)
        pieces: list[Piece] = [
            b'<TPCDI:Action ActionType="', np.take(names, kind, axis=0), b'" ActionTS="',
            date(when // SECONDS_A_DAY), b"T", clock(when % SECONDS_A_DAY), b'">',
            self._customer_start(line, events.sets[span], number, customer, new, tell),
            only(new | (kind == UPDCUST), self._customer_body(line, events.sets[span], number, customer, tell)),
            self._account(line, events.sets_account[span], number, kind, account),
            only(kind != INACT, b"</Customer>"), b"</TPCDI:Action>\n",
        ]  # fmt: skip
        return join(pieces, last - first)

    def _customer_start(self, line: _Line, sets: Bool, number: I64, customer: I64, new: Bool, tell: Bool) -> Piece:
        persons = self.persons
        gender, tier = persons.gender(number), persons.tier(number)
        birth = persons.birth(number, self.crm.calendar.end)
        has_gender, has_tier = gender != len(persons.genders) - 1, tier != len(persons.tiers) - 1
        everywhere = np.ones(len(number), dtype=np.bool_)
        attributes = [
            line.attribute(b"C_ID", integer(customer), everywhere),
            line.attribute(b"C_TAX_ID", persons.tax_id(customer), new),
            line.attribute(
                b"C_GNDR",
                np.take(persons.genders, gender, axis=0),
                sets[:, GENDER] & (has_gender | tell),
            ),
            line.attribute(b"C_TIER", np.take(persons.tiers, tier, axis=0), sets[:, TIER] & (has_tier | tell)),
            line.attribute(b"C_DOB", date(birth), sets[:, BIRTH]),
        ]
        turned = self.dice.chance(0.2, "turned", number)
        leaving = self.crm.history.kind[number - self.crm.history.first] == INACT
        return [
            b"<Customer",
            only(~turned, list(attributes)),
            only(turned, attributes[::-1]),
            only(leaving, b"/>"),
            only(~leaving, b">"),
        ]

    def _customer_body(self, line: _Line, sets: Bool, number: I64, customer: I64, tell: Bool) -> Piece:
        persons = self.persons
        last, first = persons.last_name(number), persons.first_name(number)
        middle = persons.middle(number)
        has_middle, has_line2 = middle < 26, persons.has_line2(number)
        place = persons.place(number)
        named = _any(sets, LAST, FIRST, MIDDLE)
        moved = _any(sets, LINE1, LINE2, PLACE)
        reached = _any(sets, *range(PHONE1, EMAIL2 + 1))
        taxed = _any(sets, LOCAL_TAX, NATIONAL_TAX)
        at = sets[:, PLACE]
        origin = self.origin[customer]
        pieces: list[Piece] = [
            only(named, b"<Name>"),
            line.element(b"C_L_NAME", np.take(persons.last_xml, last, axis=0), sets[:, LAST]),
            line.element(b"C_F_NAME", np.take(persons.first_xml, first, axis=0), sets[:, FIRST]),
            line.element(
                b"C_M_NAME",
                np.take(LETTERS, middle, axis=0),
                sets[:, MIDDLE] & (has_middle | tell),
                has_middle,
            ),
            only(named, b"</Name>"),
            only(moved, b"<Address>"),
            line.element(b"C_ADLINE1", persons.line1(number, xml=True), sets[:, LINE1]),
            line.element(b"C_ADLINE2", persons.line2(number), sets[:, LINE2] & (has_line2 | tell), has_line2),
            line.element(b"C_ZIPCODE", persons.postal_code(number), at),
            line.element(b"C_CITY", np.take(persons.cities_xml, place, axis=0), at),
            line.element(b"C_STATE_PROV", np.take(persons.states, place, axis=0), at),
            line.element(b"C_CTRY", np.take(persons.countries, place, axis=0), at),
            only(moved, b"</Address>"),
            only(reached, b"<ContactInfo>"),
        ]
        for which, (name, column) in enumerate([(b"C_PRIM_EMAIL", EMAIL1), (b"C_ALT_EMAIL", EMAIL2)]):
            text, has = persons.email(which, number, origin, origin)
            pieces.append(line.element(name, text, sets[:, column] & (has | tell), has))
        for which in range(3):
            pieces.append(self._phone(line, which, number, sets[:, PHONE1 + which], tell))
        pieces += [
            only(reached, b"</ContactInfo>"),
            only(taxed, b"<TaxInfo>"),
            line.element(b"C_LCL_TX_ID", persons.local_tax(number), sets[:, LOCAL_TAX]),
            line.element(b"C_NAT_TX_ID", persons.national_tax(number), sets[:, NATIONAL_TAX]),
            only(taxed, b"</TaxInfo>"),
        ]
        return pieces

    def _phone(self, line: _Line, which: int, number: I64, sets: Bool, tell: Bool) -> Piece:
        phone = self.persons.phone(which, number)
        some = phone.has_local | phone.has_area | phone.has_country
        inner: list[Piece] = [
            line.element(b"C_CTRY_CODE", phone.country, phone.has_country | tell, phone.has_country),
            line.element(b"C_AREA_CODE", phone.area, phone.has_area | tell, phone.has_area),
            line.element(b"C_LOCAL", phone.local, phone.has_local | tell, phone.has_local),
            line.element(b"C_EXT", phone.extension, phone.has_extension | tell, phone.has_extension),
        ]
        return line.element(f"C_PHONE_{which + 1}".encode(), inner, sets & (some | tell), some)

    def _account(self, line: _Line, sets: Bool, number: I64, kind: I64, account: I64) -> Piece:
        values = self.accounts
        present = account >= 0
        opened = (kind == NEW) | (kind == ADDACCT)
        has_name = values.has_name(number)
        broker, named = sets[:, BROKER], sets[:, NAME] & (has_name | ~opened)
        inside = present & (broker | named)
        turned = self.dice.chance(0.3, "account turned", number)
        identity = line.attribute(b"CA_ID", integer(np.maximum(account, 0)), present)
        status = line.attribute(b"CA_TAX_ST", integer(values.tax_status(number)), sets[:, TAX_STATUS])
        return [
            only(present, b"<Account"),
            only(~turned, [identity, status]),
            only(turned, [status, identity]),
            only(inside, b">"),
            line.element(b"CA_B_ID", integer(values.broker(number)), broker),
            line.element(b"CA_NAME", values.name(number, xml=True), named, has_name),
            only(inside, b"</Account>"),
            only(present & ~inside, b"/>"),
        ]


def _any(sets: Bool, *properties: int) -> Bool:
    """Whether an event sets any of some properties."""
    return np.asarray(sets[:, properties].any(axis=1))


def dirty_totals(persons: Persons, tier: I64, birth: I64, day: int, end: int) -> list[tuple[str, str, int]]:
    """Counts of invalid tiers and dates of birth among images, given by the events that set them."""
    born = persons.birth(birth, end).astype("datetime64[D]")
    today = np.datetime64(day, "D")
    months = born.astype("datetime64[M]")
    # 29 February has no anniversary in most years; nobody here is within a month of a hundred.
    hundred = (months + 1200).astype("datetime64[D]") + (born - months)
    return [
        ("DimCustomer", "C_DOB_TO", int(np.count_nonzero(hundred <= today))),
        ("DimCustomer", "C_DOB_TY", int(np.count_nonzero(born > today))),
        ("DimCustomer", "C_TIER_INV", int(np.count_nonzero(persons.tier(tier) >= 3))),
    ]

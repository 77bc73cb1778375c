"""What is known of a person, as a function of the event that set it.

A customer's property holds the number of the event that last set it; the value is a draw on that
number. The history's partial updates, the later full images and the marketing agency's copies so agree
without any value being stored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scripts.generate_landing import words
from scripts.generate_landing.cells import Cells, Piece, integer, only, padded, table, xml_table
from scripts.generate_landing.dice import I64, U64, Bool, Dice, mix

# Properties that change on their own; a customer's state is one event number for each.
LAST, FIRST, MIDDLE, GENDER, TIER, BIRTH, LINE1, LINE2, PLACE = range(9)
PHONE1, PHONE2, PHONE3, EMAIL1, EMAIL2, LOCAL_TAX, NATIONAL_TAX = range(9, 16)
PROPERTIES = 16
UPDATE_CHANCE = (
    0.08, 0.01, 0.08, 0.03, 0.15, 0.01, 0.30, 0.33, 0.30, 0.22, 0.15, 0.10, 0.20, 0.15, 0.10, 0.10
)  # fmt: skip

CAPITALS = np.frombuffer(b"ABCEGHJKLMNPRSTVWXYZ", dtype=np.uint8)
GENDERS = ("F", "M", "f", "m", "X", "U", "n/a", "")
TIERS = ("1", "2", "3", "0", "4", "9", "")
"""The valid tiers, then the invalid ones."""

LOCAL_TAXES = [f"{code}{n}" for code in words.US_STATES for n in range(1, 6)] + [
    f"{code}{n}" for code in words.PROVINCES for n in range(1, 5)
]
NATIONAL_TAXES = [f"US{n}" for n in range(1, 6)] + [f"CN{n}" for n in range(1, 5)]


def is_canadian(place: I64) -> Bool:
    """Whether a place is Canadian."""
    return np.asarray(place >= words.US_CITIES)


def zip_number(place: I64, bits: U64) -> I64:
    """The number that a postal code spells: five digits, or three letters and three digits."""
    limit = np.where(is_canadian(place), 8_000_000, 100_000).astype(np.uint64)
    return (((bits >> np.uint64(32)) * limit) >> np.uint64(32)).view(np.int64)


def zip_cells(place: I64, bits: U64) -> list[Piece]:
    """Postal codes in the style of the place's country."""
    number = zip_number(place, bits)
    canadian = is_canadian(place)
    rest = number
    letters: list[Cells] = []
    for base in (10, 20, 10, 20, 10, 20):
        digit = rest % base
        rest = rest // base
        letters.insert(0, (CAPITALS[digit] if base == 20 else (digit + 48).astype(np.uint8))[:, None])
    code: Piece = [*letters[:3], b" ", *letters[3:]]
    return [only(~canadian, padded(number % 100_000, 5)), only(canadian, code)]


@dataclass
class Phones:
    """The parts of telephone numbers; a missing part is NULL."""

    country: Piece
    area: Piece
    local: Piece
    extension: Piece
    has_country: Bool
    has_area: Bool
    has_local: Bool
    has_extension: Bool


class Persons:
    """Values of persons' properties. `event` arrays hold the numbers of the events that set them."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice.sub("persons")
        self.first = table(words.FIRST)
        self.last = table(words.LAST)
        self.first_xml = xml_table(words.FIRST)
        self.last_xml = xml_table(words.LAST)
        self.first_mail = table(words.ascii_only(word) for word in words.FIRST)
        self.last_mail = table(words.ascii_only(word) for word in words.LAST)
        self.hosts = table(words.MAIL_HOSTS)
        self.cities = table(words.CITIES)
        self.cities_xml = xml_table(words.CITIES)
        self.states = table(words.STATES)
        self.countries = table(words.COUNTRIES)
        self.streets = table(words.STREETS)
        self.streets_xml = xml_table(words.STREETS)
        self.street_types = table(words.STREET_TYPES)
        self.units = table(words.UNITS)
        self.genders = table(GENDERS)
        self.tiers = table(TIERS)
        self.local_taxes = table(LOCAL_TAXES)
        self.national_taxes = table(NATIONAL_TAXES)

    def last_name(self, event: I64) -> I64:
        """Place in `words.LAST`."""
        return self.dice.below(len(words.LAST), "last name", event)

    def first_name(self, event: I64) -> I64:
        """Place in `words.FIRST`."""
        return self.dice.below(len(words.FIRST), "first name", event)

    def middle(self, event: I64) -> I64:
        """Letter of the alphabet, 26 for none."""
        return np.minimum(self.dice.below(40, "middle", event), 26)

    def gender(self, event: I64) -> I64:
        """Place in `GENDERS`: mostly that of the first name, some in lower case, missing or junk."""
        odd = self.dice.choose((0.90, 0.04, 0.01, 0.01, 0.01, 0.03), "gender", event)
        own = self.first_name(event) % 2
        return np.where(odd == 0, own, np.where(odd == 1, own + 2, odd + 2))

    def tier(self, event: I64) -> I64:
        """Place in `TIERS`; one in a hundred is invalid or missing."""
        odd = self.dice.choose((0.99, 0.002, 0.002, 0.002, 0.004), "odd tier", event)
        return np.where(odd == 0, self.dice.choose((0.3, 0.5, 0.2), "tier", event), odd + 2)

    def birth(self, event: I64, end: int) -> I64:
        """Day of birth: 18 to 90 years before the history's end, rarely absurd."""
        odd = self.dice.choose((0.99, 0.005, 0.005), "odd birth", event)
        usual = end - 6600 - self.dice.below(26_000, "birth", event)
        old = end - 37_000 - self.dice.below(6_000, "old", event)
        unborn = end + 20 + self.dice.below(1_500, "unborn", event)
        return np.where(odd == 0, usual, np.where(odd == 1, old, unborn))

    def place(self, event: I64) -> I64:
        """Place in `words.CITIES`."""
        return self.dice.below(len(words.CITIES), "place", event)

    def postal_code(self, event: I64) -> list[Piece]:
        """Postal codes of the places."""
        return zip_cells(self.place(event), self.dice.bits("zip", event))

    def line1_codes(self, event: I64) -> tuple[I64, I64, I64]:
        """House number, street and kind of street."""
        number = 1 + self.dice.below(19_999, "number", event)
        street = self.dice.below(len(words.STREETS), "street", event)
        return number, street, self.dice.below(len(words.STREET_TYPES), "street type", event)

    def line1(self, event: I64, xml: bool = False) -> list[Piece]:
        """First address lines, for example `12 Main Street`."""
        number, street, kind = self.line1_codes(event)
        streets = self.streets_xml if xml else self.streets
        return [
            integer(number), b" ", np.take(streets, street, axis=0),
            b" ", np.take(self.street_types, kind, axis=0),
        ]  # fmt: skip

    def has_line2(self, event: I64) -> Bool:
        """Whether there is a second address line."""
        return self.dice.chance(0.35, "has line 2", event)

    def line2_codes(self, event: I64) -> I64:
        """Kind of unit and its number in one; 0 for no second address line."""
        number = 1 + self.dice.below(999, "unit", event)
        kind = self.dice.below(len(words.UNITS), "unit kind", event)
        return np.where(self.has_line2(event), kind * 1000 + number, 0)

    def line2(self, event: I64) -> Piece:
        """Second address lines, empty where there is none."""
        code = self.line2_codes(event)
        text: Piece = [np.take(self.units, code // 1000, axis=0), b" ", integer(code % 1000)]
        return only(code > 0, text)

    def email(self, which: int, event: I64, last: I64, first: I64) -> tuple[Piece, Bool]:
        """An address made of the person's name, and whether there is one."""
        has = self.dice.chance((0.95, 0.6)[which], f"has email {which}", event)
        text: Piece = [
            np.take(self.first_mail, self.first_name(first), axis=0), b".",
            np.take(self.last_mail, self.last_name(last), axis=0),
            integer(self.dice.below(900, f"email number {which}", event)), b"@",
            np.take(self.hosts, self.dice.below(len(words.MAIL_HOSTS), f"host {which}", event), axis=0),
        ]  # fmt: skip
        return text, has

    def phone(self, which: int, event: I64) -> Phones:
        """Telephone number 0, 1 or 2."""
        dice, name = self.dice, f"phone {which}"
        local = dice.chance((0.95, 0.7, 0.4)[which], f"{name} local", event)
        any_ = local | dice.chance(0.05, f"{name} broken", event)
        area = any_ & dice.chance(0.8, f"{name} area", event)
        country = any_ & dice.chance(0.6, f"{name} country", event)
        extension = local & dice.chance(0.2, f"{name} extension", event)
        number = dice.below(10_000_000, f"{name} number", event)
        digits = padded(number, 7)
        country_code = np.where(dice.chance(0.03, f"{name} abroad", event), 44, 1)
        return Phones(
            country=integer(country_code),
            area=integer(200 + dice.below(790, f"{name} area code", event)),
            local=[digits[:, :3], b"-", digits[:, 3:]],
            extension=integer(1 + dice.below(9999, f"{name} extension number", event)),
            has_country=country,
            has_area=area,
            has_local=local,
            has_extension=extension,
        )

    def local_tax(self, event: I64) -> Cells:
        """Identifiers of a state's or province's tax bracket."""
        code = self.dice.below(len(LOCAL_TAXES), "local tax", event)
        return np.take(self.local_taxes, code, axis=0)

    def national_tax(self, event: I64) -> Cells:
        """Identifiers of a country's tax bracket."""
        code = self.dice.below(len(NATIONAL_TAXES), "national tax", event)
        return np.take(self.national_taxes, code, axis=0)

    def tax_id(self, customer: I64) -> list[Piece]:
        """Tax identifiers of customers, 999-99-9999."""
        digits = padded(self.dice.below(1_000_000_000, "tax id", customer), 9)
        return [digits[:, :3], b"-", digits[:, 3:5], b"-", digits[:, 5:]]

    def address_key(self, last: I64, first: I64, line1: I64, line2: I64, place: I64) -> U64:
        """Equal exactly where last name, first name, address lines and postal code are equal.

        Arguments are the events that set these properties; letter case does not count.
        """
        number, street, kind = self.line1_codes(line1)
        where = self.place(place)
        code = zip_number(where, self.dice.bits("zip", place)) + is_canadian(where) * 10_000_000
        key = self.last_name(last) * 1000 + self.first_name(first)
        word = mix((key * 100_000 + number).astype(np.uint64))
        word += ((street * 100 + kind) * 10_000 + self.line2_codes(line2)).astype(np.uint64)
        mix(word)
        word += code.astype(np.uint64)
        return mix(word)

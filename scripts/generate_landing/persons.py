"""What is known of a person, as a function of the event that set it.

A customer's property holds the number of the event that last set it; the value is a draw on that
number. The history's partial updates, the later full images and the marketing agency's copies so agree
without any value being stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scripts.generate_landing import words
from scripts.generate_landing.dice import I64, U64, Bool, Dice, mix
from scripts.generate_landing.text import Text, integer, join, only, padded

Person = IntEnum(
    "Person",
    "LAST FIRST MIDDLE GENDER TIER BIRTH LINE1 LINE2 PLACE PHONE1 PHONE2 PHONE3 EMAIL1 EMAIL2 LOCAL_TAX NATIONAL_TAX",
    start=0,
)
"""Properties that change on their own; a customer's state is one event number for each."""
UPDATE_CHANCE = (
    0.08, 0.01, 0.08, 0.03, 0.15, 0.01, 0.30, 0.33, 0.30, 0.22, 0.15, 0.10, 0.20, 0.15, 0.10, 0.10
)  # fmt: skip

POSTAL_LETTERS = pa.array("ABCEGHJKLMNPRSTVWXYZ")
GENDERS = ("F", "M", "f", "m", "X", "U", "n/a", "")
TIERS = ("1", "2", "3", "0", "4", "9", "")
"""The valid tiers, then the invalid ones."""

LOCAL_TAXES = [f"{code}{n}" for code in words.US_STATES for n in range(1, 6)] + [
    f"{code}{n}" for code in words.PROVINCES for n in range(1, 5)
]
NATIONAL_TAXES = [f"US{n}" for n in range(1, 6)] + [f"CN{n}" for n in range(1, 5)]
VOCABULARIES: dict[str, Sequence[str]] = {
    "last": words.LAST, "first": words.FIRST, "street": words.STREETS, "type": words.STREET_TYPES,
    "unit": words.UNITS, "city": words.CITIES, "state": words.STATES, "country": words.COUNTRIES,
}  # fmt: skip
"""The words that names and addresses are made of."""


def is_canadian(place: I64) -> Bool:
    """Whether a place is Canadian."""
    return np.asarray(place >= words.US_CITIES)


def zip_number(place: I64, bits: U64) -> I64:
    """The number that a postal code spells: five digits, or three letters and three digits."""
    limit = np.where(is_canadian(place), 8_000_000, 100_000).astype(np.uint64)
    return (((bits >> np.uint64(32)) * limit) >> np.uint64(32)).view(np.int64)


def zip_codes(place: I64, bits: U64) -> Text:
    """Postal codes in the style of the place's country."""
    rest = number = zip_number(place, bits)
    signs: list[Text] = []
    for base in (10, 20, 10, 20, 10, 20):
        signs.insert(0, POSTAL_LETTERS.take(rest % base) if base == 20 else integer(rest % base))
        rest = rest // base
    return pc.if_else(is_canadian(place), join(*signs[:3], " ", *signs[3:]), padded(number % 100_000, 5))


def local_number(number: I64) -> Text:
    """Seven digits as 999-9999."""
    return join(padded(number // 10_000, 3), "-", padded(number % 10_000, 4))


def telephone(dice: Dice, who: I64, number: I64) -> Text:
    """Telephone numbers, (999) 999-9999: the area is a draw on `who`, the rest one on `number`."""
    area = integer(200 + dice.below(790, "area", who))
    return join("(", area, ") ", local_number(dice.below(10_000_000, "phone", number)))


class Persons:
    """Values of persons' properties. `event` arrays hold the numbers of the events that set them."""

    def __init__(self, dice: Dice, written: Callable[[Iterable[str]], Text] = pa.array) -> None:
        """`written` makes a vocabulary as a kind of file has it."""
        self.dice = dice.sub("persons")
        self.written = written
        self.words = {name: written(vocabulary) for name, vocabulary in VOCABULARIES.items()}
        self.first_mail, self.last_mail = (
            pa.array(words.ascii_only(word) for word in names) for names in (words.FIRST, words.LAST)
        )
        self.hosts, self.genders, self.tiers = pa.array(words.MAIL_HOSTS), pa.array(GENDERS), pa.array(TIERS)
        self.local_taxes, self.national_taxes = pa.array(LOCAL_TAXES), pa.array(NATIONAL_TAXES)

    def last_name(self, event: I64) -> I64:
        """Place in `words.LAST`."""
        return self.dice.below(len(words.LAST), "last name", event)

    def last(self, event: I64) -> Text:
        """Last names."""
        return self.words["last"].take(self.last_name(event))

    def first_name(self, event: I64) -> I64:
        """Place in `words.FIRST`."""
        return self.dice.below(len(words.FIRST), "first name", event)

    def first(self, event: I64) -> Text:
        """First names."""
        return self.words["first"].take(self.first_name(event))

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

    def postal_code(self, event: I64) -> Text:
        """Postal codes of the places."""
        return zip_codes(self.place(event), self.dice.bits("zip", event))

    def line1_codes(self, event: I64) -> tuple[I64, I64, I64]:
        """House number, street and kind of street."""
        number = 1 + self.dice.below(19_999, "number", event)
        street = self.dice.below(len(words.STREETS), "street", event)
        return number, street, self.dice.below(len(words.STREET_TYPES), "street type", event)

    def address(self, event: I64) -> list[Text]:
        """Postal code, city, state or province, and country."""
        place = self.place(event)
        return [self.postal_code(event), *(self.words[name].take(place) for name in ("city", "state", "country"))]

    def line1(self, event: I64) -> Text:
        """First address lines, for example `12 Main Street`."""
        number, street, kind = self.line1_codes(event)
        return join(integer(number), " ", self.words["street"].take(street), " ", self.words["type"].take(kind))

    def has_line2(self, event: I64) -> Bool:
        """Whether there is a second address line."""
        return self.dice.chance(0.35, "has line 2", event)

    def line2_codes(self, event: I64) -> I64:
        """Kind of unit and its number in one; 0 for no second address line."""
        number = 1 + self.dice.below(999, "unit", event)
        kind = self.dice.below(len(words.UNITS), "unit kind", event)
        return np.where(self.has_line2(event), kind * 1000 + number, 0)

    def line2(self, event: I64) -> Text:
        """Second address lines, empty where there is none."""
        code = self.line2_codes(event)
        return only(code > 0, join(self.words["unit"].take(code // 1000), " ", integer(code % 1000)))

    def email(self, which: int, event: I64, owner: I64) -> tuple[Text, Bool]:
        """An address made of the name that the event `owner` set, and whether there is one."""
        text = join(
            self.first_mail.take(self.first_name(owner)), ".", self.last_mail.take(self.last_name(owner)),
            integer(self.dice.below(900, f"email number {which}", event)), "@",
            self.dice.word(self.hosts, f"host {which}", event),
        )  # fmt: skip
        return text, self.dice.chance((0.95, 0.6)[which], f"has email {which}", event)

    def phone(self, which: int, event: I64) -> list[tuple[Text, Bool]]:
        """Telephone number 0, 1 or 2: country, area, local number, extension, and whether each is there."""
        dice, name = self.dice, f"phone {which}"
        local = dice.chance((0.95, 0.7, 0.4)[which], f"{name} local", event)
        any_ = local | dice.chance(0.05, f"{name} broken", event)
        number = dice.below(10_000_000, f"{name} number", event)
        country = np.where(dice.chance(0.03, f"{name} abroad", event), 44, 1)
        area = 200 + dice.below(790, f"{name} area code", event)
        extension = 1 + dice.below(9999, f"{name} extension number", event)
        return [
            (integer(country), any_ & dice.chance(0.6, f"{name} country", event)),
            (integer(area), any_ & dice.chance(0.8, f"{name} area", event)),
            (local_number(number), local),
            (integer(extension), local & dice.chance(0.2, f"{name} extension", event)),
        ]

    def local_tax(self, event: I64) -> Text:
        """Identifiers of a state's or province's tax bracket."""
        return self.dice.word(self.local_taxes, "local tax", event)

    def national_tax(self, event: I64) -> Text:
        """Identifiers of a country's tax bracket."""
        return self.dice.word(self.national_taxes, "national tax", event)

    def tax_id(self, customer: I64) -> Text:
        """Tax identifiers of customers, 999-99-9999."""
        number = self.dice.below(1_000_000_000, "tax id", customer)
        parts = padded(number // 1_000_000, 3), padded(number // 10_000 % 100, 2), padded(number % 10_000, 4)
        return join(parts[0], "-", parts[1], "-", parts[2])

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

"""What is known of a person, as a function of the event that set it.

A customer's property holds the number of the event that last set it; the value is a draw on that
number. The history's partial updates, the later full images and the marketing agency's copies so agree
without any value being stored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from enum import IntEnum

import numpy as np

from scripts.generate_landing import words
from scripts.generate_landing.cells import Piece, integer, only, padded, pick, table
from scripts.generate_landing.dice import I64, U64, Bool, Cells, Dice, mix

Person = IntEnum(
    "Person",
    "LAST FIRST MIDDLE GENDER TIER BIRTH LINE1 LINE2 PLACE PHONE1 PHONE2 PHONE3 EMAIL1 EMAIL2 LOCAL_TAX NATIONAL_TAX",
    start=0,
)
"""Properties that change on their own; a customer's state is one event number for each."""
UPDATE_CHANCE = (
    0.08, 0.01, 0.08, 0.03, 0.15, 0.01, 0.30, 0.33, 0.30, 0.22, 0.15, 0.10, 0.20, 0.15, 0.10, 0.10
)  # fmt: skip

CAPITALS = np.frombuffer(b"ABCEGHJKLMNPRSTVWXYZ", dtype=np.uint8)
GENDERS = ("F", "M", "f", "m", "X", "U", "n/a", "")
TIERS = ("1", "2", "3", "0", "4", "9", "")
"""The valid tiers, then the invalid ones."""
LETTERS = table([*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", ""])

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


class Persons:
    """Values of persons' properties. `event` arrays hold the numbers of the events that set them."""

    def __init__(self, dice: Dice, written: Callable[[Iterable[str]], Cells] = table) -> None:
        """`written` makes a vocabulary as a kind of file has it."""
        self.dice = dice.sub("persons")
        self.written = written
        self.words = {name: written(vocabulary) for name, vocabulary in VOCABULARIES.items()}
        self.first_mail, self.last_mail = (
            table(words.ascii_only(word) for word in names) for names in (words.FIRST, words.LAST)
        )
        self.hosts, self.genders, self.tiers = table(words.MAIL_HOSTS), table(GENDERS), table(TIERS)
        self.local_taxes, self.national_taxes = table(LOCAL_TAXES), table(NATIONAL_TAXES)

    def last_name(self, event: I64) -> I64:
        """Place in `words.LAST`."""
        return self.dice.below(len(words.LAST), "last name", event)

    def last(self, event: I64) -> Cells:
        """Last names."""
        return pick(self.words["last"], self.last_name(event))

    def first_name(self, event: I64) -> I64:
        """Place in `words.FIRST`."""
        return self.dice.below(len(words.FIRST), "first name", event)

    def first(self, event: I64) -> Cells:
        """First names."""
        return pick(self.words["first"], self.first_name(event))

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

    def address(self, event: I64) -> list[Piece]:
        """Postal code, city, state or province, and country."""
        place = self.place(event)
        return [self.postal_code(event), *(pick(self.words[name], place) for name in ("city", "state", "country"))]

    def line1(self, event: I64) -> list[Piece]:
        """First address lines, for example `12 Main Street`."""
        number, street, kind = self.line1_codes(event)
        return [integer(number), b" ", pick(self.words["street"], street), b" ", pick(self.words["type"], kind)]

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
        text: Piece = [pick(self.words["unit"], code // 1000), b" ", integer(code % 1000)]
        return only(code > 0, text)

    def email(self, which: int, event: I64, last: I64, first: I64) -> tuple[Piece, Bool]:
        """An address made of the person's name, and whether there is one."""
        text: Piece = [
            pick(self.first_mail, self.first_name(first)), b".", pick(self.last_mail, self.last_name(last)),
            integer(self.dice.below(900, f"email number {which}", event)), b"@",
            self.dice.word(self.hosts, f"host {which}", event),
        ]  # fmt: skip
        return text, self.dice.chance((0.95, 0.6)[which], f"has email {which}", event)

    def phone(self, which: int, event: I64) -> list[tuple[Piece, Bool]]:
        """Telephone number 0, 1 or 2: country, area, local number, extension, and whether each is there."""
        dice, name = self.dice, f"phone {which}"
        local = dice.chance((0.95, 0.7, 0.4)[which], f"{name} local", event)
        any_ = local | dice.chance(0.05, f"{name} broken", event)
        digits = padded(dice.below(10_000_000, f"{name} number", event), 7)
        country = np.where(dice.chance(0.03, f"{name} abroad", event), 44, 1)
        area = 200 + dice.below(790, f"{name} area code", event)
        extension = 1 + dice.below(9999, f"{name} extension number", event)
        return [
            (integer(country), any_ & dice.chance(0.6, f"{name} country", event)),
            (integer(area), any_ & dice.chance(0.8, f"{name} area", event)),
            ([digits[:, :3], b"-", digits[:, 3:]], local),
            (integer(extension), local & dice.chance(0.2, f"{name} extension", event)),
        ]

    def local_tax(self, event: I64) -> Cells:
        """Identifiers of a state's or province's tax bracket."""
        return self.dice.word(self.local_taxes, "local tax", event)

    def national_tax(self, event: I64) -> Cells:
        """Identifiers of a country's tax bracket."""
        return self.dice.word(self.national_taxes, "national tax", event)

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

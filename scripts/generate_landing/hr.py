"""The brokerage's employees; three in ten are brokers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from scripts.generate_landing import words
from scripts.generate_landing.dice import I64, Dice
from scripts.generate_landing.output import Landing
from scripts.generate_landing.persons import telephone
from scripts.generate_landing.settings import Settings
from scripts.generate_landing.text import LETTERS, Text, csv_words, delimited, integer, join, only

BROKER_CODE = 314


class Employees:
    """Employees by identifier, and which of them are brokers."""

    def __init__(self, settings: Settings, dice: Dice) -> None:
        self.dice = dice.sub("employees")
        self.count = settings.employees
        everyone = np.arange(self.count)
        self.is_broker = self.dice.chance(0.3, "broker", everyone)
        self.is_broker[:3] = [False, True, True]
        self.brokers: I64 = np.flatnonzero(self.is_broker)
        self.first, self.last = pa.array(words.FIRST), pa.array(words.LAST)

    def names(self, employee: I64) -> tuple[Text, Text]:
        """First and last names."""
        return self.dice.word(self.first, "first", employee), self.dice.word(self.last, "last", employee)

    def full_name(self, employee: I64) -> Text:
        """For example `Mary Smith`."""
        first, last = self.names(employee)
        return join(first, " ", last)

    def write(self, landing: Landing) -> None:
        """HR.csv with its control total."""
        with landing.file(1, "HR.csv") as file:
            file.write_each(self._lines, np.arange(self.count))
        landing.audit(1, "HR", DimBroker={"HR_BROKERS": len(self.brokers)})

    def _lines(self, who: I64) -> Text:
        dice = self.dice
        code = np.where(self.is_broker[who], BROKER_CODE, 301 + dice.below(13, "code", who))
        has_code = self.is_broker[who] | ~dice.chance(0.04, "no code", who)
        offices = csv_words(f"OFFICE{n}" if n % 9 else f"Tower {n}, East Wing" for n in range(60))
        branches = csv_words([*words.CITIES[:30], 'The "Old" Exchange', ""])
        return delimited(
            [
                integer(who),
                integer(who // 12),
                *self.names(who),
                LETTERS.take(np.minimum(dice.below(32, "middle", who), 26)),
                only(has_code, integer(code)),
                dice.word(branches, "branch", who),
                dice.word(offices, "office", who),
                telephone(dice, who, who),
            ],
            ",",
        )

"""The brokerage's employees; three in ten are brokers."""

from __future__ import annotations

import numpy as np

from scripts.generate_landing import words
from scripts.generate_landing.cells import Piece, csv_table, delimited, integer, only, padded, pick, table
from scripts.generate_landing.dice import I64, Cells, Dice
from scripts.generate_landing.output import Landing
from scripts.generate_landing.persons import LETTERS
from scripts.generate_landing.settings import Settings

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
        self.first, self.last = table(words.FIRST), table(words.LAST)

    def names(self, employee: I64) -> tuple[Cells, Cells]:
        """First and last names."""
        return self.dice.word(self.first, "first", employee), self.dice.word(self.last, "last", employee)

    def full_name(self, employee: I64) -> Piece:
        """For example `Mary Smith`."""
        first, last = self.names(employee)
        return [first, b" ", last]

    def write(self, landing: Landing) -> None:
        """HR.csv with its control total."""
        with landing.file(1, "HR.csv") as file:
            file.write_each(self._lines, np.arange(self.count))
        landing.audit(1, "HR", DimBroker={"HR_BROKERS": len(self.brokers)})

    def _lines(self, who: I64) -> Piece:
        dice = self.dice
        code = np.where(self.is_broker[who], BROKER_CODE, 301 + dice.below(13, "code", who))
        has_code = self.is_broker[who] | ~dice.chance(0.04, "no code", who)
        offices = csv_table(f"OFFICE{n}" if n % 9 else f"Tower {n}, East Wing" for n in range(60))
        branches = csv_table([*words.CITIES[:30], 'The "Old" Exchange', ""])
        digits = padded(dice.below(10_000_000, "phone", who), 7)
        return delimited(
            [
                integer(who),
                integer(who // 12),
                *self.names(who),
                pick(LETTERS, np.minimum(dice.below(32, "middle", who), 26)),
                only(has_code, integer(code)),
                dice.word(branches, "branch", who),
                dice.word(offices, "office", who),
                [b"(", integer(200 + dice.below(790, "area", who)), b") ", digits[:, :3], b"-", digits[:, 3:]],
            ],
            b",",
        )

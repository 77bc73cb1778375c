"""Companies and their securities: when each comes, changes its name and goes.

Everything is known from the start and held in arrays with one element a company or security. Quarters
count from the first quarter of 1967; days from 1970-01-01.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from scripts.generate_landing import words
from scripts.generate_landing.days import NEVER, Calendar, parts
from scripts.generate_landing.dice import I64, Bool, Dice, ordinals
from scripts.generate_landing.settings import Settings
from scripts.generate_landing.text import LETTERS, Text, join

FIRST_YEAR = 1967
LAST_SECOND = 80_000
"""Second of the day before which news is posted; what follows a record the same day has room after."""

ISSUES = ("COMMON", "PREF_A", "PREF_B", "PREF_C", "PREF_D")
_ISSUE_SUFFIX = ("", "PRA", "PRB", "PRC", "PRD")
EXCHANGES = ("NYSE", "NASDAQ", "AMEX", "PCX")


class Quarters:
    """The calendar quarters of the newswire, up to the one that contains the history's end."""

    def __init__(self, end: int) -> None:
        year, month, _ = parts(np.array([end]))
        last = (int(year[0]) - FIRST_YEAR) * 4 + (int(month[0]) - 1) // 3
        self.last = last
        self.year: I64 = FIRST_YEAR + np.arange(last + 2) // 4
        self.number: I64 = np.arange(last + 2) % 4 + 1
        months = (self.year - 1970) * 12 + (self.number - 1) * 3
        starts = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        self.start: I64 = starts
        """First day of each quarter; one more quarter than there are files."""
        ends = starts[1:].copy()
        ends[last] = min(int(ends[last]), end + 1)
        self.length: I64 = ends - starts[: last + 1]
        """Days of each quarter that belong to the history."""

    def name(self, quarter: int) -> str:
        """For example 1985Q3."""
        return f"{self.year[quarter]}Q{self.number[quarter]}"


class Companies:
    """All companies and securities of a landing area."""

    def __init__(self, settings: Settings, calendar: Calendar, dice: Dice) -> None:
        self.dice = dice.sub("companies")
        self.quarters = Quarters(calendar.end)
        self.count = settings.companies
        self._companies()
        self._securities(calendar)
        self.symbols = _symbols(self.issue)
        # Securities are visited in steps prime to their number, so that no one returns to one.
        count = self.securities
        steps = [n for n in range(max(2, count // 7), count) if np.gcd(n, count) == 1]
        self._steps = np.array(steps[:500] or [1])

    def event_day(self, company: I64, quarter: I64) -> I64:
        """Day of a quarter on which a company's own news comes, if any comes."""
        share = self.dice.unit("event day", company, quarter)
        length = self.quarters.length[quarter]
        return self.quarters.start[quarter] + (share * length * 0.8).astype(np.int64)

    def _companies(self) -> None:
        dice, quarters = self.dice, self.quarters
        c = np.arange(self.count)
        last = quarters.last
        old = dice.chance(0.25, "old", c) | (c % 9 == 0)
        self.entry_quarter: I64 = np.where(old, 0, dice.below(last - 2, "entry", c))
        self.entry_day: I64 = quarters.start[self.entry_quarter] + dice.below(60, "entry day", c)
        self.entry_second: I64 = dice.below(LAST_SECOND - 10_000, "entry second", c)
        self.cik: I64 = 1000 + c * 7

        room = last - 1 - self.entry_quarter - 8
        dies = dice.chance(0.2, "dies", c) & (room > 0) & (c % 9 != 0)
        death = self.entry_quarter + 8 + (dice.unit("death", c) * np.maximum(room, 1)).astype(np.int64)
        self.death_quarter: I64 = np.where(dies, death, NEVER)
        self.death_day: I64 = np.where(dies, self.event_day(c, np.where(dies, death, 0)), NEVER)

        until = np.minimum(self.death_quarter, last) - 1
        room = until - self.entry_quarter
        renames = (dice.chance(0.03, "renames", c) | (c % 83 == 6)) & (room > 0)
        rename = self.entry_quarter + 1 + (dice.unit("rename", c) * np.maximum(room, 1)).astype(np.int64)
        self.rename_quarter: I64 = np.where(renames, rename, NEVER)
        self.rename_day: I64 = np.where(renames, self.event_day(c, np.where(renames, rename, 0)), NEVER)

        # The quarter from which a company reports no results; none ever reports from NEVER on.
        silent = dice.chance(0.02, "silent", c) | (c % 97 == 3)
        self.silent_quarter: I64 = np.where(silent, last - 5 - dice.below(8, "silent since", c), NEVER)

    def _securities(self, calendar: Calendar) -> None:
        dice, quarters = self.dice, self.quarters
        companies = np.arange(self.count)
        number = 1 + dice.chance(0.33, "two securities", companies) + dice.chance(0.12, "more", companies)
        company = np.repeat(companies, number)
        ordinal = ordinals(number)
        first = self.entry_quarter[company] + 1
        room = np.minimum(self.death_quarter[company], quarters.last) - first
        keep = (ordinal == 0) | (room > 0)
        company, ordinal, first, room = company[keep], ordinal[keep], first[keep], room[keep]
        s = np.arange(len(company))

        # The first one is listed with the company's first announcement or soon after; others later.
        later = first + (dice.unit("issued", s) * np.maximum(room, 1)).astype(np.int64)
        quarter = np.where(ordinal == 0, self.entry_quarter[company], later)
        same_day = dice.chance(0.5, "same day", s)
        wait = np.where(same_day, 0, 1 + dice.below(20, "wait", s))
        random_day = quarters.start[quarter] + (dice.unit("issue day", s) * quarters.length[quarter]).astype(np.int64)
        self.company: I64 = company
        self.issue_quarter: I64 = quarter
        self.issue_day: I64 = np.where(ordinal == 0, self.entry_day[company] + wait, random_day)
        after = self.entry_second[company] + 1 + dice.below(7200, "issue second", s)
        self.issue_second: I64 = np.where(ordinal == 0, after, dice.below(LAST_SECOND, "second", s))
        self.issue: I64 = np.where(ordinal == 0, 0, dice.choose((0.4, 0.25, 0.15, 0.1, 0.1), "issue", s))

        death = self.death_day[company]
        self.delist_day: I64 = np.where(death < NEVER, death + 1 + dice.below(5, "delisting", s), NEVER)
        self.first_market_day: I64 = calendar.first_after(self.issue_day)
        """First market day with a price: the day after the newswire named the security, or later."""
        self.last_market_day: I64 = np.where(
            death < NEVER, calendar.first_from(np.minimum(self.delist_day, calendar.end)), NEVER
        )
        """First market day without a price."""
        gone = self.delist_day <= calendar.dates[0]
        self.last_market_day[gone] = 0

    @property
    def securities(self) -> int:
        """Number of securities ever listed."""
        return len(self.company)

    def listed(self, market_day: int) -> I64:
        """Securities that have a price on a market day."""
        return np.flatnonzero((self.first_market_day <= market_day) & (market_day < self.last_market_day))

    def is_listed(self, security: I64, first: I64, last: I64) -> Bool:
        """Whether securities have prices on all market days from `first` to `last`."""
        return np.asarray((self.first_market_day[security] <= first) & (last < self.last_market_day[security]))

    def visited(self, dice: Dice, who: I64, place: I64) -> I64:
        """The securities that each of some turns to, one place after the other."""
        base = dice.below(self.securities, "base", who)
        step = self._steps[dice.below(len(self._steps), "step", who)]
        return np.asarray((base + place * step) % self.securities)

    def name_number(self, company: I64, day: I64) -> I64:
        """Number of the name that companies bear at the end of a day."""
        return np.where(day >= self.rename_day[company], company + self.count, company)

    def names(self) -> Text:
        """All names by number: first names, then names after a change. No two are equal."""
        return pa.array(company_name(number) for number in range(2 * self.count))


def company_name(number: int) -> str:
    """A name of its own for each number; some look odd, none is ten digits. At most 60 characters."""
    odd = number % 61
    if odd == 7:
        return f"{100_000_000 + number}"
    if odd == 17:
        return f"{number + 3}rd Street Holdings"
    if odd == 23:
        return f"Société Générale d’Énergie n° {number}"
    if odd == 31:
        return f'"{number}" Brothers & Sons, Ltd.'
    if odd == 43:
        return f"{4_000_000_000 + number} Partners"
    if odd == 53:
        return f"O'Hara & Müller {number} GmbH"
    heads, bodies, tails = words.COMPANY_HEAD, words.COMPANY_BODY, words.COMPANY_TAIL
    total = len(heads) * len(bodies) * len(tails)
    turn, place = divmod(number, total)
    place = place * 100_003 % total  # 100,003 is prime to the total: no two numbers meet
    name = f"{heads[place % len(heads)]} {bodies[place // len(heads) % len(bodies)]}"
    return f"{name} {f'{turn + 1} ' if turn else ''}{tails[place // len(heads) // len(bodies)]}"


def _symbols(issue: I64) -> Text:
    """A ticker symbol for each security: six letters, and a suffix for preferred shares."""
    place = np.arange(len(issue)) * 179_424_673 % 26**6  # prime to 26: no two securities meet
    letters = [LETTERS.take(place // 26**n % 26) for n in range(6)]
    return join(*letters, pa.array(_ISSUE_SUFFIX).take(issue))

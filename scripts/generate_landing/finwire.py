"""The newswire: one file of fixed-width records a quarter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, product
from string import ascii_uppercase

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scripts.generate_landing import words
from scripts.generate_landing.companies import EXCHANGES, ISSUES, LAST_SECOND, Companies
from scripts.generate_landing.dice import I64, Bool, Dice
from scripts.generate_landing.output import Landing
from scripts.generate_landing.persons import VOCABULARIES, zip_codes
from scripts.generate_landing.text import Text, cents, clock, compact_date, fixed, integer, join, only, padded

RATINGS = words.listed("AAA AA+ AA AA- A+ A A- BBB+ BBB BBB- BB+ BB BB- B+ B B- CCC+ CCC CCC- CC C D")
KINDS = ("CMP", "SEC", "FIN")
BAD_RATINGS = words.listed("AAAA E NR DD Baa1 CC+ ? a-")


@dataclass
class Records:
    """Records of one kind in one quarter: about which company (or security), when, in what state."""

    subject: I64
    day: I64
    second: I64
    ended: Bool
    """Whether the record says that its subject has become inactive."""
    version: I64
    """Distinguishes a second record of a subject on one day."""

    def twice(self, again: Bool) -> Records:
        """The records, and a second one later the same day for some."""
        second = Records(**{name: values[again] for name, values in vars(self).items()})
        second.second += 1 + second.subject % 3600
        second.version += 1
        return Records(**{name: np.concatenate([values, vars(second)[name]]) for name, values in vars(self).items()})


class Newswire:
    """Writes the newswire's files."""

    def __init__(self, companies: Companies, dice: Dice) -> None:
        self.companies = companies
        self.dice = dice.sub("finwire")
        self.names = companies.names()
        vocabularies: dict[str, Sequence[str]] = {
            **VOCABULARIES,
            "country": [*words.COUNTRIES, ""],
            "rating": [*RATINGS, *BAD_RATINGS],
            "industry": industry_ids(),
            "description": words.DESCRIPTIONS,
            "goods": words.GOODS,
            "issue": ISSUES,
            "exchange": EXCHANGES,
        }
        self.words = {name: pa.array(vocabulary) for name, vocabulary in vocabularies.items()}

    def _word(self, vocabulary: str, purpose: str, *ids: I64 | int) -> Text:
        return self.dice.word(self.words[vocabulary], purpose, *ids)

    def write(self, landing: Landing) -> None:
        """All files of the history, one a quarter, with their control totals."""
        for quarter in range(self.companies.quarters.last + 1):
            self._write_quarter(landing, quarter)

    def _write_quarter(self, landing: Landing, quarter: int) -> None:
        news = (self._company_news(quarter), self._security_news(quarter), self._results(quarter))
        texts = (
            self._company_lines(news[0], quarter),
            self._security_lines(news[1], quarter),
            self._result_lines(news[2], quarter),
        )
        day, second = (np.concatenate([getattr(records, of) for records in news]) for of in ("day", "second"))
        name = f"FINWIRE{self.companies.quarters.name(quarter)}"
        with landing.file(1, name) as file:
            file.write(pa.concat_arrays(texts).take(np.lexsort((second, day))))
        totals = [
            {f"FW_{kind}": len(r.day), f"FW_{kind}_DUP": _repeats(r)} for kind, r in zip(KINDS, news, strict=True)
        ]
        landing.audit(1, name, DimCompany=totals[0], DimSecurity=totals[1], Financial=totals[2])

    def _company_news(self, quarter: int) -> Records:
        """First announcements, changes and ends of companies."""
        who, dice = self.companies, self.dice
        share = float(who.quarters.length[quarter]) / 91.0
        c = np.flatnonzero((who.entry_quarter <= quarter) & (quarter <= who.death_quarter))
        new = who.entry_quarter[c] == quarter
        end = who.death_quarter[c] == quarter
        change = dice.chance(0.03 * share, "company changes", c, quarter)
        take = new | end | change | (who.rename_quarter[c] == quarter)
        c, new, end = c[take], new[take], end[take]
        day = np.where(new, who.entry_day[c], who.event_day(c, np.full(len(c), quarter)))
        second = np.where(new, who.entry_second[c], dice.below(LAST_SECOND, "cmp second", c, quarter))
        records = Records(c, day, second, end, np.zeros(len(c), dtype=np.int64))
        return records.twice(~new & dice.chance(0.02, "company twice", c, quarter))

    def _security_news(self, quarter: int) -> Records:
        """First listings, changes and delistings of securities."""
        who, dice = self.companies, self.dice
        share = float(who.quarters.length[quarter]) / 91.0
        s = np.flatnonzero((who.issue_quarter <= quarter) & (quarter <= who.death_quarter[who.company]))
        new = who.issue_quarter[s] == quarter
        end = who.death_quarter[who.company[s]] == quarter
        change = dice.chance(0.008 * share, "security changes", s, quarter)
        take = new | end | change
        s, new, end = s[take], new[take], end[take]
        start, length = who.quarters.start[quarter], who.quarters.length[quarter]
        day = start + (dice.unit("sec day", s, quarter) * length).astype(np.int64)
        day = np.where(new, who.issue_day[s], np.where(end, who.delist_day[s], day))
        second = dice.below(LAST_SECOND, "sec second", s, quarter)
        second = np.where(new, who.issue_second[s], second)
        records = Records(s, day, second, end, np.zeros(len(s), dtype=np.int64))
        return records.twice(dice.chance(0.01, "security twice", s, quarter))

    def _results(self, quarter: int) -> Records:
        """Results of the quarter before, once for each company that reports."""
        who, dice = self.companies, self.dice
        c = np.flatnonzero(
            (who.entry_quarter < quarter) & (quarter <= who.death_quarter) & (quarter - 1 < who.silent_quarter)
        )
        day = 15 + dice.below(60, "posted", c, quarter)
        c, day = c[day < who.quarters.length[quarter]], day[day < who.quarters.length[quarter]]
        second = dice.below(LAST_SECOND, "fin second", c, quarter)
        zeros = np.zeros(len(c), dtype=np.int64)
        return Records(c, who.quarters.start[quarter] + day, second, zeros.astype(np.bool_), zeros)

    def _company_lines(self, records: Records, quarter: int) -> Text:
        dice, who, vocabulary = self.dice, self.companies, self.words
        c = records.subject
        cut = dice.chance(0.5, "cmp cut", c, quarter, records.version)
        bare = dice.chance(0.03, "cmp bare", c, quarter, records.version)
        # The address moves every few years, the chief and the rating change with each record.
        era = (quarter + c) // 24
        place = dice.below(len(words.CITIES), "place", c, era)
        country = np.where(dice.chance(0.05, "no country", c, era), len(words.COUNTRIES), place)
        bad = dice.chance(0.01, "bad rating", c, quarter, records.version)
        rating = np.where(
            bad,
            len(RATINGS) + dice.below(len(BAD_RATINGS), "which bad", c, quarter),
            dice.below(len(RATINGS), "rating", c, quarter, records.version),
        )
        founded = who.entry_day[c] - 400 - dice.below(12_000, "founded", c)
        floor = dice.chance(0.2, "floor", c, era)
        chief = join(self._word("first", "chief", c, quarter), " ", self._word("last", "chief name", c, quarter))
        description = join("It ", self._word("description", "verb", c), " ", self._word("goods", "goods", c), ".")
        number = integer(1 + dice.below(9999, "number", c, era))
        street = join(number, " ", self._word("street", "street", c, era), " ", self._word("type", "type", c, era))
        line2 = only(floor, join("Floor ", integer(1 + dice.below(60, "floor number", c, era))))
        no_founding = dice.chance(0.05, "no founding date", c)
        return join(
            _stamp(records, "CMP"),
            fixed(self.names.take(who.name_number(c, records.day)), 60),
            padded(who.cik[c], 10),
            _status(records),
            self._word("industry", "industry", c),
            fixed(vocabulary["rating"].take(rating), 4),
            fixed(only(~no_founding, compact_date(founded)), 8),
            fixed(street, 80),
            fixed(line2, 80),
            fixed(zip_codes(place, dice.bits("zip", c, era)), 12),
            fixed(vocabulary["city"].take(place), 25),
            fixed(vocabulary["state"].take(place), 20),
            fixed(vocabulary["country"].take(country), 24),
            fixed(chief, 46, ~(cut & bare)),
            fixed(only(~bare, description), 150, ~cut),
            "\n",
        )

    def _reference(self, records: Records, company: I64, quarter: int) -> Text:
        """The company by identifier or by name; by identifier on the day on which its name changes."""
        who, dice = self.companies, self.dice
        by_name = dice.chance(0.5, "by name", company, quarter, records.version)
        by_name &= who.rename_day[company] != records.day
        pad = by_name & ~dice.chance(0.3, "name cut", company, quarter, records.version)
        name = self.names.take(who.name_number(company, records.day))
        return pc.if_else(by_name, fixed(name, 60, pad), padded(who.cik[company], 10))

    def _security_lines(self, records: Records, quarter: int) -> Text:
        dice, who, s = self.dice, self.companies, records.subject
        c = who.company[s]
        shares = _shares(dice, c, quarter)
        traded = who.issue_day[s] + dice.below(3, "first trade", s)
        here = traded + dice.below(200, "first trade here", s) * dice.chance(0.3, "elsewhere", s)
        dividend = dice.below(400, "dividend", s, quarter, records.version) * dice.chance(0.6, "pays", s)
        issue = self.words["issue"].take(who.issue[s])
        return join(
            _stamp(records, "SEC"),
            fixed(who.symbols.take(s), 15),
            fixed(issue, 6),
            _status(records),
            fixed(join(self.names.take(who.name_number(c, records.day)), " ", issue), 70),
            fixed(self._word("exchange", "exchange", s), 6),
            fixed(integer(shares), 13),
            compact_date(traded),
            compact_date(here),
            fixed(cents(dividend), 12),
            self._reference(records, c, quarter),
            "\n",
        )

    def _result_lines(self, records: Records, quarter: int) -> Text:
        dice, who, c = self.dice, self.companies, records.subject
        about = max(quarter - 1, 0)
        shares = _shares(dice, c, quarter)
        diluted = shares + (shares * dice.unit("diluted", c, quarter) * 0.1).astype(np.int64)
        per_share = 200 + dice.below(6000, "revenue per share", c)
        growth = (1 + (about - 150) * 0.004) * (0.8 + 0.4 * dice.unit("season", c, quarter))
        revenue = (per_share * growth * shares).astype(np.int64)
        margin = 0.005 + 0.12 * dice.unit("margin", c) - 0.18 * dice.chance(0.08, "loss", c, quarter)
        margin = np.where(dice.chance(0.01, "no profit ever", c) | (c % 89 == 5), 0.0, margin)
        earnings = np.rint(revenue * margin).astype(np.int64)
        assets = revenue * 2 + dice.below(1 << 30, "assets", c, quarter)
        share_of_margin = np.rint(margin * 100).astype(np.int64)
        quarters = who.quarters
        return join(
            _stamp(records, "FIN"),
            f"{quarters.year[about]}{quarters.number[about]}",
            compact_date(np.full(len(c), quarters.start[about])),
            compact_date(records.day),
            fixed(cents(revenue), 17),
            fixed(cents(earnings), 17),
            fixed(cents(np.rint(earnings / shares).astype(np.int64)), 12),
            fixed(cents(np.rint(earnings / diluted).astype(np.int64)), 12),
            fixed(cents(share_of_margin), 12),
            fixed(cents(revenue // (5 + c % 7)), 17),
            fixed(cents(assets), 17),
            fixed(cents(assets * (30 + c % 60) // 100), 17),
            fixed(integer(shares), 13),
            fixed(integer(diluted), 13),
            self._reference(records, c, quarter),
            "\n",
        )


def industry_ids() -> list[str]:
    """Two-letter identifiers of the industries, in the order of their names."""
    pairs = product(ascii_uppercase, repeat=2)
    return ["".join(pair) for pair in islice(pairs, len(words.INDUSTRIES))]


def _stamp(records: Records, kind: str) -> Text:
    """When a record was posted, and its kind."""
    return join(compact_date(records.day), "-", pc.replace_substring(clock(records.second), ":", ""), kind)


def _status(records: Records) -> Text:
    return pc.if_else(records.ended, "INAC", "ACTV")


def _shares(dice: Dice, company: I64, quarter: int) -> I64:
    """Shares outstanding of companies in a quarter."""
    base = 200_000 + dice.below(80_000_000, "shares", company)
    return base + base // 100 * (quarter // 8)


def _repeats(records: Records) -> int:
    """Records of a subject on a day beyond the first."""
    return len(records.day) - len(np.unique(records.subject * 100_000 + records.day))

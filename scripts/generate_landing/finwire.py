"""The newswire: one file of fixed-width records a quarter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scripts.generate_landing import words
from scripts.generate_landing.cells import (
    Cells,
    Piece,
    cents,
    compact_date,
    fixed,
    integer,
    join,
    only,
    padded,
    squeeze,
    table,
)
from scripts.generate_landing.companies import EXCHANGES, ISSUES, LAST_SECOND, Companies
from scripts.generate_landing.dice import I64, Bool, Dice
from scripts.generate_landing.output import Landing
from scripts.generate_landing.persons import zip_cells

RATINGS = words.listed("AAA AA+ AA AA- A+ A A- BBB+ BBB BBB- BB+ BB BB- B+ B B- CCC+ CCC CCC- CC C D")
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
        second = self.second[again] + 1 + self.subject[again] % 3600
        return Records(
            np.concatenate([self.subject, self.subject[again]]),
            np.concatenate([self.day, self.day[again]]),
            np.concatenate([self.second, second]),
            np.concatenate([self.ended, self.ended[again]]),
            np.concatenate([self.version, self.version[again] + 1]),
        )


class Newswire:
    """Writes the newswire's files."""

    def __init__(self, companies: Companies, dice: Dice) -> None:
        self.companies = companies
        self.dice = dice.sub("finwire")
        self.names = companies.name_table()
        self.tables = {
            "street": table(words.STREETS),
            "type": table(words.STREET_TYPES),
            "city": table(words.CITIES),
            "state": table(words.STATES),
            "country": table([*words.COUNTRIES, ""]),
            "first": table(words.FIRST),
            "last": table(words.LAST),
            "rating": table([*RATINGS, *BAD_RATINGS]),
            "industry": table(industry_ids()),
            "description": table(words.DESCRIPTIONS),
            "goods": table(words.GOODS),
            "issue": table(ISSUES),
            "exchange": table(EXCHANGES),
            "status": table(["ACTV", "INAC"]),
        }

    def write(self, landing: Landing) -> None:
        """All files of the history, one a quarter, with their control totals."""
        for quarter in range(self.companies.quarters.last + 1):
            self._write_quarter(landing, quarter)

    def _write_quarter(self, landing: Landing, quarter: int) -> None:
        companies_news = self._company_news(quarter)
        security_news = self._security_news(quarter)
        results = self._results(quarter)
        kinds = [
            (companies_news, self._company_lines(companies_news, quarter)),
            (security_news, self._security_lines(security_news, quarter)),
            (results, self._result_lines(results, quarter)),
        ]
        day = np.concatenate([records.day for records, _ in kinds])
        second = np.concatenate([records.second for records, _ in kinds])
        rows = len(day)
        width = max(cells.shape[1] for _, cells in kinds)
        lines = np.zeros((rows, width), dtype=np.uint8)
        at = 0
        for records, cells in kinds:
            lines[at : at + len(records.day), : cells.shape[1]] = cells
            at += len(records.day)
        order = np.lexsort((second, day))
        name = f"FINWIRE{self.companies.quarters.name(quarter)}"
        with landing.file(1, name) as file:
            file.write_bytes(squeeze(lines[order]).data)
        landing.audit(
            1,
            name,
            [
                ("DimCompany", "FW_CMP", len(companies_news.day)),
                ("DimCompany", "FW_CMP_DUP", _repeats(companies_news)),
                ("DimSecurity", "FW_SEC", len(security_news.day)),
                ("DimSecurity", "FW_SEC_DUP", _repeats(security_news)),
                ("Financial", "FW_FIN", len(results.day)),
                ("Financial", "FW_FIN_DUP", 0),
            ],
        )

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

    def _stamp(self, records: Records, kind: bytes) -> list[Piece]:
        s = records.second
        time = padded(s // 3600 * 10000 + s // 60 % 60 * 100 + s % 60, 6)
        return [compact_date(records.day), b"-", time, kind]

    def _company_lines(self, records: Records, quarter: int) -> Cells:
        dice, who, tables = self.dice, self.companies, self.tables
        c, rows = records.subject, len(records.day)
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
        chief: list[Piece] = [
            np.take(tables["first"], dice.below(len(words.FIRST), "chief", c, quarter), axis=0),
            b" ",
            np.take(tables["last"], dice.below(len(words.LAST), "chief name", c, quarter), axis=0),
        ]
        description: list[Piece] = [
            b"It ",
            np.take(tables["description"], dice.below(len(words.DESCRIPTIONS), "verb", c), axis=0),
            b" ",
            np.take(tables["goods"], dice.below(len(words.GOODS), "goods", c), axis=0),
            b".",
        ]
        name = np.take(self.names, who.name_number(c, records.day), axis=0)
        street: list[Piece] = [
            integer(1 + dice.below(9999, "number", c, era)),
            b" ",
            np.take(tables["street"], dice.below(len(words.STREETS), "street", c, era), axis=0),
            b" ",
            np.take(tables["type"], dice.below(len(words.STREET_TYPES), "type", c, era), axis=0),
        ]
        line2 = only(floor, [b"Floor ", integer(1 + dice.below(60, "floor number", c, era))])
        industry = dice.below(len(words.INDUSTRY_WORDS), "industry", c)
        no_founding = dice.chance(0.05, "no founding date", c)
        pieces: list[Piece] = [
            self._stamp(records, b"CMP"),
            fixed(name, 60, rows),
            padded(who.cik[c], 10),
            np.take(tables["status"], records.ended.astype(np.int64), axis=0),
            np.take(tables["industry"], industry, axis=0),
            fixed(np.take(tables["rating"], rating, axis=0), 4, rows),
            fixed(only(~no_founding, compact_date(founded)), 8, rows),
            fixed(street, 80, rows),
            fixed(line2, 80, rows),
            fixed(zip_cells(place, dice.bits("zip", c, era)), 12, rows),
            fixed(np.take(tables["city"], place, axis=0), 25, rows),
            fixed(np.take(tables["state"], place, axis=0), 20, rows),
            fixed(np.take(tables["country"], country, axis=0), 24, rows),
            fixed(chief, 46, rows, ~(cut & bare)),
            fixed(only(~bare, description), 150, rows, ~cut),
            b"\n",
        ]
        return join(pieces, rows)

    def _reference(self, records: Records, company: I64, quarter: int, rows: int) -> list[Piece]:
        """The company by identifier or by name; by identifier on the day on which its name changes."""
        who, dice = self.companies, self.dice
        by_name = dice.chance(0.5, "by name", company, quarter, records.version)
        by_name &= who.rename_day[company] != records.day
        pad = by_name & ~dice.chance(0.3, "name cut", company, quarter, records.version)
        name = np.take(self.names, who.name_number(company, records.day), axis=0)
        return [
            only(~by_name, padded(who.cik[company], 10)),
            fixed(only(by_name, name), 60, rows, pad),
        ]

    def _security_lines(self, records: Records, quarter: int) -> Cells:
        dice, who, tables = self.dice, self.companies, self.tables
        s, rows = records.subject, len(records.day)
        c = who.company[s]
        shares = _shares(dice, c, quarter)
        traded = who.issue_day[s] + dice.below(3, "first trade", s)
        here = traded + dice.below(200, "first trade here", s) * dice.chance(0.3, "elsewhere", s)
        dividend = only(
            np.ones(rows, dtype=np.bool_),
            cents(dice.below(400, "dividend", s, quarter, records.version) * dice.chance(0.6, "pays", s)),
        )
        name = np.take(self.names, who.name_number(c, records.day), axis=0)
        exchange = np.take(tables["exchange"], dice.below(4, "exchange", s), axis=0)
        pieces: list[Piece] = [
            self._stamp(records, b"SEC"),
            fixed(who.symbols[s], 15, rows),
            fixed(np.take(tables["issue"], who.issue[s], axis=0), 6, rows),
            np.take(tables["status"], records.ended.astype(np.int64), axis=0),
            fixed([name, b" ", np.take(tables["issue"], who.issue[s], axis=0)], 70, rows),
            fixed(exchange, 6, rows),
            fixed(integer(shares), 13, rows),
            compact_date(traded),
            compact_date(here),
            fixed(dividend, 12, rows),
            self._reference(records, c, quarter, rows),
            b"\n",
        ]
        return join(pieces, rows)

    def _result_lines(self, records: Records, quarter: int) -> Cells:
        dice, who = self.dice, self.companies
        c, rows = records.subject, len(records.day)
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
        pieces: list[Piece] = [
            self._stamp(records, b"FIN"),
            f"{quarters.year[about]}{quarters.number[about]}".encode(),
            compact_date(np.full(rows, quarters.start[about])),
            compact_date(records.day),
            fixed(cents(revenue), 17, rows),
            fixed(cents(earnings), 17, rows),
            fixed(cents(np.rint(earnings / shares).astype(np.int64)), 12, rows),
            fixed(cents(np.rint(earnings / diluted).astype(np.int64)), 12, rows),
            fixed(cents(share_of_margin), 12, rows),
            fixed(cents(revenue // (5 + c % 7)), 17, rows),
            fixed(cents(assets), 17, rows),
            fixed(cents(assets * (30 + c % 60) // 100), 17, rows),
            fixed(integer(shares), 13, rows),
            fixed(integer(diluted), 13, rows),
            self._reference(records, c, quarter, rows),
            b"\n",
        ]
        return join(pieces, rows)


def industry_ids() -> list[str]:
    """Two-letter identifiers of the industries, in the order of their names."""
    first = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return [first[n // 26] + first[n % 26] for n in range(len(words.INDUSTRY_WORDS))]


def _shares(dice: Dice, company: I64, quarter: int) -> I64:
    """Shares outstanding of companies in a quarter."""
    base = 200_000 + dice.below(80_000_000, "shares", company)
    return base + base // 100 * (quarter // 8)


def _repeats(records: Records) -> int:
    """Records of a subject on a day beyond the first."""
    return len(records.day) - len(np.unique(records.subject * 100_000 + records.day))

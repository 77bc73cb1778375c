"""Profile all rows of a delivery: types and formats, filled columns, and a key."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, islice
from typing import Any

import duckdb
import pyarrow as pa

from scripts.scaffold import days, numbers, personal
from scripts.scaffold.personal import Meaning
from scripts.sql import literal

DATE_NAME = re.compile(r"(^|_)(date|day|datum|tag|dt)(_|$)")
COMPACT_DAY = re.compile("(19|20)[0-9]{6}")
ID_NAME = re.compile(r"(^|_)(id|no|nr|num|number|key|code|nummer|uuid|guid)(_[0-9]+)?$|[a-z](id|nr)$")
TRUTHS = ({"true", "false"}, {"yes", "no"}, {"y", "n"}, {"t", "f"})
# Words for null in any column, and in columns of numbers or dates.
NULL_TEXTS = ["NULL", "null", "N/A", "n/a", "#N/A", r"\N", "(null)"]
NULL_WORDS = [*NULL_TEXTS, "NA", "NaN", "nan", "None", "none", "-", "--", "?"]
ZERO_DAY = "0{2,4}[-/.]00[-/.]0{2,4}([ T]00:00(:00([.]0+)?)?)?"
BLANKS = " \t\r\n\u00a0\u202f"
# A few short values that recur are codes.
MOST_CODES, LONGEST_CODE, FEWEST_OF_EACH = 12, 20, 5
# The share of sampled values that suggest a type, and the largest share that may not fit it.
MOST_LIKELY, MOST_UNFIT = 0.9, 0.02
KEY_CANDIDATES = 8
# Distinct values that are sampled.
SEEN = 2000
BATCH = 10_000


@dataclass
class Profile:
    """A column: its name, header and content, and in `written` its format as settings of a layout."""

    name: str
    header: str
    data_type: str = "varchar"
    filled: int = 0
    distinct: int = 0
    written: dict[str, Any] = field(default_factory=dict)
    meaning: Meaning | None = None
    codes: list[str] = field(default_factory=list)
    numbers: numbers.Facts | None = None
    days: days.Facts | None = None

    @property
    def protection(self) -> dict[str, str]:
        """Class and kind, as in layouts and models."""
        if self.meaning is None:
            return {"classification": "internal"}
        return {"classification": self.meaning.classification, "kind": self.meaning.kind}


class Table:
    """A delivery in DuckDB, with all cells as text, and doubts about it."""

    def __init__(self, rows: Iterator[list[str]], names: Sequence[str], headers: Sequence[str]) -> None:
        self.con = duckdb.connect()
        self.columns = [Profile(name, header) for name, header in zip(names, headers, strict=True)]
        self.ragged = 0
        self.unsure: list[str] = []
        self.con.execute(f"create table delivered ({', '.join(f'{name} varchar' for name in names)})")
        while some := list(islice(rows, BATCH)):
            whole = [row for row in some if len(row) == len(names)]
            self.ragged += len(some) - len(whole)
            if whole:
                self.con.register("arriving", pa.table(list(map(pa.array, zip(*whole, strict=True))), list(names)))
                # Line ends within a cell land as LF.
                self.con.execute("insert into delivered select replace(columns(*), chr(13), chr(10)) from arriving")
        self.rows = int(self._one("select count(*) from delivered"))
        self.distinct_rows = self._count_distinct(names)

    def _one(self, sql: str) -> Any:
        return self.con.execute(sql).fetchall()[0][0]

    def _count_distinct(self, names: Iterable[str]) -> int:
        return int(self._one(f"select count(*) from (select distinct {', '.join(names)} from delivered)"))

    def profile(self, budget: int, has_semicolons: bool = False) -> None:
        """Profile the columns; at most `budget` rows may be rejected in total."""
        budget -= self.ragged + self.rows - self.distinct_rows
        for column in self.columns:
            self._look(column)
        if empty := [column.name for column in self.columns if not column.filled]:
            self.unsure.append(f"Empty in all rows, so of no known type: {', '.join(empty)}.")
        decimal = numbers.habit((c.numbers for c in self.columns if c.numbers), has_semicolons)
        day_first = days.habit(c.days for c in self.columns if c.days)
        for column in self.columns:
            budget -= self._decide(column, decimal, day_first, budget)
        if any(column.meaning for column in self.columns):
            for column in self.columns:
                column.meaning = column.meaning or personal.by_name(column.name, "beside_people")
        for column in self.columns:
            if column.meaning:
                column.codes = []

    def _look(self, column: Profile) -> None:
        """Load a column's distinct values into the table v, and gather what they may be."""
        trimmed = f"trim({column.name}, {literal(BLANKS)})"
        self.con.execute(
            f"create or replace temp table v as select {trimmed} as v, count(*) as n, "
            f"bool_or({column.name} <> {trimmed}) as padded from delivered group by {trimmed} having v <> ''"
        )
        if self._one("select bool_or(padded) from v"):
            column.written["trim"] = True
        self._forget_nulls(column, NULL_TEXTS)
        column.meaning = personal.by_name(column.name)
        if not column.filled:
            return
        sample = self.con.execute(f"select v from v using sample reservoir({SEEN} rows) repeatable (1)")
        seen = [value for (value,) in sample.fetchall()]
        if not (column.meaning and column.meaning.is_text):
            self._look_at_types(column, [value for value in seen if value not in NULL_WORDS])
        is_text = not (column.numbers or column.days)
        if is_text:
            self._look_at_codes(column)
        column.meaning = column.meaning or personal.by_content(column.name, seen, is_text)
        if is_text and not column.meaning:
            column.meaning = personal.within(self.con)
        if column.meaning and column.meaning.is_text:
            column.numbers = column.days = None
            self._leave_as_text(column)

    def _forget_nulls(self, column: Profile, words: list[str]) -> None:
        """Remove words for null from the values, and note them and the counts of what is left."""
        listed = ", ".join(map(literal, words))
        found = [word for (word,) in self.con.execute(f"select v from v where v in ({listed}) order by v").fetchall()]
        if found:
            column.written["nulls"] = [*column.written.get("nulls", ()), *found]
            self.con.execute(f"delete from v where v in ({listed})")
        filled, column.distinct = self.con.execute("select coalesce(sum(n), 0)::bigint, count(*) from v").fetchall()[0]
        column.filled = int(filled)

    def _look_at_types(self, column: Profile, seen: list[str]) -> None:
        """Count numbers and dates in all rows, if most sampled values look like some."""
        like_numbers = _most(numbers.LIKE, seen)
        like_days = _most(days.LIKE, seen) or (DATE_NAME.search(column.name) and _most(COMPACT_DAY, seen))
        if like_numbers or like_days:
            no_days = self.con.execute(f"select v from v where regexp_full_match(v, '{ZERO_DAY}')").fetchall()
            self._forget_nulls(column, [*NULL_WORDS, *(v for (v,) in no_days)])
        if like_days:
            column.days = days.look(self.con)
        if like_numbers and not column.days:
            facts = numbers.look(self.con)
            column.numbers = facts if facts and max(facts.fits.values()) >= column.filled * MOST_LIKELY else None
        if not (column.numbers or column.days):
            self._leave_as_text(column)

    def _leave_as_text(self, column: Profile) -> None:
        """Leave a column as text, where words such as a dash may not mean null."""
        if nulls := [word for word in column.written.pop("nulls", ()) if word in NULL_TEXTS]:
            column.written["nulls"] = nulls

    def _look_at_codes(self, column: Profile) -> None:
        """Find booleans, and a few values that recur."""
        if column.distinct <= MOST_CODES:
            values = [v for (v,) in self.con.execute("select v from v order by v").fetchall()]
            if {v.lower() for v in values} in TRUTHS:
                column.data_type = "boolean"
            elif all(len(v) <= LONGEST_CODE for v in values) and column.filled >= FEWEST_OF_EACH * len(values):
                column.codes = values

    def _decide(self, column: Profile, decimal: str | None, day_first: bool | None, budget: int) -> int:
        """Decide a column's type; returns the number of rows that are rejected for it."""
        if found := column.numbers or column.days:
            chosen = numbers.choose(column.numbers, decimal) if column.numbers else None
            chosen = chosen or (days.choose(column.days, day_first) if column.days else None)
            if chosen is None:
                self.unsure.append(f"{column.name} stays text: its numbers are too large for bigint.")
                self._leave_as_text(column)
                return 0
            unfit = column.filled - chosen.fitting
            if unfit > min(max(budget, 0), column.filled * MOST_UNFIT):
                self.unsure.append(
                    f"{column.name} stays text: {unfit:,} of {column.filled:,} values are not of type "
                    f"{chosen.data_type}, and a load may reject fewer rows."
                )
                self._leave_as_text(column)
                return 0
            column.data_type = chosen.data_type
            column.written |= chosen.written
            self.unsure += [f"{column.name} {doubt}" for doubt in chosen.doubts]
            if unfit:
                self.unsure.append(
                    f"{column.name} has values that are not of type {chosen.data_type}, to be rejected: {unfit:,}."
                )
        if column.data_type != "varchar":
            # Blanks around other types never count.
            column.written.pop("trim", None)
        return unfit if found else 0

    def key(self) -> list[str]:
        """The columns of a key, apart from rows that are identical; none if there is no key."""
        full = [column for column in self.columns if column.filled == self.rows and _may_be_key(column)]
        full.sort(key=lambda column: not ID_NAME.search(column.name))
        if found := next((c for c in full if c.distinct == self.distinct_rows), None):
            if not ID_NAME.search(found.name):
                self.unsure.append(f"The key is {found.name} only because no value of it comes twice.")
            return [found.name]
        order = [column.name for column in self.columns]
        for pair in combinations(sorted(full, key=lambda c: -c.distinct)[:KEY_CANDIDATES], 2):
            names = sorted((column.name for column in pair), key=order.index)
            if any(map(ID_NAME.search, names)) and self._count_distinct(names) == self.distinct_rows:
                self.unsure.append(f"The key is {' with '.join(names)} only because no pair of them comes twice.")
                return names
        self.unsure.append("No column and no pair of columns is unique, so there is no key.")
        return []


def _most(pattern: re.Pattern[str], values: list[str]) -> bool:
    """Whether most values match a pattern."""
    return bool(values) and sum(map(bool, map(pattern.fullmatch, values))) >= len(values) * MOST_LIKELY


def _may_be_key(column: Profile) -> bool:
    if column.meaning and column.meaning.kind in ("name", "free_text", "quasi_identifier"):
        return False
    return column.data_type in ("varchar", "integer", "bigint", "date")

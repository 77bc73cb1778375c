"""Numbers in a column: their type, and their decimal and thousands separators."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import duckdb

from scripts.deliver.cells import number_pattern
from scripts.sql import literal

# The loader reads whole numbers as doubles, which are exact up to 2**53.
LARGEST = {"integer": 2**31 - 1, "bigint": 2**53 - 1}
# Decimal and thousands separators; in a tie, the first style wins.
STYLES = [(".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"), (",", "'")]
MARKS = [".", ",", " ", "'"]
LIKE = re.compile("[-+]?[0-9.,' \u00a0\u202f]*[0-9][.,]?([eE][-+]?[0-9]+)?")
MOST_DIGITS, SPARE_DIGITS, USUAL_DIGITS, LEAST_WHOLE, MOST_DECIMALS = 38, 2, 18, 9, 9


@dataclass(frozen=True)
class Choice:
    """A type, the number of values that fit it, their format, and doubts."""

    data_type: str
    fitting: int
    written: dict[str, Any] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Facts:
    """Counts of values by style, and their digits.

    `digits` has, by decimal separator, the most digits before and after it, and the fewest after it; `largest` is the
    largest number without its separators.
    """

    fits: dict[tuple[str, str], int]
    digits: dict[str, tuple[int, int, int]]
    has_exponent: bool
    is_separated: bool
    largest: int

    @property
    def fitting(self) -> list[tuple[str, str]]:
        """Styles that most values fit."""
        return [style for style, count in self.fits.items() if count == max(self.fits.values())]

    @property
    def is_doubtful(self) -> bool:
        """Whether 1.234 or 1,234 may be about one or about a thousand."""
        return self.is_separated and len({decimal for decimal, _ in self.fitting}) > 1


def look(con: duckdb.DuckDBPyConnection) -> Facts | None:
    """Count the numbers in the table v; None if leading zeros show that they are codes."""
    occurring = ", ".join(f"bool_or(contains(v, {literal(mark)}))" for mark in MARKS)
    occurs = dict(zip(MARKS, con.execute(f"select {occurring} from v").fetchall()[0], strict=True))
    # Leave out styles with a separator that never occurs.
    styles = [s for s in STYLES if s == STYLES[0] or (occurs[s[1]] if s[1] else occurs[s[0]])]
    counts = ", ".join(
        f"coalesce(sum(n) filter (regexp_full_match(v, {literal(number_pattern(*style))})), 0)::bigint"
        for style in styles
    )
    digits = ", ".join(
        f"[max(length(regexp_replace(split_part(v, '{decimal}', 1), '[^0-9]', '', 'g'))), "
        f"max({fraction}), min({fraction})]"
        for decimal in ".,"
        for fraction in [f"length(regexp_extract(split_part(v, '{decimal}', 2), '^[0-9]+'))"]
    )
    *fits, of_point, of_comma, exponent, largest, zeros = con.execute(
        f"select {counts}, {digits}, bool_or(contains(lower(v), 'e')), "
        "max(try_cast(regexp_replace(v, '[^0-9]', '', 'g') as hugeint)), bool_or(regexp_matches(v, '^[-+]?0[0-9]')) "
        "from v"
    ).fetchall()[0]
    if zeros or largest is None:
        return None
    by_decimal = {".": tuple(of_point), ",": tuple(of_comma)}
    is_separated = occurs["."] or occurs[","]
    return Facts(dict(zip(styles, fits, strict=True)), by_decimal, exponent, is_separated, largest)


def habit(found: Iterable[Facts], has_semicolons: bool) -> str | None:
    """The decimal separator of most unambiguous columns; None if there is no majority.

    Semicolons as delimiters count as one vote for decimal commas, which are the usual reason for them.
    """
    sure = [facts.fitting[0][0] for facts in found if facts.is_separated and not facts.is_doubtful]
    commas = sure.count(",") + has_semicolons
    points = sure.count(".")
    return None if commas == points else "," if commas > points else "."


def choose(facts: Facts, decimal: str | None) -> Choice | None:
    """The type and style of a column; `decimal` settles an ambiguous separator. None if no type fits."""
    style = facts.fitting[0]
    doubts = []
    if facts.is_doubtful:
        # By default, a comma between groups of three separates thousands.
        style = next((s for s in facts.fitting if s[0] == (decimal or ".")), style)
        if decimal is None:
            doubts.append(f"was read with {style[0]!r} before decimals; no value decides.")
    written = {} if style == (".", "") else {"decimal": style[0]} | ({"thousands": style[1]} if style[1] else {})
    whole, fraction, fewest = facts.digits[style[0]]
    digits = max(USUAL_DIGITS, max(whole + SPARE_DIGITS, LEAST_WHOLE) + fraction)
    data_type: str | None
    # More decimals than amounts have make a double, unless all values have as many.
    is_float = facts.has_exponent or fraction > max(MOST_DECIMALS, fewest)
    if is_float or (fraction and digits > MOST_DIGITS):
        data_type = "double"
    elif fraction:
        data_type = f"decimal({digits},{fraction})"
    else:
        data_type = next((name for name, largest in LARGEST.items() if facts.largest <= largest), None)
    return Choice(data_type, facts.fits[style], written, doubts) if data_type else None

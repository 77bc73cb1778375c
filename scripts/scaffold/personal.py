"""Whose data a column may be, by its name and by what it holds. A guess that errs towards protecting."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import yaml

# How much of a column's distinct values must look like something for the column to be it.
MOST = 0.8
# Texts in which check digits are tried.
LOOKED_AT = 1000


@dataclass(frozen=True)
class Meaning:
    """A class and kind as layouts write them, and in words. Some kinds of values are text, whatever their digits."""

    words: str
    classification: str
    kind: str
    is_text: bool = False


RULES = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
MEANINGS = {name: Meaning(**about) for name, about in RULES["meanings"].items()}
NAME, PERSON = MEANINGS["name"], MEANINGS["person"]

PERSONS_WORDS = re.compile(
    r"^name$|(^|_)(customer|client|contact|person|employee|owner|agent|patient|buyer|kunde)(_|$)"
)


def passes_luhn(text: str) -> bool:
    """Whether the digits of a text end in their Luhn check digit, as those of a card do."""
    digits = [int(c) for c in reversed(text) if c.isdigit()]
    return sum(digits[::2]) % 10 == -sum(sum(divmod(2 * d, 10)) for d in digits[1::2]) % 10


def is_iban(text: str) -> bool:
    """Whether the check digits of an IBAN are right."""
    plain = text.replace(" ", "")
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


# Whether a value of the table v names an e-mail address, as SQL.
HAS_EMAIL = f"contains(v, '@') and regexp_matches(v, '{RULES['by_content']['email']}')"
PATTERNS = {kind: re.compile(pattern) for kind, pattern in RULES["by_content"].items()}
CHECKS = {"card": passes_luhn, "iban": is_iban}


def by_name(name: str, rules: str = "by_name") -> Meaning | None:
    """What a column's name says that it holds; by the rules `beside_people` in a table that holds personal data."""
    fits = (meaning for meaning, words in RULES[rules] if re.search(rf"(?:^|_)(?:{words})(?:$|_)", name))
    return MEANINGS.get(next(fits, ""))


def by_content(name: str, values: Sequence[str], is_text: bool) -> Meaning | None:
    """What distinct values of a column look like; `is_text` is False where they have been read as numbers or days."""
    if not values:
        return None
    shares = {
        kind: sum(bool(pattern.fullmatch(v)) and CHECKS.get(kind, bool)(v) for v in values) / len(values)
        for kind, pattern in PATTERNS.items()
    }
    if shares["card"] >= MOST:
        return MEANINGS["card"]
    if not is_text:
        # Grouped in threes, a phone number with its country is one of any kind.
        has_country = sum(v.startswith("+") for v in values) / len(values) >= MOST
        return MEANINGS["phone"] if has_country and shares["phone"] >= MOST else None
    for kind in ("email", "tax_id", "iban", "ip", "phone"):
        if shares[kind] >= MOST:
            return MEANINGS[kind]
    return NAME if PERSONS_WORDS.search(name) and shares["full_name"] >= MOST else None


def within(con: duckdb.DuckDBPyConnection) -> Meaning | None:
    """What the texts of the table v hold among other words. E-mail addresses are looked for in all of them."""
    if con.execute(f"select 1 from v where {HAS_EMAIL} limit 1").fetchall():
        return MEANINGS["text"]
    for kind, pattern in RULES["within"].items():
        found = con.execute(
            f"select regexp_extract(v, '{pattern}') from v where regexp_matches(v, '{pattern}') limit {LOOKED_AT}"
        ).fetchall()
        if found and sum(CHECKS[kind](text) for (text,) in found) / len(found) >= MOST:
            return MEANINGS[kind]
    return None

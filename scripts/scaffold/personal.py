"""Guess whether a column holds personal data, by its name and content; errs on the side of protection."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import yaml

# The least share of distinct values that must match a pattern.
MOST = 0.8
# The number of texts whose check digits are tried.
LOOKED_AT = 1000


@dataclass(frozen=True)
class Meaning:
    """A class and kind as in layouts, and in words. Some kinds are text even if all values are digits."""

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
    """Whether a text's digits end in their Luhn check digit, like a card number."""
    digits = [int(c) for c in reversed(text) if c.isdigit()]
    return sum(digits[::2]) % 10 == -sum(sum(divmod(2 * d, 10)) for d in digits[1::2]) % 10


def is_iban(text: str) -> bool:
    """Whether an IBAN's check digits are right."""
    plain = text.replace(" ", "")
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


# SQL for whether a value of the table v mentions an e-mail address.
HAS_EMAIL = f"contains(v, '@') and regexp_matches(v, '{RULES['by_content']['email']}')"
PATTERNS = {kind: re.compile(pattern) for kind, pattern in RULES["by_content"].items()}
CHECKS = {"card": passes_luhn, "iban": is_iban}


def by_name(name: str, rules: str = "by_name") -> Meaning | None:
    """What a column's name suggests; the rules `beside_people` are for tables that hold personal data."""
    fits = (meaning for meaning, words in RULES[rules] if re.search(rf"(?:^|_)(?:{words})(?:$|_)", name))
    return MEANINGS.get(next(fits, ""))


def by_content(name: str, values: Sequence[str], is_text: bool) -> Meaning | None:
    """What a column's distinct values look like; `is_text` is False if they were read as numbers or dates."""
    if not values:
        return None
    shares = {
        kind: sum(bool(pattern.fullmatch(v)) and CHECKS.get(kind, bool)(v) for v in values) / len(values)
        for kind, pattern in PATTERNS.items()
    }
    if shares["card"] >= MOST:
        return MEANINGS["card"]
    if not is_text:
        # A phone number in groups of three digits also looks like an ordinary number.
        has_country = sum(v.startswith("+") for v in values) / len(values) >= MOST
        return MEANINGS["phone"] if has_country and shares["phone"] >= MOST else None
    for kind in ("email", "tax_id", "iban", "ip", "phone"):
        if shares[kind] >= MOST:
            return MEANINGS[kind]
    return NAME if PERSONS_WORDS.search(name) and shares["full_name"] >= MOST else None


def within(con: duckdb.DuckDBPyConnection) -> Meaning | None:
    """What texts in the table v mention; e-mail addresses are searched for in all of them."""
    if con.execute(f"select 1 from v where {HAS_EMAIL} limit 1").fetchall():
        return MEANINGS["text"]
    for kind, pattern in RULES["within"].items():
        found = con.execute(
            f"select regexp_extract(v, '{pattern}') from v where regexp_matches(v, '{pattern}') limit {LOOKED_AT}"
        ).fetchall()
        if found and sum(CHECKS[kind](text) for (text,) in found) / len(found) >= MOST:
            return MEANINGS[kind]
    return None

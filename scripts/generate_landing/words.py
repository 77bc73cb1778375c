"""Vocabularies: what people, places, companies and papers are called, as words.yml lists them."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import yaml


def listed(text: str) -> list[str]:
    """The words of a text, which stand between bars or, without bars, between blanks."""
    return [word.strip() for word in text.split("|")] if "|" in text else text.split()


_TEXTS = yaml.safe_load(Path(__file__).with_suffix(".yml").read_text(encoding="utf-8"))
_WORDS: dict[str, list[str]] = {name: listed(text) for name, text in _TEXTS.items()}

FIRST, LAST = _WORDS["first"], _WORDS["last"]
STREETS, STREET_TYPES, UNITS = _WORDS["streets"], _WORDS["street_types"], _WORDS["units"]
US_CITIES = len(_WORDS["us_cities"])
# United States first (see `US_CITIES`).
CITIES, STATES = zip(*(city.split(":") for city in _WORDS["us_cities"] + _WORDS["canadian_cities"]), strict=True)
COUNTRIES = ["United States of America" if place < US_CITIES else "Canada" for place in range(len(CITIES))]
US_STATES, PROVINCES = _WORDS["us_states"], _WORDS["provinces"]
MAIL_HOSTS, ACCOUNT_KINDS, EMPLOYERS = _WORDS["mail_hosts"], _WORDS["account_kinds"], _WORDS["employers"]
INDUSTRIES, SECTORS = _WORDS["industries"], _WORDS["sectors"]
COMPANY_HEAD, COMPANY_BODY, COMPANY_TAIL = (_WORDS[f"company_{part}"] for part in ("head", "body", "tail"))
DESCRIPTIONS, GOODS = _WORDS["descriptions"], _WORDS["goods"]


def ascii_only(word: str) -> str:
    """A name as it stands in an e-mail address: lower case, no accents, letters only."""
    plain = unicodedata.normalize("NFKD", word.replace("Ł", "L").replace("Ø", "O"))
    return "".join(c for c in plain.lower() if c.isascii() and c.isalpha())

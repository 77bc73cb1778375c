"""Whose data a column may be, by its name and by what it holds. A guess that errs towards protecting."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb

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


EMAIL = Meaning("an e-mail address", "personal", "contact", True)
PHONE = Meaning("a phone number", "personal", "contact", True)
ADDRESS = Meaning("an address", "personal", "contact", True)
TAX_ID = Meaning("a government identifier", "sensitive", "government_id", True)
NAME = Meaning("a person's name", "personal", "name", True)
BIRTH = Meaning("a birth date", "sensitive", "birth_date")
POSTCODE = Meaning("a postcode", "personal", "quasi_identifier", True)
TRAIT = Meaning("what describes a person", "personal", "quasi_identifier")
CARD = Meaning("a card number", "sensitive", "financial", True)
IBAN = Meaning("a bank account", "sensitive", "financial", True)
WEALTH = Meaning("a person's finances", "sensitive", "financial")
HEALTH = Meaning("a person's health", "sensitive", "health")
IP = Meaning("a network address", "personal", "identifier", True)
PERSON = Meaning("who a person is", "personal", "identifier")
TEXT = Meaning("free text that names people", "personal", "free_text", True)

# What names say, in English and German, the first that fits. Words are matched whole, between underscores.
BY_NAME = [
    (EMAIL, r"e?mail|email_?addr\w*|e_mail"),
    (IP, r"ip|ip_?addr\w*|ipv[46]"),
    (PHONE, r"(tele)?phone\w*|tel|telefon\w*|mobile?|cell|fax|handy\w*"),
    (CARD, r"(credit_?|debit_?)?card_?(no|nr|num\w*)|(credit|debit)_?card|cc_?num\w*|pan|kreditkarte\w*|kartennummer"),
    (IBAN, r"iban|bank_?account\w*|kontonummer|kontonr"),
    (TAX_ID, r"ssn|social_?security\w*|tax_?(id|no|nr|num\w*)|tin|national_?id\w*|passport\w*"),
    (TAX_ID, r"steuer\w*|ausweis\w*|svnr"),
    (BIRTH, r"dob|birth\w*|date_?of_?birth|geburt\w*|geb_?dat\w*"),
    (NAME, r"(first|last|middle|given|family|full|maiden|birth)_?(name|initial)|surname|forename|vorname|nachname"),
    (NAME, r"(customer|client|contact|person|patient|employee|holder|owner|agent|broker|user|member|kunden?)_?name"),
    (NAME, r"(card|account)_?holder|ansprechpartner|nickname"),
    (ADDRESS, r"(street|mailing|postal|home|billing|shipping)?_?addr(ess)?\w*|street\w*|strasse\w*|str|adresse|hausnr"),
    (POSTCODE, r"zip|zip_?code|post_?code|postal_?code|plz|postleitzahl"),
    (HEALTH, r"diagnos\w*|disease|health\w*|disabilit\w*|blood_?type|krankheit"),
    (WEALTH, r"income|salary|wage|net_?worth|credit_?(score|rating)|gehalt|einkommen"),
    (TRAIT, r"gender|sex|age|marital\w*|nationality|religion|ethnic\w*|geschlecht|familienstand|employer"),
    (PERSON, r"(customer|client|person|patient|employee|user|member|contact)_?(id|no|nr|num\w*|code)"),
    (PERSON, r"(kunden?|mitarbeiter|personal)_?(id|nr|nummer)"),
    (PERSON, r"(account|agency|broker|prospect)_?(id|no|nr|num\w*)|user_?name|login"),
]
# Of a table with people in it, these say more about them.
BESIDE_PEOPLE = [
    (NAME, r"^names?(_[0-9]+)?"),
    (TRAIT, r"anrede|salutation"),
    (TRAIT, r"city|town|ort|stadt|state|province|region|county|country|land|bundesland"),
    (TEXT, r"notes?|comments?|remarks?|memo|description|bemerkung\w*|anmerkung\w*|kommentar"),
]
PERSONS_WORDS = re.compile(
    r"^name$|(^|_)(customer|client|contact|person|employee|owner|agent|patient|buyer|kunde)(_|$)"
)
FULL_NAME = re.compile(r"[^\W\d_][\w'’.-]*,?( [^\W\d_][\w'’.-]*){1,3}")
EMAIL_PATTERN = r"[^@\s]+@[^@\s]+\.[^@\s]+"
# Whether a value of the table v names an e-mail address, as SQL.
HAS_EMAIL = f"contains(v, '@') and regexp_matches(v, '{EMAIL_PATTERN}')"
PATTERNS = {
    "email": re.compile(EMAIL_PATTERN),
    "ssn": re.compile(r"[0-9]{3}-[0-9]{2}-[0-9]{4}"),
    "phone": re.compile(r"(\+|00)[1-9][0-9 ()/.-]{6,18}|\(?[0-9]{2,5}\)?[ /-][0-9][0-9 -]{4,12}"),
    "card": re.compile(r"[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{1,7}|3[47][0-9]{2}[ -]?[0-9]{6}[ -]?[0-9]{5}"),
    "iban": re.compile(r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}"),
    "ip": re.compile(
        r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}|(?:[0-9a-fA-F]{1,4}:){7}[0-9a-fA-F]{1,4}|(?=.*::)[0-9a-fA-F:]{2,39}"
    ),
}
# What has check digits, among other words in a text.
CARD_WITHIN, IBAN_WITHIN = r"\b([0-9]{4}[ -]?){3}[0-9]{1,7}\b", r"\b[A-Z]{2}[0-9]{2}( ?[A-Z0-9]){11,30}\b"


def by_name(name: str) -> Meaning | None:
    """What a column's name says that it holds."""
    return _first(BY_NAME, name)


def beside_people(name: str) -> Meaning | None:
    """What a column's name says where its table holds personal data."""
    return _first(BESIDE_PEOPLE, name)


def _first(rules: Iterable[tuple[Meaning, str]], name: str) -> Meaning | None:
    return next((meaning for meaning, words in rules if re.search(rf"(?:^|_)(?:{words})(?:$|_)", name)), None)


def by_content(name: str, values: Sequence[str], is_text: bool) -> Meaning | None:
    """What distinct values of a column look like; `is_text` is False where they have been read as numbers or days."""
    if not values:
        return None
    found = {kind: [v for v in values if pattern.fullmatch(v)] for kind, pattern in PATTERNS.items()}
    found["card"] = [v for v in found["card"] if passes_luhn(v)]
    found["iban"] = [v for v in found["iban"] if is_iban(v)]
    shares = {kind: len(matching) / len(values) for kind, matching in found.items()}
    if shares["card"] >= MOST:
        return CARD
    if not is_text:
        # Grouped in threes, a phone number with its country is one of any kind.
        has_country = sum(v.startswith("+") for v in values) / len(values) >= MOST
        return PHONE if has_country and shares["phone"] >= MOST else None
    for kind, meaning in (("email", EMAIL), ("ssn", TAX_ID), ("iban", IBAN), ("ip", IP), ("phone", PHONE)):
        if shares[kind] >= MOST:
            return meaning
    if PERSONS_WORDS.search(name) and sum(map(bool, map(FULL_NAME.fullmatch, values))) / len(values) >= MOST:
        return NAME
    return None


def within(con: duckdb.DuckDBPyConnection) -> Meaning | None:
    """What the texts of the table v hold among other words. E-mail addresses are looked for in all of them."""
    if con.execute(f"select 1 from v where {HAS_EMAIL} limit 1").fetchall():
        return TEXT
    for meaning, pattern, is_one in ((CARD, CARD_WITHIN, passes_luhn), (IBAN, IBAN_WITHIN, is_iban)):
        found = con.execute(
            f"select regexp_extract(v, '{pattern}') from v where regexp_matches(v, '{pattern}') limit {LOOKED_AT}"
        ).fetchall()
        if found and sum(is_one(text) for (text,) in found) / len(found) >= MOST:
            return meaning
    return None


def passes_luhn(text: str) -> bool:
    """Whether the digits of a text end in their Luhn check digit, as those of a card do."""
    digits = [int(c) for c in reversed(text) if c.isdigit()]
    return sum(digits[::2]) % 10 == -sum(sum(divmod(2 * d, 10)) for d in digits[1::2]) % 10


def is_iban(text: str) -> bool:
    """Whether the check digits of an IBAN are right."""
    plain = text.replace(" ", "")
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1

"""A landing area of the same business with other persons: every personal value is another one, and nothing else is.

Which columns those are, the layouts say. Equal values stay equal, so customers still match their prospects; numbers of
persons keep their order; a date of birth stays in its month, so that no one crosses an age limit.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

from warehouse import copy_landing, rewrite

from scripts.columns import Column
from scripts.landing.definitions import Layout, layouts

PERSONAL = {"personal", "sensitive"}
NAMESPACE = "http://www.tpc.org/tpc-di"
NUMBERS = {
    **dict.fromkeys(("c_id", "ca_c_id", "w_c_id"), 1_000_000),
    **dict.fromkeys(("ca_id", "t_ca_id", "ct_ca_id"), 2_000_000),
    **dict.fromkeys(("employee_id", "manager_id", "ca_b_id"), 3_000_000),
}
GENDERS = str.maketrans("MFmf", "FMfm")
LETTERS, DIGITS = "abcdefghijklmnopqrstuvwxyz", "0123456789"
CHARACTERS = str.maketrans(
    LETTERS + LETTERS.upper() + DIGITS,
    LETTERS[1:] + LETTERS[0] + (LETTERS[1:] + LETTERS[0]).upper() + DIGITS[1:] + DIGITS[0],
)
FIGURES: dict[str, Callable[[int], int]] = {
    "income": lambda n: abs(300_000 - n),
    "net_worth": lambda n: n // 2 + 7,
    "credit_rating": lambda n: abs(1_150 - n),
    "age": lambda n: abs(100 - n),
}


def other_value(column: Column, taxes: dict[str, str]) -> Callable[[str], str]:
    """What stands in a personal column instead of a value; an empty one stays empty."""
    name = column.name
    if name in NUMBERS:
        return lambda text: str(int(text) + NUMBERS[name])
    if name == "agency_id":
        return lambda text: f"Z{text}"
    if name in ("c_lcl_tx_id", "c_nat_tx_id"):
        return lambda text: taxes.get(text, text)
    if name in ("c_gndr", "gender"):
        return lambda text: text.translate(GENDERS)
    if column.data_type == "date":
        return _other_day
    if column.data_type in ("integer", "bigint"):
        figure = FIGURES.get(name, _other_digit)
        return lambda text: str(figure(int(text)))
    return lambda text: text.translate(CHARACTERS)


def _other_digit(number: int) -> int:
    return (number + 1) % 9


def _other_day(text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return str(day.replace(day=29 - day.day)) if day.day < 29 else text


def with_other_persons(landing: Path, copy: Path) -> Path:
    """A copy of a landing area with other persons in it."""
    area = copy_landing(landing, copy)
    rates = [line.split("|")[0] for line in (area / "Batch1/TaxRate.txt").read_text(encoding="utf-8").splitlines()]
    taxes = dict(zip(rates, [*rates[1:], rates[0]], strict=True))
    for layout in layouts():
        changes = {c.name: other_value(c, taxes) for c in layout.columns if c.meta.get("classification") in PERSONAL}
        for path in sorted(area.glob("Batch*/*")) if changes else []:
            if layout.lands_in(int(path.parent.name.removeprefix("Batch"))) and layout.pattern.fullmatch(path.name):
                _rewrite(path, layout, changes)
    return area


def _rewrite(path: Path, layout: Layout, changes: dict[str, Callable[[str], str]]) -> None:
    if layout.meta["format"] == "xml":
        rewrite(path, lambda data: _document(data, layout, changes))
        return
    names = [c.name for c in layout.columns]
    if layout.meta.get("cdc") and path.parent.name != "Batch1":
        names = ["cdc_flag", "cdc_dsn", *names]

    def row(fields: list[str]) -> list[str]:
        return [changes[n](f) if n in changes and f else f for n, f in zip(names, fields, strict=True)]

    if layout.meta["format"] == "csv":
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerows(
            row(r) for r in csv.reader(io.StringIO(path.read_text("utf-8")))
        )
        rewrite(path, lambda _: text.getvalue().encode())
    else:
        lines = path.read_text(encoding="utf-8").splitlines()
        rewrite(path, lambda _: "".join("|".join(row(line.split("|"))) + "\n" for line in lines).encode())


def _document(data: bytes, layout: Layout, changes: dict[str, Callable[[str], str]]) -> bytes:
    """An XML document with other values in the attributes and elements that lead to the columns."""
    places = {c.meta["path"].rpartition("/")[2]: changes[c.name] for c in layout.columns if c.name in changes}
    ElementTree.register_namespace("TPCDI", NAMESPACE)
    root = ElementTree.fromstring(data)
    for element in root.iter():
        for name, value in element.attrib.items():
            if value and f"@{name}" in places:
                element.set(name, places[f"@{name}"](value))
        if element.text and element.text.strip() and element.tag in places:
            element.text = places[element.tag](element.text)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))

"""Guess the format of a text file: encoding, delimiter, and header."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from statistics import median_low

from scripts.deliver.origin import TextFormat
from scripts.landing.errors import LandingError

# Commas come last, since in a file with semicolons, every number may have a comma.
DELIMITERS = ("\t", ";", "|", ",")
LOOKED_AT = 1000
# The least share of rows with the usual number of cells.
REGULAR = 0.95
# In narrower tables, a row with one filled cell may be an ordinary row rather than a title.
FEWEST_CELLS = 3
BLOCK = 1 << 20
VALUE = re.compile(r"[-+]?[0-9][0-9.,' ]*|[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}.*|\S+@\S+\.\S+")


def guess(path: Path, has_header: bool | None, unsure: list[str]) -> TextFormat:
    """Guess a file's format, and add doubts to `unsure`; raises a LandingError if it is empty."""
    encoding = _encoding(path, unsure)
    rows = {}
    for delimiter in DELIMITERS:
        with open(path, encoding=encoding, newline="") as stream:
            try:
                rows[delimiter] = list(islice(filter(None, csv.reader(stream, delimiter=delimiter)), LOOKED_AT))
            except csv.Error as error:
                raise LandingError(f"{path} is not a text file with rows: {error}. Have it exported as CSV.") from None
    if not rows[","]:
        raise LandingError(f"{path} is empty. Take a file that has rows.")
    delimiter = next((d for d in DELIMITERS if _is_regular(rows[d])), "")
    if not delimiter:
        # The delimiter that splits rows most evenly, if any splits them.
        delimiter = max(DELIMITERS, key=lambda d: (_width(rows[d])[0] > 1, _width(rows[d])[1]))
    if _width(rows[delimiter])[0] == 1:
        delimiter = ","
    skip = 0 if has_header is False else title_rows(rows[delimiter], unsure)
    if has_header is None:
        has_header = _has_header(rows[delimiter][skip:], unsure)
    return TextFormat(delimiter, '"', "utf-8" if encoding == "utf-8-sig" else encoding, has_header, skip)


def title_rows(rows: Iterable[Sequence[str]], unsure: list[str]) -> int:
    """Count rows above the header, such as a title: they fill less than two thirds of the usual number of cells."""
    filled = [sum(bool(cell.strip()) for cell in row) for row in islice(rows, LOOKED_AT)]
    usual = median_low(filled) if filled else 0
    count = next(place for place, cells in enumerate(filled) if 3 * cells >= 2 * usual) if usual >= FEWEST_CELLS else 0
    if count:
        unsure.append(f"Rows above the header, which are left out (`skip`): {count}.")
    return count


def _encoding(path: Path, unsure: list[str]) -> str:
    with open(path, "rb") as stream:
        begin = stream.read(4096)
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if begin[1::2].count(0) > len(begin) // 4:
        return "utf-16-le"
    if begin[::2].count(0) > len(begin) // 4:
        return "utf-16-be"
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            with open(path, encoding=encoding) as stream_of_text:
                while text := stream_of_text.read(BLOCK):
                    if "\0" in text:
                        raise LandingError(f"{path} holds zero bytes, so it is not text. Have it exported as CSV.")
        except UnicodeDecodeError:
            continue
        if encoding == "cp1252":
            unsure.append("It is not UTF-8; cp1252 reads it, and so do others. Look whether names are spelled right.")
        return encoding
    unsure.append("It is neither UTF-8 nor cp1252; latin-1 reads anything. Look whether names are spelled right.")
    return "latin-1"


def _width(rows: Sequence[Sequence[str]]) -> tuple[int, float]:
    """The usual number of cells in a row, and the share of rows that have it."""
    width, count = Counter(map(len, rows)).most_common(1)[0]
    return width, count / len(rows)


def _is_regular(rows: Sequence[Sequence[str]]) -> bool:
    width, share = _width(rows)
    return width > 1 and share >= REGULAR and len(rows[0]) == width


def _has_header(rows: list[list[str]], unsure: list[str]) -> bool:
    """Whether the first row looks like names: no values, and none that recurs in its column."""
    first, below = rows[0], rows[1:]
    if any(VALUE.fullmatch(cell.strip()) for cell in first) or not any(cell.strip() for cell in first):
        return False
    columns = [[row[place].strip() for row in below if place < len(row) and row[place]] for place in range(len(first))]
    if not below or any(cells and all(map(VALUE.fullmatch, cells)) for cells in columns):
        return True
    is_header = not any(cell.strip() in cells for cell, cells in zip(first, columns, strict=True) if cell.strip())
    unsure.append(
        f"All columns hold text; the first row was taken for {'their names' if is_header else 'a row'}. "
        f"If it is {'not' if is_header else 'names'}, give --{'no-' if is_header else ''}header."
    )
    return is_header

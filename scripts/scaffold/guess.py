"""How a text file is written: its encoding, what parts its cells, and whether its first row names them."""

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

# In a file with semicolons, commas may part every number; so commas come last.
DELIMITERS = ("\t", ";", "|", ",")
LOOKED_AT = 1000
# The share of rows that have as many cells as most.
REGULAR = 0.95
# With fewer cells in most rows, what fills one of them may be a row like any other.
FEWEST_CELLS = 3
BLOCK = 1 << 20
VALUE = re.compile(r"[-+]?[0-9][0-9.,' ]*|[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}.*|\S+@\S+\.\S+")


def guess(path: Path, has_header: bool | None, unsure: list[str]) -> TextFormat:
    """How a file is written, with what is not certain added to `unsure`; a LandingError where it is empty."""
    encoding = _encoding(path, unsure)
    rows = {}
    for delimiter in DELIMITERS:
        with open(path, encoding=encoding, newline="") as stream:
            try:
                rows[delimiter] = list(islice(filter(None, csv.reader(stream, delimiter=delimiter)), LOOKED_AT))
            except csv.Error as error:
                raise LandingError(f"{path} is no text with rows: {error}. Have it exported as CSV.") from None
    if not rows[","]:
        raise LandingError(f"{path} is empty. Take a file that has rows.")
    delimiter = next((d for d in DELIMITERS if _is_regular(rows[d])), "")
    if not delimiter:
        # Of those that part rows at all, the one that does it most evenly.
        delimiter = max(DELIMITERS, key=lambda d: (_width(rows[d])[0] > 1, _width(rows[d])[1]))
    if _width(rows[delimiter])[0] == 1:
        delimiter = ","
    skip = 0 if has_header is False else title_rows(rows[delimiter], unsure)
    if has_header is None:
        has_header = _has_header(rows[delimiter][skip:], unsure)
    return TextFormat(delimiter, '"', "utf-8" if encoding == "utf-8-sig" else encoding, has_header, skip)


def title_rows(rows: Iterable[Sequence[str]], unsure: list[str]) -> int:
    """How many rows stand above the header: a title and the like, which fills less than two thirds of the cells that
    most rows do."""
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
                        raise LandingError(f"{path} holds zero bytes, so it is no text. Have it exported as CSV.")
        except UnicodeDecodeError:
            continue
        if encoding == "cp1252":
            unsure.append("It is not UTF-8; cp1252 reads it, and so do others. Look whether names are spelled right.")
        return encoding
    unsure.append("It is neither UTF-8 nor cp1252; latin-1 reads anything. Look whether names are spelled right.")
    return "latin-1"


def _width(rows: Sequence[Sequence[str]]) -> tuple[int, float]:
    """How many cells most rows have, and which share of rows."""
    width, count = Counter(map(len, rows)).most_common(1)[0]
    return width, count / len(rows)


def _is_regular(rows: Sequence[Sequence[str]]) -> bool:
    width, share = _width(rows)
    return width > 1 and share >= REGULAR and len(rows[0]) == width


def _has_header(rows: list[list[str]], unsure: list[str]) -> bool:
    """Names are no values, and stand above values that they don't occur among."""
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

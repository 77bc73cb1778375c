"""Columns of text: Arrow arrays of strings, one element per row, which are joined side by side to make lines.

Arrow works outside the interpreter lock, so several files can be written at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias
from xml.sax.saxutils import escape

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scripts.generate_landing.dice import I64, Bool

Text: TypeAlias = pa.StringArray
"""A column. Functions that take one also take a `str`, which stands for the same text in every row."""

LETTERS = pa.array([*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", ""])
"""The alphabet, and nothing at place 26."""


def csv_words(words: Iterable[str]) -> Text:
    """A vocabulary as fields of a comma-separated file: quoted where it must be."""
    return pa.array('"' + word.replace('"', '""') + '"' if set(word) & set(',"') else word for word in words)


def xml_words(words: Iterable[str]) -> Text:
    """A vocabulary as XML text; apostrophes as entities, as some writers do."""
    return pa.array(escape(word, {"'": "&apos;", '"': "&quot;"}) for word in words)


def integer(values: I64) -> Text:
    """Whole numbers, without leading zeros."""
    return pa.array(values).cast(pa.string())


def padded(values: I64, width: int) -> Text:
    """Whole non-negative numbers with leading zeros, at least `width` digits."""
    return pc.ascii_lpad(integer(values), width, "0")


def cents(values: I64) -> Text:
    """Amounts in cents as decimals with two places."""
    return pa.array(values).view(pa.decimal64(18, 2)).cast(pa.string())


def date(days: I64) -> Text:
    """Days since 1970-01-01 as YYYY-MM-DD."""
    return pa.array(days.astype("datetime64[D]")).cast(pa.string())


def compact_date(days: I64) -> Text:
    """Days since 1970-01-01 as YYYYMMDD."""
    return pc.replace_substring(date(days), "-", "")


def clock(seconds: I64) -> Text:
    """Seconds of the day as HH:MM:SS."""
    return pa.array(seconds.astype(np.int32)).cast(pa.time32("s")).cast(pa.string())


def timestamp(days: I64, seconds: I64) -> Text:
    """A day and its second as YYYY-MM-DD HH:MM:SS."""
    return pa.array((days * 86_400 + seconds).astype("datetime64[s]")).cast(pa.string())


def only(mask: Bool, text: Text) -> Text:
    """The text where the mask holds, nothing elsewhere."""
    return pc.if_else(mask, text, "")


def join(*parts: Text) -> Text:
    """Parts side by side."""
    return pc.binary_join_element_wise(*parts, "")


def fixed(text: Text, width: int, pad: Bool | None = None) -> Text:
    """Left-justified text of `width` characters (not bytes); not padded where `pad` is false."""
    justified = pc.utf8_rpad(text, width)
    return justified if pad is None else pc.if_else(pad, justified, text)


def delimited(columns: Sequence[Text], separator: str) -> Text:
    """Columns with a separator between and a line feed after."""
    return pc.binary_join_element_wise(*columns[:-1], join(columns[-1], "\n"), separator)

"""Text by the matrix: rows of bytes in which NUL means nothing.

A column of a file is a byte matrix (one row a record); a line is its columns side by side; the file's
bytes are what is left when the NULs are dropped. No string object is made for a row, and numpy works
outside the interpreter lock, so several files can be written at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Union
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from scripts.generate_landing.dice import I64, Bool, Cells

Piece = Union[bytes, Cells, "list[Piece]"]

SPACE = 32


def table(words: Iterable[str]) -> Cells:
    """A vocabulary as a byte matrix."""
    encoded = np.array([word.encode() for word in words], dtype=np.bytes_)
    return np.array(encoded.view(np.uint8).reshape(len(encoded), encoded.dtype.itemsize))


def pick(words: Cells, place: I64) -> Cells:
    """Rows of a vocabulary, by index."""
    return np.take(words, place, axis=0)


def csv_table(words: Iterable[str]) -> Cells:
    """A vocabulary as fields of a comma-separated file: quoted where it must be."""
    return table('"' + word.replace('"', '""') + '"' if set(word) & set(',"') else word for word in words)


def xml_table(words: Iterable[str]) -> Cells:
    """A vocabulary as XML text; apostrophes as entities, as some writers do."""
    return table(escape(word, {"'": "&apos;", '"': "&quot;"}) for word in words)


def _digit_groups() -> NDArray[np.uint32]:
    """Four digits at a time: first without leading zeros, then with, then as a number's last group."""
    numbers = np.arange(10000)
    digits = np.stack([numbers // 1000, numbers // 100 % 10, numbers // 10 % 10, numbers % 10], axis=1)
    full = (digits + ord("0")).astype(np.uint8)
    leading = np.cumsum(digits != 0, axis=1) == 0
    short = np.where(leading, 0, full).astype(np.uint8)
    last = short.copy()
    last[0, 3] = ord("0")
    return np.concatenate([short, full, last]).view(np.uint32).reshape(-1)


_GROUPS = _digit_groups()
_TWO = np.array([f"{n:02d}".encode() for n in range(100)], dtype="S2").view(np.uint16)

FIRST_DATE = np.datetime64("1850-01-01", "D").astype(np.int64)
_LAST_DATE = np.datetime64("2120-01-01", "D").astype(np.int64)
_DATES = np.arange(FIRST_DATE, _LAST_DATE).astype("datetime64[D]")
_DATE_TEXT = np.datetime_as_string(_DATES).astype("S10").view(np.uint8).reshape(-1, 10)
_COMPACT_TEXT = np.delete(_DATE_TEXT, [4, 7], axis=1).copy().view(np.uint64).reshape(-1)
_TIME_TEXT = (
    np.array([f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}".encode() for s in range(86400)])
    .view(np.uint64)
    .reshape(-1)
)


def integer(values: I64) -> Cells:
    """Whole numbers, without leading zeros."""
    rest = np.abs(values)
    groups = max(1, (len(str(int(rest.max()))) + 3) // 4) if len(rest) else 1
    out = np.empty((len(rest), groups), dtype=np.uint32)
    for at in range(groups - 1, -1, -1):
        high = rest // 10000
        low = rest - high * 10000
        low += np.where(high > 0, 10000, 20000 if at == groups - 1 else 0)
        out[:, at] = _GROUPS[low]
        rest = high
    text = out.view(np.uint8).reshape(len(out), 4 * groups)
    if len(values) and values.min() < 0:
        sign = np.where(values < 0, ord("-"), 0).astype(np.uint8)
        text = np.concatenate([sign[:, None], text], axis=1)
    return text


def padded(values: I64, width: int) -> Cells:
    """Whole non-negative numbers with leading zeros, `width` digits."""
    groups = (width + 3) // 4
    out = np.empty((len(values), groups), dtype=np.uint32)
    rest = values
    for at in range(groups - 1, -1, -1):
        high = rest // 10000
        out[:, at] = _GROUPS[rest - high * 10000 + 10000]
        rest = high
    return out.view(np.uint8).reshape(len(out), 4 * groups)[:, 4 * groups - width :]


def cents(values: I64) -> list[Piece]:
    """Amounts in cents as decimals with two places."""
    magnitude = np.abs(values)
    units = magnitude // 100
    pieces: list[Piece] = []
    if len(values) and values.min() < 0:
        pieces.append(np.where(values < 0, ord("-"), 0).astype(np.uint8)[:, None])
    pieces += [integer(units), b".", _TWO[magnitude - units * 100].view(np.uint8).reshape(-1, 2)]
    return pieces


def date(days: I64) -> Cells:
    """Days since 1970-01-01 as YYYY-MM-DD."""
    return pick(_DATE_TEXT, days - FIRST_DATE)


def compact_date(days: I64) -> Cells:
    """Days since 1970-01-01 as YYYYMMDD."""
    return np.asarray(_COMPACT_TEXT[days - FIRST_DATE].view(np.uint8).reshape(-1, 8))


def clock(seconds: I64) -> Cells:
    """Seconds of the day as HH:MM:SS."""
    return _TIME_TEXT[seconds].view(np.uint8).reshape(-1, 8)


def timestamp(days: I64, seconds: I64) -> list[Piece]:
    """A day and its second as YYYY-MM-DD HH:MM:SS."""
    return [date(days), b" ", clock(seconds)]


def choice(mask: Bool, yes: str, no: str) -> Cells:
    """One text where the mask holds, another where not."""
    return pick(table([no, yes]), mask.astype(np.int64))


def only(mask: Bool, piece: Piece) -> Piece:
    """The piece where the mask holds, nothing elsewhere."""
    if isinstance(piece, list):
        return [only(mask, each) for each in piece]
    cells = np.frombuffer(piece, dtype=np.uint8)[None, :] if isinstance(piece, bytes) else piece
    return cells * mask[:, None].view(np.uint8)


def flatten(piece: Piece) -> list[bytes | Cells]:
    """The piece's parts, left to right."""
    if isinstance(piece, list):
        return [part for each in piece for part in flatten(each)]
    return [piece]


def join(piece: Piece, rows: int) -> Cells:
    """One byte matrix out of parts that stand side by side."""
    parts = flatten(piece)
    widths = [len(p) if isinstance(p, bytes) else p.shape[1] for p in parts]
    out = np.empty((rows, sum(widths)), dtype=np.uint8)
    at = 0
    for part, width in zip(parts, widths, strict=True):
        out[:, at : at + width] = np.frombuffer(part, dtype=np.uint8) if isinstance(part, bytes) else part
        at += width
    return out


def fixed(piece: Piece, width: int, rows: int, pad: Bool | None = None) -> list[Piece]:
    """Left-justified text of `width` characters (not bytes); not padded where `pad` is false."""
    cells = join(piece, rows)
    # A UTF-8 character has exactly one byte that is not a continuation byte (10xxxxxx).
    length = np.count_nonzero((cells != 0) & ((cells & 0xC0) != 0x80), axis=1)
    blanks = np.arange(width)[None, :] >= length[:, None]
    if pad is not None:
        blanks &= pad[:, None]
    return [cells, blanks.view(np.uint8) * np.uint8(SPACE)]


def squeeze(cells: Cells) -> Cells:
    """The text of a byte matrix: its bytes in reading order, without the NULs."""
    flat = cells.reshape(-1)
    return np.asarray(flat[flat != 0])


def delimited(columns: Sequence[Piece], separator: bytes) -> list[Piece]:
    """Columns with a separator between and a line feed after."""
    parts = [part for column in columns for part in (separator, column)]
    return [*parts[1:], b"\n"]

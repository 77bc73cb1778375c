"""What a landed file holds: its row count, its hash, and whether it can be read.

A file is read once, in large blocks. Its rows are counted independently of the loader, and its encoding is checked, so
that a bad file is reported before anything is loaded.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from scripts.landing.definitions import Layout, layouts_by_file
from scripts.landing.errors import LandingError
from scripts.landing.xml_reader import DocumentCheck, line_feeds

# Fits a processor's cache.
BLOCK = 1 << 20
# Markup whose text may look like elements: start and end.
HIDING = {b"<!--": b"-->", b"<![CDATA[": b"]]>", b"<?": b"?>"}
HIDING_BEGINS = re.compile(b"|".join(map(re.escape, HIDING)))
TAG = re.compile(rb"<(?:[A-Za-z_][\w.-]*:)?\Z")
LONGEST_PREFIX = 64
# Where the type of a fixed-width record stands in its line.
TYPE = np.arange(15, 18)
LINE_FEED, CARRIAGE_RETURN, LAST_ASCII = 10, 13, 127
# The fastest secure hash of the standard library: 1.4 GB a second, where blake2b does 0.7.
HASH = "sha256"
_NO_LINE_ENDS = bytes.maketrans(b"\r\n", b"  ")


@dataclass(frozen=True)
class Contents:
    """Row counts by layout name, the hash, and the size of a file."""

    rows: dict[str, int]
    content_hash: str
    byte_count: int


def inspect(path: str, layout: Layout) -> Contents:
    """Count a file's rows on its bytes: non-blank lines, or elements of an XML document.

    Raises LandingError if the text is not UTF-8, if quotes or line ends leave it open where a row ends, or if the file
    is not one complete XML document.
    """
    try:
        return _inspect(path, layout)
    except OSError as error:
        raise unreadable(path, error) from None


def hash_of(path: str) -> str:
    """Hash a file as `inspect` does."""
    try:
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, HASH).hexdigest()
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: object, error: OSError) -> LandingError:
    """The error for a file that the operating system cannot read."""
    return LandingError(f"{path} cannot be read: {error.strerror}. Give the loader access to it, or have it delivered.")


def _inspect(path: str, layout: Layout) -> Contents:
    file_format = layout.meta["format"]
    counts: Counter[str] = Counter()
    byte_count, rest = 0, b""
    quotes, line_ends, digest = _Quotes(), _LineEnds(), hashlib.new(HASH)
    elements = _Elements(str(layout.meta["element"])) if file_format == "xml" else None
    document = DocumentCheck(path, elements.name) if elements else None
    for begin, piece in _pieces(path, b">" if elements else b"\n"):
        digest.update(piece)
        byte_count += len(piece)
        _check_text(path, piece, begin)
        if elements and document:
            elements.count_in(piece)
            document.feed(piece)
            continue
        text = quotes.without_line_ends(bytes(piece), begin) if file_format == "csv" else piece
        # Only a quoted line end, or the end of the file, leaves a line open.
        if rest or text[-1] != LINE_FEED:
            text = rest + text
            end = text.rfind(b"\n") + 1
            text, rest = text[:end], text[end:]
        counts.update(_count_lines(line_ends.removed(text), layout))
    if quotes.is_open or quotes.broken_at is not None:
        place = quotes.opened_at if quotes.broken_at is None else quotes.broken_at
        raise LandingError(
            f"{path}, line {1 + line_feeds(path, 0, place)}: the quote in byte {place} is not closed at the end of its "
            "field. Have it exported again."
        )
    if not line_ends.are_alike or b"\r" in rest.removesuffix(b"\r"):
        raise LandingError(
            f"{path} mixes line ends, or has a carriage return within a line. Have it delivered with CRLF or with LF."
        )
    if elements and document:
        counts[layout.name] = elements.total
        if byte_count:
            document.finish()
    if rest.strip(b"\r"):
        counts.update(_count_lines(np.frombuffer(rest + b"\n", dtype=np.uint8), layout))
    if layout.is_control:
        counts[layout.name] = max(counts[layout.name] - 1, 0)
    return Contents(dict(counts), digest.hexdigest(), byte_count)


def _pieces(path: str, end: bytes) -> Iterator[tuple[int, memoryview]]:
    """Yield a file in pieces that end with the byte `end`, or with the file, each after its offset.

    All pieces share one buffer, so each is valid only until the next one.
    """
    buffer, kept, begin = bytearray(BLOCK), 0, 0
    with open(path, "rb", buffering=0) as stream:
        while count := stream.readinto(memoryview(buffer)[kept:]):
            filled = kept + count
            cut = buffer.rfind(end, kept, filled) + 1
            if cut:
                yield begin, memoryview(buffer)[:cut]
                buffer[: filled - cut] = buffer[cut:filled]
            begin, kept = begin + cut, filled - cut
            if kept == len(buffer):
                buffer = buffer + bytes(len(buffer))
    if kept:
        yield begin, memoryview(buffer)[:kept]


def _check_text(path: str, piece: memoryview, begin: int) -> None:
    """Raise unless a piece of a file is UTF-8 text."""
    characters = np.frombuffer(piece, dtype=np.uint8)
    if characters.max() > LAST_ASCII:
        try:
            bytes(piece).decode()
        except UnicodeDecodeError as error:
            raise LandingError(
                f"{path} is not UTF-8: byte {begin + error.start} cannot be read. Have it exported as UTF-8."
            ) from None
    if characters.min() == 0:
        raise LandingError(f"{path} holds zero bytes: it is not UTF-8 text. Have it exported as UTF-8.")


class _Elements:
    """Counts a document's elements of one name, except in comments, CDATA sections and processing instructions."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._count = 0
        # The end of the open comment or the like, and how many apparent elements it holds.
        self._end: bytes | None = None
        self._hidden = 0
        start = name.encode() + rb"[\s>/]"
        ends = b"|".join(map(re.escape, HIDING.values()))
        self._token = re.compile(HIDING_BEGINS.pattern + b"|" + ends + rb"|<(?:[A-Za-z_][\w.-]*:)?" + start)
        # Without the optional prefix, the search is many times faster; TAG checks what stands before a match.
        self._start = re.compile(start)

    def count_in(self, piece: memoryview) -> None:
        """Count the elements that start in the document's next piece."""
        if self._end is None and not HIDING_BEGINS.search(piece):
            starts = (match.start() for match in self._start.finditer(piece))
            self._count += sum(1 for at in starts if TAG.search(piece, max(at - LONGEST_PREFIX, 0), at))
            return
        for match in self._token.finditer(piece):
            token = match.group()
            if token in HIDING and self._end in (None, HIDING[token]):
                # A second start means that the first one was never closed.
                self._count += self._hidden
                self._end, self._hidden = HIDING[token], 0
            elif token == self._end:
                self._end, self._hidden = None, 0
            elif token not in HIDING and token not in HIDING.values():
                self._count += self._end is None
                self._hidden += self._end is not None

    @property
    def total(self) -> int:
        """All elements, including those in a comment that is never closed."""
        return self._count + self._hidden


def _count_lines(characters: npt.NDArray[np.uint8], layout: Layout) -> dict[str, int]:
    """Count non-blank lines in text that ends with a line.

    Fixed-width records are counted by table; those of an unknown type count for the first table.
    """
    line_ends = characters == LINE_FEED
    blank = np.count_nonzero(line_ends[1:] & line_ends[:-1]) + np.count_nonzero(line_ends[:1])
    counts = {layout.name: int(np.count_nonzero(line_ends) - blank)}
    if layout.meta["format"] == "fixed":
        first, *others = layouts_by_file()[layout.file]
        ends = np.flatnonzero(line_ends)
        starts = np.insert(ends[:-1] + 1, 0, 0)[: len(ends)]
        types = characters[starts[ends - starts >= TYPE[-1] + 1][:, None] + TYPE].view("S3")
        found = {o.name: int(np.count_nonzero(types == o.meta["record_type"].encode())) for o in others}
        counts = {first.name: counts[layout.name] - sum(found.values())} | found
    return counts


class _Quotes:
    """Tracks the quotes of a comma-separated text, block by block.

    A quote opens a quoted field only at the field's start; a doubled quote closes and reopens it.
    """

    def __init__(self) -> None:
        self.is_open = False
        self.opened_at = 0
        self.broken_at: int | None = None
        self._before = b"\n"

    def without_line_ends(self, block: bytes, offset: int) -> bytes:
        """The block with line ends in quoted fields blanked; `offset` is the block's place in the text."""
        if b'"' not in block:
            self._check_closed(block)
            self._before = block[-1:]
            return block.translate(_NO_LINE_ENDS) if self.is_open else block
        parts = block.split(b'"')
        for i, part in enumerate(parts):
            offset += len(part)
            self._check_closed(part)
            self._before = part[-1:] or self._before
            if self.is_open:
                parts[i] = part.translate(_NO_LINE_ENDS)
            if i == len(parts) - 1:
                break
            if self.is_open:
                self.is_open, self._before = False, b'"'
            elif self._before in (b",", b"\n", b'"'):
                self.opened_at = self.opened_at if self._before == b'"' else offset
                self.is_open, self._before = True, b""
            else:
                self._before = b"x"
            offset += 1
        return b'"'.join(parts)

    def _check_closed(self, text: bytes) -> None:
        """Note a closing quote that is not at the end of its field."""
        if self._before == b'"' and text[:1] not in (b"", b",", b"\r", b"\n") and self.broken_at is None:
            self.broken_at = self.opened_at


class _LineEnds:
    """Removes carriage returns from a text, and counts its line ends by kind."""

    def __init__(self) -> None:
        self._lines = self._returns = self._pairs = 0

    def removed(self, text: bytes | memoryview) -> npt.NDArray[np.uint8]:
        """The characters of the next whole lines, without carriage returns."""
        characters = np.frombuffer(text, dtype=np.uint8)
        ends, returns = characters == LINE_FEED, characters == CARRIAGE_RETURN
        self._lines += int(np.count_nonzero(ends))
        if not returns.any():
            return characters
        self._returns += int(np.count_nonzero(returns))
        self._pairs += int(np.count_nonzero(returns[:-1] & ends[1:]))
        without: npt.NDArray[np.uint8] = characters[~returns]
        return without

    @property
    def are_alike(self) -> bool:
        """Whether all lines end in CRLF, or all in LF, with no other carriage returns."""
        return self._returns == self._pairs and self._pairs in (0, self._lines)
